//! Which mails would be sent, and when: for the unit tests of authors of tasks.
//!
//! The chain, the cooldowns and the alert policy are those of a runner; only time is virtual, so
//! that a weekend takes no time. Nothing is sent, nothing is written.
//!
//! ```
//! use run_functions::testing::{Chain, Task};
//!
//! let backup = Task::named("tasks::backup").non_recoverable_downtime("6h").fails_for("14h");
//! let inbox = Chain::of([backup]).inbox()?;
//! assert_eq!(inbox.lines(), [
//!     "0s [tasks::backup] First exception caught: it fails",
//!     "6h [tasks::backup] Non recoverable downtime reached: it fails",
//!     "12h [tasks::backup] Non recoverable downtime reached again: it fails",
//! ]);
//! # Ok::<(), run_functions::testing::InvalidChain>(())
//! ```
//!
//! A registered function brings the settings of its attribute along, and can really be called:
//!
//! ```standalone_crate
//! mod tasks {
//!     use std::sync::atomic::{AtomicU32, Ordering};
//!     static RUNS: AtomicU32 = AtomicU32::new(0);
//!
//!     #[run_functions::task(fail_cooldown = "10m")]
//!     fn import() -> Result<(), String> {
//!         match RUNS.fetch_add(1, Ordering::Relaxed) {
//!             0 | 1 => Err("no route to host".to_owned()),
//!             run => Err(format!("order {run} has no address")),
//!         }
//!     }
//! }
//! use run_functions::testing::{Chain, Task, run_once};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let inbox = Chain::of([Task::registered("tasks::import").called(5)]).inbox()?;
//!     assert_eq!(inbox.lines(), [
//!         "0s [tasks::import] First exception caught: no route to host",
//!         "20m [tasks::import] New exception caught: order 2 has no address",
//!     ]);
//!     let error = run_once("tasks::import").unwrap_err();
//!     assert_eq!(error.to_string(), "order 5 has no address");
//!     Ok(())
//! }
//! ```
//!
//! A [`Job`] that is written in Rust is played in the same way: with chosen failures, crashes and
//! requests, and its functions really called.
//!
//! What is not here: the settings of a configuration file (`run_functions simulate` foresees with
//! those of a machine), and how mail leaves (`run_functions mail test`).

mod call;
mod chain;
mod inbox;
mod invalid_chain;
mod invalid_job;
mod job;
mod job_history;
mod job_script;
mod task;

pub use call::{RunError, run_once};
pub use chain::Chain;
pub use inbox::{Inbox, Mail};
pub use invalid_chain::InvalidChain;
pub use invalid_job::InvalidJob;
pub use job::Job;
pub use job_history::JobHistory;
pub use task::Task;
