//! Why a mail program did not deliver.

use std::io;

use super::error::{DeliveryError, ErrorClass, shortened};

pub(super) fn program_refused(program: &str, kind: io::ErrorKind, text: &str) -> DeliveryError {
    let remedy = "install a mail server, or set `mail.transport` and `mail.program`";
    let words = match kind {
        io::ErrorKind::NotFound => format!("the mail program `{program}` is not there"),
        io::ErrorKind::PermissionDenied => format!("the mail program `{program}` may not be run"),
        _ => format!("the mail program `{program}` could not be run: {text}"),
    };
    DeliveryError::new(ErrorClass::Setup, words).remedy(remedy)
}

/// Classifies the end of a mail program (sysexits(3)); `None` for success.
pub(crate) fn judge_exit(program: &str, code: i32, output: &str) -> Option<DeliveryError> {
    let last = output.lines().rev().find(|line| !line.trim().is_empty());
    let said = shortened(last.unwrap_or_default());
    let words = |what: &str| {
        let said = if said.is_empty() {
            String::new()
        } else {
            format!(": {said}")
        };
        format!("the mail program `{program}` {what} (exit {code}){said}")
    };
    let trouble = match code {
        0 => return None,
        67 | 68 => DeliveryError::new(ErrorClass::Recipient, words("does not know the recipient")),
        65 => DeliveryError::new(ErrorClass::Content, words("refused the message")),
        64 | 77 | 78 | 126 | 127 => DeliveryError::new(ErrorClass::Setup, words("is not set up"))
            .remedy("check `mail.program` and its own configuration"),
        69 => DeliveryError::new(ErrorClass::Path, words("has no service now")),
        75 => DeliveryError::new(ErrorClass::Path, words("asks to try again later")),
        _ => DeliveryError::new(ErrorClass::Path, words("failed")),
    };
    Some(trouble)
}
