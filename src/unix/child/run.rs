//! One run, from the start of its process to the end of the last process that it left behind.

mod phase;
mod result;
mod teardown;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};
use nix::sys::prctl;
use nix::sys::stat::fstat;

use super::super::trusted_paths::Identity;
use super::super::waiter::Waiter;
use super::super::{clock, own_children};
use super::leftovers::{RunMarks, Tolerated};
use super::outcome::Ending;
use super::output_reader::{OutputReader, PipeState};
use super::run_parent::RunParent;
use super::spawn::{self, StartedRun};
use super::spec::{EndedRun, RunTarget, Spec};
use super::start_failure;
use super::sys::{self, ChildState, Status};
use crate::core::failure::{Outcome, signal_name};
use crate::core::settings::{ChildSettings, Leak};
use crate::core::time::{Moment, Mono, in_words};

use phase::RunPhase;

/// A process that has not gone this long after SIGKILL hangs in the kernel.
const MOST_AFTER_KILL: Duration = Duration::from_secs(5);
/// How often is read in one step: signals are looked at in between.
const READS_PER_STEP: usize = 16;

/// A run that goes on.
///
/// Started from the main thread only: the process dies with the thread that started it
/// (`PR_SET_PDEATHSIG`).
#[derive(Debug)]
pub struct ChildRun {
    settings: ChildSettings,
    timeout: Option<Duration>,
    is_function: bool,
    started: Mono,
    parent: RunParent,
    child: StartedRun,
    poll: Epoll,
    output: OutputReader,
    tolerated: Tolerated,
    marks: RunMarks,
    phase: RunPhase,
    ended: Option<Ending>,
    /// Whether the keeper has died meanwhile.
    is_orphaned: bool,
    /// What the run left behind: names by number.
    left: BTreeMap<i32, String>,
    notes: Vec<String>,
}

impl ChildRun {
    /// Starts a run.
    ///
    /// # Errors
    ///
    /// A failure when no process can be made, or the output cannot be waited for; an interruption
    /// when the keeper starts nothing at its deadline. That a program does not exist is learned at
    /// the end of the run.
    pub fn start(spec: &Spec<'_>, now: Moment) -> Result<Self, Box<Outcome>> {
        let outcome = |error| Box::new(start_failure::outcome_of(&error, spec.settings));
        ChildRun::try_start(spec, now).map_err(outcome)
    }

    fn try_start(spec: &Spec<'_>, now: Moment) -> io::Result<Self> {
        prctl::set_child_subreaper(true)?;
        sys::mind_children();
        let parent = RunParent::of(spec.keeper);
        let tolerated = Tolerated::now(&parent);
        let poll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let output = OutputReader::new(spec.settings, now.mono);
        let deadline = spec
            .timeout
            .and_then(|timeout| now.wall.checked_add(timeout));
        let child = spawn::spawn(spec, &parent, deadline)?;
        let run = ChildRun {
            settings: spec.settings.clone(),
            timeout: spec.timeout,
            is_function: !matches!(spec.what, RunTarget::Program(_)),
            started: now.mono,
            marks: marks(spec, &child),
            parent,
            child,
            poll,
            output,
            tolerated,
            phase: RunPhase::Running,
            ended: None,
            is_orphaned: false,
            left: BTreeMap::new(),
            notes: Vec::new(),
        };
        let readable = EpollEvent::new(EpollFlags::EPOLLIN, 0);
        run.poll.add(&run.child.pidfd, readable)?;
        run.poll.add(&run.child.output, readable)?;
        if let Some(keeper) = run.parent.keeper() {
            run.poll.add(keeper.source(), readable)?;
        }
        Ok(run)
    }

    /// Returns the number of the process: its group and its session have the same.
    pub fn pid(&self) -> i32 {
        self.child.pid
    }

