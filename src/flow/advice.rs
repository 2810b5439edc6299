//! What a worker is to do next.

use super::journal::{Doing, EntryOutcome, JournalEntry, Phase};

/// What follows from the state of a job at a moment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FlowAdvice {
    /// What the flow has decided. Written before, or in the same transaction as, what begins.
    pub(crate) decisions: Vec<FlowDecision>,
    /// The attempts to begin now, no more than there are free slots.
    pub(crate) begin: Vec<AttemptStart>,
    /// The steps whose attempts in progress are to be killed.
    pub(crate) kill: Vec<String>,
    /// What comes then.
    pub(crate) next: FlowNext,
}

/// What comes after an advice was followed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FlowNext {
    /// To ask again when an attempt ends, when a request arrives, and at a time.
    Wait {
        /// The time, in milliseconds since 1970; `None`: only when something happens.
        until: Option<i64>,
    },
    /// To give the job back: to be claimed again at a time, or by another worker.
    GiveBack {
        /// The time, in milliseconds since 1970.
        run_at: i64,
        /// The workers that must not claim it.
        avoid: Vec<String>,
    },
    /// To end the job, or to leave it to a person.
    End(FlowEnd),
}

/// How a job leaves its worker for good, or until a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FlowEnd {
    /// Every step has ended.
    Succeeded,
    /// A step failed, and nothing was reverted.
    Failed,
    /// What was executed has been reverted.
    Reverted,
    /// A request has cancelled the job.
    Cancelled,
    /// A person is needed.
    Stuck {
        /// The step that it is about; empty: no single one.
        step: String,
        /// Why, as a sentence without a full stop.
        reason: String,
    },
    /// Nothing begins until the job is resumed.
    Paused,
}

/// An attempt to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AttemptStart {
    /// The step.
    pub(crate) step: String,
    /// What is done.
    pub(crate) phase: Phase,
    /// Which attempt of that phase within the round, from 1.
    pub(crate) attempt: u32,
    /// The place in `try_each` of the value that the execution takes, or that it had taken.
    pub(crate) each: Option<usize>,
}

impl AttemptStart {
    /// Returns the attempt as one that is in progress.
    pub(crate) fn doing(&self, now: i64) -> Doing {
        Doing {
            step: self.step.clone(),
            phase: self.phase,
            attempt: self.attempt,
            since: now,
        }
    }
}

/// What the flow has decided: an entry of the journal before it has its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FlowDecision {
    /// The step or group; empty: the job.
    pub(crate) step: String,
    /// What is decided.
    pub(crate) phase: Phase,
    /// The number of a round; of a step, how many attempts have failed.
    pub(crate) attempt: u32,
    /// The decision.
    pub(crate) outcome: EntryOutcome,
    /// Why.
    pub(crate) error: Option<String>,
    /// When, in milliseconds since 1970.
    pub(crate) at: i64,
}

impl FlowDecision {
    /// Returns the entry for a request of a person or a program; of a step where it names one.
    pub(crate) fn request(outcome: EntryOutcome, step: &str, at: i64) -> Self {
        FlowDecision {
            step: step.to_owned(),
            phase: Phase::Request,
            attempt: 1,
            outcome,
            error: None,
            at,
        }
    }

    /// Returns the entry of the journal.
    pub(crate) fn entry(&self, seq: u64, fence: u64, worker: &str) -> JournalEntry {
        JournalEntry {
            seq,
            fence,
            step: self.step.clone(),
            phase: self.phase,
            attempt: self.attempt,
            outcome: self.outcome,
            started: self.at,
            ended: self.at,
            code: None,
            kind: None,
            error: self.error.clone(),
            result: None,
            worker: worker.to_owned(),
        }
    }
}
