//! Under which names pages are asked for, and from which pages forms are sent. A name of another
//! site that leads to this machine (DNS rebinding) gets no page. Pure.

use std::net::IpAddr;

/// The names of the server.
#[derive(Clone, Debug)]
pub(crate) struct HostCheck {
    /// The name and port behind the scheme of the public URL.
    public: Option<String>,
    /// Whether the server is reached over TLS by browsers.
    is_secure: bool,
    /// Whether others than this machine reach the server without a proxy.
    is_open: bool,
    /// The name of the machine.
    hostname: String,
}

impl HostCheck {
    /// Creates the check.
    pub(crate) fn new(
        public_url: Option<&str>,
        has_tls: bool,
        is_open: bool,
        hostname: &str,
    ) -> Self {
        let parts = public_url.and_then(|url| url.split_once("://"));
        HostCheck {
            public: parts.map(|(_, host)| host.to_owned()),
            is_secure: has_tls || parts.is_some_and(|(scheme, _)| scheme == "https"),
            is_open,
            hostname: hostname.to_ascii_lowercase(),
        }
    }

    /// Returns whether cookies may be sent over TLS alone.
    pub(crate) fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// Returns whether a public URL is set: then something stands before the server.
    pub(crate) fn has_public_url(&self) -> bool {
        self.public.is_some()
    }

    /// Returns whether a request for this host is for this server.
    pub(crate) fn is_ours(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        if self.public.as_deref() == Some(host.as_str()) {
            return true;
        }
        let name = without_port(&host);
        let address: Option<IpAddr> = name
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse()
            .ok();
        if name == "localhost" || address.is_some_and(|address| address.is_loopback()) {
            return true;
        }
        let public = self.public.as_deref().map(without_port);
        // No site has an address as its name, and none the name of this machine but by TLS of it.
        let is_of_machine = address.is_some()
            || name == self.hostname
            || name.split('.').next() == Some(self.hostname.as_str());
        self.is_open && (is_of_machine || public == Some(name))
    }

    /// Returns whether a form of this origin was one of our pages.
    pub(crate) fn is_own_origin(&self, origin: &str, host: &str) -> bool {
        let Some((scheme, of_page)) = origin.split_once("://") else {
            return false;
        };
        let is_fit = match scheme {
            "https" => true,
            "http" => !self.is_secure,
            _ => false,
        };
        let is_public = self
            .public
            .as_deref()
            .is_some_and(|public| public.eq_ignore_ascii_case(of_page));
        is_fit && (is_public || (of_page.eq_ignore_ascii_case(host) && self.is_ours(host)))
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => {
            name
        }
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_loopback_only_names_of_loopback_are_ours() {
        let check = HostCheck::new(None, false, false, "box");
        for host in [
            "127.0.0.1:7400",
            "localhost",
            "LOCALHOST:7400",
            "[::1]:7400",
        ] {
            assert!(check.is_ours(host), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:7400",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "10.0.0.1",
            "box",
            "",
        ] {
            assert!(!check.is_ours(host), "{host}");
        }
    }

    #[test]
    fn an_open_server_has_addresses_and_the_names_of_its_machine() {
        let check = HostCheck::new(Some("https://b.example:8443"), true, true, "box");
        for host in [
            "10.0.0.1:7400",
            "box:7400",
            "box.lan",
            "b.example:8443",
            "b.example",
        ] {
            assert!(check.is_ours(host), "{host}");
        }
        assert!(!check.is_ours("evil.example"));
        assert!(!check.is_ours("evil.example:8443"));
    }

    #[test]
    fn a_form_comes_from_the_host_that_it_is_sent_to() {
        let check = HostCheck::new(None, false, false, "box");
        assert!(check.is_own_origin("http://127.0.0.1:7400", "127.0.0.1:7400"));
        for origin in [
            "null",
            "http://127.0.0.1:8080",
            "http://localhost:7400",
            "https://evil.example",
            "file://127.0.0.1:7400",
        ] {
            assert!(!check.is_own_origin(origin, "127.0.0.1:7400"), "{origin}");
        }
        assert!(!check.is_own_origin("http://evil.example", "evil.example"));
        let behind = HostCheck::new(Some("https://b.example"), false, false, "box");
        assert!(behind.is_own_origin("https://b.example", "127.0.0.1:7400"));
        assert!(!behind.is_own_origin("http://b.example", "b.example"));
    }
}
