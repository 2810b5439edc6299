//! What a runner leaves beside the lock of its chain for the next holder, on whichever host: where
//! the chain stands, and what alerts remember.

use std::time::SystemTime;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::form;
use crate::core::event::TaskIndex;

/// The version that is written. Every older one can be read.
pub(crate) const VERSION: u32 = 1;

/// The note beside a lock. `M` is the memory of the alert policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LockNote<M> {
    version: u32,
    /// The state directory of the runner that wrote the note: a runner reads its own memory there,
    /// and leaves its own note alone.
    pub(crate) origin: String,
    /// The full names of the tasks, in order.
    pub(crate) tasks: Vec<String>,
    /// The task that is next.
    pub(crate) next: TaskIndex,
    /// When it is due.
    pub(crate) due: SystemTime,
    /// What alerts remember.
    pub(crate) alerts: M,
}

impl<M> LockNote<M> {
    /// Creates the note of a chain of these tasks of which `next` is due at `due`.
    pub(crate) fn new(
        origin: String,
        tasks: Vec<String>,
        (next, due): (TaskIndex, SystemTime),
        alerts: M,
    ) -> Self {
        LockNote {
            version: VERSION,
            origin,
            tasks,
            next,
            due,
            alerts,
        }
    }
}

impl<M: Serialize> LockNote<M> {
    /// Returns the note as text.
    pub(crate) fn encode(&self) -> String {
        String::from_utf8(form::encode(self)).unwrap_or_default()
    }
}

/// Reads a note.
///
/// # Errors
///
/// When it is damaged, or from a newer version: in words.
pub(crate) fn decode<M: DeserializeOwned>(text: &str) -> Result<LockNote<M>, String> {
    form::decode(text.as_bytes(), VERSION)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn note() -> LockNote<String> {
        let due = UNIX_EPOCH + Duration::from_millis(1_800_000_000_123);
        let tasks = vec!["tasks::a".to_owned()];
        LockNote::new("web1:1:2".to_owned(), tasks, (0, due), "memory".to_owned())
    }

    #[test]
    fn what_is_written_can_be_read() {
        assert_eq!(decode(&note().encode()), Ok(note()));
    }

    #[test]
    fn a_note_that_was_cut_or_is_newer_is_refused_in_words() {
        let whole = note().encode();
        for end in 0..whole.len() - 1 {
            assert!(decode::<String>(&whole[..end]).is_err(), "cut at {end}");
        }
        let newer = whole.replace("\"version\":1", "\"version\":2");
        assert!(decode::<String>(&newer).unwrap_err().contains("form `2`"));
    }

    #[test]
    fn the_first_form_can_be_read() {
        let text = r#"{"version":1,"origin":"web1:1:2","tasks":["tasks::a"],"next":0,
            "due":{"secs_since_epoch":1800000000,"nanos_since_epoch":123000000},"alerts":"memory"}"#;
        assert_eq!(decode(text), Ok(note()));
    }
}
