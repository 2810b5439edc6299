//! What the board in a SQLite file does, each ratio within one run: `cargo bench --bench board`, or a part of it:
//! `cargo bench --bench board -- work waiting latency`. The file is in the working directory of the bench, or in `BENCH_DIRECTORY`.
//! With `BENCH_POSTGRES=postgres://USER@HOST/bench…` the same is measured in that database, whose schema `run_functions` is emptied before
//! each part; its name must begin with `bench`.
//!
//! | line | goal |
//! |---|---|
//! | one-step jobs, journal kept, 64 in flight | ≥ 30,000 a second |
//! | the same while a million of another definition waits | ≥ 85 % of it |
//! | the same while a million waits behind a limit | ≥ 85 % of it |
//! | a batch of 100,000 from a file | jobs a second |
//! | counts and four pages of jobs beside a million | ≤ 50 ms |
//! | all jobs fail for one cause, with a fact each transaction | ≥ 85 % of all succeeding |
//! | post to claim | p50 ≤ 1 ms, p99 ≤ 5 ms |
//!
//! Each job is a claim, a journal entry and an end; the end of one batch and the claim of the next are one transaction. A commit is one
//! fdatasync(2), which is measured beside: where that takes 5 ms, 64 in flight cannot be more than 12,800 a second.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measure looks at the clock, answers, and ends when anything fails"
)]

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use run_functions::__internal::board::MeasuredBoard;
use run_functions::__internal::{Mono, now};

const JOBS: u64 = 100_000;
const OTHERS: u64 = 1_000_000;
const IN_FLIGHT: u64 = 64;
const POSTS: u64 = 1_000;

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let is_wanted = |part: &str| wanted.is_empty() || wanted.iter().any(|word| word == part);
    println!("fdatasync of 32 KiB: {:.0} µs", synced() * 1e6);
    if is_wanted("work") {
        work_beside_what_waits(is_wanted("waiting"));
    }
    if is_wanted("batch") {
        post_a_batch();
    }
    if is_wanted("limits") {
        work_beside_what_is_limited();
    }
    if is_wanted("failing") {
        work_while_all_fail();
    }
    if is_wanted("latency") {
        post_to_claim();
    }
    if is_wanted("sizes") {
        work_in_batches_of_any_size();
    }
}

/// A board in a place of its own, which is kept while the board is used.
fn open() -> (MeasuredBoard, Option<tempfile::TempDir>) {
    let Some(address) = std::env::var_os("BENCH_POSTGRES") else {
        let dir = directory();
        let board = MeasuredBoard::open(&dir.path().join("board.sqlite")).unwrap();
        return (board, Some(dir));
    };
    let address = address.into_string().unwrap();
    let database = address.rsplit('/').next().unwrap();
    assert!(database.starts_with("bench"), "the database is emptied");
    let drop = "DROP SCHEMA IF EXISTS run_functions CASCADE";
    let psql = Command::new("psql")
        .args(["-q", "-c", drop, &address])
        .status();
    assert!(psql.unwrap().success());
    (MeasuredBoard::open_postgres(&address).unwrap(), None)
}

/// No size of a batch is a cliff.
fn work_in_batches_of_any_size() {
    let (board, _place) = open();
    let mut first = 0;
    for in_flight in [16, 64, 256, 1_000, 4_000] {
        for threads in [1, 2] {
            post(&board, "resize", first, JOBS / 2);
            first += JOBS / 2;
            assert!(Command::new("sync").status().unwrap().success());
            let rate = work_with(&board, threads, in_flight);
            println!("{in_flight} in flight, {threads} threads: {rate:.0} jobs/s");
        }
    }
}

fn directory() -> tempfile::TempDir {
    let base =
        std::env::var_os("BENCH_DIRECTORY").map_or_else(|| PathBuf::from("."), PathBuf::from);
    tempfile::tempdir_in(base).unwrap()
}

/// The median time of a write to the disk, which each commit waits for.
fn synced() -> f64 {
    let dir = directory();
    let file = File::create(dir.path().join("synced")).unwrap();
    let once = |at: u64| {
        let start = Instant::now();
        file.write_all_at(&[7; 32 << 10], at * (32 << 10)).unwrap();
        file.sync_data().unwrap();
        start.elapsed().as_secs_f64()
    };
    let mut times: Vec<f64> = (0..101).map(once).collect();
    times.sort_by(f64::total_cmp);
    times[50]
}

fn post(board: &MeasuredBoard, definition: &str, first: u64, jobs: u64) -> f64 {
    let start = Instant::now();
    for at in (first..first + jobs).step_by(1_000) {
        board.post(definition, at, 1_000).unwrap();
    }
    jobs as f64 / start.elapsed().as_secs_f64()
}

/// Returns how many jobs a second are done, by so many threads that share a worker's slots.
fn work(board: &MeasuredBoard, threads: u64) -> f64 {
    work_with(board, threads, IN_FLIGHT)
}

