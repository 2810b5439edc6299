//! The policy of one task.

pub(crate) mod alerts;
mod due;
mod ending;
mod jobs;
mod muted;
pub(crate) mod retry_later;

use std::time::SystemTime;

use super::super::alert_kind::AlertKind;
use super::super::{alert_facts::Alert, failure_kind::FailureKind, outage::DeferredFailure};
use super::alert_decision::AlertDecision;
use super::delays::AGAIN;
use super::reason::SilenceReason;
use super::rules::TaskRules;
use crate::alert::memory::{DeferredFailures, MailLimit, Ongoing, TaskMemory, sort_of};
use crate::alert::tally::SummaryCounts;
use crate::core::event::{RunId, TaskIndex};
use crate::core::time::{Moment, Mono};
use crate::task::TaskName;

/// The policy of one task: what holds for it, what is remembered of it, and what goes on with it
/// now.
#[derive(Debug)]
pub(super) struct TaskPolicy {
    step: TaskIndex,
    rules: TaskRules,
    memory: TaskMemory,
    running: Option<RunningRun>,
    /// When its next run is due, if that is known.
    planned: Option<Mono>,
    /// No mail before this: the former could not be stored.
    not_before: Mono,
    /// No reminder before this: no process ran when it was due, so the run that is due as well
    /// decides first.
    overslept: Mono,
    /// Until when its mails are held back, if they are.
    muted: Option<Mono>,
    /// Since when they are not any more.
    free_since: Mono,
}

/// A run that goes on.
#[derive(Clone, Copy, Debug)]
struct RunningRun {
    run: RunId,
    started: Moment,
    mailed: bool,
    /// Whether a mail about it was held back by a mute.
    withheld: bool,
}

/// What is due though no run has ended.
#[derive(Debug)]
pub(super) enum Due {
    /// A mail.
    Mail(Box<Alert>),
    /// A mail that is held back.
    Withheld,
}

impl TaskPolicy {
    pub(super) fn new(
        step: TaskIndex,
        occurrence: usize,
        rules: TaskRules,
        memory: Option<TaskMemory>,
        now: Mono,
    ) -> Self {
        let nrd = rules.downtime();
        let memory = match memory {
            Some(memory) => memory.adapted(step, nrd, now),
            None => TaskMemory::new(&rules.name, occurrence, nrd, now),
        };
        let mut task = TaskPolicy {
            step,
            rules,
            memory,
            running: None,
            planned: Some(now),
            not_before: Mono::LONG_AGO,
            overslept: Mono::LONG_AGO,
            muted: None,
            free_since: Mono::LONG_AGO,
        };
        if task.memory.muted.is_some() {
            task.free_since = now;
        }
        task.wait_for_the_first_run(now);
        task
    }

    /// A reminder that became due while no runner was there waits for the first run; not for long,
    /// or a runner that crashes at once, again and again, would never send a reminder.
    fn wait_for_the_first_run(&mut self, now: Mono) {
        let Some(due) = self.next_reminder() else {
            return;
        };
        if now < due + self.rules.downtime() / 4 {
            self.overslept = now;
        }
    }

    pub(super) fn rules(&self) -> &TaskRules {
        &self.rules
    }

    pub(super) fn name(&self) -> &TaskName {
        &self.rules.name
    }

    pub(super) fn memory(&self) -> &TaskMemory {
        &self.memory
    }

    pub(super) fn held(&self) -> &DeferredFailures {
        &self.memory.held
    }

    /// Returns what was counted, and since when the task is down.
    pub(super) fn tally(&self) -> SummaryCounts {
        let ongoing = self.memory.outage.as_ref();
        SummaryCounts {
            down_since: ongoing
                .filter(|_| self.is_down())
                .map(|ongoing| ongoing.outage.started.wall),
            ..self.memory.tally.clone()
        }
    }

    /// Begins to count.
    pub(super) fn begin_tally(&mut self) {
        self.memory.tally = SummaryCounts::default();
    }

    pub(super) fn in_outage(&self) -> bool {
        self.memory.outage.is_some()
    }

