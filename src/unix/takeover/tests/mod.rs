//! Claims about takeover, each with real processes (the starters of the race driver) or with this
//! one as the newcomer.

mod files;
mod heirs;
mod runners;
mod standing;

use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use nix::sys::signal::Signal as Number;

use super::super::signals::Signals;
use super::super::trusted_paths::PrivateDir;
use super::race::{Ground, Manner, Starter};
use super::*;
use crate::chain::ChainName;
use crate::task::TaskName;

const SECOND: Duration = Duration::from_secs(1);
const NONE: Duration = Duration::ZERO;

/// The process of this test as a newcomer.
struct Attempt {
    result: Result<AcquiredChain, TakeoverError>,
    /// The progress on the way.
    told: Vec<String>,
}

impl Attempt {
    fn of(ground: &Ground, tasks: &[&str], policy: &Takeover) -> Self {
        let (_, signals) = Signals::install().unwrap();
        let mut told = Vec::new();
        let mut out = |progress: Progress| told.push(progress.to_string());
        let tasks: Vec<TaskName> = tasks.iter().map(|t| TaskName::parse(t).unwrap()).collect();
        let result = PrivateDir::open(&ground.root())
            .map_err(TakeoverError::from)
            .and_then(|root| acquire(&root, &chain(), &tasks, policy, &signals, &mut out));
        Attempt { result, told }
    }

    fn plain(ground: &Ground) -> Self {
        Attempt::of(ground, &["tasks::x"], &patient())
    }

    fn exit_code(&self) -> u8 {
        match &self.result {
            Ok(held) => panic!("holds the chain: {held:?}"),
            Err(error) => error.exit_code(),
        }
    }

    fn error(&self) -> String {
        self.result
            .as_ref()
            .expect_err("holds the chain")
            .to_string()
    }

    fn replaced(&self) -> Option<i32> {
        self.result.as_ref().expect("holds the chain").replaced
    }
}

fn chain() -> ChainName {
    ChainName::parse("x").unwrap()
}

/// Waits long before it calls anything stuck: the machine may be slow.
fn patient() -> Takeover {
    let mut policy = Takeover::promising(60 * SECOND, NONE);
    policy.patience.margin = 60 * SECOND;
    policy.patience.after_kill = 60 * SECOND;
    policy
}

/// Takes a promise for spent as soon as it is.
fn strict() -> Takeover {
    let mut policy = patient();
    policy.patience.margin = Duration::from_millis(50);
    policy
}

fn stubborn(stop_timeout: Duration) -> Manner {
    Manner {
        stubborn: true,
        stop_timeout,
        ..Manner::default()
    }
}

fn slow() -> Manner {
    Manner {
        slow: true,
        ..Manner::default()
    }
}

fn on_ground(prepare: impl FnOnce(&Path)) -> Ground {
    let ground = Ground::new();
    PrivateDir::open(&ground.root()).unwrap();
    prepare(&ground.path("x.pid"));
    ground
}

fn innocent() -> Child {
    Command::new("sleep").arg("1000").spawn().unwrap()
}

fn end(mut child: Child) {
    assert!(child.try_wait().unwrap().is_none(), "it was killed");
    child.kill().unwrap();
    child.wait().unwrap();
}

fn dead_pid() -> i32 {
    let mut child = Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    child.id() as i32
}

/// The runner was not even asked.
#[track_caller]
fn assert_untouched(ground: &Ground, runner: &mut Starter) {
    runner.signal(Number::SIGUSR2);
    ground.await_line("standing Held");
    assert!(!runner.has_ended());
    let asked = format!("asked {}", runner.pid());
    assert!(!ground.lines().contains(&asked), "{:#?}", ground.lines());
}