fn work_with(board: &MeasuredBoard, threads: u64, in_flight: u64) -> f64 {
    let mut workers: Vec<_> = (0..threads)
        .map(|_| board.join("resize").unwrap())
        .collect();
    let slots = u32::try_from(in_flight / threads).unwrap();
    let start = Instant::now();
    let done: usize = std::thread::scope(|scope| {
        let work = |worker: &mut run_functions::__internal::board::MeasuredWorker| {
            let turns = std::iter::from_fn(|| Some(worker.turn(slots).unwrap()));
            turns.take_while(|held| *held > 0).sum::<usize>()
        };
        let threads: Vec<_> = workers
            .iter_mut()
            .map(|worker| scope.spawn(move || work(worker)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    done as f64 / start.elapsed().as_secs_f64()
}

/// How often each measure is taken; the median counts.
const TIMES: usize = 3;

/// Returns the medians of jobs a second, with one thread and with two.
fn medians(board: &MeasuredBoard, first: &mut u64) -> [f64; 2] {
    let mut found = [Vec::new(), Vec::new()];
    for _ in 0..TIMES {
        for threads in [1, 2] {
            post(board, "resize", *first, JOBS);
            *first += JOBS;
            // What was posted is written back before, not beside, what is measured.
            assert!(Command::new("sync").status().unwrap().success());
            found[threads - 1].push(work(board, threads as u64));
        }
    }
    found.map(|mut rates| {
        rates.sort_by(f64::total_cmp);
        rates[TIMES / 2]
    })
}

fn work_beside_what_waits(with_others: bool) {
    let (board, _place) = open();
    let mut first = 0;
    let alone = medians(&board, &mut first);
    println!(
        "64 in flight: {:.0} jobs/s by one thread, {:.0} by two",
        alone[0], alone[1]
    );
    if !with_others {
        return;
    }
    let posted = post(&board, "other", 0, OTHERS);
    println!("a million of another definition posted: {posted:.0}/s");
    let beside = medians(&board, &mut first);
    let look = |_| {
        let start = Instant::now();
        board.overview().unwrap();
        start.elapsed().as_secs_f64() * 1e3
    };
    let looks: [f64; TIMES] = std::array::from_fn(look);
    println!("counts and four pages of jobs: {looks:.1?} ms");
    let percent = |at: usize| 100.0 * beside[at] / alone[at];
    println!(
        "64 in flight beside a million: {:.0} and {:.0} jobs/s, {:.0} % and {:.0} %",
        beside[0],
        beside[1],
        percent(0),
        percent(1)
    );
}

/// A million jobs of another definition behind a limit, and then what these take themselves.
fn work_beside_what_is_limited() {
    let (board, _place) = open();
    let mut first = 0;
    let alone = medians(&board, &mut first);
    let start = Instant::now();
    for at in (0..OTHERS).step_by(1_000) {
        board.post_limited("other", at, 1_000).unwrap();
    }
    let posted = OTHERS as f64 / start.elapsed().as_secs_f64();
    println!("a million behind a limit posted: {posted:.0}/s");
    let beside = medians(&board, &mut first);
    let percent = |at: usize| 100.0 * beside[at] / alone[at];
    println!(
        "64 in flight, {:.0} and {:.0} jobs/s alone; beside a million behind a limit {:.0} and {:.0}, {:.0} % and {:.0} %",
        alone[0],
        alone[1],
        beside[0],
        beside[1],
        percent(0),
        percent(1)
    );
    // What is limited itself: each end admits the next one.
    let mut worker = board.join_limited("other").unwrap();
    let start = Instant::now();
    for _ in 0..POSTS {
        assert_eq!(worker.turn(8).unwrap(), 1);
    }
    let each = start.elapsed().as_secs_f64() / POSTS as f64;
    println!(
        "end of a limited job and claim of the next: {:.0} µs",
        each * 1e6
    );
}

/// Jobs that all fail for one cause, beside as many that all succeed, in turn. Who mails about them looks once a second.
fn work_while_all_fail() {
    let dir = directory();
    let board = MeasuredBoard::open(&dir.path().join("board.sqlite")).unwrap();
    let mut first = 0;
    let mut rates = [Vec::new(), Vec::new()];
    for _ in 0..TIMES {
        for fails in [false, true] {
            post(&board, "resize", first, JOBS);
            first += JOBS;
            assert!(Command::new("sync").status().unwrap().success());
            let mut worker = board.join("resize").unwrap();
            if fails {
                worker.fail_all();
            }
            let start = Instant::now();
            while worker.turn(u32::try_from(IN_FLIGHT).unwrap()).unwrap() > 0 {}
            rates[usize::from(fails)].push(JOBS as f64 / start.elapsed().as_secs_f64());
        }
    }
    let [good, bad] = rates.map(|mut rates| {
        rates.sort_by(f64::total_cmp);
        rates[TIMES / 2]
    });
    println!(
        "64 in flight: {good:.0} jobs/s succeed, {bad:.0} jobs/s fail, {:.0} %",
        100.0 * bad / good
    );
}

fn post_a_batch() {
    let (board, _place) = open();
    let line = |n| format!("{{\"path\": \"/srv/{n}.png\", \"width\": 800}}\n");
    let lines: String = (0..JOBS).map(line).collect();
    let start = Instant::now();
    assert_eq!(board.post_batch("resize", &lines).unwrap(), JOBS);
    let rate = JOBS as f64 / start.elapsed().as_secs_f64();
    println!("a batch of 100,000 from a file: {rate:.0} jobs/s posted");
}

fn post_to_claim() {
    let (board, _place) = open();
    let mut worker = board.join("resize").unwrap();
    let (claimed, claims) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        for _ in 0..POSTS {
            claimed.send(worker.wait_for_job().unwrap()).unwrap();
        }
    });
    let (mut whole, mut after) = (Vec::new(), Vec::new());
    for number in 0..POSTS {
        let begun: Mono = now().mono;
        board.post("resize", number, 1).unwrap();
        let posted = now().mono;
        let claimed = claims.recv().unwrap();
        whole.push(claimed.since(begun));
        after.push(claimed.since(posted));
    }
    thread.join().unwrap();
    for (what, mut times) in [
        ("begin of a post to claim", whole),
        ("acknowledged post to claim", after),
    ] {
        times.sort();
        let at = |percent: usize| times[times.len() * percent / 100];
        let show = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1e3);
        println!("{what}: p50 {}, p99 {}", show(at(50)), show(at(99)));
    }
}
