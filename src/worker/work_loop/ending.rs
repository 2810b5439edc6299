//! When a worker has nothing to do any more.

use super::super::wall_millis;
use super::{LOOK, WorkEnd, WorkLoop};
use crate::board::LaneWish;
use crate::unix::clock;

impl WorkLoop {
    /// Returns the end of a worker that has nothing to do any more.
    pub(super) fn over(&mut self) -> Option<WorkEnd> {
        let is_idle = self.jobs.is_empty() && self.parts.slots.are_idle();
        if !is_idle || !(self.leaving.is_asked() || self.parts.is_once && self.none_waits()) {
            return None;
        }
        Some(WorkEnd::Done {
            all_well: self.all_well,
        })
    }

    /// Returns whether nothing waits that this worker can do.
    fn none_waits(&mut self) -> bool {
        let none_is_asked = self.parts.capabilities.are_settled(clock::mono());
        if self.is_unanswered || !none_is_asked || self.is_due_soon() {
            return false;
        }
        // A restored board claims nothing for a while, and the answer to a claim has no job then.
        let lanes = self.claim_wish(self.free()).lanes;
        match self.parts.board.look(self.parts.session, &lanes) {
            Ok(found) => self.next_due = found.next_due,
            Err(_) => return false,
        }
        if self.is_due_soon() {
            self.log_hold(&lanes);
        }
        !self.is_due_soon()
    }

    /// Returns whether a job is due by the next look: while claims are barred, each that waits is.
    fn is_due_soon(&self) -> bool {
        let look = i64::try_from(LOOK.as_millis()).unwrap_or(i64::MAX);
        let next_look = wall_millis(clock::now()).saturating_add(look);
        self.next_due.is_some_and(|due| due <= next_look)
    }

    fn log_hold(&mut self, lanes: &[LaneWish]) {
        if self.is_hold_logged {
            return;
        }
        let board = &self.parts.board;
        let waiting = board.peek(self.parts.session, lanes, 1).ok();
        let first = waiting.and_then(|jobs| jobs.first().map(|job| job.id));
        let facts = first.and_then(|id| board.wait_facts(id).ok());
        if facts.is_some_and(|facts| facts.is_barred) {
            self.is_hold_logged = true;
            log::info!(
                "The board was restored: nothing is claimed until the longest lease has passed, at \
                 least 5 minutes"
            );
        }
    }
}
