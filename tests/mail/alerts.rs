//! Which mails leave a real runner: the origin's worked example, and the defects that its code had.
#![expect(clippy::disallowed_methods, reason = "a test may look at the clock")]

use std::time::Instant;

use crate::support::limits::{with_time_enough, words};
use crate::support::{self, Place, eventually};

/// A task that fails with the lines of `words`, one a run, and then goes on succeeding.
const FAILS_WITH_WORDS: &str = r#"
[tasks.a]
shell = '''
n=$(cat count 2>/dev/null || echo 1)
echo $((n + 1)) > count
word=$(sed -n "${n}p" words)
test -n "$word" || exit 0
test "$word" != ok || exit 0
echo "$word"
exit 1
'''
success_cooldown = "20ms"
fail_cooldown = "20ms"
"#;

#[test]
fn the_worked_example_of_the_origin_holds() {
    let place = Place::empty();
    let started = Instant::now();
    let runner = place.start(&["tasks::divide_by_zero"]);
    runner.wait_for("Non recoverable downtime reached again");
    assert_eq!(runner.stop(), Some(0));
    let most = 1 + started.elapsed().as_secs() / 3;
    let mut subjects = place.all_subjects();
    let again =
        "[tasks::divide_by_zero] Non recoverable downtime reached again: attempt to divide by zero";
    assert_eq!(
        subjects[..3],
        [
            "[tasks::divide_by_zero] First exception caught: attempt to divide by zero",
            "[tasks::divide_by_zero] Non recoverable downtime reached: attempt to divide by zero",
            again,
        ]
    );
    // A slow machine may have come to the third interval before it was stopped.
    assert!(subjects.len() as u64 <= most, "{subjects:?}");
    subjects.drain(..3);
    assert!(subjects.iter().all(|more| more == again), "{subjects:?}");
}

#[test]
fn the_worked_example_reads_in_the_log_as_its_author_described_it() {
    let place = Place::empty();
    let runner = place.start(&["tasks::divide_by_zero"]);
    runner.wait_for("Non recoverable downtime reached again");
    let log = runner.log();
    assert_eq!(runner.stop(), Some(0));
    let words = [
        "Wrote pidfile divide_by_zero",
        "[tasks::divide_by_zero] Execution failed: attempt to divide by zero",
        "[tasks::divide_by_zero] Sent email to admins: First exception caught: attempt to divide by zero",
        "[tasks::divide_by_zero] Sleeping 1s",
        "[tasks::divide_by_zero] Execution failed: attempt to divide by zero",
        "[tasks::divide_by_zero] Sent email to admins: Non recoverable downtime reached",
        "[tasks::divide_by_zero] Sent email to admins: Non recoverable downtime reached again",
    ];
    let mut rest = log.as_str();
    for word in words {
        let found = rest.find(word);
        assert!(found.is_some(), "`{word}` is not in its place in\n{log}");
        rest = &rest[found.unwrap() + word.len()..];
    }
}

#[test]
fn a_second_different_exception_mails_and_a_repeat_does_not() {
    let place = Place::with(FAILS_WITH_WORDS);
    place.write("words", "apple\napple\npear\napple\npear\n");
    let runner = place.start(&["tasks::a"]);
    runner.wait_for_count("Execution successful", 2);
    assert_eq!(runner.stop(), Some(0));
    assert_eq!(
        place.all_subjects(),
        [
            "[tasks::a] First exception caught: exit 1: apple",
            "[tasks::a] New exception caught: exit 1: pear",
        ]
    );
}

#[test]
fn a_known_kind_that_comes_back_in_a_later_outage_is_silent() {
    let place = Place::with(FAILS_WITH_WORDS);
    place.write("words", "apple\nok\napple\nok\napple\n");
    let runner = place.start(&["tasks::a"]);
    runner.wait_for_count("Execution failed", 3);
    runner.wait_for_count("Execution successful", 3);
    assert_eq!(runner.stop(), Some(0));
    assert_eq!(
        place.all_subjects(),
        ["[tasks::a] First exception caught: exit 1: apple"]
    );
}

