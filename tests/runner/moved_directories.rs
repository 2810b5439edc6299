//! Directories that are moved or switched below a runner, and files that are odd when a command reads them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::Signal;

use super::strangers::{FAILS, SUCCEEDS, ends};
use crate::support::{Place, Runner, eventually, stderr, stdout};

/// What may be put in the place of a file.
const ODD: [&str; 3] = ["fifo", "zero", "directory"];

fn put(place: &Place, odd: &str, name: &str) {
    let path = place.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = fs::remove_file(&path);
    match odd {
        "fifo" => nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap(),
        "zero" => symlink("/dev/zero", &path).unwrap(),
        _ => fs::create_dir_all(&path).unwrap(),
    }
}

/// Every file that is read below RUN_ROOT and STATE_DIR.
const READ: [&str; 17] = [
    "run/outbox/alerts/1.json",
    "run/outbox/path.json",
    "run/outbox/left.json",
    "run/outbox/lock",
    "run/outbox/queue.lock",
    "run/outbox/queue/x.eml",
    "run/outbox/queue/y.json",
    "run/outbox/queue/y.state",
    "run/outbox/deferred/z.eml",
    "run/outbox/deferred/z.json",
    "run/outbox/deferred/z.state",
    "run/outbox/failed/x.eml",
    "run/outbox/failed/x.reason",
    "run/a.mutes",
    "run/a.memory",
    "run/a.history/1795305600000000.runs",
    "run/a.history/1795305600000000.out",
];

#[test]
fn nothing_that_is_no_file_makes_a_command_or_a_runner_wait() {
    for odd in ODD {
        let place = Place::with(FAILS);
        place.replace("why", "alpha");
        let runner = place.start(&["tasks::a"]);
        runner.wait_for("First exception caught");
        assert_eq!(runner.stop(), Some(0));
        place.write("run/outbox/queue/y.eml", "To: a@example.org\n\nx\n");
        for name in READ {
            put(&place, odd, name);
        }
        for line in [
            "status",
            "status a",
            "metrics",
            "report --text",
            "history",
            "history a",
            "logs a",
            "check",
            "mail queue",
            "mail queue --json",
            "mute a 1h",
            "unmute a",
            "mail queue --flush",
            "once tasks::send_mail",
            "once tasks::retry_deferred",
            "status --mail-if-bad",
            "stop a",
        ] {
            let args: Vec<&str> = line.split(' ').collect();
            ends(place.command(&args));
        }
        // What a start cannot rely on it refuses; else it runs.
        for name in READ.iter().filter(|name| name.starts_with("run/outbox")) {
            put(&place, odd, name);
        }
        place.replace("why", "beta");
        let runner = place.start(&["tasks::a"]);
        let mailed = || place.mails().iter().any(|mail| mail.contains("beta"));
        assert!(eventually(mailed), "{odd}: {}", runner.log());
        assert_eq!(runner.stop(), Some(0), "{odd}");
    }
}

