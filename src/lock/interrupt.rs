//! An interrupt that another thread sends to a call of a lock.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::lock_trait::LockInterrupter;

/// What ends the call that is in progress.
type CallEnder = Box<dyn Fn() + Send>;

/// An interrupt of a wait or a call. One that finds no call in progress ends the next wait.
#[derive(Clone, Default)]
pub(super) struct Interrupt(Arc<SharedInterrupt>);

#[derive(Default)]
struct SharedInterrupt {
    state: Mutex<InterruptState>,
    changed: Condvar,
}

#[derive(Default)]
struct InterruptState {
    is_pending: bool,
    /// Whether an interrupt has ended a call since the last look.
    has_ended_call: bool,
    end_call: Option<CallEnder>,
}

impl Interrupt {
    /// Returns what sends the interrupt.
    pub(super) fn sender(&self) -> LockInterrupter {
        let interrupt = self.clone();
        Arc::new(move || interrupt.send())
    }

    fn send(&self) {
        let mut state = self.state();
        state.is_pending = true;
        if let Some(end_call) = state.end_call.take() {
            end_call();
            state.has_ended_call = true;
        }
        self.0.changed.notify_all();
    }

    /// Returns whether an interrupt was sent since the last take.
    pub(super) fn take(&self) -> bool {
        std::mem::take(&mut self.state().is_pending)
    }

    /// Returns whether an interrupt has ended a call since the last take.
    pub(super) fn has_ended_call(&self) -> bool {
        self.state().has_ended_call
    }

    /// Returns whether an interrupt has ended a call since the last take. That interrupt does not
    /// end the next wait, too.
    pub(super) fn take_ended_call(&self) -> bool {
        let mut state = self.state();
        let has_ended = std::mem::take(&mut state.has_ended_call);
        if has_ended {
            state.is_pending = false;
        }
        has_ended
    }

    /// Waits for a while; returns at once when an interrupt is sent, and takes it. Returns whether
    /// one was.
    pub(super) fn pause(&self, at_most: Duration) -> bool {
        let state = self.state();
        let waited = self
            .0
            .changed
            .wait_timeout_while(state, at_most, |state| !state.is_pending);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut state.is_pending)
    }

    /// Makes a call that `end_call` ends. An interrupt that was sent before is left to the next
    /// wait.
    pub(super) fn during_call<T>(
        &self,
        end_call: impl Fn() + Send + 'static,
        call: impl FnOnce() -> T,
    ) -> T {
        self.state().end_call = Some(Box::new(end_call));
        let result = call();
        self.state().end_call = None;
        result
    }

    /// Makes a wait that `end_wait` ends, at once if an interrupt was sent before. The interrupt is
    /// taken.
    pub(super) fn during_wait<T>(
        &self,
        end_wait: impl Fn() + Send + 'static,
        wait: impl FnOnce() -> T,
    ) -> T {
        let mut state = self.state();
        if state.is_pending {
            end_wait();
            state.has_ended_call = true;
        }
        state.end_call = Some(Box::new(end_wait));
        drop(state);
        let result = wait();
        let mut state = self.state();
        state.end_call = None;
        state.is_pending = false;
        result
    }

    fn state(&self) -> MutexGuard<'_, InterruptState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Interrupt")
    }
}
