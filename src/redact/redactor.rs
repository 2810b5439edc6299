//! Takes secrets out of texts, before anything else is done with them.
//!
//! Secrets are known by their value (what the caller says is secret, in plain, escaped, URL-encoded and base64 form) and by their shape (`password=…`,
//! `Authorization: …`, userinfo in URLs, PEM blocks, tokens with a known prefix). Both are found in one pass each, in time linear in the text.
//!
//! What cannot be known stays: a password alone in a sentence, which no setting or variable of the runner holds. Values shorter than four bytes are not looked
//! for, and those shorter than six only where they stand alone, for they would eat ordinary words.

mod edges;
mod encode;
mod names;
mod options;
mod pairs;
mod pem;
mod shapes;
mod tokens;
mod url;
mod value;
mod values;

use std::borrow::Cow;
use std::ops::Range;

pub(crate) use names::is_secret_name;

use crate::event::{Event, RunEnd};
use crate::failure::{Failure, FailureClass, Outcome};
use values::Values;

/// What stands where a secret was.
pub(crate) const REDACTED: &str = "[redacted]";

/// Knows secrets, and takes them out of texts.
#[derive(Debug, Default)]
pub(crate) struct Redactor {
    values: Values,
}

impl Redactor {
    /// Makes a redactor of named values: the environment, the settings. Those count whose names [say so](is_secret_name); for a value that is secret
    /// whatever it is called, give the name `password`.
    pub(crate) fn new(secrets: impl Iterator<Item = (String, String)>) -> Self {
        let secret = secrets.filter(|(name, _)| is_secret_name(name));
        Redactor {
            values: Values::new(secret.map(|(_, value)| value)),
        }
    }

    /// Returns `text` without its secrets.
    pub(crate) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        replace(text, self.find(text))
    }

    /// Returns an event without the secrets in any of its texts. `kept` is where those texts are kept.
    pub(crate) fn event<'a>(&self, event: &Event<'a>, kept: &'a mut Option<Outcome>) -> Event<'a> {
        if let Event::RunEnded(end) = *event {
            *kept = self.outcome(end.outcome);
            let outcome = kept.as_ref().unwrap_or(end.outcome);
            return Event::RunEnded(RunEnd { outcome, ..end });
        }
        event.clone()
    }

    /// Returns an outcome without the secrets in any of its texts; `None` when it has no text.
    fn outcome(&self, outcome: &Outcome) -> Option<Outcome> {
        let text = |text: &String| self.text(text).into_owned();
        match outcome {
            Outcome::Success => None,
            Outcome::RetryLater { reason } => Some(Outcome::RetryLater {
                reason: text(reason),
            }),
            Outcome::Failure(failure) => Some(Outcome::Failure(Box::new(self.failure(failure)))),
            Outcome::Fatal(failure) => Some(Outcome::Fatal(Box::new(self.failure(failure)))),
            Outcome::Interrupted { how } => Some(Outcome::Interrupted { how: text(how) }),
        }
    }

    /// Returns `failure` without the secrets in any of its texts.
    pub(crate) fn failure(&self, failure: &Failure) -> Failure {
        let text = |text: &String| self.text(text).into_owned();
        let class = match &failure.class {
            FailureClass::Vanished(how) => FailureClass::Vanished(text(how)),
            class => class.clone(),
        };
        let output = failure.output.as_ref();
        Failure {
            class,
            message: match output {
                Some(output) => self.message_of_output(&failure.message, output),
                None => text(&failure.message),
            },
            causes: failure.causes.iter().map(text).collect(),
            place: failure.place.as_ref().map(text),
            backtrace: failure.backtrace.as_ref().map(text),
            kind: failure.kind.as_ref().map(text),
            output: output.map(|output| self.output(output)),
            notes: failure.notes.iter().map(text).collect(),
        }
    }

    /// Returns where the secrets of `text` are, in order, none touching another.
    fn find(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        self.values.find(text.as_bytes(), &mut found);
        shapes::find(text.as_bytes(), &mut found);
        merged(found)
    }
}

fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges.into_iter().filter(|range| !range.is_empty()) {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// Puts [`REDACTED`] in the place of each range. A bound of some finder may lie inside a character, all of which is to go then.
fn replace(text: &str, secrets: Vec<Range<usize>>) -> Cow<'_, str> {
    if secrets.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut done = 0;
    for secret in secrets {
        let start = (0..=secret.start)
            .rev()
            .find(|&at| text.is_char_boundary(at));
        clean.push_str(&text[done..start.unwrap_or(0).max(done)]);
        clean.push_str(REDACTED);
        done = boundary(text, secret.end);
    }
    clean.push_str(&text[done..]);
    Cow::Owned(clean)
}

/// Returns the first place at or after `at` where a text can be cut.
fn boundary(text: &str, at: usize) -> usize {
    (at..text.len())
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(text.len())
}

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod tests;
