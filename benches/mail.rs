//! What mail servers and mail programs that misbehave can do to a runner: `cargo bench --bench mail`.
//!
//! For each fault there is a chain of its own with a run each second, all at the same time, and some whose mail is accepted, to compare them with. What
//! is measured: the beat of the chain, by the clock of the task itself; how long an attempt to deliver takes; what worker and runner need.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measure looks again and again at what other processes do, prints what it found, and fails loudly"
)]

#[path = "mail/faults.rs"]
mod faults;
#[path = "../tests/support/smtp.rs"]
#[expect(dead_code, reason = "shared with tests that use more of it")]
mod smtp;

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use nix::sys::signal::{Signal, kill};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;

use faults::{Fault, Way};
use smtp::Server;

/// The deadline of an attempt, and how much later it is surely over.
const DEADLINE: Duration = Duration::from_secs(2);
const AFTER_DEADLINE: Duration = Duration::from_millis(500);
/// How long all chains are watched: long enough for a percentile of 99, and for the attempts after 30 s and 90 s.
const WATCHED: Duration = Duration::from_secs(130);
/// Between the starts of two chains: their beats and their attempts do not fall together.
const APART: Duration = Duration::from_millis(1037);
/// How often is looked.
const LOOK: Duration = Duration::from_millis(10);

mod measured {
    use super::*;

    /// Notes when it runs, once a second, and fails: one mail, so that the life of a worker is one attempt.
    #[run_functions::task(success_cooldown = "1s", fail_cooldown = "1s")]
    pub(crate) fn failing() -> Result<(), String> {
        let now = clock_gettime(ClockId::CLOCK_BOOTTIME).unwrap();
        let nanos = now.tv_sec() * 1_000_000_000 + now.tv_nsec();
        let options = fs::File::options().append(true).create(true).open("beats");
        options.unwrap().write_all(&nanos.to_le_bytes()).unwrap();
        Err("no apple today".to_owned())
    }
}

fn main() -> ExitCode {
    // Cargo says `--bench`; anything else is said to a runner or by one.
    if std::env::args()
        .nth(1)
        .is_some_and(|first| first != "--bench")
    {
        return run_functions::main();
    }
    let mut watched: Vec<Watched> = Vec::new();
    for fault in faults::all() {
        watched.push(Watched::start(fault));
        look_for(&mut watched, APART);
    }
    look_for(&mut watched, WATCHED);
    let seen: Vec<Seen> = watched.into_iter().map(Watched::end).collect();
    print(&seen);
    ExitCode::SUCCESS
}

/// A chain under a fault.
struct Watched {
    fault: Fault,
    dir: tempfile::TempDir,
    runner: Child,
    /// When each worker was first and last seen.
    workers: HashMap<u32, (Instant, Instant)>,
    worker_kib: u64,
    runner_kib: u64,
}

/// What was seen of it.
struct Seen {
    name: &'static str,
    is_healthy: bool,
    /// How many attempts were seen, and how long the longest took: as far as it can be seen, or as the log tells of the first one.
    attempts: usize,
    longest: Duration,
    /// From run to run, beyond the second that is to be between them.
    beats: usize,
    p99: Duration,
    worst: Duration,
    worker_kib: u64,
    runner_kib: u64,
}

impl Watched {
    fn start(fault: Fault) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = match &fault.way {
            Way::Server { script, .. } => Some(Server::start(script.as_ref().clone())),
            _ => None,
        };
        let config = config(dir.path(), server.as_ref(), &fault.way);
        fs::write(dir.path().join("run_functions.toml"), config).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg0("bench").arg("measured::failing");
        command.current_dir(dir.path()).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Watched {
            fault,
            runner: command.spawn().unwrap(),
            dir,
            workers: HashMap::new(),
            worker_kib: 0,
            runner_kib: 0,
        }
    }

    fn look(&mut self) {
        self.runner_kib = self.runner_kib.max(highest_kib(self.runner.id()));
        for child in children(self.runner.id()) {
            let line = fs::read(format!("/proc/{child}/cmdline")).unwrap_or_default();
            if String::from_utf8_lossy(&line).contains("__mail-worker") {
                self.worker_kib = self.worker_kib.max(highest_kib(child));
                let now = Instant::now();
                self.workers.entry(child).or_insert((now, now)).1 = now;
            }
        }
    }

    fn end(mut self) -> Seen {
        let pid = Pid::from_raw(self.runner.id().cast_signed());
        kill(pid, Signal::SIGTERM).unwrap();
        self.runner.wait().unwrap();
        let log = fs::read_to_string(self.dir.path().join("log")).unwrap();
        let lives = self.workers.values().map(|(first, last)| *last - *first);
        // Workers that deliver again and again are no attempts.
        let longest = lives.filter(|_| !self.fault.is_healthy()).max();
        let mut late = late(&self.dir.path().join("beats"));
        late.sort();
        Seen {
            name: self.fault.name,
            is_healthy: self.fault.is_healthy(),
            attempts: self.workers.len(),
            longest: longest
                .into_iter()
                .chain(first_attempt(&log))
                .max()
                .unwrap_or_default(),
            beats: late.len(),
            p99: late[late.len() * 99 / 100],
            worst: *late.last().unwrap(),
            worker_kib: self.worker_kib,
            runner_kib: self.runner_kib,
        }
    }
}

