//! What takes secrets out of texts and events.

use std::borrow::Cow;
use std::ops::Range;

use super::cleaned::Cleaned;
use super::known_values::KnownValues;
use super::names::is_secret_name;
use super::{decoded, scanner};
use crate::core::event::{Event, RunEnd};
use crate::core::failure::{Failure, FailureClass, Outcome};

/// What stands where a secret was.
pub(crate) const REDACTED: &str = "[redacted]";

/// Knows secrets, and takes them out of texts.
#[derive(Debug, Default)]
pub(crate) struct Redactor {
    pub(super) values: KnownValues,
}

impl Redactor {
    /// Makes a redactor of named values: the environment, the settings. Those count whose names
    /// [say so](is_secret_name); for a value that is secret whatever it is called, give the name
    /// `password`.
    pub(crate) fn new(secrets: impl Iterator<Item = (String, String)>) -> Self {
        let secret = secrets.filter(|(name, _)| is_secret_name(name));
        Redactor {
            values: KnownValues::new(secret.map(|(_, value)| value)),
        }
    }

    /// Returns `text` without its secrets.
    pub(crate) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        replace(text, self.find(text))
    }

    /// Returns an event without the secrets in any of its texts. `kept` is where those texts are
    /// kept.
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
        let output = failure.output.as_ref().map(|raw| self.output(raw));
        let class = match &failure.class {
            FailureClass::Vanished(how) => FailureClass::Vanished(text(how)),
            class => class.clone(),
        };
        Failure {
            class,
            message: match (&failure.output, &output) {
                (Some(raw), Some(clean)) => self.message_of_output(&failure.message, raw, clean),
                _ => text(&failure.message),
            },
            causes: failure.causes.iter().map(text).collect(),
            place: failure.place.as_ref().map(text),
            backtrace: failure.backtrace.as_ref().map(text),
            kind: failure.kind.as_ref().map(text),
            output,
            notes: failure.notes.iter().map(text).collect(),
        }
    }

    /// Returns where the secrets of `text` are, in order, none touching another.
    pub(super) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        self.find_in(text.as_bytes(), &mut found);
        for clean in Cleaned::readings_of(text)
            .into_iter()
            .chain(decoded::reading_of(text))
        {
            let mut inside = Vec::new();
            self.find_in(clean.text.as_bytes(), &mut inside);
            found.extend(
                inside
                    .into_iter()
                    .map(|range| clean.place_in_original(range)),
            );
        }
        merged(found)
    }

    fn find_in(&self, text: &[u8], found: &mut Vec<Range<usize>>) {
        self.values.find(text, found);
        scanner::find(text, found);
    }
}

pub(super) fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
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

/// Puts [`REDACTED`] in the place of each range. A bound of some finder may lie inside a character,
/// all of which is to go then.
pub(super) fn replace(text: &str, secrets: Vec<Range<usize>>) -> Cow<'_, str> {
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
pub(super) fn boundary(text: &str, at: usize) -> usize {
    (at..text.len())
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(text.len())
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
