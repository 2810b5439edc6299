//! The log: where it goes, in which form, and that it is never fatal.

mod support;

use support::Place;

const TASK: &str = "[tasks.a]\nshell = \"echo broken; exit 1\"\nfail_cooldown = \"10ms\"\n";

#[test]
fn there_are_no_colour_codes_in_the_log() {
    let place = Place::with(TASK);
    let runner = place.start(&["tasks::a"]);
    runner.wait_for_count("Execution failed", 3);
    assert!(!runner.log().contains('\x1b'));
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn json_lines_are_objects_with_the_task() {
    let place = Place::with(TASK);
    let runner = place.start(&["--log-format", "json", "tasks::a"]);
    runner.wait_for_count("Execution failed", 1);
    let log = runner.log();
    assert_eq!(runner.stop(), Some(0));
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    let failed = lines
        .iter()
        .find(|line| line["message"] == "Execution failed: exit 1: broken");
    let failed = failed.expect("the failure is a line");
    assert_eq!(
        (&failed["task"], &failed["level"], &failed["chain"]),
        (&"tasks::a".into(), &"error".into(), &"a".into())
    );
}

#[test]
fn json_lines_of_mails_and_of_silence_name_run_kind_and_sort() {
    let place = Place::with(TASK);
    let runner = place.start(&["-v", "--log-format", "json", "tasks::a"]);
    runner.wait_for("Not mailed: ");
    let log = runner.log();
    assert_eq!(runner.stop(), Some(0));
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    let line = |text: &str| {
        let has = |line: &&serde_json::Value| line["message"].as_str().unwrap().starts_with(text);
        lines.iter().find(has).expect(text)
    };
    let (mailed, silent) = (line("Sent email to admins"), line("Not mailed"));
    assert_eq!(mailed["sort"], "first");
    assert_eq!(mailed["run"], line("Execution failed")["run"]);
    assert!(mailed["kind"].as_str().is_some_and(|kind| !kind.is_empty()));
    assert_eq!(silent["kind"], mailed["kind"]);
    assert!(silent["run"].is_string() && silent["sort"].is_null());
}

#[test]
fn a_reader_that_goes_away_does_not_end_the_runner() {
    let place = Place::with(&format!("{TASK}success_cooldown = \"10ms\"\n"));
    let mut child = place
        .command(&["tasks::a"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    assert!(support::eventually(|| place.subjects().len() == 1));
    place.write("run_functions.toml", "");
    assert!(child.try_wait().unwrap().is_none(), "the runner ended");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn quiet_and_verbose_change_the_level() {
    let place = Place::with(TASK);
    let runner = place.start(&["-q", "tasks::a"]);
    runner.wait_for("Execution failed");
    assert_eq!(runner.count("Wrote pidfile"), 0);
    assert_eq!(runner.stop(), Some(0));
    let runner = place.start(&["-v", "tasks::a"]);
    runner.wait_for("Not mailed: ");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_reader_that_reads_nothing_holds_up_neither_mails_nor_the_end() {
    let place = Place::with(
        "[tasks.a]\nshell = \"yes broken | head -n 20000; exit 1\"\nfail_cooldown = \"10ms\"\n",
    );
    let (reader, writer) = std::io::pipe().unwrap();
    let mut child = place.command(&["tasks::a"]).stderr(writer).spawn().unwrap();
    assert!(support::eventually(|| place.subjects().len() == 1));
    let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
    nix::sys::signal::kill(pid, nix::sys::signal::SIGTERM).unwrap();
    let mut code = None;
    let ended = support::eventually(|| {
        code = child.try_wait().unwrap();
        code.is_some()
    });
    if !ended {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    drop(reader);
    assert_eq!(code.and_then(|code| code.code()), Some(0));
}
