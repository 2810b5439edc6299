//! The alerter makes mails of events: applies the policy to each failure, writes the mail, hands it
//! to the outbox, and remembers.
//!
//! The order is fixed: outbox, then memory, then delivery. A crash in between costs at most one
//! duplicate, never a mail.

use std::time::Duration;

use super::alert_memory_file::{AlertMemoryFile, MemoryCopy};
use super::mail_composer::MailComposer;
use super::mail_dispatch::MailDispatch;
use crate::alert::alert_kind::AlertKind;
use crate::alert::fingerprint;
use crate::alert::memory::{AlertMemory, DeferredSummary};
use crate::alert::policy::{AlertDecision, ChainPolicy};
use crate::alert::{alert_facts::Alert, failure_kind::FailureKind};
use crate::core::event::{Event, RunDeadlines, RunEnd, StopReason, TaskIndex};
use crate::core::failure::{Failure, Outcome};
use crate::core::settings::Digest;
use crate::core::time::{Moment, Mono};
use crate::logging::Log;
use crate::mute::on_disk::active_mute;
use crate::mute::on_disk::mute_file::{self, MuteFile};
use crate::schedule::summary_time;
use crate::unix::clock::{self, to_the_minute};

/// Makes alerts of events.
#[derive(Debug)]
pub(crate) struct Alerter {
    policy: ChainPolicy,
    dispatch: MailDispatch,
    memory: AlertMemoryFile,
    /// The latest failure of each task: a reminder mentions it.
    failures: Vec<Option<Failure>>,
    /// The task that runs.
    under: Option<TaskIndex>,
    /// The timeout of each task, for the watchdog.
    limits: Vec<Option<Duration>>,
    /// What says which mails are not wanted for a while.
    mutes: Option<MuteFile>,
    /// Whether, and how often, a summary is wanted.
    digest: Digest,
    /// Whether other failures may be held back than when that was last reported.
    held_changed: bool,
}

