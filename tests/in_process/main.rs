//! Functions that run inside the runner's own process: nobody can end them, and still every signal and every alert works.
//!
//! Without the usual harness: the executable of these tests is itself the binary of a developer, with tasks of its own.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "without the usual harness, nothing tells the linter that this is a test"
)]

mod context;
mod context_tests;
#[path = "../support/mod.rs"]
mod support;
mod tasks;
#[path = "../tiny_harness/mod.rs"]
mod tiny_harness;

use std::process::ExitCode;

use nix::sys::signal::Signal;
use support::limits::{with_time_enough, words};
use support::{Place, Runner, eventually};

/// Set in the environment of a process that is to be the developer's binary.
const IS_BINARY: &str = "TEST_IS_A_BINARY";

/// As a library of somebody else would, in the middle of a task.
#[expect(
    clippy::disallowed_methods,
    reason = "what a task must not do is what is tested"
)]
fn leave(code: i32) -> ! {
    std::process::exit(code)
}

fn start(place: &Place, tasks: &[&str]) -> Runner {
    let program = std::env::current_exe().unwrap();
    let mut command = place.command_of(&program, tasks);
    command.env(IS_BINARY, "yes");
    Runner::start(command)
}

fn has_begun(place: &Place) {
    assert!(eventually(|| !place.read("begun").is_empty()));
}

/// Whether no mail has left and none waits. The stock binary, which could send what waits, does not know the functions.
fn nobody_is_mailed(place: &Place) -> bool {
    place.mails().is_empty() && place.outbox("alerts").is_empty()
}

fn term_lets_a_function_finish_and_starts_no_other() {
    let place = Place::empty();
    let mut runner = start(&place, &["tasks::waits_for_go", "tasks::other"]);
    has_begun(&place);
    runner.signal(Signal::SIGTERM);
    runner.wait_for("SIGTERM received");
    assert!(runner.lives());
    place.write("go", "");
    assert_eq!(runner.wait_for_end(), Some(0));
    let left = (place.read("finished"), place.read("other"));
    assert_eq!(left, ("x\n".to_owned(), String::new()));
}

fn a_function_learns_that_its_runner_was_asked_to_stop() {
    let place = Place::with("stop_timeout = \"1h\"\n");
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut runner = start(&place, &["tasks::asks", "tasks::other"]);
        has_begun(&place);
        runner.signal(signal);
        assert_eq!(runner.wait_for_end(), Some(0));
        assert_eq!(place.read("asked"), "x\n");
        assert_eq!(place.read("other"), "");
        place.write("begun", "");
        place.write("asked", "");
    }
}

fn after_the_stop_timeout_what_the_function_waits_for_is_ended() {
    let place = Place::with("stop_timeout = \"50ms\"\nkill_grace = \"1h\"\n");
    let mut runner = start(&place, &["tasks::waits_for_a_child"]);
    has_begun(&place);
    runner.signal(Signal::SIGTERM);
    assert_eq!(runner.wait_for_end(), Some(0));
    assert!(place.read("ended").contains("SIGTERM"), "{}", runner.log());
}

fn a_function_that_hangs_is_left_behind_after_stop_timeout_and_kill_grace() {
    let place = Place::with("stop_timeout = \"50ms\"\nkill_grace = \"50ms\"\n");
    let mut runner = start(&place, &["tasks::hangs"]);
    has_begun(&place);
    runner.signal(Signal::SIGTERM);
    assert_eq!(runner.wait_for_end(), Some(0), "{}", runner.log());
    assert!(place.read("run/hangs.memory").contains("\"ended\":true"));
    assert!(place.all_mails().is_empty());
}

fn quit_ends_a_function_that_hangs_at_once() {
    let place = Place::empty();
    let mut runner = start(&place, &["tasks::hangs"]);
    has_begun(&place);
    runner.signal(Signal::SIGQUIT);
    assert_eq!(runner.wait_for_end(), Some(131));
}

fn the_third_interrupt_ends_a_function_that_hangs() {
    let place = Place::with("stop_timeout = \"1h\"\nkill_grace = \"1h\"\n");
    let mut runner = start(&place, &["tasks::hangs"]);
    has_begun(&place);
    for count in 1..=3 {
        assert!(runner.lives());
        runner.signal(Signal::SIGINT);
        runner.wait_for_count("SIGINT received", count);
    }
    assert_eq!(runner.wait_for_end(), Some(0));
}

const PUT_BACK: &str = "A task has replaced the handlers of this runner";

fn a_runner_whose_handlers_a_function_has_replaced_is_still_stopped() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let place = Place::empty();
        let mut runner = start(&place, &["tasks::takes_signals"]);
        runner.wait_for("Sleeping 1day");
        runner.wait_for(PUT_BACK);
        runner.wait_for("SIGTERM, SIGINT");
        runner.signal(signal);
        assert_eq!(runner.wait_for_end(), Some(0), "{}", runner.log());
    }
}

