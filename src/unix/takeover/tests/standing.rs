//! How a runner keeps its pidfile.

use std::fs;

use super::*;
use crate::core::time::Mono;
use crate::unix::clock;
use crate::unix::lock::LockFile;
use crate::unix::pidfile::PidfileStanding;
use crate::unix::task_lock::TaskLock;

#[test]
fn a_deleted_pidfile_is_put_back() {
    let ground = Ground::new();
    let mut held = Attempt::plain(&ground).result.unwrap();
    let later = |seconds: u32| clock::mono() + seconds * 10 * SECOND;
    assert_eq!(held.pidfile.verify(later(1)), PidfileStanding::Held);
    fs::remove_file(ground.path("x.pid")).unwrap();
    assert_eq!(held.pidfile.verify(later(2)), PidfileStanding::PutBack);
    assert_eq!(held.pidfile.verify(later(3)), PidfileStanding::Held);
    let text = fs::read_to_string(ground.path("x.pid")).unwrap();
    assert_eq!(text, format!("{}\n", std::process::id()));
    fs::remove_dir_all(ground.root()).unwrap();
    assert!(matches!(
        held.pidfile.verify(later(4)),
        PidfileStanding::Lost(_)
    ));
}

#[test]
fn a_runner_whose_pidfile_was_deleted_is_still_found_and_replaced() {
    let ground = Ground::new();
    let mut runner = ground.runner(&Manner::default());
    fs::remove_file(ground.path("x.pid")).unwrap();
    assert_eq!(Attempt::plain(&ground).replaced(), Some(runner.pid()));
    assert_eq!(runner.end(), Some(0));
}

#[test]
fn a_runner_learns_that_a_newcomer_has_the_new_pidfile() {
    let ground = Ground::new();
    let runner = ground.runner(&Manner::default());
    fs::remove_file(ground.path("x.pid")).unwrap();
    let root = PrivateDir::open(&ground.root()).unwrap();
    let newer = LockFile::open(&root, "x.pid").unwrap();
    assert!(newer.try_lock().unwrap());
    runner.signal(Number::SIGUSR2);
    ground.await_line("standing Replaced");
}

#[test]
fn a_pidfile_that_was_moved_away_and_back_is_held_and_attested() {
    let ground = Ground::new();
    let runner = ground.runner(&Manner::default());
    let aside = ground.root().join("aside");
    fs::rename(ground.path("x.pid"), &aside).unwrap();
    fs::rename(&aside, ground.path("x.pid")).unwrap();
    runner.signal(Number::SIGUSR2);
    ground.await_line("standing Held");
    let root = PrivateDir::open(&ground.root()).unwrap();
    let seen = LockFile::open(&root, "x.pid").unwrap();
    assert_eq!(seen.holder().unwrap(), Some(runner.pid()));
}

#[test]
fn looking_at_the_pidfile_costs_nothing_within_a_second() {
    let ground = Ground::new();
    let mut held = Attempt::plain(&ground).result.unwrap();
    let now = Mono::BOOT + 1_000 * SECOND;
    assert_eq!(held.pidfile.verify(now), PidfileStanding::Held);
    fs::remove_file(ground.path("x.pid")).unwrap();
    assert_eq!(held.pidfile.verify(now + SECOND / 2), PidfileStanding::Held);
    assert_eq!(held.pidfile.verify(now + SECOND), PidfileStanding::PutBack);
}

#[test]
fn a_chain_that_was_given_up_can_be_taken_again() {
    let ground = Ground::new();
    for _ in 0..3 {
        let held = Attempt::plain(&ground).result.unwrap();
        assert!(!held.heirs.is_there().unwrap());
        let root = PrivateDir::open(&ground.root()).unwrap();
        let in_flight = TaskLock::open(&root, &chain()).unwrap();
        assert!(in_flight.claim().unwrap().is_empty());
    }
}
