//! What a run is told of itself by its environment, and what it can say of its end, from sh and from Python, with the real runner.

use crate::support::{Place, Runner, eventually};

const PYTHON: &str = r#"#!/usr/bin/env python3
import os, sys, time
own = {name: os.environ[f"RUN_FUNCTIONS_{name}"] for name in ("CHAIN", "TASK", "RUN_ID", "DEADLINE", "REPORT")}
left = int(own["DEADLINE"]) - time.time()
print("python", own["CHAIN"], own["TASK"], own["RUN_ID"] != "", 3500 < left <= 3600)
with open(own["REPORT"], "a") as report:
    print("kind=no licence", file=report)
sys.exit(f"something else each time: {time.time()}")
"#;

const SH: &str = r#"#!/bin/sh -eu
left=$(( RUN_FUNCTIONS_DEADLINE - $(date +%s) ))
test "$left" -gt 80 -a "$left" -le 90
echo "sh $RUN_FUNCTIONS_CHAIN $RUN_FUNCTIONS_TASK"
echo "$RUN_FUNCTIONS_RUN_ID" >> ids
echo "retry-later=the mirror is locked" >> "$RUN_FUNCTIONS_REPORT"
exit 1
"#;

fn start(place: &Place) -> Runner {
    place.write("in_python", PYTHON);
    place.write("in_sh", SH);
    place.start(&["--name", "both", "tasks::in_sh", "tasks::in_python"])
}

#[test]
#[ignore = "needs python3"]
fn sh_and_python_find_who_they_are_and_name_their_ends() {
    let place = Place::with(
        "[defaults]\nfail_cooldown = \"1ms\"\nsuccess_cooldown = \"1ms\"\nlog_output = \"always\"\n\
         [tasks.in_sh]\nscript = \"in_sh\"\ntimeout = \"90s\"\n[tasks.in_python]\nscript = \"in_python\"\n",
    );
    let runner = start(&place);
    runner.wait_for("| sh both tasks::in_sh");
    runner.wait_for("| python both tasks::in_python True True");
    runner.wait_for("the mirror is locked");
    // Each run prints another text; one kind is one mail.
    runner.wait_for_count("[tasks::in_python] Execution failed", 4);
    assert!(eventually(|| place.mails().len() == 1));
    assert!(place.mails()[0].contains("in_python"));
    assert_eq!(runner.count("[tasks::in_sh] Execution failed"), 0);
    assert_eq!(runner.stop(), Some(0));
    assert_eq!(place.mails().len(), 1);
    let ids = place.read("ids");
    let mut ids: Vec<&str> = ids.lines().collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "two runs had one identity");
}

#[test]
fn a_run_without_a_timeout_has_no_deadline_and_no_run_has_what_is_the_runners_own() {
    let place = Place::with(
        "[tasks.a]\nshell = \"env | cut -d= -f1 | sort > names\"\ntimeout = \"never\"\nsuccess_cooldown = \"1day\"\n\
         [mail]\nto = [\"a@example.org\"]\nserver = \"127.0.0.1\"\nport = 1\nusername = \"a@example.org\"\npassword_env = \"SMTP_PASSWORD\"\n",
    );
    let mut command = place.command(&["tasks::a"]);
    command
        .env("SMTP_PASSWORD", "x")
        .env("NOTIFY_SOCKET", "@nobody");
    command.env("LISTEN_FDS", "1").env("JOURNAL_STREAM", "1:2");
    let runner = Runner::start(command);
    runner.wait_for("Sleeping 1day");
    let names = place.read("names");
    let ours = names
        .lines()
        .filter(|name| name.starts_with("RUN_FUNCTIONS_"));
    let expected =
        ["CHAIN", "REPORT", "RUN_ID", "TASK"].map(|name| format!("RUN_FUNCTIONS_{name}"));
    assert_eq!(ours.collect::<Vec<_>>(), expected);
    for secret in [
        "SMTP_PASSWORD",
        "NOTIFY_SOCKET",
        "LISTEN_FDS",
        "JOURNAL_STREAM",
    ] {
        assert!(!names.lines().any(|name| name == secret), "{secret}");
    }
    assert_eq!(runner.stop(), Some(0));
}
