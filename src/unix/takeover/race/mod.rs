//! The race driver: many starters of one chain at once, some of them killed with -9; after each
//! round exactly one runner lives, and at no moment there were two.
//!
//! Whether there were two is not asked of our locks: every starter appends to one journal when it
//! begins and ends to be the runner, and the order of the lines tells.

mod chance;
mod ground;
mod player;

use std::io::PipeWriter;
use std::time::Duration;

use nix::sys::signal::Signal as Number;

use chance::{Random, rounds};
use ground::DEADLINE;
use ground::pause;
pub(super) use ground::{Ground, Manner, Starter};

use super::super::clock;

/// Who was runner when two were, by the order of the journal; nobody, if all is well. Who is about
/// to be killed counts as gone.
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

/// A round: starters that are let go at once.
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
        let until = clock::mono() + DEADLINE;
        while !last.has_ended() {
            assert!(clock::mono() < until, "{:#?}", self.ground.lines());
            // More than once: the system drops a SIGTERM while another one, of an heir that is dead
            // by now, waits to be delivered.
            last.signal(Number::SIGTERM);
            pause(Duration::from_millis(5));
        }
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

    /// Nobody is left: that may only be when the one that was killed had asked somebody to leave
    /// for it, or was the runner. It is in nobody's way now.
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