/// Looks at all of them for so long.
fn look_for(watched: &mut [Watched], span: Duration) {
    let start = Instant::now();
    while start.elapsed() < span {
        watched.iter_mut().for_each(Watched::look);
        thread::sleep(LOOK);
    }
}

fn config(dir: &Path, server: Option<&Server>, way: &Way) -> String {
    let port = server.map_or(0, |server| server.address.port());
    let smtp = format!("transport = \"smtp\"\nserver = \"127.0.0.1\"\nport = {port}");
    let transport = match way {
        Way::Server { security, .. } => format!("{smtp}\n{security}"),
        Way::Program(script) => {
            faults::write_program(dir, script);
            "transport = \"sendmail\"\nprogram = \"./sendmail\"".to_owned()
        }
    };
    if transport.contains("password_file") {
        faults::write_password(dir);
    }
    let deadline = DEADLINE.as_secs();
    format!(
        "log = {{ file = \"log\" }}\n[mail]\nto = [\"ops@example.org\"]\nfrom = \"runner@example.org\"\n\
         {transport}\ntimeout = \"{deadline}s\"\n"
    )
}

/// Returns by how much each run came later than a second after the one before.
fn late(beats: &Path) -> Vec<Duration> {
    let bytes = fs::read(beats).unwrap();
    let nanos = |chunk: &[u8]| u64::from_le_bytes(chunk.try_into().unwrap());
    let times: Vec<u64> = bytes.chunks_exact(8).map(nanos).collect();
    let period = |pair: &[u64]| Duration::from_nanos(pair[1] - pair[0]);
    let late = times
        .windows(2)
        .map(|pair| period(pair).saturating_sub(Duration::from_secs(1)));
    late.collect()
}

fn highest_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn children(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"));
    let mut children = Vec::new();
    for task in tasks.into_iter().flatten().flatten() {
        let text = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        children.extend(
            text.split_whitespace()
                .filter_map(|pid| pid.parse::<u32>().ok()),
        );
    }
    children
}

/// From the first failure to what the log says of the first attempt to mail it.
fn first_attempt(log: &str) -> Option<Duration> {
    let at = |words: &[&str]| -> Option<Timestamp> {
        let has_one = |line: &&str| words.iter().any(|word| line.contains(word));
        let stamp = log.lines().find(has_one)?.get(..29)?.replacen(' ', "T", 1);
        stamp.parse().ok()
    };
    let handed_in = at(&["Execution failed"])?;
    let ended = at(&[
        "Mail cannot leave",
        " waits: ",
        "failed for good",
        "Mail to ops@example.org left",
    ])?;
    Duration::try_from(ended.duration_since(handed_in)).ok()
}

fn print(seen: &[Seen]) {
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "{:42} tries  longest  late: p99  worst   worker  runner",
        ""
    );
    for one in seen {
        println!(
            "{:42} {:5} {:6.3} s {:6.2} ms {:6.2} {:6} KiB {:6} KiB",
            one.name,
            one.attempts,
            one.longest.as_secs_f64(),
            millis(one.p99),
            millis(one.worst),
            one.worker_kib,
            one.runner_kib,
        );
    }
    let (healthy, faulty): (Vec<&Seen>, Vec<&Seen>) = seen.iter().partition(|one| one.is_healthy);
    let most =
        |of: &[&Seen], what: fn(&Seen) -> Duration| of.iter().map(|one| what(one)).max().unwrap();
    let least =
        |of: &[&Seen], what: fn(&Seen) -> Duration| of.iter().map(|one| what(one)).min().unwrap();
    let all = |of: &[&Seen], what: fn(&Seen) -> u64| -> Vec<u64> {
        let mut all: Vec<u64> = of.iter().map(|one| what(one)).collect();
        all.sort_unstable();
        all
    };
    let beats: usize = seen.iter().map(|one| one.beats).sum();
    println!(
        "{} faults, {} chains whose mail is accepted, {beats} beats",
        faulty.len(),
        healthy.len()
    );
    let bound = DEADLINE + AFTER_DEADLINE;
    println!(
        "longest attempt: {:?}    (goal: at most {bound:?})",
        most(&faulty, |one| one.longest)
    );
    for (which, of) in [("accepted", &healthy), ("faults  ", &faulty)] {
        println!(
            "late, p99, {which}: {:.2} to {:.2} ms; worst {:.2} ms",
            millis(least(of, |one| one.p99)),
            millis(most(of, |one| one.p99)),
            millis(most(of, |one| one.worst)),
        );
    }
    let (normal, growth) = (
        all(&healthy, |one| one.runner_kib),
        all(&faulty, |one| one.runner_kib),
    );
    println!(
        "runner, accepted: {} to {} KiB; faults: {} to {} KiB",
        normal[0],
        normal.last().unwrap(),
        growth[0],
        growth.last().unwrap()
    );
    let workers = all(&faulty, |one| one.worker_kib);
    println!(
        "worker: half of them up to {} KiB, worst {} KiB    (goal: at most 262144, its limit)",
        workers[workers.len() / 2],
        workers.last().unwrap()
    );
}
