//! What is written after a success.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::core::time::{Precision, rfc3339};

/// The version that is written. Every older one can be read.
const VERSION: u32 = 1;

/// The last success of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LivenessRecord {
    version: u32,
    /// The chain.
    pub(crate) chain: String,
    /// The task that succeeded, as it is called on the screen.
    pub(crate) task: String,
    /// The run, as history and log name it.
    pub(crate) run: String,
    /// The machine on which it ran.
    pub(crate) host: String,
    /// When it ended, in UTC.
    pub(crate) utc: String,
    /// The same on the clock of that machine, with its offset.
    pub(crate) local: String,
}

impl LivenessRecord {
    /// Creates the record of a run that succeeded at `at`, which is `local` on the clock of `host`.
    pub(crate) fn new(names: [&str; 4], at: SystemTime, local: String) -> Self {
        let [chain, task, run, host] = names.map(str::to_owned);
        LivenessRecord {
            version: VERSION,
            chain,
            task,
            run,
            host,
            utc: rfc3339(at, Precision::Millis),
            local,
        }
    }

    /// Reads a record.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, in words.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let record: LivenessRecord =
            serde_json::from_str(text).map_err(|error| error.to_string())?;
        match record.at() {
            Some(_) => Ok(record),
            None => Err(format!("`{}` is no time", record.utc)),
        }
    }

    /// Returns the text that is written.
    pub(crate) fn to_text(&self) -> String {
        let mut text = serde_json::to_string(self).expect("texts are JSON");
        text.push('\n');
        text
    }

    /// Returns when the run ended, if that can be read.
    pub(crate) fn at(&self) -> Option<SystemTime> {
        humantime::parse_rfc3339(&self.utc).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written_and_nothing_else_is_a_record() {
        let at = UNIX_EPOCH + Duration::from_millis(1_700_000_000_250);
        let local = "2023-11-14 23:13:20 +0100".to_owned();
        let record = LivenessRecord::new(["a_b", "tasks::a", "r1", "web1"], at, local);
        let read = LivenessRecord::parse(&record.to_text()).unwrap();
        assert_eq!((read.at(), &read), (Some(at), &record));
        assert!(
            record
                .to_text()
                .contains("\"utc\":\"2023-11-14T22:13:20.250Z\"")
        );
        for wrong in ["", "{}", "true", "{\"version\":1"] {
            assert!(LivenessRecord::parse(wrong).is_err(), "{wrong}");
        }
        let timeless = record.to_text().replace("2023-11-14T22", "yesterday");
        assert!(LivenessRecord::parse(&timeless).is_err());
    }
}
