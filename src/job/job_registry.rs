//! Registration without a list: what `#[run_functions::job]` leaves in the binary, and what is
//! found there.

use std::time::Duration;

use serde_json::{Map, Value};

use super::drafted_job::DraftedJob;
use super::step_call::{StepCall, StepReply, StepSurroundings};

/// A job that the attribute has registered. Made by the macro only.
#[doc(hidden)]
#[derive(Debug)]
pub struct JobRegistration {
    /// `module_path!()` where the function is.
    pub module_path: &'static str,
    /// The function's own name, without `r#`.
    pub function: &'static str,
    /// The name that the attribute chooses, checked by the macro.
    pub chosen: Option<&'static str>,
    /// `file!()`.
    pub file: &'static str,
    /// `line!()`.
    pub line: u32,
    /// The first line of the doc comment.
    pub help: &'static str,
    /// The options of the attribute, by their keys in `[jobs.NAME]`.
    pub options: &'static [(&'static str, JobOption)],
    /// Builds the flow.
    pub define: fn() -> DraftedJob,
    /// Checks that arguments are those that the functions of the job take.
    pub check: fn(&Map<String, Value>) -> Result<(), String>,
    /// Calls a function of a step.
    pub call: fn(&StepCall, &StepSurroundings) -> StepReply,
}

/// The value of an option of the attribute.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum JobOption {
    /// A duration.
    Span(Duration),
    /// A text.
    Text(&'static str),
    /// A list of texts.
    Texts(&'static [&'static str]),
    /// A whole number.
    Number(i64),
    /// `true` or `false`.
    Flag(bool),
}

inventory::collect!(JobRegistration);

impl JobRegistration {
    /// Returns the name under which the job is posted.
    pub(crate) fn name(&self) -> &'static str {
        self.chosen.unwrap_or(self.function)
    }
}

/// Returns every job that is registered in this binary, in order of name and place.
#[doc(hidden)]
pub fn registered_jobs() -> Vec<&'static JobRegistration> {
    let mut all: Vec<_> = inventory::iter::<JobRegistration>.into_iter().collect();
    all.sort_by_key(|job| (job.name(), job.module_path, job.file, job.line));
    all
}
