//! The error of a delivery: what happened, in words, and what follows from it.

use std::io;

use serde::{Deserialize, Serialize};

use crate::text::steers;
use crate::unix::resource_check;

/// What follows from a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ErrorClass {
    /// The server is not there or wants nobody now: kept, tried again soon, nothing else is tried
    /// meanwhile.
    Path,
    /// Somebody has to change something (certificate, login): kept, tried every 30 minutes, with
    /// the remedy in the log.
    Setup,
    /// The message or the recipient was put off: kept, tried again soon.
    Temporary,
    /// All was sent and no answer came: it may have arrived. Kept, tried again no sooner than in 5
    /// minutes.
    Unanswered,
    /// The sender was refused: kept like [`ErrorClass::Setup`] for our own mails; final for a
    /// message of another user's.
    Sender,
    /// The recipient was refused for good.
    Recipient,
    /// The recipient was refused for a reason other than its address (relay denied, HELO, login):
    /// for our own mails kept and tried every 30 minutes, while other recipients are tried; final
    /// for a message of another program.
    Relay,
    /// The message was refused for good (size, spam).
    Content,
}

/// A failure, classified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeliveryError {
    /// What follows from it.
    pub class: ErrorClass,
    /// What happened, in words: one line, no full stop.
    pub words: String,
    /// What to do about it, where something can be said.
    pub remedy: Option<String>,
    /// Whether this process lacked something for a moment.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_shortage: bool,
}

impl DeliveryError {
    /// Creates an error without a remedy.
    pub(crate) fn new(class: ErrorClass, words: impl Into<String>) -> Self {
        DeliveryError {
            class,
            words: words.into(),
            remedy: None,
            is_shortage: false,
        }
    }

    /// Takes note of what an error of this process means for the next attempt.
    pub(crate) fn because_of(mut self, error: &io::Error) -> Self {
        self.is_shortage = resource_check::is_shortage_of_process(error);
        self
    }

    /// Adds what to do about it.
    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Returns words and remedy on one line.
    pub(crate) fn line(&self) -> String {
        match &self.remedy {
            Some(remedy) => format!("{} ({remedy})", self.words),
            None => self.words.clone(),
        }
    }
}

impl std::fmt::Display for DeliveryError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.line())
    }
}

/// Returns a text on one line, without control characters, at most 200 characters long.
pub(crate) fn shortened(text: &str) -> String {
    const MOST_CHARS: usize = 200;
    let plain = text.trim().chars().map(|c| if steers(c) { ' ' } else { c });
    let mut short: String = plain.clone().take(MOST_CHARS).collect();
    if plain.count() > MOST_CHARS {
        short.push('…');
    }
    short
}
