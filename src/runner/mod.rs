//! The runner: obeys the chain. It runs what is due, waits where nothing is, and tells of it in events.
//!
//! It knows no clock, no signal and no process: those are its [`Host`]'s. The real one is made in `cli`, a virtual one in `testing`.

use crate::chain::{Chain, Next, Verdict};
use crate::event::{Event, Observer, RunEnd, RunId, Step, StopReason};
use crate::failure::Outcome;
use crate::time::{Moment, Mono};

/// What a runner stands on.
pub(crate) trait Host: Observer {
    /// Reads the clocks.
    fn now(&self) -> Moment;

    /// Takes what was asked for in the meantime, without waiting. Called before each run.
    fn poll(&mut self) -> Request;

    /// Waits until `until`, or until something is asked for.
    fn wait(&mut self, until: Mono) -> Request;

    /// Runs a task once, to its end.
    fn run(&mut self, step: Step, run: RunId) -> Outcome;
}

/// What was asked of a runner from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Nothing.
    None,
    /// Skip the rest of the cooldown.
    Wake,
    /// End; the signal that said so, if one did, is in the reason.
    Stop(StopReason),
}

/// Runs the chain until it ends, and returns why it did.
pub(crate) fn run(chain: &mut Chain, host: &mut impl Host) -> StopReason {
    let mut runs = RunIds::default();
    let at = host.now();
    host.observe(&Event::Started { at });
    let reason = loop {
        match turn(chain, host, &mut runs) {
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
        if let Request::Stop(reason) = host.poll() {
            return reason;
        }
        let outcome = execute(host, step, &mut runs).0;
        if matches!(outcome, Outcome::Fatal(_)) {
            return StopReason::Fatal { step };
        }
    }
    match host.poll() {
        Request::Stop(reason) => reason,
        Request::None | Request::Wake => StopReason::Done,
    }
}

/// One decision of the chain, carried out. Returns the reason when it was the last one.
fn turn(chain: &mut Chain, host: &mut impl Host, runs: &mut RunIds) -> Option<StopReason> {
    match host.poll() {
        Request::None => {}
        Request::Wake => wake(chain, host),
        Request::Stop(reason) => return Some(reason),
    }
    match chain.next(host.now().mono) {
        Next::Run(step) => run_once(chain, host, step, runs),
        Next::WaitUntil(until) => match host.wait(until) {
            Request::None => None,
            Request::Wake => {
                wake(chain, host);
                None
            }
            Request::Stop(reason) => Some(reason),
        },
        Next::Stop => Some(StopReason::Done),
    }
}

fn wake(chain: &mut Chain, host: &mut impl Host) {
    chain.wake(host.now().mono);
    host.observe(&Event::Woken);
}

fn run_once(
    chain: &mut Chain,
    host: &mut impl Host,
    step: Step,
    runs: &mut RunIds,
) -> Option<StopReason> {
    let (outcome, at) = execute(host, step, runs);
    chain.record(step, verdict(&outcome), at.mono);
    if matches!(outcome, Outcome::Fatal(_)) {
        return Some(StopReason::Fatal { step });
    }
    let (next, until) = chain.upcoming();
    if until > at.mono {
        host.observe(&Event::Sleeping {
            step,
            next,
            at,
            until,
        });
    }
    None
}

/// One run, from its first event to its last. Returns when it ended.
fn execute(host: &mut impl Host, step: Step, runs: &mut RunIds) -> (Outcome, Moment) {
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
    (outcome, at)
}

fn verdict(outcome: &Outcome) -> Verdict {
    match outcome {
        Outcome::Success | Outcome::RetryLater { .. } | Outcome::Interrupted { .. } => {
            Verdict::Fine
        }
        Outcome::Failure(_) => Verdict::Failed,
        Outcome::Fatal(_) => Verdict::Fatal,
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
        self.last = micros.max(self.last + 1);
        RunId(self.last)
    }
}
