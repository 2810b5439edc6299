//! A board behind a server that goes away: what runs is finished, what has ended is kept, and
//! nothing is done twice.

use std::fs;

use nix::sys::signal::Signal;

use crate::desk::{Desk, is_exact, journal};
use crate::front::{Front, FrontMode};
use crate::http_place::BoardServer;
use crate::support::{Runner, eventually, with_environment};

/// Three steps, of which the second waits for the file `go`; each writes its name into `runs`.
const STEPS: &str = r#"
[jobs.x]
lease = "1h"
steps = [
  { name = "a", shell = 'echo a >> "$HERE/runs"; echo printed by a' },
  { name = "b", shell = 'echo b >> "$HERE/runs"; echo printed by b; while [ ! -e "$HERE/go" ]; do sleep 0.05; done; echo "b ends"' },
  { name = "c", shell = 'echo c >> "$HERE/runs"; echo printed by c' },
]
[jobs.undone]
lease = "1h"
steps = [
  { name = "a", shell = 'while [ ! -e "$HERE/go" ]; do sleep 0.05; done; echo a >> "$HERE/runs"', revert = { command = ["true"] } },
  { name = "b", shell = 'echo b >> "$HERE/runs"' },
]
[worker]
slots = 2
"#;

/// Creates a desk at a server, or at what stands before it.
fn desk_at(server: &BoardServer, address: Option<&str>) -> Desk {
    let mut variables = server.variables();
    if let Some(address) = address {
        variables[0].1 = address.to_owned();
    }
    let mut desk = None;
    with_environment(variables, || desk = Some(Desk::with("")));
    let desk = desk.unwrap();
    let here = desk.place.dir().display().to_string();
    desk.place.configure(&STEPS.replace("$HERE", &here));
    desk
}

fn runs(desk: &Desk) -> Vec<String> {
    let text = desk.place.read("runs");
    text.lines().map(str::to_owned).collect()
}

/// Returns what the steps of a job have printed, as `job ID output` shows it.
fn output(desk: &Desk, id: u64) -> String {
    desk.says(&["job", &id.to_string(), "output"])
}

fn is_whole(desk: &Desk, id: u64) {
    let job = desk.wait_for(id, "succeeded");
    is_exact(&job);
    let expected = ["a", "b", "c"].map(|step| format!("{step} execute succeeded"));
    assert_eq!(journal(&job), expected, "{job:#}");
    assert_eq!(runs(desk), ["a", "b", "c"]);
    let printed = output(desk, id);
    let places = ["printed by a", "printed by b", "b ends", "printed by c"].map(|line| {
        assert_eq!(printed.matches(line).count(), 1, "{printed}");
        printed.find(line).unwrap()
    });
    assert!(places.is_sorted(), "{printed}");
}

#[test]
fn steps_go_on_while_the_server_is_away_and_all_of_it_arrives_once() {
    let mut server = BoardServer::start();
    let desk = desk_at(&server, None);
    let worker = desk.worker(&[]);
    let id = desk.post(&["x"]);
    desk.wait_for_step(id, "b");
    server.end(Signal::SIGKILL);
    desk.place.write("go", "");
    assert!(eventually(|| runs(&desk).len() == 3), "{}", worker.log());
    assert_eq!(worker.count("it is tried again"), 1, "{}", worker.log());
    server.start_again();
    is_whole(&desk, id);
    worker.wait_for("The board answers again");
    let spools = || fs::read_dir(desk.place.path("run/spool")).unwrap().count();
    assert!(eventually(|| spools() == 0), "{}", worker.log());
}

