//! TLS errors in words. The library's texts are for programmers; each is known by a word in it.

use super::error::{DeliveryError, ErrorClass, shortened};

const TOO_OLD: &str = "and this machine have no version or cipher of TLS in common";
const SPEAK_NEWER: &str =
    "the server must speak TLS 1.2 or newer: have it updated, or set `mail.server` to another one";

/// A word in the library's text, what it means, and what to do.
const MEANINGS: [(&str, &str, &str); 14] = [
    (
        "InvalidContentType",
        "does not speak TLS on this port",
        "set `mail.tls` to \"starttls\" (port 587), or use the port of implicit TLS (465)",
    ),
    (
        "NotValidForName",
        "has a certificate for another name",
        "set `mail.server` to the name in its certificate",
    ),
    (
        "not valid for name",
        "has a certificate for another name",
        "set `mail.server` to the name in its certificate",
    ),
    (
        "expired",
        "has a certificate that has expired",
        "have it renewed; is the clock of this machine right?",
    ),
    (
        "Expired",
        "has a certificate that has expired",
        "have it renewed; is the clock of this machine right?",
    ),
    (
        "not valid yet",
        "has a certificate that is not valid yet",
        "is the clock of this machine right?",
    ),
    (
        "UnknownIssuer",
        "has a certificate that no trusted authority signed",
        "put the certificate of its authority (or its own, if self-signed) into a PEM file and set `mail.ca_file`",
    ),
    (
        "CaUsedAsEndEntity",
        "has a self-signed certificate that is also an authority",
        "give it a certificate that an authority signed, and set `mail.ca_file` to that authority",
    ),
    (
        "UnknownProtocolVersion",
        "does not speak TLS on this port",
        "set `mail.tls` to \"starttls\" (port 587), or use the port of implicit TLS (465)",
    ),
    ("ProtocolVersion", TOO_OLD, SPEAK_NEWER),
    ("SupportTls12Or13", TOO_OLD, SPEAK_NEWER),
    ("TlsVersion", TOO_OLD, SPEAK_NEWER),
    ("InCommon", TOO_OLD, SPEAK_NEWER),
    ("HandshakeFailure", TOO_OLD, SPEAK_NEWER),
];

/// Classifies the failure of a handshake. Whatever it is, nothing is ever sent in plain text
/// instead.
pub(crate) fn judge(server: &str, text: &str) -> DeliveryError {
    let known = MEANINGS.iter().find(|(word, ..)| text.contains(word));
    match known {
        Some((_, meaning, remedy)) => {
            let words = format!("the mail server at {server} {meaning}");
            DeliveryError::new(ErrorClass::Setup, words).remedy(*remedy)
        }
        None => {
            let text = shortened(text);
            let words = format!("TLS with the mail server at {server} failed: {text}");
            DeliveryError::new(ErrorClass::Setup, words).remedy("check `mail.port` and `mail.tls`")
        }
    }
}
