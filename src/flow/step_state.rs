//! What is known of one step after the entries of a journal.

use serde_json::Value;

use super::journal::{EntryOutcome, JournalEntry, Phase};
use super::retry_wait::{RetryWait, WaitCause};

/// At how many workers a step that is to be tried elsewhere is remembered to have failed.
const MOST_AVOIDED: usize = 3;

/// What is known of a step.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct StepState {
    /// Where the step stands in this round.
    pub(crate) status: StepStatus,
    /// Whether `when` was answered: the step runs.
    pub(crate) runs: bool,
    /// The failed attempts to ask `when`.
    pub(crate) when_failures: u32,
    /// The failed executions.
    pub(crate) failures: u32,
    /// The failed checks of an interrupted execution.
    pub(crate) check_failures: u32,
    /// The failed reverts of what was executed last.
    pub(crate) revert_failures: u32,
    /// How often in a row it asked to be tried later.
    pub(crate) postponed: u32,
    /// The wait before what comes next.
    pub(crate) wait: Option<RetryWait>,
    /// The last end of an execution that was not reverted since.
    pub(crate) execution: Option<ExecutionEnd>,
    /// What the last execution gave.
    pub(crate) result: Option<Value>,
    /// Why the last execution failed.
    pub(crate) error: Option<String>,
    /// The workers at which it failed in this round, the last at the end.
    pub(crate) failed_at: Vec<String>,
    /// The last attempt of any phase, in any round.
    pub(crate) last: Option<AttemptRecord>,
}

/// Where a step stands in its round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum StepStatus {
    /// Not begun, or to be begun again.
    #[default]
    Waiting,
    /// Failed, and perhaps tried again.
    Failing,
    /// Cut off; what follows depends on the step.
    Interrupted,
    /// Reverted.
    Reverted,
    /// Done.
    Succeeded,
    /// Passed over, because of `when` or of a request.
    Skipped,
    /// Failed for good, and the job went on.
    PassedOver,
    /// Failed for good.
    Failed,
}

/// The end of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExecutionEnd {
    /// The entry that ended it.
    pub(crate) seq: u64,
    /// The attempt.
    pub(crate) attempt: u32,
}

/// An attempt, for a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AttemptRecord {
    /// What was done.
    pub(crate) phase: Phase,
    /// How it ended.
    pub(crate) outcome: EntryOutcome,
    /// When it began, in milliseconds since 1970.
    pub(crate) started: i64,
    /// When it ended, in milliseconds since 1970.
    pub(crate) ended: i64,
}

