//! Workers that die, stand still or wait for a name for ever: the attempt ends, the runner goes on, and the mail leaves with the next one.

use std::fs;
use std::net::UdpSocket;
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::smtp::{Act, Script, Server, say};
use crate::support::processes::{children, is_mail_worker};
use crate::support::{Place, Runner, eventually};

const TASK: &[&str] = &["tasks::broken"];

fn place(server: &str, port: u16) -> Place {
    Place::with(&format!(
        "[mail]\nto = [\"ops@example.org\"]\nfrom = \"runner@example.org\"\ntransport = \"smtp\"\n\
         server = \"{server}\"\nport = {port}\ntls = \"none\"\ntimeout = \"60s\"\n\
         [tasks.broken]\ncommand = [\"false\"]\nfail_cooldown = \"20ms\"\n"
    ))
}

/// Has an attempt to deliver end after so many seconds.
fn time_out(place: &Place, seconds: u32) {
    let config = place.read("run_functions.toml");
    place.configure(&config.replace("\"60s\"", &format!("\"{seconds}s\"")));
}

/// Returns the worker of a runner, once there is one.
fn worker(runner: &Runner) -> Pid {
    let mut found = None;
    let there = eventually(|| {
        found = children(runner.pid())
            .into_iter()
            .find(|pid| is_mail_worker(*pid));
        found.is_some()
    });
    assert!(there, "{}", runner.log());
    Pid::from_raw(found.unwrap())
}

fn goes_on(runner: &Runner) {
    let runs = runner.count("Execution failed");
    runner.wait_for_count("Execution failed", runs + 5);
}

#[test]
fn a_worker_that_is_stopped_or_killed_is_a_failed_attempt_of_a_runner_that_goes_on() {
    for (signal, words) in [
        (Signal::SIGSTOP, "fell silent"),
        (Signal::SIGKILL, "was killed by SIGKILL"),
        (Signal::SIGABRT, "ran out of memory"),
    ] {
        let server = Server::start(Script {
            data: Act::Hang,
            ..Script::default()
        });
        let place = place("127.0.0.1", server.address.port());
        if signal == Signal::SIGSTOP {
            // That is how it becomes known.
            time_out(&place, 10);
        }
        let runner = place.start(TASK);
        assert!(eventually(|| server
            .commands()
            .iter()
            .any(|line| line.starts_with("DATA"))));
        let worker = worker(&runner);
        kill(worker, signal).unwrap();
        runner.wait_for("ERROR Mail to ops@example.org waits: ");
        runner.wait_for(words);
        assert!(
            eventually(|| !is_mail_worker(worker.as_raw())),
            "the worker lives"
        );
        goes_on(&runner);
        assert_eq!(runner.stop(), Some(0));
    }
}

#[test]
fn a_worker_that_panics_is_a_failed_attempt_told_with_its_words() {
    let server = Server::start(Script::default());
    let place = place("127.0.0.1", server.address.port());
    let mut command = place.command(TASK);
    // What a debug build of the program reads.
    command.env("TEST_RUN_FUNCTIONS_WRITES", "panic");
    let runner = Runner::start(command);
    runner.wait_for("ERROR Mail cannot leave: ");
    runner.wait_for("panicked (a test wanted this)");
    goes_on(&runner);
    assert_eq!(runner.stop(), Some(0));
    assert!(server.received().is_empty());
}

#[test]
fn a_server_whose_answer_has_no_end_is_named_long_before_the_deadline_and_leaves_the_runner_as_it_is()
 {
    let lines = b"220-more\r\n".repeat(1000);
    for endless in [vec![b'2'; 1 << 20], lines] {
        let server = Server::start(Script {
            greeting: Act::Flood(endless),
            ..Script::default()
        });
        expect_no_end(&server);
    }
}

fn expect_no_end(server: &Server) {
    let place = place("127.0.0.1", server.address.port());
    let config = place
        .read("run_functions.toml")
        .replace("\"60s\"", "\"1day\"");
    place.configure(&config);
    let runner = place.start(TASK);
    let address = server.address;
    runner.wait_for(&format!(
        "ERROR Mail cannot leave: what answers at {address} does not speak SMTP as it should (while connecting: its answer has no end: "
    ));
    goes_on(&runner);
    let status = fs::read_to_string(format!("/proc/{}/status", runner.pid())).unwrap();
    let highest = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let kib: u64 = highest.split_whitespace().next().unwrap().parse().unwrap();
    assert!(kib < 100 << 10, "the runner took {kib} KiB");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_server_that_hangs_on_quit_has_taken_the_mail_and_holds_up_nobody() {
    let server = Server::start(Script {
        quit: Act::Hang,
        ..Script::default()
    });
    let place = place("127.0.0.1", server.address.port());
    let runner = place.start(TASK);
    runner.wait_for("Mail to ops@example.org left");
    goes_on(&runner);
    assert_eq!(runner.stop(), Some(0));
    assert_eq!(server.received().len(), 1);
}

#[test]
fn replies_that_nobody_asked_for_are_never_taken_for_success() {
    let server = Server::start(Script {
        mail: Act::Raw(b"250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n250 queued\r\n".to_vec()),
        rcpt: vec![("ops@", say("550 no"))],
        ..Script::default()
    });
    let place = place("127.0.0.1", server.address.port());
    let runner = place.start(TASK);
    runner.wait_for("ERROR Mail ");
    assert_eq!(
        runner.count("Mail to ops@example.org left"),
        0,
        "{}",
        runner.log()
    );
    goes_on(&runner);
    assert_eq!(runner.stop(), Some(0));
}

#[test]
#[ignore = "needs root"]
fn a_name_that_is_never_resolved_ends_the_attempt_at_its_deadline() {
    // It hears the questions, and never answers one.
    let silent = UdpSocket::bind("127.0.0.53:53")
        .or_else(|_| UdpSocket::bind("127.0.0.77:53"))
        .unwrap();
    let address = silent.local_addr().unwrap().ip();
    let place = place("mail.example.org", 25);
    let config = place.read("run_functions.toml");
    place.configure(&config.replace("tls = \"none\"", "tls = \"implicit\""));
    time_out(&place, 10);
    place.write(
        "resolv.conf",
        format!("nameserver {address}\noptions timeout:30 attempts:5\n"),
    );
    place.write("nsswitch.conf", "hosts: dns\n");
    let mut command = Command::new("unshare");
    let script = "for file in resolv.conf nsswitch.conf; do
            test -e /etc/$file || : > /etc/$file
            mount --bind $file /etc/$file
        done
        exec \"$BINARY\" tasks::broken";
    command.args(["--mount", "--propagation", "private", "sh", "-ec", script]);
    command.current_dir(place.dir()).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("BINARY", env!("CARGO_BIN_EXE_run_functions"));
    let runner = Runner::start(command);
    let worker = worker(&runner);
    goes_on(&runner);
    assert!(
        is_mail_worker(worker.as_raw()),
        "it waits for the name: {}",
        runner.log()
    );
    runner.wait_for("ERROR Mail cannot leave: ");
    println!(
        "{}",
        runner
            .log()
            .lines()
            .find(|line| line.contains("Mail cannot leave"))
            .unwrap()
    );
    assert!(
        eventually(|| !is_mail_worker(worker.as_raw())),
        "the worker lives"
    );
    goes_on(&runner);
    assert_eq!(runner.stop(), Some(0));
}
