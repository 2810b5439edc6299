//! Tasks of the file, functions with settings, and names on the command line.

use std::time::Duration;

use super::{Setup, titles};
use crate::config::{Loaded, TaskDefinition};
use crate::core::settings::Program;
use crate::task::TaskName;

fn task<'a>(loaded: &'a Loaded, name: &str) -> &'a TaskDefinition {
    &loaded.tasks[&TaskName::parse(name).unwrap()]
}

fn refused(text: &str) -> String {
    let refusal = Setup::with(text).refusal();
    titles(&refusal).join("\n")
}

fn warned(text: &str) -> String {
    let warnings = Setup::with(text).warnings();
    titles(&warnings).join("\n")
}

#[test]
fn a_section_with_a_command_is_a_task() {
    let loaded = Setup::with(
        "[tasks.backup]\ncommand = [\"backup\", \"\"]\n[tasks.\"a.sync\"]\nshell = \"a | b\"\n",
    )
    .load();
    let backup = task(&loaded, "tasks::backup");
    let command = Program::Command(vec!["backup".to_owned(), String::new()]);
    assert_eq!(backup.settings.program, Some(command));
    assert_eq!(backup.settings.timeout, Some(Duration::from_secs(3600)));
    assert_eq!(backup.settings.success_cooldown, Duration::from_secs(300));
    assert_eq!(backup.settings.fail_cooldown, Duration::from_secs(1200));
    assert_eq!(
        backup.settings.non_recoverable_downtime,
        Duration::from_secs(43_200)
    );
    assert_eq!(backup.settings.child.max_log_bytes, 819_200);
    assert_eq!(backup.settings.child.stop_signal, 15);
    assert_eq!(backup.defined.to_string(), "run_functions.toml:1");
    assert!(task(&loaded, "a::sync").settings.program.is_some());
}

#[test]
fn a_command_stands_in_for_the_function_of_its_name() {
    let loaded = Setup::with("[tasks.refresh]\ncommand = [\"true\"]\n").load();
    let refresh = task(&loaded, "tasks::refresh");
    assert!(refresh.function.is_none() && refresh.replaces.is_some());
    assert_eq!(refresh.settings.fail_cooldown, Duration::from_secs(1200));
}

#[test]
fn a_function_stays_in_the_runner_until_a_setting_needs_a_process() {
    let loaded = Setup::with("[defaults]\nnice = 5\n").load();
    let function = &task(&loaded, "tasks::send_mail").settings;
    assert!(!function.isolate && function.timeout.is_none() && function.child.nice.is_none());
    let loaded = Setup::with("[defaults]\nnice = 5\n[tasks.send_mail]\ntimeout = \"5m\"\n").load();
    let function = &task(&loaded, "tasks::send_mail").settings;
    assert!(function.isolate);
    assert_eq!(function.child.nice, Some(5));
    let loaded = Setup::with("[tasks.send_mail]\ntimeout = \"never\"\n").load();
    assert!(!task(&loaded, "tasks::send_mail").settings.isolate);
}