#[test]
fn what_ended_while_the_server_was_away_outlives_the_worker() {
    let mut server = BoardServer::start();
    let desk = desk_at(&server, None);
    let mut worker = desk.worker(&[]);
    let id = desk.post(&["x"]);
    desk.wait_for_step(id, "b");
    server.end(Signal::SIGKILL);
    desk.place.write("go", "");
    worker.wait_for("c: Execution successful");
    // The end of the job is on disk: nothing else has to happen before the worker is killed.
    let spooled = |ending: &str| {
        let files = fs::read_dir(desk.place.path("run/spool")).unwrap();
        let paths = files.flatten().map(|file| file.path());
        let found = paths.filter(|path| path.extension().is_some_and(|it| it == ending));
        found
            .map(|path| fs::read(path).unwrap_or_default())
            .collect::<Vec<_>>()
    };
    let is_kept = || {
        let texts = spooled("spool");
        let is_written = texts
            .iter()
            .any(|bytes| String::from_utf8_lossy(bytes).contains(r#""state":"succeeded""#));
        // A transaction is committed when its journal is empty.
        is_written && spooled("spool-journal").iter().all(Vec::is_empty)
    };
    assert!(eventually(is_kept), "{}", worker.log());
    worker.signal(Signal::SIGKILL);
    worker.wait_for_status();
    server.start_again();
    let again = desk.worker(&[]);
    is_whole(&desk, id);
    assert_eq!(
        again.count("had reported while the board was away"),
        1,
        "{}",
        again.log()
    );
}

#[test]
fn a_flow_that_can_be_undone_waits_for_the_server_before_its_next_step() {
    let mut server = BoardServer::start();
    let desk = desk_at(&server, None);
    let worker = desk.worker(&[]);
    let id = desk.post(&["undone"]);
    desk.wait_for_step(id, "a");
    server.end(Signal::SIGTERM);
    desk.place.write("go", "");
    worker.wait_for("a: Execution successful");
    worker.wait_for("it is tried again");
    assert_eq!(runs(&desk), ["a"]);
    server.start_again();
    desk.wait_for(id, "succeeded");
    assert_eq!(runs(&desk), ["a", "b"]);
}

#[test]
fn what_is_not_of_our_server_refuses_nothing_whatever_its_status() {
    let server = BoardServer::start();
    let front = Front::before(&server.address);
    let desk = desk_at(&server, Some(&front.address));
    let worker = desk.worker(&[]);
    let id = desk.post(&["x"]);
    desk.wait_for_step(id, "b");
    for status in [404, 403, 401, 413, 502] {
        front.set(FrontMode::Answers(status));
        let seen = front.answered();
        assert!(eventually(|| front.answered() > seen + 3));
    }
    front.set(FrontMode::Passes);
    desk.place.write("go", "");
    is_whole(&desk, id);
    assert_eq!(
        worker.count("no longer this worker's"),
        0,
        "{}",
        worker.log()
    );
}

#[test]
fn connections_that_are_cut_while_they_are_idle_are_no_outage() {
    let server = BoardServer::start();
    let front = Front::before(&server.address);
    let desk = desk_at(&server, Some(&front.address));
    let worker = desk.worker(&[]);
    for _ in 0..5 {
        front.cut();
        let id = desk.post(&["x"]);
        desk.place.write("go", "");
        desk.wait_for(id, "succeeded");
    }
    assert_eq!(worker.count("it is tried again"), 0, "{}", worker.log());
}

#[test]
fn a_token_that_was_revoked_is_reported_once_and_a_new_one_is_taken() {
    let server = BoardServer::start();
    let desk = desk_at(&server, None);
    let token = desk.place.path("token");
    let first = server.says(&["serve", "token", "add", "first", "--role", "worker"]);
    desk.place.write("token", &first);
    desk.place.set_mode("token", 0o600);
    let mut command = desk.command(&["work"]);
    command.env("RUN_FUNCTIONS_BOARD_TOKEN_FILE", &token);
    let worker = Runner::start(command);
    worker.wait_for("is on the board");
    let id = desk.post(&["x"]);
    desk.wait_for_step(id, "b");
    server.says(&["serve", "token", "revoke", "first"]);
    worker.wait_for("refuses");
    let second = server.says(&["serve", "token", "add", "second", "--role", "worker"]);
    desk.place.write("second", &second);
    desk.place.set_mode("second", 0o600);
    fs::rename(desk.place.path("second"), &token).unwrap();
    desk.place.write("go", "");
    is_whole(&desk, id);
    assert_eq!(worker.count("refuses"), 1, "{}", worker.log());
    let log = worker.log();
    assert!(
        !log.contains(first.trim()) && !log.contains(second.trim()),
        "{log}"
    );
}

#[test]
fn a_worker_registers_once_and_keeps_its_token() {
    let server = BoardServer::start();
    let desk = desk_at(&server, None);
    let registration = server.says(&["serve", "token", "add", "fleet", "--role", "register"]);
    desk.place.write("registration", &registration);
    desk.place.set_mode("registration", 0o600);
    let start = || {
        let mut command = desk.command(&["work", "--name", "w", "--register", "registration"]);
        command.env_remove("RUN_FUNCTIONS_BOARD_TOKEN_FILE");
        let worker = Runner::start(command);
        worker.wait_for("is on the board");
        worker
    };
    let first = start();
    let token = desk.place.read("run/board_token");
    assert_ne!(token.trim(), registration.trim());
    assert_eq!(first.stop(), Some(0));
    let second = start();
    assert_eq!(desk.place.read("run/board_token"), token);
    assert_eq!(second.stop(), Some(0));
    let tokens = server.says(&["serve", "token", "list"]);
    assert_eq!(
        tokens.lines().filter(|line| line.starts_with("w ")).count(),
        1,
        "{tokens}"
    );
    let mut command = desk.command(&["jobs"]);
    command.env(
        "RUN_FUNCTIONS_BOARD_TOKEN_FILE",
        desk.place.path("registration"),
    );
    assert_eq!(command.output().unwrap().status.code(), Some(77));
}

#[test]
fn nothing_is_lost_or_doubled_while_the_server_is_killed() {
    let mut server = BoardServer::start();
    let desk = desk_at(&server, None);
    let effects = desk.place.path("effects");
    fs::create_dir(&effects).unwrap();
    let step = |name: &str| {
        let file = effects.join("$JOB_ID").display().to_string();
        format!(r#"{{ name = "{name}", shell = 'sleep 0.05; echo {name} >> "{file}"' }}"#)
    };
    desk.place.configure(&format!(
        "[worker]\nslots = 4\n[jobs.x]\nlease = \"1h\"\nsteps = [{}, {}]\n",
        step("a"),
        step("b")
    ));
    let worker = desk.worker(&[]);
    let posted = desk.place.path("jobs");
    fs::write(&posted, "{}\n".repeat(120)).unwrap();
    desk.says(&["post", "x", "--from", "jobs"]);
    for _ in 0..5 {
        let before = worker.count("Succeeded");
        assert!(
            eventually(|| worker.count("Succeeded") > before + 2),
            "{}",
            worker.log()
        );
        server.end(Signal::SIGKILL);
        server.start_again();
    }
    for id in 1..=120 {
        let job = desk.wait_for(id, "succeeded");
        is_exact(&job);
        assert_eq!(
            journal(&job),
            ["a execute succeeded", "b execute succeeded"],
            "{job:#}"
        );
        assert_eq!(desk.place.read(&format!("effects/{id}")), "a\nb\n");
    }
}

#[test]
fn a_step_that_prints_much_while_it_is_cut_off_is_finished_and_its_output_arrives_once() {
    let server = BoardServer::start();
    let front = Front::before(&server.address);
    let desk = desk_at(&server, Some(&front.address));
    let go = desk.place.path("go").display().to_string();
    desk.place.configure(&format!(
        r#"
[jobs.x]
lease = "1h"
steps = [{{ name = "a", shell = 'echo first; touch begun; while [ ! -e {go} ]; do sleep 0.05; done; yes 0123456789abcdef | head -c 50000000; echo; echo last' }}]
"#
    ));
    let worker = desk.worker(&[]);
    let id = desk.post(&["x"]);
    desk.wait_for_step(id, "a");
    front.set(FrontMode::Answers(502));
    desk.place.write("go", "");
    worker.wait_for("a: Execution successful");
    worker.wait_for("it is tried again");
    front.set(FrontMode::Passes);
    let job = desk.wait_for(id, "succeeded");
    is_exact(&job);
    assert_eq!(journal(&job), ["a execute succeeded"]);
    let printed = output(&desk, id);
    assert!(printed.starts_with("first\n") && printed.ends_with("last\n"));
    assert_eq!(printed.matches("bytes left out").count(), 1);
    assert!(printed.len() < 1_000_000, "{}", printed.len());
}

#[test]
fn what_is_longer_than_a_request_may_be_is_sent_in_pieces() {
    let server = BoardServer::start();
    let desk = desk_at(&server, None);
    desk.place.configure(
        r#"
[worker]
slots = 4
[jobs.x]
args.text = { type = "string" }
steps = [{ name = "a", shell = 'head -c 300000 /dev/zero | tr "\\000" "\\\""; echo; echo last' }]
"#,
    );
    let line = format!("{{\"text\": \"{}\"}}\n", "x".repeat(60_000));
    desk.place.write("jobs", line.repeat(60));
    let worker = desk.worker(&[]);
    desk.says(&["post", "x", "--from", "jobs", "--wait"]);
    assert_eq!(worker.count("not kept"), 0, "{}", worker.log());
    for id in [1, 60] {
        let printed = output(&desk, id);
        assert!(
            printed.ends_with("last\n") && printed.len() > 200_000,
            "{}",
            printed.len()
        );
    }
}
