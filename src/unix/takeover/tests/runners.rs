//! What happens to a runner that is there, and to the newcomer that finds it.

use std::fs;
use std::sync::atomic::{AtomicI32, Ordering};

use super::*;
use crate::core::exit;
use crate::state::runner_info::RunnerInfo;
use crate::unix::clock;
use crate::unix::lock::try_flock;

#[test]
fn the_runner_leaves_for_a_newcomer() {
    let ground = Ground::new();
    let mut runner = ground.runner(&Manner::default());
    let attempt = Attempt::plain(&ground);
    assert_eq!(attempt.replaced(), Some(runner.pid()));
    assert_eq!(runner.end(), Some(0));
    assert_eq!(
        attempt.told[0],
        format!("Found pidfile x containing: {}", runner.pid())
    );
    assert_eq!(attempt.told.last().unwrap(), "Wrote pidfile x");
    let state = RunnerInfo::parse(&fs::read(ground.path("x.state")).unwrap()).unwrap();
    assert_eq!(state.pid, std::process::id() as i32);
    assert_eq!(state.takeovers.len(), 1);
}

#[test]
fn a_garbled_or_foreign_pid_in_the_file_does_not_hide_the_runner() {
    let child = innocent();
    for text in [String::new(), "garbage".to_owned(), child.id().to_string()] {
        let ground = Ground::new();
        let mut runner = ground.runner(&Manner::default());
        fs::write(ground.path("x.pid"), text).unwrap();
        assert_eq!(Attempt::plain(&ground).replaced(), Some(runner.pid()));
        assert_eq!(runner.end(), Some(0));
    }
    end(child);
}

#[test]
fn a_stopped_runner_goes_too() {
    let ground = Ground::new();
    let mut runner = ground.runner(&Manner::default());
    runner.signal(Number::SIGSTOP);
    assert_eq!(Attempt::plain(&ground).replaced(), Some(runner.pid()));
    assert_eq!(runner.end(), Some(0));
}

static TREE_ENDED: AtomicI32 = AtomicI32::new(0);

#[test]
fn a_stuck_runner_is_killed_after_what_it_promised_and_not_before() {
    let ground = Ground::new();
    let promise = Duration::from_millis(400);
    let mut runner = ground.runner(&stubborn(promise));
    let mut policy = strict();
    policy.stop_timeout = 1_000 * SECOND;
    policy.patience.between_words = Duration::from_millis(100);
    policy.end_tree = |pid| TREE_ENDED.store(pid, Ordering::Release);
    let begun = clock::mono();
    let attempt = Attempt::of(&ground, &["tasks::x"], &policy);
    assert!(clock::mono().since(begun) >= promise);
    assert_eq!(attempt.replaced(), Some(runner.pid()));
    assert_eq!(runner.end(), None);
    assert_eq!(TREE_ENDED.load(Ordering::Acquire), runner.pid());
    let told = |words: &str| attempt.told.iter().any(|line| line.starts_with(words));
    assert!(
        told("Waiting for runner") && told("Runner "),
        "{:?}",
        attempt.told
    );
}

#[test]
fn of_a_runner_that_promised_nothing_legible_our_own_promise_is_supposed() {
    for state in [&b""[..], b"{", b"\0\0\0", b"{\"version\":1}"] {
        let ground = Ground::new();
        let runner = ground.runner(&stubborn(1_000 * SECOND));
        fs::write(ground.path("x.state"), state).unwrap();
        let mut policy = strict();
        policy.stop_timeout = NONE;
        let attempt = Attempt::of(&ground, &["tasks::x"], &policy);
        assert_eq!(attempt.replaced(), Some(runner.pid()));
    }
}

#[test]
fn a_newcomer_that_is_not_to_kill_leaves_the_runner_and_names_it() {
    let ground = Ground::new();
    let mut runner = ground.runner(&Manner::default());
    let mut policy = patient();
    policy.incumbent = IncumbentPolicy::Stays;
    let attempt = Attempt::of(&ground, &["tasks::x"], &policy);
    assert_eq!(attempt.exit_code(), exit::HELD);
    assert!(attempt.error().contains(&runner.pid().to_string()));
    assert_untouched(&ground, &mut runner);
}

#[test]
fn a_runner_of_other_tasks_with_the_same_name_is_not_signalled() {
    for (theirs, ours) in [
        ("a::x", &["b::x"][..]),
        ("a::x_y a::z", &["a::x", "a::y_z"]),
        ("a::x a::y", &["a::y", "a::x"]),
    ] {
        let ground = Ground::new();
        let manner = Manner {
            tasks: theirs,
            ..Manner::default()
        };
        let mut runner = ground.runner(&manner);
        let attempt = Attempt::of(&ground, ours, &patient());
        assert_eq!(attempt.exit_code(), exit::OTHER_CHAIN);
        assert!(attempt.error().contains(theirs), "{}", attempt.error());
        assert_untouched(&ground, &mut runner);
    }
}

#[test]
fn a_runner_is_not_waited_for_by_what_it_has_started_itself() {
    let ground = Ground::new();
    let manner = Manner {
        deploys: true,
        ..Manner::default()
    };
    let mut runner = ground.runner(&manner);
    ground.await_line(&format!("deployed Some({})", exit::HELD));
    assert_untouched(&ground, &mut runner);
}

#[test]
fn takeovers_are_counted_from_runner_to_runner_and_not_across_an_end() {
    let ground = Ground::new();
    let counted = || {
        let state = fs::read(ground.path("x.state")).unwrap();
        RunnerInfo::parse(&state).unwrap().takeovers.len()
    };
    let mut runners = Vec::new();
    for before in 0..3 {
        runners.push(ground.runner(&Manner::default()));
        assert_eq!(counted(), before);
    }
    let last = runners.last_mut().unwrap();
    last.signal(Number::SIGTERM);
    assert_eq!(last.end(), Some(0));
    let _runner = ground.runner(&Manner::default());
    assert_eq!(counted(), 0);
}

#[test]
fn a_war_of_restarts_ends() {
    let ground = Ground::new();
    let mut runner = ground.runner(&Manner::default());
    let state = fs::read(ground.path("x.state")).unwrap();
    let mut holder = RunnerInfo::parse(&state).unwrap();
    holder.takeovers = vec![clock::mono(); 10];
    fs::write(ground.path("x.state"), holder.to_bytes()).unwrap();
    let attempt = Attempt::plain(&ground);
    assert_eq!(attempt.exit_code(), exit::HELD);
    assert!(
        attempt.error().contains("10 times within 1m"),
        "{}",
        attempt.error()
    );
    assert_untouched(&ground, &mut runner);
}

#[test]
fn a_holder_that_cannot_be_seen_is_waited_for_and_told_of() {
    let ground = on_ground(|path| fs::write(path, "").unwrap());
    // A lock without a process that could be asked: what another pid namespace looks like from
    // here.
    let unseen = fs::File::open(ground.path("x.pid")).unwrap();
    assert!(try_flock(&unseen).unwrap());
    let mut policy = patient();
    policy.patience.unseen = Duration::from_millis(60);
    let attempt = Attempt::of(&ground, &["tasks::x"], &policy);
    assert_eq!(attempt.exit_code(), exit::HELD);
    assert!(
        attempt.error().contains("cannot be seen"),
        "{}",
        attempt.error()
    );
}
