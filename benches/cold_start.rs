//! How long each command takes from its start to its end, in `exec`s of `true` and of `--version`: `cargo bench --bench cold_start`.
//!
//! "Cold" is the process, not the disk: nothing of it runs yet, its file is in memory. Each round starts every command once, one after the other,
//! so that whatever else the machine does meets all of them alike.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measure reads clocks of its own, prints what it found, and ends at once when it cannot measure"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The stock binary of the same build.
const STOCK: &str = env!("CARGO_BIN_EXE_run_functions");
const ROUNDS: usize = 60;

const CONFIG: &str = "
[tasks.good]
command = [\"true\"]
success_cooldown = \"0s\"

[tasks.bad]
command = [\"false\"]
fail_cooldown = \"10ms\"
";

/// What is typed, and with which code it ends.
const COMMANDS: [(&str, i32); 20] = [
    ("--version", 0),
    ("--help", 0),
    ("list", 0),
    ("check", 0),
    ("check --effective", 0),
    ("--dry-run tasks::good", 0),
    ("once tasks::good", 0),
    ("status", 1),
    ("history", 0),
    ("logs tasks::good", 0),
    ("report", 0),
    ("metrics", 0),
    ("stop good", 3),
    ("wake good", 3),
    ("simulate tasks::good", 0),
    ("mail test", 0),
    ("mail queue", 0),
    ("service print tasks::good", 0),
    ("completions bash", 0),
    ("man man", 0),
];

fn main() {
    let place = prepare();
    let mut all: Vec<(&str, Vec<Duration>)> = vec![("true", Vec::new()), ("init", Vec::new())];
    all.extend(COMMANDS.map(|(command, _)| (command, Vec::new())));
    for round in 0..ROUNDS {
        for (command, times) in &mut all {
            times.push(match *command {
                "true" => time(Command::new("true"), place.path(), 0),
                "init" => time(stock(&format!("init fresh/{round}")), place.path(), 0),
                typed => {
                    let code = COMMANDS
                        .iter()
                        .find(|(command, _)| command == &typed)
                        .unwrap()
                        .1;
                    time(stock(typed), place.path(), code)
                }
            });
        }
    }
    let median = |name: &str| {
        let mut times = all
            .iter()
            .find(|(command, _)| *command == name)
            .unwrap()
            .1
            .clone();
        times.sort();
        times[times.len() / 2].as_secs_f64() * 1000.0
    };
    let (nothing, version) = (median("true"), median("--version"));
    println!("{ROUNDS} rounds, medians; `true` {nothing:.2} ms, `--version` {version:.2} ms");
    println!("| command | ms | in `--version`s | in `true`s |\n|---|--:|--:|--:|");
    for (command, _) in &all {
        let took = median(command);
        println!(
            "| `{command}` | {took:.2} | {:.1} | {:.1} |",
            took / version,
            took / nothing
        );
    }
}

/// Makes a directory with a configuration, and a chain that has run a while in it.
fn prepare() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("run_functions.toml"), CONFIG).unwrap();
    fs::create_dir(place.path().join("man")).unwrap();
    let mut runner = stock("tasks::good tasks::bad")
        .current_dir(place.path())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_secs(5));
    let stopped = stock("stop good_bad")
        .current_dir(place.path())
        .stderr(Stdio::null())
        .status();
    assert!(stopped.unwrap().success());
    runner.wait().unwrap();
    place
}

fn stock(typed: &str) -> Command {
    let mut command = Command::new(STOCK);
    command.args(typed.split(' '));
    command
}

fn time(mut command: Command, directory: &Path, code: i32) -> Duration {
    command
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let begun = Instant::now();
    let status = command.status().unwrap();
    let took = begun.elapsed();
    assert_eq!(status.code(), Some(code), "{command:?}");
    took
}
