//! A process that not even SIGKILL ends, as one in state D: a frozen cgroup (v1) holds it like a dead disk.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use crate::support::{Place, Runner, eventually};

/// Tells the cgroups of this process apart.
static COUNT: AtomicU32 = AtomicU32::new(0);

/// A cgroup whose processes can be made to hang in the kernel.
struct Freezer {
    path: PathBuf,
}

impl Freezer {
    fn new() -> Self {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let root = mounts.lines().find_map(|line| {
            let (mount, rest) = line.split_once(" - ")?;
            let fits = rest.starts_with("cgroup ") && rest.contains("freezer");
            fits.then(|| PathBuf::from(mount.split(' ').nth(4).unwrap()))
        });
        let root = root.expect("the hierarchy is mounted");
        let path = root.join(format!(
            "run_functions_test_{}_{}",
            std::process::id(),
            COUNT.fetch_add(1, Relaxed)
        ));
        fs::create_dir(&path).unwrap();
        Freezer { path }
    }

    /// Makes a process hang.
    fn freeze(&self, pid: &str) {
        fs::write(self.path.join("cgroup.procs"), pid).unwrap();
        fs::write(self.path.join("freezer.state"), "FROZEN").unwrap();
        let state = || fs::read_to_string(self.path.join("freezer.state")).unwrap();
        assert!(eventually(|| state() == "FROZEN\n"), "{}", state());
    }

    fn thaw(&self) {
        fs::write(self.path.join("freezer.state"), "THAWED").unwrap();
    }
}

impl Drop for Freezer {
    fn drop(&mut self) {
        self.thaw();
        eventually(|| fs::remove_dir(&self.path).is_ok());
    }
}

/// A runner in which the first run of `tasks::a` hangs, beyond its timeout.
fn hanging(place: &Place, freezer: &Freezer, tasks: &[&str]) -> Runner {
    let runner = place.start(tasks);
    assert!(eventually(|| place.read("pids").ends_with('\n')));
    freezer.freeze(place.read("pids").trim());
    runner
}

const ALONE: &[&str] = &["tasks::a"];
const SECOND: &[&str] = &["tasks::b", "tasks::a"];

fn place() -> Place {
    Place::with(
        "kill_grace = \"0s\"\n[tasks.a]\nfail_cooldown = \"100ms\"\ntimeout = \"15s\"\n\
         shell = \"echo $$ >> pids; exec sleep 1000\"\n\
         [tasks.b]\nshell = \"true\"\nsuccess_cooldown = \"0s\"\n",
    )
}

#[test]
#[ignore = "needs root and a freezer cgroup (v1)"]
fn what_hangs_in_the_kernel_is_alerted_and_no_second_copy_starts_until_it_is_gone() {
    let (place, freezer) = (place(), Freezer::new());
    let runner = hanging(&place, &freezer, ALONE);
    let pid = place.read("pids").trim().to_owned();
    runner.wait_for("SIGKILL did not end");
    runner.wait_for_count("no second copy is started", 3);
    assert_eq!(place.read("pids").lines().count(), 1, "a second copy");
    let alerted = || place.mails().iter().any(|mail| mail.contains(&pid));
    assert!(eventually(alerted), "{:?}", place.subjects());
    freezer.thaw();
    assert!(eventually(|| place.read("pids").lines().count() >= 2));
    assert_eq!(runner.stop(), Some(0));
}

#[test]
#[ignore = "needs root and a freezer cgroup (v1)"]
fn after_kill_9_no_new_runner_starts_beside_what_hangs_in_the_kernel() {
    let (place, freezer) = (place(), Freezer::new());
    let mut runner = hanging(&place, &freezer, SECOND);
    runner.signal(nix::sys::signal::Signal::SIGKILL);
    runner.wait_for_status();
    // As systemd does.
    for _ in 0..2 {
        let mut refused = place.start(SECOND);
        assert_eq!(refused.wait_for_end(), Some(75));
        refused.wait_for("SIGKILL did not end what a former runner left");
    }
    let start = "[tasks::a] First exception caught: the runner gives up: SIGKILL";
    let subjects = place.all_subjects();
    assert!(
        matches!(&subjects[..], [only] if only.starts_with(start)),
        "{subjects:?}"
    );
    let mails = place.all_mails();
    assert!(
        mails[0].contains("SIGKILL did not end what a former runner left"),
        "{mails:?}"
    );
    assert_eq!(place.read("pids").lines().count(), 1, "a second copy");
    freezer.thaw();
    let next = place.start(SECOND);
    assert!(eventually(|| place.read("pids").lines().count() >= 2));
    assert_eq!(next.stop(), Some(0));
}

#[test]
#[ignore = "needs root and a freezer cgroup (v1)"]
fn a_runner_that_hangs_in_the_kernel_itself_is_alerted_once_by_those_that_it_bars() {
    let place =
        Place::with("stop_timeout = \"0s\"\nkill_grace = \"0s\"\n[tasks.a]\nshell = \"true\"\n");
    let freezer = Freezer::new();
    let mut hung = place.start(&["tasks::a"]);
    hung.wait_for("Sleeping");
    freezer.freeze(&hung.pid().to_string());
    for _ in 0..2 {
        let mut refused = place.start(&["tasks::a"]);
        assert_eq!(refused.wait_for_end(), Some(75));
        refused.wait_for("holds this chain even after SIGKILL");
    }
    freezer.thaw();
    assert_eq!(hung.wait_for_end(), None);
    let subjects = place.all_subjects();
    assert_eq!(subjects.len(), 1, "{subjects:?}");
    let mails = place.all_mails();
    assert!(
        mails[0].contains("holds this chain even after SIGKILL"),
        "{mails:?}"
    );
}
