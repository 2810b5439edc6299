//! How long a running task is let be after the runner was asked to stop. Pure.

use std::time::Duration;

use crate::core::time::Mono;

/// A request to end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StopRequest {
    /// Such as `SIGTERM`.
    pub(crate) signal: &'static str,
    /// When it came.
    pub(crate) at: Mono,
    /// How often SIGINT came: the second ends the task now, the third kills it.
    pub(crate) interrupts: u32,
    /// Whether nobody but a newcomer asked: if he is gone in the end, the runner goes on.
    pub(crate) heir: bool,
}

impl StopRequest {
    /// Creates a request that has just come, from a newcomer as far as is known.
    pub(crate) fn new(signal: &'static str, at: Mono) -> Self {
        StopRequest {
            signal,
            at,
            interrupts: 0,
            heir: true,
        }
    }
}

/// The times of a stop, and how far it has gone.
#[derive(Clone, Debug)]
pub(crate) struct StopEscalation {
    stop_timeout: Duration,
    kill_grace: Duration,
    terminated: Option<Mono>,
    /// When it was last said to kill: nothing is left to say then.
    killed: bool,
}

/// What is to be done to the running task now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopAction {
    /// Nothing yet.
    Wait,
    /// Ask its tree to end. Said once.
    Terminate,
    /// Kill its tree.
    Kill,
}

impl StopEscalation {
    /// Makes it.
    pub(crate) fn new(stop_timeout: Duration, kill_grace: Duration) -> Self {
        StopEscalation {
            stop_timeout,
            kill_grace,
            terminated: None,
            killed: false,
        }
    }

    /// Returns how long a tree has between TERM and KILL.
    pub(crate) fn kill_grace(&self) -> Duration {
        self.kill_grace
    }

    /// Returns whether [`StopEscalation::step`] has something to say at `now` that cannot be taken
    /// back.
    pub(crate) fn is_over(&self, stop: &StopRequest, now: Mono) -> bool {
        !self.killed && (stop.interrupts >= 2 || now >= self.due(stop))
    }

    /// Begins anew: the request was taken back, or another run has begun.
    pub(crate) fn restore(&mut self) {
        (self.terminated, self.killed) = (None, false);
    }

    /// Returns what is to be done at `now`.
    pub(crate) fn step(&mut self, stop: &StopRequest, now: Mono) -> StopAction {
        let step = match self.terminated {
            _ if stop.interrupts >= 3 => StopAction::Kill,
            Some(at) if now >= at + self.kill_grace => StopAction::Kill,
            Some(_) => StopAction::Wait,
            None if stop.interrupts >= 2 || now >= stop.at + self.stop_timeout => {
                StopAction::Terminate
            }
            None => StopAction::Wait,
        };
        match step {
            StopAction::Terminate => self.terminated = Some(now),
            StopAction::Kill => self.killed = true,
            StopAction::Wait => {}
        }
        step
    }

    /// Returns when [`StopEscalation::step`] has something new to say if nothing else happens.
    pub(crate) fn due(&self, stop: &StopRequest) -> Mono {
        match self.terminated {
            _ if self.killed => Mono::NEVER,
            Some(at) => at + self.kill_grace,
            None => stop.at + self.stop_timeout,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(interrupts: u32) -> StopRequest {
        StopRequest {
            interrupts,
            ..StopRequest::new("SIGTERM", Mono::BOOT)
        }
    }

    fn secs(secs: u64) -> Mono {
        Mono::BOOT + Duration::from_secs(secs)
    }

    #[test]
    fn it_waits_then_asks_once_then_kills() {
        let mut patience = StopEscalation::new(Duration::from_secs(60), Duration::from_secs(10));
        assert_eq!(patience.due(&stop(0)), secs(60));
        assert_eq!(patience.step(&stop(0), secs(59)), StopAction::Wait);
        assert_eq!(patience.step(&stop(0), secs(60)), StopAction::Terminate);
        assert_eq!(patience.due(&stop(0)), secs(70));
        assert_eq!(patience.step(&stop(0), secs(69)), StopAction::Wait);
        assert_eq!(patience.step(&stop(0), secs(70)), StopAction::Kill);
    }

    #[test]
    fn the_second_interrupt_asks_now_and_the_third_kills() {
        let mut patience = StopEscalation::new(Duration::from_secs(60), Duration::from_secs(10));
        assert_eq!(patience.step(&stop(1), secs(1)), StopAction::Wait);
        assert_eq!(patience.step(&stop(2), secs(2)), StopAction::Terminate);
        assert_eq!(patience.step(&stop(3), secs(3)), StopAction::Kill);
    }
}
