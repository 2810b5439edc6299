//! One child process, as a test describes it.

#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod cgroup;
pub(crate) mod kept_runner;

use std::fs;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, Once, OnceLock, PoisonError};
use std::time::Duration;

use run_functions::__internal::child::{ChildRun, EndedRun, RunTarget, Spec};
use run_functions::__internal::keeper::Keeper;
use run_functions::__internal::{
    ChainName, ChildSettings, Failure, Mono, Outcome, Program, RunId, now, pin_own_program_to,
};
use run_functions::TaskName;

pub(crate) use crate::support::{limits, processes};

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
    pub(crate) keeper: Option<Arc<Keeper>>,
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
            keeper: None,
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

    pub(crate) fn try_start(&self) -> Result<ChildRun, Box<Failure>> {
        self.begin().map_err(|outcome| match *outcome {
            Outcome::Failure(failure) => failure,
            other => panic!("{other:?}"),
        })
    }

    pub(crate) fn begin(&self) -> Result<ChildRun, Box<Outcome>> {
        let task = TaskName::parse("tasks::tested").expect("a test has what it needs");
        let keeper = self.keeper.clone().or_else(keeper);
        let spec = Spec {
            what: RunTarget::Program(&self.program),
            settings: &self.settings,
            timeout: self.timeout,
            chain: &ChainName::parse("tested").expect("a test has what it needs"),
            task: &task,
            run: RunId(now().mono.as_nanos().unsigned_abs()),
            secrets: &self.secrets,
            in_flight: self.in_flight.as_ref().map(AsFd::as_fd),
            register: None,
            function_context: None,
            fence: None,
            keeper: keeper.as_ref(),
            standard: None,
            scratch: self.scratch.as_deref(),
        };
        ChildRun::start(&spec, now())
    }

    /// Runs it to its end.
    pub(crate) fn run(&self) -> EndedRun {
        self.start().finish()
    }

    /// Runs what says something as soon as it has begun, with a limit that `set` sets, which cuts it off after that: one that is short, or as
    /// long as the machine needs. Returns its end, and the limit in words.
    pub(crate) fn cut_off(
        line: &str,
        mut set: impl FnMut(&mut Child, Duration),
    ) -> (EndedRun, String) {
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

/// Set in the environment of a process whose runs are all children of a keeper.
pub(crate) const IS_KEPT: &str = "RUN_FUNCTIONS_TEST_KEPT";

/// Returns the keeper that all runs of this process have, if they have one.
pub(crate) fn keeper() -> Option<Arc<Keeper>> {
    static KEEPER: OnceLock<Option<Arc<Keeper>>> = OnceLock::new();
    let start = || {
        std::env::var_os(IS_KEPT)?;
        let keeper = Keeper::start().expect("a keeper");
        keeper.set_deadline(None).expect("it takes a deadline");
        Some(Arc::new(keeper))
    };
    KEEPER.get_or_init(start).clone()
}

/// Returns a command that runs all tests of this executable but one, with all runs below a keeper.
pub(crate) fn all_below_a_keeper(but: &str) -> Command {
    let own = std::env::current_exe().expect("a test has what it needs");
    let mut command = Command::new(own);
    command.env(IS_KEPT, "1").args(["--skip", but]);
    command.env("RUST_BACKTRACE", "0");
    command
}

/// Waits until no other test has a child.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Set in the environment of a process that runs one test.
const IS_ALONE: &str = "RUN_FUNCTIONS_TEST_ALONE";

/// Runs a test once more, in a new process of this executable that has no other test; returns whether this process is that one. For a test
/// that changes its process, or counts what its process has.
pub(crate) fn is_alone<T: Fn()>(_test: T) -> bool {
    if std::env::var_os(IS_ALONE).is_some() {
        return true;
    }
    let path = std::any::type_name::<T>();
    let (_executable, name) = path.split_once("::").expect("a test is in a module");
    let _turn = turn();
    let output = Command::new(std::env::current_exe().expect("a test has what it needs"))
        .args(["--exact", "--include-ignored", name])
        .env(IS_ALONE, "1")
        .output()
        .expect("a test has what it needs");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    // A name that fits no test is a success of none.
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
    false
}

/// Starts what cannot even be made a process of.
pub(crate) fn start_refused(child: &Child) -> Box<Failure> {
    let _turn = turn();
    pin();
    child.try_start().expect_err("it could start")
}

/// A child process that runs.
pub(crate) struct Running {
    pub(crate) run: ChildRun,
    _turn: MutexGuard<'static, ()>,
}

impl Running {
    pub(crate) fn finish(self) -> EndedRun {
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

pub(crate) fn text(ended: &EndedRun) -> String {
    match ended.outcome.failure() {
        Some(failure) => failure.text(),
        None => panic!("no failure: {ended:?}"),
    }
}

pub(crate) fn notes(ended: &EndedRun) -> String {
    let failure = ended.outcome.failure().expect("a failure");
    failure.notes.join("\n")
}

pub(crate) fn is_success(ended: &EndedRun) -> bool {
    matches!(ended.outcome, Outcome::Success)
}

/// Reads the pid that a child has written into a file; `None` while it has not.
pub(crate) fn pid_in(file: &Path) -> Option<i32> {
    let text = fs::read_to_string(file).ok()?;
    text.ends_with('\n').then(|| text.trim().parse().ok())?
}

/// Returns this process, and the keeper of its runs if there is one.
pub(crate) fn own_processes() -> Vec<i32> {
    let own = i32::try_from(std::process::id()).expect("a pid");
    let keeper = keeper().map(|keeper| keeper.pid());
    std::iter::once(own).chain(keeper).collect()
}

/// Returns what runs have left to this process or to its keeper, zombies too.
pub(crate) fn children_of_other_sessions() -> Vec<i32> {
    let parents = own_processes();
    let is_parent = |pid: &str| pid.parse().is_ok_and(|pid| parents.contains(&pid));
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
        matches!(fields[..], [_, parent, _, of] if is_parent(parent) && of != session)
    };
    let others = pids.filter(|pid| !parents.contains(pid));
    others.filter(is_left).collect()
}

/// Waits for a condition.
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let give_up: Mono = now().mono + PATIENCE;
    while !holds() {
        assert!(now().mono < give_up, "{what}: waited in vain");
        std::thread::yield_now();
    }
}
