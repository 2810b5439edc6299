//! The race driver: many starters of one chain at once, some of them killed with -9; after each round exactly one runner lives, and at
//! no moment there were two.
//!
//! Whether there were two is not asked of our locks: every starter appends to one journal when it begins and ends to be the
//! runner, and the order of the lines tells.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal as Number, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::{Held, Incumbent, Patience, Progress, Takeover, War, acquire};
use crate::chain::ChainName;
use crate::process::clock;
use crate::process::poll::Alarm;
use crate::process::run_root::RunRoot;
use crate::process::signals::{Reader, Signal, Signals};
use crate::task::TaskName;
use crate::time::Mono;

/// Generous: the machine may be slow, and nothing here depends on speed.
const DEADLINE: Duration = Duration::from_secs(120);

const PLAYER: &str = "process::takeover::race::a_starter_of_the_race_driver";

/// How a starter behaves.
#[derive(Clone, Debug)]
pub(super) struct Manner {
    pub(super) tasks: &'static str,
    /// Heeds no signal when it is the runner.
    pub(super) stubborn: bool,
    /// Leaves only when there is a file `go` beside the journal.
    pub(super) slow: bool,
    /// Starts the same chain from within and waits for it.
    pub(super) deploys: bool,
    pub(super) stop_timeout: Duration,
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
pub(super) struct Ground {
    dir: TempDir,
}

impl Ground {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Ground { dir }
    }

