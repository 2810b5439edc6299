//! What one runner of a chain leaves to the next: `NAME.memory` in STATE_DIR. Whether the former
//! one ended by itself, what it remembered of failures and mails, and which program it was.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::form;
use crate::core::event::TaskIndex;
use crate::task::TaskName;

/// The version that is written. Every older one can be read.
pub(crate) const VERSION: u32 = 1;
/// Far more than the bounds of what is remembered allow.
pub(crate) const MOST_BYTES: u64 = 16 << 20;

/// The memory of a chain. `M` is that of the alert policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SavedMemory<M> {
    version: u32,
    /// Which program, tasks and settings it is the memory of.
    pub(crate) identity: ChainIdentity,
    /// Whether the runner ended by itself. Without this mark it was killed, ran out of memory, or
    /// the power failed.
    pub(crate) ended: bool,
    /// The task that ran when the last runners died, and how many died so in a row.
    #[serde(default)]
    pub(crate) crashes: Crashes,
    /// What the policy remembers.
    pub(crate) alerts: M,
}

/// What must be the same for a memory to be taken over after a crash: the admin of an upgraded
/// program hears of its first failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChainIdentity {
    /// The executable: device, inode, size and time of its last change.
    pub(crate) program: String,
    /// The full names of the tasks, in order.
    pub(crate) tasks: Vec<String>,
    /// A hash over all task settings.
    pub(crate) settings: String,
}

/// Runners that died one after the other while the same task ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Crashes {
    /// Which task.
    pub(crate) step: TaskIndex,
    /// How many.
    pub(crate) count: u32,
}

impl Crashes {
    /// Takes note that a runner died while `step` ran.
    pub(crate) fn another(self, step: TaskIndex) -> Self {
        let count = if self.step == step {
            self.count.saturating_add(1)
        } else {
            1
        };
        Crashes { step, count }
    }
}

impl ChainIdentity {
    /// Makes it of a chain of these tasks.
    pub(crate) fn new<'a>(
        program: String,
        tasks: impl IntoIterator<Item = &'a TaskName>,
        settings: String,
    ) -> Self {
        let tasks = tasks
            .into_iter()
            .map(|task| task.as_str().to_owned())
            .collect();
        ChainIdentity {
            program,
            tasks,
            settings,
        }
    }
}

impl<M> SavedMemory<M> {
    /// Makes what a running runner leaves when it dies now.
    pub(crate) fn new(identity: ChainIdentity, crashes: Crashes, alerts: M) -> Self {
        SavedMemory {
            version: VERSION,
            identity,
            ended: false,
            crashes,
            alerts,
        }
    }
}

impl<M: Serialize> SavedMemory<M> {
    /// Returns the content of the file.
    pub(crate) fn encode(&self) -> Vec<u8> {
        form::encode(self)
    }
}

/// What the name of the file ends with, after the name of the chain.
pub(crate) const ENDING: &str = ".memory";

/// Returns the name of the file of a chain.
pub(crate) fn file_name(chain: &str) -> String {
    format!("{chain}{ENDING}")
}

/// Reads what a runner has left.
///
/// # Errors
///
/// When it is damaged, or from a newer version: in words.
pub(crate) fn decode<M: DeserializeOwned>(bytes: &[u8]) -> Result<SavedMemory<M>, String> {
    form::decode(bytes, VERSION)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> SavedMemory<String> {
        let tasks = [TaskName::parse("tasks::a").unwrap()];
        let identity = ChainIdentity::new("1:2:3:4".into(), &tasks, "00ff".into());
        SavedMemory::new(identity, Crashes { step: 0, count: 2 }, "memory".into())
    }

    #[test]
    fn what_is_written_can_be_read() {
        assert_eq!(decode::<String>(&kept().encode()), Ok(kept()));
    }

    #[test]
    fn damage_at_any_byte_is_an_error_or_harmless_and_never_a_panic() {
        let whole = kept().encode();
        for end in 0..whole.len() - 1 {
            assert!(decode::<String>(&whole[..end]).is_err(), "cut at {end}");
        }
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut bytes = whole.clone();
                bytes[at] ^= 1 << bit;
                let _ = decode::<String>(&bytes);
            }
        }
    }

    #[test]
    fn a_newer_form_is_refused_in_words() {
        let newer = String::from_utf8(kept().encode())
            .unwrap()
            .replace("\"version\":1", "\"version\":2");
        assert!(
            decode::<String>(newer.as_bytes())
                .unwrap_err()
                .contains("form `2`")
        );
    }

    #[test]
    fn the_first_form_can_be_read() {
        let bytes = include_bytes!("../../tests/data/state/v1/kept.json");
        assert_eq!(decode::<String>(bytes), Ok(kept()));
    }

    #[test]
    fn only_deaths_under_the_same_task_add_up() {
        let crashes = Crashes::default().another(0).another(0);
        assert_eq!(crashes, Crashes { step: 0, count: 2 });
        assert_eq!(crashes.another(1), Crashes { step: 1, count: 1 });
    }
}
