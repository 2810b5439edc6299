//! The commands that change nothing: check, list, once, and what is answered to what cannot be meant.

use crate::support::{Place, stderr, stdout};

const TWO: &str =
    "[tasks.good]\nshell = \"echo fine\"\n[tasks.bad]\nshell = \"echo broken; exit 3\"\n";

#[test]
fn once_runs_each_task_and_says_with_1_that_one_failed() {
    let place = Place::with(TWO);
    let output = place.run(&["once", "tasks::good"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let output = place.run(&["once", "tasks::bad", "tasks::good"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("[tasks::bad] Execution failed: exit 3: broken"),
        "{}",
        stderr(&output)
    );
    assert!(
        stderr(&output).contains("[tasks::good] Execution successful"),
        "{}",
        stderr(&output)
    );
    assert!(!place.path("run").exists(), "once leaves nothing behind");
}

#[test]
fn a_mistyped_command_is_answered_with_the_command_meant() {
    let place = Place::empty();
    let output = place.run(&["statsu"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("`status`"), "{}", stderr(&output));
}

#[test]
fn a_name_that_is_not_registered_is_answered_with_the_names_that_are() {
    let place = Place::with(TWO);
    let output = place.run(&["tasks::god"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let text = stderr(&output);
    for expected in [
        "tasks::god",
        "tasks::good",
        "tasks::send_mail",
        "use my_tasks as _;",
    ] {
        assert!(text.contains(expected), "`{expected}` is not in\n{text}");
    }
    assert!(!place.path("run").exists());
}

#[test]
fn nothing_to_do_is_a_usage_error() {
    let place = Place::empty();
    let output = place.run(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("TASK"), "{}", stderr(&output));
}

#[test]
fn list_names_every_task_and_what_it_is() {
    let place = Place::with(TWO);
    let output = place.run(&["list"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for name in [
        "tasks::good",
        "tasks::bad",
        "tasks::divide_by_zero",
        "tasks::send_mail",
        "tasks::retry_deferred",
    ] {
        assert!(stdout(&output).contains(name), "{}", stdout(&output));
    }
    let output = place.run(&["list", "--json"]);
    let data: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert!(data.to_string().contains("tasks::good"));
}

#[test]
fn check_says_what_will_happen_and_changes_nothing() {
    let place = Place::with(TWO);
    let output = place.run(&["check", "tasks::good", "tasks::bad"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for expected in ["tasks::good", "5m", "20m", "12h", "run/mail"] {
        assert!(
            stdout(&output).contains(expected),
            "`{expected}` is not in\n{}",
            stdout(&output)
        );
    }
    let output = place.run(&["check", "--json", "tasks::good"]);
    let _: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    let output = place.run(&["check", "--effective"]);
    assert!(
        stdout(&output).contains("run_functions.toml:2"),
        "{}",
        stdout(&output)
    );
    assert!(!place.path("run").exists());
}

#[test]
fn a_dry_run_starts_nothing() {
    let place = Place::with("[tasks.a]\nshell = \"echo x > ran\"\n");
    let output = place.run(&["--dry-run", "tasks::a"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("tasks::a"));
    assert!(!place.path("ran").exists() && !place.path("run").exists());
}

#[test]
fn all_errors_of_a_file_are_shown_at_once_with_their_places() {
    let place = Place::with(
        "run_rot = \"x\"\n[tasks.a]\nshell = \"true\"\nfail_cooldown = 15\nsuccess_cooldown = \"15\"\n[tasks.b]\nshell = \"true\"\nnise = 3\n",
    );
    let output = place.run(&["tasks::a"]);
    assert_eq!(output.status.code(), Some(78));
    let text = stderr(&output);
    for expected in [
        "run_functions.toml:1:1",
        "run_functions.toml:4:17",
        "run_functions.toml:5:20",
        "run_functions.toml:8:1",
        "run_root",
        "nice",
        "^",
    ] {
        assert!(text.contains(expected), "`{expected}` is not in\n{text}");
    }
    assert!(!text.contains('\x1b'));
}

#[test]
fn the_environment_goes_before_the_file_and_the_command_line_before_both() {
    let place = Place::with("run_root = \"of_file\"\n[tasks.a]\nshell = \"true\"\n");
    let line = |args: &[&str], variable: bool| {
        let mut command = place.command(args);
        if variable {
            command.env("RUN_FUNCTIONS_RUN_ROOT", "of_environment");
        }
        stdout(&command.output().unwrap())
    };
    assert!(line(&["check"], false).contains("of_file"));
    assert!(line(&["check"], true).contains("of_environment"));
    assert!(line(&["check", "--run-root", "of_line"], true).contains("of_line"));
}

#[test]
fn a_closed_pipe_is_no_reason_to_panic() {
    let place = Place::with(TWO);
    let output = place.run_into_closed_pipe(&["check", "--effective"]);
    assert!(!stderr(&output).contains("panic"), "{}", stderr(&output));
}

/// Returns every command with its commands, as `--help` names them.
fn commands(place: &Place, above: &[&str]) -> Vec<Vec<String>> {
    let help = stdout(&place.run(&[above, &["--help"]].concat()));
    let Some((_, listed)) = help.split_once("\nCommands:\n") else {
        return Vec::new();
    };
    let listed = listed.split("\n\n").next().unwrap_or_default();
    let is_name = |line: &&str| line.starts_with("  ") && !line.starts_with("   ");
    let names = listed
        .lines()
        .filter(is_name)
        .filter_map(|line| line.split_whitespace().next());
    let mut all = Vec::new();
    for name in names.filter(|name| *name != "help") {
        let path = [above, &[name]].concat();
        all.push(path.iter().map(|&word| word.to_owned()).collect());
        all.extend(commands(place, &path));
    }
    all
}

#[test]
fn every_command_has_help_a_manual_page_and_completions() {
    let place = Place::empty();
    std::fs::create_dir(place.path("man")).unwrap();
    let output = place.run(&["man", "man"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(place.read("man/run_functions.1").contains("run_functions"));
    let all = commands(&place, &[]);
    for known in ["check", "init", "service", "completions"] {
        assert!(all.contains(&vec![known.to_owned()]), "{known}: {all:?}");
    }
    assert!(
        all.contains(&vec!["service".to_owned(), "print".to_owned()]),
        "{all:?}"
    );
    let shells = ["bash", "elvish", "fish", "powershell", "zsh"];
    let completions = shells.map(|shell| stdout(&place.run(&["completions", shell])));
    for command in &all {
        let page = format!("man/run_functions-{}.1", command.join("-"));
        assert!(place.path(&page).exists(), "{page}");
        let name = command.last().unwrap();
        for (shell, script) in shells.iter().zip(&completions) {
            assert!(
                script.contains(name.as_str()),
                "{shell} does not complete {command:?}"
            );
        }
    }
    let bash = &completions[0];
    for option in ["--template", "--sysusers", "--run-as"] {
        assert!(bash.contains(option), "{option}");
    }
}

#[test]
fn check_explains_which_failures_are_one_kind() {
    let place = Place::with("");
    let explained = |text: &str| {
        let output = place.run(&["check", "--explain-kind", text]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stdout(&output)
    };
    let one = explained("cannot reach 10.0.0.1:5432 after 30s: Connection refused (os error 111)");
    let other =
        explained("cannot reach 10.0.0.9:5432 after 31s: Connection refused (os error 111)");
    let third = explained("cannot reach 10.0.0.1:5432 after 30s: No route to host (os error 113)");
    assert!(
        one.contains("<ip>") && one.contains("os error 111"),
        "{one}"
    );
    assert_eq!(one, other);
    assert_ne!(one, third);
    let output = explained("Error: disk full\n    at write (a.js:1:7)\nNode.js v20.20.2");
    assert!(
        output.starts_with("telling line: Error: disk full\n"),
        "{output}"
    );
    assert!(explained("-x is no option").contains("normal form: -x is no option\n"));
}

#[test]
fn check_explains_a_kind_without_its_secrets() {
    let place =
        Place::with("[tasks.a]\ncommand = [\"true\"]\nenv = { SHOP_TOKEN = \"swordfish\" }\n");
    let explained = |text: &str| {
        let mut command = place.command(&["check", "--explain-kind", text]);
        let output = command.env("DB_PASSWORD", "tr0ub4dor").output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stdout(&output)
    };
    for (text, secret) in [
        ("no login with password=hunter2", "hunter2"),
        ("the shop refuses swordfish", "swordfish"),
        ("the base refuses tr0ub4dor", "tr0ub4dor"),
    ] {
        let said = explained(text);
        assert!(
            said.contains("redacted") && !said.contains(secret),
            "{said}"
        );
    }
}
