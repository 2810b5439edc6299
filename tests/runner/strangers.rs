//! Directories that another user could change: root relies on none of them, and what is put in the
//! place of ours is neither followed, read, written, deleted nor waited for.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::Signal;

use crate::support::{Place, Runner, eventually, stderr, stdout};

const APP: u32 = 12345;
const FAILS: &str = "[tasks.a]\nshell = \"cat why >&2; exit 1\"\nfail_cooldown = \"10ms\"\n";
const SUCCEEDS: &str = "[tasks.a]\nshell = \"true\"\nsuccess_cooldown = \"10ms\"\n";

fn give(place: &Place, name: &str) {
    chown(place.path(name), Some(APP), Some(APP)).expect("root gives files away");
}

/// Runs a command that must not hang.
#[track_caller]
fn ends(mut command: Command) -> Output {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary can be started");
    let ended = eventually(|| child.try_wait().unwrap().is_some());
    if !ended {
        let _ = child.kill();
    }
    let output = child.wait_with_output().unwrap();
    assert!(ended, "it hangs: {command:?}");
    output
}

/// What a stranger would be harmed by: a directory of other files.
fn precious(place: &Place) {
    place.write("precious/logrotate", "weekly\n");
    place.write("precious/broken.json", "{");
    place.write("precious/old.eml", "To: a@example.org\n\nx\n");
    place.write("precious/0000000000000001.out", "not ours\n");
}

fn listing(place: &Place) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(place.path("precious")).unwrap();
    let mut all: Vec<_> = entries
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap_or_default())
        })
        .collect();
    all.sort();
    all
}

#[test]
#[ignore = "needs root"]
fn root_relies_on_no_directory_below_another_users() {
    for settings in ["run_root = \"app/run\"", "state_dir = \"app/deep/state\""] {
        let place = Place::with(&format!("{settings}\n{SUCCEEDS}"));
        place.write("app/deep/keep", "");
        give(&place, "app");
        let check = place.run(&["check", "tasks::a"]);
        let said = stderr(&check);
        assert!(said.contains("cannot be used: `"), "{said}");
        assert!(said.contains("/app` belongs to uid 12345"), "{said}");
        assert!(said.contains("help: "), "{said}");
        let refused = place.run(&["tasks::a"]);
        assert_eq!(refused.status.code(), Some(73), "{}", stderr(&refused));
        assert!(stderr(&refused).contains("/app` belongs to uid 12345"));
        assert!(!place.path("app/run").exists() || !place.path("app/run/a.pid").exists());
    }
}

#[test]
#[ignore = "needs root"]
fn root_relies_on_no_directory_below_one_that_others_can_write_unless_it_is_sticky() {
    let place = Place::with(&format!("run_root = \"shared/run\"\n{SUCCEEDS}"));
    place.write("shared/run/keep", "");
    place.set_mode("shared/run", 0o700);
    for mode in [0o777, 0o775, 0o2770, 0o1777] {
        place.set_mode("shared", mode);
        let output = place.run(&["check", "tasks::a"]);
        let is_refused = stderr(&output).contains("/shared` can be written by others");
        assert_eq!(is_refused, mode != 0o1777, "{mode:o}: {}", stderr(&output));
    }
    // In a sticky one what is another's is the other's still.
    give(&place, "shared/run");
    let output = place.run(&["tasks::a"]);
    assert_eq!(output.status.code(), Some(73));
    assert!(stderr(&output).contains("uid 12345"), "{}", stderr(&output));
}

#[test]
#[ignore = "needs root"]
fn root_goes_through_no_link_that_another_user_could_change() {
    let place = Place::with(&format!("run_root = \"way/run\"\n{SUCCEEDS}"));
    place.write("app/keep", "");
    fs::create_dir(place.path("ours")).unwrap();
    symlink(place.path("ours"), place.path("app/link")).unwrap();
    symlink("app/link", place.path("way")).unwrap();
    give(&place, "app");
    let refused = place.run(&["tasks::a"]);
    assert_eq!(refused.status.code(), Some(73), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("/app` belongs to uid 12345"));
    assert!(!place.path("ours/run").exists());
}

