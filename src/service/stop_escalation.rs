//! How long a running task is let be after the runner was asked to stop. Pure.

use std::time::Duration;

use super::shared::Stop;
use crate::time::Mono;

/// The times of a stop, and how far it has gone.
#[derive(Clone, Debug)]
pub(super) struct Patience {
    stop_timeout: Duration,
    kill_grace: Duration,
    terminated: Option<Mono>,
    /// When it was last said to kill: nothing is left to say then.
    killed: bool,
}

/// What is to be done to the running task now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing yet.
    Wait,
    /// Ask its tree to end. Said once.
    Terminate,
    /// Kill its tree.
    Kill,
}

impl Patience {
    /// Makes it.
    pub(super) fn new(stop_timeout: Duration, kill_grace: Duration) -> Self {
        Patience {
            stop_timeout,
            kill_grace,
            terminated: None,
            killed: false,
        }
    }

    /// Returns how long a tree has between TERM and KILL.
    pub(super) fn kill_grace(&self) -> Duration {
        self.kill_grace
    }

    /// Returns whether [`Patience::step`] has something to say at `now` that cannot be taken back.
    pub(super) fn is_over(&self, stop: &Stop, now: Mono) -> bool {
        !self.killed && (stop.interrupts >= 2 || now >= self.due(stop))
    }

    /// Begins anew: the request was taken back, or another run has begun.
    pub(super) fn restore(&mut self) {
        (self.terminated, self.killed) = (None, false);
    }

    /// Returns what is to be done at `now`.
    pub(super) fn step(&mut self, stop: &Stop, now: Mono) -> Step {
        let step = match self.terminated {
            _ if stop.interrupts >= 3 => Step::Kill,
            Some(at) if now >= at + self.kill_grace => Step::Kill,
            Some(_) => Step::Wait,
            None if stop.interrupts >= 2 || now >= stop.at + self.stop_timeout => Step::Terminate,
            None => Step::Wait,
        };
        match step {
            Step::Terminate => self.terminated = Some(now),
            Step::Kill => self.killed = true,
            Step::Wait => {}
        }
        step
    }

    /// Returns when [`Patience::step`] has something new to say if nothing else happens.
    pub(super) fn due(&self, stop: &Stop) -> Mono {
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

    fn stop(interrupts: u32) -> Stop {
        Stop {
            interrupts,
            ..Stop::new("SIGTERM", Mono::BOOT)
        }
    }

    fn secs(secs: u64) -> Mono {
        Mono::BOOT + Duration::from_secs(secs)
    }

    #[test]
    fn it_waits_then_asks_once_then_kills() {
        let mut patience = Patience::new(Duration::from_secs(60), Duration::from_secs(10));
        assert_eq!(patience.due(&stop(0)), secs(60));
        assert_eq!(patience.step(&stop(0), secs(59)), Step::Wait);
        assert_eq!(patience.step(&stop(0), secs(60)), Step::Terminate);
        assert_eq!(patience.due(&stop(0)), secs(70));
        assert_eq!(patience.step(&stop(0), secs(69)), Step::Wait);
        assert_eq!(patience.step(&stop(0), secs(70)), Step::Kill);
    }

    #[test]
    fn the_second_interrupt_asks_now_and_the_third_kills() {
        let mut patience = Patience::new(Duration::from_secs(60), Duration::from_secs(10));
        assert_eq!(patience.step(&stop(1), secs(1)), Step::Wait);
        assert_eq!(patience.step(&stop(2), secs(2)), Step::Terminate);
        assert_eq!(patience.step(&stop(3), secs(3)), Step::Kill);
    }
}
