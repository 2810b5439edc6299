//! What the lock's thread does with what it learns: as little as possible.

use std::sync::Arc;

use super::lock_state::{LockReport, LockStanding, LockState};
use crate::core::command_error::CommandError;
use crate::lease::LeaseDeadlines;
use crate::lock::{Lock, LockEvent, LockHandle, LockOwner};
use crate::service::start_error::no_descriptor;
use crate::task::context::{self, StopCause};
use crate::unix::clock;
use crate::unix::keeper::{Keeper, KeeperDeadline};

/// The listener in the lock's thread.
pub(super) struct LockListener {
    state: Arc<LockState>,
    keeper: Arc<Keeper>,
    /// Wakes the threads that go by the state.
    wake: Box<dyn Fn() + Send>,
}

impl LockListener {
    /// Starts the thread of a lock for work below this keeper. `wake` wakes the threads that go by
    /// the state.
    ///
    /// # Errors
    ///
    /// When the process has no descriptor or thread left.
    pub(super) fn start(
        lock: Box<dyn Lock>,
        owner: LockOwner,
        keeper: &Arc<Keeper>,
        wake: Box<dyn Fn() + Send>,
    ) -> Result<(LockHandle, Arc<LockState>), CommandError> {
        let state = Arc::new(LockState::default());
        let listener = LockListener {
            state: Arc::clone(&state),
            keeper: Arc::clone(keeper),
            wake,
        };
        let handle = LockHandle::start(lock, owner, move |event| listener.hear(event));
        Ok((handle.map_err(no_descriptor)?, state))
    }

    /// Takes note of an event.
    fn hear(&self, event: LockEvent) {
        match event {
            LockEvent::Acquired {
                fence,
                deadlines,
                note,
            } => {
                self.work_until(deadlines);
                context::set_fence(Some(fence));
                self.state.keep_note(note);
                let standing = LockStanding::Held { fence };
                let report = LockReport::Acquired { fence };
                self.state.change(standing, report);
            }
            LockEvent::Renewed(deadlines) => {
                // A run that is to begin waits for a beat when none was acknowledged in time.
                let was_late = self.work_until(deadlines);
                if !self.state.answers() && !was_late {
                    return;
                }
            }
            LockEvent::HeldElsewhere { holder, note } => {
                let standing = LockStanding::Elsewhere(holder.clone());
                let report = LockReport::Elsewhere(holder, note);
                self.state.change(standing, report);
            }
            LockEvent::Failed(error) => self.state.fails(error),
            LockEvent::Lost { why, deadlines } => {
                self.work_until(deadlines);
                context::request_stop(StopCause::Lock);
                let lost = LockStanding::Lost {
                    why: why.clone(),
                    kill_at: deadlines.kill_at,
                };
                self.state.change(lost, LockReport::Lost(why));
            }
            LockEvent::NotLetGo => self.state.is_not_let_go(),
            LockEvent::Released => {
                context::set_fence(None);
                context::clear_stop(StopCause::Lock);
                self.state.is_free();
            }
        }
        (self.wake)();
    }

    /// Moves the deadline. Returns whether the former one had passed.
    fn work_until(&self, deadlines: LeaseDeadlines) -> bool {
        let LeaseDeadlines {
            term_at, kill_at, ..
        } = deadlines;
        let now = clock::mono();
        let was_late = self.state.begin_until(term_at, now);
        if now < term_at {
            context::clear_stop(StopCause::Lock);
        }
        // A keeper that is gone has ended all trees, and the runner ends.
        let _ = self
            .keeper
            .set_deadline(Some(KeeperDeadline { term_at, kill_at }));
        was_late
    }
}
