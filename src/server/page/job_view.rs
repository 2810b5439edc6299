//! All that the page of a job is made of.

use super::step_track::StepTrack;
use crate::board::JobRecord;
use crate::flow::journal::JournalEntry;

/// All that the page of a job is made of.
pub(super) struct JobView {
    /// The job.
    pub(super) job: JobRecord,
    /// Its journal, the oldest entry first.
    pub(super) journal: Vec<JournalEntry>,
    /// Its steps, those that have begun first.
    pub(super) tracks: Vec<StepTrack>,
    /// Why it waits, a sentence each.
    pub(super) reasons: Vec<String>,
}
