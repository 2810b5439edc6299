//! What a report of 100,000 runs costs: `cargo bench --bench report`.
//!
//! This program is both the measure and the program that is measured: with `BENCH_ROLE` set it is a binary of a user.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measure looks at the clock, answers, and ends when anything fails"
)]

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use run_functions::__internal::history::MeasuredChain;
use run_functions::__internal::{Failure, FailureClass, Outcome};

const RUNS: u32 = 100_000;
const SEASON: Duration = Duration::from_secs(89 * 86_400);
/// How often each measure is taken; the median counts.
const TIMES: usize = 7;

fn main() -> ExitCode {
    if std::env::var_os("BENCH_ROLE").is_some() {
        return run_functions::main();
    }
    // The highest of all children is told: the smallest comes first.
    println!("to start: {}", measured(Path::new("/"), &["--version"]));
    for (chains, tasks) in [(1, 1), (1, 20), (200, 20)] {
        let place = tempfile::tempdir().unwrap();
        let run = place.path().join("run");
        fs::DirBuilder::new().mode(0o700).create(&run).unwrap();
        for chain in 0..chains {
            write(&run, &format!("chain_{chain}"), tasks, RUNS / chains);
        }
        let of = |args: &[&str]| measured(place.path(), args);
        println!("{RUNS} runs of {chains} chains of {tasks} tasks, one of 300 fails:");
        println!("  --text: {}", of(&["report"]));
        println!("  --html: {}", of(&["report", "--html", "page.html"]));
        let size = fs::metadata(place.path().join("page.html")).unwrap().len();
        println!("  the page: {:.0} kB", size as f64 / 1e3);
    }
    ExitCode::SUCCESS
}

/// Writes runs over a season; each failure says something else.
fn write(run: &Path, name: &str, tasks: u32, runs: u32) {
    let labels = (0..tasks).map(|task| format!("tasks::task_{task}"));
    let mut chain = MeasuredChain::begun(run, name, labels.collect(), 32 << 20, SEASON);
    let pause = SEASON / runs;
    for number in 0..runs {
        let took = Duration::from_millis(u64::from(number * 7919 % 1000) + 300);
        let outcome = if number % 300 == 7 {
            let words = format!("no answer of host{number}.example.org");
            Outcome::Failure(Box::new(Failure::new(FailureClass::Exit(1), words)))
        } else {
            Outcome::Success
        };
        chain.run(pause - took, took, &outcome);
    }
}

/// Returns the median of times, and the peak of memory, in words.
fn measured(place: &Path, args: &[&str]) -> String {
    let mut times: Vec<Duration> = (0..TIMES).map(|_| time(place, args)).collect();
    times.sort();
    let children = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    format!(
        "{:.0} ms, {:.1} MB at the most",
        times[TIMES / 2].as_secs_f64() * 1e3,
        children.max_rss() as f64 / 1e3
    )
}

fn time(place: &Path, args: &[&str]) -> Duration {
    let start = Instant::now();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(args).env("BENCH_ROLE", "1").current_dir(place);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let status = command.status().unwrap();
    assert!(status.success());
    start.elapsed()
}