    pub(super) fn root(&self) -> PathBuf {
        self.dir.path().join("run")
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    fn journal(&self) -> PathBuf {
        self.dir.path().join("journal")
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.journal()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    pub(super) fn note(&self, line: &str) {
        note(&self.journal(), line);
    }

    /// Lets slow runners leave.
    pub(super) fn go(&self) {
        File::create(self.dir.path().join("go")).unwrap();
    }

    /// Waits until the journal has this line.
    pub(super) fn await_line(&self, line: &str) {
        let until = clock::mono() + DEADLINE;
        while !self.lines().iter().any(|there| there == line) {
            assert!(clock::mono() < until, "no `{line}` in {:#?}", self.lines());
            pause(Duration::from_millis(2));
        }
    }

    /// Starts one, which waits at the gate.
    pub(super) fn starter(&self, manner: &Manner, gate: Stdio) -> Starter {
        let child = command(self.dir.path(), manner)
            .stdin(gate)
            .spawn()
            .unwrap();
        Starter { child, ended: None }
    }

    /// Starts one at once.
    pub(super) fn start(&self, manner: &Manner) -> Starter {
        self.starter(manner, Stdio::null())
    }

    /// Starts one, and waits until it is the runner.
    pub(super) fn runner(&self, manner: &Manner) -> Starter {
        let starter = self.start(manner);
        self.await_line(&format!("start {}", starter.pid()));
        starter
    }
}

/// A process of the race; killed when it is dropped.
#[derive(Debug)]
pub(super) struct Starter {
    child: Child,
    ended: Option<ExitStatus>,
}

impl Starter {
    pub(super) fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    pub(super) fn signal(&self, number: Number) {
        assert!(self.ended.is_none());
        kill(Pid::from_raw(self.pid()), number).unwrap();
    }

    /// Looks whether it has ended, and reaps it.
    pub(super) fn has_ended(&mut self) -> bool {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().unwrap();
        }
        self.ended.is_some()
    }

    /// Waits for its end, and returns its exit code; `None`: killed.
    pub(super) fn end(&mut self) -> Option<i32> {
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

pub(super) fn pause(span: Duration) {
    Alarm::new()
        .unwrap()
        .wait([None], clock::mono() + span)
        .unwrap();
}

/// The command line of a starter: for now this very program, with a test that is none.
fn command(ground: &Path, manner: &Manner) -> Command {
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

fn note(journal: &Path, line: &str) {
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(journal)
        .unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}

#[test]
#[ignore = "a process of the race driver, not a test"]
fn a_starter_of_the_race_driver() {
    let Some(ground) = env::var_os("RACE_GROUND") else {
        return;
    };
    let code = Player::new(ground).play();
    #[expect(
        clippy::disallowed_methods,
        reason = "the test harness knows no other exit codes"
    )]
    std::process::exit(code.into());
}

/// A starter, seen from within.
struct Player {
    ground: PathBuf,
    me: u32,
}

impl Player {
    fn new(ground: OsString) -> Self {
        let (ground, me) = (ground.into(), std::process::id());
        Player { ground, me }
    }

    fn note(&self, words: &str) {
        note(&self.ground.join("journal"), words);
    }

    fn play(&self) -> u8 {
        let (_, signals) = Signals::install().unwrap();
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let root = RunRoot::open(&self.ground.join("run")).unwrap();
        let chain = ChainName::parse("x").unwrap();
        let tasks = env::var("RACE_TASKS").unwrap();
        let tasks: Vec<TaskName> = tasks
            .split(' ')
            .map(|t| TaskName::parse(t).unwrap())
            .collect();
        let mut out = |progress| self.tell(&progress);
        match acquire(&root, &chain, &tasks, &policy(), &signals, &mut out) {
            Ok(held) => self.run(held, &signals),
            Err(error) => {
                self.note(&format!("leave {} {error}", self.me));
                error.exit_code()
            }
        }
    }

    /// Before the signal is sent: who is killed right after it has asked for it all the same.
    fn tell(&self, progress: &Progress) {
        if let Progress::Asking { pid, .. } | Progress::AskingHeir { pid } = progress {
            self.note(&format!("ask {} {pid}", self.me));
        }
    }

    fn run(&self, mut held: Held, signals: &Reader) -> u8 {
        self.note(&format!("start {}", self.me));
        if env::var_os("RACE_DEPLOYS").is_some() {
            let status = command(&self.ground, &Manner::default()).status().unwrap();
            self.note(&format!("deployed {:?}", status.code()));
        }
        let mut alarm = Alarm::new().unwrap();
        loop {
            alarm.wait([Some(signals.as_fd())], Mono::NEVER).unwrap();
            let asked: Vec<Signal> = signals.drain().collect();
            if asked.contains(&Signal::Wake) {
                let standing = held.pidfile.verify(Mono::NEVER);
                self.note(&format!("standing {standing:?}"));
            }
            let leaves = asked.iter().any(|signal| signal.ends());
            if leaves && env::var_os("RACE_STUBBORN").is_none() && self.leave(&held, signals, asked)
            {
                break;
            }
        }
        self.note(&format!("end {}", self.me));
        0
    }

    /// Finishes its task, so to speak; returns false when it was asked by heirs only and there is none.
    fn leave(&self, held: &Held, signals: &Reader, mut asked: Vec<Signal>) -> bool {
        self.note(&format!("asked {}", self.me));
        pause(Duration::from_millis(u64::from(self.me % 3)));
        while env::var_os("RACE_SLOW").is_some() && !self.ground.join("go").exists() {
            pause(Duration::from_millis(1));
        }
        asked.extend(signals.drain());
        let by_heirs = |signal: &Signal| matches!(signal, Signal::Replace { .. }) || !signal.ends();
        let leaves = !asked.iter().all(by_heirs) || held.pidfile.has_heir().unwrap_or(true);
        if !leaves {
            self.note(&format!("on {}", self.me));
        }
        leaves
    }
}

fn policy() -> Takeover {
    let millis = env::var("RACE_STOP_TIMEOUT").unwrap().parse().unwrap();
    let mut policy = Takeover::promising(Duration::from_millis(millis), Duration::ZERO);
    // A starved machine must not look like a stuck process.
    policy.patience = Patience {
        margin: DEADLINE,
        after_kill: DEADLINE,
        unseen: DEADLINE,
        between_words: DEADLINE,
    };
    policy.war = War {
        takeovers: usize::MAX,
        within: DEADLINE,
    };
    policy.incumbent = Incumbent::Leaves;
    policy
}

/// Who was runner when two were, by the order of the journal; nobody, if all is well. Who is about to be killed counts as gone.
fn doubles(lines: &[String]) -> Vec<String> {
    let (mut runners, mut killed, mut doubles) = (Vec::new(), Vec::new(), Vec::new());
    for line in lines {
        let mut words = line.split(' ');
        let (what, who) = (
            words.next().unwrap(),
            words.next().unwrap_or_default().to_owned(),
        );
        match what {
            "start" if !killed.contains(&who) => {
                runners.push(who);
                if runners.len() > 1 {
                    doubles.push(runners.join(" and "));
                }
            }
            "kill" => {
                runners.retain(|runner| *runner != who);
                killed.push(who);
            }
            "end" => runners.retain(|runner| *runner != who),
            _ => {}
        }
    }
    doubles
}

/// One round: starters that are let go at once.
struct Round {
    ground: Ground,
    starters: Vec<Starter>,
}

impl Round {
    fn of(count: usize) -> Self {
        let ground = Ground::new();
        let (gate, opener): (_, PipeWriter) = std::io::pipe().unwrap();
        let starters = (0..count)
            .map(|_| ground.starter(&Manner::default(), gate.try_clone().unwrap().into()))
            .collect();
        drop(opener);
        Round { ground, starters }
    }

    /// Waits until at most one is left.
    fn settle(&mut self) {
        let until = clock::mono() + DEADLINE;
        loop {
            self.starters.retain_mut(|starter| {
                let ended = starter.has_ended();
                let code = starter.ended.map(|status| (status.code(), starter.pid()));
                assert!(
                    matches!(code, None | Some((Some(0) | None, _))),
                    "{code:?}: {:#?}",
                    self.ground.lines()
                );
                !ended
            });
            if self.starters.len() <= 1 {
                return;
            }
            assert!(
                clock::mono() < until,
                "never settles: {:#?}",
                self.ground.lines()
            );
            pause(Duration::from_millis(1));
        }
    }

    /// The one that is left is the runner, was never beside another, and ends when it is asked to.
    fn check(mut self) {
        let mut last = self.starters.pop().expect("somebody is left");
        self.ground.await_line(&format!("start {}", last.pid()));
        last.signal(Number::SIGTERM);
        assert_eq!(last.end(), Some(0), "{:#?}", self.ground.lines());
        let lines = self.ground.lines();
        assert!(lines.contains(&format!("end {}", last.pid())), "{lines:#?}");
        assert_eq!(doubles(&lines), Vec::<String>::new(), "{lines:#?}");
    }

    /// Kills one of them at some moment. Returns which.
    fn kill_one(&mut self, random: &mut Random) -> i32 {
        pause(Duration::from_micros(random.below(20_000)));
        let mut victim = self.starters.swap_remove(random.below(4) as usize);
        let pid = victim.pid();
        self.ground.note(&format!("kill {pid}"));
        if !victim.has_ended() {
            victim.signal(Number::SIGKILL);
            victim.end();
        }
        pid
    }

    /// Nobody is left: that may only be when the one that was killed had asked somebody to leave for it, or was the runner. It is in nobody's way now.
    fn check_nobody(&mut self, killed: i32) {
        let lines = self.ground.lines();
        let took_part = |line: &String| {
            line.starts_with(&format!("ask {killed} ")) || *line == format!("start {killed}")
        };
        assert!(lines.iter().any(took_part), "killed {killed}: {lines:#?}");
        let starter = self.ground.start(&Manner::default());
        self.starters.push(starter);
    }
}

/// Xorshift: a race needs no better.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// A few hundred rounds in all, or thousands.
fn rounds(few: usize, many: usize) -> usize {
    if env::var_os("RUN_FUNCTIONS_LONG_TESTS").is_some() {
        many
    } else {
        few
    }
}

fn race(rounds: usize, starters: usize) {
    for _ in 0..rounds {
        let mut round = Round::of(starters);
        round.settle();
        round.check();
    }
}

#[test]
fn of_two_starters_exactly_one_is_left() {
    race(rounds(100, 1_000), 2);
}

#[test]
fn of_eight_starters_exactly_one_is_left() {
    race(rounds(30, 300), 8);
}

#[test]
fn of_thirty_two_starters_exactly_one_is_left() {
    race(rounds(5, 100), 32);
}

#[test]
fn of_four_starters_one_is_left_though_one_is_killed() {
    let mut random = Random(clock::mono().as_nanos().unsigned_abs() | 1);
    for _ in 0..rounds(100, 2_000) {
        let mut round = Round::of(4);
        let killed = round.kill_one(&mut random);
        round.settle();
        if round.starters.is_empty() {
            round.check_nobody(killed);
        }
        round.check();
    }
}

#[test]
fn the_journal_tells_doubles() {
    let lines = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
    assert!(doubles(&lines("start 1,asked 1,end 1,start 2")).is_empty());
    assert!(doubles(&lines("start 1,kill 1,start 2")).is_empty());
    assert_eq!(doubles(&lines("start 1,start 2,end 1")), ["1 and 2"]);
}
