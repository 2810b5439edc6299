//! What the board records of a job: one transition after the other, each sent until it is
//! answered.

use super::{ClaimedFlow, end_state};
use crate::board::{JobState, Transition};
use crate::core::time::Mono;
use crate::flow::{AttemptStart, FlowNext};

/// How many reports of a job wait for an answer before nothing more of it begins.
const MOST_UNHEARD: usize = 256;

impl ClaimedFlow {
    /// Returns what the board is to record, if anything.
    pub(crate) fn transition(&mut self) -> Option<Transition> {
        let goes_on = self
            .sent
            .back()
            .is_none_or(|last| last.state == JobState::Running);
        if self.sent.is_empty() || self.is_unheard && goes_on {
            let new = self.new_transition();
            self.sent.extend(new);
        }
        self.sent.front().cloned()
    }

    fn new_transition(&mut self) -> Option<Transition> {
        let before = self.sent.back().map_or(self.position, Transition::after);
        let mut transition = Transition::begin(before, self.flow.doing().to_vec());
        let is_idle = self.flow.doing().is_empty();
        match &self.next {
            FlowNext::GiveBack { run_at, avoid } => {
                transition.state = JobState::Waiting;
                // Who claims it then ends it.
                transition.run_at = self.time_is_over_at().map_or(*run_at, |at| at.min(*run_at));
                transition.avoid = Some(avoid.clone());
            }
            FlowNext::End(end) => {
                transition.state = end_state(end);
                transition.reason = self.reason_of(end);
                transition.failure = self.end_failure(end);
                transition.result = self.flow.last_result().cloned();
            }
            FlowNext::Wait { until } if self.is_leaving && is_idle => {
                transition.state = JobState::Waiting;
                transition.run_at = until.unwrap_or(0);
            }
            FlowNext::Wait { .. } => {}
        }
        let goes_on = transition.state == JobState::Running;
        if goes_on && self.entries.is_empty() && self.starts.is_empty() {
            return None;
        }
        transition.entries = std::mem::take(&mut self.entries);
        self.recorded_starts.append(&mut self.starts);
        Some(transition)
    }

    /// Takes note that the board has recorded what was sent. Returns the attempts to begin; `None`:
    /// the job is held no longer.
    pub(crate) fn acknowledged(&mut self) -> Option<Vec<AttemptStart>> {
        let sent = self.sent.pop_front()?;
        self.position = sent.after();
        if sent.state != JobState::Running {
            return None;
        }
        let is_last = self.sent.is_empty();
        self.is_unheard &= !is_last;
        Some(if is_last {
            std::mem::take(&mut self.recorded_starts)
        } else {
            Vec::new()
        })
    }

    /// Returns whether more is to be sent than the board was asked for.
    pub(crate) fn has_more_to_send(&self) -> bool {
        !self.sent.is_empty()
    }

    /// Returns what was sent and not answered.
    pub(crate) fn unanswered(&self) -> impl Iterator<Item = &Transition> {
        self.sent.iter()
    }

    /// Returns the attempts that begin though the board has not answered: only of a job that no
    /// crash can leave half done, and while the lease holds.
    pub(crate) fn begin_unheard(&mut self, now: Mono) -> Vec<AttemptStart> {
        let goes_on = self
            .sent
            .back()
            .is_some_and(|last| last.state == JobState::Running);
        let may_begin = goes_on
            && self.definition.may_go_on_unheard()
            && !self.is_leaving
            && self.sent.len() < MOST_UNHEARD
            && now < self.deadlines.term_at;
        if !may_begin {
            return Vec::new();
        }
        self.is_unheard = true;
        std::mem::take(&mut self.recorded_starts)
    }
}
