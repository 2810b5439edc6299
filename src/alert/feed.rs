//! From the events of a runner to what the policy makes of them: one way for a runner on a machine and one in virtual time.

use super::notice::{Kind, Notice};
use super::policy::{Policy, Reason, Seen, Verdict};
use crate::event::{Event, RunId, Step};
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

/// The end of a run.
struct Ended<'a> {
    step: Step,
    run: RunId,
    started: Moment,
    at: Moment,
    outcome: &'a Outcome,
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
            Event::RunEnded {
                step,
                run,
                started,
                at,
                outcome,
            } => {
                return self.judge(&Ended {
                    step,
                    run,
                    started,
                    at,
                    outcome,
                });
            }
            _ => {}
        }
        Decision::Nothing
    }

    fn judge(&mut self, ended: &Ended<'_>) -> Decision {
        let Some(failure) = ended.outcome.failure() else {
            let seen = match ended.outcome {
                Outcome::Success => Seen::Success,
                Outcome::RetryLater { reason } => Seen::Later { reason },
                _ => Seen::Neither,
            };
            return self.decide(ended, seen, Kind(String::new()));
        };
        let (fingerprint, said) = ((self.kind_of)(failure), failure.text());
        let (kind, text) = (&fingerprint, said.as_str());
        let seen = match ended.outcome {
            Outcome::Fatal(_) => Seen::Fatal { kind, text },
            _ => Seen::Failure { kind, text },
        };
        self.decide(ended, seen, fingerprint.clone())
    }

    fn decide(&mut self, ended: &Ended<'_>, seen: Seen<'_>, kind: Kind) -> Decision {
        let &Ended {
            step,
            run,
            started,
            at,
            ..
        } = ended;
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
