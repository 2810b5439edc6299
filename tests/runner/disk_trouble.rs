//! A disk that refuses, a process that lacks something, a runner that is stopped: the chain goes on where it can, mail leaves as soon as it can,
//! and `status` does not take it for health.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{Place, Runner, eventually, stderr, stdout};
use nix::sys::signal::Signal;

const BAD: &str = "[tasks.bad]\nshell = \"false\"\nfail_cooldown = \"50ms\"\nnon_recoverable_downtime = \"200ms\"\n";

fn code(place: &Place, args: &[&str]) -> (Option<i32>, String) {
    let output = place.run(args);
    let said = stdout(&output) + &stderr(&output);
    (output.status.code(), said)
}

/// Waits until `status` ends with 1 and says this.
#[track_caller]
fn wait_for_status(place: &Place, told: &str) {
    let mut last = (None, String::new());
    let found = eventually(|| {
        last = code(place, &["status"]);
        last.0 == Some(1) && last.1.contains(told)
    });
    assert!(found, "`{told}` is not in {last:?}");
}

fn limit_descriptors(runner: &Runner, limit: &str) {
    let pid = runner.pid().to_string();
    let limited = Command::new("prlimit")
        .args(["--pid", &pid, &format!("--nofile={limit}:")])
        .status()
        .unwrap();
    assert!(limited.success());
}