    pub(super) fn planned(&mut self, until: Mono) {
        self.planned = Some(until);
    }

    pub(super) fn run_started(&mut self, run: RunId, at: Moment) {
        self.planned = None;
        self.running = Some(RunningRun {
            run,
            started: at,
            mailed: false,
            withheld: false,
        });
    }

    pub(super) fn run_came_to_nothing(&mut self) {
        self.running = None;
    }

    pub(super) fn run_succeeded(&mut self, started: Moment, at: Moment) {
        self.running = None;
        self.memory.succeeded(at.mono.since(started.mono), at.wall);
    }

    /// Enters a failed run. Returns whether an outage began with it.
    pub(super) fn run_failed(
        &mut self,
        kind: &FailureKind,
        text: &str,
        started: Moment,
        at: Moment,
    ) -> bool {
        self.running = None;
        self.memory
            .enter(kind, text, (started, at), self.rules.outage_limits())
    }

    /// Decides about a failed run: FIRST before NEW before STUCK, or why nothing is mailed.
    pub(super) fn judge(
        &mut self,
        run: RunId,
        kind: &FailureKind,
        text: &str,
        at: Moment,
        chain_token: Mono,
    ) -> AlertDecision {
        let mut silent = None;
        if self.memory.known(kind).is_none() {
            let sort = self.sort_of(kind);
            self.memory.failed();
            silent = self.refusal(sort, kind, at, chain_token);
            // After a mute there is one mail, and a reminder that is due contains most.
            let reminds = self.debt().is_some() && self.reminds(at.mono);
            if silent.is_none() && !reminds {
                let mut alert = self.alert(sort, at);
                alert.run = Some(run);
                text.clone_into(&mut alert.text);
                self.hold(sort, kind, text, at.wall);
                return self.mail(alert);
            }
            self.hold(sort, kind, text, at.wall);
            if silent.is_some() {
                self.memory.tally.hold_back();
            }
        }
        if self.reminds(at.mono) {
            if let Some(reason) = self.muted_reason() {
                self.withhold_reminder(at.mono);
                return AlertDecision::Silent(reason);
            }
            let mut alert = self.reminder(at);
            alert.run = Some(run);
            return self.mail(alert);
        }
        AlertDecision::Silent(silent.unwrap_or_else(|| self.why_known(kind, at)))
    }

    /// Returns why a mail of this sort cannot leave now, if so.
    fn refusal(
        &mut self,
        sort: AlertKind,
        kind: &FailureKind,
        at: Moment,
        chain_token: Mono,
    ) -> Option<SilenceReason> {
        if let Some(reason) = self.muted_reason() {
            self.withhold_failure(sort, kind);
            return Some(reason);
        }
        if self.not_before > at.mono {
            let again = at.at(self.not_before).wall;
            return Some(SilenceReason::NotStored { again });
        }
        let task_token = self.memory.bucket(sort).next_token();
        let token = task_token.max(chain_token);
        if token <= at.mono {
            return None;
        }
        let limit = match sort {
            _ if chain_token > task_token => MailLimit::Chain,
            AlertKind::First => MailLimit::First,
            _ => MailLimit::New,
        };
        let until = (token != Mono::NEVER).then(|| at.at(token).wall);
        Some(SilenceReason::HeldBack { limit, until })
    }

    /// Returns whether a reminder is due, and may leave.
    fn reminds(&self, now: Mono) -> bool {
        self.next_reminder().is_some_and(|due| due <= now) && self.not_before <= now
    }

    /// Keeps a failure until a mail has named it; also while its own mail is on its way to the
    /// outbox, where it may never arrive.
    fn hold(&mut self, sort: AlertKind, kind: &FailureKind, text: &str, at: SystemTime) {
        self.memory.held.add(self.step, sort, kind, text, at);
    }

    fn mail(&mut self, alert: Alert) -> AlertDecision {
        self.not_before = alert.at.mono + AGAIN;
        AlertDecision::Mail(Box::new(alert))
    }