fn a_thread_that_replaces_handlers_in_a_cooldown_does_not_bar_the_stop() {
    let place = Place::empty();
    let mut runner = start(&place, &["tasks::leaves_a_thread_that_takes_signals"]);
    runner.wait_for("Sleeping 1day");
    place.write("go", "");
    runner.wait_for(PUT_BACK);
    runner.signal(Signal::SIGTERM);
    assert_eq!(runner.wait_for_end(), Some(0), "{}", runner.log());
}

fn a_function_that_replaces_handlers_and_hangs_is_still_stopped() {
    let place = Place::with("stop_timeout = \"50ms\"\nkill_grace = \"50ms\"\n");
    let mut runner = start(&place, &["tasks::takes_signals_and_hangs"]);
    has_begun(&place);
    runner.wait_for(PUT_BACK);
    runner.signal(Signal::SIGTERM);
    assert_eq!(runner.wait_for_end(), Some(0), "{}", runner.log());
}

fn signals_are_obeyed_while_a_function_hangs() {
    let place = Place::with("log = { file = \"log\" }\n");
    let mut runner = start(&place, &["tasks::hangs"]);
    has_begun(&place);
    runner.signal(Signal::SIGUSR1);
    assert!(eventually(|| place
        .read("log")
        .contains("running tasks::hangs for")));
    std::fs::rename(place.path("log"), place.path("log.1")).unwrap();
    runner.signal(Signal::SIGHUP);
    assert!(eventually(|| place.read("log").contains("Log reopened")));
    runner.signal(Signal::SIGUSR2);
    runner.signal(Signal::SIGQUIT);
    assert_eq!(runner.wait_for_end(), Some(131));
}

fn a_wake_during_a_run_does_not_skip_the_cooldown_after_it() {
    let place = Place::with("[tasks.waits_for_go]\nsuccess_cooldown = \"1day\"\n");
    let runner = start(&place, &["tasks::waits_for_go"]);
    has_begun(&place);
    runner.signal(Signal::SIGUSR2);
    // Another thread may hear of the next signal first: who has answered some more has heard the first.
    for answers in 1..=3 {
        runner.signal(Signal::SIGUSR1);
        runner.wait_for_count("running tasks::waits_for_go for", answers);
    }
    place.write("go", "");
    runner.wait_for("Sleeping 1day");
    runner.signal(Signal::SIGUSR1);
    runner.wait_for("sleeping: tasks::waits_for_go is next");
    assert_eq!(place.read("begun"), "x\n");
    assert_eq!(runner.stop(), Some(0));
}

fn downtime_is_mailed_while_the_second_run_hangs() {
    let place = Place::with("[tasks.hangs_at_second_run]\nfail_cooldown = \"10ms\"\n");
    let mut runner = start(&place, &["tasks::hangs_at_second_run"]);
    runner.wait_for("Sent email to admins: Non recoverable downtime reached again");
    assert!(eventually(|| place.subjects().len() >= 2));
    runner.signal(Signal::SIGQUIT);
    assert_eq!(runner.wait_for_end(), Some(131));
    // A reminder that has not left yet is replaced by the next one.
    let reminder = "[tasks::hangs_at_second_run] Non recoverable downtime reached";
    assert!(
        place.subjects()[1].starts_with(reminder),
        "{:?}",
        place.subjects()
    );
    assert_eq!(place.read("begun"), "x\nx\n");
}

fn a_fatal_error_is_mailed_before_the_runner_ends_with_70() {
    let place = Place::empty();
    let mut runner = start(&place, &["tasks::fatal", "tasks::other"]);
    assert_eq!(runner.wait_for_end(), Some(70));
    let expected = "[tasks::fatal] First exception caught: the licence has expired";
    assert_eq!(place.all_subjects(), [expected]);
    assert_eq!(place.read("other"), "");
}

fn retry_later_is_neither_success_nor_failure() {
    let place = Place::with("[tasks.later]\nsuccess_cooldown = \"10ms\"\n");
    let runner = start(&place, &["tasks::later"]);
    runner.wait_for_count(
        "[tasks::later] To be tried again later: somebody else imports",
        3,
    );
    assert_eq!(runner.count("Execution"), 0);
    assert_eq!(runner.stop(), Some(0));
    assert!(nobody_is_mailed(&place));
}

fn a_function_that_kills_its_runner_each_time_is_mailed_once() {
    let place = Place::empty();
    for round in 1..=5 {
        let mut runner = start(&place, &["tasks::kills_its_runner"]);
        assert_eq!(runner.wait_for_status().code(), None, "{}", runner.log());
        assert_eq!(place.read("begun").len(), 2 * round);
    }
    let subjects = place.all_subjects();
    let expected = "[tasks::kills_its_runner] First exception caught: the runner died while";
    assert!(
        matches!(&subjects[..], [only] if only.starts_with(expected)),
        "{subjects:?}"
    );
}

