//! What every engine must do: one suite, run against all.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use run_functions::lock::{
    Lock, LockAttempt, LockError, LockOwner, LockRenewal, MOST_BYTES_OF_NOTE, Mono, boot_clock,
};

pub(crate) use crate::servers::PATIENCE;

/// An engine under test.
pub(crate) trait Ground: Sync {
    /// Returns a contender for a lock.
    fn open(&self, name: &str) -> Box<dyn Lock>;
}

impl<F: Fn(&str) -> Box<dyn Lock> + Sync> Ground for F {
    fn open(&self, name: &str) -> Box<dyn Lock> {
        self(name)
    }
}

/// Runs the suite.
pub(crate) fn all(ground: &dyn Ground) {
    a_released_lock_is_free(ground);
    the_same_contender_gets_a_larger_fence(ground);
    a_note_travels_and_is_guarded(ground);
    an_interrupt_ends_a_wait(ground);
    a_release_ends_a_wait(ground);
    twenty_contenders_exclude_one_another(ground);
    locks_of_other_names_are_others(ground);
    a_holder_that_is_silent_loses_the_lock(ground);
}

pub(crate) fn owner(chain: &str) -> LockOwner {
    LockOwner::of_this_process(chain)
}

/// Returns the fence and the moment of a lock that is free.
#[track_caller]
pub(crate) fn acquired(lock: &mut dyn Lock) -> (u64, Mono) {
    match lock.acquire(&owner("nightly")) {
        Ok(LockAttempt::Acquired { fence, sent }) => (fence, sent),
        other => panic!("the lock is not acquired: {other:?}"),
    }
}

/// Acquires a lock as soon as it is free.
#[track_caller]
pub(crate) fn acquired_soon(lock: &mut dyn Lock) -> (u64, Mono) {
    let start = Instant::now();
    let mut last = String::new();
    while start.elapsed() < PATIENCE {
        match lock.acquire(&owner("nightly")) {
            Ok(LockAttempt::Acquired { fence, sent }) => return (fence, sent),
            other => last = format!("{other:?}"),
        }
        let _ = lock.wait(Duration::from_secs(1));
    }
    panic!("the lock is not acquired: {last}");
}

#[track_caller]
pub(crate) fn is_held(lock: &mut dyn Lock) {
    let attempt = lock.acquire(&owner("nightly"));
    assert!(matches!(attempt, Ok(LockAttempt::Held(_))), "{attempt:?}");
}

fn a_released_lock_is_free(ground: &dyn Ground) {
    let (mut here, mut there) = (ground.open("free"), ground.open("free"));
    assert_eq!(there.holder().unwrap(), None);
    let (first, _) = acquired(here.as_mut());
    is_held(there.as_mut());
    let holder = there.holder().unwrap().expect("the lock has a holder");
    assert_eq!(
        (holder.owner.pid, holder.fence),
        (std::process::id(), first)
    );
    assert_eq!(holder.owner.chain, "nightly");
    assert!(matches!(here.renew(), Ok(LockRenewal::Renewed { .. })));
    assert!(matches!(there.renew(), Ok(LockRenewal::Lost { .. })));
    there.release().unwrap();
    is_held(there.as_mut());
    here.release().unwrap();
    here.release().unwrap();
    assert!(matches!(here.renew(), Ok(LockRenewal::Lost { .. })));
    assert_eq!(there.holder().unwrap(), None);
    let (second, _) = acquired(there.as_mut());
    assert!(second > first);
    there.release().unwrap();
}

fn the_same_contender_gets_a_larger_fence(ground: &dyn Ground) {
    let mut lock = ground.open("again");
    let (first, _) = acquired(lock.as_mut());
    let (second, _) = acquired(lock.as_mut());
    assert!(second > first);
    assert!(matches!(lock.renew(), Ok(LockRenewal::Renewed { .. })));
    lock.release().unwrap();
}

fn a_note_travels_and_is_guarded(ground: &dyn Ground) {
    let (mut here, mut there) = (ground.open("note"), ground.open("note"));
    let not_held = |result| matches!(result, Err(LockError::NotHeld { .. }));
    assert_eq!(here.load_note().unwrap(), None);
    assert!(not_held(here.store_note("too early")));
    acquired(here.as_mut());
    here.store_note("{\"seen\": [\"é\\n\", 1]}\n").unwrap();
    assert!(not_held(there.store_note("not the holder")));
    let too_long = "x".repeat(MOST_BYTES_OF_NOTE + 1);
    let refused = here.store_note(&too_long);
    assert!(matches!(refused, Err(LockError::NoteTooLong { .. })));
    here.release().unwrap();
    assert!(not_held(here.store_note("too late")));
    acquired(there.as_mut());
    let note = there.load_note().unwrap();
    assert_eq!(note.as_deref(), Some("{\"seen\": [\"é\\n\", 1]}\n"));
    let longest = "\"".repeat(MOST_BYTES_OF_NOTE);
    there.store_note(&longest).unwrap();
    assert_eq!(here.load_note().unwrap(), Some(longest));
    there.release().unwrap();
}