#[test]
fn who_may_look_into_the_directory_cannot_bar_what_locks() {
    let place = Place::with(SUCCEEDS);
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Execution successful");
    place.set_mode("run", 0o755);
    let directory = fs::File::open(place.path("run")).unwrap();
    let _held = Flock::lock(directory, FlockArg::LockExclusiveNonblock).unwrap();
    let output = ends(place.command(&["mute", "a", "1h"]));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_runner_whose_directory_was_moved_leaves_the_chain_to_who_has_the_new_one() {
    let place = Place::with(SUCCEEDS);
    let mut old = place.start(&["tasks::a"]);
    old.wait_for("Execution successful");
    fs::rename(place.path("run"), place.path("run.old")).unwrap();
    let new = place.start(&["tasks::a"]);
    new.wait_for("Execution successful");
    assert_eq!(old.wait_for_end(), Some(0), "{}", old.log());
    let before = new.count("Execution successful");
    new.wait_for_count("Execution successful", before + 2);
    assert_eq!(new.stop(), Some(0));
}

#[test]
fn a_runner_whose_directory_was_moved_ends_and_says_why() {
    for moved in ["run", "state"] {
        let place = Place::with(&format!("state_dir = \"state\"\n{SUCCEEDS}"));
        let mut runner = place.start(&["tasks::a"]);
        runner.wait_for("Execution successful");
        let aside = format!("{moved}.old");
        fs::rename(place.path(moved), place.path(&aside)).unwrap();
        assert_eq!(runner.wait_for_end(), Some(71), "{}", runner.log());
        let words = format!("/{moved}` is no longer the directory that it was at the start");
        assert!(runner.log().contains(&words), "{}", runner.log());
    }
}

/// A place as tools that deploy make it, with the chain in it.
fn deployed() -> Place {
    let place = Place::empty();
    for release in ["releases/1", "releases/2"] {
        place.write(&format!("{release}/run_functions.toml"), SUCCEEDS);
    }
    symlink("releases/1", place.path("current")).unwrap();
    place
}

fn switch(place: &Place) {
    symlink("releases/2", place.path("next")).unwrap();
    fs::rename(place.path("next"), place.path("current")).unwrap();
}

fn in_current(place: &Place, args: &[&str]) -> Command {
    let mut command = place.command(args);
    let current = place.path("current");
    // As a shell does it that changed to it.
    command.current_dir(&current).env("PWD", &current);
    command
}

#[test]
fn two_releases_do_not_run_one_chain_twice() {
    for by_path in [true, false] {
        let place = deployed();
        let config = place.path("current/run_functions.toml");
        let config = ["--config", config.to_str().unwrap(), "tasks::a"];
        let start = || match by_path {
            true => place.start(&config),
            false => Runner::start(in_current(&place, &["tasks::a"])),
        };
        let mut old = start();
        old.wait_for("Execution successful");
        switch(&place);
        let new = start();
        new.wait_for("Execution successful");
        let code = old.wait_for_end();
        // Which of both looks first is chance.
        assert!(matches!(code, Some(0 | 71)), "{code:?}: {}", old.log());
        assert_eq!(new.stop(), Some(0));
    }
}

#[test]
fn a_run_root_in_a_release_is_a_warning_with_the_remedy() {
    let place = deployed();
    let config = place.path("current/run_functions.toml");
    let config = config.to_str().unwrap();
    let by_path = place.command(&["--config", config, "check", "tasks::a"]);
    for (command, why) in [
        (
            in_current(&place, &["check", "tasks::a"]),
            "leads through the link `",
        ),
        (
            in_current(&place, &["--dry-run", "tasks::a"]),
            "leads through the link `",
        ),
        (by_path, "leads through the link `"),
        (in_release(&place), "is in a release: `"),
    ] {
        let said = stderr(&ends(command));
        assert!(
            said.contains(&format!("warning: `run_root` {why}")),
            "{said}"
        );
        assert!(
            said.contains("help: name one that all of them share"),
            "{said}"
        );
    }
    let plain = Place::with(SUCCEEDS);
    assert_eq!(stderr(&plain.run(&["check", "tasks::a"])), "");
}

fn in_release(place: &Place) -> Command {
    let mut command = place.command(&["check", "tasks::a"]);
    command.current_dir(place.path("releases/1"));
    command
}

#[test]
#[ignore = "needs prlimit, of util-linux"]
fn a_history_with_a_hole_of_gigabytes_takes_no_memory_and_is_gone_on_with() {
    let place = Place::with(&format!("[history]\nmax_bytes = 8589934592\n{SUCCEEDS}"));
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Execution successful");
    assert_eq!(runner.stop(), Some(0));
    let file = newest_lines(&place.path("run/a.history"));
    fs::OpenOptions::new()
        .append(true)
        .open(&file)
        .unwrap()
        .set_len(3 << 30)
        .unwrap();
    for line in ["history a", "report --text", "status", "metrics"] {
        let args: Vec<&str> = line.split(' ').collect();
        let output = limited(&place, &args);
        assert!(
            matches!(output.status.code(), Some(0 | 3)),
            "{line}: {}",
            stderr(&output)
        );
        assert!(!stdout(&output).is_empty(), "{line}");
    }
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Execution successful");
    runner.signal(Signal::SIGTERM);
    assert!(stdout(&limited(&place, &["history", "a"])).contains("ok"));
}

fn newest_lines(directory: &Path) -> std::path::PathBuf {
    let paths = fs::read_dir(directory).unwrap();
    let paths = paths.map(|entry| entry.unwrap().path());
    let lines = paths.filter(|path| path.extension().is_some_and(|ending| ending == "runs"));
    lines.max().expect("a history has lines")
}

/// Runs a command that has half a gigabyte.
fn limited(place: &Place, args: &[&str]) -> Output {
    let mut command = Command::new("prlimit");
    let own = place.command(args);
    command
        .arg("--as=536870912")
        .arg(own.get_program())
        .args(own.get_args());
    command
        .current_dir(place.dir())
        .env("HOME", place.dir())
        .env("TZ", "UTC");
    command.stdin(Stdio::null());
    ends(command)
}
