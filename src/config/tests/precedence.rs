//! Command line > environment > file > attribute > default.

use std::path::PathBuf;
use std::time::Duration;

use super::{Setup, titles};
use crate::config::{Loaded, TaskDefinition};
use crate::core::settings::LogFormat;
use crate::task::TaskName;

fn task<'a>(loaded: &'a Loaded, name: &str) -> &'a TaskDefinition {
    &loaded.tasks[&TaskName::parse(name).unwrap()]
}

fn cooldown(setup: &Setup) -> (Duration, String) {
    let loaded = setup.load();
    let refresh = task(&loaded, "tasks::refresh");
    let origin = refresh
        .layer
        .entry("fail_cooldown")
        .unwrap()
        .origin
        .to_string();
    (refresh.settings.fail_cooldown, origin)
}

#[test]
fn what_is_more_specific_wins_and_says_where_it_is_from() {
    let secs = Duration::from_secs;
    let of = |seconds, origin: &str| (secs(seconds), origin.to_owned());
    assert_eq!(
        cooldown(&Setup::bare()),
        of(2, "attribute at src/tasks.rs:7")
    );
    let defaults = "[defaults]\nfail_cooldown = \"3s\"\n";
    assert_eq!(
        cooldown(&Setup::with(defaults)),
        of(3, "run_functions.toml:2")
    );
    let setup = Setup::with(defaults).set("RUN_FUNCTIONS_DEFAULTS_FAIL_COOLDOWN", "4s");
    let origin = "environment variable RUN_FUNCTIONS_DEFAULTS_FAIL_COOLDOWN";
    assert_eq!(cooldown(&setup), of(4, origin));
    let own = format!("{defaults}[tasks.refresh]\nfail_cooldown = \"5s\"\n");
    let setup = Setup::with(&own).set("RUN_FUNCTIONS_DEFAULTS_FAIL_COOLDOWN", "4s");
    assert_eq!(cooldown(&setup), of(5, "run_functions.toml:4"));
    let setup = setup.set("RUN_FUNCTIONS_TASKS_REFRESH_FAIL_COOLDOWN", "6s");
    let origin = "environment variable RUN_FUNCTIONS_TASKS_REFRESH_FAIL_COOLDOWN";
    assert_eq!(cooldown(&setup), of(6, origin));
}

#[test]
fn the_command_line_beats_the_environment() {
    let mut setup = Setup::with("run_root = \"file\"\n").set("RUN_FUNCTIONS_RUN_ROOT", "variable");
    setup.inputs.command_line.run_root = Some(PathBuf::from("option"));
    setup.inputs.command_line.kill_concurrent = Some(false);
    setup.inputs.command_line.log_format = Some(LogFormat::Json);
    setup.inputs.command_line.log_level = Some(log::LevelFilter::Trace);
    let settings = setup.load().settings;
    assert_eq!(settings.run_root, setup.inputs.cwd.join("option"));
    assert!(!settings.kill_concurrent);
    assert_eq!(settings.log.format, LogFormat::Json);
    assert_eq!(settings.log.level, log::LevelFilter::Trace);
}

#[test]
fn booleans_of_the_environment_are_words_or_digits_and_a_fraction_is_an_error() {
    for (text, expected) in [("1", true), ("true", true), ("0", false), ("false", false)] {
        let setup = Setup::bare().set("RUN_FUNCTIONS_KILL_CONCURRENT", text);
        assert_eq!(setup.load().settings.kill_concurrent, expected, "{text}");
    }
    for (name, text) in [
        ("RUN_FUNCTIONS_KILL_CONCURRENT", "yes"),
        ("RUN_FUNCTIONS_MAIL_MAX_PER_HOUR", "2.5"),
        ("RUN_FUNCTIONS_HISTORY_MAX_BYTES", "true"),
        ("RUN_FUNCTIONS_DEFAULTS_SUCCESS_COOLDOWN", "0.5"),
        ("RUN_FUNCTIONS_DEFAULTS_EVERY", "1.5"),
    ] {
        let setup = Setup::bare().set(name, text);
        assert_eq!(setup.exit_code(), 78, "{name}");
        assert!(setup.refusal().contains(name), "{name}");
    }
}

#[test]
fn scalars_of_every_section_can_be_overridden() {
    let setup = Setup::with("[mail]\nto = [\"a@example.org\"]\nserver = \"x\"\n[tasks.\"a::sync\"]\ncommand = [\"true\"]\n")
        .set("RUN_FUNCTIONS_LOG_LEVEL", "warn")
        .set("RUN_FUNCTIONS_MAIL_TO", "b@example.org, C <c@example.org>")
        .set("RUN_FUNCTIONS_MAIL_PORT", "2525")
        .set("RUN_FUNCTIONS_KILL_CONCURRENT", "false")
        .set("RUN_FUNCTIONS_TASKS_A_SYNC_OK_EXIT_CODES", "0,3");
    let loaded = setup.load();
    assert_eq!(loaded.settings.log.level, log::LevelFilter::Warn);
    assert_eq!(
        loaded.settings.mail.to,
        ["b@example.org", "C <c@example.org>"]
    );
    assert!(!loaded.settings.kill_concurrent);
    assert_eq!(
        task(&loaded, "a::sync").settings.child.ok_exit_codes,
        [0, 3]
    );
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
}

#[test]
fn a_wrong_variable_is_named() {
    let setup = Setup::bare()
        .set("RUN_FUNCTIONS_STOP_TIMEOUT", "15")
        .set("RUN_FUNCTIONS_MAIL_TO", "")
        .set("RUN_FUNCTIONS_KILL_CONCURRENT", "maybe");
    insta::assert_snapshot!(setup.refusal(), @r#"
    error: `kill_concurrent` is `true` or `false`
     --> environment variable RUN_FUNCTIONS_KILL_CONCURRENT

    error: `to` is empty
     --> environment variable RUN_FUNCTIONS_MAIL_TO

    error: `stop_timeout` is a duration and needs a unit: `15`
     --> environment variable RUN_FUNCTIONS_STOP_TIMEOUT
    help: write `15s` or `15m`
    "#);
}

#[test]
fn an_unknown_variable_is_a_warning_and_those_of_a_run_are_not() {
    let setup = Setup::bare()
        .set("RUN_FUNCTIONS_RUNROOT", "x")
        .set("RUN_FUNCTIONS_CHAIN", "x")
        .set("RUN_FUNCTIONS_RUN_ID", "x")
        .set("RUN_FUNCTIONS_DEADLINE", "x")
        .set("RUN_FUNCTIONS_TASK", "x");
    insta::assert_snapshot!(setup.warnings(), @r#"
    warning: `RUN_FUNCTIONS_RUNROOT` is no setting and has no effect
     --> environment variable RUN_FUNCTIONS_RUNROOT
    help: did you mean `RUN_FUNCTIONS_RUN_ROOT`?
    "#);
}

#[test]
fn a_variable_that_means_two_tasks_is_refused() {
    let text = "[tasks.\"a::sync\"]\ncommand = [\"true\"]\n[tasks.a_sync]\ncommand = [\"true\"]\n";
    let setup = Setup::with(text).set("RUN_FUNCTIONS_TASKS_A_SYNC_TIMEOUT", "5m");
    let refusal = setup.refusal();
    assert_eq!(titles(&refusal).len(), 1, "{refusal}");
    assert!(
        refusal.contains("`timeout` of `a::sync` and `timeout` of `tasks::a_sync`"),
        "{refusal}"
    );
}
