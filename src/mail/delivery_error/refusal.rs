//! What a 5xx answer to MAIL or RCPT is about: the address, or a setting of this machine.

use super::error::{DeliveryError, ErrorClass};

/// Returns the trouble of a sender that was refused for good.
pub(super) fn of_sender(server: &str, code: u16, text: &str, answer: &str) -> DeliveryError {
    let status = enhanced(text);
    // RFC 1870 6.1: 552 before the message is its size, unless the account of the sender is full
    // (5.2.x).
    if matches!(status, Some((2, _))) {
        let words = format!("the mail server at {server} has no room for this sender: {answer}");
        return DeliveryError::new(ErrorClass::Temporary, words)
            .remedy("make room in the account of `mail.from`");
    }
    if code == 552 || status == Some((3, 4)) {
        let words =
            format!("the mail server at {server} refused the size of the message: {answer}");
        return DeliveryError::new(ErrorClass::Content, words)
            .remedy("ask its administrator for a higher limit, or lower `max_log_bytes`");
    }
    let words = format!("the mail server at {server} refused the sender: {answer}");
    let usual = "check `mail.from`: the server must accept it for this login";
    DeliveryError::new(ErrorClass::Sender, words).remedy(remedy(code, text, usual))
}

/// Returns the trouble of a recipient that was refused for good.
pub(super) fn of_recipient(server: &str, code: u16, text: &str, answer: &str) -> DeliveryError {
    let words = format!("the mail server at {server} refused the recipient: {answer}");
    if is_of_address(text) {
        return DeliveryError::new(ErrorClass::Recipient, words)
            .remedy("check the address in `mail.to`");
    }
    let usual = "check the address in `mail.to`, and that `mail.server` takes mail for it from this machine and `mail.username`";
    DeliveryError::new(ErrorClass::Relay, words).remedy(remedy(code, text, usual))
}

/// Returns what to do about a login that was refused for good.
pub(super) fn of_login(text: &str) -> &'static str {
    let (words, wants_tls) = MEANINGS[0];
    let text = text.to_lowercase();
    if words.iter().any(|word| text.contains(word)) {
        return wants_tls;
    }
    "check `mail.username` and its password"
}

/// Returns whether an enhanced status code (RFC 3463 3.2) names the address of the recipient. 5.1.7
/// and 5.1.8 name the sender, and Postfix says 5.1.0 of both.
fn is_of_address(text: &str) -> bool {
    match enhanced(text) {
        Some((1, 7 | 8)) => false,
        Some((1, 0)) => !text.to_lowercase().contains("sender address"),
        Some((1, _)) => true,
        _ => false,
    }
}

/// Returns subject and detail of the enhanced status code `5.X.Y` at the start of an answer. A
/// server may put `#` before it.
fn enhanced(text: &str) -> Option<(u16, u16)> {
    let word = text.split_whitespace().next()?;
    let word = word.trim_matches(|c: char| !c.is_ascii_digit());
    let mut parts = word.split('.').map(|part| part.parse::<u16>().ok());
    match [parts.next(), parts.next(), parts.next(), parts.next()] {
        [Some(Some(5)), Some(Some(subject)), Some(Some(detail)), None] => Some((subject, detail)),
        _ => None,
    }
}

/// Words of an answer, in lower case, and the setting that they are about. The first that matches
/// counts.
const MEANINGS: [(&[&str], &str); 6] = [
    (
        &[
            "starttls",
            "must use tls",
            "encryption required",
            "tls required",
            "requires tls",
        ],
        "the server wants TLS: set `mail.tls` to \"starttls\" (port 587) or \"implicit\" (port 465)",
    ),
    (
        &["helo", "ehlo"],
        "set `mail.helo` to a name of this machine that the server accepts",
    ),
    (
        &[
            "authenti",
            "auth first",
            "auth command",
            "log in",
            "login",
            "not logged in",
        ],
        "the server wants a login: set `mail.username` and `mail.password_file`, or check them",
    ),
    (
        &["sender", "mail from", "from address", "send as"],
        "check `mail.from`: the server must accept it for this login",
    ),
    (
        &["relay", "rcpthosts", "not permitted to send", "gateway"],
        "set `mail.server` to a server that sends for this machine, or log in with `mail.username`",
    ),
    (
        &[
            "client host",
            "blocked",
            "blacklist",
            "block list",
            "blocklist",
            "reverse dns",
            "ptr",
            "ip address",
        ],
        "the server does not take mail from the address of this machine: set `mail.server` to one that does, or ask its administrator",
    ),
];

/// Returns what to do about a 5xx answer: the setting that it is about, else what is usual at this
/// stage.
pub(super) fn remedy(code: u16, text: &str, usual: &'static str) -> &'static str {
    let text = text.to_lowercase();
    let known = MEANINGS
        .iter()
        .find(|(words, _)| words.iter().any(|word| text.contains(word)));
    match (known, code) {
        (Some((_, remedy)), _) => remedy,
        (None, 530) => MEANINGS[2].1,
        (None, _) => usual,
    }
}

#[cfg(test)]
#[path = "refusal_tests.rs"]
mod tests;
