//! The regular summary, which reports that all is well, or how far from it.

use std::time::SystemTime;

use super::super::task_policy::TaskPolicy;
use super::ChainPolicy;
use crate::alert::alert_facts::Alert;
use crate::alert::alert_kind::AlertKind;
use crate::alert::policy::delays::AGAIN;
use crate::alert::policy::summary::SummaryPlan;
use crate::alert::tally::{SummaryContent, SummaryDue};
use crate::core::time::{Moment, Mono};

impl ChainPolicy {
    /// Sets when the next summary is due by the clock on the wall. One that is planned earlier
    /// stays, also when it is long past: no runner was there to send it.
    pub(crate) fn plan_summary(&mut self, due: SystemTime, now: Moment) {
        if let Some(plan) = &mut self.summary {
            plan.schedule.due = plan.schedule.due.min(due);
            return plan.follow(now);
        }
        // Nothing was reported of what was counted before, and no reader waits for it.
        self.tasks.iter_mut().for_each(|task| task.begin_tally());
        let since = now.wall;
        self.summary = Some(SummaryPlan::new(SummaryDue { since, due }, now));
        self.saves.mailed();
    }

    /// Forgets a summary that was planned by a runner with other settings.
    pub(crate) fn cancel_summary(&mut self) {
        self.summary = None;
    }

    pub(super) fn summary_due(&self) -> Mono {
        self.summary.as_ref().map_or(Mono::NEVER, SummaryPlan::due)
    }

    /// Returns the summary if it is due by the clock on the wall.
    pub(super) fn poll_summary(&mut self, now: Moment) -> Option<Alert> {
        let plan = self.summary.as_mut()?;
        plan.follow(now);
        if plan.due() > now.mono {
            return None;
        }
        plan.not_before = now.mono + AGAIN;
        let since = plan.schedule.since;
        let tasks = self
            .tasks
            .iter()
            .map(TaskPolicy::tally)
            .enumerate()
            .collect();
        Some(Alert {
            summary: Some(SummaryContent { since, tasks }),
            mutes: self
                .tasks
                .iter()
                .filter_map(TaskPolicy::told_mute)
                .collect(),
            ..Alert::of_the_chain(AlertKind::Summary, now)
        })
    }

    pub(super) fn summary_sent(&mut self, alert: &Alert) {
        self.summary = None;
        // What was held back is reported in full by a mail of its own.
        let quiet = alert.mutes.iter().filter(|told| told.muted.total() == 0);
        for told in quiet {
            self.tasks[told.step].told_of_mute();
        }
    }
}
