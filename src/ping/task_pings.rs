//! The pings of one task: at most one is under way, and of those that wait the newest are kept.
//! Pure.

use std::collections::VecDeque;
use std::time::Duration;

use super::attempt::PingError;
use crate::core::settings::{Ping, PingUrl};
use crate::core::time::Mono;

/// How many pings of a task wait at most.
const MOST_WAITING: usize = 4;
/// How long a ping that failed rests before it is tried again.
const PAUSES: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(20)];

/// What a ping tells; its words are the keys of the configuration.
pub(super) type PingKey = &'static str;

/// A ping that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WaitingPing {
    key: PingKey,
    /// How many attempts have failed.
    failed: usize,
}

/// The pings of one task.
#[derive(Debug)]
pub(super) struct TaskPings {
    ping: Ping,
    waiting: VecDeque<WaitingPing>,
    /// When the first of those that wait may be tried.
    not_before: Mono,
    is_under_way: bool,
    /// The keys whose URLs were last asked in vain.
    troubled: Vec<PingKey>,
}

/// What is to be logged about an attempt.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PingNews {
    /// The URL of this key does not answer, for the first time.
    Failed(PingUrl, String),
    /// The URL answers again.
    Well(PingUrl),
}

impl TaskPings {
    pub(super) fn new(ping: Ping) -> Self {
        TaskPings {
            ping,
            waiting: VecDeque::new(),
            not_before: Mono::LONG_AGO,
            is_under_way: false,
            troubled: Vec::new(),
        }
    }

    /// Has a URL asked, if one is set for this key. What is newer makes further attempts of the
    /// older ones needless.
    pub(super) fn add(&mut self, key: PingKey) -> bool {
        if self.ping.url(key).is_none() {
            return false;
        }
        self.waiting.retain(|waiting| waiting.failed == 0);
        self.not_before = Mono::LONG_AGO;
        if self.waiting.len() == MOST_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(WaitingPing { key, failed: 0 });
        true
    }

    /// Returns when the next ping may leave; `None`: none waits, or one is under way.
    pub(super) fn due(&self) -> Option<Mono> {
        (!self.is_under_way && !self.waiting.is_empty()).then_some(self.not_before)
    }

    /// Returns whether a ping waits or is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.is_under_way || !self.waiting.is_empty()
    }

    /// Takes the next ping, with its URL.
    pub(super) fn take(&mut self) -> Option<(WaitingPing, PingUrl)> {
        let waiting = self.waiting.pop_front()?;
        let url = self.ping.url(waiting.key)?.clone();
        self.is_under_way = true;
        Some((waiting, url))
    }

    /// Takes note of how an attempt went. With `is_last` nothing is tried again.
    pub(super) fn settle(
        &mut self,
        asked: WaitingPing,
        result: Result<(), PingError>,
        is_last: bool,
        now: Mono,
    ) -> Option<PingNews> {
        self.is_under_way = false;
        let url = self.ping.url(asked.key)?.clone();
        let was_troubled = self.troubled.contains(&asked.key);
        match result {
            Ok(()) => {
                self.troubled.retain(|key| *key != asked.key);
                was_troubled.then_some(PingNews::Well(url))
            }
            Err(PingError { words, may_pass }) => {
                let pause = PAUSES.get(asked.failed).filter(|_| may_pass && !is_last);
                if let (Some(pause), true) = (pause, self.waiting.is_empty()) {
                    self.not_before = now + *pause;
                    self.waiting.push_front(WaitingPing {
                        failed: asked.failed + 1,
                        ..asked
                    });
                }
                if was_troubled {
                    return None;
                }
                self.troubled.push(asked.key);
                Some(PingNews::Failed(url, words))
            }
        }
    }

    /// Forgets attempts that would come later: the runner ends.
    pub(super) fn end(&mut self) {
        self.waiting.retain(|waiting| waiting.failed == 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Mono = Mono::BOOT;

    fn lane() -> TaskPings {
        let url = |text: &str| Some(PingUrl::new(format!("https://hc.example/{text}")));
        TaskPings::new(Ping {
            success: url("s"),
            failure: url("f"),
            start: None,
        })
    }

    fn failing(may_pass: bool) -> Result<(), PingError> {
        let words = "no answer".to_owned();
        Err(PingError { words, may_pass })
    }

    fn keys(lane: &TaskPings) -> Vec<PingKey> {
        lane.waiting.iter().map(|waiting| waiting.key).collect()
    }

    #[test]
    fn the_newest_pings_are_kept_and_one_is_under_way() {
        let mut lane = lane();
        assert!(!lane.add("start"), "no URL is set");
        for key in [
            "failure", "failure", "success", "failure", "success", "success",
        ] {
            assert!(lane.add(key));
        }
        assert_eq!(keys(&lane), ["success", "failure", "success", "success"]);
        lane.take().unwrap();
        assert_eq!((lane.due(), lane.is_busy()), (None, true));
    }

    #[test]
    fn a_ping_is_tried_three_times_and_logged_once_until_it_is_well() {
        let mut lane = lane();
        let mut logged = Vec::new();
        for _ in 0..2 {
            lane.add("success");
            while let Some((asked, _)) = lane.take() {
                logged.extend(lane.settle(asked, failing(true), false, NOW));
            }
        }
        lane.add("success");
        let (asked, url) = lane.take().unwrap();
        logged.extend(lane.settle(asked, Ok(()), false, NOW));
        let failed = PingNews::Failed(url.clone(), "no answer".to_owned());
        assert_eq!(logged, [failed, PingNews::Well(url)]);
        assert!(!lane.is_busy());
    }

    #[test]
    fn pauses_between_attempts_grow_and_a_newer_ping_does_not_wait_for_them() {
        let mut lane = lane();
        lane.add("success");
        for pause in PAUSES {
            let (asked, _) = lane.take().unwrap();
            lane.settle(asked, failing(true), false, NOW);
            assert_eq!(lane.due(), Some(NOW + pause));
        }
        lane.add("failure");
        assert_eq!(
            (keys(&lane), lane.due()),
            (vec!["failure"], Some(Mono::LONG_AGO))
        );
    }

    #[test]
    fn what_cannot_pass_and_what_would_come_after_the_end_is_not_tried_again() {
        for (may_pass, is_last) in [(false, false), (true, true)] {
            let mut lane = lane();
            lane.add("success");
            let (asked, _) = lane.take().unwrap();
            lane.settle(asked, failing(may_pass), is_last, NOW);
            assert!(!lane.is_busy());
        }
    }
}
