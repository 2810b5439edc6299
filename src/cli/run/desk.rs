//! The desk at which alerts are made: judges each failure by the policy, writes the mail, hands it to the outbox, and remembers.
//!
//! The order is fixed: outbox, then memory, then delivery. A crash in between costs at most one duplicate, never a mail.

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::alert::feed::{Decision, Feed};
use crate::alert::fingerprint;
use crate::alert::memory::Memory;
use crate::alert::memory::Waiting;
use crate::alert::notice::{Notice, Sort};
use crate::alert::policy::Policy;
use crate::cli::holding;
use crate::event::{Event, Limit, RunEnd, Step, StopReason};
use crate::failure::{Failure, Outcome};
use crate::logging::Log;
use crate::mail::mailer::Mailer;
use crate::mail::outbox::Kept;
use crate::settings::Digest;
use crate::time::{Moment, Mono};

use super::compose::Composer;
use super::memory::MemoryFile;
use super::morning;
use super::mutes::{self, MuteFile};

/// Makes alerts of events.
#[derive(Debug)]
pub(super) struct Desk {
    feed: Feed,
    composer: Composer,
    mailer: Mailer,
    memory: MemoryFile,
    /// The latest failure of each task: a reminder tells of it.
    failures: Vec<Option<Failure>>,
    /// The task that runs.
    under: Option<Step>,
    /// The timeout of each task, for the watchdog.
    limits: Vec<Option<Duration>>,
    /// Where lines may have been lost, which the next mail tells.
    log: Option<Log>,
    /// What says which mails are not wanted for a while.
    mutes: Option<MuteFile>,
    /// Whether, and how often, a summary is wanted.
    digest: Digest,
    /// Why the outbox was last refused by the disk: that is told once.
    told_of: Option<String>,
    /// Whether other failures may be held back than when that was last told.
    held_changed: bool,
}

