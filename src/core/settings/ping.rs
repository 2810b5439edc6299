//! URLs that are asked when a run begins and ends: by them another machine notices that this one is
//! dead.

use std::fmt;

/// The pings of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ping {
    /// Asked after a run that succeeded.
    pub success: Option<PingUrl>,
    /// Asked after a run that failed.
    pub failure: Option<PingUrl>,
    /// Asked when a run begins.
    pub start: Option<PingUrl>,
}

impl Ping {
    /// The keys, in the order of the reference.
    pub(crate) const KEYS: [&'static str; 3] = ["success", "failure", "start"];

    /// Returns the URL of a key.
    pub(crate) fn url(&self, key: &str) -> Option<&PingUrl> {
        match key {
            "success" => self.success.as_ref(),
            "failure" => self.failure.as_ref(),
            _ => self.start.as_ref(),
        }
    }

    /// Returns the place for the URL of a key; `None`: the key is unknown.
    pub(crate) fn slot(&mut self, key: &str) -> Option<&mut Option<PingUrl>> {
        match key {
            "success" => Some(&mut self.success),
            "failure" => Some(&mut self.failure),
            "start" => Some(&mut self.start),
            _ => None,
        }
    }

    /// Returns the URLs that are set, by their keys.
    pub(crate) fn urls(&self) -> impl Iterator<Item = (&'static str, &PingUrl)> {
        let keys = Ping::KEYS.into_iter();
        keys.filter_map(|key| Some((key, self.url(key)?)))
    }

    /// Returns whether no URL is set.
    pub(crate) fn is_empty(&self) -> bool {
        self.urls().next().is_none()
    }
}

/// A URL that was checked. All of it but scheme, host and port is secret: a check of Healthchecks
/// is known by its path.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PingUrl(String);

impl PingUrl {
    /// Takes a URL whose form was checked.
    pub(crate) fn new(checked: String) -> Self {
        PingUrl(checked)
    }

    /// Returns the whole URL, secrets included. Only the request is made of this text.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PingUrl {
    /// Prints what may be seen: `https://hc-ping.com/…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("", &self.0));
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let host = authority.rsplit('@').next().unwrap_or_default();
        let hidden = if path.len() > 1 { "/…" } else { path };
        write!(f, "{scheme}://{host}{hidden}")
    }
}

impl fmt::Debug for PingUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PingUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scheme_host_and_port_are_seen() {
        for (url, seen) in [
            (
                "https://hc-ping.com/0c5c-11ee/fail",
                "https://hc-ping.com/…",
            ),
            (
                "https://user:pw@hc.example:8443/x?token=1",
                "https://hc.example:8443/…",
            ),
            ("http://[::1]:80?token=1", "http://[::1]:80/…"),
            ("https://a:b@c@hc.example#x", "https://hc.example/…"),
            ("https://hc.example/", "https://hc.example/"),
            ("https://hc.example", "https://hc.example"),
        ] {
            let url = PingUrl::new(url.to_owned());
            assert_eq!(url.to_string(), seen);
            assert_eq!(format!("{url:?}"), format!("PingUrl({seen})"));
        }
    }
}