    fn why_known(&self, kind: &FailureKind, at: Moment) -> SilenceReason {
        let Some(ongoing) = &self.memory.outage else {
            return SilenceReason::NotStored { again: at.wall };
        };
        let due = self.next_reminder().unwrap_or(Mono::NEVER);
        if due <= at.mono {
            let again = at.at(self.not_before).wall;
            return SilenceReason::NotStored { again };
        }
        let started = ongoing.outage.started.mono;
        SilenceReason::Known {
            mailed: self
                .memory
                .known(kind)
                .map_or(at.wall, |known| known.mailed),
            downtime: at.mono.since(started),
            reminder: due.since(started),
        }
    }

    pub(super) fn poll(&mut self, now: Moment) -> Option<Due> {
        if self.due() > now.mono {
            return None;
        }
        if self.is_muted() {
            return self.poll_muted(now.mono);
        }
        let alert = if self.healing_due() <= now.mono {
            self.healed(now)
        } else if self.warning_due() <= now.mono {
            self.still_running(now)?
        } else if self.has_overslept(now.mono) {
            self.overslept = now.mono;
            return None;
        } else {
            self.reminder(now)
        };
        self.not_before = now.mono + AGAIN;
        Some(Due::Mail(Box::new(alert)))
    }

    fn poll_muted(&mut self, now: Mono) -> Option<Due> {
        if self.warning_due() <= now {
            self.withhold_warning();
        } else if self.has_overslept(now) {
            self.overslept = now;
            return None;
        } else {
            self.withhold_reminder(now);
        }
        Some(Due::Withheld)
    }

    pub(super) fn sent(&mut self, alert: &Alert, message_id: &str, at: Moment) {
        self.not_before = Mono::LONG_AGO;
        self.memory.tally.mailed();
        match alert.sort {
            AlertKind::First | AlertKind::New => self.first_or_new_sent(alert, at),
            AlertKind::Downtime { count } => {
                if let Some(ongoing) = self.outage_of(alert) {
                    ongoing.reminded = ongoing.reminded.max(count);
                    self.memory.balance.reminded(at);
                }
            }
            AlertKind::StillRunning => {
                self.memory.warned = Some(at.mono);
                if let Some(running) = &mut self.running {
                    running.mailed |= Some(running.run) == alert.run;
                }
            }
            AlertKind::Healed => self.memory.healing = None,
            AlertKind::HeldBack | AlertKind::Summary => {}
        }
        if !alert.mutes.is_empty() {
            self.told_of_mute();
        }
        let named: Vec<&DeferredFailure> = alert.held_back.iter().collect();
        self.told_of_held(&named, alert.held_back_unnamed, at);
        if let Some(ongoing) = self.outage_of(alert) {
            ongoing.thread.get_or_insert_with(|| message_id.to_owned());
        }
    }

    fn first_or_new_sent(&mut self, alert: &Alert, at: Moment) {
        self.memory.bucket(alert.sort).take(at.mono);
        if let Some(kind) = &alert.kind {
            self.memory.held.settle(kind);
            self.memory.told(kind, at.wall);
        }
    }

    fn outage_of(&mut self, alert: &Alert) -> Option<&mut Ongoing> {
        let number = alert.outage.as_ref()?.number;
        self.memory
            .outage
            .as_mut()
            .filter(|ongoing| ongoing.outage.number == number)
    }

    /// Takes note that a mail named what was held back.
    pub(super) fn told_of_held(&mut self, named: &[&DeferredFailure], unnamed: u64, at: Moment) {
        self.memory
            .held
            .settle_all(named.iter().map(|entry| &entry.kind), unnamed);
        for entry in named {
            self.memory.told(&entry.kind, at.wall);
        }
    }

    pub(super) fn pay_for_digest(&mut self, at: Mono) {
        let named = self.memory.held.named().iter();
        let sort = named
            .map(sort_of)
            .chain(self.debt().map(|_| AlertKind::New))
            .min_by_key(|sort| self.memory.token(*sort));
        if let Some(sort) = sort {
            self.memory.bucket(sort).take(at);
        }
    }
}
