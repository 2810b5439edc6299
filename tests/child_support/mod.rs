//! One child process, as a test describes it.

#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod cgroup;
#[path = "../support/limits.rs"]
pub(crate) mod limits;
#[path = "../support/processes.rs"]
pub(crate) mod processes;

use std::fs;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use run_functions::__internal::child::{Ended, Run, Spec, What};
use run_functions::__internal::{
    ChainName, ChildSettings, Failure, Mono, Outcome, Program, RunId, now, pin_own_program_to,
};
use run_functions::TaskName;

/// What a test waits for at most.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A run sweeps whatever is left below this process: two at a time would end each other's children, as they never do in a runner.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A child process to be.
pub(crate) struct Child {
    pub(crate) program: Program,
    pub(crate) settings: ChildSettings,
    pub(crate) timeout: Option<Duration>,
    pub(crate) in_flight: Option<fs::File>,
    pub(crate) scratch: Option<PathBuf>,
    pub(crate) secrets: Vec<String>,
}

impl Child {
    pub(crate) fn shell(line: &str) -> Self {
        Child::of(Program::Shell(line.to_owned()))
    }

    pub(crate) fn command(words: &[&str]) -> Self {
        let words = words.iter().map(|word| (*word).to_owned());
        Child::of(Program::Command(words.collect()))
    }

    pub(crate) fn script(file: &Path) -> Self {
        Child::of(Program::Script(file.to_owned()))
    }

    pub(crate) fn of(program: Program) -> Self {
        Child {
            program,
            settings: ChildSettings::default(),
            timeout: Some(PATIENCE),
            in_flight: None,
            scratch: None,
            secrets: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut ChildSettings)) -> Self {
        change(&mut self.settings);
        self
    }

    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    pub(crate) fn start(&self) -> Running {
        let turn = turn();
        pin();
        match self.try_start() {
            Ok(run) => Running { run, _turn: turn },
            Err(failure) => panic!("{failure:?}"),
        }
    }

    pub(crate) fn try_start(&self) -> Result<Run, Box<Failure>> {
        let task = TaskName::parse("tasks::tested").expect("a test has what it needs");
        let spec = Spec {
            what: What::Program(&self.program),
            settings: &self.settings,
            timeout: self.timeout,
            chain: &ChainName::parse("tested").expect("a test has what it needs"),
            task: &task,
            run: RunId(now().mono.as_nanos().unsigned_abs()),
            secrets: &self.secrets,
            in_flight: self.in_flight.as_ref().map(AsFd::as_fd),
            luggage: None,
            scratch: self.scratch.as_deref(),
        };
        Run::start(&spec, now())
    }

    /// Runs it to its end.
    pub(crate) fn run(&self) -> Ended {
        self.start().finish()
    }

    /// Runs what says something as soon as it has begun, with a limit that `set` sets, which cuts it off after that: one that is short, or as
    /// long as the machine needs. Returns its end, and the limit in words.
    pub(crate) fn cut_off(
        line: &str,
        mut set: impl FnMut(&mut Child, Duration),
    ) -> (Ended, String) {
        let mut found = None;
        limits::with_time_enough(|limit| {
            let mut child = Child::shell(line);
            set(&mut child, limit);
            let ended = child.run();
            let has_begun = !ended.output().head.is_empty();
            found = Some((ended, limits::words(limit)));
            has_begun
        });
        found.expect("an attempt was made")
    }

    /// Runs it to its end, which is a failure, and returns its text.
    pub(crate) fn fails(&self) -> String {
        text(&self.run())
    }
}

/// Waits until no other test has a child.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts what cannot even be made a process of.
pub(crate) fn start_refused(child: &Child) -> Box<Failure> {
    let _turn = turn();
    pin();
    child.try_start().expect_err("it could start")
}

/// A child process that runs.
pub(crate) struct Running {
    pub(crate) run: Run,
    _turn: MutexGuard<'static, ()>,
}

impl Running {
    pub(crate) fn finish(self) -> Ended {
        self.run.finish().expect("a test has what it needs")
    }

    /// Drives it until a condition holds.
    pub(crate) fn until(mut self, what: &str, mut holds: impl FnMut() -> bool) -> Self {
        let give_up = now().mono + PATIENCE;
        while !holds() {
            assert!(now().mono < give_up, "{what}: waited in vain");
            if let Some(ended) = self.run.step(now().mono) {
                panic!("{what}: the run ended before: {ended:?}");
            }
            std::thread::yield_now();
        }
        self
    }
}

pub(crate) fn pin() {
    static PINNED: Once = Once::new();
    PINNED.call_once(|| {
        pin_own_program_to(Path::new(env!("CARGO_BIN_EXE_run_functions")))
            .expect("a test has what it needs");
    });
}

pub(crate) fn text(ended: &Ended) -> String {
    match ended.outcome.failure() {
        Some(failure) => failure.text(),
        None => panic!("no failure: {ended:?}"),
    }
}

pub(crate) fn notes(ended: &Ended) -> String {
    let failure = ended.outcome.failure().expect("a failure");
    failure.notes.join("\n")
}

pub(crate) fn is_success(ended: &Ended) -> bool {
    matches!(ended.outcome, Outcome::Success)
}

/// Reads the pid that a child has written into a file; `None` while it has not.
pub(crate) fn pid_in(file: &Path) -> Option<i32> {
    let text = fs::read_to_string(file).ok()?;
    text.ends_with('\n').then(|| text.trim().parse().ok())?
}

/// Returns what runs have left to this process, zombies too.
pub(crate) fn children_of_other_sessions() -> Vec<i32> {
    let own = std::process::id().to_string();
    let session = nix::unistd::getsid(None)
        .expect("a test has what it needs")
        .to_string();
    let entries = fs::read_dir("/proc")
        .expect("a test has what it needs")
        .flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let is_left = |pid: &i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let fields = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        let fields: Vec<&str> = fields.split(' ').take(4).collect();
        matches!(fields[..], [_, parent, _, of] if parent == own && of != session)
    };
    pids.filter(is_left).collect()
}

/// Waits for a condition.
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let give_up: Mono = now().mono + PATIENCE;
    while !holds() {
        assert!(now().mono < give_up, "{what}: waited in vain");
        std::thread::yield_now();
    }
}
