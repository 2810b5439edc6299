//! What a runner really mails is what a simulation foresees: the same scripts go through rim, desk,
//! outbox and mailer into files, and through `simulate`, mail for mail.

#[path = "alerter_machine_tests.rs"]
mod machine;

use std::time::SystemTime;

use super::*;
use crate::core::event::{Observer, RunId};
use crate::runner::control::{MainThreadState, RunnerControl};
use crate::runner::shutdown::panic_guard;
use crate::simulate::Span;
use crate::unix::clock;
use machine::Machine;

/// A mail: when, about what, and its words.
type Line = (SystemTime, String);

const TASKS: &str = "[tasks.a]\ncommand = [\"true\"]\nsuccess_cooldown = \"5m\"\nfail_cooldown = \"20m\"\n\
     non_recoverable_downtime = \"6h\"\n[tasks.b]\ncommand = [\"true\"]\nsuccess_cooldown = \"1m\"\nfail_cooldown = \"1m\"\n\
     non_recoverable_downtime = \"90m\"\n";

#[test]
fn a_weekend_of_one_failure_is_mailed_as_foreseen() {
    let machine = Machine::with(TASKS, &["tasks::a"]);
    assert_eq!(machine.agrees_on(&["fails for 60h"]), 10);
}

#[test]
fn the_example_of_the_origin_is_mailed_as_foreseen() {
    let machine = Machine::with(
        "[tasks.a]\ncommand = [\"true\"]\nfail_cooldown = \"1s\"\nnon_recoverable_downtime = \"3s\"\n",
        &["tasks::a"],
    );
    assert_eq!(machine.agrees_on(&["fails for 10s"]), 4);
}

#[test]
fn new_kinds_known_kinds_and_outages_one_after_the_other_are_mailed_as_foreseen() {
    let machine = Machine::with(TASKS, &["tasks::a"]);
    let script = "F:\"disk full\"*3 F:\"no route to host\" F:\"disk full\" S*2 F:\"disk full\"*40 R F:\"order 17 lost\" F:\"order 18 lost\" S";
    assert_eq!(machine.agrees_on(&[script]), 5);
}

#[test]
fn a_chain_in_which_each_task_fails_in_its_own_way_is_mailed_as_foreseen() {
    let machine = Machine::with(TASKS, &["tasks::a", "tasks::b", "tasks::a"]);
    let scripts = ["F:\"x\"*5 S*30 F:\"x\"", "S*3 F:\"y\"*60 S", "R F*9"];
    assert!(machine.agrees_on(&scripts) >= 5);
}

#[test]
fn what_is_held_back_and_the_digest_of_it_are_mailed_as_foreseen() {
    let mail = "[mail]\nmax_per_hour = 2\n";
    let machine = Machine::with(&format!("{mail}{TASKS}"), &["tasks::b"]);
    let words = [
        "apple", "pear", "plum", "fig", "quince", "cherry", "lemon", "grape", "melon",
    ];
    let script: Vec<String> = words
        .iter()
        .map(|word| format!("F:\"no {word} left\""))
        .collect();
    let script = format!("{} S*400", script.join(" "));
    assert!(machine.agrees_on(&[&script]) >= 3);
}

#[test]
fn the_end_of_a_downtime_is_mailed_as_foreseen() {
    let mail = "[mail]\nhealed = \"after-downtime\"\n";
    let machine = Machine::with(&format!("{mail}{TASKS}"), &["tasks::b"]);
    assert_eq!(machine.agrees_on(&["F*100 S*3 F*2 S*40"]), 3);
}

#[test]
fn a_muted_chain_is_mailed_as_foreseen() {
    let mut mails = Vec::new();
    for span in ["0s..1h", "30m..40m", "10m..2h", "0s..4h"] {
        let mut machine = Machine::with(TASKS, &["tasks::a", "tasks::b"]);
        machine.mute = Some(Span::parse(span).unwrap());
        let scripts = ["F:\"x\"*3 F:\"y\" S*20", "S*3 F:\"z\"*30 S*10"];
        mails.push(machine.agrees_on(&scripts));
    }
    assert_eq!(mails, [4, 4, 4, 2]);
}

