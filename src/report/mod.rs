//! The report: what became of every task in the last 90 days, for a reader that was not there.
//!
//! [`Gathering`] takes the records of the history one by one and keeps only what is drawn, so that
//! neither its memory nor the page grows with the number of runs beyond a few bytes each. [`page`]
//! and [`text()`] draw the result. Nothing here reads a clock or a file.

mod durations;
mod gather;
#[cfg(feature = "report-html")]
mod html;
#[cfg(not(feature = "report-html"))]
#[path = "html/left_out.rs"]
mod html;
mod model;
mod outages;
mod period;
mod screen;
#[cfg(feature = "report-html")]
mod svg;
mod text;
mod untrusted;
mod words;

pub(crate) use gather::{Gathering, Heading};
pub(crate) use html::page;
pub(crate) use model::{
    ChainNow, Condition, CurrentState, HistoryReport, MuteReport, ScheduleNow, TaskNow, TaskState,
};
pub(crate) use period::Period;
pub(crate) use screen::{BOLD, RED, ReportScreen, YELLOW, fitting};
pub(crate) use text::text;
pub(crate) use words::capitalised;

#[cfg(test)]
mod tests;
