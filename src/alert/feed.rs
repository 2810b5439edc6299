//! From the events of a runner to what the policy makes of them: one way for a runner on a machine and one in virtual time.

use super::notice::{Kind, Notice};
use super::policy::{Policy, Reason, Seen, Verdict};
use crate::event::{Event, RunEnd, RunId, Step};
use crate::failure::{Failure, Outcome};
use crate::time::Moment;

/// A policy with what it is told.
#[derive(Debug)]
pub(crate) struct Feed {
    /// For what is no event: what is due, what was sent, what is to be saved.
    pub(crate) policy: Policy,
    kind_of: fn(&Failure) -> Kind,
}

/// What comes of an event.
#[derive(Debug)]
pub(crate) enum Decision {
    /// Nothing that anybody is told of.
    Nothing,
    /// A mail.
    Mail(Box<Notice>),
    /// A failure that is not mailed.
    Silent {
        /// Of which task.
        step: Step,
        /// Which run.
        run: RunId,
        /// When it ended.
        at: Moment,
        /// Its fingerprint.
        kind: Kind,
        /// Why not.
        reason: Reason,
    },
}

impl Feed {
    /// Makes one. `kind_of` makes the fingerprint of a failure.
    pub(crate) fn new(policy: Policy, kind_of: fn(&Failure) -> Kind) -> Self {
        Feed { policy, kind_of }
    }

    /// Takes note of an event, whose secrets are removed.
    pub(crate) fn observe(&mut self, event: &Event<'_>) -> Decision {
        match *event {
            Event::RunStarted { step, run, at } => self.policy.run_started(step, run, at),
            Event::Sleeping { next, until, .. } => self.policy.sleeping(next, until),
            Event::RunEnded(end) => return self.judge(&end),
            _ => {}
        }
        Decision::Nothing
    }

    fn judge(&mut self, end: &RunEnd<'_>) -> Decision {
        let Some(failure) = end.outcome.failure() else {
            let seen = match end.outcome {
                Outcome::Success => Seen::Success,
                Outcome::RetryLater { reason } => Seen::Later { reason },
                _ => Seen::Neither,
            };
            return self.decide(end, seen, Kind(String::new()));
        };
        let (mut kind, text) = ((self.kind_of)(failure), failure.text());
        let ends_runner = matches!(end.outcome, Outcome::Fatal(_));
        if ends_runner {
            kind = kind.ending_the_runner();
        }
        let (fingerprint, text) = (kind.clone(), text.as_str());
        let seen = match &kind {
            kind if ends_runner => Seen::Fatal { kind, text },
            kind => Seen::Failure { kind, text },
        };
        let mut decision = self.decide(end, seen, fingerprint);
        if let Decision::Mail(notice) = &mut decision {
            notice.ends_runner = ends_runner;
        }
        decision
    }

    fn decide(&mut self, end: &RunEnd<'_>, seen: Seen<'_>, kind: Kind) -> Decision {
        let &RunEnd {
            step,
            run,
            started,
            at,
            ..
        } = end;
        match self.policy.run_ended(step, run, started, at, seen) {
            Verdict::Nothing => Decision::Nothing,
            Verdict::Mail(notice) => Decision::Mail(notice),
            Verdict::Silent(reason) => Decision::Silent {
                step,
                run,
                at,
                kind,
                reason,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::alert::fingerprint;
    use crate::alert::memory::Memory;
    use crate::alert::policy::{ChainRules, TaskRules, WarnAfter};
    use crate::failure::FailureClass;
    use crate::settings::Healed;
    use crate::task::TaskName;
    use crate::time::Mono;

    #[test]
    fn the_end_of_the_runner_is_news_though_the_same_failure_was_mailed() {
        let now = Moment {
            mono: Mono::BOOT + Duration::from_secs(3600),
            wall: UNIX_EPOCH + Duration::from_secs(1_800_000_000),
        };
        let task = TaskRules {
            name: TaskName::parse("tasks::a").unwrap(),
            non_recoverable_downtime: Duration::from_secs(3600),
            warn_after: WarnAfter::Usual,
        };
        let chain = ChainRules {
            max_per_hour: 20,
            healed: Healed::Never,
        };
        let policy = Policy::new(vec![task], chain, Memory::empty(now, "boot"), now);
        let mut feed = Feed::new(policy, fingerprint::of);
        let failure = Box::new(Failure::new(FailureClass::Exit(1), "broken"));
        let mut mailed = |outcome: Outcome| {
            let run = RunId(1);
            feed.observe(&Event::RunStarted {
                step: 0,
                run,
                at: now,
            });
            let decision = feed.observe(&Event::RunEnded(RunEnd {
                step: 0,
                run,
                started: now,
                at: now,
                outcome: &outcome,
            }));
            let Decision::Mail(notice) = decision else {
                return None;
            };
            feed.policy.sent(&notice, "id@host", now);
            assert_eq!(fingerprint::of_outcome(&outcome), notice.kind);
            Some((notice.sort.word(), notice.ends_runner))
        };
        assert_eq!(
            mailed(Outcome::Failure(failure.clone())),
            Some(("first", false))
        );
        assert_eq!(mailed(Outcome::Failure(failure.clone())), None);
        assert_eq!(mailed(Outcome::Fatal(failure)), Some(("new", true)));
    }
}
