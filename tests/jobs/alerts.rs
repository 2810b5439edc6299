//! Mails about jobs: one for the whole board, whichever workers there are.

use std::collections::BTreeSet;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::desk::Desk;
use crate::support::eventually;

/// Returns the subjects about a job.
fn subjects(desk: &Desk, job: &str) -> Vec<String> {
    let label = format!("[{job}] ");
    let all = desk.place.subjects();
    all.into_iter()
        .filter(|subject| subject.contains(&label))
        .collect()
}

/// Returns a text without its line ends.
fn in_a_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Posts so many jobs of a name from a file.
fn post_many(desk: &Desk, job: &str, count: usize) {
    desk.place.write("lines", "{}\n".repeat(count));
    desk.says(&["post", job, "--from", "lines"]);
}

fn ended(desk: &Desk, state: &str) -> usize {
    let text = desk.says(&["jobs", "--state", state, "-n", "1000", "--json"]);
    let listed: Value = serde_json::from_str(&text).unwrap();
    let jobs = listed["jobs"].as_array().or_else(|| listed.as_array());
    jobs.unwrap_or_else(|| panic!("{text}")).len()
}

#[test]
fn many_jobs_that_fail_for_one_cause_are_one_mail_that_counts_them() {
    let desk = Desk::with(
        r#"
[worker]
slots = 8
[jobs.broken]
steps = [{ name = "a", command = ["false"], retry = { times = 3, every = "1ms" } }]
"#,
    );
    post_many(&desk, "broken", 120);
    let worker = desk.worker(&[]);
    assert!(eventually(|| ended(&desk, "failed") == 120));
    assert!(eventually(|| subjects(&desk, "broken").len() == 1));
    assert_eq!(worker.stop(), Some(0));
    let mails = desk.place.all_mails();
    assert_eq!(mails.len(), 1, "{:?}", desk.place.subjects());
    let mail = &in_a_line(&mails[0]);
    assert!(mail.contains("First exception caught: exit 1"), "{mail}");
    // Those that had failed when it was written; the others are in the memory.
    assert!(mail.contains(" failed runs"), "{mail}");
    assert!(mail.contains(" jobs failed so from "), "{mail}");
}

#[test]
fn a_fleet_of_which_some_die_sends_the_mails_of_one_worker() {
    let desk = Desk::with(
        r#"
[worker]
slots = 2
[jobs.broken]
lease = "5s"
steps = [{ name = "a", shell = "sleep 0.2; echo No space left on device; exit 1" }]
"#,
    );
    let mut fleet: Vec<_> = ["a", "b", "c", "d", "e"]
        .map(|name| desk.worker(&["--name", name]))
        .into_iter()
        .collect();
    post_many(&desk, "broken", 60);
    assert!(eventually(|| ended(&desk, "failed") >= 10));
    for worker in &mut fleet[..2] {
        worker.signal(Signal::SIGKILL);
        worker.wait_for_status();
    }
    // Stopped between two writes: in one, its lock of the file would keep all others from writing.
    let is_free = || {
        fleet[2].signal(Signal::SIGSTOP);
        let posted = desk.place.run(&["post", "broken", "--at", "1day"]);
        if !posted.status.success() {
            fleet[2].signal(Signal::SIGCONT);
        }
        posted.status.success()
    };
    assert!(eventually(is_free));
    assert!(eventually(|| ended(&desk, "failed") == 60));
    assert!(eventually(|| !subjects(&desk, "broken").is_empty()));
    fleet[2].signal(Signal::SIGCONT);
    for worker in fleet.drain(2..) {
        assert_eq!(worker.stop(), Some(0));
    }
    desk.place.send_what_is_left();
    let subjects = subjects(&desk, "broken");
    assert_eq!(subjects.len(), 1, "{subjects:?}");
    assert!(
        subjects[0].contains("First exception caught"),
        "{subjects:?}"
    );
}

#[test]
fn a_tag_that_no_worker_has_is_said_and_mailed_and_runs_when_one_comes() {
    let desk = Desk::with(
        r#"
[jobs.render]
needs = ["gpu"]
waiting_for_at_most = "1s"
steps = [{ name = "a", command = ["true"] }]
"#,
    );
    let plain = desk.worker(&["--name", "plain"]);
    let posted = desk.says(&["post", "render"]);
    assert!(posted.contains("no worker has the tag gpu"), "{posted}");
    assert!(eventually(|| !subjects(&desk, "render").is_empty()));
    let mail = in_a_line(&desk.place.mails().concat());
    assert!(mail.contains("has waited for more than 1s"), "{mail}");
    assert!(mail.contains("no worker has the tag gpu"), "{mail}");
    let able = desk.worker(&["--name", "able", "--tag", "gpu"]);
    desk.wait_for(1, "succeeded");
    for worker in [plain, able] {
        assert_eq!(worker.stop(), Some(0));
    }
    assert_eq!(subjects(&desk, "render").len(), 1);
}

