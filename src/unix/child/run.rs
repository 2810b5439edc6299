//! One run, from the start of its process to the end of the last process that it left behind.

mod leaving;
mod phase;
mod telling;

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};
use nix::sys::prctl;

use super::outcome::Ending;
use super::reading::{Flow, Reading};
use super::refusal;
use super::spawn::{self, Started};
use super::sweep::Tolerated;
use super::sys::{self, Found, Status, Whom};
use super::{Ended, Spec, What};
use crate::failure::{Failure, signal_name};
use crate::process::poll::Alarm;
use crate::process::{clock, own_children};
use crate::settings::ChildSettings;
use crate::time::{Moment, Mono, in_words};
use phase::Phase;

/// A process that has not gone this long after SIGKILL hangs in the kernel.
const MOST_AFTER_KILL: Duration = Duration::from_secs(5);
/// How often is read in one step: signals are looked at in between.
const READS_PER_STEP: usize = 16;

/// A run that goes on.
///
/// Started from the main thread only: the process dies with the thread that started it (`PR_SET_PDEATHSIG`).
#[derive(Debug)]
pub struct Run {
    settings: ChildSettings,
    timeout: Option<Duration>,
    is_function: bool,
    started: Mono,
    child: Started,
    poll: Epoll,
    output: Reading,
    tolerated: Tolerated,
    phase: Phase,
    ended: Option<Ending>,
    /// What the run left behind: names by number.
    left: BTreeMap<i32, String>,
    notes: Vec<String>,
}

impl Run {
    /// Starts a run.
    ///
    /// # Errors
    ///
    /// When no process can be made, or the output cannot be waited for. That a program does not exist is learned at the end of the run.
    pub fn start(spec: &Spec<'_>, now: Moment) -> Result<Self, Box<Failure>> {
        let settings = spec.settings;
        let refused =
            |error: &io::Error| Box::new(refusal::failure_of(&refusal::of_spawn(error), settings));
        Run::try_start(spec, now).map_err(|error| refused(&error))
    }

    fn try_start(spec: &Spec<'_>, now: Moment) -> io::Result<Self> {
        prctl::set_child_subreaper(true)?;
        sys::mind_children();
        let tolerated = Tolerated::now();
        let poll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let output = Reading::new(spec.settings, now.mono);
        let deadline = spec
            .timeout
            .and_then(|timeout| now.wall.checked_add(timeout));
        let child = spawn::spawn(spec, deadline)?;
        let run = Run {
            settings: spec.settings.clone(),
            timeout: spec.timeout,
            is_function: matches!(spec.what, What::Function(_)),
            started: now.mono,
            child,
            poll,
            output,
            tolerated,
            phase: Phase::Running,
            ended: None,
            left: BTreeMap::new(),
            notes: Vec::new(),
        };
        let readable = EpollEvent::new(EpollFlags::EPOLLIN, 0);
        run.poll.add(&run.child.pidfd, readable)?;
        run.poll.add(&run.child.output, readable)?;
        Ok(run)
    }

    /// Returns the number of the process: its group and its session have the same.
    pub fn pid(&self) -> i32 {
        self.child.pid
    }

