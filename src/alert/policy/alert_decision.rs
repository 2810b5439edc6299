//! How a run ended for the policy, and what is to be done about it.

use super::super::{alert_facts::Alert, failure_kind::FailureKind};
use super::reason::SilenceReason;

/// How a run ended, as far as alerts are concerned.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RunOutcome<'a> {
    /// The run succeeded.
    Success,
    /// The run was interrupted, and does not count.
    Neither,
    /// The run asked to be tried again later.
    Later {
        /// Why, redacted.
        reason: &'a str,
    },
    /// The run failed.
    Failure {
        /// The fingerprint.
        kind: &'a FailureKind,
        /// TEXT, redacted.
        text: &'a str,
    },
    /// The run failed, and the runner ends with it.
    Fatal {
        /// The fingerprint.
        kind: &'a FailureKind,
        /// TEXT, redacted.
        text: &'a str,
    },
}

/// What is to be done about the end of a run.
#[derive(Debug)]
pub(crate) enum AlertDecision {
    /// Nothing happened that is reported.
    Nothing,
    /// Send this.
    Mail(Box<Alert>),
    /// The run failed, and is not mailed.
    Silent(SilenceReason),
}
