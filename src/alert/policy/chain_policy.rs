//! The policy of one chain.

mod jobs;
mod mutes;
mod observe;
mod summary;

use std::time::SystemTime;

use super::super::alert_kind::AlertKind;
use super::super::{alert_facts::Alert, outage::DeferredFailure};
use super::alert_decision::{AlertDecision, RunOutcome};
use super::delays::{AGAIN, GRACE};
use super::rules::{ChainRules, TaskRules};
use super::save_schedule::SaveSchedule;
use super::summary::SummaryPlan;
use super::task_policy::{Due, TaskPolicy};
use crate::alert::bucket::HourlyLimit;
use crate::alert::memory::{AlertMemory, DeferredFailures, DeferredSummary, TaskMemory, waiting};
use crate::core::event::{RunDeadlines, RunId, TaskIndex};
use crate::core::time::{Moment, Mono};
use crate::mute::scheduled_mutes::ScheduledMutes;

/// The policy of one chain, with all that it remembers.
#[derive(Debug)]
pub(crate) struct ChainPolicy {
    tasks: Vec<TaskPolicy>,
    rules: ChainRules,
    hour: HourlyLimit,
    digest_not_before: Mono,
    saves: SaveSchedule,
    mutes: ScheduledMutes,
    summary: Option<SummaryPlan>,
    boot: String,
    born: SystemTime,
}

impl ChainPolicy {
    /// Makes the policy of a chain of these tasks. The memory is a
    /// [restored](AlertMemory::restored), a [forgotten](AlertMemory::forgotten) or an
    /// [empty](AlertMemory::empty) one.
    pub(crate) fn new(
        tasks: Vec<TaskRules>,
        rules: ChainRules,
        memory: AlertMemory,
        now: Moment,
    ) -> Self {
        let (boot, born) = (memory.boot().to_owned(), memory.born());
        let mut former = memory.tasks;
        let mut made: Vec<TaskPolicy> = Vec::with_capacity(tasks.len());
        for (step, rules) in tasks.into_iter().enumerate() {
            let same_name = |task: &&TaskPolicy| task.name() == &rules.name;
            let occurrence = made.iter().filter(same_name).count();
            let memory = take_former(&mut former, rules.name.as_str(), occurrence);
            made.push(TaskPolicy::new(step, occurrence, rules, memory, now.mono));
        }
        ChainPolicy {
            tasks: made,
            hour: memory.hour.adapted(rules.max_per_hour, now.mono),
            rules,
            digest_not_before: Mono::LONG_AGO,
            saves: SaveSchedule::new(),
            mutes: ScheduledMutes::default(),
            summary: memory
                .summary
                .map(|schedule| SummaryPlan::new(schedule, now)),
            boot,
            born,
        }
    }

    /// Takes over what another runner of this chain remembers.
    pub(crate) fn adopt(&mut self, memory: AlertMemory, now: Moment) {
        let rules = self.tasks.iter().map(TaskPolicy::rules).cloned().collect();
        let mutes = std::mem::take(&mut self.mutes);
        *self = ChainPolicy {
            mutes,
            ..ChainPolicy::new(rules, self.rules, memory, now)
        };
    }

    /// Returns when its memory began to know nothing.
    pub(crate) fn born(&self) -> SystemTime {
        self.born
    }

    /// Takes note that a run begins.
    pub(crate) fn run_started(&mut self, step: TaskIndex, run: RunId, at: Moment) {
        self.tasks[step].run_started(run, at);
    }

    /// Returns how long a run of this task may go on that begins at `started`.
    pub(crate) fn limit(&self, step: TaskIndex, started: Mono) -> RunDeadlines {
        self.tasks[step].limit(started)
    }

    /// Takes note that the next run is that of `next`, at `until`.
    pub(crate) fn sleeping(&mut self, next: TaskIndex, until: Mono) {
        self.tasks[next].planned(until);
    }

