//! What a mail server can do to a runner, measured over servers and mail programs that misbehave: `cargo bench --bench mail`.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measure looks again and again at what other processes do, prints what it found, and fails loudly"
)]

#[path = "../tests/support/smtp.rs"]
#[expect(dead_code, reason = "shared with tests that use more of it")]
mod smtp;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use smtp::{Act, Script, Server, say};

/// The deadline of an attempt.
const DEADLINE: Duration = Duration::from_secs(2);
/// How long a runner is watched under each fault: as many runs of a chain that fails ten times a second.
const WATCHED: Duration = Duration::from_secs(5);
const CADENCE: Duration = Duration::from_millis(100);

/// Where mail goes.
enum Way {
    Files,
    Server(Box<Script>),
    Program(&'static str),
}

fn drip(text: &str) -> Act {
    Act::Drip(text.as_bytes().to_vec(), Duration::from_millis(50))
}

fn with(change: impl FnOnce(&mut Script)) -> Way {
    let mut script = Script::default();
    change(&mut script);
    Way::Server(Box::new(script))
}

fn faults() -> Vec<(&'static str, Way)> {
    vec![
        ("accepts and is silent", with(|s| s.greeting = Act::Hang)),
        ("greets a byte at a time", with(|s| s.greeting = drip("2"))),
        (
            "an endless line",
            with(|s| s.greeting = Act::Flood(vec![b'2'; 1 << 16])),
        ),
        (
            "endless 220- lines",
            with(|s| s.greeting = Act::Flood(b"220-more\r\n".repeat(1000))),
        ),
        (
            "EHLO lines that drip",
            with(|s| s.ehlo = drip("250-more\r\n")),
        ),
        ("closes at MAIL", with(|s| s.mail = Act::Close)),
        (
            "resets in the middle of DATA",
            with(|s| s.body = Some((0, Act::Reset))),
        ),
        ("stops reading", with(|s| s.body = Some((1, Act::Hang)))),
        ("dropped after the final dot", with(|s| s.dot = Act::Close)),
        ("silent after the final dot", with(|s| s.dot = Act::Hang)),
        (
            "answers the dot a byte at a time",
            with(|s| s.dot = drip("250-x\r\n")),
        ),
        ("hangs on QUIT", with(|s| s.quit = Act::Hang)),
        (
            "unread extra replies",
            with(|s| s.mail = Act::Raw(b"250 ok\r\n".repeat(100_000))),
        ),
        (
            "garbage with NUL and 8-bit",
            with(|s| s.greeting = Act::Raw(b"\0\xff\x80\r\n".to_vec())),
        ),
        ("refuses everything", with(|s| s.greeting = say("554 no"))),
        ("a mail program that hangs", Way::Program("exec sleep 100")),
        (
            "a mail program that is noisy",
            Way::Program("head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; exit 70"),
        ),
        (
            "a mail program that leaves a daemon",
            Way::Program("sleep 100 & exit 75"),
        ),
    ]
}

/// What was seen of one runner.
struct Seen {
    /// From the mail to the end of the attempt to deliver it.
    attempt: Option<Duration>,
    /// The 99th percentile of the time from run to run.
    period: Duration,
    /// The highest resident memory of the runner and of the worker.
    runner_kib: u64,
    worker_kib: u64,
}

fn config(dir: &Path, server: Option<&Server>, way: &Way) -> String {
    let deadline = DEADLINE.as_secs();
    let mail = "to = [\"ops@example.org\"]\nfrom = \"runner@example.org\"";
    let transport = match (server, way) {
        (Some(server), _) => format!(
            "transport = \"smtp\"\nserver = \"127.0.0.1\"\nport = {}\ntls = \"none\"",
            server.address.port()
        ),
        (None, Way::Program(script)) => {
            let path = dir.join("sendmail");
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            "transport = \"sendmail\"\nprogram = \"./sendmail\"".to_owned()
        }
        (None, _) => "transport = \"file\"".to_owned(),
    };
    let cadence = CADENCE.as_millis();
    format!(
        "log = {{ file = \"log\" }}\n[mail]\n{mail}\n{transport}\ntimeout = \"{deadline}s\"\n\
         [tasks.broken]\ncommand = [\"false\"]\nfail_cooldown = \"{cadence}ms\"\n"
    )
}

fn watch(way: Way) -> Seen {
    let dir = tempfile::tempdir().unwrap();
    let server = match &way {
        Way::Server(script) => Some(Server::start(script.as_ref().clone())),
        _ => None,
    };
    fs::write(
        dir.path().join("run_functions.toml"),
        config(dir.path(), server.as_ref(), &way),
    )
    .unwrap();
    let mut runner = Command::new(env!("CARGO_BIN_EXE_run_functions"))
        .arg("tasks::broken")
        .current_dir(dir.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    let (mut worker_kib, mut runner_kib) = (0, 0);
    while start.elapsed() < WATCHED {
        runner_kib = runner_kib.max(highest_kib(runner.id()));
        for child in children(runner.id()) {
            let line = fs::read(format!("/proc/{child}/cmdline")).unwrap_or_default();
            if String::from_utf8_lossy(&line).contains("__mail-worker") {
                worker_kib = worker_kib.max(highest_kib(child));
            }
        }
        thread::sleep(Duration::from_millis(5));
    }
    stop(&mut runner);
    let log = fs::read_to_string(dir.path().join("log")).unwrap();
    Seen {
        attempt: attempt(&log),
        period: period(&log),
        runner_kib,
        worker_kib,
    }
}

fn stop(runner: &mut Child) {
    let pid = Pid::from_raw(runner.id().cast_signed());
    kill(pid, Signal::SIGTERM).unwrap();
    runner.wait().unwrap();
}

fn highest_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn children(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    let texts =
        tasks.map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
    let words: Vec<String> = texts.collect();
    words
        .iter()
        .flat_map(|text| text.split_whitespace())
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

/// The time with which a line of the log begins.
fn time(line: &str) -> Option<Timestamp> {
    let stamp = line.get(..29)?.replacen(' ', "T", 1);
    stamp.parse().ok()
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// From the moment at which a mail is handed in to what the log says of the attempt.
fn attempt(log: &str) -> Option<Duration> {
    let at = |words: &[&str]| {
        let mut lines = log.lines();
        lines
            .find(|line| words.iter().any(|word| line.contains(word)))
            .and_then(time)
    };
    let handed_in = at(&["Execution failed"])?;
    let ended = at(&[
        "Mail cannot leave",
        " waits: ",
        "failed for good",
        "Mail to ops@example.org left",
    ])?;
    Some(between(handed_in, ended))
}

fn period(log: &str) -> Duration {
    let times: Vec<Timestamp> = log
        .lines()
        .filter(|line| line.contains("Execution failed"))
        .filter_map(time)
        .collect();
    let mut periods: Vec<Duration> = times
        .windows(2)
        .map(|pair| between(pair[0], pair[1]))
        .collect();
    periods.sort();
    let at = periods.len() * 99 / 100;
    periods
        .get(at.min(periods.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}

fn main() {
    let healthy = watch(Way::Files);
    println!(
        "{:38} period p99 {:?}, runner {} KiB",
        "mail into files", healthy.period, healthy.runner_kib
    );
    let (mut worst_end, mut worst_shift) = (Duration::ZERO, Duration::ZERO);
    let (mut worst_worker, mut worst_growth) = (0, 0);
    for (name, way) in faults() {
        let seen = watch(way);
        let shift = seen.period.saturating_sub(healthy.period);
        let growth = seen.runner_kib.saturating_sub(healthy.runner_kib);
        println!(
            "{name:38} attempt {:?}, period p99 {:?}, runner {} KiB, worker {} KiB",
            seen.attempt, seen.period, seen.runner_kib, seen.worker_kib
        );
        worst_end = worst_end.max(seen.attempt.unwrap_or(WATCHED));
        worst_shift = worst_shift.max(shift);
        worst_worker = worst_worker.max(seen.worker_kib);
        worst_growth = worst_growth.max(growth);
    }
    let bound = DEADLINE + Duration::from_millis(500);
    println!("worst end of an attempt   {worst_end:?}    (goal: at most {bound:?})");
    println!("worst shift of p99        {worst_shift:?}    (goal: none beyond noise, some ms)");
    println!("growth of the runner      {worst_growth} KiB    (goal: some hundred, for a thread)");
    println!("worst worker              {worst_worker} KiB    (goal: at most 262144, its limit)");
}
