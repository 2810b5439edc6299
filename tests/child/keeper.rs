//! The keeper: a small child of the runner that ends all trees at a deadline, whatever has become of the runner.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getsid};
use run_functions::__internal::keeper::{Keeper, KeeperDeadline};
use run_functions::__internal::{Outcome, now};

use crate::child_support::processes::exists;
use crate::child_support::{self, Child, all_below_a_keeper, is_success, wait_until};

/// How long after its deadline a tree is dead, on a machine that is slow. (In practice: milliseconds.)
pub(super) const MARGIN: Duration = Duration::from_secs(20);

pub(super) fn start() -> Arc<Keeper> {
    child_support::pin();
    Arc::new(Keeper::start().unwrap())
}

/// A deadline this long from now, with as long again until trees are killed.
pub(super) fn deadline(term_in: Duration) -> KeeperDeadline {
    let term_at = now().mono + term_in;
    let kill_at = term_at + term_in;
    KeeperDeadline { term_at, kill_at }
}

pub(super) fn kept(line: &str, keeper: &Arc<Keeper>) -> Child {
    let mut child = Child::shell(line);
    child.keeper = Some(Arc::clone(keeper));
    child
}

pub(super) const FAR: Duration = Duration::from_secs(3600);

#[test]
fn all_that_holds_of_runs_holds_below_a_keeper() {
    let _turn = child_support::turn();
    // Not those of the keeper itself.
    let output = all_below_a_keeper("keeper::").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains("trees::nothing_gets_away_from_a_run_that_ends ... ok"),
        "{text}"
    );
}

#[test]
#[ignore = "needs root, a writable cgroup2 and a pids cgroup (v1)"]
fn all_that_holds_of_runs_with_cgroups_holds_below_a_keeper() {
    let _turn = child_support::turn();
    let mut tests = all_below_a_keeper("keeper::");
    tests.args(["--ignored", "cgroup::", "fork_bombs::", "another_user"]);
    let output = tests.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("5 passed"),
        "{text}"
    );
}

#[test]
fn a_keeper_ends_with_its_handle_and_leaves_no_zombie() {
    let _turn = child_support::turn();
    let keeper = start();
    let pid = keeper.pid();
    assert!(exists(pid));
    drop(keeper);
    assert!(!exists(pid));
}

#[test]
fn a_keeper_takes_any_number_of_deadlines() {
    let _turn = child_support::turn();
    let keeper = start();
    for _ in 0..10_000 {
        keeper.set_deadline(Some(deadline(FAR))).unwrap();
    }
    keeper.guard_runner(false).unwrap();
}

#[test]
fn a_keeper_survives_signals_and_is_in_a_session_of_its_own() {
    let _turn = child_support::turn();
    let keeper = start();
    let pid = Pid::from_raw(keeper.pid());
    assert_eq!(getsid(Some(pid)).unwrap(), pid);
    let mortal = [Signal::SIGKILL, Signal::SIGSTOP];
    let defects = [
        Signal::SIGILL,
        Signal::SIGTRAP,
        Signal::SIGABRT,
        Signal::SIGBUS,
        Signal::SIGFPE,
        Signal::SIGSEGV,
        Signal::SIGSYS,
    ];
    for signal in Signal::iterator() {
        if !mortal.contains(&signal) && !defects.contains(&signal) {
            kill(pid, signal).unwrap();
        }
    }
    keeper.set_deadline(None).unwrap();
    assert!(is_success(
        &kept("true", &keeper).begin().unwrap().finish().unwrap()
    ));
}

/// A lock on a file is held by whoever has inherited its descriptor.
#[test]
fn a_keeper_has_no_descriptor_and_no_secret_of_its_runner() {
    let _turn = child_support::turn();
    let file = tempfile::tempfile().unwrap();
    let flags = nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::empty());
    nix::fcntl::fcntl(&file, flags).unwrap();
    let keeper = start();
    let links = || -> Vec<String> {
        let open = format!("/proc/{}/fd", keeper.pid());
        let open = fs::read_dir(open).unwrap().flatten();
        let links = open.filter_map(|entry| fs::read_link(entry.path()).ok());
        links.map(|link| link.display().to_string()).collect()
    };
    let program = env!("CARGO_BIN_EXE_run_functions");
    let is_known = |link: &String| {
        ["/dev/null", program].contains(&link.as_str())
            || link.starts_with("socket:")
            || ["anon_inode:[pidfd]", "anon_inode:[timerfd]"].contains(&link.as_str())
            || link.starts_with("pidfd:")
    };
    // At its start it looks which memory it can give back.
    wait_until("nothing else is open", || links().iter().all(is_known));
    let links = links();
    let sockets = links.iter().filter(|link| link.starts_with("socket:"));
    assert_eq!(sockets.count(), 1, "{links:?}");
    let variables = fs::read(format!("/proc/{}/environ", keeper.pid())).unwrap();
    let variables = String::from_utf8_lossy(&variables);
    let of_the_loader = |variable: &str| variable.is_empty() || variable.starts_with("LD_");
    assert!(variables.split('\0').all(of_the_loader), "{variables}");
    let name = fs::read(format!("/proc/{}/cmdline", keeper.pid())).unwrap();
    let expected = format!("run_functions\0__keeper\0of={}\0", std::process::id());
    assert_eq!(String::from_utf8(name).unwrap(), expected);
}

