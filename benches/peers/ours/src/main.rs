//! Measures our board as `benches/peers/measure.py` asks: `board_ours WHAT DIRECTORY JOBS WAITING`.
//! With another first word it is a program of run_functions.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Instant;

use run_functions::__internal::board::MeasuredBoard;
use run_functions::__internal::now;

const STEPS: u64 = 10;
const IN_FLIGHT: u32 = 64;

fn main() -> std::process::ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.first().map(String::as_str) {
        Some("jobs") => work(&words, 1),
        Some("steps") => work(&words, STEPS),
        Some("latency") => latency(&words),
        Some("worker") => whole_worker(&words),
        _ => return run_functions::main(),
    }
    std::process::ExitCode::SUCCESS
}

fn number(words: &[String], at: usize) -> u64 {
    words[at].parse().expect("a number of jobs")
}

/// Opens the board, with jobs of another definition that wait.
fn board(words: &[String]) -> MeasuredBoard {
    let board = MeasuredBoard::open(&Path::new(&words[1]).join("ours.sqlite")).unwrap();
    post(&board, "other", number(words, 3));
    board
}

fn post(board: &MeasuredBoard, definition: &str, jobs: u64) {
    for first in (0..jobs).step_by(1_000) {
        board
            .post(definition, first, (jobs - first).min(1_000))
            .unwrap();
    }
}

fn work(words: &[String], steps: u64) {
    let board = board(words);
    let jobs = number(words, 2);
    post(&board, "resize", jobs);
    assert!(Command::new("sync").status().unwrap().success());
    let mut worker = board.join("resize").unwrap();
    let begun = Instant::now();
    while worker.turn_of(IN_FLIGHT, steps).unwrap() > 0 {}
    println!(
        "{:.1}",
        (jobs * steps) as f64 / begun.elapsed().as_secs_f64()
    );
}

fn latency(words: &[String]) {
    let board = board(words);
    let jobs = number(words, 2);
    let mut worker = board.join("resize").unwrap();
    let (claimed, claims) = mpsc::channel();
    std::thread::spawn(move || {
        for _ in 0..jobs {
            claimed.send(worker.wait_for_job().unwrap()).unwrap();
        }
    });
    let mut times = Vec::new();
    for first in 0..jobs {
        std::thread::sleep(std::time::Duration::from_millis(10));
        let begun = now().mono;
        board.post("resize", first, 1).unwrap();
        times.push(claims.recv().unwrap().since(begun));
    }
    times.sort();
    let at = |percent: usize| times[times.len() * percent / 100].as_secs_f64() * 1e3;
    println!("{:.3} {:.3}", at(50), at(99));
}

/// The whole worker, as an administrator starts it: each step is a process of its own.
fn whole_worker(words: &[String]) {
    let program = std::env::current_exe().unwrap();
    let directory = Path::new(&words[1]);
    let run = |words: &[&str]| {
        let mut command = Command::new(&program);
        command
            .args(words)
            .current_dir(directory)
            .stdout(Stdio::null());
        let done = command.stderr(Stdio::null()).status().unwrap();
        assert!(done.success(), "{words:?}");
    };
    let config = "[jobs.quick]\nsteps = [{ name = \"a\", command = [\"true\"] }]\n";
    let file = directory.join("run_functions.toml");
    std::fs::write(&file, config).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let jobs = number(words, 2);
    let lines = "{}\n".repeat(usize::try_from(jobs).unwrap());
    std::fs::write(directory.join("jobs.jsonl"), lines).unwrap();
    run(&["post", "quick", "--from", "jobs.jsonl"]);
    let begun = Instant::now();
    run(&["work", "--once", "--slots", "64"]);
    println!("{:.1}", jobs as f64 / begun.elapsed().as_secs_f64());
}
