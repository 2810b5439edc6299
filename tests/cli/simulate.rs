//! `simulate`: the future inbox on the screen. That it is the one that a runner really fills is shown where runner and simulation meet
//! (`src/notify/alerter_tests.rs`).

use crate::support::{Place, stderr, stdout};

const TASKS: &str = "[tasks.backup]\ncommand = [\"touch\", \"it_ran\"]\nnon_recoverable_downtime = \"6h\"\n\
     [tasks.sync]\ncommand = [\"touch\", \"it_ran\"]\n";

/// The lines that tell of a mail, without the wall time: `after 6h [tasks::backup] …`.
fn inbox(text: &str) -> Vec<String> {
    let mails = text.lines().filter(|line| line.contains("  [tasks::"));
    let short = |line: &str| {
        let (after, rest) = (line[..18].trim(), line.split("  [").nth(1).unwrap());
        format!("{after} [{rest}")
    };
    mails.map(short).collect()
}

#[test]
fn a_weekend_is_foreseen_with_when_what_and_why() {
    let place = Place::with(TASKS);
    let output = place.run(&["simulate", "tasks::backup", "--fail-for", "20h"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let expected = [
        "at once [tasks::backup] First exception caught: it fails",
        "after 6h [tasks::backup] Non recoverable downtime reached: it fails",
        "after 12h [tasks::backup] Non recoverable downtime reached again: it fails",
        "after 18h [tasks::backup] Non recoverable downtime reached again: it fails",
    ];
    assert_eq!(inbox(&text), expected);
    let why = "why: non_recoverable_downtime = \"6h\" of tasks::backup";
    assert_eq!(text.matches(why).count(), 1, "{text}");
    assert!(text.contains("4 mails in 20h 5m, for 61 runs with 60 failures."));
}

#[test]
fn a_mute_is_foreseen_with_the_mail_at_its_end() {
    let place = Place::with(TASKS);
    let simulate = |mute: &str| {
        place.run(&[
            "simulate",
            "tasks::backup",
            "--fail-for",
            "14h",
            "--mute",
            mute,
        ])
    };
    let output = simulate("0s..4h");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    let expected = [
        "after 4h [tasks::backup] First exception caught: it fails",
        "after 6h [tasks::backup] Non recoverable downtime reached: it fails",
        "after 12h [tasks::backup] Non recoverable downtime reached again: it fails",
    ];
    assert_eq!(inbox(&text), expected);
    for wrong in ["2h", "5h..2h", "1h..40days", "soon..1h"] {
        let output = simulate(wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong}");
        let error = stderr(&output);
        assert!(error.contains("write `2h..5h`, for instance"), "{error}");
    }
}

#[test]
fn who_only_asks_for_later_is_foreseen_too() {
    let place = Place::with(TASKS);
    let output = place.run(&["simulate", "tasks::backup", "--outcomes", "R*100"]);
    let text = stdout(&output);
    let words =
        "after 6h [tasks::backup] Non recoverable downtime reached: has asked to be retried ";
    assert!(inbox(&text)[0].starts_with(words), "{text}");
}

#[test]
fn nothing_is_run_and_nothing_is_made() {
    let place = Place::with(TASKS);
    place.run(&["simulate", "tasks::backup", "tasks::sync"]);
    let names: Vec<_> = std::fs::read_dir(place.dir())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["run_functions.toml"]);
}

#[test]
fn each_task_has_a_script_of_its_own() {
    let place = Place::with(TASKS);
    let output = place.run(&[
        "simulate",
        "tasks::backup",
        "tasks::sync",
        "--outcomes",
        "S F*2 S",
        "--outcomes",
        "F:\"disk full\" S F:\"no route\"",
    ]);
    let expected = [
        "after 5m [tasks::sync] First exception caught: disk full",
        "after 25m [tasks::backup] First exception caught: it fails",
        "after 1h 10m [tasks::sync] New exception caught: no route",
    ];
    assert_eq!(inbox(&stdout(&output)), expected, "{}", stderr(&output));
}

#[test]
fn what_is_held_back_at_the_end_is_told() {
    let place = Place::with(&format!("[mail]\nmax_per_hour = 1\n{TASKS}"));
    let script = "F:\"no disk\" F:\"no route\"";
    let output = place.run(&["simulate", "tasks::backup", "--outcomes", script]);
    let held = "At the end 1 kind of failure is held back: max_per_hour.";
    assert!(stdout(&output).contains(held), "{}", stdout(&output));
}

#[test]
fn what_has_no_end_is_cut_and_says_so() {
    let place = Place::with("[defaults]\nsuccess_cooldown = \"0s\"\n");
    let (mail, retry) = ("tasks::send_mail", "tasks::retry_deferred");
    let many = ["--outcomes", "S*600000", "--outcomes", "S*600000"];
    let output = place.run(&[&["simulate", mail, retry], &many[..]].concat());
    assert!(
        stdout(&output).contains("It ends here, after a million runs"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn what_cannot_be_simulated_is_refused_with_the_remedy() {
    let place = Place::with(TASKS);
    let cases: [(&[&str], &str); 7] = [
        (&["tasks::backup", "--fail-for", "60"], "write `60h`"),
        (&["tasks::backup", "--fail-for", "0s"], "write `60h`"),
        (&["tasks::backup", "--fail-for", "11years"], "ten years"),
        (&["tasks::backup", "--outcomes", "F X"], "`X` is no outcome"),
        (
            &["tasks::backup", "--outcomes", "F", "--outcomes", "F"],
            "once for each task",
        ),
        (&["tasks::bakup"], "did you mean `tasks::backup`?"),
        (
            &["tasks::backup", "--fail-for", "1h", "--outcomes", "F"],
            "cannot be used with",
        ),
    ];
    for (args, remedy) in cases {
        let output = place.run(&[&["simulate"], args].concat());
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let said = stderr(&output);
        assert!(said.contains(remedy), "{args:?}: {said}");
        assert_eq!(stdout(&output), "");
    }
}
