//! What the policy makes of the events of a runner: one way for a runner on a machine and one in
//! virtual time.

use super::ChainPolicy;
use crate::alert::failure_kind::FailureKind;
use crate::alert::policy::alert_decision::{AlertDecision, RunOutcome};
use crate::core::event::{Event, RunEnd};
use crate::core::failure::{Failure, Outcome};

impl ChainPolicy {
    /// Takes note of an event, whose secrets are removed. Returns what is to be done, and the kind
    /// of the failure if a run has failed; `kind_of` returns the fingerprint of a failure.
    pub(crate) fn observe(
        &mut self,
        event: &Event<'_>,
        kind_of: fn(&Failure) -> FailureKind,
    ) -> (AlertDecision, Option<FailureKind>) {
        match *event {
            Event::RunStarted { step, run, at } => self.run_started(step, run, at),
            Event::Sleeping { next, until, .. } => self.sleeping(next, until),
            Event::RunEnded(end) => return self.observe_end(&end, kind_of),
            _ => {}
        }
        (AlertDecision::Nothing, None)
    }

    fn observe_end(
        &mut self,
        end: &RunEnd<'_>,
        kind_of: fn(&Failure) -> FailureKind,
    ) -> (AlertDecision, Option<FailureKind>) {
        let &RunEnd {
            step,
            run,
            started,
            at,
            outcome,
        } = end;
        let Some(failure) = outcome.failure() else {
            let seen = match outcome {
                Outcome::Success => RunOutcome::Success,
                Outcome::RetryLater { reason } => RunOutcome::Later { reason },
                _ => RunOutcome::Neither,
            };
            return (self.run_ended(step, run, started, at, seen), None);
        };
        let (mut kind, text) = (kind_of(failure), failure.text());
        let text = text.as_str();
        let ends_runner = matches!(outcome, Outcome::Fatal(_));
        if ends_runner {
            kind = kind.ending_the_runner();
        }
        let seen = match &kind {
            kind if ends_runner => RunOutcome::Fatal { kind, text },
            kind => RunOutcome::Failure { kind, text },
        };
        let mut decision = self.run_ended(step, run, started, at, seen);
        if let AlertDecision::Mail(alert) = &mut decision {
            alert.ends_runner = ends_runner;
        }
        (decision, Some(kind))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::alert::fingerprint;
    use crate::alert::memory::AlertMemory;
    use crate::alert::policy::{ChainRules, TaskRules, WarnAfter};
    use crate::core::event::RunId;
    use crate::core::failure::FailureClass;
    use crate::core::settings::Healed;
    use crate::core::time::{Moment, Mono};
    use crate::task::TaskName;

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
            forget_after: None,
        };
        let chain = ChainRules {
            max_per_hour: 20,
            healed: Healed::Never,
        };
        let mut policy = ChainPolicy::new(vec![task], chain, AlertMemory::empty(now, "boot"), now);
        let failure = Box::new(Failure::new(FailureClass::Exit(1), "broken"));
        let mut mailed = |outcome: Outcome| {
            let run = RunId(1);
            let started = Event::RunStarted {
                step: 0,
                run,
                at: now,
            };
            policy.observe(&started, fingerprint::of);
            let ended = Event::RunEnded(RunEnd {
                step: 0,
                run,
                started: now,
                at: now,
                outcome: &outcome,
            });
            let (AlertDecision::Mail(alert), _) = policy.observe(&ended, fingerprint::of) else {
                return None;
            };
            policy.sent(&alert, "id@host", now);
            assert_eq!(fingerprint::of_outcome(&outcome), alert.kind);
            Some((alert.sort.word(), alert.ends_runner))
        };
        assert_eq!(
            mailed(Outcome::Failure(failure.clone())),
            Some(("first", false))
        );
        assert_eq!(mailed(Outcome::Failure(failure.clone())), None);
        assert_eq!(mailed(Outcome::Fatal(failure)), Some(("new", true)));
    }
}