    /// Decides about the end of a run. At most one mail comes of it.
    pub(crate) fn run_ended(
        &mut self,
        step: TaskIndex,
        run: RunId,
        started: Moment,
        at: Moment,
        seen: RunOutcome<'_>,
    ) -> AlertDecision {
        self.follow_mutes(at);
        match seen {
            RunOutcome::Success => {
                self.succeeded(step, started, at);
                AlertDecision::Nothing
            }
            RunOutcome::Neither => {
                self.tasks[step].run_came_to_nothing();
                AlertDecision::Nothing
            }
            RunOutcome::Later { reason } => {
                let verdict = self.tasks[step].run_asked_for_later(run, reason, started, at);
                match verdict {
                    AlertDecision::Silent(_) => self.saves.withheld(),
                    _ => self.saves.counted(),
                }
                verdict
            }
            RunOutcome::Failure { kind, text } | RunOutcome::Fatal { kind, text } => {
                let task = &mut self.tasks[step];
                if matches!(seen, RunOutcome::Fatal { .. }) {
                    // No runner will be there at the end of the mute to report it.
                    task.unmute(at);
                }
                if task.run_failed(kind, text, started, at) {
                    self.saves.outage_changed();
                } else if task.is_muted() {
                    self.saves.withheld();
                } else {
                    self.saves.counted();
                }
                task.judge(run, kind, text, at, self.hour.next_token())
            }
        }
    }

    fn succeeded(&mut self, step: TaskIndex, started: Moment, at: Moment) {
        let task = &mut self.tasks[step];
        task.run_succeeded(started, at);
        if self.summary.is_some() {
            self.saves.counted();
        }
        if !task.in_outage() {
            return;
        }
        if task.is_down() {
            self.saves.outage_changed();
        } else {
            self.saves.counted();
        }
        task.end_outage(at, self.rules.healed);
    }

    /// Returns when [`poll`](ChainPolicy::poll) may have something next: ask then, also while a run
    /// goes on. [`Mono::NEVER`]: not before the next event.
    pub(crate) fn due(&self) -> Mono {
        let tasks = self.tasks.iter().map(TaskPolicy::due);
        tasks
            .chain([self.digest_due(), self.summary_due()])
            .chain([self.release_due(), self.mutes.due()])
            .min()
            .unwrap_or(Mono::NEVER)
    }

    /// Returns what is to be mailed now though no run has ended: at most one mail of each task,
    /// more perhaps at the next call.
    pub(crate) fn poll(&mut self, now: Moment) -> Vec<Alert> {
        self.follow_mutes(now);
        let mut alerts = Vec::new();
        for task in &mut self.tasks {
            match task.poll(now) {
                Some(Due::Mail(alert)) => alerts.push(*alert),
                Some(Due::Withheld) => self.saves.withheld(),
                None => {}
            }
        }
        if alerts.is_empty() && self.release_due() <= now.mono {
            // One at a time: each takes a token of the chain.
            let tasks = self.tasks.iter_mut();
            let next = tasks.min_by_key(|task| task.release_due());
            alerts.extend(next.and_then(|task| task.release(now)));
        }
        if alerts.is_empty() && self.digest_due() <= now.mono {
            self.digest_not_before = now.mono + AGAIN;
            alerts.push(self.digest(now));
        }
        alerts.extend(self.poll_summary(now));
        alerts
    }

    /// When a task is to be reported whose mails were held back by a mute.
    fn release_due(&self) -> Mono {
        let tasks = self.tasks.iter().map(TaskPolicy::release_due);
        match tasks.min().unwrap_or(Mono::NEVER) {
            Mono::NEVER => Mono::NEVER,
            due => due.max(self.hour.next_token()),
        }
    }

    /// When the digest of what was held back may leave. Later than the token by as much as a run
    /// may take that would mail it itself.
    fn digest_due(&self) -> Mono {
        let task = self.tasks.iter().map(TaskPolicy::held_until).min();
        match task.unwrap_or(Mono::NEVER) {
            Mono::NEVER => Mono::NEVER,
            token => {
                token
                    .max(self.hour.next_token())
                    .max(self.digest_not_before)
                    + GRACE
            }
        }
    }

