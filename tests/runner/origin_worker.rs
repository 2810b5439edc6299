//! The worker from which child processes were first known had these defects. Each has its test here, with the real runner:
//!
//! | defect | test |
//! |---|---|
//! | children's children survived a kill | [`childrens_children_do_not_survive_a_kill`] |
//! | a grandchild that holds the pipe blocked the worker for ever | [`a_grandchild_that_holds_the_pipe_does_not_block_the_chain`] |
//! | output was buffered whole before it was cut | [`output_is_cut_while_it_streams`] |
//! | the cut text was longer than the limit | [`the_cut_text_is_within_the_limit`] |
//! | non-UTF-8 output, or a cut inside a character, killed the executor and left the run "started" for ever | [`output_that_is_no_text_ends_as_any_other`] |
//! | the silence timeout left the process running | [`a_silent_process_is_gone_when_its_run_has_failed`] |
//! | temporary scripts were left behind after a crash | [`no_temporary_file_is_left_after_a_crash`] |
//! | TERM dropped work that was accepted | [`work_that_has_begun_is_finished_after_term`] |
//! | kill requests were ignored while draining | [`a_kill_is_obeyed_while_the_last_task_finishes`] |
//! | a wrong binary path crashed the worker instead of failing the run | [`a_wrong_path_fails_the_run_and_the_chain_goes_on`] |
//! | a pid file relative to the current directory blocked workers for good | [`a_pidfile_is_below_the_configuration_and_an_old_one_blocks_nobody`] |

use std::path::Path;

use crate::support::limits::{with_time_enough, words};
use crate::support::processes::{children, is_alive};
use crate::support::{self, Place, eventually, stderr};
use nix::sys::signal::Signal;

/// Waits until a process has written its number, and returns that.
#[track_caller]
fn number(place: &Place) -> i32 {
    assert!(eventually(|| place.read("pid").ends_with('\n')));
    place.read("pid").trim().parse().unwrap()
}

#[test]
fn childrens_children_do_not_survive_a_kill() {
    with_time_enough(|limit| {
        let limit = words(limit);
        let place = Place::with(&format!(
            "[tasks.a]\nshell = \"sh -c 'sh -c \\\"echo \\\\$\\\\$ > pid; sleep 1000; true\\\"; true'; true\"\n\
             timeout = \"{limit}\"\nkill_grace = \"0s\"\n"
        ));
        let runner = place.start(&["tasks::a"]);
        let timed_out = format!("Execution failed: timed out after {limit}");
        let has_begun = || place.read("pid").ends_with('\n');
        assert!(eventually(|| has_begun() || runner.count(&timed_out) > 0));
        let lived = has_begun() && is_alive(number(&place));
        runner.wait_for(&timed_out);
        assert!(!lived || !is_alive(number(&place)), "it survived");
        assert_eq!(runner.stop(), Some(0));
        lived
    });
}

#[test]
fn a_grandchild_that_holds_the_pipe_does_not_block_the_chain() {
    let place = Place::with(
        "[tasks.a]\nshell = \"setsid sleep 1000 & echo begun\"\nleak = \"allow\"\nsuccess_cooldown = \"1day\"\n",
    );
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Execution successful");
    let children = children(runner.pid());
    let [held] = children[..] else {
        panic!("not one child: {children:?}");
    };
    assert!(is_alive(held), "it holds the pipe still");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(held), Signal::SIGKILL).unwrap();
    assert_eq!(runner.stop(), Some(0));
}

/// Returns the most memory that a process has had, in KiB.
fn most_memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let size = line.unwrap().split_ascii_whitespace().nth(1).unwrap();
    size.parse().unwrap()
}

