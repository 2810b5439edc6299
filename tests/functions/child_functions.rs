//! Functions in processes of their own, and what is left when their runner is killed.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::child_support::limits;
use crate::child_support::processes::is_alive;
use crate::child_support::{self, Child, PATIENCE, is_success, notes, pid_in, text, wait_until};
use crate::tiny_harness;
use run_functions::__internal::child::{ChildRun, EndedRun, RunTarget, Spec};
use run_functions::__internal::{ChainName, ChildSettings, FailureClass, Outcome, RunId, now};
use run_functions::TaskName;

fn called(function: &str, change: impl FnOnce(&mut ChildSettings), timeout: Duration) -> EndedRun {
    let name = TaskName::parse(&format!("tasks::{function}")).unwrap();
    let mut settings = ChildSettings::default();
    settings.rlimits.insert("core".to_owned(), 0);
    change(&mut settings);
    let spec = Spec {
        what: RunTarget::Function(&name),
        settings: &settings,
        timeout: Some(timeout),
        chain: &ChainName::of(std::slice::from_ref(&name)),
        task: &name,
        run: RunId(1),
        secrets: &[],
        in_flight: None,
        register: None,
        function_context: None,
        fence: Some(7),
        keeper: None,
        standard: None,
        scratch: None,
    };
    ChildRun::start(&spec, now()).unwrap().finish().unwrap()
}

fn call(function: &str) -> EndedRun {
    called(function, |_| {}, PATIENCE)
}

fn a_function_that_returns_is_a_success_with_output() {
    let ended = call("fine");
    assert!(is_success(&ended), "{ended:?}");
    assert_eq!(ended.output().head, "all is well\n");
}

fn an_error_arrives_with_its_type_and_its_causes() {
    let ended = call("fails");
    let failure = ended.outcome.failure().unwrap();
    assert!(
        matches!(&failure.class, FailureClass::Error { type_name } if type_name.contains("dyn"))
    );
    assert_eq!(failure.message, "cannot save");
    assert_eq!(failure.causes, ["the disk is full"]);
}

fn a_panic_arrives_with_its_place() {
    let ended = call("panics");
    let failure = ended.outcome.failure().unwrap();
    assert_eq!(failure.class, FailureClass::Panic);
    assert_eq!(failure.message, "out of cheese");
    let place = failure.place.as_deref().unwrap();
    assert!(place.contains("misbehaving/mod.rs:"), "{place}");
}

fn what_a_task_error_asks_for_arrives() {
    let ended = call("later");
    assert!(matches!(ended.outcome, Outcome::RetryLater { reason } if reason == "not yet"));
    let ended = call("fatal");
    let Outcome::Fatal(failure) = &ended.outcome else {
        panic!("{ended:?}")
    };
    assert_eq!(failure.kind.as_deref(), Some("licence"));
}

fn each_way_to_vanish_is_named() {
    let exit = "called exit(0) instead of returning";
    for (function, expected) in [
        ("aborts", "aborted (SIGABRT): last words"),
        ("exits", exit),
        ("overflows", "stack overflow: "),
        ("segfaults", "killed by signal 11 (SIGSEGV)"),
        ("is_killed", "killed by signal 9 (SIGKILL)"),
    ] {
        let text = text(&call(function));
        assert!(text.starts_with(expected), "{function}: {text}");
    }
    assert!(notes(&call("is_killed")).contains("memory"));
}

fn a_function_without_memory_is_named() {
    let limited = |to: &mut ChildSettings| {
        to.rlimits.insert("as".to_owned(), 1 << 30);
    };
    let text = text(&called("takes_all_memory", limited, PATIENCE));
    assert!(
        text.starts_with("out of memory: memory allocation of "),
        "{text}"
    );
}

fn an_endless_function_is_timed_out() {
    let limit = Duration::from_millis(200);
    let ended = called("never_ends", |_| {}, limit);
    assert_eq!(text(&ended), "timed out after 200ms");
}

fn a_function_that_asks_whether_it_should_stop_ends_by_itself() {
    for signal in [libc::SIGTERM, libc::SIGUSR1] {
        let set = |settings: &mut ChildSettings| {
            settings.kill_grace = Duration::from_secs(3600);
            settings.stop_signal = signal;
        };
        limits::with_time_enough(|limit| {
            let ended = called("asks", set, limit);
            let output = ended.output().head.clone();
            assert!(text(&ended).starts_with("timed out"), "{ended:?}");
            assert!(
                output.is_empty() || output.ends_with("was asked\n"),
                "{output}"
            );
            output.starts_with("fence Some(7), is over: false\n")
        });
    }
}