/// The observer of what the alerter decides.
type Tell<'a> = &'a mut dyn FnMut(&Event<'_>);

impl Alerter {
    /// Creates the alerter of a runner.
    pub(crate) fn new(
        policy: ChainPolicy,
        dispatch: MailDispatch,
        memory: AlertMemoryFile,
        limits: Vec<Option<Duration>>,
    ) -> Self {
        let failures = limits.iter().map(|_| None).collect();
        Alerter {
            policy,
            dispatch,
            memory,
            failures,
            under: None,
            limits,
            mutes: None,
            digest: Digest::Never,
            held_changed: true,
        }
    }

    /// Mentions in the next mail when lines of this log were lost.
    pub(crate) fn with_log(self, log: Log) -> Self {
        Alerter {
            dispatch: self.dispatch.with_log(log),
            ..self
        }
    }

    /// Has it heed what people do not want mailed for a while.
    pub(crate) fn with_mutes(self, mutes: MuteFile) -> Self {
        Alerter {
            mutes: Some(mutes),
            ..self
        }
    }

    /// Adds regular summaries.
    pub(crate) fn with_digest(self, digest: Digest) -> Self {
        Alerter { digest, ..self }
    }

    /// Has delivered what a former runner left in the outbox.
    pub(crate) fn adopt(&self) {
        self.dispatch.adopt();
    }

    /// Adds a sentence to the next mail.
    pub(crate) fn note(&mut self, note: String) {
        self.dispatch.note(note);
    }

    /// Takes note of an event, whose secrets are removed.
    pub(crate) fn observe(&mut self, event: &Event<'_>, tell: Tell<'_>) {
        tell(event);
        match *event {
            Event::Started { at } => self.look_at_mutes(at, tell),
            // Whoever cannot signal this process has written it all the same.
            Event::RunEnded(end) if !matches!(end.outcome, Outcome::Success) => {
                self.look_at_mutes(end.at, tell);
            }
            _ => {}
        }
        let (decision, kind) = self.policy.observe(event, fingerprint::of);
        match *event {
            Event::Started { at } => {
                self.plan_summary(at);
                // From now on a memory without the mark of an end means a crash.
                self.save(at);
                self.dispatch.adopt();
            }
            Event::RunStarted { step, .. } => self.under = Some(step),
            Event::RunEnded(end) => {
                let RunEnd { step, at, .. } = end;
                self.dispatch.nudge_again();
                self.tell_mutes(tell);
                if let Some(failure) = end.outcome.failure() {
                    self.failures[step] = Some(failure.clone());
                }
                self.carry_out(decision, kind, &end, tell);
                let survived = self.under.take() == Some(step) && self.memory.survived(step);
                if survived {
                    self.save(at);
                }
                self.save_if_worth(at);
            }
            // The next runner takes it for the crash that it is: what ended this one was mailed,
            // and may end that one too.
            Event::Stopped {
                at,
                reason: StopReason::Defect(_) | StopReason::Lost(_),
            } => self.save(at),
            Event::Stopped { at, .. } => {
                let memory = self.policy.memory(at);
                let _ = self.memory.close(memory);
            }
            _ => {}
        }
    }

    /// Sends a copy of the memory whenever that is written from now on.
    pub(crate) fn copy_memory_to(&mut self, copy: MemoryCopy) {
        self.memory.copy_to(copy);
    }

    /// Takes over what another runner of this chain remembers, except of the task `own`, of which
    /// this runner knows better.
    pub(crate) fn inherit(
        &mut self,
        mut alerts: AlertMemory,
        own: &str,
        now: Moment,
        tell: Tell<'_>,
    ) {
        alerts.keep_task_of(&self.policy.memory(now), own);
        self.policy.adopt(alerts, now);
        self.failures.fill(None);
        self.held_changed = true;
        self.hear_of_mutes(now, tell);
        self.save(now);
    }

    /// Returns what is remembered of alerts.
    pub(crate) fn remembered(&self, now: Moment) -> AlertMemory {
        self.policy.memory(now)
    }

    /// Returns since when the memory of alerts cannot be written, if it cannot.
    pub(crate) fn unsaved_since(&self) -> Option<Mono> {
        self.memory.broken_since()
    }

    /// Returns how many mails no disk has taken.
    pub(crate) fn mails_in_memory(&self) -> u64 {
        self.dispatch.mails_in_memory()
    }

    /// Calls `tell` after each attempt to deliver mail, in the thread that makes it, with the
    /// number of mails that no disk has taken.
    pub(crate) fn tell_after_each_delivery(&self, tell: impl Fn(u64) + Send + Sync + 'static) {
        self.dispatch.tell_after_each_pass(tell);
    }

    /// Returns when there is something to do without an event.
    pub(crate) fn due(&self) -> Mono {
        if self.memory.is_closed() {
            return Mono::NEVER;
        }
        self.policy.due().min(self.policy.save_due())
    }

    /// Does what is due.
    pub(crate) fn poll(&mut self, now: Moment, tell: Tell<'_>) {
        // The watcher may look once more after the end.
        if self.memory.is_closed() {
            return;
        }
        if self.policy.due() <= now.mono {
            self.look_at_mutes(now, tell);
            let alerts = self.policy.poll(now);
            self.tell_mutes(tell);
            for alert in alerts {
                let took = alert.running_since.map(|since| now.mono.since(since.mono));
                self.send(&alert, took, now, tell);
            }
        }
        self.save_if_worth(now);
    }

    /// Reads which mails are not wanted, if that has changed.
    pub(crate) fn look_at_mutes(&mut self, now: Moment, tell: Tell<'_>) {
        let changed = self.mutes.as_mut().and_then(|file| file.changed(now));
        if let Some(mutes) = changed {
            self.policy.mutes_are(mutes, now);
        }
        for words in self.mutes.iter_mut().flat_map(MuteFile::take_void) {
            tell(&Event::Mute { words: &words });
        }
        self.tell_mutes(tell);
    }

    /// Reads which mails are not wanted: a signal announces that this has changed.
    pub(crate) fn hear_of_mutes(&mut self, now: Moment, tell: Tell<'_>) {
        if let Some(mutes) = &mut self.mutes {
            mutes.forget();
        }
        self.look_at_mutes(now, tell);
    }

    /// Returns the words about the mute of each task: the end, the author, the reason, and how many
    /// mails were held back; `None` for a task that is not muted.
    pub(crate) fn muted(&self) -> Vec<Option<String>> {
        let accounts = self.policy.muted();
        accounts
            .map(|muted| muted.map(active_mute::words_of))
            .collect()
    }

    /// Lets the last mail leave of a runner that gives up: nobody will be there to tell of it
    /// later.
    pub(crate) fn end_mutes(&mut self, now: Moment, tell: Tell<'_>) {
        self.policy.mutes_are(Vec::new(), now);
        self.tell_mutes(tell);
    }

    fn tell_mutes(&mut self, tell: Tell<'_>) {
        for news in self.policy.take_mute_news() {
            self.held_changed = true;
            if let (Some(file), Some(_)) = (&mut self.mutes, news.ended) {
                // The next look takes out of the file what is over.
                file.forget();
            }
            let words = &mute_file::words(&news);
            tell(&Event::Mute { words });
        }
    }

    /// Reports what is held back, if that may have changed.
    pub(crate) fn tell_held(&mut self, tell: impl FnOnce(Option<DeferredSummary>)) {
        if std::mem::take(&mut self.held_changed) {
            tell(self.policy.waiting());
        }
    }

    /// Lets what was handed in just now leave, until `until`.
    pub(crate) fn finish(&self, until: Mono) {
        self.dispatch.finish(until);
    }

    /// Returns how long a run may go on that begins at `started`.
    pub(crate) fn limit(&self, step: TaskIndex, started: Mono) -> RunDeadlines {
        self.policy.limit(step, started)
    }

    /// Returns whether a run that began at `since` has passed its timeout.
    pub(crate) fn is_overdue(&self, step: TaskIndex, since: Mono, now: Mono) -> bool {
        self.limits[step].is_some_and(|limit| now.since(since) > limit)
    }

    fn carry_out(
        &mut self,
        decision: AlertDecision,
        kind: Option<FailureKind>,
        end: &RunEnd<'_>,
        tell: Tell<'_>,
    ) {
        self.held_changed |= !matches!(decision, AlertDecision::Nothing);
        match decision {
            AlertDecision::Nothing => {}
            AlertDecision::Mail(alert) => self.send(&alert, Some(end.took()), end.at, tell),
            AlertDecision::Silent(reason) => tell(&Event::NotAlerted {
                step: end.step,
                run: end.run,
                at: end.at,
                kind: kind.as_ref().map_or("", |kind| kind.0.as_str()),
                why: &reason.words(to_the_minute),
            }),
        }
    }

    fn send(&mut self, alert: &Alert, took: Option<Duration>, now: Moment, tell: Tell<'_>) {
        let failure = alert.step.and_then(|step| self.failures[step].as_ref());
        let message_id = self.dispatch.post(alert, failure, took, now);
        self.policy.sent(alert, &message_id, now);
        self.held_changed = true;
        if alert.sort == AlertKind::Summary {
            self.plan_summary(now);
        }
        self.save(now);
        tell(&Event::Alerted {
            step: alert.step,
            at: now,
            headline: &MailComposer::headline(alert),
            run: alert.run,
            kind: alert.kind.as_ref().map(|kind| kind.0.as_str()),
            sort: alert.sort.word(),
        });
    }

    fn plan_summary(&mut self, now: Moment) {
        match summary_time::next(self.digest, now.wall, &clock::local_zone()) {
            Some(due) => self.policy.plan_summary(due, now),
            None => self.policy.cancel_summary(),
        }
    }

    fn save_if_worth(&mut self, now: Moment) {
        if self.policy.worth_saving(now.mono) {
            self.save(now);
        }
    }

    fn save(&mut self, now: Moment) {
        let was_broken = self.memory.is_broken();
        match self.memory.write(self.policy.memory(now)) {
            Ok(()) => self.policy.saved(now.mono),
            Err(error) => {
                self.policy.not_saved(now.mono);
                if !was_broken {
                    self.dispatch.note(format!(
                        "The memory of alerts could not be written for a while: {error}."
                    ));
                }
            }
        }
    }
}

#[cfg(test)]
#[cfg(feature = "cli")]
#[path = "alerter_tests.rs"]
mod tests;
