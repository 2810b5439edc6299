//! A runner with a keeper, in a process of its own: this executable, started again with one test, which then plays the runner.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use run_functions::__internal::keeper::{Keeper, KeeperDeadline};
use run_functions::__internal::{Leak, Mono, now};

use super::{Child, pid_in, pin, wait_until};

/// The directory of the runner that this process is to play, and its part.
const PLACE: &str = "RUN_FUNCTIONS_TEST_RUNNER";
const PART: &str = "RUN_FUNCTIONS_TEST_PART";
/// In the environment of each process of its tree, with its directory.
const MARK: &str = "OF_TEST";

/// A process that says that it was asked to end, and does not.
const STAY: &str = "#!/bin/sh\n\
    trap 'echo >> asked' TERM HUP INT\n\
    echo $$ >> pids\n\
    while :; do sleep 1000 & wait; done\n";
/// A tree that ends for no SIGTERM: its leader, a process in a session of its own, a daemon of a daemon that has closed all it had, a process
/// that stays stopped, and one that makes sessions without end.
const TREE: &str = "#!/bin/sh\n\
    setsid ./stay &\n\
    (setsid sh -c '(setsid ./stay &); exec ./stay' <&- >&- 2>&- &)\n\
    setsid sh -c 'trap \"\" TERM; echo $$ >> pids; while :; do kill -STOP $$; done' &\n\
    sh -c 'trap \"\" TERM; echo $$ >> pids; while :; do (setsid sleep 1000 &); sleep 0.02; done' &\n\
    until [ \"$(wc -l < pids)\" -ge 5 ]; do sleep 0.01; done\n\
    exec ./stay\n";
const PROCESSES: usize = 6;

/// How long after the tree has begun it is asked to end, and how long after that it is killed.
const PAUSE: Duration = Duration::from_millis(500);

/// What the runner does when its tree has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// It sets a deadline and waits for the end of the run.
    Waits,
    /// It sets a deadline and is stopped.
    Stops,
    /// It sets a deadline; the tree is of a function inside the runner.
    IsInFunction,
    /// It is killed, long before a deadline.
    Dies,
    /// It waits for the end of the run, whose deadline is far.
    WaitsLong,
    /// The run has ended and was allowed to leave its tree; it sets a deadline and waits.
    HasLeft,
}

const PARTS: [Part; 6] = [
    Part::Waits,
    Part::Stops,
    Part::IsInFunction,
    Part::Dies,
    Part::WaitsLong,
    Part::HasLeft,
];

/// A runner that another process plays.
pub(crate) struct KeptRunner {
    pub(crate) place: tempfile::TempDir,
    process: std::process::Child,
}

impl KeptRunner {
    /// Starts it: `test` is called in it, and must begin with [`is_played`].
    pub(crate) fn start<T: Fn()>(_test: T, part: Part) -> Self {
        let place = tempfile::tempdir().expect("a directory");
        for (name, text) in [("stay", STAY), ("tree", TREE)] {
            let file = place.path().join(name);
            fs::write(&file, text).expect("a file");
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("its owner");
        }
        let log = File::create(place.path().join("log")).expect("a file");
        let path = std::any::type_name::<T>();
        let (_executable, name) = path.split_once("::").expect("a test is in a module");
        let process = Command::new(std::env::current_exe().expect("/proc"))
            .args(["--exact", "--include-ignored", "--nocapture", name])
            .env(PLACE, place.path())
            .env(PART, format!("{part:?}"))
            .stdout(log.try_clone().expect("a descriptor"))
            .stderr(log)
            .spawn()
            .expect("it starts");
        KeptRunner { place, process }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.process.id()).expect("a pid");
        kill(Pid::from_raw(pid), signal).expect("it is ours");
    }

    /// Waits until all of its tree has begun; returns the number of its keeper.
    pub(crate) fn keeper(&self) -> i32 {
        wait_until("the tree", || has_begun(self.place.path()));
        pid_in(&self.file("keeper")).expect("it was written before")
    }

    /// Waits for the deadline that it sets.
    pub(crate) fn deadline(&self) -> KeeperDeadline {
        let read = || {
            let text = self.read("deadline");
            let (term_at, kill_at) = text.strip_suffix('\n')?.split_once(' ')?;
            let mono = |text: &str| Some(Mono::from_nanos(text.parse().ok()?));
            let (term_at, kill_at) = (mono(term_at)?, mono(kill_at)?);
            Some(KeeperDeadline { term_at, kill_at })
        };
        wait_until("the deadline", || read().is_some());
        read().expect("it was there")
    }

    /// Returns the processes of its tree that live, whoever is their parent.
    pub(crate) fn living(&self) -> Vec<i32> {
        let mark = format!("{MARK}={}\0", self.place.path().display());
        let has_mark = |pid: &i32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            String::from_utf8_lossy(&environment).contains(&mark)
        };
        let entries = fs::read_dir("/proc").expect("/proc").flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter(has_mark).collect()
    }

    /// Waits until none of its tree lives; returns when.
    pub(crate) fn wait_for_the_end_of_the_tree(&self) -> Mono {
        wait_until("the end of the tree", || self.living().is_empty());
        now().mono
    }

    /// Waits for its own end; returns whether it was a good one.
    pub(crate) fn wait(&mut self) -> bool {
        let status = self.process.wait().expect("it is ours");
        status.success()
    }
}

