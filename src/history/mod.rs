//! The history of a chain on disk: `STATE_DIR/NAME.history/`, written by its runner alone, read by
//! any process at any time.
//!
//! ```text
//! 1795305600000000.runs   lines of JSON (see [`Record`]), the first names the form they are
//! 1795305600000000.out    what the runs of these lines printed, one after the other
//! 1795391999123456.runs   the next ones; the name is when they begin
//! ```
//!
//! Files are only ever appended to. A new pair begins when one has an eighth of what is allowed, in
//! bytes or in time, and the oldest goes when there is too much. Nothing is forced to the disk:
//! after a power cut the last lines may be missing or torn, and a reader passes over them.

mod directory;
mod files;
mod history_reader;
pub mod measured;
mod record;
mod run_id;
mod summary;
mod summing;
mod totals;
mod values;
mod wall;
mod writer;

pub(crate) use directory::directory_name;
pub(crate) use history_reader::{HistoryReader, ReadPosition, chains};
pub(crate) use record::{Mailed, Record, RecordedRun, RecordedRuns};
pub(crate) use summary::{ChainSummary, TaskSummary, Tick};
pub(crate) use totals::{BOUNDS, MailTotals, Totals};
pub(crate) use values::{RunResult, Stamp};
pub(crate) use writer::Writer;
#[cfg(test)]
pub(crate) use {record::Silent, totals::DurationHistogram, values::Began};

#[cfg(test)]
mod format_tests;

#[cfg(test)]
mod tests;
