//! The runner: obeys the chain. It runs what is due, waits where nothing is, and reports it in
//! events.
//!
//! It knows no clock, no signal and no process: those are its [`Host`]'s. The real one is made in
//! `cli`, a virtual one in `testing`.

use crate::chain::{Next, RunSpan, RunVerdict, TaskCycle};
use crate::core::event::{Event, Observer, RunEnd, RunId, StopReason, TaskIndex};
use crate::core::failure::Outcome;
use crate::core::time::{Moment, Mono};

/// What a runner stands on.
pub(crate) trait Host: Observer {
    /// Reads the clocks.
    fn now(&self) -> Moment;

    /// Takes what was asked for in the meantime, without waiting. `next` is what comes if nothing
    /// was.
    fn poll(&mut self, next: Next) -> HostRequest;

    /// Waits until `until`, or until something is asked for.
    fn wait(&mut self, until: Mono) -> HostRequest;

    /// Runs a task once, to its end.
    fn run(&mut self, step: TaskIndex, run: RunId) -> Outcome;
}

/// What was asked of a runner from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HostRequest {
    /// Nothing.
    None,
    /// Skip the rest of the cooldown.
    Wake,
    /// Go on where another runner of the chain left it.
    GoTo {
        /// Which task is next.
        next: TaskIndex,
        /// Not before then.
        due: Mono,
    },
    /// End; the signal that asked for it, if one did, is in the reason.
    Stop(StopReason),
}

/// Runs the chain until it ends, and returns why it did.
pub(crate) fn run(chain: &mut TaskCycle, host: &mut impl Host) -> StopReason {
    let at = host.now();
    host.observe(&Event::Started { at });
    let mut course = Course {
        runs: RunIds::default(),
        untold: Some(at),
    };
    let reason = loop {
        match turn(chain, host, &mut course) {
            Some(reason) => break reason,
            None => continue,
        }
    };
    let at = host.now();
    host.observe(&Event::Stopped {
        at,
        reason: &reason,
    });
    reason
}

/// Runs each of `count` tasks once, in order, without cooldowns, and returns why it ended.
pub(crate) fn once(count: usize, host: &mut impl Host) -> StopReason {
    let mut runs = RunIds::default();
    for step in 0..count {
        if let HostRequest::Stop(reason) = host.poll(Next::Run(step)) {
            return reason;
        }
        let outcome = execute(host, step, &mut runs).0;
        if matches!(outcome, Outcome::Fatal(_)) {
            return StopReason::Fatal { step };
        }
    }
    match host.poll(Next::Stop) {
        HostRequest::Stop(reason) => reason,
        HostRequest::None | HostRequest::Wake | HostRequest::GoTo { .. } => StopReason::Done,
    }
}

/// What a runner knows from one turn to the next.
#[derive(Debug)]
struct Course {
    runs: RunIds,
    /// When a cooldown began that was not reported yet: that of a former runner with this one.
    untold: Option<Moment>,
}

/// Carries out one decision of the chain. Returns the reason when it was the last one.
fn turn(chain: &mut TaskCycle, host: &mut impl Host, course: &mut Course) -> Option<StopReason> {
    let mut next = chain.next(host.now().mono);
    match host.poll(next) {
        HostRequest::None => {}
        HostRequest::Wake => {
            wake(chain, host);
            next = chain.next(host.now().mono);
        }
        HostRequest::GoTo { next, due } => {
            chain.go_to(next, due);
            course.untold = Some(host.now());
            return None;
        }
        HostRequest::Stop(reason) => return Some(reason),
    }
    match next {
        Next::Run(step) => run_once(chain, host, step, course),
        Next::WaitUntil(until) => rest(chain, host, until, course),
        Next::Stop => Some(StopReason::Done),
    }
}

/// A runner that was asked to stop does not come here: no observer learns that it sleeps.
fn rest(
    chain: &mut TaskCycle,
    host: &mut impl Host,
    until: Mono,
    course: &mut Course,
) -> Option<StopReason> {
    if let Some(at) = course.untold.take() {
        host.observe(&Event::Sleeping {
            step: chain.former(),
            next: chain.upcoming().0,
            at,
            until,
        });
    }
    match host.wait(until) {
        HostRequest::None => None,
        HostRequest::GoTo { next, due } => {
            chain.go_to(next, due);
            course.untold = Some(host.now());
            None
        }
        HostRequest::Wake => {
            wake(chain, host);
            None
        }
        HostRequest::Stop(reason) => Some(reason),
    }
}

fn wake(chain: &mut TaskCycle, host: &mut impl Host) {
    chain.wake(host.now().mono);
    host.observe(&Event::Woken);
}

fn run_once(
    chain: &mut TaskCycle,
    host: &mut impl Host,
    step: TaskIndex,
    course: &mut Course,
) -> Option<StopReason> {
    let (outcome, started, at) = execute(host, step, &mut course.runs);
    let span = RunSpan {
        started: started.mono,
        ended: at.mono,
    };
    chain.record(step, verdict(&outcome), span);
    if matches!(outcome, Outcome::Fatal(_)) {
        return Some(StopReason::Fatal { step });
    }
    course.untold = Some(at);
    None
}

/// Executes one run, from its first event to its last. Returns when the run began and ended.
fn execute(host: &mut impl Host, step: TaskIndex, runs: &mut RunIds) -> (Outcome, Moment, Moment) {
    let started = host.now();
    let run = runs.next(started);
    host.observe(&Event::RunStarted {
        step,
        run,
        at: started,
    });
    let outcome = host.run(step, run);
    let at = host.now();
    host.observe(&Event::RunEnded(RunEnd {
        step,
        run,
        started,
        at,
        outcome: &outcome,
    }));
    (outcome, started, at)
}

fn verdict(outcome: &Outcome) -> RunVerdict {
    match outcome {
        Outcome::Success | Outcome::RetryLater { .. } | Outcome::Interrupted { .. } => {
            RunVerdict::Fine
        }
        Outcome::Failure(_) => RunVerdict::Failed,
        Outcome::Fatal(_) => RunVerdict::Fatal,
    }
}

/// Names runs by the microsecond in which they began, one more where that is taken.
#[derive(Debug, Default)]
struct RunIds {
    last: u64,
}

impl RunIds {
    fn next(&mut self, started: Moment) -> RunId {
        let since_epoch = started
            .wall
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        let micros = u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX);
        self.last = micros.max(self.last.saturating_add(1));
        RunId(self.last)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::core::time::Mono;

    #[test]
    fn runs_are_named_whatever_the_clock_shows() {
        let at = |micros| Moment {
            mono: Mono::BOOT,
            wall: UNIX_EPOCH + Duration::from_micros(micros),
        };
        let mut ids = RunIds::default();
        let names = [5, 5, 3, u64::MAX, 7].map(|micros| ids.next(at(micros)).0);
        assert_eq!(names, [5, 6, 7, u64::MAX, u64::MAX]);
    }
}
