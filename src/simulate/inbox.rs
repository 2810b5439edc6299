//! The inbox of a simulation: the policy with the events of a runner, and mails that are kept
//! instead of sent.

use super::alerts::AlertSink;
use super::foreseen::ForeseenMail;
use crate::alert::policy::{AlertDecision, ChainPolicy};
use crate::alert::{alert_facts::Alert, failure_kind::FailureKind};
use crate::core::event::Event;
use crate::core::failure::Failure;
use crate::core::time::{Moment, Mono};
use crate::redact::Redactor;

/// How many mails are kept at most.
const MOST_MAILS: usize = 10_000;

/// Makes alerts of events, and keeps them.
#[derive(Debug)]
pub(super) struct ForeseenInbox {
    policy: ChainPolicy,
    kind_of: fn(&Failure) -> FailureKind,
    /// Secrets go before the policy sees a failure, as in a runner: they take part in its
    /// fingerprint.
    redactor: Redactor,
    mails: Vec<ForeseenMail>,
}

impl ForeseenInbox {
    pub(super) fn new(
        policy: ChainPolicy,
        kind_of: fn(&Failure) -> FailureKind,
        redactor: Redactor,
    ) -> Self {
        ForeseenInbox {
            policy,
            kind_of,
            redactor,
            mails: Vec::new(),
        }
    }

    pub(super) fn into_parts(self) -> (ChainPolicy, Vec<ForeseenMail>) {
        (self.policy, self.mails)
    }

    fn keep(&mut self, alert: Alert, at: Moment) {
        let id = format!("{}@simulated", self.mails.len());
        self.policy.sent(&alert, &id, at);
        self.mails.push(ForeseenMail { at, alert });
    }
}

impl AlertSink for ForeseenInbox {
    fn observe(&mut self, event: &Event<'_>) {
        let mut kept = None;
        let event = self.redactor.event(event, &mut kept);
        let (decision, _) = self.policy.observe(&event, self.kind_of);
        if let (Event::RunEnded(end), AlertDecision::Mail(alert)) = (event, decision) {
            self.keep(*alert, end.at);
        }
    }

    fn due(&mut self) -> Mono {
        self.policy.due()
    }

    fn poll(&mut self, now: Moment) {
        for alert in self.policy.poll(now) {
            self.keep(alert, now);
        }
    }

    fn waits_for_health(&self) -> bool {
        self.policy.waits_for_health()
    }

    fn is_full(&self) -> bool {
        self.mails.len() >= MOST_MAILS
    }
}
