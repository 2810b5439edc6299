//! The interpreter: from the state of a job and the time, what is to be done next.

use super::advice::{AttemptStart, FlowAdvice, FlowDecision, FlowEnd, FlowNext};
use super::flow_state::{FlowMode, FlowState};
use super::forward::Forward;
use super::journal::{JournalEntry, Phase};
use super::plan::ROOT;
use super::retry_wait::LONGEST_HELD;

/// How many attempts of one job may be in progress at once: as many as a board can keep.
pub(crate) const MOST_AT_ONCE: usize = 16;

impl FlowState {
    /// Returns what is to be done now, at this worker, with so many free slots. `now` is in
    /// milliseconds since 1970.
    pub(crate) fn advise(&self, now: i64, free: usize, worker: &str) -> FlowAdvice {
        let Some(decision) = self.decision(now) else {
            return self.advise_decided(now, free, worker);
        };
        let mut state = self.clone();
        let mut decisions = vec![decision];
        loop {
            let last = decisions.last().expect("one was put in before the loop");
            state.apply(&last.entry(state.last_seq + 1, 0, worker));
            match state.decision(now) {
                Some(decision) => decisions.push(decision),
                None => break,
            }
        }
        FlowAdvice {
            decisions,
            ..state.advise_decided(now, free, worker)
        }
    }

    /// Applies an advice: its decisions and beginnings. Returns the entries to write.
    pub(crate) fn follow(
        &mut self,
        advice: &FlowAdvice,
        now: i64,
        fence: u64,
        worker: &str,
    ) -> Vec<JournalEntry> {
        let mut entries = Vec::with_capacity(advice.decisions.len());
        for decision in &advice.decisions {
            entries.push(self.note(decision, fence, worker));
        }
        for start in &advice.begin {
            self.begin(start.doing(now));
        }
        entries
    }

    /// Applies a decision or a request. Returns the entry to write.
    pub(crate) fn note(
        &mut self,
        decision: &FlowDecision,
        fence: u64,
        worker: &str,
    ) -> JournalEntry {
        let entry = decision.entry(self.last_seq + 1, fence, worker);
        self.apply(&entry);
        entry
    }

    fn advise_decided(&self, now: i64, free: usize, worker: &str) -> FlowAdvice {
        let most = free.min(MOST_AT_ONCE.saturating_sub(self.doing.len()));
        let (mut begin, next) = match self.stuck() {
            Some(end) => (Vec::new(), self.end(end)),
            None => match self.mode {
                FlowMode::Forward => self.advise_forward(now, worker, most),
                FlowMode::Backward { .. } => self.advise_backward(now),
                FlowMode::Halt { is_cancelled } => (Vec::new(), self.end(end_of(is_cancelled))),
            },
        };
        let is_over = matches!(next, FlowNext::End(_));
        let next = if self.is_paused && !is_over {
            begin.clear();
            self.end(FlowEnd::Paused)
        } else {
            next
        };
        begin.truncate(most);
        FlowAdvice {
            decisions: Vec::new(),
            begin,
            kill: self.to_kill(),
            next,
        }
    }

    /// Returns the end, or that what is in progress is waited for.
    fn end(&self, end: FlowEnd) -> FlowNext {
        if self.doing.is_empty() {
            FlowNext::End(end)
        } else {
            FlowNext::Wait { until: None }
        }
    }

    fn advise_forward(&self, now: i64, worker: &str, most: usize) -> (Vec<AttemptStart>, FlowNext) {
        let forward = Forward::of(self, now, worker, most);
        if forward.has_ended() {
            return (Vec::new(), self.end(FlowEnd::Succeeded));
        }
        let is_idle = self.doing.is_empty() && !forward.is_ready;
        let next = if let (Some(run_at), true) = (forward.elsewhere_at, is_idle) {
            FlowNext::GiveBack {
                run_at,
                avoid: forward.avoid.unwrap_or_default(),
            }
        } else if is_idle {
            self.wait(forward.due, now, forward.avoid.unwrap_or_default())
        } else {
            FlowNext::Wait { until: forward.due }
        };
        (forward.ready, next)
    }

    /// Returns how it is waited where nothing is in progress and nothing begins.
    fn wait(&self, due: Option<i64>, now: i64, avoid: Vec<String>) -> FlowNext {
        match due {
            Some(run_at) if run_at.saturating_sub(now) > LONGEST_HELD => {
                FlowNext::GiveBack { run_at, avoid }
            }
            Some(due) => FlowNext::Wait { until: Some(due) },
            None => self.end(FlowEnd::Stuck {
                step: String::new(),
                reason: "nothing is left that could begin".to_owned(),
            }),
        }
    }

    fn advise_backward(&self, now: i64) -> (Vec<AttemptStart>, FlowNext) {
        let wait = FlowNext::Wait { until: None };
        if !self.doing.is_empty() {
            return (Vec::new(), wait);
        }
        let steps = self.plan.steps_in(ROOT);
        let last = steps.max_by_key(|at| self.to_undo(*at));
        let Some(at) = last.filter(|at| self.to_undo(*at).is_some()) else {
            return (Vec::new(), self.end(self.end_of_backward()));
        };
        match self.due(at, Phase::Revert, now) {
            due if due > now => (Vec::new(), self.wait(Some(due), now, Vec::new())),
            _ => (vec![self.start_revert(at)], wait),
        }
    }

    fn end_of_backward(&self) -> FlowEnd {
        match self.mode {
            FlowMode::Backward {
                is_cancelled: false,
                has_undone: true,
                ..
            } => FlowEnd::Reverted,
            FlowMode::Backward { is_cancelled, .. } => end_of(is_cancelled),
            FlowMode::Forward | FlowMode::Halt { .. } => FlowEnd::Failed,
        }
    }

    /// Returns the steps whose attempts a request to kill is about: all but reverts that began
    /// after the request.
    pub(crate) fn to_kill(&self) -> Vec<String> {
        let Some(killed_at) = self.killed_at else {
            return Vec::new();
        };
        let doing = self.doing.iter();
        let killed = doing.filter(|doing| doing.phase != Phase::Revert || doing.since < killed_at);
        killed.map(|doing| doing.step.clone()).collect()
    }
}

fn end_of(is_cancelled: bool) -> FlowEnd {
    if is_cancelled {
        FlowEnd::Cancelled
    } else {
        FlowEnd::Failed
    }
}
