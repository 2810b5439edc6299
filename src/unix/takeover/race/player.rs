//! A starter, seen from within: becomes the runner, says so in the journal, and leaves when it is
//! asked to.

use std::env;
use std::ffi::OsString;
use std::io::Read;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::Signal as Number;

use super::super::{
    AcquiredChain, IncumbentPolicy, Progress, RestartStorm, Takeover, WaitLimits, acquire,
};
use super::ground::{DEADLINE, Manner, command, note, pause};
use crate::chain::ChainName;
use crate::core::time::Mono;
use crate::task::TaskName;
use crate::unix::signals::{Signal, SignalReader, Signals};
use crate::unix::trusted_paths::PrivateDir;
use crate::unix::waiter::Waiter;

#[test]
#[ignore = "needs the race driver, which starts it as a process"]
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
        // A driver that is killed must not leave us behind.
        nix::sys::prctl::set_pdeathsig(Number::SIGKILL).unwrap();
        let (_, signals) = Signals::install().unwrap();
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let root = PrivateDir::open(&self.ground.join("run")).unwrap();
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

    fn run(&self, mut held: AcquiredChain, signals: &SignalReader) -> u8 {
        self.note(&format!("start {}", self.me));
        if env::var_os("RACE_DEPLOYS").is_some() {
            let status = command(&self.ground, &Manner::default()).status().unwrap();
            self.note(&format!("deployed {:?}", status.code()));
        }
        let mut alarm = Waiter::new().unwrap();
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

    /// Finishes its task, so to speak; returns false when it was asked by heirs only and there is
    /// none.
    fn leave(&self, held: &AcquiredChain, signals: &SignalReader, mut asked: Vec<Signal>) -> bool {
        self.note(&format!("asked {}", self.me));
        pause(Duration::from_millis(u64::from(self.me % 3)));
        while env::var_os("RACE_SLOW").is_some() && !self.ground.join("go").exists() {
            pause(Duration::from_millis(1));
        }
        asked.extend(signals.drain());
        let by_heirs = |signal: &Signal| matches!(signal, Signal::Replace { .. }) || !signal.ends();
        let leaves = !asked.iter().all(by_heirs) || held.heirs.is_there().unwrap_or(true);
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
    policy.patience = WaitLimits {
        margin: DEADLINE,
        after_kill: DEADLINE,
        unseen: DEADLINE,
        between_words: DEADLINE,
    };
    policy.war = RestartStorm {
        takeovers: usize::MAX,
        within: DEADLINE,
    };
    policy.incumbent = IncumbentPolicy::Leaves;
    policy
}
