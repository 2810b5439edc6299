//! What the performance goals of the runner are measured with, as ratios within one run: `cargo bench --bench runner`.
//!
//! This program is both the measure and the runner that is measured: with `BENCH_ROLE` set it is a binary of a user, with tasks of its own.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measure waits for a time, reads clocks of its own, prints what it found, and ends at once when it cannot measure"
)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, raise};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;

/// How many runs go before the measure, and how many are measured.
const WARM: u64 = 1_000_000;
const RUNS: u64 = 10_000_000;

/// The stock binary of the same build.
const STOCK: &str = env!("CARGO_BIN_EXE_run_functions");

mod measured {
    use super::*;

    static COUNT: AtomicU64 = AtomicU64::new(0);
    static START: Mutex<Option<(Instant, u64)>> = Mutex::new(None);

    /// Nothing, but that it counts itself. Without any pause it would start ten times a second.
    #[run_functions::task(success_cooldown = "1ns", fail_cooldown = "1ns")]
    pub(crate) fn nothing() {
        match COUNT.fetch_add(1, Ordering::Relaxed) {
            WARM => *START.lock().unwrap() = Some((Instant::now(), resident_kib("self"))),
            count if count == WARM + RUNS => {
                let (start, before) = START.lock().unwrap().unwrap();
                let line = format!(
                    "{} {} {}",
                    start.elapsed().as_nanos(),
                    before,
                    resident_kib("self")
                );
                fs::write("answer", line).unwrap();
                raise(Signal::SIGTERM).unwrap();
            }
            _ => {}
        }
    }

    /// Sleeps for a day at once.
    #[run_functions::task(success_cooldown = "1day")]
    pub(crate) fn sleeper() {}

    /// Notes when it runs.
    #[run_functions::task(success_cooldown = "5ms")]
    pub(crate) fn tick() {
        note("ticks");
    }

    /// Notes when it runs, once a second, and fails in a new way each time.
    #[run_functions::task(success_cooldown = "1s", fail_cooldown = "1s")]
    pub(crate) fn failing() -> Result<(), String> {
        note("beats");
        let words = ["apple", "pear", "plum", "fig", "lime", "date", "kiwi"];
        let count = COUNT.fetch_add(1, Ordering::Relaxed) as usize;
        Err(format!("no {} today", words[count % words.len()]))
    }

    fn note(file: &str) {
        let now = clock_gettime(ClockId::CLOCK_BOOTTIME).unwrap();
        let nanos = now.tv_sec() * 1_000_000_000 + now.tv_nsec();
        let mut file = fs::File::options()
            .append(true)
            .create(true)
            .open(file)
            .unwrap();
        file.write_all(&nanos.to_le_bytes()).unwrap();
    }
}

fn main() -> ExitCode {
    if std::env::var_os("BENCH_ROLE").is_some() {
        return run_functions::main();
    }
    throughput();
    takeover();
    let place = Place::new("");
    let own = place.start("measured::sleeper", "Sleeping");
    idle("with a function of its own", own);
    let place = Place::new("[tasks.sleeper]\nshell = \"true\"\nsuccess_cooldown = \"1day\"\n");
    let stock = place.command_of(Path::new(STOCK), &["tasks::sleeper"]);
    idle(
        "of the stock binary with a command",
        Place::start_command(stock, "Sleeping"),
    );
    lateness();
    silent_server();
    ExitCode::SUCCESS
}

/// A fresh directory, and runners in it.
struct Place(tempfile::TempDir);

impl Place {
    fn new(config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("run_functions.toml"), config).unwrap();
        Place(dir)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.command_of(&std::env::current_exe().unwrap(), args);
        command.arg0("bench").env("BENCH_ROLE", "runner");
        command
    }

    fn command_of(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn start(&self, task: &str, until: &str) -> Child {
        Place::start_command(self.command(&[task]), until)
    }

    fn start_command(mut command: Command, until: &str) -> Child {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains(until) {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "the runner ended");
        }
        // The rest is read by nobody, and must not block anybody.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        child
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

fn stop(mut child: Child) {
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM).unwrap();
    child.wait().unwrap();
}

fn throughput() {
    let place = Place::new("");
    let status = place.command(&["measured::nothing"]).status().unwrap();
    assert!(status.success(), "{status}");
    let answer = fs::read_to_string(place.path().join("answer")).unwrap();
    let words: Vec<u64> = answer
        .split(' ')
        .map(|word| word.parse().unwrap())
        .collect();
    let per_second = RUNS as f64 / (words[0] as f64 / 1e9);
    println!(
        "in-process runs of an empty function, log at info: {:.2} M/s (goal: 1)",
        per_second / 1e6
    );
    println!(
        "memory before and after {RUNS} runs: {} and {} KiB",
        words[1], words[2]
    );
}