#[test]
fn settings_that_cannot_apply_are_refused_with_the_remedy() {
    let setup = Setup::with(
        "[tasks.send_mail]\nnice = 5\nok_exit_codes = [0]\n[tasks.x]\ncommand = [\"true\"]\nisolate = true\n[tasks.refresh]\nisolate = false\ntimeout = \"5m\"\n",
    );
    insta::assert_snapshot!(setup.refusal(), @r#"
    error: `nice` cannot apply to `tasks::send_mail`, a function inside the runner
     --> run_functions.toml:2:8
      |
    2 | nice = 5
      |        ^
    help: run it in a child process: add `isolate = true`

    error: `ok_exit_codes` is for commands; `tasks::send_mail` is a function
     --> run_functions.toml:3:17
      |
    3 | ok_exit_codes = [0]
      |                 ^^^
    help: remove it

    error: `isolate` is for functions; `tasks::x` is a command and has its own process
     --> run_functions.toml:6:11
      |
    6 | isolate = true
      |           ^^^^
    help: remove it

    error: `tasks::refresh` has a timeout (run_functions.toml:9), which needs a child process
     --> run_functions.toml:8:11
      |
    8 | isolate = false
      |           ^^^^^
    help: remove `isolate = false`, or write `timeout = "never"` beside it
    "#);
}

#[test]
fn a_section_without_a_command_must_be_a_function() {
    let setup = Setup::with("[tasks.sendmail]\ntimeout = \"5m\"\n");
    insta::assert_snapshot!(setup.refusal(), @r#"
    error: `tasks::sendmail` is no function of this program, and nothing says what it executes
     --> run_functions.toml:1:8
      |
    1 | [tasks.sendmail]
      |        ^^^^^^^^
    help: did you mean `tasks::send_mail`?
    help: for a command, add `command = ["program", "argument"]`, `shell` or `script`
    help: its functions are `tasks::refresh` or `tasks::send_mail`
    help: tasks of another crate are only known when something refers to it: write `use my_tasks as _;` beside your `main`
    "#);
}

#[test]
fn variables_of_defaults_and_task_are_joined() {
    let loaded = Setup::with("[defaults]\nenv = { A = \"1\", B = \"1\" }\n[tasks.x]\ncommand = [\"true\"]\nenv = { B = \"2\" }\n").load();
    let env = &task(&loaded, "tasks::x").settings.child.env;
    let pairs: Vec<(&str, &str)> = env.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(pairs, [("A", "1"), ("B", "2")]);
}

#[test]
fn what_is_executed_is_said_once() {
    assert_eq!(
        refused("[tasks.x]\ncommand = [\"a\"]\nshell = \"b\"\n"),
        "error: `command` and `shell` exclude each other"
    );
    assert_eq!(
        refused("[tasks.x]\ncommand = []\n"),
        "error: `command` is empty"
    );
    assert_eq!(
        refused("[tasks.x]\nshell = \" \"\n"),
        "error: `shell` is empty"
    );
}

#[test]
fn a_script_is_judged_by_its_first_line() {
    let text = "[tasks.x]\nscript = \"x.sh\"\n";
    let setup = Setup::with(text);
    assert!(setup.warnings().contains("does not exist"));
    setup.write("x.sh", "echo hello\n");
    assert!(setup.warnings().contains("begin it with `#!/bin/sh`"));
    setup.write("x.sh", "#!/bin/sh\r\necho hello\r\n");
    assert!(setup.warnings().contains("carriage return"));
    let path = setup.write("x.sh", "#!/bin/sh\necho hello\n");
    let loaded = setup.load();
    let program = Some(Program::Script(path));
    assert_eq!(task(&loaded, "tasks::x").settings.program, program);
}

#[test]
fn only_root_becomes_somebody_else() {
    let text = |user: &str| format!("[tasks.x]\ncommand = [\"true\"]\nuser = \"{user}\"\n");
    assert_eq!(
        warned(&text("www-data")),
        "warning: running as user `www-data` needs root"
    );
    assert_eq!(
        warned(&text("nobdy")),
        "warning: user `nobdy` does not exist on this machine"
    );
    Setup::with(&text("me")).load();
    Setup::with(&text("www-data")).root_user().load();
}

#[test]
fn an_exit_code_means_one_thing() {
    assert_eq!(
        refused("[tasks.x]\ncommand = [\"true\"]\nok_exit_codes = [0, 75]\n"),
        "error: exit code 75 is in `ok_exit_codes` and in `retry_later_exit_codes`"
    );
}

#[test]
fn the_small_vocabularies_are_read() {
    let loaded = Setup::with("[tasks.x]\ncommand = [\"true\"]\numask = 0o027\nstop_signal = \"INT\"\nionice = \"idle\"\nrlimits = { nofile = 64, core = \"unlimited\" }\nleak = \"allow\"\nlog_output = \"always\"\nsilence_timeout = \"5m\"\n").load();
    let child = &task(&loaded, "tasks::x").settings.child;
    assert_eq!((child.umask, child.stop_signal), (Some(0o027), 2));
    assert_eq!(child.rlimits["core"], u64::MAX);
    assert_eq!(child.silence_timeout, Some(Duration::from_secs(300)));
}

#[test]
fn names_on_the_command_line_are_found_in_order() {
    let loaded = Setup::bare().load();
    let names = ["tasks::send_mail", "tasks.refresh", "tasks::send_mail"].map(str::to_owned);
    let found = loaded.resolve(&names).unwrap();
    let found: Vec<&str> = found.iter().map(|task| task.name.as_str()).collect();
    assert_eq!(
        found,
        ["tasks::send_mail", "tasks::refresh", "tasks::send_mail"]
    );
}

#[test]
fn an_unknown_name_is_answered_with_the_one_that_is_meant() {
    let loaded = Setup::bare().load();
    let names = ["tasks::sendmail", "refresh", "x::y"].map(str::to_owned);
    let report = loaded.resolve(&names).unwrap_err();
    insta::assert_snapshot!(report.to_string(), @r#"
    error: unknown task `tasks::sendmail`
    help: did you mean `tasks::send_mail`?

    error: unknown task `refresh`
    help: did you mean `tasks::refresh`?

    error: unknown task `x::y`
    help: known are tasks::refresh, tasks::send_mail
    help: tasks of another crate are only known when something refers to it: write `use my_tasks as _;` beside your `main`
    "#);
    assert_eq!(report.exit_code(), crate::core::exit::USAGE);
}

#[test]
fn months_are_pointed_out() {
    let setup = Setup::with("[tasks.x]\ncommand = [\"true\"]\nfail_cooldown = \"15M\"\n");
    insta::assert_snapshot!(setup.warnings(), @r#"
    warning: `fail_cooldown` is long: `15M` is 15 months
     --> run_functions.toml:3:17
      |
    3 | fail_cooldown = "15M"
      |                 ^^^^^
    help: write `"15m"` for minutes
    "#);
}

#[test]
fn a_program_with_a_path_is_relative_to_the_file_or_to_where_it_runs() {
    let setup = Setup::with(
        "[tasks.x]\ncommand = [\"bin/x\", \"a/b\"]\n[tasks.y]\ncommand = [\"./y\"]\nworking_dir = \".\"\n",
    );
    let loaded = setup.load();
    let words = |name: &str| match &task(&loaded, name).settings.program {
        Some(Program::Command(words)) => words.clone(),
        other => panic!("{other:?}"),
    };
    let absolute = setup.inputs.cwd.join("bin/x").display().to_string();
    assert_eq!(words("tasks::x"), [absolute, "a/b".to_owned()]);
    assert_eq!(words("tasks::y"), ["./y"]);
}

const MAIL: &str = "[mail]\nto = [\"ops@example.org\"]\ntransport = \"sendmail\"\n[defaults]\ncc = [\"boss@example.org\"]\n";

#[test]
fn a_task_has_recipients_of_its_own_and_further_ones() {
    let setup = Setup::with(&format!(
        "{MAIL}[tasks.x]\ncommand = [\"true\"]\nto = [\"X <x@example.org>\"]\n[tasks.y]\ncommand = [\"true\"]\ncc = []\n"
    ))
    .set("RUN_FUNCTIONS_TASKS_Y_TO", "a@example.org, b@example.org");
    let loaded = setup.load();
    let recipients = |name: &str| {
        let settings = &task(&loaded, name).settings;
        (settings.to.clone().unwrap(), settings.cc.clone())
    };
    let texts = |texts: &[&str]| -> Vec<String> { texts.iter().map(|&text| text.into()).collect() };
    let of_x = (texts(&["X <x@example.org>"]), texts(&["boss@example.org"]));
    assert_eq!(recipients("tasks::x"), of_x);
    let of_y = (texts(&["a@example.org", "b@example.org"]), Vec::new());
    assert_eq!(recipients("tasks::y"), of_y);
}

#[test]
fn every_wrong_recipient_of_a_task_is_reported_at_once() {
    let setup = Setup::with(&format!(
        "{MAIL}[tasks.x]\ncommand = [\"true\"]\nto = [\"x\", \"y@example.org\", \"z@\"]\ncc = \"boss@example.org\"\ntimeout = \"5\"\n"
    ));
    let report = setup.refusal();
    assert_eq!(
        titles(&report),
        [
            "error: `to` is not a mail address: `x`",
            "error: `to` is not a mail address: `z@`",
            "error: `cc` is a list, not a text",
            "error: `timeout` is a duration and needs a unit: `5`",
        ],
        "{report}"
    );
}

#[test]
fn recipients_to_whom_no_mail_would_leave_are_refused() {
    for key in ["to", "cc"] {
        let task = format!("[tasks.x]\ncommand = [\"true\"]\n{key} = [\"x@example.org\"]\n");
        let report = Setup::with(&task).refusal();
        let title = format!(
            "error: nobody is mailed: `{key}` names recipients, and `[mail]` names no way to them"
        );
        assert_eq!(titles(&report), [title], "{report}");
        Setup::with(&format!("{task}[mail]\ntransport = \"file\"\n")).load();
    }
}