#[test]
fn output_is_cut_while_it_streams() {
    let place = Place::with(
        "[tasks.a]\nshell = \"head -c 400000000 /dev/zero | tr '\\\\0' x\"\nsuccess_cooldown = \"1day\"\n",
    );
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Execution successful");
    let most = most_memory(runner.pid());
    assert!(most < 100_000, "{most} KiB for 400 MB of output");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn the_cut_text_is_within_the_limit() {
    let place = Place::with(
        "[tasks.a]\nshell = \"seq 1 100000\"\nmax_log_bytes = 5000\nlog_output = \"always\"\n",
    );
    let text = stderr(&place.run(&["once", "tasks::a"]));
    let lines = text
        .lines()
        .filter_map(|line| Some(line.split_once("] | ")?.1));
    let is_output = |line: &&str| line.bytes().all(|byte| byte.is_ascii_digit());
    let bytes: usize = lines.filter(is_output).map(|line| line.len() + 1).sum();
    assert!((4000..=5000).contains(&bytes), "{bytes} bytes");
}

#[test]
fn output_that_is_no_text_ends_as_any_other() {
    let place = Place::with(
        "[defaults]\nmax_log_bytes = 1024\nfail_cooldown = \"1ms\"\nsuccess_cooldown = \"1day\"\n\
         [tasks.bytes]\nshell = \"head -c 100000 /dev/urandom; exit 3\"\n\
         [tasks.cut]\nshell = \"yes '\u{20ac}uro \u{1f600}' | head -c 99999; exit 4\"\n\
         [tasks.last]\nshell = \"true\"\n",
    );
    let runner = place.start(&["tasks::bytes", "tasks::cut", "tasks::last"]);
    runner.wait_for("[tasks::bytes] Execution failed: exit 3");
    runner.wait_for("[tasks::cut] Execution failed: exit 4");
    runner.wait_for("[tasks::last] Execution successful");
    assert!(eventually(|| place.mails().len() == 2));
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_silent_process_is_gone_when_its_run_has_failed() {
    with_time_enough(|limit| {
        let limit = words(limit);
        let place = Place::with(&format!(
            "[tasks.a]\nshell = \"trap '' TERM; echo $$ > pid; echo begun; while :; do sleep 0.1; done\"\n\
             silence_timeout = \"{limit}\"\nkill_grace = \"100ms\"\n",
        ));
        let runner = place.start(&["tasks::a"]);
        runner.wait_for(&format!("Execution failed: printed nothing for {limit}"));
        let has_begun = runner.count("nothing for") == runner.count(": begun");
        assert!(!has_begun || !is_alive(number(&place)), "it runs on");
        assert_eq!(runner.stop(), Some(0));
        has_begun
    });
}

fn files_in(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap().flatten();
    let name = |entry: std::fs::DirEntry| entry.file_name().into_string().unwrap();
    entries.map(name).collect()
}

#[test]
fn no_temporary_file_is_left_after_a_crash() {
    let place = Place::with(
        "[tasks.a]\nscript = \"task\"\nsuccess_cooldown = \"1day\"\nfail_cooldown = \"1ms\"\n",
    );
    place.write(
        "task",
        "#!/bin/sh\necho $$ > pid\ntest -e go || sleep 1000\n",
    );
    let tmp = place.path("tmp");
    std::fs::create_dir(&tmp).unwrap();
    let start = || {
        let mut command = place.command(&["tasks::a"]);
        command.env("TMPDIR", &tmp);
        support::Runner::start(command)
    };
    let mut crashed = start();
    number(&place);
    crashed.signal(Signal::SIGKILL);
    crashed.wait_for_status();
    place.write("go", "");
    let next = start();
    next.wait_for("Sleeping 1day");
    assert_eq!(files_in(&tmp), Vec::<String>::new());
    assert_eq!(next.stop(), Some(0));
}

const FINISHES: &str = "[tasks.a]\nshell = \"echo $$ > pid; until test -e go; do sleep 0.02; done; echo done > done\"\n";

#[test]
fn work_that_has_begun_is_finished_after_term() {
    let place = Place::with(FINISHES);
    let mut runner = place.start(&["tasks::a"]);
    number(&place);
    runner.signal(Signal::SIGTERM);
    runner.wait_for("SIGTERM received");
    place.write("go", "");
    assert_eq!(runner.wait_for_end(), Some(0));
    assert_eq!(place.read("done"), "done\n");
    runner.wait_for("Execution successful");
}

#[test]
fn a_kill_is_obeyed_while_the_last_task_finishes() {
    let place = Place::with(FINISHES);
    let mut runner = place.start(&["tasks::a"]);
    let pid = number(&place);
    runner.signal(Signal::SIGTERM);
    runner.wait_for("SIGTERM received");
    assert!(is_alive(pid));
    let stop = place.run(&["stop", "--now", "a"]);
    assert_eq!(stop.status.code(), Some(0), "{}", stderr(&stop));
    assert_eq!(runner.wait_for_end(), Some(0));
    assert!(!is_alive(pid) && !place.path("done").exists());
}

#[test]
fn a_wrong_path_fails_the_run_and_the_chain_goes_on() {
    let place = Place::with(
        "[tasks.wrong]\ncommand = [\"/no/such/program\"]\nfail_cooldown = \"1ms\"\n[tasks.right]\nshell = \"true\"\nsuccess_cooldown = \"1day\"\n",
    );
    let runner = place.start(&["tasks::wrong", "tasks::right"]);
    runner.wait_for("Execution failed: could not start: program `/no/such/program`: No such file");
    runner.wait_for("[tasks::right] Execution successful");
    assert!(eventually(|| place.mails().len() == 1));
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_pidfile_is_below_the_configuration_and_an_old_one_blocks_nobody() {
    let place = Place::with(
        "[tasks.a]\nshell = \"true\"\nsuccess_cooldown = \"1day\"\nworking_dir = \"/\"\n",
    );
    std::fs::create_dir(place.path("elsewhere")).unwrap();
    std::fs::create_dir(place.path("run")).unwrap();
    // Somebody else has this number now.
    place.write("run/a.pid", format!("{}\n", std::process::id()));
    let config = place.path("run_functions.toml");
    let mut command = place.command(&["--config", config.to_str().unwrap(), "tasks::a"]);
    command.current_dir(place.path("elsewhere"));
    let mut old = support::Runner::start(command);
    old.wait_for("Sleeping 1day");
    assert_eq!(place.read("run/a.pid"), format!("{}\n", old.pid()));
    assert_eq!(files_in(&place.path("elsewhere")), Vec::<String>::new());
    let new = place.start(&["tasks::a"]);
    new.wait_for("Sleeping 1day");
    assert_eq!(old.wait_for_end(), Some(0));
    assert_eq!(new.stop(), Some(0));
}
