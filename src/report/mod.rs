//! The report: what became of every task in the last 90 days, for whoever was not there.
//!
//! [`Gathering`] takes the records of the history one by one and keeps only what is drawn, so that neither its memory nor the page
//! grows with the number of runs beyond a few bytes each. [`page`] and [`text()`] draw the result. Nothing here reads a clock or a file.

mod durations;
mod gather;
mod html;
mod model;
mod outages;
mod period;
mod screen;
mod svg;
mod text;
mod words;

pub(crate) use gather::{Gathering, Heading};
pub(crate) use html::page;
pub(crate) use model::{ChainNow, Condition, Mute, Now, Report, TaskNow, TaskState};
pub(crate) use period::Period;
pub(crate) use screen::{BOLD, RED, Screen, YELLOW, fitting};
pub(crate) use text::text;
pub(crate) use words::capitalised;

#[cfg(test)]
mod tests;
