//! What the policy makes of jobs, of which many end at once.

use super::ChainPolicy;
use crate::alert::failure_kind::FailureKind;
use crate::alert::jobs::FailedJobs;
use crate::alert::policy::alert_decision::AlertDecision;
use crate::core::event::{RunId, TaskIndex};
use crate::core::time::Moment;

impl ChainPolicy {
    /// Decides about jobs that failed alike, as about one run; the mail counts them all. At most
    /// one mail comes of them.
    pub(crate) fn jobs_failed(
        &mut self,
        step: TaskIndex,
        run: RunId,
        jobs: &FailedJobs,
        started: Moment,
        at: Moment,
    ) -> AlertDecision {
        self.follow_mutes(at);
        let task = &mut self.tasks[step];
        task.run_failed(&jobs.kind, &jobs.text, started, at);
        task.failed_also(&jobs.kind, jobs.count.saturating_sub(1));
        task.judge(run, &jobs.kind, &jobs.text, at, self.hour.next_token())
    }

    /// Takes note that so many jobs succeeded, and that the name is healthy.
    pub(crate) fn jobs_succeeded(&mut self, step: TaskIndex, count: u64, at: Moment) {
        let healed = self.rules.healed;
        let task = &mut self.tasks[step];
        if let Some(more) = count.checked_sub(1) {
            task.run_succeeded(at, at);
            task.succeeded_also(more);
        }
        if task.in_outage() {
            task.end_outage(at, healed);
        }
    }

    /// Takes note that so many jobs succeeded while more failed.
    pub(crate) fn jobs_succeeded_also(&mut self, step: TaskIndex, count: u64) {
        self.tasks[step].succeeded_also(count);
    }

    /// Has the next failure of a name be news, whatever was mailed: its program is another one.
    pub(crate) fn forget_kinds(&mut self, step: TaskIndex) {
        self.tasks[step].forget_kinds();
    }

    /// Returns whether a kind of a name was mailed and is not forgotten.
    pub(crate) fn knows(&self, step: TaskIndex, kind: &FailureKind) -> bool {
        self.tasks[step].memory().known(kind).is_some()
    }

    /// Returns whether a name is down.
    pub(crate) fn is_in_outage(&self, step: TaskIndex) -> bool {
        self.tasks[step].in_outage()
    }
}
