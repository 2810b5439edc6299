//! The board in a PostgreSQL database: schema `run_functions`, one function of the database for
//! each call.
//!
//! A call is one statement: `SELECT run_functions.call_NAME(now, request)`, JSON in and out. So a
//! transaction lasts as long as the server needs for it, whatever becomes of the client: no worker
//! that is stopped holds a lock, PgBouncer in transaction mode sees nothing but single statements,
//! a role needs the right to call functions alone, and SQL of any language posts by the same
//! function. The rules stand in `functions/`, a file for each subject, with the names that the
//! engine in a file has; the conformance suite is the same for both.
//!
//! A call that had no answer may have been carried out, or may be later. Each is idempotent, and
//! the caller sends it again.

mod alerts;
mod board_bell;
mod calls;
mod claim_hold;
mod lane_call;
mod lane_marks;
pub(crate) mod maintenance;
mod migration;
mod moving;
mod pg_board;
mod pg_opening;
mod pg_pool;
mod schedules;
#[cfg(test)]
mod tests;
mod transition_call;
mod work_calls;

pub(crate) use pg_board::open;
