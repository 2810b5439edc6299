//! What follows from a transition by itself: whether it is one, and what boards keep of it.

use super::advance::Transition;
use super::board_error::BoardError;
use super::job_request::PendingRequest;
use super::job_state::JobState;
use crate::flow::journal::{EntryOutcome, JournalEntry, Phase};

/// No job has more attempts in progress.
const MOST_DOING: usize = 16;
/// No job avoids more workers.
const MOST_AVOIDED: usize = 3;

/// What follows from a transition by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TransitionFacts {
    /// Whether a step has begun, if none had before.
    pub(super) has_begun: bool,
    /// The pending request that its last entry of a request records.
    pub(super) recorded: Option<PendingRequest>,
    /// The steps of which an attempt has ended by itself.
    pub(super) ended_steps: Vec<String>,
}

impl TransitionFacts {
    /// Checks a transition, and returns what follows from it.
    ///
    /// # Errors
    ///
    /// [`BoardError::Malformed`].
    pub(super) fn of(transition: &Transition) -> Result<Self, BoardError> {
        check(transition)?;
        let executes = |phase: Phase| matches!(phase, Phase::Execute | Phase::Check);
        let entries = &transition.entries;
        let has_begun = entries.iter().any(|entry| executes(entry.phase))
            || transition.doing.iter().any(|doing| executes(doing.phase));
        let ended = entries.iter().filter(|entry| {
            entry.phase != Phase::Request && entry.outcome != EntryOutcome::Interrupted
        });
        Ok(TransitionFacts {
            has_begun,
            recorded: entries.iter().rev().find_map(recorded),
            ended_steps: ended.map(|entry| entry.step.clone()).collect(),
        })
    }
}

fn check(transition: &Transition) -> Result<(), BoardError> {
    let before = transition.before;
    let wrong = |why: &str| Err(BoardError::Malformed(format!("job {}: {why}", before.id)));
    let numbers = before.seq + 1..;
    let is_gapless = transition.entries.iter().zip(numbers);
    if is_gapless.into_iter().any(|(entry, seq)| entry.seq != seq) {
        return wrong("the numbers of its entries have a gap");
    }
    if transition
        .entries
        .iter()
        .any(|entry| entry.fence != before.fence)
    {
        return wrong("an entry has another fence");
    }
    if transition.state == JobState::Limited {
        return wrong("no transition leads behind a limit");
    }
    if transition.doing.len() > MOST_DOING {
        return wrong("more than 16 attempts are in progress");
    }
    if transition.state != JobState::Running && !transition.doing.is_empty() {
        return wrong("attempts are in progress where nothing holds the job");
    }
    if transition
        .avoid
        .as_ref()
        .is_some_and(|names| names.len() > MOST_AVOIDED)
    {
        return wrong("more than 3 workers are avoided");
    }
    Ok(())
}

/// Returns the pending request that an entry records.
fn recorded(entry: &JournalEntry) -> Option<PendingRequest> {
    if entry.phase != Phase::Request {
        return None;
    }
    match entry.outcome {
        EntryOutcome::Pause => Some(PendingRequest::Pause),
        EntryOutcome::Stop => Some(PendingRequest::Stop),
        EntryOutcome::StopNoRevert => Some(PendingRequest::StopNoRevert),
        EntryOutcome::Kill => Some(PendingRequest::Kill),
        _ => None,
    }
}