#[test]
fn nothing_is_started_without_a_deadline_and_from_it_on() {
    let _turn = child_support::turn();
    child_support::pin();
    let keeper = start();
    let mark = tempfile::tempdir().unwrap();
    let file = mark.path().join("begun");
    let child = kept(&format!("echo >> {}", file.display()), &keeper);
    let refused = |with: &str| match child.begin() {
        Err(outcome) => match *outcome {
            Outcome::Interrupted { how } => assert!(how.contains(with), "{how}"),
            other => panic!("{other:?}"),
        },
        Ok(_) => panic!("it was started"),
    };
    refused("nothing is started: there is no deadline for it yet");
    for past in [Duration::ZERO, Duration::from_nanos(1)] {
        keeper.set_deadline(Some(deadline(past))).unwrap();
        refused("ago");
        let error = keeper.guard_runner(true).unwrap_err().to_string();
        assert!(error.contains("ago"), "{error}");
    }
    let term_at = now().mono;
    let kill_at = term_at + FAR;
    keeper
        .set_deadline(Some(KeeperDeadline { term_at, kill_at }))
        .unwrap();
    refused("nothing is started: the deadline for its end was");
    assert!(!file.exists());
    // Another deadline, and all is well again.
    keeper.set_deadline(Some(deadline(FAR))).unwrap();
    assert!(is_success(&child.begin().unwrap().finish().unwrap()));
    assert!(file.exists());
}

#[test]
fn a_later_deadline_takes_the_place_of_an_earlier_one() {
    let _turn = child_support::turn();
    let keeper = start();
    let first = deadline(Duration::from_millis(300));
    keeper.set_deadline(Some(first)).unwrap();
    keeper.set_deadline(Some(deadline(FAR))).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let over = dir.path().join("over");
    let line = format!("until [ -e {} ]; do sleep 0.01; done", over.display());
    let child = kept(&line, &keeper);
    let mut run = child.begin().unwrap();
    while now().mono < first.kill_at + Duration::from_millis(200) {
        assert!(run.step(now().mono).is_none());
        std::thread::yield_now();
    }
    fs::write(&over, "").unwrap();
    assert!(is_success(&run.finish().unwrap()));
}

#[test]
fn what_ends_at_once_at_the_deadline_was_ended_by_the_keeper() {
    let _turn = child_support::turn();
    let keeper = start();
    let dir = tempfile::tempdir().unwrap();
    let begun = dir.path().join("begun");
    // The first one has ended before all others were asked.
    let line = format!(
        "for i in $(seq 60); do sleep 1000 & done; touch {}; wait",
        begun.display()
    );
    for _ in 0..10 {
        keeper.set_deadline(Some(deadline(FAR))).unwrap();
        let run = kept(&line, &keeper).begin().unwrap();
        wait_until("it has begun", || begun.exists());
        fs::remove_file(&begun).unwrap();
        let (term_at, kill_at) = (now().mono, now().mono + FAR);
        keeper
            .set_deadline(Some(KeeperDeadline { term_at, kill_at }))
            .unwrap();
        match run.finish().unwrap().outcome {
            Outcome::Interrupted { how } => assert!(how.contains("by the keeper"), "{how}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_stopped_keeper_goes_on_when_its_deadline_is_set() {
    let _turn = child_support::turn();
    let keeper = start();
    kill(Pid::from_raw(keeper.pid()), Signal::SIGSTOP).unwrap();
    keeper.set_deadline(Some(deadline(FAR))).unwrap();
    assert!(is_success(
        &kept("true", &keeper).begin().unwrap().finish().unwrap()
    ));
}