/// A program that takes no mail until a file is there.
const SENDMAIL: &str = "#!/bin/sh\n[ -e DIR/open ] || exit 75\ncat >> DIR/sent\n";

fn desk_with_mail() -> Desk {
    let desk = Desk::with("");
    let dir = desk.place.dir().display().to_string();
    desk.place.write("sendmail", SENDMAIL.replace("DIR", &dir));
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(desk.place.path("sendmail"), mode).unwrap();
    desk.place.configure(&format!(
        r#"
[mail]
to = ["ops@example.org"]
from = "jobs@example.org"
transport = "sendmail"
program = "{dir}/sendmail"
[jobs.broken]
cc = ["team@example.org"]
steps = [{{ name = "a", shell = "echo no space; exit 1" }}]
"#
    ));
    desk
}

fn queue(desk: &Desk) -> Value {
    serde_json::from_str(&desk.says(&["mail", "queue", "--json"])).unwrap()
}

#[test]
fn a_mail_stays_on_the_board_until_it_was_accepted_whoever_delivers_it() {
    let desk = desk_with_mail();
    let mut worker = desk.worker(&["--name", "one"]);
    desk.wait_for(desk.post(&["broken"]), "failed");
    let waits = || {
        let queue = queue(&desk);
        let board = queue["board"].as_array().unwrap().clone();
        board.len() == 1 && !queue["broken_since"].is_null()
    };
    assert!(eventually(waits), "{:#}", queue(&desk));
    let text = desk.says(&["mail", "queue"]);
    assert!(text.contains("1 mail to the admin on the board:"), "{text}");
    worker.signal(Signal::SIGKILL);
    worker.wait_for_status();
    desk.place.write("open", "");
    assert_eq!(desk.says(&["mail", "queue", "--flush"]), "1 mail left.\n");
    let sent = std::fs::read_to_string(desk.place.path("sent")).unwrap();
    let ids: BTreeSet<&str> = sent
        .lines()
        .filter(|line| line.starts_with("Message-ID: "))
        .collect();
    assert_eq!(ids.len(), 1, "{sent}");
    for to in ["To: ops@example.org", "To: team@example.org"] {
        assert_eq!(sent.matches(to).count(), 1, "{sent}");
    }
    assert_eq!(queue(&desk)["board"], serde_json::json!([]));
}

#[test]
fn a_mute_of_a_job_holds_on_the_whole_board() {
    let desk = desk_with_mail();
    desk.place.write("open", "");
    let worker = desk.worker(&[]);
    let muted = desk.place.run(&["mute", "broken", "2h"]);
    let said = crate::support::stderr(&muted);
    assert!(
        said.contains("Mails about broken are muted until"),
        "{said}"
    );
    worker.wait_for("are muted until");
    desk.wait_for(desk.post(&["broken"]), "failed");
    assert_eq!(desk.place.run(&["unmute", "broken"]).status.code(), Some(0));
    // What was held back is mailed then.
    let sent = || std::fs::read_to_string(desk.place.path("sent")).unwrap_or_default();
    assert!(eventually(|| sent().contains("[broken]")), "{}", sent());
    assert!(sent().contains("mute"), "{}", sent());
    assert_eq!(worker.stop(), Some(0));
}

#[test]
fn a_board_says_how_its_mail_fares() {
    let desk = Desk::with("[jobs.x]\nsteps = [{ name = \"a\", command = [\"true\"] }]");
    let worker = desk.worker(&[]);
    let told = desk.says(&["board", "check"]);
    assert!(
        told.contains("no live worker has a way to deliver mail"),
        "{told}"
    );
    worker.wait_for("No worker of this board has a way in `[mail]`");
    let desk = desk_with_mail();
    let able = desk.worker(&[]);
    let delivers = || {
        let data: Value = serde_json::from_str(&desk.says(&["board", "check", "--json"])).unwrap();
        data["deliverers"] == 1
    };
    assert!(eventually(delivers));
    drop((worker, able));
}