impl StepState {
    /// Returns whether what waits for the step may begin.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(
            self.status,
            StepStatus::Succeeded | StepStatus::Skipped | StepStatus::PassedOver
        )
    }

    /// Adds the end of an attempt.
    pub(crate) fn apply(&mut self, entry: &JournalEntry) {
        self.last = Some(AttemptRecord {
            phase: entry.phase,
            outcome: entry.outcome,
            started: entry.started,
            ended: entry.ended,
        });
        self.wait = None;
        match entry.phase {
            Phase::When => self.apply_when(entry),
            Phase::Execute => self.apply_execution(entry),
            Phase::Check => self.apply_check(entry),
            Phase::Revert => self.apply_revert(entry),
            Phase::Round | Phase::Request | Phase::Decision => {}
        }
    }

    fn apply_when(&mut self, entry: &JournalEntry) {
        match entry.outcome {
            EntryOutcome::Succeeded => self.runs = true,
            EntryOutcome::Skipped => self.status = StepStatus::Skipped,
            EntryOutcome::RetryLater => return self.postpone(entry),
            EntryOutcome::Killed => self.status = StepStatus::Failed,
            EntryOutcome::Interrupted => return,
            _ => {
                self.status = StepStatus::Failing;
                self.when_failures += 1;
                self.wait_after(entry, self.when_failures);
            }
        }
        self.postponed = 0;
        self.error.clone_from(&entry.error);
    }

    fn apply_execution(&mut self, entry: &JournalEntry) {
        self.execution = Some(ExecutionEnd {
            seq: entry.seq,
            attempt: entry.attempt,
        });
        self.check_failures = 0;
        self.result.clone_from(&entry.result);
        self.error.clone_from(&entry.error);
        match entry.outcome {
            EntryOutcome::Succeeded => self.status = StepStatus::Succeeded,
            EntryOutcome::Skipped => self.status = StepStatus::Skipped,
            EntryOutcome::Killed => self.status = StepStatus::Failed,
            EntryOutcome::Interrupted => {
                self.status = StepStatus::Interrupted;
                return;
            }
            EntryOutcome::RetryLater => {
                self.status = StepStatus::Failing;
                self.result = None;
                return self.postpone(entry);
            }
            _ => {
                self.status = StepStatus::Failing;
                self.failures += 1;
                self.avoid(&entry.worker);
                self.wait_after(entry, self.failures);
            }
        }
        self.postponed = 0;
    }

    fn apply_check(&mut self, entry: &JournalEntry) {
        match entry.outcome {
            EntryOutcome::Succeeded => {
                self.status = StepStatus::Succeeded;
                self.result.clone_from(&entry.result);
                self.error = None;
            }
            EntryOutcome::Skipped => self.status = StepStatus::Waiting,
            EntryOutcome::RetryLater => return self.postpone(entry),
            EntryOutcome::Interrupted | EntryOutcome::Killed => return,
            _ => {
                self.check_failures += 1;
                self.wait_after(entry, self.check_failures);
            }
        }
        self.postponed = 0;
    }

    fn apply_revert(&mut self, entry: &JournalEntry) {
        match entry.outcome {
            EntryOutcome::Succeeded | EntryOutcome::Skipped => self.mark_undone(),
            EntryOutcome::RetryLater => return self.postpone(entry),
            EntryOutcome::Interrupted | EntryOutcome::Killed => return,
            _ => {
                self.revert_failures += 1;
                self.wait_after(entry, self.revert_failures);
            }
        }
        self.postponed = 0;
    }

    /// Marks that nothing is left of what was executed.
    pub(crate) fn mark_undone(&mut self) {
        self.execution = None;
        self.revert_failures = 0;
        self.wait = None;
        self.status = StepStatus::Reverted;
    }

    /// Lets the step begin anew, as if nothing had been tried. What was executed and not reverted
    /// is remembered: it is still to be reverted when the job fails.
    pub(crate) fn begin_anew(&mut self) {
        let former = std::mem::take(self);
        self.last = former.last;
        if former.execution.is_some() {
            self.execution = former.execution;
            self.result = former.result;
            self.error = former.error;
        }
    }

    /// Gives what is stuck its tries anew, and ends the wait.
    pub(crate) fn try_again(&mut self) {
        self.check_failures = 0;
        self.revert_failures = 0;
        self.wait = None;
    }

    fn postpone(&mut self, entry: &JournalEntry) {
        self.postponed += 1;
        let asked = entry.result.as_ref().and_then(Value::as_i64);
        self.wait = Some(RetryWait {
            since: entry.ended,
            phase: entry.phase,
            number: self.postponed,
            cause: asked.map_or(WaitCause::Later, WaitCause::LaterBy),
        });
    }

    fn wait_after(&mut self, entry: &JournalEntry, number: u32) {
        self.wait = Some(RetryWait {
            since: entry.ended,
            phase: entry.phase,
            number,
            cause: WaitCause::Failure,
        });
    }

    fn avoid(&mut self, worker: &str) {
        self.failed_at.retain(|known| known != worker);
        self.failed_at.push(worker.to_owned());
        if self.failed_at.len() > MOST_AVOIDED {
            self.failed_at.remove(0);
        }
    }
}
