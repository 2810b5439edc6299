//! The fingerprint of a failure: what makes two failures "the same exception".
//!
//! It is the task's own word (`TaskError::kind`), or a hash over the class (error type, exit,
//! signal, file of the panic) and the [normal form](normalise) of the message and of its causes. A
//! wrapper whose message is always the same ("failed to send") thus does not hide a new cause
//! behind an old one.

mod byte_classes;
mod chunk;
mod codes;
mod dates;
mod ids;
mod normal_form;
mod numbers;
mod prepare;
mod quotes;
mod scan;
mod words;

use super::failure_kind::FailureKind;
use crate::core::failure::{Failure, FailureClass, Outcome};
use crate::core::hash::fnv1a;
use crate::text::telling::telling_line;

/// A task's own word for a kind is cut after so many characters.
const MOST_OF_OWN_KIND: usize = 100;

/// Returns the kind of a failure, which must be redacted: else a secret that changes would make
/// each failure a new one.
pub(crate) fn of(failure: &Failure) -> FailureKind {
    if let Some(own) = &failure.kind {
        let word: String = own
            .chars()
            .filter(|c| !c.is_control())
            .take(MOST_OF_OWN_KIND)
            .collect();
        return FailureKind(word);
    }
    // Each part has an end, so that none runs into the next.
    let parts = format!("{}\0{}\0", class(failure), normalise(&message(failure)));
    FailureKind(twelve_digits(fnv1a(parts.as_bytes())))
}

/// Returns the kind of the failure that an outcome is, if it is one.
pub(crate) fn of_outcome(outcome: &Outcome) -> Option<FailureKind> {
    let kind = of(outcome.failure()?);
    Some(match outcome {
        Outcome::Fatal(_) => kind.ending_the_runner(),
        _ => kind,
    })
}

/// Returns the normal form of a message: two messages with the same form are of the same failure.
///
/// Of its first two lines, at most 1,024 characters, without ANSI sequences, each of these becomes
/// one token: URLs, mail addresses, host:port, IP addresses, UUIDs, dates and times, durations,
/// sizes, hex, base64, temporary paths and paths with numbers, quoted values, and remaining
/// numbers. What distinguishes failures is kept: the number after `os error`, `errno`, `status`,
/// `HTTP`, `code`, `exit`, `signal`, `SQLSTATE`, enhanced codes such as `5.7.1`, digits in words.
pub(crate) fn normalise(text: &str) -> String {
    normal_form::normal_form(&prepare::first_lines(text))
}

/// Returns what `check --explain-kind TEXT` prints of a text without secrets: the output of a
/// command, or the words of an error.
pub(crate) fn explain(text: &str) -> String {
    let line = telling_line(text).unwrap_or_default();
    let chosen = match text.trim().contains('\n') {
        true => format!("telling line: {line}\n"),
        false => String::new(),
    };
    format!(
        "{chosen}\
         normal form: {}\n\
         Messages with this normal form are one kind, if the class (error type, exit code, signal) is the same too.\n\
         Tokens in <angle brackets> stand for whatever may differ.\n",
        normalise(&line)
    )
}

/// The message and its causes; a cause that the message repeats is left out.
fn message(failure: &Failure) -> String {
    let mut whole = failure.message.clone();
    for cause in failure
        .causes
        .iter()
        .filter(|cause| !failure.message.contains(*cause))
    {
        whole.push_str(": ");
        whole.push_str(cause.lines().next().unwrap_or_default());
    }
    whole
}

fn class(failure: &Failure) -> String {
    match &failure.class {
        FailureClass::Error { type_name } => format!("error {type_name}"),
        FailureClass::Panic => format!("panic {}", panic_file(failure.place.as_deref())),
        FailureClass::Exit(code) => format!("exit {code}"),
        FailureClass::Signal { number, .. } => format!("signal {number}"),
        FailureClass::Timeout(_) => "timeout".to_owned(),
        FailureClass::Silence(_) => "silence".to_owned(),
        FailureClass::NotStarted => "not started".to_owned(),
        FailureClass::Vanished(how) => format!("vanished {}", normalise(how)),
        FailureClass::Leak => "leak".to_owned(),
    }
}

/// Returns the file of `file:line:column`. Lines move with each edit.
fn panic_file(place: Option<&str>) -> &str {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit());
    let mut file = place.unwrap_or_default();
    while let Some((before, _)) = file.rsplit_once(':').filter(|(_, after)| is_number(after)) {
        file = before;
    }
    file
}

/// Returns a kind as it is shown where there is little room: of twelve digits the first four, the
/// task's own word as it is.
pub(crate) fn short(kind: &str) -> &str {
    let is_hash = kind.len() == 12 && kind.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash { &kind[..4] } else { kind }
}

/// Mixes a hash by the finisher of MurmurHash3. It is written out here because kinds are stored:
/// they must be the same in each release.
fn twelve_digits(mut hash: u64) -> String {
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    format!("{:012x}", (hash ^ (hash >> 33)) >> 16)
}

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod outputs;
#[cfg(test)]
mod tests;
