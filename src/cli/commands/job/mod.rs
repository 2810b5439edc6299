//! The commands of jobs and of the board.

pub(crate) mod board;
pub(crate) mod board_access;
mod board_lines;
mod catalog;
mod chain;
pub(crate) mod ended;
mod entry_line;
#[expect(
    clippy::module_inception,
    reason = "the file bears the name of its verb"
)]
pub(crate) mod job;
mod job_json;
pub(crate) mod jobs;
mod jobs_verb;
pub(crate) mod post;
mod post_file;
pub(crate) mod schedule_lines;
pub(crate) mod schedules;
mod time;
mod wait;
mod wait_batch;
pub(crate) mod work;
pub(crate) mod workers;
