//! The origin's way of starting: one line, politely, from a session that ends. As the README shows it.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Place, eventually, stderr};

const TASK: &str = "[tasks.a]\nshell = \"echo broken; exit 1\"\nfail_cooldown = \"10ms\"\nsuccess_cooldown = \"10ms\"\n";
const SHOWN_TASKS: &str = "tasks::send_mail tasks::retry_deferred";

/// Returns the line of the README, with tasks that fail often.
fn shown() -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let mut lines = readme.lines().filter(|line| line.starts_with("su -c "));
    let line = lines.next().expect("a line that begins with `su -c`");
    assert!(line.contains(SHOWN_TASKS), "{line}");
    line.replace(SHOWN_TASKS, "tasks::a tasks::a")
}

/// Types a line in a session of its own, which has ended when this returns.
fn in_a_session(place: &Place, line: &str) {
    let binary = Path::new(env!("CARGO_BIN_EXE_run_functions"));
    let path = std::env::var("PATH").unwrap_or_default();
    let directory = binary.parent().unwrap().display();
    let status = Command::new("setsid")
        .args(["--wait", "/bin/bash", "-c", line])
        .current_dir(place.dir())
        .env("PATH", format!("{directory}:{path}"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("setsid can be started");
    assert!(status.success(), "{line}: {status}");
}

/// Returns the pid that the chain `a_a` has written.
fn pid(place: &Place) -> Option<u32> {
    place.read("run/a_a.pid").trim().parse().ok()
}

/// Returns the niceness of a process: field 19 of proc_pid_stat(5).
fn niceness(pid: u32) -> i32 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    after_name.split(' ').nth(16).unwrap().parse().unwrap()
}

fn it_survives_is_nice_writes_plain_text_and_can_be_stopped(line: &str) {
    let place = Place::with(TASK);
    in_a_session(&place, line);
    let failed = || place.read("log").matches("Execution failed").count();
    assert!(eventually(|| failed() >= 3), "{}", place.read("log"));
    let pid = pid(&place).expect("a pidfile");
    assert!(niceness(pid) >= 5, "{}", niceness(pid));
    let seen = failed();
    assert!(eventually(|| failed() > seen), "it does not go on");
    assert!(!place.read("log").contains('\x1b'));
    let output = place.run(&["stop", "a_a"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(eventually(|| !Path::new(&format!("/proc/{pid}")).exists()));
    assert!(place.read("log").contains("Stopped after SIGTERM"));
}

#[test]
#[ignore = "needs root"]
fn the_line_of_the_readme_starts_a_runner_that_survives_its_session() {
    it_survives_is_nice_writes_plain_text_and_can_be_stopped(&shown());
}

#[test]
fn the_line_without_su_starts_a_runner_that_survives_its_session() {
    let line = shown();
    let inner = line.split('"').nth(1).expect("a line in quotes");
    it_survives_is_nice_writes_plain_text_and_can_be_stopped(inner);
}
