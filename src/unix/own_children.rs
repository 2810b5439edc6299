//! The children that the runner itself wants to live: those that no sweep may end.
//!
//! The runner is a subreaper, so whatever a run leaves behind becomes its child, beside the
//! processes that it started on purpose. Who starts one on purpose (the mail worker, the launcher)
//! registers it here, so that ending leftovers never hits it.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

static OWN: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

fn own() -> MutexGuard<'static, BTreeSet<i32>> {
    // A set of numbers is whole at any time: a panic elsewhere does not spoil it.
    OWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes note of a child that no sweep may end. Called right after it was spawned.
pub(crate) fn register(pid: i32) {
    own().insert(pid);
}

/// Forgets a child. Called after it was reaped, or its number could mean somebody else.
pub(crate) fn unregister(pid: i32) {
    own().remove(&pid);
}

/// Returns whether a child is registered.
pub(crate) fn is_registered(pid: i32) -> bool {
    own().contains(&pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_ours_until_it_is_unregistered() {
        register(-7);
        assert!(is_registered(-7));
        unregister(-7);
        assert!(!is_registered(-7));
    }
}
