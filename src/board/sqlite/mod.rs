//! The board in a SQLite file: WAL, each commit on the disk, one writer for the threads of a
//! process.
//!
//! The file is opened in no other way than by SQLite: when a process closes any other descriptor
//! of it, its locks are gone.

mod advances;
mod alerts;
mod batches;
mod bell;
mod board_epoch;
mod board_hold;
mod board_writer;
mod claim_rows;
mod claim_statements;
mod claims;
#[cfg(test)]
#[cfg(debug_assertions)]
mod crash_tests;
#[cfg(test)]
mod disk_tests;
mod ended_jobs;
mod expiries;
mod follow_ups;
mod garbage;
mod job_links;
mod journal_rows;
mod limits;
mod limits_schema;
#[cfg(test)]
mod limits_tests;
pub(crate) mod maintenance;
mod migration;
mod next_posts;
mod open_file;
mod outputs;
mod pages;
mod pauses;
#[cfg(test)]
mod plan_tests;
mod posting;
mod queries;
mod read_pool;
mod releases;
mod requests;
mod schedules;
mod schema;
mod session_ends;
mod session_queries;
mod sessions;
mod sqlite_board;
mod sqlite_failure;
#[cfg(test)]
mod tests;
mod transitions;
mod words;
mod write_queue;
mod write_tx;

pub(crate) use sqlite_board::open;
