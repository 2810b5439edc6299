//! Many starters of one chain at once, with the real binary, some of them killed with -9: never two runners at a time, and never none.
//!
//! Whether there were two is not asked of any lock: the task is a shell that appends a line to one journal when it begins and
//! one when it ends, with the pid of its runner, and the order of the lines tells. It runs nearly all the time.
//!
//! A few rounds by default; thousands with `RUN_FUNCTIONS_LONG_TESTS=1`, and their figures on standard output.
#![expect(
    clippy::disallowed_methods,
    reason = "whom to kill when is left to chance, and a round that never settles must end"
)]

#[path = "../../src/unix/takeover/race/chance.rs"]
mod chance;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::PipeWriter;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use chance::{Random, rounds};

use crate::support::{PATIENCE, Place, eventually};

const CONFIG: &str = r#"
[tasks.x]
shell = """
echo "start $PPID" >> journal
sleep 0.003
echo "end $PPID" >> journal
"""
success_cooldown = "1ms"
fail_cooldown = "1ms"
log_output = "none"
"#;

/// What a newcomer answers in a war of restarts, of which 32 starters at once are one.
const HELD: i32 = 75;

/// What became of some rounds.
#[derive(Debug, Default)]
struct Tally {
    rounds: usize,
    runs: usize,
    /// Rounds in which the one that was killed was the runner, so that nobody could be left.
    killed_runners: usize,
    /// Rounds in which it was the heir, and the runner had left for it.
    killed_heirs: usize,
    /// Rounds in which a runner started again because its heir had died.
    begun_anew: usize,
    refused_in_war: usize,
    doubles: Vec<String>,
    without_runner: Vec<String>,
}

impl Tally {
    fn expect_none(&self, what: &str) {
        println!(
            "{what}: {} rounds, {} runs, {} double, {} without a runner, {} with the runner and {} with the heir of a leaving runner killed, {} begun anew, {} starters refused in the war",
            self.rounds,
            self.runs,
            self.doubles.len(),
            self.without_runner.len(),
            self.killed_runners,
            self.killed_heirs,
            self.begun_anew,
            self.refused_in_war,
        );
        assert!(self.doubles.is_empty(), "{:#?}", self.doubles);
        assert!(self.without_runner.is_empty(), "{:#?}", self.without_runner);
    }
}

/// One round: starters that are let go at once.
struct Round {
    place: Place,
    starters: Vec<Starter>,
}

/// A process of the race; killed when it is dropped.
struct Starter {
    child: Child,
    number: usize,
    ended: Option<ExitStatus>,
}

impl Starter {
    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    fn has_ended(&mut self) -> bool {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().unwrap();
        }
        self.ended.is_some()
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

impl Round {
    fn of(count: usize) -> Self {
        let place = Place::with(CONFIG);
        let mut round = Round {
            place,
            starters: Vec::new(),
        };
        let (gate, opener): (_, PipeWriter) = std::io::pipe().unwrap();
        for _ in 0..count {
            round.start(gate.try_clone().unwrap().into());
        }
        drop(opener);
        round
    }

    /// Starts one, which waits at the gate: a shell that becomes the binary when nobody holds the other end of its input.
    fn start(&mut self, gate: Stdio) {
        let number = self.starters.len();
        let log = File::create(self.place.path(&format!("log{number}"))).unwrap();
        let wait = "read -r nothing; exec \"$@\" tasks::x";
        let stock = self.place.command(&[]);
        let mut command = self
            .place
            .command_of(Path::new("/bin/sh"), &["-c", wait, "sh"]);
        command.arg(race_binary(&stock));
        let child = command.stdin(gate).stderr(log).spawn().unwrap();
        self.starters.push(Starter {
            child,
            number,
            ended: None,
        });
    }

    fn log(&self, number: usize) -> String {
        self.place.read(&format!("log{number}"))
    }

    fn living(&mut self) -> usize {
        let living = self.starters.iter_mut();
        living
            .filter_map(|one| (!one.has_ended()).then_some(()))
            .count()
    }

    /// Waits until at most one is left, and counts those that were refused.
    fn settle(&mut self, tally: &mut Tally) {
        let start = Instant::now();
        while self.living() > 1 {
            assert!(
                start.elapsed() < 2 * PATIENCE,
                "never settles:\n{}",
                self.all()
            );
            pause(Duration::from_millis(1));
        }
        for starter in &self.starters {
            match starter.ended.map(|status| status.code()) {
                None | Some(None | Some(0)) => {}
                Some(Some(HELD)) => tally.refused_in_war += 1,
                Some(code) => panic!("exit {code:?}:\n{}", self.all()),
            }
        }
    }

    /// The one that is left runs the task, and ends when it is asked to.
    fn end(&mut self) {
        let last = self.starters.iter_mut().position(|one| !one.has_ended());
        let last = last.expect("somebody is left");
        let pid = self.starters[last].pid();
        let begins = format!("start {pid}\n");
        let runs = eventually(|| self.place.read("journal").contains(&begins));
        assert!(runs, "{pid} does not run:\n{}", self.all());
        let starter = &mut self.starters[last];
        let start = Instant::now();
        while !starter.has_ended() {
            assert!(start.elapsed() < PATIENCE, "{pid} does not end");
            // More than once: the system drops a SIGTERM while another one, of an heir that is dead by now, waits to be delivered.
            let _ = kill(pid, Signal::SIGTERM);
            pause(Duration::from_millis(2));
        }
        let (number, ended) = (starter.number, starter.ended.unwrap());
        // Who starts again can be asked to end before it heeds signals, as any process that has just begun.
        let has_begun_anew = self.log(number).contains("starting again");
        let well =
            ended.success() || has_begun_anew && ended.signal() == Some(Signal::SIGTERM as i32);
        assert!(well, "{ended:?}:\n{}", self.all());
    }

