//! What is kept of the runs of a chain: records, one line of JSON each, and a summary of them from time to time.
//!
//! A line that is torn, damaged or of a later form is passed over: the others still say what they say.

mod record;
mod summary;
mod totals;

pub(crate) use record::{Began, Mailed, Place, Record, Result, Run, Runs, Silent, Stamp, VERSION};
pub(crate) use summary::{Summary, TaskSummary, Tick};
pub(crate) use totals::{BOUNDS, Mails, Spread, Totals};

#[cfg(test)]
mod tests;