    fn digest(&self, now: Moment) -> Alert {
        let tasks = self.tasks.iter().filter(|task| !task.is_muted());
        let held = tasks.clone().map(TaskPolicy::held);
        let named = held.clone().flat_map(|held| held.named().to_vec());
        Alert {
            held_back: named.collect(),
            held_back_unnamed: held
                .map(DeferredFailures::unnamed)
                .fold(0, u64::saturating_add),
            mutes: tasks.filter_map(TaskPolicy::told_mute).collect(),
            ..Alert::of_the_chain(AlertKind::HeldBack, now)
        }
    }

    /// Takes note that a mail is safely in the outbox: now its kinds count as mailed, its token is
    /// taken and the thread has a name.
    pub(crate) fn sent(&mut self, alert: &Alert, message_id: &str, at: Moment) {
        self.saves.mailed();
        let token = matches!(
            alert.sort,
            AlertKind::First | AlertKind::New | AlertKind::HeldBack
        );
        if token {
            self.hour.take(at.mono);
        }
        match alert.step.and_then(|step| self.tasks.get_mut(step)) {
            Some(task) => task.sent(alert, message_id, at),
            None if alert.sort == AlertKind::Summary => self.summary_sent(alert),
            None => self.digest_sent(alert, at),
        }
    }

    fn digest_sent(&mut self, alert: &Alert, at: Moment) {
        self.digest_not_before = Mono::LONG_AGO;
        let payer = self.tasks.iter_mut().min_by_key(|task| task.held_until());
        if let Some(task) = payer {
            task.pay_for_digest(at.mono);
        }
        for (step, task) in self.tasks.iter_mut().enumerate() {
            if task.is_muted() {
                continue;
            }
            task.told_of_mute();
            let of_task = |entry: &&DeferredFailure| entry.step == step;
            let named: Vec<&DeferredFailure> = alert.held_back.iter().filter(of_task).collect();
            task.told_of_held(&named, u64::MAX, at);
        }
    }

    /// Returns whether the end of an outage is mailed if health lasts.
    pub(crate) fn waits_for_health(&self) -> bool {
        let mut tasks = self.tasks.iter();
        tasks.any(|task| task.healing_due() != Mono::NEVER)
    }

    /// Returns what is held back, if anything is.
    pub(crate) fn waiting(&self) -> Option<DeferredSummary> {
        waiting(self.tasks.iter().map(TaskPolicy::memory), &self.hour)
    }

    /// Returns what is to be saved now.
    pub(crate) fn memory(&self, now: Moment) -> AlertMemory {
        let tasks = self.tasks.iter().map(|task| task.memory().clone());
        let hour = self.hour.clone();
        let mut memory = AlertMemory::new(now, &self.boot, self.born, hour, tasks.collect());
        memory.summary = self.summary.as_ref().map(SummaryPlan::schedule);
        memory
    }

    /// Returns when the memory is worth saving: at once after a mail, soon after an outage began or
    /// ended, within a minute when something was counted, never while healthy.
    pub(crate) fn save_due(&self) -> Mono {
        self.saves.due()
    }

    /// Returns whether the memory is worth saving now.
    pub(crate) fn worth_saving(&self, now: Mono) -> bool {
        self.saves.due() <= now
    }

    /// Takes note that the memory was saved.
    pub(crate) fn saved(&mut self, now: Mono) {
        self.saves.saved(now);
    }

    /// Takes note that the memory could not be saved: it is worth another try in a minute.
    pub(crate) fn not_saved(&mut self, now: Mono) {
        self.saves.not_saved(now);
    }
}

fn take_former(former: &mut Vec<TaskMemory>, name: &str, occurrence: usize) -> Option<TaskMemory> {
    let same = |task: &TaskMemory| task.name == name && task.occurrence == occurrence;
    let at = former.iter().position(same)?;
    Some(former.swap_remove(at))
}

#[cfg(test)]
mod tests;
