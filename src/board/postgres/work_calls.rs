//! The calls by which a worker gets work: where a look begins, since when nothing is claimed, and
//! whether posts wake the session.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::lane_call::LaneCall;
use super::lane_marks::LaneMark;
use super::pg_board::PostgresBoard;
use super::transition_call::TransitionCall;
use crate::board::advance::{Advance, AdvanceAnswer, LaneWish};
use crate::board::beat::LookAnswer;
use crate::board::board_error::BoardResult;
use crate::board::job_id::{JobId, SessionId};

/// What comes with the answer to an advance.
#[derive(Deserialize)]
struct AdvanceNotes {
    epoch: u64,
    /// For how many milliseconds nothing is claimed in that epoch.
    hold: u64,
    /// Whether posts wake the session from now on.
    begins_to_wait: bool,
    marks: Vec<LaneMark>,
    /// How many microseconds the look took.
    took: u64,
    /// The time of the board.
    now: i64,
}

/// What comes with the answer to a look.
#[derive(Deserialize)]
struct LookNotes {
    /// Whether posts wake the session.
    waits: bool,
    /// The time of the board.
    now: i64,
}

impl PostgresBoard {
    /// Records transitions and claims jobs.
    ///
    /// # Errors
    ///
    /// Those of [`Board::advance`](crate::board::Board::advance).
    pub(super) fn advance_and_claim(&self, request: &Advance) -> BoardResult<AdvanceAnswer> {
        #[derive(Serialize)]
        struct AdvanceCall<'a> {
            session: SessionId,
            transitions: Vec<TransitionCall<'a>>,
            lanes: Vec<LaneCall<'a>>,
            at_most: u32,
            only: &'a [JobId],
            waited: Option<u64>,
            listens: bool,
        }
        let claim = &request.claim;
        let begun = self.mono();
        let marks = self.marks.now(begun);
        let call = AdvanceCall {
            session: request.session,
            transitions: TransitionCall::of_all(&request.transitions, &self.offset)?,
            lanes: LaneCall::of_all(&claim.lanes, marks.as_ref()),
            at_most: claim.at_most,
            only: &claim.only,
            waited: self.hold.waited(begun),
            listens: self.is_listening.load(Ordering::Relaxed),
        };
        let (notes, mut answer): (AdvanceNotes, AdvanceAnswer) = self.call("advance", &call)?;
        let now = self.mono();
        self.offset.seen(notes.now, self.wall());
        self.hold.seen(notes.epoch, notes.hold, now);
        if !claim.lanes.is_empty() && claim.only.is_empty() {
            if answer.claimed.len() < claim.at_most as usize {
                let lanes = claim.lanes.iter().map(|lane| &lane.definition);
                self.marks.found_no_more(lanes, notes.now);
            }
            let took = Duration::from_micros(notes.took);
            self.marks.seen(notes.marks, took, marks.is_none(), now);
        }
        if notes.begins_to_wait {
            // What was posted since the look of that call rang for nothing.
            let (_, look) = self.look_once(request.session, &claim.lanes)?;
            answer.next_due = look.next_due;
        }
        answer.next_due = answer.next_due.map(|due| self.offset.here(due));
        for job in &mut answer.claimed {
            job.ends_by = job.ends_by.map(|end| self.offset.here(end));
        }
        Ok(answer)
    }

    /// Looks whether there is something to do; notes that posts are to wake the session where
    /// there is not.
    ///
    /// # Errors
    ///
    /// Those of [`Board::look`](crate::board::Board::look).
    pub(super) fn look_or_wait(
        &self,
        session: SessionId,
        lanes: &[LaneWish],
    ) -> BoardResult<LookAnswer> {
        let (notes, mut look) = self.look_once(session, lanes)?;
        self.offset.seen(notes.now, self.wall());
        let has_work = look.next_due.is_some_and(|due| due <= notes.now);
        if !has_work && !notes.waits && self.is_listening.load(Ordering::Relaxed) {
            // A post between the look and the mark rings for nothing: so it looks once more.
            self.call::<()>("mark_waiting", &session)?;
            look = self.look_once(session, lanes)?.1;
        }
        look.next_due = look.next_due.map(|due| self.offset.here(due));
        Ok(look)
    }

    fn look_once(
        &self,
        session: SessionId,
        lanes: &[LaneWish],
    ) -> BoardResult<(LookNotes, LookAnswer)> {
        let marks = self.marks.now(self.mono());
        let lanes = LaneCall::of_all(lanes, marks.as_ref());
        self.call("look", &json!({"session": session, "lanes": lanes}))
    }
}