fn two_deaths_with_a_success_between_them_are_not_in_a_row() {
    let place = Place::with("[tasks.dies_when_told]\nfail_cooldown = \"10ms\"\n");
    place.write("die", "");
    let mut runner = start(&place, &["tasks::dies_when_told"]);
    assert_eq!(runner.wait_for_status().code(), None);
    for _ in 0..2 {
        std::fs::remove_file(place.path("die")).unwrap();
        let mut runner = start(&place, &["tasks::dies_when_told"]);
        runner.wait_for("died while tasks::dies_when_told ran");
        runner.wait_for("Execution successful");
        place.write("die", "");
        assert_eq!(runner.wait_for_status().code(), None);
    }
    assert!(nobody_is_mailed(&place), "{:?}", place.subjects());
}

fn a_newcomer_that_dies_leaves_the_old_runner_and_its_function_alone() {
    with_time_enough(|limit| {
        let limit = words(limit * 5);
        let place = Place::with(&format!(
            "stop_timeout = \"{limit}\"\nkill_grace = \"0s\"\n"
        ));
        let mut old = start(&place, &["tasks::waits_for_go"]);
        has_begun(&place);
        let mut newcomer = start(&place, &["tasks::waits_for_go"]);
        old.wait_for("SIGTERM received");
        newcomer.signal(Signal::SIGKILL);
        newcomer.wait_for_status();
        let goes_on = "The newcomer that asked this runner to leave is gone; going on";
        assert!(eventually(|| old.count(goes_on) > 0 || !old.lives()));
        if !old.lives() {
            // Its time was over before the newcomer was gone.
            return false;
        }
        place.write("go", "");
        old.wait_for("Execution successful");
        assert!(old.lives());
        assert_eq!(old.stop(), Some(0));
        true
    });
}

fn a_function_that_calls_exit_0_does_not_look_like_health() {
    let place = Place::empty();
    let mut runner = start(&place, &["tasks::exits"]);
    let code = runner.wait_for_end();
    assert!(code != Some(0), "{code:?}: {}", runner.log());
}

fn a_secret_in_a_panic_reaches_neither_log_nor_mail() {
    let place = Place::empty();
    let runner = start(&place, &["tasks::panics_with_its_password"]);
    runner.wait_for("Sent email to admins");
    let log = runner.log();
    assert_eq!(runner.stop(), Some(0));
    assert!(
        !log.contains("hunter2") && !place.all_mails().concat().contains("hunter2"),
        "{log}"
    );
}

fn once_that_is_cut_off_is_a_failure() {
    let place = Place::with("stop_timeout = \"20ms\"\nkill_grace = \"20ms\"\n");
    let mut runner = start(&place, &["once", "tasks::hangs"]);
    has_begun(&place);
    runner.signal(Signal::SIGINT);
    assert_eq!(runner.wait_for_end(), Some(1), "{}", runner.log());
}

fn main() -> ExitCode {
    if std::env::var_os(IS_BINARY).is_some() {
        return run_functions::main();
    }
    tiny_harness::run(&[context_tests::TESTS, TESTS].concat())
}

const TESTS: &[tiny_harness::Test] = tiny_harness::tests![
    term_lets_a_function_finish_and_starts_no_other,
    a_function_learns_that_its_runner_was_asked_to_stop,
    after_the_stop_timeout_what_the_function_waits_for_is_ended,
    a_function_that_hangs_is_left_behind_after_stop_timeout_and_kill_grace,
    quit_ends_a_function_that_hangs_at_once,
    the_third_interrupt_ends_a_function_that_hangs,
    a_runner_whose_handlers_a_function_has_replaced_is_still_stopped,
    a_thread_that_replaces_handlers_in_a_cooldown_does_not_bar_the_stop,
    a_function_that_replaces_handlers_and_hangs_is_still_stopped,
    signals_are_obeyed_while_a_function_hangs,
    a_wake_during_a_run_does_not_skip_the_cooldown_after_it,
    downtime_is_mailed_while_the_second_run_hangs,
    a_fatal_error_is_mailed_before_the_runner_ends_with_70,
    retry_later_is_neither_success_nor_failure,
    a_function_that_kills_its_runner_each_time_is_mailed_once,
    two_deaths_with_a_success_between_them_are_not_in_a_row,
    a_newcomer_that_dies_leaves_the_old_runner_and_its_function_alone,
    a_function_that_calls_exit_0_does_not_look_like_health,
    a_secret_in_a_panic_reaches_neither_log_nor_mail,
    once_that_is_cut_off_is_a_failure,
];