impl Drop for KeptRunner {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.read("log"));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn has_begun(place: &Path) -> bool {
    let pids = fs::read_to_string(place.join("pids")).unwrap_or_default();
    pids.lines().count() >= PROCESSES
}

/// Plays the runner if that is what this process is for, and returns whether it was.
pub(crate) fn is_played() -> bool {
    let Some(place) = std::env::var_os(PLACE) else {
        return false;
    };
    let part = std::env::var(PART).expect("its part");
    let part = PARTS.into_iter().find(|each| format!("{each:?}") == part);
    play(Path::new(&place), part.expect("a part"));
    true
}

fn play(place: &Path, part: Part) {
    pin();
    let keeper = Arc::new(Keeper::start().expect("a keeper"));
    fs::write(place.join("keeper"), format!("{}\n", keeper.pid())).expect("a file");
    set_deadline(&keeper, Duration::from_secs(3600), None);
    if part == Part::IsInFunction {
        return be_in_function(place, &keeper);
    }
    let leaves = part == Part::HasLeft;
    let mut child = Child::shell(match leaves {
        true => {
            "./tree > /dev/null 2>&1 & until [ \"$(wc -l < pids)\" -ge 6 ]; do sleep 0.01; done"
        }
        false => "exec ./tree",
    });
    child.settings.working_dir = Some(place.to_owned());
    let mark = place.display().to_string();
    child.settings.env.insert(MARK.to_owned(), mark);
    child.settings.leak = if leaves { Leak::Allow } else { Leak::Kill };
    child.timeout = None;
    child.keeper = Some(Arc::clone(&keeper));
    fs::write(place.join("pids"), "").expect("a file");
    let mut running = child.start();
    if leaves {
        running.finish();
        // The next run has nothing to do with what the former one has left.
        child.program = super::Child::shell("true").program;
        child.settings.leak = Leak::Kill;
        running = child.start();
        running.finish();
        set_deadline(&keeper, PAUSE, Some(place));
        return wait_until("the test has seen it", || place.join("seen").exists());
    }
    running = running.until("the tree", || has_begun(place));
    match part {
        Part::Dies => kill(Pid::this(), Signal::SIGKILL).expect("ours"),
        Part::WaitsLong => {}
        _ => set_deadline(&keeper, PAUSE, Some(place)),
    }
    if part == Part::Stops {
        kill(Pid::this(), Signal::SIGSTOP).expect("ours");
    }
    let ended = running.finish();
    let text = format!(
        "{:?}, {:?}, {:?}",
        ended.outcome, ended.notes, ended.unkillable
    );
    fs::write(place.join("outcome"), text).expect("a file");
}

/// Does as a function that never returns, and that has started processes.
fn be_in_function(place: &Path, keeper: &Keeper) {
    keeper.guard_runner(true).expect("there is time");
    fs::write(place.join("pids"), "").expect("a file");
    let mut tree = Command::new("./tree")
        .current_dir(place)
        .env(MARK, place)
        .spawn()
        .expect("it starts");
    wait_until("the tree", || has_begun(place));
    set_deadline(keeper, PAUSE, Some(place));
    let _ = tree.wait();
    loop {
        std::thread::park();
    }
}

fn set_deadline(keeper: &Keeper, in_: Duration, note: Option<&Path>) {
    let term_at = now().mono + in_;
    let kill_at = term_at + in_;
    if let Some(place) = note {
        let text = format!("{} {}\n", term_at.as_nanos(), kill_at.as_nanos());
        fs::write(place.join("deadline"), text).expect("a file");
    }
    let deadline = KeeperDeadline { term_at, kill_at };
    keeper.set_deadline(Some(deadline)).expect("a keeper");
}
