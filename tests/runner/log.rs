//! The log: where it goes, in which form, and that it is never fatal.

use crate::support::{self, Place, eventually};
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

const TASK: &str = "[tasks.a]\nshell = \"echo broken; exit 1\"\nfail_cooldown = \"10ms\"\n";

#[test]
fn there_are_no_colour_codes_in_the_log() {
    let place = Place::with(TASK);
    let runner = place.start(&["tasks::a"]);
    runner.wait_for_count("Execution failed", 3);
    assert!(!runner.log().contains('\x1b'));
    assert_eq!(runner.stop(), Some(0));
}

/// Returns the objects that the lines of a log are.
fn objects(log: &str) -> Vec<serde_json::Value> {
    let object = |line| serde_json::from_str(line).expect(line);
    log.lines().map(object).collect()
}

#[test]
fn json_lines_are_objects_with_the_task() {
    let place = Place::with(TASK);
    let runner = place.start(&["--log-format", "json", "tasks::a"]);
    runner.wait_for_count("Execution failed", 1);
    let log = runner.log();
    assert_eq!(runner.stop(), Some(0));
    let lines = objects(&log);
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
fn every_line_is_json_whatever_is_told_and_printed() {
    let hostile = r#"printf 'a"b\\c\001\377\033[31mred\r\n{"x":1}\n'; exit 1"#;
    let place = Place::with(&format!(
        "[tasks.a]\nshell = '''{hostile}'''\nfail_cooldown = \"1day\"\n"
    ));
    let json = ["--name", "x", "--log-format", "json", "tasks::a"];
    let mut holder = place.start(&json);
    holder.wait_for("Sleeping");
    let mut refused = place.start(&[&["--no-kill-concurrent"], &json[..]].concat());
    assert_eq!(refused.wait_for_end(), Some(75));
    refused.wait_for("holds this chain");
    holder.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(holder.wait_for_end(), Some(0));
    // That a cycle takes longer than the downtime is told at the start.
    assert_eq!(holder.count("is shorter than a cycle"), 1);
    for line in [holder.log(), refused.log()].join("\n").lines() {
        assert!(
            serde_json::from_str::<serde_json::Value>(line).is_ok(),
            "{line}"
        );
    }
}

#[test]
fn a_refusal_is_in_the_log_file_too() {
    let place = Place::with(&format!("log = {{ file = \"log\" }}\n{TASK}"));
    place.write("run", "a file");
    let output = place.run(&["tasks::a"]);
    assert_eq!(output.status.code(), Some(73));
    assert!(support::stderr(&output).starts_with("error: "));
    let log = place.read("log");
    assert!(log.contains("ERROR cannot use"), "{log}");
}

#[test]
fn the_journal_gets_a_level_on_every_line() {
    use std::os::unix::fs::MetadataExt;
    let place = Place::with(TASK);
    let journal = std::fs::File::create(place.path("journal")).unwrap();
    let of = journal.metadata().unwrap();
    let mut command = place.command(&["once", "tasks::a"]);
    command.env("JOURNAL_STREAM", format!("{}:{}", of.dev(), of.ino()));
    assert_eq!(command.stderr(journal).status().unwrap().code(), Some(1));
    let journal = place.read("journal");
    let failed = "<3>[tasks::a] Execution failed: exit 1: broken\n";
    assert!(journal.contains(failed), "{journal}");
    assert!(
        journal.lines().all(|line| line.starts_with('<')),
        "{journal}"
    );
}

#[test]
fn json_lines_of_mails_and_of_silence_name_run_kind_and_sort() {
    let place = Place::with(TASK);
    let runner = place.start(&["-v", "--log-format", "json", "tasks::a"]);
    runner.wait_for("Not mailed: ");
    let log = runner.log();
    assert_eq!(runner.stop(), Some(0));
    let lines = objects(&log);
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

#[test]
fn a_pipe_that_nobody_reads_holds_up_neither_start_nor_hup_nor_term() {
    let place = Place::with(
        "log = { file = \"pipe\" }\n[tasks.a]\nshell = \"date >> ran\"\nsuccess_cooldown = \"20ms\"\n",
    );
    mkfifo(&place.path("pipe"), Mode::S_IRWXU).unwrap();
    let runner = place.start(&["tasks::a"]);
    let runs = || place.read("ran").lines().count();
    assert!(eventually(|| runs() > 2));
    runner.signal(Signal::SIGHUP);
    let before = runs();
    assert!(eventually(|| runs() > before + 2));
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_log_file_whose_directory_comes_late_keeps_no_chain_from_starting() {
    let place = Place::with(
        "log = { file = \"late/log\" }\n[tasks.a]\nshell = \"true\"\nsuccess_cooldown = \"20ms\"\n",
    );
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("late/log` cannot be opened, and the log goes to standard error");
    runner.wait_for("Execution successful");
    std::fs::create_dir(place.path("late")).unwrap();
    runner.signal(Signal::SIGHUP);
    assert!(eventually(|| place
        .read("late/log")
        .contains("Execution successful")));
    assert_eq!(runner.stop(), Some(0));
}
