//! Functions in processes of their own, in the real runner: whatever they do to their process, the runner goes on and names it.

use std::fs;
use std::process::{Command, Stdio};

use crate::support::{Place, Runner, eventually, stderr, subject};
use crate::tiny_harness;

/// Set where this executable is to be the program, not the tests of it.
const AS_PROGRAM: &str = "TESTED_AS_PROGRAM";

pub(crate) fn program(place: &Place, args: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(args).current_dir(place.dir()).env_clear();
    command.env(AS_PROGRAM, "1").env("PATH", "/usr/bin:/bin");
    command.env("HOME", place.dir()).stdin(Stdio::null());
    command
}

/// What each function does, how it is set, and what the admin reads.
const ENDS: [(&str, &str, &str); 7] = [
    ("aborts", "", "aborted (SIGABRT): last words"),
    ("exits", "", "called exit(0) instead of returning"),
    ("overflows", "", "stack overflow"),
    ("segfaults", "", "killed by signal 11 (SIGSEGV)"),
    (
        "takes_all_memory",
        "rlimits = { as = 1073741824 }\n",
        "out of memory: memory allocation of",
    ),
    (
        "never_ends",
        "timeout = \"300ms\"\nkill_grace = \"100ms\"\n",
        "timed out after 300ms",
    ),
    ("panics", "", "out of cheese"),
];

fn each_way_in_which_a_function_ends_its_process_is_named_in_the_mail_and_the_runner_goes_on() {
    let mut config = "[defaults]\nfail_cooldown = \"1ms\"\nsuccess_cooldown = \"1ms\"\n\n\
        [tasks.last]\nshell = \"echo all the others ran\"\nlog_output = \"always\"\nsuccess_cooldown = \"1day\"\n"
        .to_owned();
    for (function, settings, _) in ENDS {
        config.push_str(&format!("[tasks.{function}]\nisolate = true\n{settings}"));
    }
    let place = Place::with(&config);
    let names: Vec<String> = ENDS.iter().map(|end| format!("tasks::{}", end.0)).collect();
    let mut args: Vec<&str> = names.iter().map(String::as_str).collect();
    args.push("tasks::last");
    let runner = Runner::start(program(&place, &args));
    runner.wait_for("| all the others ran");
    for (function, _, expected) in ENDS {
        runner.wait_for(&format!("[tasks::{function}] Execution failed: {expected}"));
    }
    assert!(eventually(|| place.mails().len() == ENDS.len()));
    let subjects: Vec<String> = place.mails().iter().map(|mail| subject(mail)).collect();
    for (function, _, expected) in ENDS {
        // Of a long text the middle is left out.
        let class = expected.split(": ").next().unwrap();
        let about = |subject: &&String| subject.contains(function) && subject.contains(class);
        let found = subjects.iter().find(about);
        assert!(found.is_some(), "{function}: {subjects:#?}");
    }
    assert_eq!(runner.stop(), Some(0));
}

fn what_a_function_leaks_is_gone_with_its_process() {
    let place = Place::with(
        "[tasks.leaks]\nisolate = true\nsuccess_cooldown = \"1ms\"\n[tasks.last]\nshell = \"true\"\nsuccess_cooldown = \"1ms\"\n",
    );
    let runner = Runner::start(program(&place, &["tasks::leaks", "tasks::last"]));
    let count = |what: &str| {
        let entries = fs::read_dir(format!("/proc/{}/{what}", runner.pid()));
        entries.unwrap().count()
    };
    runner.wait_for_count("[tasks::last] Execution successful", 3);
    let threads = count("task");
    runner.wait_for_count("[tasks::last] Execution successful", 10);
    assert_eq!(count("task"), threads);
    // A run may be on: it has some descriptors of its own, but not more with each run.
    assert!(count("fd") < 40, "{} descriptors", count("fd"));
    assert_eq!(runner.stop(), Some(0));
}

fn a_function_in_the_runner_and_one_in_a_child_and_a_command_make_one_chain() {
    let place = Place::with(
        "[tasks.command]\nshell = \"echo $RUN_FUNCTIONS_CHAIN\"\n\
        [tasks.says_what_it_finds]\nisolate = true\n[defaults]\nlog_output = \"always\"\n",
    );
    let tasks = [
        "once",
        "tasks::fine",
        "tasks::says_what_it_finds",
        "tasks::command",
    ];
    let output = program(&place, &tasks).output().unwrap();
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert_eq!(text.matches("Execution successful").count(), 3, "{text}");
    assert!(text.contains("| fine_says_what_it_finds_command"), "{text}");
    assert!(text.contains("] tasks::says_what_it_finds"), "{text}");
}

/// Tells whether this executable is to be the program.
pub(crate) fn is_program() -> bool {
    std::env::var_os(AS_PROGRAM).is_some()
}

pub(crate) const TESTS: &[tiny_harness::Test] = tiny_harness::tests![
    each_way_in_which_a_function_ends_its_process_is_named_in_the_mail_and_the_runner_goes_on,
    what_a_function_leaks_is_gone_with_its_process,
    a_function_in_the_runner_and_one_in_a_child_and_a_command_make_one_chain,
];