fn takeover() {
    /// More takeovers in a minute are a war of restarts, which a newcomer leaves.
    const IN_ONE_PLACE: usize = 9;
    const PLACES: usize = 12;
    let (mut execs, mut takeovers) = (Vec::new(), Vec::new());
    for _ in 0..PLACES {
        let place = Place::new("");
        let mut old = place.start("measured::sleeper", "Sleeping");
        for _ in 0..IN_ONE_PLACE {
            let start = Instant::now();
            place.command(&["--version"]).status().unwrap();
            execs.push(start.elapsed());
            let start = Instant::now();
            let new = place.start("measured::sleeper", "Wrote pidfile");
            takeovers.push(start.elapsed());
            old.wait().unwrap();
            old = new;
        }
        stop(old);
    }
    let (exec, takeover) = (quantile(&mut execs, 0.5), quantile(&mut takeovers, 0.5));
    let ratio = takeover.as_secs_f64() / exec.as_secs_f64();
    println!(
        "takeover of a sleeping runner, p50: {takeover:?}; one exec of the binary: {exec:?}; ratio {ratio:.2} (goal: 3)"
    );
}

fn idle(which: &str, child: Child) {
    const SPAN: Duration = Duration::from_secs(20);
    let pid = child.id().to_string();
    std::thread::sleep(Duration::from_secs(1));
    let before = switches(&pid);
    std::thread::sleep(SPAN);
    println!(
        "idle runner {which}: RSS {} KiB, private {} KiB (goals: 4096 and 2048, better 3072 and 1024)",
        resident_kib(&pid),
        private_kib(&pid)
    );
    println!(
        "its {} threads: {} voluntary context switches in {SPAN:?} (goal: 0)",
        fs::read_dir(format!("/proc/{pid}/task")).unwrap().count(),
        switches(&pid) - before
    );
    stop(child);
}

fn lateness() {
    const TICKS: usize = 2000;
    let place = Place::new("");
    let child = place.start("measured::tick", "Sleeping");
    while read_notes(&place, "ticks").len() < TICKS {
        std::thread::sleep(Duration::from_millis(100));
    }
    stop(child);
    let notes = read_notes(&place, "ticks");
    let mut late: Vec<Duration> = notes
        .windows(2)
        .map(|pair| {
            Duration::from_nanos(pair[1] - pair[0]).saturating_sub(Duration::from_millis(5))
        })
        .collect();
    let (median, most) = (quantile(&mut late, 0.5), quantile(&mut late, 0.99));
    println!(
        "lateness of a run after a cooldown of 5 ms: p50 {median:?}, p99 {most:?} (goal: 5 ms)"
    );
}

fn silent_server() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // Accepts, says nothing, and reads until the other end goes away.
            std::thread::spawn(move || stream.unwrap().read_to_end(&mut Vec::new()));
        }
    });
    let silent = format!(
        "[mail]\nto = [\"a@example.org\"]\ntransport = \"smtp\"\nserver = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\ntimeout = \"2s\"\n"
    );
    let [with_files, with_silence] = ["", silent.as_str()].map(cadence);
    let shift = with_silence.abs_diff(with_files);
    println!(
        "worst beat of a 1 s chain: {with_files:?} with mails as files, {with_silence:?} with a server that says nothing: shift {shift:?} (goal: 20 ms)"
    );
}

/// Returns the longest time between two runs of a chain with a cooldown of a second.
fn cadence(config: &str) -> Duration {
    const BEATS: usize = 12;
    let place = Place::new(config);
    let child = place.start("measured::failing", "Sleeping");
    while read_notes(&place, "beats").len() < BEATS {
        std::thread::sleep(Duration::from_millis(100));
    }
    stop(child);
    let notes = read_notes(&place, "beats");
    let beats = notes
        .windows(2)
        .map(|pair| Duration::from_nanos(pair[1] - pair[0]));
    beats.max().unwrap()
}

fn read_notes(place: &Place, file: &str) -> Vec<u64> {
    let bytes = fs::read(place.path().join(file)).unwrap_or_default();
    bytes
        .chunks_exact(8)
        .map(|chunk| u64::from_le_bytes(chunk.try_into().unwrap()))
        .collect()
}

fn quantile(values: &mut [Duration], share: f64) -> Duration {
    values.sort();
    values[((values.len() - 1) as f64 * share) as usize]
}

fn resident_kib(pid: &str) -> u64 {
    field(&format!("/proc/{pid}/status"), "VmRSS:")
}

fn private_kib(pid: &str) -> u64 {
    let file = format!("/proc/{pid}/smaps_rollup");
    field(&file, "Private_Clean:") + field(&file, "Private_Dirty:")
}

fn switches(pid: &str) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let path = |task: fs::DirEntry| task.path().join("status").display().to_string();
    tasks
        .map(|task| field(&path(task.unwrap()), "voluntary_ctxt_switches:"))
        .sum()
}

fn field(file: &str, name: &str) -> u64 {
    let text = fs::read_to_string(file).unwrap();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