    /// Returns what becomes readable when there is something to do in [`step`](ChildRun::step).
    pub fn source(&self) -> BorrowedFd<'_> {
        self.poll.0.as_fd()
    }

    /// Returns when there is something to do in [`step`](ChildRun::step) at the latest.
    pub fn due(&self) -> Mono {
        match self.phase {
            RunPhase::Running => {
                let times_out = self.timeout.map(|limit| self.started + limit);
                let silence = self.settings.silence_timeout;
                let silent = silence.map(|limit| self.output.latest + limit);
                let first = times_out.into_iter().chain(silent).min();
                first.unwrap_or(Mono::NEVER)
            }
            RunPhase::Asked { kill_at } => kill_at,
            RunPhase::Killed { give_up_at } => give_up_at,
            RunPhase::Lingering { kill_at, look, .. } => look.at.min(kill_at),
            RunPhase::Sweeping { look, .. } | RunPhase::Clearing { look, .. } => look.at,
            RunPhase::Over => Mono::NEVER,
        }
    }

    /// Returns what was printed so far from a position on, as far as that is kept in one piece, and
    /// how many bytes before it are kept no longer.
    pub(crate) fn printed_from(&self, from: u64) -> (u64, Vec<u8>) {
        self.output.printed_from(from)
    }

    /// Does what is to be done at `now`; returns the end when it has come. Never waits.
    pub fn step(&mut self, now: Mono) -> Option<EndedRun> {
        if self
            .output
            .read(&mut self.child.output, now, READS_PER_STEP)
            == PipeState::Closed
        {
            let _ = self.poll.delete(&self.child.output);
        }
        if !self.is_orphaned && self.parent.has_lost_keeper() {
            self.lose_keeper(now);
        }
        match self.phase {
            RunPhase::Running | RunPhase::Asked { .. } | RunPhase::Killed { .. } => self.watch(now),
            RunPhase::Lingering {
                status,
                kill_at,
                look,
            } if now >= look.at.min(kill_at) => self.linger(status, kill_at, look, now),
            RunPhase::Sweeping {
                status,
                until,
                look,
            } if now >= look.at => self.sweep(status, until, look, now),
            RunPhase::Clearing {
                status,
                give_up_at,
                look,
            } if now >= look.at => self.clear(status, give_up_at, look, now),
            RunPhase::Lingering { .. }
            | RunPhase::Sweeping { .. }
            | RunPhase::Clearing { .. }
            | RunPhase::Over => None,
        }
    }

    /// Asks the run to end: `stop_signal` (and CONT) to its group, after `kill_grace` KILL. Asked
    /// before, or ended already: changes nothing.
    pub fn terminate(&mut self, now: Mono) {
        if matches!(self.phase, RunPhase::Running) && self.status().is_none() {
            let signal = signal_name(self.settings.stop_signal);
            self.ask(Ending::Asked(self.how(&signal, now)), now);
        }
    }

    /// Kills the run now, with all that belongs to it.
    pub fn kill(&mut self, now: Mono) {
        let alive = matches!(self.phase, RunPhase::Running | RunPhase::Asked { .. });
        if let RunPhase::Lingering { kill_at, .. } = &mut self.phase {
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
    pub fn finish(mut self) -> io::Result<EndedRun> {
        let mut alarm = Waiter::new()?;
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

    fn status(&mut self) -> Option<Status> {
        let child = self.parent.peek(self.child.pidfd.as_fd(), self.child.pid);
        let child = child.ok()?;
        let ChildState::Ended(status) = child.state else {
            return None;
        };
        if let (Some(signal), None) = (child.signal, &self.ended) {
            // The keeper keeps its word though this process was stopped: it may be long ago.
            let signal = signal_name(signal);
            let how = format!("{signal} by the keeper, at the deadline of all that runs");
            self.ended = Some(Ending::Asked(how));
        }
        Some(status)
    }

    /// The keeper is gone, so that nothing else ends the run at its deadline. What was below it is
    /// below us, what former runs left there too: all of it is ended.
    fn lose_keeper(&mut self, now: Mono) {
        self.is_orphaned = true;
        if let Some(keeper) = self.parent.keeper() {
            let _ = self.poll.delete(keeper.source());
        }
        self.settings.leak = Leak::Kill;
        self.tolerated = Tolerated::default();
        match &mut self.phase {
            RunPhase::Lingering { kill_at, .. } => *kill_at = now,
            RunPhase::Running | RunPhase::Asked { .. } => {
                let ended_itself = matches!(self.status(), Some(Status::Exited(_)));
                self.kill_tree(now);
                if !ended_itself {
                    let how = self.how("SIGKILL", now);
                    let how = format!("{how}, for the keeper of this runner has died");
                    self.ended = Some(Ending::Asked(how));
                }
            }
            _ => {}
        }
    }

    /// The process lives, or has just ended. Its end comes before any deadline: who has ended in
    /// time is not timed out.
    fn watch(&mut self, now: Mono) -> Option<EndedRun> {
        if let Some(status) = self.status() {
            return self.leader_ended(status, now);
        }
        if now < self.due() {
            return None;
        }
        match self.phase {
            RunPhase::Running => self.ask(self.overdue(now), now),
            RunPhase::Asked { .. } => self.kill_tree(now),
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
        self.phase = RunPhase::Asked {
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
        self.phase = RunPhase::Killed {
            give_up_at: now + MOST_AFTER_KILL,
        };
    }

    /// Only while the process was not reaped: then its number, and that of its group, is nobody
    /// else's.
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

fn marks(spec: &Spec<'_>, child: &StartedRun) -> RunMarks {
    let cgroup = child
        .cgroup
        .as_ref()
        .and_then(|cgroup| cgroup.path().file_name());
    let in_flight = spec.in_flight.and_then(|file| fstat(file).ok());
    RunMarks {
        session: child.pid,
        run: spec.run.to_string(),
        cgroup: cgroup.map(OsStr::to_owned),
        in_flight: in_flight.map(|stat| Identity::of(&stat)),
    }
}

impl Drop for ChildRun {
    /// Whoever drops a run that is not over kills it.
    fn drop(&mut self) {
        if matches!(
            self.phase,
            RunPhase::Sweeping { .. } | RunPhase::Clearing { .. } | RunPhase::Over
        ) {
            return;
        }
        self.signal(libc::SIGKILL);
        self.kill_cgroup();
        // From now on it is an orphan like others: the next run reaps it.
        own_children::unregister(self.child.pid);
    }
}
