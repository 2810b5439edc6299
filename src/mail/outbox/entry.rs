//! A letter with its envelope: to whom it has yet to go, and what was tried.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::letter::Letter;

/// The form of the file; another form is never guessed at.
pub(crate) const VERSION: u32 = 1;

/// A letter that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// [`VERSION`].
    pub version: u32,
    /// When it was queued.
    pub created: SystemTime,
    /// The recipients, each with a state of its own: one bad address silences nobody else.
    pub recipients: Vec<Recipient>,
    /// How many older letters this one stands for, because they could not leave before it came.
    #[serde(default)]
    pub replaced: u32,
    /// When the first of those was queued.
    #[serde(default)]
    pub replaced_since: Option<SystemTime>,
    /// The letter itself.
    pub letter: Letter,
}

/// One recipient of a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Recipient {
    /// As written in the settings of then.
    pub address: String,
    /// What has become of it.
    pub state: State,
}

/// What has become of a letter for one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum State {
    /// It has yet to go.
    Waiting {
        /// How many attempts failed.
        attempts: u32,
        /// When it may be tried again.
        next: SystemTime,
        /// Why the last attempt failed, in words.
        last_error: Option<String>,
        /// Whether the whole was refused for its content, so that the short form is tried.
        minimal: bool,
    },
    /// The server took it.
    Accepted,
    /// It was refused for good: the reason in words.
    Refused(String),
}

impl State {
    /// A state that waits for its first attempt.
    pub(crate) fn fresh() -> Self {
        State::Waiting {
            attempts: 0,
            next: UNIX_EPOCH,
            last_error: None,
            minimal: false,
        }
    }
}

impl Entry {
    /// Makes an entry that is due at once.
    pub(crate) fn new(letter: Letter, to: &[String], now: SystemTime) -> Self {
        let recipients = to.iter().map(|address| Recipient {
            address: address.clone(),
            state: State::fresh(),
        });
        Entry {
            version: VERSION,
            created: now,
            recipients: recipients.collect(),
            replaced: 0,
            replaced_since: None,
            letter,
        }
    }

    /// Returns the name of its file: in order of time, the same letter always the same name.
    pub(crate) fn file_name(&self) -> String {
        let millis = self
            .created
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_millis();
        let number = super::number_of(&self.letter.message_id);
        format!("{millis:013}-{number:016x}.json")
    }

    /// Returns whether it is the same letter: a policy that comes back from a crash may hand it in again.
    pub(crate) fn is_same_letter(&self, other: &Entry) -> bool {
        self.letter.message_id == other.letter.message_id
    }

    /// Returns whether this letter makes an older one needless: an outage keeps one reminder, a chain one digest.
    pub(crate) fn replaces(&self, old: &Entry) -> bool {
        let (new, old) = (&self.letter.place, &old.letter.place);
        let same_place = (&new.chain, &new.task) == (&old.chain, &old.task);
        match (new.sort.as_str(), old.sort.as_str()) {
            ("downtime" | "again", "downtime" | "again") | ("running", "running") => {
                same_place && new.outage == old.outage
            }
            ("digest", "digest") | ("summary", "summary") => same_place,
            _ => false,
        }
    }

    /// Takes note of a letter that this one stands for.
    pub(crate) fn take_over(&mut self, old: &Entry) {
        self.replaced += 1 + old.replaced;
        let since = old.replaced_since.unwrap_or(old.created);
        self.replaced_since = Some(self.replaced_since.map_or(since, |known| known.min(since)));
    }

    /// Returns what decides which letter goes when there is no room: lower goes first, then older.
    pub(crate) fn importance(&self) -> (u8, SystemTime) {
        let rank = match self.letter.place.sort.as_str() {
            "digest" | "healed" | "summary" => 0,
            "running" | "again" => 1,
            "downtime" => 2,
            "new" => 3,
            _ => 4,
        };
        (rank, self.created)
    }

    /// Returns about how many bytes its file has.
    pub(crate) fn size(&self) -> u64 {
        let letter = &self.letter;
        let texts = [&letter.subject, &letter.body, &letter.minimal_body];
        texts.iter().map(|text| text.len() as u64).sum::<u64>() + 1024
    }

    /// Returns whether nobody waits for it any more.
    pub(crate) fn is_settled(&self) -> bool {
        let waits = |recipient: &Recipient| matches!(recipient.state, State::Waiting { .. });
        !self.recipients.iter().any(waits)
    }

    /// Returns when it is to be tried next, if it is.
    pub(crate) fn next(&self) -> Option<SystemTime> {
        let next = |recipient: &Recipient| match recipient.state {
            State::Waiting { next, .. } => Some(next),
            _ => None,
        };
        self.recipients.iter().filter_map(next).min()
    }

    /// Makes it due now, whoever it waits for.
    pub(crate) fn make_due(&mut self) {
        for recipient in &mut self.recipients {
            if let State::Waiting { next, .. } = &mut recipient.state {
                *next = UNIX_EPOCH;
            }
        }
    }

    /// Returns whether it has never been tried.
    pub(crate) fn is_untried(&self) -> bool {
        let untried =
            |recipient: &Recipient| matches!(recipient.state, State::Waiting { attempts: 0, .. });
        self.recipients.iter().any(untried)
    }

    /// Returns what was last said about it.
    pub(crate) fn last_error(&self) -> Option<String> {
        self.recipients
            .iter()
            .rev()
            .find_map(|recipient| match &recipient.state {
                State::Waiting { last_error, .. } => last_error.clone(),
                State::Refused(reason) => Some(reason.clone()),
                State::Accepted => None,
            })
    }
}
