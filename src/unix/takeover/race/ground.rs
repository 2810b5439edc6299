//! Where the race is run: starters, their manners, and the journal of what they did.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal as Number, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::unix::clock;
use crate::unix::waiter::Waiter;

/// Generous: the machine may be slow, and nothing here depends on speed.
pub(super) const DEADLINE: Duration = Duration::from_secs(120);

/// For now the command line of a starter is this very program, with a test that is none.
pub(super) const PLAYER: &str = "unix::takeover::race::player::a_starter_of_the_race_driver";

/// How a starter behaves.
#[derive(Clone, Debug)]
pub(crate) struct Manner {
    pub(crate) tasks: &'static str,
    /// Heeds no signal when it is the runner.
    pub(crate) stubborn: bool,
    /// Leaves only when there is a file `go` beside the journal.
    pub(crate) slow: bool,
    /// Starts the same chain from within and waits for it.
    pub(crate) deploys: bool,
    pub(crate) stop_timeout: Duration,
}

impl Default for Manner {
    fn default() -> Self {
        Manner {
            tasks: "tasks::x",
            stubborn: false,
            slow: false,
            deploys: false,
            stop_timeout: DEADLINE,
        }
    }
}

/// A directory to race in, and the journal of what happened there.
#[derive(Debug)]
pub(crate) struct Ground {
    dir: TempDir,
}

impl Ground {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Ground { dir }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.dir.path().join("run")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    fn journal(&self) -> PathBuf {
        self.dir.path().join("journal")
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.journal()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    pub(crate) fn note(&self, line: &str) {
        note(&self.journal(), line);
    }

    /// Lets slow runners leave.
    pub(crate) fn go(&self) {
        File::create(self.dir.path().join("go")).unwrap();
    }

    /// Waits until the journal has this line.
    pub(crate) fn await_line(&self, line: &str) {
        let until = clock::mono() + DEADLINE;
        while !self.lines().iter().any(|there| there == line) {
            assert!(clock::mono() < until, "no `{line}` in {:#?}", self.lines());
            pause(Duration::from_millis(2));
        }
    }

    /// Starts one, which waits at the gate.
    pub(crate) fn starter(&self, manner: &Manner, gate: Stdio) -> Starter {
        let child = command(self.dir.path(), manner)
            .stdin(gate)
            .spawn()
            .unwrap();
        Starter { child, ended: None }
    }

    /// Starts one at once.
    pub(crate) fn start(&self, manner: &Manner) -> Starter {
        self.starter(manner, Stdio::null())
    }

    /// Starts one, and waits until it is the runner.
    pub(crate) fn runner(&self, manner: &Manner) -> Starter {
        let starter = self.start(manner);
        self.await_line(&format!("start {}", starter.pid()));
        starter
    }
}

/// A process of the race; killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Starter {
    child: Child,
    pub(super) ended: Option<ExitStatus>,
}

impl Starter {
    pub(crate) fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    pub(crate) fn signal(&self, number: Number) {
        assert!(self.ended.is_none());
        kill(Pid::from_raw(self.pid()), number).unwrap();
    }

    /// Looks whether it has ended, and reaps it.
    pub(crate) fn has_ended(&mut self) -> bool {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().unwrap();
        }
        self.ended.is_some()
    }

    /// Waits for its end, and returns its exit code; `None`: killed.
    pub(crate) fn end(&mut self) -> Option<i32> {
        let until = clock::mono() + DEADLINE;
        while !self.has_ended() {
            assert!(clock::mono() < until, "{} does not end", self.pid());
            pause(Duration::from_millis(2));
        }
        self.ended.and_then(|status| status.code())
    }
}

impl Drop for Starter {
    fn drop(&mut self) {
        if !self.has_ended() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

pub(crate) fn pause(span: Duration) {
    Waiter::new()
        .unwrap()
        .wait([None], clock::mono() + span)
        .unwrap();
}

/// The command line of a starter: for now this very program, with a test that is none.
pub(crate) fn command(ground: &Path, manner: &Manner) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--ignored", "--exact", PLAYER, "--test-threads=1", "-q"])
        .env("RACE_GROUND", ground)
        .env("RACE_TASKS", manner.tasks)
        .env(
            "RACE_STOP_TIMEOUT",
            manner.stop_timeout.as_millis().to_string(),
        )
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let flags = [
        ("RACE_STUBBORN", manner.stubborn),
        ("RACE_SLOW", manner.slow),
        ("RACE_DEPLOYS", manner.deploys),
    ];
    for (name, set) in flags {
        command.env_remove(name);
        if set {
            command.env(name, "1");
        }
    }
    command
}

pub(crate) fn note(journal: &Path, line: &str) {
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(journal)
        .unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}
