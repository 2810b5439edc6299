//! How many jobs are in which state, and how those of the last day ended.

use std::collections::BTreeMap;

use super::sight::Sight;
use super::wording::capped;
use crate::board::{BoardResult, JobFilter, JobRecord, JobState};
use crate::text::counts::grouped;

/// The board counts no further.
const BOARD_COUNTS_TO: u64 = 10_000;
/// Jobs of one project are counted one by one, so far.
const PROJECT_COUNTS_TO: u32 = 200;
/// For how long ends are counted, in milliseconds.
pub(super) const DAY: i64 = 24 * 3600 * 1000;

/// The states of jobs that are not over.
const UNFINISHED: [JobState; 5] = [
    JobState::Waiting,
    JobState::Limited,
    JobState::Running,
    JobState::Paused,
    JobState::Stuck,
];
/// The states of failures.
pub(super) const FAILURES: [JobState; 3] = [JobState::Failed, JobState::Reverted, JobState::Stuck];
/// The states of jobs that are over.
const OVER: [JobState; 4] = [
    JobState::Succeeded,
    JobState::Failed,
    JobState::Reverted,
    JobState::Cancelled,
];

/// How many jobs are in which state, by definition.
#[derive(Debug, Default)]
pub(super) struct BoardFigures {
    /// By definition.
    pub(super) definitions: BTreeMap<String, DefinitionFigures>,
    /// No count is higher than this and one more.
    counted_to: u64,
    /// Whether there are more jobs than were counted one by one.
    is_cut: bool,
}

/// How many jobs of a definition are in which state.
#[derive(Debug, Default)]
pub(super) struct DefinitionFigures {
    /// Now, by state.
    pub(super) now: BTreeMap<JobState, u64>,
    /// In the last day, by the state in which they ended.
    pub(super) ended: BTreeMap<JobState, u64>,
    /// When the last one succeeded, in milliseconds since 1970.
    pub(super) last_success: Option<i64>,
    /// The one that failed last.
    pub(super) last_failure: Option<FailedEnd>,
}

/// The end of a job that failed.
#[derive(Clone, Debug)]
pub(super) struct FailedEnd {
    /// When, in milliseconds since 1970.
    pub(super) at: i64,
    /// How it ended.
    pub(super) state: JobState,
}

impl DefinitionFigures {
    /// Returns how many jobs are in a state now.
    pub(super) fn count(&self, state: JobState) -> u64 {
        self.now.get(&state).copied().unwrap_or(0)
    }

    /// Returns how many jobs wait, for a worker or behind a limit.
    pub(super) fn waiting(&self) -> u64 {
        self.count(JobState::Waiting) + self.count(JobState::Limited)
    }

    /// Returns how many jobs ended in a state in the last day.
    pub(super) fn ended(&self, state: JobState) -> u64 {
        self.ended.get(&state).copied().unwrap_or(0)
    }

    /// Returns how many failed in the last day.
    pub(super) fn failed(&self) -> u64 {
        FAILURES.iter().map(|state| self.ended(*state)).sum()
    }

    /// Returns the failure with which the last job ended that succeeded or failed. A job that is
    /// stuck is a problem of its own.
    pub(super) fn failure(&self) -> Option<&FailedEnd> {
        let last = self.last_failure.as_ref()?;
        if last.state == JobState::Stuck {
            return None;
        }
        self.last_success
            .is_none_or(|success| success < last.at)
            .then_some(last)
    }

    fn add_end(&mut self, state: JobState, at: i64) {
        if state == JobState::Succeeded {
            self.last_success = self.last_success.max(Some(at));
        }
        let is_later = self.last_failure.as_ref().is_none_or(|last| last.at < at);
        if FAILURES.contains(&state) && is_later {
            self.last_failure = Some(FailedEnd { at, state });
        }
    }
}

impl BoardFigures {
    /// Reads the counts of now.
    ///
    /// # Errors
    ///
    /// Those of the board.
    pub(super) fn of_now(sight: &Sight<'_>) -> BoardResult<Self> {
        let mut figures = BoardFigures::counted_to(BOARD_COUNTS_TO);
        if sight.only().is_some() {
            figures.counted_to = u64::from(PROJECT_COUNTS_TO);
            figures.add_jobs(sight, &UNFINISHED, i64::MIN)?;
            figures.add_jobs(sight, &OVER[1..], i64::MIN)?;
            figures.add_jobs(sight, &OVER[..1], i64::MIN)?;
            return Ok(figures);
        }
        for count in sight.board().counts()? {
            let of_name = figures.definitions.entry(count.definition).or_default();
            of_name.now.insert(count.state, count.jobs);
        }
        Ok(figures)
    }

    /// Reads the counts of now, and the ends of the last day.
    ///
    /// # Errors
    ///
    /// Those of the board.
    pub(super) fn of_the_day(sight: &Sight<'_>, now: i64) -> BoardResult<Self> {
        let since = now.saturating_sub(DAY);
        if sight.only().is_some() {
            let mut figures = BoardFigures::counted_to(u64::from(PROJECT_COUNTS_TO));
            figures.add_jobs(sight, &UNFINISHED, since)?;
            figures.add_jobs(sight, &OVER[1..], since)?;
            figures.add_jobs(sight, &OVER[..1], since)?;
            return Ok(figures);
        }
        let mut figures = BoardFigures::of_now(sight)?;
        for end in sight.board().ends(since)? {
            let of_name = figures.definitions.entry(end.definition).or_default();
            of_name.ended.insert(end.state, end.jobs);
            of_name.add_end(end.state, end.at);
        }
        Ok(figures)
    }

    fn counted_to(counted_to: u64) -> Self {
        BoardFigures {
            definitions: BTreeMap::new(),
            counted_to,
            is_cut: false,
        }
    }

    /// Returns a count of these figures in words.
    pub(super) fn words(&self, count: u64) -> String {
        match self.is_cut && count > 0 {
            true => format!("≥ {}", grouped(count)),
            false => capped(count, self.counted_to),
        }
    }

    /// Counts jobs one by one, as far as a page of them reaches.
    fn add_jobs(&mut self, sight: &Sight<'_>, states: &[JobState], since: i64) -> BoardResult<()> {
        let filter = JobFilter {
            states: states.to_vec(),
            limit: PROJECT_COUNTS_TO,
            ..JobFilter::default()
        };
        let seen = sight.jobs(&filter)?;
        for job in &seen.jobs {
            self.add_job(job, since);
        }
        self.is_cut |= seen.next.is_some();
        Ok(())
    }

    fn add_job(&mut self, job: &JobRecord, since: i64) {
        let of_name = self.definitions.entry(job.definition.clone()).or_default();
        *of_name.now.entry(job.state).or_default() += 1;
        let Some(at) = job.ended else {
            return;
        };
        of_name.add_end(job.state, at);
        if at >= since {
            *of_name.ended.entry(job.state).or_default() += 1;
        }
    }

    /// Returns how many jobs are in a state now.
    pub(super) fn count(&self, state: JobState) -> u64 {
        self.definitions.values().map(|one| one.count(state)).sum()
    }

    /// Returns how many jobs ended in a state in the last day.
    pub(super) fn ended(&self, state: JobState) -> u64 {
        self.definitions.values().map(|one| one.ended(state)).sum()
    }

    /// Returns whether no job is kept.
    pub(super) fn is_empty(&self) -> bool {
        self.definitions.is_empty()
    }
}
