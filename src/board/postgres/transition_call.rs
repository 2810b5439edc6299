//! A transition, as the functions of the board have it.

use serde::Serialize;
use serde_json::Value;

use crate::board::advance::Transition;
use crate::board::alert_record::EndFailure;
use crate::board::board_error::BoardError;
use crate::board::clock_offset::ClockOffset;
use crate::board::job_request::PendingRequest;
use crate::board::transition_facts::TransitionFacts;
use crate::flow::journal::{Doing, JournalEntry};

/// A transition, as the functions of the board have it.
#[derive(Debug, Serialize)]
pub(super) struct TransitionCall<'a> {
    /// The place in the request, from 1.
    number: usize,
    id: u64,
    fence: u64,
    seq: u64,
    seq_after: u64,
    entries: &'a [JournalEntry],
    doing: &'a [Doing],
    state: i64,
    run_at: i64,
    result: Option<&'a Value>,
    reason: Option<&'a str>,
    avoid: Option<&'a [String]>,
    has_begun: bool,
    recorded: Option<PendingRequest>,
    ended_steps: Vec<String>,
    failure: Option<&'a EndFailure>,
}

impl<'a> TransitionCall<'a> {
    /// Checks transitions and turns them into what is sent.
    ///
    /// # Errors
    ///
    /// [`BoardError::Malformed`].
    pub(super) fn of_all(
        transitions: &'a [Transition],
        offset: &ClockOffset,
    ) -> Result<Vec<Self>, BoardError> {
        let numbered = transitions.iter().zip(1..);
        numbered
            .map(|(transition, number)| TransitionCall::of(number, transition, offset))
            .collect()
    }

    fn of(
        number: usize,
        transition: &'a Transition,
        offset: &ClockOffset,
    ) -> Result<Self, BoardError> {
        let facts = TransitionFacts::of(transition)?;
        Ok(TransitionCall {
            number,
            id: transition.before.id.0,
            fence: transition.before.fence,
            seq: transition.before.seq,
            seq_after: transition.after().seq,
            entries: &transition.entries,
            doing: &transition.doing,
            state: transition.state.number(),
            run_at: offset.there(transition.run_at),
            result: transition.result.as_ref(),
            reason: transition.reason.as_deref(),
            avoid: transition.avoid.as_deref(),
            has_begun: facts.has_begun,
            recorded: facts.recorded,
            ended_steps: facts.ended_steps,
            failure: transition.failure.as_ref(),
        })
    }
}
