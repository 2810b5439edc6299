//! The states of a job.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum JobState {
    /// Any worker that is able may claim the job, from its `run_at` on.
    Waiting,
    /// The job waits behind a limit.
    Limited,
    /// A session holds the job.
    Running,
    /// The job waits for the request to resume.
    Paused,
    /// Each step was executed or skipped.
    Succeeded,
    /// A step failed for good, and nothing is reverted.
    Failed,
    /// Each step that was started has been reverted.
    Reverted,
    /// The job was ended by a request.
    Cancelled,
    /// The job needs a person.
    Stuck,
}

impl JobState {
    /// All states, in the order of their numbers.
    pub(crate) const ALL: [JobState; 9] = [
        JobState::Waiting,
        JobState::Limited,
        JobState::Running,
        JobState::Paused,
        JobState::Succeeded,
        JobState::Failed,
        JobState::Reverted,
        JobState::Cancelled,
        JobState::Stuck,
    ];

    /// Returns the number by which databases store the state; it never changes.
    pub(crate) fn number(self) -> i64 {
        self as i64
    }

    /// Returns the state of a stored number.
    pub(crate) fn of_number(number: i64) -> Option<Self> {
        let at = usize::try_from(number).ok()?;
        JobState::ALL.get(at).copied()
    }

    /// Returns whether the job is over: no worker and no time changes the state any more.
    pub(crate) fn is_over(self) -> bool {
        use JobState::{Cancelled, Failed, Reverted, Succeeded};
        matches!(self, Succeeded | Failed | Reverted | Cancelled)
    }

    /// Returns the word for people and for files.
    pub(crate) fn word(self) -> &'static str {
        match self {
            JobState::Waiting => "waiting",
            JobState::Limited => "limited",
            JobState::Running => "running",
            JobState::Paused => "paused",
            JobState::Succeeded => "succeeded",
            JobState::Failed => "failed",
            JobState::Reverted => "reverted",
            JobState::Cancelled => "cancelled",
            JobState::Stuck => "stuck",
        }
    }

    /// Returns the state of a word.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        JobState::ALL.into_iter().find(|state| state.word() == word)
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
