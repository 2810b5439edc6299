//! `every` and `success_cooldown`: one of them holds, and no mixture is silently decided.

use std::time::Duration;

use super::{Setup, titles};
use crate::task::TaskName;

const COMMAND: &str = "[tasks.a]\ncommand = [\"true\"]\n";

fn pauses(setup: &Setup, name: &str) -> (Option<u64>, u64) {
    let loaded = setup.load();
    let settings = &loaded.tasks[&TaskName::parse(name).unwrap()].settings;
    let every = settings.every.map(|every| every.as_secs());
    (every, settings.success_cooldown.as_secs())
}

#[test]
fn an_interval_takes_the_place_of_the_cooldown_after_a_success() {
    let setup = Setup::with(&format!("{COMMAND}every = \"1h\"\n"));
    assert_eq!(pauses(&setup, "tasks::a"), (Some(3600), 0));
    let loaded = setup.load();
    let layer = &loaded.tasks[&TaskName::parse("tasks::a").unwrap()].layer;
    assert!(layer.entry("success_cooldown").is_none(), "{layer:?}");
    assert_eq!(pauses(&Setup::with(COMMAND), "tasks::a"), (None, 300));
}

#[test]
fn both_in_one_section_are_an_error_with_its_place() {
    let setup = Setup::with(&format!(
        "{COMMAND}success_cooldown = \"5m\"\nevery = \"1h\"\n"
    ));
    insta::assert_snapshot!(setup.refusal(), @r#"
    error: `every` and `success_cooldown` exclude each other: see run_functions.toml:3
     --> run_functions.toml:4:9
      |
    4 | every = "1h"
      |         ^^^^
    help: keep one of them: `every` counts from one start to the next, `success_cooldown` from the end of a run
    "#);
    let setup = Setup::with("[defaults]\nevery = \"1h\"\nsuccess_cooldown = \"5m\"\n");
    let text = setup.refusal();
    assert!(text.contains("run_functions.toml:3:20"), "{text}");
}

#[test]
fn both_in_the_environment_are_an_error_that_names_the_variables() {
    let setup = Setup::with(COMMAND)
        .set("RUN_FUNCTIONS_TASKS_A_EVERY", "1h")
        .set("RUN_FUNCTIONS_TASKS_A_SUCCESS_COOLDOWN", "5m");
    let text = setup.refusal();
    for name in [
        "RUN_FUNCTIONS_TASKS_A_EVERY",
        "RUN_FUNCTIONS_TASKS_A_SUCCESS_COOLDOWN",
    ] {
        assert!(text.contains(name), "{text}");
    }
}

#[test]
fn of_two_layers_the_upper_one_decides_whichever_key_it_has() {
    // The attribute of `refresh` has a cooldown of a second.
    let setup = Setup::with("[tasks.refresh]\nevery = \"1h\"\n");
    assert_eq!(pauses(&setup, "tasks::refresh"), (Some(3600), 0));
    let setup = Setup::with("[defaults]\nevery = \"1h\"\n");
    assert_eq!(pauses(&setup, "tasks::refresh"), (Some(3600), 0));
    let text = "[defaults]\nevery = \"1h\"\n[tasks.refresh]\nsuccess_cooldown = \"7s\"\n";
    assert_eq!(pauses(&Setup::with(text), "tasks::refresh"), (None, 7));
    let setup = Setup::with(text).set("RUN_FUNCTIONS_TASKS_REFRESH_EVERY", "2h");
    assert_eq!(pauses(&setup, "tasks::refresh"), (Some(7200), 0));
    let setup = Setup::with(text).set("RUN_FUNCTIONS_DEFAULTS_SUCCESS_COOLDOWN", "3s");
    assert_eq!(pauses(&setup, "tasks::send_mail"), (None, 3));
    assert_eq!(pauses(&Setup::bare(), "tasks::refresh"), (None, 1));
}

#[test]
fn an_interval_of_zero_is_refused() {
    let text = Setup::with(&format!("{COMMAND}every = \"0s\"\n")).refusal();
    assert_eq!(titles(&text), ["error: `every` cannot be zero"]);
}

#[test]
fn a_cycle_takes_as_long_as_its_longest_interval() {
    let loaded = Setup::with(&format!(
        "{COMMAND}every = \"1h\"\n[tasks.b]\ncommand = [\"true\"]\n"
    ))
    .load();
    let of = |names: &[&str]| {
        let names = names.iter().map(|name| TaskName::parse(name).unwrap());
        let tasks: Vec<_> = names.map(|name| loaded.tasks[&name].clone()).collect();
        crate::config::cycle::Cycle::of(&tasks.iter().collect::<Vec<_>>()).success
    };
    assert_eq!(of(&["tasks::a", "tasks::b"]), Duration::from_secs(3600));
    assert_eq!(of(&["tasks::b"]), Duration::from_secs(300));
}
