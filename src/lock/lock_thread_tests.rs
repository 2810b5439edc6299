//! The thread of a lock with a server in memory.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::holder::LockOwner;
use super::lock_event::LockEvent;
use super::lock_handle::LockHandle;
use super::lock_trait::Lock;
use super::memory::MemoryLocks;
use super::{LockAttempt, LockError};
use crate::unix::clock;

/// Long enough for a machine that is slow.
const PATIENCE: Duration = Duration::from_secs(60);

fn owner() -> LockOwner {
    LockOwner::of_this_process("chain")
}

fn start(locks: &MemoryLocks) -> (LockHandle, Receiver<LockEvent>) {
    let (post, events) = channel();
    let hear = move |event| {
        let _ = post.send(event);
    };
    let lock = Box::new(locks.open("chain"));
    (LockHandle::start(lock, owner(), hear).unwrap(), events)
}

/// Returns the first event that is one of the expected ones.
fn wait_for<T>(events: &Receiver<LockEvent>, expected: impl Fn(LockEvent) -> Option<T>) -> T {
    loop {
        let event = events.recv_timeout(PATIENCE).expect("an event");
        if let Some(found) = expected(event) {
            return found;
        }
    }
}

fn acquired(event: LockEvent) -> Option<u64> {
    match event {
        LockEvent::Acquired { fence, .. } => Some(fence),
        _ => None,
    }
}

fn released(event: LockEvent) -> Option<()> {
    matches!(event, LockEvent::Released).then_some(())
}

#[test]
fn a_lock_that_is_wanted_again_at_once_is_another_hold() {
    let locks = MemoryLocks::default();
    let (handle, events) = start(&locks);
    handle.want();
    assert_eq!(wait_for(&events, acquired), 1);
    // Before the thread has seen the first of them.
    handle.release();
    handle.want();
    wait_for(&events, released);
    assert_eq!(wait_for(&events, acquired), 2);
    handle.end(clock::mono() + PATIENCE);
    wait_for(&events, released);
}

#[test]
fn a_lock_that_was_given_up_is_free_whenever_that_happened() {
    let locks = MemoryLocks::default();
    for _ in 0..200 {
        let (handle, events) = start(&locks);
        handle.want();
        handle.release();
        handle.end(clock::mono() + PATIENCE);
        let attempt = locks.open("chain").acquire(&owner());
        assert!(
            matches!(attempt, Ok(LockAttempt::Acquired { .. })),
            "{attempt:?}"
        );
        locks.take_from_holder("chain");
        // The last word is never that it is held.
        let last = events.iter().last();
        assert!(
            !matches!(last, Some(LockEvent::Acquired { .. })),
            "{last:?}"
        );
    }
}

#[test]
fn a_server_that_is_back_gives_what_was_asked_for_before() {
    let locks = MemoryLocks::default();
    locks.set_reachable(false);
    let (handle, events) = start(&locks);
    handle.want();
    let error = wait_for(&events, |event| match event {
        LockEvent::Failed(error) => Some(error),
        _ => None,
    });
    assert!(matches!(error, LockError::Unreachable { .. }), "{error}");
    locks.set_reachable(true);
    assert_eq!(wait_for(&events, acquired), 1);
    handle.end(clock::mono() + PATIENCE);
}

#[test]
fn a_lost_lock_is_given_back_when_the_work_has_ended_and_not_before() {
    let locks = MemoryLocks::with_ttl(Duration::from_millis(200));
    let (handle, events) = start(&locks);
    handle.want();
    wait_for(&events, acquired);
    locks.take_from_holder("chain");
    wait_for(&events, |event| {
        matches!(event, LockEvent::Lost { .. }).then_some(())
    });
    wait_for(&events, |event| match event {
        LockEvent::Released => panic!("the work goes on"),
        event => matches!(event, LockEvent::NotLetGo).then_some(()),
    });
    handle.let_go();
    wait_for(&events, released);
    assert!(wait_for(&events, acquired) > 1);
    handle.end(clock::mono() + PATIENCE);
}