fn a_function_that_asks_nothing_is_ended_by_the_signal() {
    let set = |settings: &mut ChildSettings| settings.kill_grace = Duration::from_secs(3600);
    let ended = called("never_ends", set, Duration::from_millis(200));
    assert!(text(&ended).starts_with("timed out"), "{ended:?}");
}

fn leaked_threads_descriptors_and_children_stay_in_the_child() {
    let before = fs::read_dir("/proc/self/fd").unwrap().count();
    let ended = call("leaks");
    assert!(is_success(&ended), "{ended:?}");
    assert_eq!(fs::read_dir("/proc/self/fd").unwrap().count(), before);
    assert_eq!(
        child_support::children_of_other_sessions(),
        Vec::<i32>::new()
    );
}

fn a_function_finds_few_descriptors_and_its_name() {
    let ended = call("says_what_it_finds");
    // 3 is the directory that it reads, 4 the socket for its answer.
    let expected = "[0, 1, 2, 3, 4] tasks::says_what_it_finds\n";
    assert_eq!(ended.output().head, expected, "{ended:?}");
}

fn a_function_that_is_not_registered_could_not_start() {
    let text = text(&call("is_not_there"));
    assert!(
        text.starts_with("could not start: function `tasks::is_not_there`"),
        "{text}"
    );
}

/// What the runner that is to be killed runs: children that note their numbers.
pub(crate) fn hold(directory: &str) -> ExitCode {
    let directory = PathBuf::from(directory);
    let lock = fs::File::create(directory.join("lock")).unwrap();
    let lock = nix::fcntl::Flock::lock(lock, nix::fcntl::FlockArg::LockExclusive).unwrap();
    let note = |name: &str| format!("echo $$ > {}/{name}; exec sleep 1000", directory.display());
    let line = format!("setsid sh -c '{}' & {}", note("grandchild"), note("child"));
    let mut child = Child::shell(&line);
    child.in_flight = Some(lock.try_clone().unwrap());
    let _ = child.try_start().unwrap().finish();
    ExitCode::FAILURE
}

fn a_killed_runner_takes_its_child_along_and_what_escaped_holds_the_lock() {
    let dir = tempfile::tempdir().unwrap();
    let mut runner = Command::new(std::env::current_exe().unwrap())
        .arg("hold")
        .arg(dir.path())
        .spawn()
        .unwrap();
    let pid = |name: &str| pid_in(&dir.path().join(name));
    wait_until("both run", || {
        pid("child").is_some() && pid("grandchild").is_some()
    });
    let (child, grandchild) = (pid("child").unwrap(), pid("grandchild").unwrap());
    wait_until("both sleep", || sleeps(child) && sleeps(grandchild));
    runner.kill().unwrap();
    runner.wait().unwrap();
    wait_until("the child is gone", || !is_alive(child));
    let lock = fs::File::open(dir.path().join("lock")).unwrap();
    let kind = nix::fcntl::FlockArg::LockExclusiveNonblock;
    let (lock, _) = nix::fcntl::Flock::lock(lock, kind).expect_err("the grandchild holds it");
    let pinned = nix::unistd::Pid::from_raw(grandchild);
    nix::sys::signal::kill(pinned, nix::sys::signal::SIGKILL).unwrap();
    wait_until("the grandchild is gone", || !is_alive(grandchild));
    let mut lock = Some(lock);
    wait_until("the lock is free", || {
        let file = lock.take().expect("it comes back while it is held");
        nix::fcntl::Flock::lock(file, kind)
            .map_err(|(file, _)| lock = Some(file))
            .is_ok()
    });
}

fn sleeps(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "sleep")
}

pub(crate) const TESTS: &[tiny_harness::Test] = tiny_harness::tests![
    a_function_that_returns_is_a_success_with_output,
    an_error_arrives_with_its_type_and_its_causes,
    a_panic_arrives_with_its_place,
    what_a_task_error_asks_for_arrives,
    each_way_to_vanish_is_named,
    a_function_without_memory_is_named,
    an_endless_function_is_timed_out,
    a_function_that_asks_whether_it_should_stop_ends_by_itself,
    a_function_that_asks_nothing_is_ended_by_the_signal,
    leaked_threads_descriptors_and_children_stay_in_the_child,
    a_function_finds_few_descriptors_and_its_name,
    a_function_that_is_not_registered_could_not_start,
    a_killed_runner_takes_its_child_along_and_what_escaped_holds_the_lock,
];
