//! The alert policy: events and a time in, mails out. Pure: no I/O, no clock, no log.
//!
//! The caller hands each event to [`observe`](ChainPolicy::observe), asks at
//! [`due`](ChainPolicy::due) what is to be mailed though no run ended, writes what it returns to
//! the outbox at once, and calls [`sent`](ChainPolicy::sent) when it is safe there. Only then a
//! kind counts as mailed and a token as taken. An alert that could not be stored comes again a
//! minute later.
//!
//! | mail | when | limited by |
//! |---|---|---|
//! | FIRST, NEW | a run failed in a way that this memory has not mailed | tokens of the task and of the chain |
//! | STUCK | outage start + k × non-recoverable downtime; the same for runs that only ask for later | that downtime |
//! | still running | a run goes on for longer than `warn_after` | once a run, and that downtime |
//! | HEALED | an outage with a STUCK mail (or with any mail) has ended and health has lasted, if asked for | that downtime |
//! | digest | a token is there for what found none | tokens, as FIRST and NEW |
//! | the same, together | a mute ends that held mails back: of a task that is down one of the above, of the others a digest | as those |
//! | summary | each day or week, if asked for | once each |

mod alert_decision;
mod chain_policy;
mod delays;
mod reason;
mod rules;
mod save_schedule;
mod summary;
mod task_policy;

pub(crate) use alert_decision::AlertDecision;
#[cfg(test)]
pub(crate) use alert_decision::RunOutcome;
pub(crate) use chain_policy::ChainPolicy;
#[cfg(test)]
pub(crate) use rules::WarnAfter;
pub(crate) use rules::{ChainRules, TaskRules};
