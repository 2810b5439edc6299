//! The desk at which alerts are made: judges each failure by the policy, writes the mail, hands it to the outbox, and remembers.
//!
//! The order is fixed: outbox, then memory, then delivery. A crash in between costs at most one duplicate, never a mail.

use std::time::Duration;

use crate::alert::fingerprint;
use crate::alert::notice::Notice;
use crate::alert::policy::{Policy, Seen, Verdict};
use crate::event::{Event, RunId, Step};
use crate::failure::{Failure, Outcome};
use crate::logging::Log;
use crate::mail::mailer::Mailer;
use crate::mail::outbox::Kept;
use crate::time::{Moment, Mono};

use super::compose::Composer;
use super::memory::MemoryFile;

/// Makes alerts of events.
#[derive(Debug)]
pub(super) struct Desk {
    policy: Policy,
    composer: Composer,
    mailer: Mailer,
    memory: MemoryFile,
    /// The latest failure of each task: a reminder tells of it.
    failures: Vec<Option<Failure>>,
    /// The timeout of each task, for the watchdog.
    limits: Vec<Option<Duration>>,
    log: Log,
    /// Why the outbox was last refused by the disk: that is told once.
    told_of: Option<String>,
}

/// The end of a run that was judged.
struct Ended<'a> {
    step: Step,
    run: RunId,
    started: Moment,
    at: Moment,
    /// Its fingerprint, if it failed.
    kind: &'a str,
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
        log: Log,
    ) -> Self {
        let failures = limits.iter().map(|_| None).collect();
        Desk {
            policy,
            composer,
            mailer,
            memory,
            failures,
            limits,
            log,
            told_of: None,
        }
    }

    /// Adds a sentence to the next mail.
    pub(super) fn note(&mut self, note: String) {
        self.composer.note(note);
    }

    /// Takes note of an event, whose secrets are removed.
    pub(super) fn observe(&mut self, event: &Event<'_>, tell: Tell<'_>) {
        tell(event);
        match *event {
            Event::Started { at } => {
                // From now on a memory without the mark of an end means a crash.
                self.save(at);
                self.mailer.adopt();
            }
            Event::RunStarted { step, run, at } => self.policy.run_started(step, run, at),
            Event::Sleeping { next, until, .. } => self.policy.sleeping(next, until),
            Event::RunEnded {
                step,
                run,
                started,
                at,
                outcome,
            } => {
                self.judge(step, run, started, at, outcome, tell);
                self.save_if_worth(at);
            }
            Event::Stopped { at, .. } => {
                let memory = self.policy.memory(at);
                let _ = self.memory.close(memory);
            }
            _ => {}
        }
    }

    /// Returns when there is something to do without an event.
    pub(super) fn due(&self) -> Mono {
        self.policy.due().min(self.policy.save_due())
    }

    /// Does what is due.
    pub(super) fn poll(&mut self, now: Moment, tell: Tell<'_>) {
        if self.policy.due() <= now.mono {
            for notice in self.policy.poll(now) {
                let took = notice.running_since.map(|since| now.mono.since(since.mono));
                self.send(&notice, took, now, tell);
            }
        }
        self.save_if_worth(now);
    }

    /// Lets what was handed in just now leave, until `until`.
    pub(super) fn finish(&self, until: Mono) {
        self.mailer.finish(until);
    }

    /// Returns whether a run that began at `since` has passed its timeout.
    pub(super) fn is_overdue(&self, step: Step, since: Mono, now: Mono) -> bool {
        self.limits[step].is_some_and(|limit| now.since(since) > limit)
    }

    fn judge(
        &mut self,
        step: Step,
        run: RunId,
        started: Moment,
        at: Moment,
        outcome: &Outcome,
        tell: Tell<'_>,
    ) {
        let Some(failure) = outcome.failure() else {
            let seen = match outcome {
                Outcome::Success => Seen::Success,
                _ => Seen::Neither,
            };
            let verdict = self.policy.run_ended(step, run, started, at, seen);
            return self.carry_out(
                verdict,
                &Ended {
                    step,
                    run,
                    started,
                    at,
                    kind: "",
                },
                tell,
            );
        };
        let (kind, text) = (fingerprint::of(failure), failure.text());
        self.failures[step] = Some(failure.clone());
        let seen = Seen::Failure {
            kind: &kind,
            text: &text,
        };
        let verdict = self.policy.run_ended(step, run, started, at, seen);
        self.carry_out(
            verdict,
            &Ended {
                step,
                run,
                started,
                at,
                kind: &kind.0,
            },
            tell,
        );
    }

    fn carry_out(&mut self, verdict: Verdict, ended: &Ended<'_>, tell: Tell<'_>) {
        let &Ended {
            step,
            run,
            started,
            at,
            kind,
        } = ended;
        match verdict {
            Verdict::Nothing => {}
            Verdict::Mail(notice) => {
                let took = at.mono.since(started.mono);
                self.send(&notice, Some(took), at, tell);
            }
            Verdict::Silent(reason) => {
                let why = reason.words(Composer::when);
                tell(&Event::NotAlerted {
                    step,
                    run,
                    at,
                    kind,
                    why: &why,
                });
            }
        }
    }

    fn send(&mut self, notice: &Notice, took: Option<Duration>, now: Moment, tell: Tell<'_>) {
        if let Some(words) = self.log.take_news() {
            self.composer.note(format!("{words}."));
        }
        let failure = notice.step.and_then(|step| self.failures[step].as_ref());
        let letter = self.composer.letter(notice, failure, took);
        if let Kept::InMemory(why) = self.mailer.post(&letter, now.wall) {
            self.trouble(why);
        }
        self.policy.sent(notice, &letter.message_id, now);
        self.save(now);
        tell(&Event::Alerted {
            step: notice.step,
            at: now,
            headline: &Composer::headline(notice),
            run: notice.run,
            sort: notice.sort.word(),
        });
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
                    self.composer.note(format!(
                        "The memory of alerts could not be written for a while: {error}."
                    ));
                }
            }
        }
    }
}
