//! The guide: what one reads once, page by page. Its transcripts are played by the tests, as those
//! of the README.
//!
//! | page | for whom |
//! |---|---|
//! | [`tutorial`] | who wants to see it work: a task, its first mail, an upgrade |
//! | [`jobs`] | for work that is posted once: steps, what is undone, what a crash leaves, workers |
//! | [`batches`] | for many jobs: limits, what comes after, batches, pauses |
//! | [`schedules`] | for jobs by the clock: times, zones, what is missed, pauses |
//! | [`board`] | for the board of jobs in operation: backup, upgrade, failover, limits |
//! | [`engines`] | which board when: a file or PostgreSQL, posts in SQL, roles, failover |
//! | [`functions`] | who writes tasks in Rust: what they can ask, and what happens in their process |
//! | [`server`] | for the board over HTTP: start, tokens, TLS or a proxy, metrics, health |
//! | [`configuration`] | who writes `run_functions.toml`: every key, with its default |
//! | [`alerts`] | who gets the mails: which, when, and why not more |
//! | [`operations`] | who looks after the machine: upgrade, crash, signals, logs, files |
//! | [`lock`] | who runs one chain on several hosts: one holder, standbys, and what is promised |
//! | [`metrics`] | who draws curves: numbers for Prometheus, and rules |
//! | [`environment`] | who writes the commands: what a run is told, and what it can say |
//! | [`errors`] | who sees an exit code or a message and wants to know what to do |
//! | [`migrating`] | who comes from cron, supervisord, Celery beat or the Django runner |
//! | [`security`] | who has to trust it: who may do what, and what it does not protect |
//! | [`limitations`] | who wants to know before: what it is no good for, and how far it was measured |

#[doc = include_str!("tutorial.md")]
pub mod tutorial {}

#[doc = include_str!("jobs.md")]
pub mod jobs {}

#[doc = include_str!("batches.md")]
pub mod batches {}
#[doc = include_str!("schedules.md")]
pub mod schedules {}

#[doc = include_str!("board.md")]
pub mod board {}

#[doc = include_str!("engines.md")]
pub mod engines {}

#[doc = include_str!("functions.md")]
pub mod functions {}

#[doc = include_str!("server.md")]
pub mod server {}

#[doc = include_str!("configuration.md")]
pub mod configuration {}

#[doc = include_str!("alerts.md")]
pub mod alerts {}

#[doc = include_str!("operations.md")]
pub mod operations {}

#[doc = include_str!("lock.md")]
pub mod lock {}

#[doc = include_str!("metrics.md")]
pub mod metrics {}

#[doc = include_str!("environment.md")]
pub mod environment {}

#[doc = include_str!("errors.md")]
pub mod errors {}

#[doc = include_str!("migrating.md")]
pub mod migrating {}

#[doc = include_str!("security.md")]
pub mod security {}

#[doc = include_str!("limitations.md")]
pub mod limitations {}
