//! What a journal has of each step: its attempts, in the order of their beginning.
//!
//! The board does not know the steps of a definition, so that a page knows those that have begun.

use crate::board::JobRecord;
use crate::flow::journal::{EntryOutcome, JournalEntry, Phase};

/// An attempt of a step.
#[derive(Clone, Debug)]
pub(super) struct TrackedAttempt {
    /// What was done.
    pub(super) phase: Phase,
    /// Which attempt of that phase, from 1.
    pub(super) attempt: u32,
    /// How it ended; `None`: it is in progress.
    pub(super) outcome: Option<EntryOutcome>,
    /// When it began, in milliseconds since 1970.
    pub(super) started: i64,
    /// When it ended; of one in progress, now.
    pub(super) ended: i64,
    /// Why it failed.
    pub(super) error: Option<String>,
}

/// A step as its journal has it.
#[derive(Clone, Debug)]
pub(super) struct StepTrack {
    /// The name.
    pub(super) name: String,
    /// The attempts, the first one first.
    pub(super) attempts: Vec<TrackedAttempt>,
    /// Whether a person, or its condition, has passed it over.
    pub(super) is_skipped: bool,
}

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TrackState {
    /// Not begun; known from an earlier job.
    Coming,
    /// An execution is in progress.
    Running,
    /// A revert is in progress.
    Reverting,
    /// Done.
    Done,
    /// Failed.
    Failed,
    /// Undone.
    Undone,
    /// The revert failed.
    NotUndone,
    /// Passed over.
    Skipped,
    /// Cut off.
    Interrupted,
}

impl StepTrack {
    /// Returns where the step stands.
    pub(super) fn state(&self) -> TrackState {
        let Some(last) = self.attempts.last() else {
            return match self.is_skipped {
                true => TrackState::Skipped,
                false => TrackState::Coming,
            };
        };
        if self.is_skipped && last.outcome.is_some() {
            return TrackState::Skipped;
        }
        match (last.phase, last.outcome) {
            (Phase::Revert, None) => TrackState::Reverting,
            (_, None) => TrackState::Running,
            (Phase::Revert, Some(EntryOutcome::Succeeded)) => TrackState::Undone,
            (Phase::Revert, Some(_)) => TrackState::NotUndone,
            (_, Some(EntryOutcome::Succeeded)) => TrackState::Done,
            (_, Some(EntryOutcome::Skipped)) => TrackState::Skipped,
            (_, Some(EntryOutcome::Interrupted | EntryOutcome::RetryLater)) => {
                TrackState::Interrupted
            }
            (_, Some(_)) => TrackState::Failed,
        }
    }

    /// Returns the attempts that execute.
    pub(super) fn executions(&self) -> impl Iterator<Item = &TrackedAttempt> {
        self.attempts.iter().filter(|it| it.phase == Phase::Execute)
    }

    /// Returns when the step first began; `None`: it has not.
    pub(super) fn began(&self) -> Option<i64> {
        self.attempts.first().map(|first| first.started)
    }

    fn new(name: &str) -> Self {
        StepTrack {
            name: name.to_owned(),
            attempts: Vec::new(),
            is_skipped: false,
        }
    }
}

/// Returns the steps of a journal in the order of their beginning.
pub(super) fn tracks(
    journal: &[JournalEntry],
    job: Option<&JobRecord>,
    now: i64,
) -> Vec<StepTrack> {
    let mut all: Vec<StepTrack> = Vec::new();
    for entry in journal.iter().filter(|entry| !entry.step.is_empty()) {
        match entry.phase {
            Phase::When | Phase::Execute | Phase::Check | Phase::Revert => {
                let track = track_of(&mut all, &entry.step);
                let is_skip = entry.outcome == EntryOutcome::Skipped;
                if entry.phase == Phase::When {
                    track.is_skipped = is_skip;
                    continue;
                }
                track.is_skipped = false;
                track.attempts.push(TrackedAttempt {
                    phase: entry.phase,
                    attempt: entry.attempt,
                    outcome: Some(entry.outcome),
                    started: entry.started,
                    ended: entry.ended,
                    error: entry.error.clone(),
                });
            }
            Phase::Request if entry.outcome == EntryOutcome::Skipped => {
                track_of(&mut all, &entry.step).is_skipped = true;
            }
            _ => {}
        }
    }
    for doing in job.into_iter().flat_map(|job| &job.doing) {
        let track = track_of(&mut all, &doing.step);
        track.is_skipped = false;
        track.attempts.push(TrackedAttempt {
            phase: doing.phase,
            attempt: doing.attempt,
            outcome: None,
            started: doing.since,
            ended: now.max(doing.since),
            error: None,
        });
    }
    all
}

fn track_of<'a>(all: &'a mut Vec<StepTrack>, name: &str) -> &'a mut StepTrack {
    let found = all.iter().position(|track| track.name == name);
    let at = found.unwrap_or_else(|| {
        all.push(StepTrack::new(name));
        all.len() - 1
    });
    &mut all[at]
}

/// Adds the steps that an earlier job had and this one has not begun.
pub(super) fn add_coming(tracks: &mut Vec<StepTrack>, earlier: &[StepTrack]) {
    for step in earlier {
        if tracks.iter().all(|known| known.name != step.name) {
            tracks.push(StepTrack::new(&step.name));
        }
    }
}

/// Returns steps by what ran at the same time: a new set begins when all before have ended.
pub(super) fn sets(tracks: &[StepTrack]) -> Vec<Vec<&StepTrack>> {
    let mut all: Vec<Vec<&StepTrack>> = Vec::new();
    let mut ends = i64::MIN;
    for track in tracks {
        let first = track.executions().next();
        let (began, ended) = first.map_or((i64::MAX, i64::MAX), |it| (it.started, it.ended));
        match all.last_mut() {
            Some(set) if began < ends && first.is_some() => set.push(track),
            _ => all.push(vec![track]),
        }
        if first.is_some() {
            ends = ends.max(ended);
        }
    }
    all
}
