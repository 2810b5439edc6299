//! How a worker that is asked to end gives its jobs back. Pure.

use std::time::Duration;

use crate::core::time::Mono;
use crate::unix::signals::Signal;

/// How far the end of a worker has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ShutdownStage {
    /// Steps in progress finish, and no step begins.
    Finish,
    /// Steps in progress are asked to end.
    Terminate,
    /// Steps in progress are killed.
    Kill,
}

/// The request to end a worker, if there is one.
#[derive(Clone, Debug)]
pub(crate) struct WorkerShutdown {
    drain_timeout: Duration,
    asked: Option<(ShutdownStage, Mono)>,
}

impl WorkerShutdown {
    /// Creates the state of a worker that goes on.
    pub(crate) fn new(drain_timeout: Duration) -> Self {
        WorkerShutdown {
            drain_timeout,
            asked: None,
        }
    }

    /// Takes note of a signal. The second request to end is more urgent than the first.
    pub(crate) fn signal(&mut self, signal: Signal, now: Mono) {
        match signal {
            Signal::Quit => self.ask(ShutdownStage::Kill, now),
            Signal::Now => self.ask(ShutdownStage::Terminate, now),
            Signal::Term | Signal::Int | Signal::Replace { .. } => {
                log::info!("{signal} received");
                let next = match self.asked {
                    None => ShutdownStage::Finish,
                    Some((ShutdownStage::Finish, _)) => ShutdownStage::Terminate,
                    Some(_) => ShutdownStage::Kill,
                };
                self.ask(next, now);
            }
            _ => {}
        }
    }

    /// Asks for the end, unless that was asked for as urgently before.
    pub(crate) fn ask(&mut self, stage: ShutdownStage, now: Mono) {
        if self.asked.is_none_or(|(asked, _)| asked < stage) {
            let first = self.asked.map_or(now, |(_, first)| first);
            self.asked = Some((stage, first));
        }
    }

    /// Returns whether the worker is to end.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.is_some()
    }

    /// Returns how far the end has gone; `None`: the worker goes on.
    pub(crate) fn stage(&self, now: Mono) -> Option<ShutdownStage> {
        let (stage, first) = self.asked?;
        let is_over = now >= first + self.drain_timeout;
        Some(if is_over {
            stage.max(ShutdownStage::Terminate)
        } else {
            stage
        })
    }

    /// Returns when the end goes further by itself.
    pub(crate) fn due(&self) -> Mono {
        match self.asked {
            Some((ShutdownStage::Finish, first)) => first + self.drain_timeout,
            _ => Mono::NEVER,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_request_ends_what_a_first_one_lets_finish() {
        let mut leaving = WorkerShutdown::new(Duration::from_secs(3600));
        let now = Mono::BOOT + Duration::from_secs(10);
        assert_eq!((leaving.stage(now), leaving.due()), (None, Mono::NEVER));
        leaving.signal(Signal::Term, now);
        assert_eq!(leaving.stage(now), Some(ShutdownStage::Finish));
        let late = leaving.due();
        assert_eq!(leaving.stage(late), Some(ShutdownStage::Terminate));
        leaving.signal(Signal::Term, now);
        assert_eq!(leaving.stage(now), Some(ShutdownStage::Terminate));
        leaving.ask(ShutdownStage::Finish, now);
        assert_eq!(leaving.stage(now), Some(ShutdownStage::Terminate));
        leaving.signal(Signal::Int, now);
        assert_eq!(leaving.stage(now), Some(ShutdownStage::Kill));
    }
}