#[test]
fn a_secret_is_taken_out_of_both() {
    let machine = Machine::with(TASKS, &["tasks::a"]);
    let script =
        "F:\"login with password=hunter2 refused\" F:\"login with password=hunter3 refused\" S";
    assert_eq!(machine.agrees_on(&[script]), 1);
    assert!(!machine.mails()[0].1.contains("hunter"));
}

/// A runner of its own that ends by a panic of ours while its second task runs.
fn panicking(machine: &Machine, words: &str) -> StopReason {
    let order = machine.order();
    let at = clock::now();
    let shared = RunnerControl::new(machine.observers(&order, at), None).unwrap();
    let reason = panic_guard::guard(&shared, || {
        shared.observers().observe(&Event::Started { at });
        shared.begin_run(MainThreadState::InFunction);
        let (step, run) = (1, RunId(1));
        shared
            .observers()
            .observe(&Event::RunStarted { step, run, at });
        let _held = shared.observers();
        panic!("{words}");
    });
    assert_eq!(shared.place(), MainThreadState::Between);
    reason
}

#[test]
fn a_panic_of_ours_is_mailed_and_not_again_when_it_ends_the_next_runner_too() {
    let machine = Machine::with(TASKS, &["tasks::a", "tasks::b"]);
    let reason = panicking(&machine, "no row for order 17");
    assert_eq!(
        reason,
        StopReason::Defect("it panicked: no row for order 17".to_owned())
    );
    let subjects = || machine.mails().into_iter().map(|mail| mail.1);
    let first = "[tasks::b] First exception caught: a defect of run_functions: it panicked: no row for order 17";
    assert_eq!(subjects().collect::<Vec<_>>(), [first]);
    panicking(&machine, "no row for order 18");
    assert_eq!(subjects().count(), 1);
    panicking(&machine, "the clock stands still");
    assert_eq!(subjects().count(), 2);
}

const OWN: &str = "[mail]\nto = [\"ops@example.org\"]\ntransport = \"file\"\nmax_per_hour = 1\n";

/// Two tasks with recipients of their own, and one without.
fn with_own_recipients(mail: &str) -> Machine {
    let config = format!(
        "{OWN}{mail}[tasks.a]\ncommand = [\"true\"]\nto = [\"a@example.org\"]\n\
         [tasks.b]\ncommand = [\"true\"]\ncc = [\"b@example.org\"]\n[tasks.c]\ncommand = [\"true\"]\n"
    );
    Machine::with(&config, &["tasks::a", "tasks::b", "tasks::c"])
}

#[test]
fn a_digest_tells_each_address_of_its_own_tasks() {
    let machine = with_own_recipients("");
    let scripts = [
        "S F:\"no disk\" S*60",
        "F:\"no route\" S*60",
        "S F:\"no room\" S*60",
    ];
    let told = machine.told(&scripts, "digest");
    let expected = [
        ("a@example.org", vec!["tasks::a"]),
        ("ops@example.org", vec!["tasks::c"]),
    ];
    assert_eq!(told, expected.map(|(to, tasks)| (to.to_owned(), tasks)));
    assert_eq!(machine.told(&scripts, "first").len(), 2, "b@ and ops@");
}

#[test]
fn a_summary_tells_the_recipients_of_the_chain_all_and_the_others_what_is_theirs() {
    let machine = with_own_recipients("digest = \"daily\"\n");
    let told = machine.told(&["S*100"; 3], "summary");
    let expected = [
        ("a@example.org", vec!["tasks::a"]),
        ("b@example.org", vec!["tasks::b"]),
        ("ops@example.org", vec!["tasks::a", "tasks::b", "tasks::c"]),
    ];
    assert_eq!(told, expected.map(|(to, tasks)| (to.to_owned(), tasks)));
}