    /// Kills one of them at some moment with -9. Returns which.
    fn kill_one(&mut self, random: &mut Random) -> usize {
        pause(Duration::from_micros(random.below(40_000)));
        let victim = random.below(self.starters.len() as u64) as usize;
        let starter = &mut self.starters[victim];
        if !starter.has_ended() {
            starter.child.kill().unwrap();
            starter.ended = Some(starter.child.wait().unwrap());
        }
        victim
    }

    /// Nobody is left: fine when the one that was killed was the runner, or the heir for whom the runner left just then. Whoever comes
    /// next must be able to run.
    fn check_nobody(&mut self, killed: usize, tally: &mut Tally) {
        let log = self.log(killed);
        if log.contains("Wrote pidfile") {
            tally.killed_runners += 1;
        } else if log.contains("Asking runner") && self.all().contains("a newcomer runs this chain")
        {
            tally.killed_heirs += 1;
        } else {
            tally.without_runner.push(self.all());
        }
        self.start(Stdio::null());
    }

    fn judge(&self, tally: &mut Tally) {
        let journal = self.place.read("journal");
        tally.rounds += 1;
        tally.runs += journal.matches("end").count();
        tally.begun_anew += usize::from(self.all().contains("starting again"));
        let found = doubles(&journal);
        if !found.is_empty() {
            let told = format!("{found:?}:\n{journal}\n{}", self.all());
            tally.doubles.push(told);
        }
    }

    fn all(&self) -> String {
        let one = |starter: &Starter| {
            let (number, pid) = (starter.number, starter.pid());
            format!(
                "#{number}, {pid}, {:?}:\n{}",
                starter.ended,
                self.log(number)
            )
        };
        self.starters.iter().map(one).collect()
    }
}

/// Who ran between the beginning and the end of somebody else's run. A run that never ended was killed: it does not count from the
/// moment on at which somebody else began, unless it turns out to have ended later.
fn doubles(journal: &str) -> BTreeSet<String> {
    let lines: Vec<&str> = journal.lines().collect();
    let mut found = BTreeSet::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(who) = line.strip_prefix("start ") else {
            continue;
        };
        let rest = &lines[at + 1..];
        let end = format!("end {who}");
        let run = rest.iter().take_while(|line| **line != end);
        let others: Vec<_> = run
            .filter(|line| !line.ends_with(&format!(" {who}")))
            .collect();
        if rest.contains(&end.as_str()) {
            found.extend(
                others
                    .iter()
                    .map(|other| format!("`{other}` in a run of {who}")),
            );
        }
    }
    found
}

/// The stock binary of this build, or another one that is to be measured: the release binary.
fn race_binary(stock: &Command) -> OsString {
    let other = std::env::var_os("RUN_FUNCTIONS_RACE_BINARY");
    // Runners start in directories of their own.
    let whole = |path: OsString| {
        std::fs::canonicalize(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"))
    };
    other.map_or_else(|| stock.get_program().into(), |path| whole(path).into())
}

fn pause(span: Duration) {
    std::thread::sleep(span);
}

fn race(rounds: usize, starters: usize) {
    let mut tally = Tally::default();
    for _ in 0..rounds {
        let mut round = Round::of(starters);
        round.settle(&mut tally);
        match round.living() {
            0 => tally.without_runner.push(round.all()),
            _ => round.end(),
        }
        round.judge(&mut tally);
    }
    tally.expect_none(&format!("{starters} starters"));
}

#[test]
fn of_two_starters_exactly_one_runs() {
    race(rounds(40, 1_000), 2);
}

#[test]
fn of_eight_starters_exactly_one_runs() {
    race(rounds(10, 300), 8);
}

#[test]
fn of_thirty_two_starters_exactly_one_runs() {
    race(rounds(2, 100), 32);
}

#[test]
fn of_four_starters_one_runs_though_one_is_killed() {
    let seed = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
    let (mut random, mut tally) = (Random(seed | 1), Tally::default());
    for _ in 0..rounds(40, 2_000) {
        let mut round = Round::of(4);
        let killed = round.kill_one(&mut random);
        round.settle(&mut tally);
        if round.living() == 0 {
            round.check_nobody(killed, &mut tally);
        }
        round.end();
        round.judge(&mut tally);
    }
    tally.expect_none("4 starters, one of them killed");
}

#[test]
fn the_journal_tells_doubles() {
    let found = |text: &str| doubles(&text.replace(',', "\n")).len();
    assert_eq!(found("start 1,end 1,start 2,end 2,start 1,end 1"), 0);
    assert_eq!(found("start 1,start 2,end 2"), 0, "the first was killed");
    assert_eq!(found("start 1,start 2,end 1"), 1, "killed, yet it went on");
    assert_eq!(found("start 1,start 2,end 2,end 1"), 2);
}
