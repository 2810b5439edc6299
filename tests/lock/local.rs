//! The engines that need no server: memory, file, none.

use std::fs;
use std::time::Duration;

use run_functions::lock::{
    self, Lock, LockAttempt, LockEngine, LockError, LockRenewal, LockSettings, MemoryLocks,
};

use crate::conformance::{self, acquired, is_held, owner};

fn file_lock(directory: &std::path::Path, name: &str) -> Box<dyn Lock> {
    let mut settings = LockSettings::default();
    settings.directory = directory.to_owned();
    lock::open(&settings, name).unwrap()
}

#[test]
fn memory_conforms() {
    let locks = MemoryLocks::with_ttl(Duration::from_secs(2));
    conformance::all(&|name: &str| Box::new(locks.open(name)) as Box<dyn Lock>);
}

#[test]
fn a_file_conforms() {
    let dir = tempfile::tempdir().unwrap();
    conformance::all(&|name: &str| file_lock(&dir.path().join("run"), name));
}

#[test]
fn memory_can_be_away_and_can_take_the_lock_from_its_holder() {
    let locks = MemoryLocks::default();
    let mut here = locks.open("x");
    acquired(&mut here);
    locks.set_reachable(false);
    assert!(here.renew().unwrap_err().may_pass());
    locks.set_reachable(true);
    assert!(matches!(here.renew(), Ok(LockRenewal::Renewed { .. })));
    locks.take_from_holder("x");
    assert!(matches!(here.renew(), Ok(LockRenewal::Lost { .. })));
}

#[test]
fn fences_of_a_file_rise_over_processes_and_its_loss_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("run");
    let (first, _) = acquired(file_lock(&root, "a/b").as_mut());
    let mut here = file_lock(&root, "a/b");
    let (second, _) = acquired(here.as_mut());
    assert!(second > first);
    let files: Vec<String> = fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(files.contains(&"a%b.lock".to_owned()), "{files:?}");
    fs::remove_file(root.join("a%b.lock")).unwrap();
    assert!(matches!(here.renew(), Ok(LockRenewal::Lost { .. })));
    let stored = here.store_note("late");
    assert!(matches!(stored, Err(LockError::NotHeld { .. })));
}

#[test]
fn a_record_that_was_torn_resets_no_fence() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("run");
    acquired(file_lock(&root, "x").as_mut());
    fs::write(root.join("x.lock.json"), "{\"fence\": 1").unwrap();
    let refused = file_lock(&root, "x").acquire(&owner("x"));
    assert!(
        matches!(refused, Err(LockError::Refused { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_named_file_is_the_lock_of_all_chains() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("file://{}", dir.path().join("of all.lock").display());
    let settings = LockSettings::of_url(&url).unwrap();
    let mut here = lock::open(&settings, "one").unwrap();
    let mut there = lock::open(&settings, "another").unwrap();
    acquired(here.as_mut());
    is_held(there.as_mut());
    // flock(1) and programs in other languages contend, too.
    let path = dir.path().join("of all.lock");
    let mut flock = std::process::Command::new("flock");
    flock
        .args(["--nonblock", "--conflict-exit-code", "9"])
        .arg(path)
        .arg("true");
    assert_eq!(flock.status().unwrap().code(), Some(9));
    here.release().unwrap();
    assert_eq!(flock.status().unwrap().code(), Some(0));
}

#[test]
fn no_lock_excludes_nothing() {
    let mut settings = LockSettings::default();
    settings.engine = LockEngine::None;
    let mut here = lock::open(&settings, "x").unwrap();
    let mut there = lock::open(&settings, "x").unwrap();
    for lock in [&mut here, &mut there] {
        let attempt = lock.acquire(&owner("x"));
        assert!(matches!(attempt, Ok(LockAttempt::Acquired { .. })));
    }
}

#[test]
fn an_engine_that_is_unknown_is_refused_with_those_that_are_known() {
    let settings = LockSettings::of_url("zookeeper://host/x").unwrap();
    let error = lock::open(&settings, "x").err().expect("it is unknown");
    assert!(error.to_string().contains("zookeeper"), "{error}");
    assert!(error.remedy().unwrap().contains("consul"), "{error:?}");
}
