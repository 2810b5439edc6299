//! The jobs of a definition that failed one after the other, up to now.

use std::collections::BTreeMap;

use super::visit::Visit;
use crate::board::{BoardResult, EndFilter, EndedJob, JobState};

/// No longer row is counted.
const MOST: u32 = 100;

/// The jobs of a definition that did not succeed since the last success.
pub(super) struct FailureRun {
    jobs: Vec<EndedJob>,
    is_cut: bool,
}

/// Jobs of a row that failed alike.
pub(super) struct AlikeInRow<'a> {
    /// The fingerprint; empty: none.
    pub(super) kind: &'a str,
    /// How many.
    pub(super) count: u64,
    /// The last of them.
    pub(super) last: &'a EndedJob,
}

impl FailureRun {
    /// Takes the row out of jobs that have ended, the last one first.
    pub(super) fn of(jobs: &[EndedJob]) -> Self {
        let is_in_row = |job: &&EndedJob| job.state != JobState::Succeeded;
        let mut row: Vec<EndedJob> = jobs.iter().take_while(is_in_row).cloned().collect();
        let is_cut = row.len() == jobs.len() && jobs.len() >= MOST as usize;
        // A job that is stuck, or that a person has cancelled, is another matter.
        row.retain(|job| matches!(job.state, JobState::Failed | JobState::Reverted));
        FailureRun { jobs: row, is_cut }
    }

    /// Reads the row of a definition.
    ///
    /// # Errors
    ///
    /// Those of the board.
    pub(super) fn read(visit: &Visit<'_>, definition: &str) -> BoardResult<Self> {
        let jobs = visit.sight.ended_jobs(&EndFilter {
            definition: Some(definition.to_owned()),
            limit: MOST,
            ..EndFilter::default()
        })?;
        Ok(FailureRun::of(&jobs))
    }

    /// Returns how many jobs are in the row, in words.
    pub(super) fn words(&self) -> String {
        let more = if self.is_cut { "more than " } else { "" };
        match self.jobs.len() {
            1 => "the last job failed".to_owned(),
            count => format!("the last {more}{count} jobs failed"),
        }
    }

    /// Returns when the first of the row failed, in milliseconds since 1970.
    pub(super) fn since(&self) -> Option<i64> {
        self.jobs.last().map(|job| job.ended)
    }

    /// Returns the job that failed last.
    pub(super) fn last(&self) -> Option<&EndedJob> {
        self.jobs.first()
    }

    /// Returns what failed alike, the most frequent first.
    pub(super) fn kinds(&self) -> Vec<AlikeInRow<'_>> {
        let mut by_kind: BTreeMap<&str, AlikeInRow<'_>> = BTreeMap::new();
        for job in &self.jobs {
            let kind = job.kind.as_deref().unwrap_or_default();
            let alike = by_kind.entry(kind).or_insert(AlikeInRow {
                kind,
                count: 0,
                last: job,
            });
            alike.count += 1;
        }
        let mut kinds: Vec<_> = by_kind.into_values().collect();
        kinds.sort_by_key(|alike| std::cmp::Reverse(alike.count));
        kinds
    }
}
