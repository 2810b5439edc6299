//! Directories that cannot be used: foretold by `check` and `--dry-run`, and refused by whoever would rely on them.

use crate::support::{Place, stderr, stdout};

const TASK: &str = "[tasks.a]\nshell = \"true\"\n";

/// A place whose settings begin with these lines.
fn place(settings: &str) -> Place {
    let place = Place::with(&format!("{settings}\n{TASK}"));
    place.write("open/keep", "");
    place.set_mode("open", 0o777);
    place.write("sticky/keep", "");
    place.set_mode("sticky", 0o1777);
    place.write("file", "");
    place
}

#[test]
fn what_a_start_would_refuse_is_a_warning_of_check_and_dry_run_with_a_remedy() {
    let cases = [
        (
            "run_root = \"open\"",
            "can be written by others (mode 0777)",
        ),
        (
            "state_dir = \"open\"",
            "can be written by others (mode 0777)",
        ),
        (
            "run_root = \"sticky\"",
            "can be written by others (mode 1777)",
        ),
        ("run_root = \"file\"", "Not a directory"),
        ("run_root = \"/dev/null/y\"", "Not a directory"),
        ("state_dir = \"/proc/x\"", "keeps no files"),
    ];
    for (settings, why) in cases {
        let place = place(settings);
        let option = settings.split(' ').next().unwrap();
        for line in [
            &["check", "tasks::a"][..],
            &["check"],
            &["--dry-run", "tasks::a"],
        ] {
            let output = place.run(line);
            let said = stderr(&output);
            assert_eq!(output.status.code(), Some(0), "{line:?}: {said}");
            let warning = format!("warning: `{option}` cannot be used: ");
            assert!(said.contains(&warning), "{line:?}: {said}");
            assert!(said.contains(why) && said.contains("help: "), "{said}");
            assert!(stdout(&output).contains(" (cannot be used)\n"));
        }
        let refused = place.run(&["tasks::a"]);
        assert_eq!(refused.status.code(), Some(73), "{}", stderr(&refused));
    }
}

#[test]
fn check_json_has_the_warning_and_its_remedy() {
    let output = place("run_root = \"open\"").run(&["check", "--json", "tasks::a"]);
    let data: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let [warning] = data["warnings"].as_array().unwrap().as_slice() else {
        panic!("one warning: {data:#}");
    };
    let text = |key: &str| warning[key].to_string();
    assert!(text("message").contains("can be written by others"));
    assert!(text("origin").contains("run_functions.toml:1"), "{warning}");
    assert!(text("help").contains("`chmod go-w` it"), "{warning}");
}

#[test]
fn a_directory_that_can_be_made_is_no_trouble_and_is_not_made() {
    let place = place("run_root = \"deep/er/run\"");
    let output = place.run(&["check", "tasks::a"]);
    assert_eq!(stderr(&output), "");
    assert!(stdout(&output).contains("deep/er/run (will be made)"));
    assert!(!place.path("deep").exists());
}

#[test]
fn an_outbox_in_a_directory_that_others_can_write_is_refused_like_all_else_there() {
    let place = place("run_root = \"open\"");
    let lines = [
        "mail queue",
        "mail queue --json",
        "mail queue --flush",
        "status",
        "metrics",
    ];
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        let output = place.run(&words);
        assert_eq!(output.status.code(), Some(73), "{line}");
        assert!(stderr(&output).contains("`chmod go-w` it"), "{line}");
    }
}