fn an_interrupt_ends_a_wait(ground: &dyn Ground) {
    let (mut here, mut there) = (ground.open("interrupt"), ground.open("interrupt"));
    acquired(here.as_mut());
    is_held(there.as_mut());
    let interrupt = there.interrupter();
    // Whether it is sent before the wait or during it.
    for delay in [0, 0, 50, 300] {
        let interrupt = interrupt.clone();
        let sender = thread::spawn(move || {
            thread::sleep(Duration::from_millis(delay));
            interrupt();
        });
        let start = Instant::now();
        there.wait(Duration::from_secs(300)).unwrap();
        assert!(start.elapsed() < Duration::from_secs(60));
        sender.join().unwrap();
    }
    // The calls after it are whole.
    is_held(there.as_mut());
    here.release().unwrap();
    interrupt();
    there.wait(Duration::from_secs(300)).unwrap();
    acquired(there.as_mut());
    there.release().unwrap();
}

fn a_release_ends_a_wait(ground: &dyn Ground) {
    let (mut here, mut there) = (ground.open("wait"), ground.open("wait"));
    acquired(here.as_mut());
    is_held(there.as_mut());
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let start = Instant::now();
            acquired_soon(there.as_mut());
            start.elapsed()
        });
        thread::sleep(Duration::from_millis(200));
        here.release().unwrap();
        assert!(waiting.join().unwrap() < Duration::from_secs(60));
    });
    there.release().unwrap();
}

fn twenty_contenders_exclude_one_another(ground: &dyn Ground) {
    let (inside, overlaps) = (AtomicU32::new(0), AtomicUsize::new(0));
    let fences = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                let mut lock = ground.open("twenty");
                let (fence, _) = acquired_soon(lock.as_mut());
                if inside.fetch_add(1, Ordering::SeqCst) > 0 {
                    overlaps.fetch_add(1, Ordering::SeqCst);
                }
                fences.lock().unwrap().push(fence);
                thread::sleep(Duration::from_millis(2));
                inside.fetch_sub(1, Ordering::SeqCst);
                lock.release().unwrap();
            });
        }
    });
    let fences = fences.into_inner().unwrap();
    assert_eq!(
        overlaps.load(Ordering::SeqCst),
        0,
        "two held the lock at once"
    );
    assert_eq!(fences.len(), 20);
    assert!(fences.is_sorted_by(|a, b| a < b), "fences rise: {fences:?}");
}

fn locks_of_other_names_are_others(ground: &dyn Ground) {
    let (mut one, mut other) = (ground.open("name"), ground.open("name/other"));
    acquired(one.as_mut());
    acquired(other.as_mut());
    one.release().unwrap();
    other.release().unwrap();
}

/// A holder that sends nothing any more: dead, stopped, or cut off.
pub(crate) fn a_holder_that_is_silent_loses_the_lock(ground: &dyn Ground) {
    let (mut here, mut there) = (ground.open("silent"), ground.open("silent"));
    let (first, mut sent) = acquired(here.as_mut());
    if here.terms().is_endless() {
        // The kernel ends this lock with its holder.
        drop(here);
        assert!(acquired(there.as_mut()).0 > first);
        return there.release().unwrap();
    }
    is_held(there.as_mut());
    if let Ok(LockRenewal::Renewed { sent: renewed }) = here.renew() {
        sent = renewed;
    }
    let (second, _) = acquired_soon(there.as_mut());
    let lease = here.terms().lost_after;
    let passed = boot_clock().since(sent);
    assert!(
        passed >= lease,
        "{passed:?} after the last beat of a lease of {lease:?}"
    );
    assert!(second > first);
    let renewed = here.renew();
    assert!(
        matches!(renewed, Ok(LockRenewal::Lost { .. })),
        "{renewed:?}"
    );
    assert!(matches!(
        here.store_note("late"),
        Err(LockError::NotHeld { .. })
    ));
    here.release().unwrap();
    assert!(matches!(there.renew(), Ok(LockRenewal::Renewed { .. })));
    there.release().unwrap();
}
