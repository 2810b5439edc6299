//! Functions in the runner itself, whose lock server goes away: nothing but the runner's end would end them.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use nix::libc::SIGKILL;

use crate::isolated_functions::program;
use crate::support::processes::is_alive;
use crate::support::{Place, Runner, eventually, subject, unfolded};
use crate::tiny_harness;

fn under_lock(place: &Place, function: &str) -> std::process::Command {
    let task = format!("tasks::locked::{function}");
    program(place, &["--lock", "memory://here", "--keep-lock", &task])
}

fn a_function_that_watches_its_context_ends_in_time_and_its_run_is_no_failure() {
    let place = Place::with("");
    let runner = Runner::start(under_lock(&place, "watches"));
    runner.wait_for("Execution successful");
    let fences = place.read("fences");
    let (first, second) = fences.split_once(' ').unwrap();
    assert!(first.parse::<u64>().unwrap() < second.parse().unwrap());
    assert!(
        runner.log().contains("the lock was lost"),
        "{}",
        runner.log()
    );
    assert_eq!(runner.stop(), Some(0));
    let subjects = place.subjects();
    let of_task = subjects.iter().filter(|text| !text.starts_with("[lock]"));
    assert_eq!(of_task.count(), 0, "{subjects:?}");
}

fn a_lock_that_is_lost_while_the_runner_sleeps_is_asked_for_again_at_once() {
    let place = Place::with("");
    let runner = Runner::start(under_lock(&place, "is_cut_off_later"));
    runner.wait_for("Sleeping 1day");
    runner.wait_for("The lock is lost");
    place.write("back", "");
    runner.wait_for("This runner holds the lock (fence 2)");
    runner.wait_for("answers again");
    assert_eq!(runner.count("Execution"), 1, "{}", runner.log());
    assert_eq!(runner.stop(), Some(0));
}

fn a_function_that_never_returns_takes_its_runner_along_which_is_mailed() {
    let place = Place::with("");
    let mut runner = Runner::start(under_lock(&place, "never_returns"));
    // Not killed: it has ended before.
    assert_eq!(runner.wait_for_end(), Some(71), "{}", runner.log());
    let about = |mail: &String| subject(mail).contains("never_returns");
    let mails = place.mails();
    let mail = mails.iter().find(|mail| about(mail));
    let mail = unfolded(mail.unwrap_or_else(|| panic!("{mails:?}")));
    assert!(mail.contains("the lock"), "{mail}");
}

fn a_stopped_runner_in_a_function_is_killed_with_what_the_function_has_started() {
    let place = Place::with("");
    let mut runner = Runner::start(under_lock(&place, "stops_its_runner"));
    assert_eq!(runner.wait_for_status().signal(), Some(SIGKILL));
    let child = place.read("child").parse().unwrap();
    assert!(eventually(|| !is_alive(child)));
}

fn a_runner_whose_log_takes_nothing_ends_in_time() {
    let place = Place::with("");
    let mut command = under_lock(&place, "talks_for_ever");
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut runner = command.spawn().unwrap();
    let mut status = None;
    let ended = eventually(|| {
        status = runner.try_wait().unwrap();
        status.is_some()
    });
    let _ = runner.kill();
    assert!(ended, "it hangs");
    let status = status.unwrap();
    assert!(
        status.code() == Some(71) || status.signal() == Some(SIGKILL),
        "{status}"
    );
}

pub(crate) const TESTS: &[tiny_harness::Test] = tiny_harness::tests![
    a_lock_that_is_lost_while_the_runner_sleeps_is_asked_for_again_at_once,
    a_function_that_watches_its_context_ends_in_time_and_its_run_is_no_failure,
    a_function_that_never_returns_takes_its_runner_along_which_is_mailed,
    a_stopped_runner_in_a_function_is_killed_with_what_the_function_has_started,
    a_runner_whose_log_takes_nothing_ends_in_time,
];
