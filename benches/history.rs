//! What the history of runs costs, and how long it takes to look: `cargo bench --bench history`.
//!
//! This program is both the measure and the program that is measured: with `BENCH_ROLE` set it is a binary of a user.
//! Ratios are of one process, taken in turns; times belong to one machine.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measure looks at the clock, answers, and ends when anything fails"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use run_functions::__internal::history::MeasuredChain;

const RUNS: u64 = 1_000_000;
/// How often each measure is taken; the median counts.
const TIMES: usize = 7;

fn main() -> ExitCode {
    if std::env::var_os("BENCH_ROLE").is_some() {
        return run_functions::main();
    }
    told_run_by_run();
    told_with_output();
    counted_together();
    for chains in [1, 50, 200] {
        looked_at(chains);
    }
    ExitCode::SUCCESS
}

fn per_run(elapsed: Duration, runs: u64) -> f64 {
    elapsed.as_secs_f64() * 1e6 / runs as f64
}

fn size(directory: &Path) -> u64 {
    let files = fs::read_dir(directory).unwrap();
    files
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum()
}

/// Runs that are 300 ms apart, each with a line of its own, against one write(2) of as many bytes.
fn told_run_by_run() {
    let dir = tempfile::tempdir().unwrap();
    let mut chain = MeasuredChain::new(dir.path(), u64::MAX >> 1);
    let start = Instant::now();
    for _ in 0..RUNS {
        chain.succeed(Duration::from_millis(300), "");
    }
    let told = per_run(start.elapsed(), RUNS);
    let bytes = size(chain.directory()) as f64 / RUNS as f64;
    let plain = dir.path().join("plain");
    let file = fs::File::create(&plain).unwrap();
    let line = vec![b'x'; bytes as usize];
    let start = Instant::now();
    for run in 0..RUNS {
        std::os::unix::fs::FileExt::write_all_at(&file, &line, run * line.len() as u64).unwrap();
    }
    let written = per_run(start.elapsed(), RUNS);
    println!(
        "run by run: {told:.2} µs and {bytes:.0} bytes a run, {:.2} × one write(2) of them ({written:.2} µs)",
        told / written
    );
    println!(
        "size after 10^6 such runs without a bound: {:.1} MB",
        bytes * RUNS as f64 / 1e6
    );
    let mut bounded = MeasuredChain::new(&dir.path().join("bounded"), 32 << 20);
    for _ in 0..RUNS {
        bounded.succeed(Duration::from_millis(300), "");
    }
    println!(
        "size after 10^6 such runs with the default bound: {:.1} MB",
        size(bounded.directory()) as f64 / 1e6
    );
}

fn told_with_output() {
    const OUTPUT: usize = 10_000;
    const FEW: u64 = 20_000;
    let dir = tempfile::tempdir().unwrap();
    let mut chain = MeasuredChain::new(dir.path(), 32 << 20);
    let output = "y".repeat(OUTPUT);
    let start = Instant::now();
    for _ in 0..FEW {
        chain.succeed(Duration::from_millis(300), &output);
    }
    let told = per_run(start.elapsed(), FEW);
    println!(
        "with 10 kB of output: {told:.2} µs a run, {:.1} MB on disk",
        size(chain.directory()) as f64 / 1e6
    );
}

/// Runs that come as fast as they can: nothing but a counter.
fn counted_together() {
    let dir = tempfile::tempdir().unwrap();
    let mut chain = MeasuredChain::new(dir.path(), 32 << 20);
    let start = Instant::now();
    for _ in 0..10 * RUNS {
        chain.succeed(Duration::from_micros(1), "");
    }
    let counted = per_run(start.elapsed(), 10 * RUNS);
    println!(
        "counted together: {:.1} ns a run, {} bytes after 10^7 runs",
        counted * 1e3,
        size(chain.directory())
    );
}

/// `status` and `metrics` of chains of 20 tasks that have run for a day, and what this program takes to start and say its version.
fn looked_at(chains: usize) {
    let place = tempfile::tempdir().unwrap();
    let run = place.path().join("run");
    fs::create_dir(&run).unwrap();
    let labels: Vec<String> = (0..20).map(|task| format!("tasks::task_{task}")).collect();
    for name in 0..chains {
        let mut chain = MeasuredChain::of(&run, &format!("chain_{name}"), labels.clone(), 32 << 20);
        for _ in 0..300 {
            chain.succeed(Duration::from_secs(288), "");
        }
        fs::write(run.join(format!("chain_{name}.pid")), "1\n").unwrap();
    }
    let time = |args: &[&str]| {
        let mut times: Vec<Duration> = (0..TIMES)
            .map(|_| {
                let start = Instant::now();
                let mut command = Command::new(std::env::current_exe().unwrap());
                command
                    .args(args)
                    .env("BENCH_ROLE", "1")
                    .current_dir(place.path());
                command.stdout(Stdio::null()).stderr(Stdio::null());
                command.status().unwrap();
                start.elapsed()
            })
            .collect();
        times.sort();
        times[TIMES / 2]
    };
    let (start, status) = (time(&["--version"]), time(&["status"]));
    println!(
        "status of {chains} chains × 20 tasks: {:.1} ms, of which {:.1} ms to start",
        status.as_secs_f64() * 1e3,
        start.as_secs_f64() * 1e3
    );
    let metrics = time(&["metrics", "--textfile", "page.prom"]);
    let page = fs::metadata(place.path().join("page.prom")).unwrap();
    println!(
        "metrics of {chains} chains × 20 tasks into a file: {:.1} ms, {:.2} MB",
        metrics.as_secs_f64() * 1e3,
        page.len() as f64 / 1e6
    );
}
