//! The queue of calls before the writer: bounded, with deadlines.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};

/// More calls do not wait.
const MOST_CALLS: usize = 4096;

/// A queue that many threads fill and the writer drains.
#[derive(Debug)]
pub(super) struct WriteQueue<T> {
    state: Mutex<QueueState<T>>,
    filled: Condvar,
}

#[derive(Debug)]
struct QueueState<T> {
    calls: VecDeque<T>,
    is_closed: bool,
}

impl<T> WriteQueue<T> {
    /// Creates an empty queue.
    pub(super) fn new() -> Self {
        let state = QueueState {
            calls: VecDeque::new(),
            is_closed: false,
        };
        WriteQueue {
            state: Mutex::new(state),
            filled: Condvar::new(),
        }
    }

    /// Adds a call. Returns whether there was room.
    pub(super) fn push(&self, call: T) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_closed || state.calls.len() >= MOST_CALLS {
            return false;
        }
        state.calls.push_back(call);
        drop(state);
        self.filled.notify_one();
        true
    }

    /// Waits for a call; `None`: the queue is closed and empty.
    pub(super) fn wait(&self) -> Option<T> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = |state: &mut QueueState<T>| state.calls.is_empty() && !state.is_closed;
        let state = self.filled.wait_while(state, waiting);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        state.calls.pop_front()
    }

    /// Returns the next call, if there is one now.
    pub(super) fn next(&self) -> Option<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.calls.pop_front()
    }

    /// Closes the queue: what is in it is drained, nothing is added.
    pub(super) fn close(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.is_closed = true;
        drop(state);
        self.filled.notify_all();
    }
}
