//! The history of a chain on disk: `STATE_DIR/NAME.history/`, written by its runner alone, read by anybody at any time.
//!
//! ```text
//! 1795305600000000.runs   lines of JSON (see `state::history`), the first says of which form they are
//! 1795305600000000.out    what the runs of these lines printed, one after the other
//! 1795391999123456.runs   the next ones; the name is when they begin
//! ```
//!
//! Files are only ever appended to. A new pair begins when one has an eighth of what is allowed, in bytes or in time, and the oldest
//! goes when there is too much. Nothing is forced to the disk: after a power cut the last lines may be missing or torn, and whoever
//! reads passes over them.

mod files;
pub mod measured;
mod shelf;
mod writer;

use std::path::{Path, PathBuf};

pub(crate) use shelf::{Bookmark, Shelf, chains};
pub(crate) use writer::Writer;

/// What the name of a directory ends with, after the name of the chain.
const ENDING: &str = ".history";

/// Returns where the history of a chain is.
pub(crate) fn directory(state_dir: &Path, chain: &str) -> PathBuf {
    state_dir.join(format!("{chain}{ENDING}"))
}

#[cfg(test)]
mod tests;