#[test]
fn a_second_outage_says_reached_and_not_again() {
    with_time_enough(|downtime| {
        let downtime = words(downtime);
        let place = Place::with(&format!(
            "[tasks.a]\nshell = \"if test -e works; then rm works; else echo broken; exit 1; fi\"\n\
             success_cooldown = \"20ms\"\nfail_cooldown = \"50ms\"\nnon_recoverable_downtime = \"{downtime}\"\n"
        ));
        let runner = place.start(&["tasks::a"]);
        runner.wait_for("Sent email to admins: Non recoverable downtime reached again");
        place.write("works", "");
        runner.wait_for("Execution successful");
        let first = || {
            let log = runner.log();
            let (_, second) = log.split_once("Execution successful")?;
            let mut lines = second.lines();
            let line = lines.find(|line| line.contains("downtime reached"))?;
            Some(line.contains("Non recoverable downtime reached:"))
        };
        assert!(eventually(|| first().is_some()));
        let said_reached = first() == Some(true);
        assert_eq!(runner.stop(), Some(0));
        // Where the machine stood still for two intervals, the first reminder is the second one.
        said_reached
    });
}

#[test]
fn a_runner_that_a_person_starts_again_forgets() {
    let place = Place::with("[tasks.a]\nshell = \"echo broken; exit 1\"\n");
    for mails in 1..=2 {
        let runner = place.start(&["tasks::a"]);
        runner.wait_for("First exception caught: exit 1: broken");
        assert_eq!(runner.stop(), Some(0));
        assert_eq!(place.all_subjects().len(), mails);
    }
}

#[test]
fn a_runner_that_was_killed_remembers_and_mails_nothing_extra() {
    let place =
        Place::with("[tasks.a]\nshell = \"echo broken; exit 1\"\nfail_cooldown = \"50ms\"\n");
    for round in 0..4 {
        let mut runner = place.start(&["tasks::a"]);
        runner.wait_for("Execution failed");
        runner.wait_for("Sleeping 50ms");
        runner.signal(nix::sys::signal::Signal::SIGKILL);
        assert_eq!(runner.wait_for_status().code(), None);
        let log = runner.log();
        assert_eq!(
            log.contains("Sent email"),
            round == 0,
            "round {round}:\n{log}"
        );
    }
    assert_eq!(place.all_subjects().len(), 1);
}