#[test]
#[ignore = "needs root"]
fn to_a_user_a_doubtful_directory_above_is_a_warning_and_the_chain_runs() {
    let place = Place::with(&format!("run_root = \"app/mine/run\"\n{SUCCEEDS}"));
    place.set_mode(".", 0o755);
    place.write("app/mine/keep", "");
    give(&place, "app/mine");
    chown(place.path("app"), Some(54321), None).unwrap();
    let program = place.copy_program("rf");
    let mut command = place.command_of(&program, &["tasks::a"]);
    command.uid(APP).gid(APP);
    let runner = Runner::start(command);
    runner.wait_for("Execution successful");
    let log = runner.log();
    assert!(
        log.contains("`run_root` is not safe from others: `"),
        "{log}"
    );
    assert!(log.contains("/app` belongs to uid 54321"), "{log}");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_start_refuses_what_was_put_in_the_place_of_its_directories() {
    for name in [
        "outbox",
        "outbox/alerts",
        "outbox/queue",
        "outbox/deferred",
        "outbox/failed",
        "a.history",
    ] {
        let place = Place::with(FAILS);
        precious(&place);
        let before = listing(&place);
        place.write("run/outbox/keep", "");
        let _ = fs::remove_dir_all(place.path("run").join(name));
        place.set_mode("run", 0o700);
        symlink(place.path("precious"), place.path("run").join(name)).unwrap();
        for args in [&["check", "tasks::a"][..], &["tasks::a"]] {
            let output = ends(place.command(args));
            let said = stderr(&output);
            let expected = if args.len() == 1 { 73 } else { 0 };
            assert_eq!(output.status.code(), Some(expected), "{name}: {said}");
            let words = format!("/run/{name}` is a symbolic link, which is never followed");
            assert!(said.contains(&words), "{said}");
        }
        assert_eq!(listing(&place), before, "{name}");
    }
}

#[test]
fn a_start_refuses_an_outbox_that_others_can_write() {
    for name in ["outbox", "outbox/alerts", "a.history"] {
        let place = Place::with(FAILS);
        place.write(&format!("run/{name}/keep"), "");
        place.set_mode("run", 0o700);
        place.set_mode(&format!("run/{name}"), 0o777);
        let output = ends(place.command(&["tasks::a"]));
        assert_eq!(output.status.code(), Some(73), "{}", stderr(&output));
        assert!(stderr(&output).contains("`chmod go-w` it"));
    }
}

#[test]
fn a_runner_follows_no_link_that_comes_later_and_its_mail_leaves() {
    let swap = |place: &Place, name: &str| {
        let path = place.path("run").join(name);
        let _ = fs::rename(&path, path.with_extension("aside"));
        symlink(place.path("precious"), path).unwrap();
    };
    for name in ["outbox", "outbox/alerts", "outbox/failed", "a.history"] {
        let place = Place::with(FAILS);
        precious(&place);
        let before = listing(&place);
        place.replace("why", "alpha");
        let runner = place.start(&["tasks::a"]);
        runner.wait_for("First exception caught");
        swap(&place, name);
        if name == "outbox/failed" {
            place.write("run/outbox/alerts/damaged.json", "{");
        }
        place.replace("why", "beta");
        assert!(
            eventually(|| place.mails().iter().any(|mail| mail.contains("beta"))),
            "{name}: {}",
            runner.log()
        );
        assert_eq!(runner.stop(), Some(0), "{name}");
        assert_eq!(listing(&place), before, "{name}");
    }
}

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

#[test]
fn manual_pages_replace_links_and_leave_their_targets() {
    let place = Place::with(SUCCEEDS);
    place.write("precious", "mine\n");
    fs::create_dir(place.path("man")).unwrap();
    for page in [
        "run_functions.1",
        "run_functions-status.1",
        "run_functions-mail-queue.1",
    ] {
        symlink(place.path("precious"), place.path("man").join(page)).unwrap();
    }
    let output = ends(place.command(&["man", "man"]));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(place.read("precious"), "mine\n");
    for page in [
        "run_functions.1",
        "run_functions-status.1",
        "run_functions-mail-queue.1",
    ] {
        let path = place.path("man").join(page);
        assert!(path.symlink_metadata().unwrap().is_file(), "{page}");
        assert!(fs::read_to_string(path).unwrap().contains(".TH "), "{page}");
    }
}

#[test]
#[ignore = "needs root"]
fn no_page_is_written_through_a_link_of_another_user() {
    let place = Place::with(SUCCEEDS);
    place.write("precious", "mine\n");
    fs::create_dir(place.path("shared")).unwrap();
    place.set_mode("shared", 0o1777);
    for (page, args) in [
        ("page.html", &["report", "--html", "shared/page.html"][..]),
        ("page.prom", &["metrics", "--textfile", "shared/page.prom"]),
    ] {
        let path = place.path("shared").join(page);
        symlink(place.path("precious"), &path).unwrap();
        std::os::unix::fs::lchown(&path, Some(APP), None).unwrap();
        ends(place.command(args));
        assert_eq!(place.read("precious"), "mine\n", "{page}");
    }
}

#[test]
#[ignore = "needs root"]
fn roots_runner_writes_no_page_and_no_mail_where_another_user_decides_what_the_directory_is() {
    let place = Place::with(&format!(
        "[metrics]\ntextfile = \"app/metrics/%n.prom\"\n[mail]\nto = [\"a@example.org\"]\ntransport = \"file\"\ndirectory = \"app/mail\"\n{FAILS}"
    ));
    place.replace("why", "alpha");
    precious(&place);
    let before = listing(&place);
    place.write("app/keep", "");
    for name in ["app/metrics", "app/mail"] {
        symlink(place.path("precious"), place.path(name)).unwrap();
    }
    give(&place, "app");
    let said = stderr(&place.run(&["check", "tasks::a"]));
    assert!(said.contains("`directory` cannot be used: `"), "{said}");
    assert!(said.contains("`textfile` cannot be used: `"), "{said}");
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Mail cannot leave");
    runner.wait_for("the page for the node exporter cannot be written");
    assert!(
        runner.log().contains("/app` belongs to uid 12345"),
        "{}",
        runner.log()
    );
    assert_eq!(runner.stop(), Some(0));
    assert_eq!(listing(&place), before);
}

/// Puts something in the place of a file, by which root would write into `precious`.
fn lure(place: &Place, kind: &str, name: &str) {
    let _ = fs::remove_file(place.path(name));
    match kind {
        "link" => symlink(place.path("precious/logrotate"), place.path(name)).unwrap(),
        "dangling" => symlink(place.path("precious/made"), place.path(name)).unwrap(),
        "relative" => symlink("../precious/made", place.path(name)).unwrap(),
        _ => fs::hard_link(place.path("precious/logrotate"), place.path(name)).unwrap(),
    }
}

#[test]
#[ignore = "needs root"]
fn roots_log_and_output_lead_nowhere_else_in_a_directory_of_another_user() {
    let settings = "log = { file = \"app/log\" }\n";
    let output = "output_file = \"app/out\"\n";
    for kind in ["link", "dangling", "relative", "hard link"] {
        let place = Place::with(&format!("{settings}{SUCCEEDS}{output}"));
        precious(&place);
        let before = listing(&place);
        place.write("app/keep", "");
        give(&place, "app");
        lure(&place, kind, "app/log");
        lure(&place, kind, "app/out");
        let check = stderr(&place.run(&["check", "tasks::a"]));
        assert!(check.contains("`file` cannot be used: `"), "{check}");
        let runner = place.start(&["tasks::a"]);
        runner.wait_for("/app/log` cannot be opened, and the log goes to standard error");
        runner.wait_for("/app/out` cannot be opened: ");
        assert_eq!(runner.stop(), Some(0));
        assert_eq!(listing(&place), before, "{kind}");
    }
}

#[test]
#[ignore = "needs root"]
fn roots_log_follows_no_link_that_comes_before_it_is_opened_again() {
    let settings = "log = { file = \"app/log\" }\n";
    for kind in ["link", "dangling", "hard link"] {
        let place = Place::with(&format!("{settings}{SUCCEEDS}"));
        precious(&place);
        let before = listing(&place);
        place.write("app/log", "");
        give(&place, "app");
        let runner = place.start(&["tasks::a"]);
        assert!(eventually(|| place.read("app/log").contains("successful")));
        fs::rename(place.path("app/log"), place.path("app/old")).unwrap();
        lure(&place, kind, "app/log");
        runner.signal(Signal::SIGHUP);
        assert!(eventually(|| {
            place
                .read("app/old")
                .contains("could not reopen the log file")
        }));
        assert_eq!(runner.stop(), Some(0));
        assert_eq!(listing(&place), before, "{kind}");
    }
}

#[test]
#[ignore = "needs root"]
fn roots_log_is_not_opened_below_a_directory_that_another_user_could_replace() {
    let settings = "log = { file = \"app/logs/log\" }\n";
    let place = Place::with(&format!("{settings}{SUCCEEDS}"));
    precious(&place);
    let before = listing(&place);
    place.write("app/keep", "");
    symlink(place.path("precious"), place.path("app/logs")).unwrap();
    give(&place, "app");
    let once = stderr(&place.run(&["once", "tasks::a"]));
    assert!(once.contains("cannot be opened, and the log"), "{once}");
    assert!(once.contains("/app` belongs to uid 12345"), "{once}");
    assert_eq!(listing(&place), before);
}

#[test]
fn a_log_goes_through_links_of_ours_and_to_standard_error() {
    for (file, log) in [("logs/log", "real/log"), ("link", "real/other")] {
        let place = Place::with(&format!("log = {{ file = \"{file}\" }}\n{SUCCEEDS}"));
        place.write("real/keep", "");
        symlink("real", place.path("logs")).unwrap();
        symlink("logs/other", place.path("link")).unwrap();
        assert_eq!(place.run(&["once", "tasks::a"]).status.code(), Some(0));
        assert!(place.read(log).contains("Execution successful"));
    }
    for file in ["/dev/stderr", "/proc/self/fd/2"] {
        let place = Place::with(&format!("log = {{ file = \"{file}\" }}\n{SUCCEEDS}"));
        let once = stderr(&place.run(&["once", "tasks::a"]));
        assert!(once.contains("Execution successful"), "{once}");
    }
}

#[test]
#[ignore = "needs root"]
fn root_writes_no_page_where_another_user_decides_what_the_directory_is() {
    let place = Place::with(SUCCEEDS);
    precious(&place);
    assert_eq!(place.run(&["once", "tasks::a"]).status.code(), Some(0));
    place.write("app/keep", "");
    symlink(place.path("precious"), place.path("app/pages")).unwrap();
    give(&place, "app");
    let before = listing(&place);
    for args in [
        &["report", "--html", "app/pages/report.html"][..],
        &["metrics", "--textfile", "app/pages/page.prom"],
        &["man", "app/pages"],
        &["init", "app/pages/new"],
    ] {
        let output = place.run(args);
        assert_ne!(output.status.code(), Some(0), "{args:?}");
        let said = stderr(&output);
        assert!(
            said.contains("/app` belongs to uid 12345"),
            "{args:?}: {said}"
        );
        assert_eq!(listing(&place), before, "{args:?}");
    }
}
