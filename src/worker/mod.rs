//! The worker: claims jobs from a board under a lease, and runs their flows.
//!
//! ```text
//!            ┌───────────── board ─────────────┐
//!    advance │ (transitions, claims)           │ beat
//!        work_loop ──► claimed_flow ──► flow    beat_thread
//!            │            what comes next
//!        step_slots ──► keeper ──► launcher ══► command     a keeper for each slot
//! ```
//!
//! One thread does all but beating. A step begins only after the board has recorded that it does,
//! under the deadline of the job's lease, which the keeper of its slot enforces whatever becomes of
//! the worker. What has happened is folded into one transition for each job, sent until the board
//! has answered, and never changed once it was sent.

pub(crate) mod alerts;
pub(crate) mod applied_schedules;
mod beat_thread;
mod board_outage;
pub(crate) mod board_place;
mod capabilities;
mod capability_answers;
mod claimed_flow;
mod end_failure;
mod idle_memory;
mod job_directory;
pub(crate) mod job_post;
pub(crate) mod launch;
pub(crate) mod registration;
mod rescue;
mod shutdown;
mod step_command;
mod step_ending;
pub(crate) mod step_process;
mod step_report;
mod step_slots;
mod unsent;
mod work_loop;
pub(crate) mod work_request;
mod worker_definition;
mod worker_parts;

use crate::core::time::{Moment, unix_millis};

/// Returns the wall clock in milliseconds since 1970.
fn wall_millis(now: Moment) -> i64 {
    unix_millis(now.wall)
}
