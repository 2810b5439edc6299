//! How a worker that is asked to end gives its jobs back. Pure.

use std::time::Duration;

use crate::core::time::Mono;
use crate::unix::signals::Signal;

/// How far the end of a worker has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LeavingStage {
    /// Steps in progress finish, and no step begins.
    Finish,
    /// Steps in progress are asked to end.
    Terminate,
    /// Steps in progress are killed.
    Kill,
}

/// The request to end a worker, if there is one.
#[derive(Clone, Debug)]
pub(crate) struct Leaving {
    drain_timeout: Duration,
    asked: Option<(LeavingStage, Mono)>,
}

impl Leaving {
    /// Creates the state of a worker that goes on.
    pub(crate) fn new(drain_timeout: Duration) -> Self {
        Leaving {
            drain_timeout,
            asked: None,
        }
    }

    /// Takes note of a signal. The second request to end is more urgent than the first.
    pub(crate) fn signal(&mut self, signal: Signal, now: Mono) {
        match signal {
            Signal::Quit => self.ask(LeavingStage::Kill, now),
            Signal::Now => self.ask(LeavingStage::Terminate, now),
            Signal::Term | Signal::Int | Signal::Replace { .. } => {
                log::info!("{signal} received");
                let next = match self.asked {
                    None => LeavingStage::Finish,
                    Some((LeavingStage::Finish, _)) => LeavingStage::Terminate,
                    Some(_) => LeavingStage::Kill,
                };
                self.ask(next, now);
            }
            _ => {}
        }
    }

    /// Asks for the end, unless that was asked for as urgently before.
    pub(crate) fn ask(&mut self, stage: LeavingStage, now: Mono) {
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
    pub(crate) fn stage(&self, now: Mono) -> Option<LeavingStage> {
        let (stage, first) = self.asked?;
        let is_over = now >= first + self.drain_timeout;
        Some(if is_over {
            stage.max(LeavingStage::Terminate)
        } else {
            stage
        })
    }

    /// Returns when the end goes further by itself.
    pub(crate) fn due(&self) -> Mono {
        match self.asked {
            Some((LeavingStage::Finish, first)) => first + self.drain_timeout,
            _ => Mono::NEVER,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_request_ends_what_a_first_one_lets_finish() {
        let mut leaving = Leaving::new(Duration::from_secs(3600));
        let now = Mono::BOOT + Duration::from_secs(10);
        assert_eq!((leaving.stage(now), leaving.due()), (None, Mono::NEVER));
        leaving.signal(Signal::Term, now);
        assert_eq!(leaving.stage(now), Some(LeavingStage::Finish));
        let late = leaving.due();
        assert_eq!(leaving.stage(late), Some(LeavingStage::Terminate));
        leaving.signal(Signal::Term, now);
        assert_eq!(leaving.stage(now), Some(LeavingStage::Terminate));
        leaving.ask(LeavingStage::Finish, now);
        assert_eq!(leaving.stage(now), Some(LeavingStage::Terminate));
        leaving.signal(Signal::Int, now);
        assert_eq!(leaving.stage(now), Some(LeavingStage::Kill));
    }
}
