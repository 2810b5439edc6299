//! What this machine calls itself in EHLO (RFC 5321 4.1.1.1), and how the answer is read.

use std::net::IpAddr;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use lettre::transport::smtp::extension::{ClientId, ServerInfo};
use lettre::transport::smtp::response::Response;

use crate::mail::address::ascii_domain;
use crate::unix::name_service;

/// How long the name service is asked for the canonical name of this machine: a slow one must not
/// use up an attempt.
const LOOK_UP: Duration = Duration::from_secs(2);

/// Returns the name for EHLO: `mail.helo`, else the canonical name of this machine if it has a dot,
/// else the address of this end of the connection.
pub(super) fn client_id(setting: Option<&str>, local: IpAddr) -> ClientId {
    match setting {
        Some(setting) => ClientId::Domain(ascii_domain(setting)),
        None => named(own_name(), local),
    }
}

fn named(name: Option<String>, local: IpAddr) -> ClientId {
    let name = name.map(|name| ascii_domain(name.trim_end_matches('.')));
    match (name.filter(|name| is_full_name(name)), local.to_canonical()) {
        (Some(name), _) => ClientId::Domain(name),
        (None, IpAddr::V4(address)) => ClientId::Ipv4(address),
        (None, IpAddr::V6(address)) => ClientId::Ipv6(address),
    }
}

fn own_name() -> Option<String> {
    let name = nix::unistd::gethostname().ok()?.into_string().ok()?;
    if is_full_name(name.trim_end_matches('.')) {
        return Some(name);
    }
    let (sender, canonical) = mpsc::channel();
    let ask = move || {
        let _ = sender.send(name_service::canonical_name(&name));
    };
    thread::Builder::new().spawn(ask).ok()?;
    canonical.recv_timeout(LOOK_UP).ok()?
}

/// Returns whether a server that demands a full name accepts this one: labels of letters, digits
/// and hyphens, more than one of them, the last no number. The names that every machine gives
/// itself are those of no machine.
fn is_full_name(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let Some((first, _)) = name.split_once('.') else {
        return false;
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_nameless =
        first.eq_ignore_ascii_case("localhost") || last.eq_ignore_ascii_case("localhost");
    let is_number = last.bytes().all(|b| b.is_ascii_digit());
    name.len() <= 253 && name.split('.').all(is_label) && !is_nameless && !is_number
}

/// Reads the answer to EHLO. Keywords are the same in any case (RFC 5321 2.4), which lettre does
/// not know; nor does lettre know `AUTH=LOGIN`, what servers from before RFC 2554 say.
pub(super) fn offers(answer: &Response) -> Option<ServerInfo> {
    let mut lines = answer.message();
    let mut text = vec![lines.next()?.to_owned()];
    text.extend(lines.map(|line| {
        let line = line.to_ascii_uppercase();
        line.strip_prefix("AUTH=")
            .map_or(line.clone(), |rest| format!("AUTH {rest}"))
    }));
    let last = text.len() - 1;
    let rows = text.iter().enumerate().map(|(at, line)| {
        let separator = if at == last { ' ' } else { '-' };
        format!("250{separator}{line}\r\n")
    });
    let answer: Response = rows.collect::<String>().parse().ok()?;
    ServerInfo::from_response(&answer).ok()
}

#[cfg(test)]
mod tests {
    use lettre::transport::smtp::authentication::Mechanism;
    use lettre::transport::smtp::extension::Extension;

    use super::*;

    fn hello(name: &str, local: &str) -> String {
        named(Some(name.to_owned()), local.parse().unwrap()).to_string()
    }

    #[test]
    fn a_full_name_is_said_and_any_other_gives_way_to_the_address_of_the_connection() {
        assert_eq!(hello("vm.example.org.", "10.0.0.7"), "vm.example.org");
        assert_eq!(hello("bücher.example", "10.0.0.7"), "xn--bcher-kva.example");
        for name in [
            "vm",
            "",
            "localhost",
            "localhost.localdomain",
            "a.localhost",
            "my_vm.example.org",
            "10.0.0.7",
            "a..b",
            "-a.b",
            "ab 12.c",
        ] {
            assert_eq!(hello(name, "10.0.0.7"), "[10.0.0.7]", "{name}");
        }
        assert_eq!(hello("vm", "::1"), "[IPv6:::1]");
        assert_eq!(hello("vm", "::ffff:127.0.0.1"), "[127.0.0.1]");
        assert_eq!(
            named(None, "127.0.0.1".parse().unwrap()).to_string(),
            "[127.0.0.1]"
        );
    }

    #[test]
    fn the_setting_goes_before_everything() {
        let local = "127.0.0.1".parse().unwrap();
        assert_eq!(client_id(Some("vm"), local).to_string(), "vm");
        assert_eq!(
            client_id(Some("[192.0.2.1]"), local).to_string(),
            "[192.0.2.1]"
        );
    }

    #[test]
    fn keywords_are_read_in_any_case_and_the_old_form_of_auth_too() {
        let read = |text: &str| offers(&text.parse().unwrap()).unwrap();
        let server =
            read("250-mail\r\n250-8bitmime\r\n250-StartTLS\r\n250-smtpUtf8\r\n250 auth login\r\n");
        for extension in [
            Extension::EightBitMime,
            Extension::StartTls,
            Extension::SmtpUtfEight,
        ] {
            assert!(server.supports_feature(extension));
        }
        assert!(server.supports_auth_mechanism(Mechanism::Login));
        assert!(!server.supports_auth_mechanism(Mechanism::Plain));
        let old = read("250-mail\r\n250 AUTH=LOGIN plain\r\n");
        assert!(old.supports_auth_mechanism(Mechanism::Login));
        assert!(old.supports_auth_mechanism(Mechanism::Plain));
        assert!(!read("250 mail\r\n").supports_auth_mechanism(Mechanism::Plain));
    }
}