/// Who is told of what the desk decides.
type Tell<'a> = &'a mut dyn FnMut(&Event<'_>);

impl Desk {
    /// Opens the desk.
    pub(super) fn new(
        policy: Policy,
        composer: Composer,
        mailer: Mailer,
        memory: MemoryFile,
        limits: Vec<Option<Duration>>,
    ) -> Self {
        let failures = limits.iter().map(|_| None).collect();
        Desk {
            feed: Feed::new(policy, fingerprint::of),
            composer,
            mailer,
            memory,
            failures,
            under: None,
            limits,
            log: None,
            mutes: None,
            digest: Digest::Never,
            told_of: None,
            held_changed: true,
        }
    }

    /// Has it tell in the next mail when lines of this log were lost.
    pub(super) fn with_log(self, log: Log) -> Self {
        Desk {
            log: Some(log),
            ..self
        }
    }

    /// Has it heed what people do not want mailed for a while.
    pub(super) fn with_mutes(self, mutes: MuteFile) -> Self {
        Desk {
            mutes: Some(mutes),
            ..self
        }
    }

    /// Adds regular summaries.
    pub(super) fn with_digest(self, digest: Digest) -> Self {
        Desk { digest, ..self }
    }

    /// Has delivered what a former runner left in the outbox.
    pub(super) fn adopt(&self) {
        self.mailer.adopt();
    }

    /// Adds a sentence to the next mail.
    pub(super) fn note(&mut self, note: String) {
        self.composer.note(note);
    }

    /// Takes note of an event, whose secrets are removed.
    pub(super) fn observe(&mut self, event: &Event<'_>, tell: Tell<'_>) {
        tell(event);
        match *event {
            Event::Started { at } => self.look_at_mutes(at, tell),
            // Whoever cannot signal this process has written it all the same.
            Event::RunEnded(end) if !matches!(end.outcome, Outcome::Success) => {
                self.look_at_mutes(end.at, tell);
            }
            _ => {}
        }
        let decision = self.feed.observe(event);
        match *event {
            Event::Started { at } => {
                self.plan_summary(at);
                // From now on a memory without the mark of an end means a crash.
                self.save(at);
                self.mailer.adopt();
            }
            Event::RunStarted { step, .. } => self.under = Some(step),
            Event::RunEnded(end) => {
                let RunEnd { step, at, .. } = end;
                self.mailer.nudge_again();
                self.tell_mutes(tell);
                if let Some(failure) = end.outcome.failure() {
                    self.failures[step] = Some(failure.clone());
                }
                self.carry_out(decision, end.took(), at, tell);
                let survived = self.under.take() == Some(step) && self.memory.survived(step);
                if survived {
                    self.save(at);
                }
                self.save_if_worth(at);
            }
            // The next runner takes it for the crash that it is: what ended this one was mailed, and may end that one too.
            Event::Stopped {
                at,
                reason: StopReason::Defect(_) | StopReason::Lost(_),
            } => self.save(at),
            Event::Stopped { at, .. } => {
                let memory = self.feed.policy.memory(at);
                let _ = self.memory.close(memory);
            }
            _ => {}
        }
    }

    /// Returns what is remembered of alerts.
    pub(super) fn remembered(&self, now: Moment) -> Memory {
        self.feed.policy.memory(now)
    }

    /// Has somebody told after each attempt to deliver mail, in the thread that makes it.
    pub(super) fn tell_after_each_delivery(&self, tell: impl Fn() + Send + Sync + 'static) {
        self.mailer.tell_after_each_pass(tell);
    }

    /// Returns when there is something to do without an event.
    pub(super) fn due(&self) -> Mono {
        if self.memory.is_closed() {
            return Mono::NEVER;
        }
        self.feed.policy.due().min(self.feed.policy.save_due())
    }

    /// Does what is due.
    pub(super) fn poll(&mut self, now: Moment, tell: Tell<'_>) {
        // The watcher may look once more after the end.
        if self.memory.is_closed() {
            return;
        }
        if self.feed.policy.due() <= now.mono {
            self.look_at_mutes(now, tell);
            let notices = self.feed.policy.poll(now);
            self.tell_mutes(tell);
            for notice in notices {
                let took = notice.running_since.map(|since| now.mono.since(since.mono));
                self.send(&notice, took, now, tell);
            }
        }
        self.save_if_worth(now);
    }

    /// Reads which mails are not wanted, if that has changed.
    pub(super) fn look_at_mutes(&mut self, now: Moment, tell: Tell<'_>) {
        let changed = self.mutes.as_mut().and_then(MuteFile::changed);
        if let Some(mutes) = changed {
            self.feed.policy.mutes_are(mutes, now);
        }
        self.tell_mutes(tell);
    }

    /// Reads which mails are not wanted: somebody says that this has changed.
    pub(super) fn hear_of_mutes(&mut self, now: Moment, tell: Tell<'_>) {
        if let Some(mutes) = &mut self.mutes {
            mutes.forget();
        }
        self.look_at_mutes(now, tell);
    }

    /// Says of each task that is muted until when, by whom, why, and how many mails were held back.
    pub(super) fn muted(&self) -> Vec<Option<String>> {
        let accounts = self.feed.policy.muted();
        accounts.map(|muted| muted.map(holding::words_of)).collect()
    }

    /// Lets the last mail leave of a runner that gives up: nobody will be there to tell of it later.
    pub(super) fn end_mutes(&mut self, now: Moment, tell: Tell<'_>) {
        self.feed.policy.mutes_are(Vec::new(), now);
        self.tell_mutes(tell);
    }

    fn tell_mutes(&mut self, tell: Tell<'_>) {
        for news in self.feed.policy.take_mute_news() {
            self.held_changed = true;
            let words = &mutes::words(&news);
            tell(&Event::Mute { words });
        }
    }

    /// Tells what is held back, if that may have changed.
    pub(super) fn tell_held(&mut self, tell: impl FnOnce(Option<Waiting>)) {
        if std::mem::take(&mut self.held_changed) {
            tell(self.feed.policy.waiting());
        }
    }

    /// Lets what was handed in just now leave, until `until`.
    pub(super) fn finish(&self, until: Mono) {
        for subject in self.mailer.finish(until) {
            log::error!("A mail that can be kept nowhere is lost: {subject}");
        }
    }

    /// Returns how long a run may go on that begins at `started`.
    pub(super) fn limit(&self, step: Step, started: Mono) -> Limit {
        self.feed.policy.limit(step, started)
    }

    /// Returns whether a run that began at `since` has passed its timeout.
    pub(super) fn is_overdue(&self, step: Step, since: Mono, now: Mono) -> bool {
        self.limits[step].is_some_and(|limit| now.since(since) > limit)
    }

    fn carry_out(&mut self, decision: Decision, took: Duration, at: Moment, tell: Tell<'_>) {
        self.held_changed |= !matches!(decision, Decision::Nothing);
        match decision {
            Decision::Nothing => {}
            Decision::Mail(notice) => self.send(&notice, Some(took), at, tell),
            Decision::Silent {
                step,
                run,
                at,
                kind,
                reason,
            } => {
                let why = reason.words(Composer::when);
                tell(&Event::NotAlerted {
                    step,
                    run,
                    at,
                    kind: &kind.0,
                    why: &why,
                });
            }
        }
    }

    fn send(&mut self, notice: &Notice, took: Option<Duration>, now: Moment, tell: Tell<'_>) {
        if let Some(words) = self.log.as_ref().and_then(Log::take_news) {
            self.composer.note(format!("{words}."));
        }
        let failure = notice.step.and_then(|step| self.failures[step].as_ref());
        let letter = self.composer.letter(notice, failure, took);
        if let Kept::InMemory(why) = self.mailer.post(&letter, now.wall) {
            self.trouble(why);
        }
        self.feed.policy.sent(notice, &letter.message_id, now);
        self.held_changed = true;
        if notice.sort == Sort::Summary {
            self.plan_summary(now);
        }
        self.save(now);
        tell(&Event::Alerted {
            step: notice.step,
            at: now,
            headline: &Composer::headline(notice),
            run: notice.run,
            kind: notice.kind.as_ref().map(|kind| kind.0.as_str()),
            sort: notice.sort.word(),
        });
    }

    fn plan_summary(&mut self, now: Moment) {
        match morning::next(self.digest, now.wall, &TimeZone::system()) {
            Some(due) => self.feed.policy.plan_summary(due, now),
            None => self.feed.policy.cancel_summary(),
        }
    }

    /// Tells once, and in the next mail, that mail is kept in memory only.
    fn trouble(&mut self, why: String) {
        if self.told_of.as_ref() != Some(&why) {
            log::error!("Mail is kept in memory only: {why}");
            self.composer
                .note(format!("Mail was kept in memory only for a while: {why}."));
            self.told_of = Some(why);
        }
    }

    fn save_if_worth(&mut self, now: Moment) {
        if self.feed.policy.worth_saving(now.mono) {
            self.save(now);
        }
    }

    fn save(&mut self, now: Moment) {
        let was_broken = self.memory.is_broken();
        match self.memory.write(self.feed.policy.memory(now)) {
            Ok(()) => self.feed.policy.saved(now.mono),
            Err(error) => {
                self.feed.policy.not_saved(now.mono);
                if !was_broken {
                    self.composer.note(format!(
                        "The memory of alerts could not be written for a while: {error}."
                    ));
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "desk_tests.rs"]
mod tests;
