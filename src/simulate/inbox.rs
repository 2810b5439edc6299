//! The inbox of a simulation: the policy, fed as by a runner, with mails that are kept instead of sent.

use super::{Alerts, ForeseenMail};
use crate::alert::feed::{Decision, Feed};
use crate::alert::notice::Notice;
use crate::alert::redact::Redactor;
use crate::event::Event;
use crate::time::{Moment, Mono};

/// How many mails are kept at most.
const MOST_MAILS: usize = 10_000;

/// Makes alerts of events, and keeps them.
#[derive(Debug)]
pub(super) struct Inbox {
    feed: Feed,
    /// Secrets go before the policy sees a failure, as in a runner: they take part in its fingerprint.
    redactor: Redactor,
    mails: Vec<ForeseenMail>,
}

impl Inbox {
    pub(super) fn new(feed: Feed, redactor: Redactor) -> Self {
        Inbox {
            feed,
            redactor,
            mails: Vec::new(),
        }
    }

    pub(super) fn into_parts(self) -> (Feed, Vec<ForeseenMail>) {
        (self.feed, self.mails)
    }

    fn keep(&mut self, notice: Notice, at: Moment) {
        let id = format!("{}@simulated", self.mails.len());
        self.feed.policy.sent(&notice, &id, at);
        self.mails.push(ForeseenMail { at, notice });
    }
}

impl Alerts for Inbox {
    fn observe(&mut self, event: &Event<'_>) {
        let mut kept = None;
        let event = self.redactor.event(event, &mut kept);
        let decision = self.feed.observe(&event);
        if let (Event::RunEnded(end), Decision::Mail(notice)) = (event, decision) {
            self.keep(*notice, end.at);
        }
    }

    fn due(&mut self) -> Mono {
        self.feed.policy.due()
    }

    fn poll(&mut self, now: Moment) {
        for notice in self.feed.policy.poll(now) {
            self.keep(notice, now);
        }
    }

    fn is_full(&self) -> bool {
        self.mails.len() >= MOST_MAILS
    }
}