#[test]
fn a_live_page_that_is_cut_short_or_gone_ends_no_runner_and_is_seen_all_the_same() {
    let place = Place::with("[tasks.a]\nshell = \"true\"\nsuccess_cooldown = \"20ms\"\n");
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Sleeping");
    fs::File::create(place.path("run/a.live")).unwrap();
    let before = runner.count("Execution successful");
    runner.wait_for_count("Execution successful", before + 5);
    fs::remove_file(place.path("run/a.live")).unwrap();
    let before = runner.count("Execution successful");
    runner.wait_for_count("Execution successful", before + 5);
    let (healthy, said) = code(&place, &["status"]);
    assert_eq!(healthy, Some(0), "{said}");
    assert!(said.contains("tasks::a"), "{said}");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn mail_leaves_soon_after_a_shortage_of_descriptors() {
    let place = Place::with(BAD);
    let runner = place.start(&["tasks::bad"]);
    runner.wait_for("Mail to ");
    limit_descriptors(&runner, "5");
    runner.wait_for("Mail is kept in memory only");
    wait_for_status(&place, "in the memory of the runner alone");
    let before = place.mails().len();
    limit_descriptors(&runner, "1024");
    runner.wait_for("in the outbox now");
    assert!(eventually(|| place.mails().len() > before));
    let well = eventually(|| !code(&place, &["status"]).1.contains("in the memory"));
    assert!(well, "{}", code(&place, &["status"]).1);
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_shortage_of_memory_ends_no_runner_and_mail_leaves_after_it() {
    let place = Place::with(BAD);
    let runner = place.start(&["tasks::bad"]);
    runner.wait_for("Mail to ");
    let pid = runner.pid().to_string();
    let limit = |limit: &str| {
        let words = ["--pid", &pid, &format!("--as={limit}:")];
        let limited = Command::new("prlimit").args(words).status().unwrap();
        assert!(limited.success());
    };
    let size = || {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let size = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
        let kib = size.unwrap().trim().trim_end_matches(" kB");
        kib.parse::<u64>().unwrap() << 10
    };
    // What was mapped for a moment when the size was read would be room.
    let is_short = || {
        limit(&size().to_string());
        runner.count("Cannot allocate memory") >= 3
    };
    assert!(eventually(is_short), "{}", runner.log());
    let before = place.mails().len();
    limit("unlimited");
    assert!(
        eventually(|| place.mails().len() > before + 1),
        "{}",
        runner.log()
    );
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_task_whose_runs_no_disk_takes_is_not_said_to_have_run_never() {
    let place = Place::with("[tasks.good]\nshell = \"true\"\nsuccess_cooldown = \"10ms\"\n");
    place.write("run/good.history", "in the way");
    place.set_mode("run", 0o700);
    let runner = place.start(&["tasks::good"]);
    runner.wait_for_count("Execution successful", 2);
    wait_for_status(&place, "tasks::good  no run is recorded");
    wait_for_status(&place, "the history of runs cannot be written");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn what_no_disk_takes_is_in_the_log_at_the_end_and_status_is_not_well_before() {
    for log in ["", "[log]\nfile = \"the.log\"\n"] {
        let place = Place::with(&format!(
            "run_root = \"here\"\nstate_dir = \"state\"\n[mail]\nto = [\"ops@example.org\"]\nserver = \"127.0.0.1\"\nport = 1\ntls = \"none\"\n{log}[tasks.bad]\nshell = \"echo very peculiar; false\"\n"
        ));
        for directory in ["outbox", "bad.history"] {
            place.write(&format!("state/{directory}"), "in the way");
        }
        place.set_mode("state", 0o700);
        let mut runner = place.start(&["tasks::bad"]);
        wait_for_status(&place, "1 mail waits in the memory of the runner alone");
        wait_for_status(&place, "DOWN since");
        wait_for_status(&place, "the history of runs cannot be written");
        let (stopped, said) = code(&place, &["stop", "bad"]);
        assert_eq!(stopped, Some(0), "{said}");
        assert!(said.contains("warning: 1 mail is in the memory"), "{said}");
        assert_eq!(runner.wait_for_end(), Some(0));
        let log = runner.log();
        assert!(log.contains("is lost, its text follows"), "{log}");
        assert!(log.contains("very peculiar"), "{log}");
    }
}

#[test]
fn a_runner_that_is_stopped_is_not_well_and_is_not_woken() {
    let place = Place::with("[tasks.a]\nshell = \"true\"\nsuccess_cooldown = \"1h\"\n");
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Sleeping");
    runner.signal(Signal::SIGSTOP);
    wait_for_status(&place, "is stopped (SIGSTOP");
    let (woken, said) = code(&place, &["wake", "a"]);
    assert_eq!(woken, Some(1), "{said}");
    assert!(said.contains("kill -CONT"), "{said}");
    runner.signal(Signal::SIGCONT);
    runner.wait_for_count("Execution successful", 2);
    let (woken, said) = code(&place, &["wake", "a"]);
    assert_eq!(woken, Some(0), "{said}");
    runner.wait_for_count("Execution successful", 3);
    let (healthy, said) = code(&place, &["status"]);
    assert_eq!(healthy, Some(0), "{said}");
    assert_eq!(runner.stop(), Some(0));
}

/// A file system of its own, on a file.
struct Mount<'a>(&'a Path);

impl Mount<'_> {
    #[track_caller]
    fn of_btrfs<'a>(image: &Path, place: &'a Path) -> Mount<'a> {
        fs::File::create(image).unwrap().set_len(150 << 20).unwrap();
        for (program, words) in [("mkfs.btrfs", &["-q"][..]), ("mount", &["-o", "loop"])] {
            let mut command = Command::new(program);
            command.args(words).arg(image);
            if program == "mount" {
                command.arg(place);
            }
            assert!(command.status().unwrap().success(), "{program}");
        }
        Mount(place)
    }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

/// Writes until nothing fits any more.
fn fill(directory: &Path) {
    for size in [1 << 20, 1 << 12, 1] {
        for number in 0..100_000 {
            let path = directory.join(format!("fill-{size}-{number}"));
            if fs::write(path, vec![7; size]).is_err() {
                break;
            }
        }
        nix::unistd::sync();
    }
}

#[test]
#[ignore = "needs root and mkfs.btrfs"]
fn a_full_btrfs_ends_no_runner_and_is_not_taken_for_health() {
    let place = Place::with(
        "run_root = \"disk/run\"\n[tasks.a]\nshell = \"sleep 0.2\"\nsuccess_cooldown = \"100ms\"\n[tasks.b]\nshell = \"test ! -e fail\"\nsuccess_cooldown = \"100ms\"\nfail_cooldown = \"100ms\"\n",
    );
    fs::create_dir(place.path("disk")).unwrap();
    let disk = place.path("disk");
    let _mount = Mount::of_btrfs(&place.path("image"), &disk);
    let mut runner = place.start(&["tasks::a", "tasks::b"]);
    runner.wait_for("Sleeping");
    fill(&disk);
    let before = runner.count("Execution successful");
    runner.wait_for_count("Execution successful", before + 6);
    place.write("fail", "");
    runner.wait_for("Execution failed");
    wait_for_status(&place, "DOWN since");
    assert!(runner.lives(), "{}", runner.log());
    assert_eq!(runner.stop(), Some(0));
}