#[test]
fn fresh_forgets_also_after_a_crash() {
    let place =
        Place::with("[tasks.a]\nshell = \"echo broken; exit 1\"\nfail_cooldown = \"50ms\"\n");
    let mut runner = place.start(&["tasks::a"]);
    runner.wait_for("Sleeping 50ms");
    runner.signal(nix::sys::signal::Signal::SIGKILL);
    runner.wait_for_status();
    let runner = place.start(&["--fresh", "tasks::a"]);
    runner.wait_for("Sent email to admins: First exception caught");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn mail_trouble_never_ends_the_runner() {
    let place = Place::with(
        "[mail]\nto = [\"ops@example.org\"]\ntransport = \"smtp\"\nserver = \"127.0.0.1\"\nport = 1\ntls = \"none\"\n\
         [tasks.a]\nshell = \"echo broken; exit 1\"\nfail_cooldown = \"20ms\"\n",
    );
    let mut runner = place.start(&["tasks::a"]);
    runner.wait_for("ERROR");
    runner.wait_for_count("Execution failed", 5);
    assert!(runner.lives());
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn the_mail_says_what_happened_why_and_what_comes_next() {
    let place = Place::with(
        "[defaults]\nnon_recoverable_downtime = \"6h\"\n[tasks.a]\nshell = \"echo line one; echo ZeroDivisionError: division by zero; exit 1\"\n",
    );
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Sent email");
    assert_eq!(runner.stop(), Some(0));
    let mails = place.all_mails();
    let mail = &mails[0];
    for expected in [
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "X-Run-Functions: event=first; task=tasks::a; chain=a; kind=",
        "line one",
        "ZeroDivisionError: division by zero",
        "tasks::a",
        "logs a",
        "6h",
    ] {
        assert!(mail.contains(expected), "`{expected}` is not in\n{mail}");
    }
}

#[test]
fn a_reminder_is_due_during_a_long_cooldown_too() {
    let place = Place::with(
        "[tasks.a]\nshell = \"echo broken; exit 1\"\nfail_cooldown = \"1day\"\nnon_recoverable_downtime = \"300ms\"\n",
    );
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Non recoverable downtime reached again");
    assert_eq!(runner.count("Execution failed"), 1);
    assert_eq!(runner.stop(), Some(0));
}

/// What a runner says that was killed in an outage, and comes back under these circumstances.
fn comes_back(change: impl FnOnce(&Place) -> std::process::Command) -> (Place, support::Runner) {
    let place =
        Place::with("[tasks.a]\nshell = \"echo broken; exit 1\"\nfail_cooldown = \"20ms\"\n");
    let mut runner = place.start(&["tasks::a"]);
    runner.wait_for("Sent email to admins");
    assert!(eventually(|| place.subjects().len() == 1));
    runner.signal(nix::sys::signal::Signal::SIGKILL);
    runner.wait_for_status();
    let runner = support::Runner::start(change(&place));
    runner.wait_for_count("Execution failed", 3);
    (place, runner)
}

#[test]
fn after_a_crash_the_same_program_remembers() {
    let (place, runner) = comes_back(|place| place.command(&["tasks::a"]));
    assert_eq!(runner.count("Sent email to admins"), 0);
    assert_eq!(runner.stop(), Some(0));
    assert_eq!(place.all_subjects().len(), 1);
}

#[test]
fn after_a_crash_it_forgets_when_it_is_told_to_or_is_another_program_or_has_other_settings() {
    let fresh = comes_back(|place| place.command(&["--fresh", "tasks::a"]));
    let upgraded = comes_back(|place| {
        let copy = place.copy_program("upgraded");
        place.command_of(&copy, &["tasks::a"])
    });
    let changed = comes_back(|place| {
        place.configure("[tasks.a]\nshell = \"echo broken; exit 1 \"\nfail_cooldown = \"20ms\"\n");
        place.command(&["tasks::a"])
    });
    for (_place, runner) in [fresh, upgraded, changed] {
        runner.wait_for("Sent email to admins: First exception caught: exit 1: broken");
        assert_eq!(runner.stop(), Some(0));
    }
}

#[test]
fn two_chains_in_one_place_keep_their_memories_apart() {
    let task = "shell = \"echo broken; exit 1\"\nfail_cooldown = \"20ms\"\n";
    let place = Place::with(&format!("[tasks.a]\n{task}[tasks.b]\n{task}"));
    let (a, b) = (place.start(&["tasks::a"]), place.start(&["tasks::b"]));
    for runner in [&a, &b] {
        runner.wait_for_count("Execution failed", 3);
        assert_eq!(runner.count("Sent email to admins"), 1, "{}", runner.log());
    }
    assert!(eventually(|| place.subjects().len() == 2));
    assert_eq!((a.stop(), b.stop()), (Some(0), Some(0)));
}

#[test]
fn a_task_that_hangs_is_mailed_as_still_running_once() {
    let place = Place::with("[tasks.a]\nshell = \"exec sleep 1000\"\nwarn_after = \"200ms\"\n");
    let mut runner = place.start(&["tasks::a"]);
    runner.wait_for("Sent email to admins: Still running after ");
    assert!(eventually(|| place.subjects().len() == 1));
    let mail = place.mails().concat();
    assert!(mail.contains("X-Run-Functions: event=running;"), "{mail}");
    assert!(mail.contains("This run is not mailed again."), "{mail}");
    assert!(
        mail.contains("warn_after = \"200ms\" of tasks::a"),
        "{mail}"
    );
    runner.signal(nix::sys::signal::Signal::SIGQUIT);
    assert_eq!(runner.wait_for_end(), Some(131));
}

#[test]
fn a_task_that_asks_to_stop_ends_its_runner_and_the_mail_says_so() {
    let place =
        Place::with("[tasks.a]\nshell = \"echo no licence >&2; exit 9\"\nfatal_exit_codes = [9]\n");
    let mut runner = place.start(&["tasks::a"]);
    assert_eq!(runner.wait_for_end(), Some(70));
    assert_eq!(
        place.all_subjects(),
        ["[tasks::a] First exception caught: exit 9: no licence"]
    );
    let mail = place.mails().concat();
    assert!(mail.contains("has stopped its runner"), "{mail}");
    assert!(mail.contains("Nothing: the runner has ended."), "{mail}");
    assert!(!mail.contains("If it still fails then"), "{mail}");
}