    /// Returns what becomes readable when there is something to do in [`step`](Run::step).
    pub fn source(&self) -> BorrowedFd<'_> {
        self.poll.0.as_fd()
    }

    /// Returns when there is something to do in [`step`](Run::step) at the latest.
    pub fn due(&self) -> Mono {
        match self.phase {
            Phase::Running => {
                let times_out = self.timeout.map(|limit| self.started + limit);
                let silence = self.settings.silence_timeout;
                let silent = silence.map(|limit| self.output.latest + limit);
                let first = times_out.into_iter().chain(silent).min();
                first.unwrap_or(Mono::NEVER)
            }
            Phase::Asked { kill_at } => kill_at,
            Phase::Killed { give_up_at } => give_up_at,
            Phase::Lingering { kill_at, look, .. } => look.at.min(kill_at),
            Phase::Sweeping { look, .. } | Phase::Clearing { look, .. } => look.at,
            Phase::Over => Mono::NEVER,
        }
    }

    /// Does what is to be done at `now`; returns the end when it has come. Never waits.
    pub fn step(&mut self, now: Mono) -> Option<Ended> {
        if self
            .output
            .read(&mut self.child.output, now, READS_PER_STEP)
            == Flow::Closed
        {
            let _ = self.poll.delete(&self.child.output);
        }
        match self.phase {
            Phase::Running | Phase::Asked { .. } | Phase::Killed { .. } => self.watch(now),
            Phase::Lingering {
                status,
                kill_at,
                look,
            } if now >= look.at.min(kill_at) => self.linger(status, kill_at, look, now),
            Phase::Sweeping {
                status,
                until,
                look,
            } if now >= look.at => self.sweep(status, until, look, now),
            Phase::Clearing {
                status,
                give_up_at,
                look,
            } if now >= look.at => self.clear(status, give_up_at, look, now),
            Phase::Lingering { .. }
            | Phase::Sweeping { .. }
            | Phase::Clearing { .. }
            | Phase::Over => None,
        }
    }

    /// Asks the run to end: `stop_signal` (and CONT) to its group, after `kill_grace` KILL. Asked before, or ended already: changes nothing.
    pub fn terminate(&mut self, now: Mono) {
        if matches!(self.phase, Phase::Running) && self.status().is_none() {
            let signal = signal_name(self.settings.stop_signal);
            self.ask(Ending::Asked(self.how(&signal, now)), now);
        }
    }

    /// Kills the run now, with all that belongs to it.
    pub fn kill(&mut self, now: Mono) {
        let alive = matches!(self.phase, Phase::Running | Phase::Asked { .. });
        if let Phase::Lingering { kill_at, .. } = &mut self.phase {
            *kill_at = now.min(*kill_at);
        } else if alive && self.status().is_none() {
            let how = self.how("SIGKILL", now);
            self.ended.get_or_insert(Ending::Asked(how));
            self.kill_tree(now);
        }
    }

    /// Waits for the end. For who has nothing else to wait for.
    ///
    /// # Errors
    ///
    /// Those of ppoll(2).
    pub fn finish(mut self) -> io::Result<Ended> {
        let mut alarm = Alarm::new()?;
        loop {
            if let Some(ended) = self.step(clock::mono()) {
                return Ok(ended);
            }
            alarm.wait([Some(self.source())], self.due())?;
        }
    }

    fn how(&self, signal: &str, now: Mono) -> String {
        format!("{signal} after {}", in_words(now.since(self.started)))
    }

    fn status(&self) -> Option<Status> {
        match sys::peek(Whom::Pinned(self.child.pidfd.as_fd())) {
            Ok(Found::Ended(status)) => Some(status),
            _ => None,
        }
    }

    /// The process lives, or has just ended. Its end comes before any deadline: who has ended in time is not timed out.
    fn watch(&mut self, now: Mono) -> Option<Ended> {
        if let Some(status) = self.status() {
            return self.leader_ended(status, now);
        }
        if now < self.due() {
            return None;
        }
        match self.phase {
            Phase::Running => self.ask(self.overdue(now), now),
            Phase::Asked { .. } => self.kill_tree(now),
            _ => return Some(self.give_up(now)),
        }
        None
    }

    fn overdue(&self, now: Mono) -> Ending {
        match (self.timeout, self.settings.silence_timeout) {
            (Some(limit), _) if now >= self.started + limit => Ending::Timeout(limit),
            (_, limit) => Ending::Silence(limit.unwrap_or_default()),
        }
    }

    fn ask(&mut self, ending: Ending, now: Mono) {
        self.ended = Some(ending);
        self.signal(self.settings.stop_signal);
        // Who is stopped could not obey.
        self.signal(libc::SIGCONT);
        self.phase = Phase::Asked {
            kill_at: now + self.settings.kill_grace,
        };
    }

    fn kill_tree(&mut self, now: Mono) {
        if let Some(Ending::Asked(_)) = self.ended {
            // It was not enough to ask.
            self.ended = Some(Ending::Asked(self.how("SIGKILL", now)));
        }
        self.signal(libc::SIGKILL);
        self.kill_cgroup();
        self.phase = Phase::Killed {
            give_up_at: now + MOST_AFTER_KILL,
        };
    }

    /// Only while the process was not reaped: then its number, and that of its group, is nobody else's.
    fn signal(&self, signal: i32) {
        if sys::signal_group(self.child.pid, signal).is_err() {
            // It has no group of its own yet: the launcher has just begun.
            let _ = sys::signal_pinned(self.child.pidfd.as_fd(), signal);
        }
    }

    fn kill_cgroup(&self) {
        if let Some(cgroup) = &self.child.cgroup {
            cgroup.kill();
        }
    }
}

impl Drop for Run {
    /// Whoever drops a run that is not over kills it.
    fn drop(&mut self) {
        if matches!(
            self.phase,
            Phase::Sweeping { .. } | Phase::Clearing { .. } | Phase::Over
        ) {
            return;
        }
        self.signal(libc::SIGKILL);
        self.kill_cgroup();
        // From now on it is an orphan like others: the next run reaps it.
        own_children::unregister(self.child.pid);
    }
}
