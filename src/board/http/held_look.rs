//! The look that the server holds until there is something to do: a worker hears of a post, or of a
//! request to end a job, at once.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;

use super::http_agent::HttpAgent;
use crate::board::advance::LaneWish;
use crate::board::beat::LookAnswer;
use crate::board::job_id::SessionId;
use crate::core::time::Mono;
use crate::unix::clock;
use crate::unix::wakeup::Wakeup;

/// For longer than the server holds a look.
const WITHIN: Duration = Duration::from_secs(30);
/// The shortest interval between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// What is looked for.
#[derive(Clone, Debug, PartialEq)]
struct LookWish {
    session: SessionId,
    lanes: Vec<LaneWish>,
}

impl LookWish {
    /// Creates a wish; workers rotate their lanes, whose order means nothing to a look.
    fn new(session: SessionId, lanes: &[LaneWish]) -> Self {
        let mut lanes = lanes.to_vec();
        lanes.sort_by(|a, b| a.definition.cmp(&b.definition));
        LookWish { session, lanes }
    }
}

#[derive(Debug, Default)]
struct HeldState {
    /// What the next held look looks for.
    next: Option<LookWish>,
    /// What the server holds now, and what it found when it was asked directly.
    held: Option<(LookWish, LookAnswer)>,
    is_over: bool,
}

/// The look that the server holds.
#[derive(Debug)]
pub(super) struct HeldLook {
    state: Mutex<HeldState>,
    changed: Condvar,
    pub(super) wakeup: Wakeup,
}

impl HeldLook {
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(HeldLook {
            state: Mutex::default(),
            changed: Condvar::new(),
            wakeup: Wakeup::new()?,
        })
    }

    fn state(&self) -> MutexGuard<'_, HeldState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what a look would find, where the server holds the same look: nothing new.
    pub(super) fn found(
        &self,
        session: SessionId,
        lanes: &[LaneWish],
        now: i64,
    ) -> Option<LookAnswer> {
        let state = self.state();
        let (wish, found) = state.held.as_ref()?;
        let is_same = *wish == LookWish::new(session, lanes);
        let is_due = found.next_due.is_some_and(|due| due <= now);
        (is_same && !is_due).then(|| found.clone())
    }

    /// Has the server hold a look which has found nothing to do.
    pub(super) fn hold(&self, session: SessionId, lanes: &[LaneWish], found: &LookAnswer) {
        let mut state = self.state();
        let wish = LookWish::new(session, lanes);
        state.held = Some((wish.clone(), found.clone()));
        state.next = Some(wish);
        self.changed.notify_one();
    }

    /// Ends the thread.
    pub(super) fn end(&self) {
        self.state().is_over = true;
        self.changed.notify_one();
    }

    /// Asks the server, again and again, until the bell is dropped.
    pub(super) fn ask_until_over(self: Arc<Self>, agent: &HttpAgent) {
        while let Some(wish) = self.next() {
            let asked = clock::mono();
            let request = json!({"session": wish.session, "lanes": wish.lanes});
            let answered = agent.call("wait", &request, WITHIN);
            {
                let mut state = self.state();
                let is_same = state.held.as_ref().is_some_and(|(held, _)| *held == wish);
                if is_same {
                    state.held = None;
                }
            }
            if answered.is_ok() {
                self.wakeup.ring();
            }
            self.pause(asked);
        }
    }

    fn next(&self) -> Option<LookWish> {
        let mut state = self.state();
        loop {
            if state.is_over {
                return None;
            }
            if let Some(wish) = state.next.take() {
                return Some(wish);
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits where the last look began a moment ago.
    fn pause(&self, asked: Mono) {
        let passed = clock::mono().since(asked);
        let Some(rest) = PAUSE.checked_sub(passed) else {
            return;
        };
        let state = self.state();
        let waited = self
            .changed
            .wait_timeout_while(state, rest, |state| !state.is_over);
        drop(waited);
    }
}
