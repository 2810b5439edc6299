//! The main thread's end of the lock: asks for it before a run, gives it back after one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use nix::poll::{PollTimeout, poll};

use super::lock_request::take_now;
use super::lock_state::{LockStanding, LockState};
use super::next_holder::{Inheritance, NextHolder};

use crate::alert::memory::AlertMemory;
use crate::core::command_error::CommandError;
use crate::core::event::TaskIndex;
use crate::core::failure::Outcome;
use crate::core::time::{Moment, Mono};
use crate::lock::{LockHandle, NoteSlot};
use crate::notify::alert_memory_file::MemoryCopy;
use crate::unix::keeper::{Keeper, KeeperDeadline};
use crate::unix::{boot, clock};

/// How long the server is waited for when the runner ends. What it has not taken back by then, the
/// end of the lease takes.
pub(super) const LONGEST_RELEASE: Duration = Duration::from_secs(5);
/// How long what a run left alive is waited for, which is killed before the lock is given back.
const LONGEST_EMPTYING: Duration = Duration::from_secs(2);

/// Which lock is kept for how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LockPolicy {
    /// Whether it is held through cooldowns.
    pub(crate) keep: bool,
    /// Whether it is given up after a failed run.
    pub(crate) release_on_error: bool,
}

/// The lock of a chain.
pub(crate) struct RunnerLock {
    handle: LockHandle,
    slot: NoteSlot,
    state: Arc<LockState>,
    keeper: Arc<Keeper>,
    policy: LockPolicy,
    notes: Arc<Mutex<NextHolder>>,
    /// Whether the last run has failed.
    failed: bool,
}

/// What is to be done before a run.
#[derive(Debug)]
pub(crate) enum BeforeRun {
    /// The lock is held: run.
    Held(Option<Box<Inheritance>>),
    /// Wait until something changes.
    Wait,
}

impl RunnerLock {
    /// Creates the main thread's end.
    pub(crate) fn new(
        handle: LockHandle,
        state: Arc<LockState>,
        keeper: Arc<Keeper>,
        policy: LockPolicy,
        notes: Arc<Mutex<NextHolder>>,
    ) -> Self {
        RunnerLock {
            slot: handle.note_slot(),
            handle,
            state,
            keeper,
            policy,
            notes,
            failed: false,
        }
    }

    /// Returns the keeper, under which all processes of the chain run.
    pub(crate) fn keeper(&self) -> &Arc<Keeper> {
        &self.keeper
    }

    /// Returns what writes a memory of alerts beside the lock, whenever that is saved.
    pub(crate) fn memory_copy(&self) -> MemoryCopy {
        let (state, slot, places) = (
            Arc::clone(&self.state),
            self.slot.clone(),
            Arc::clone(&self.notes),
        );
        MemoryCopy::new(move |alerts| {
            if state.may_write() {
                slot.store(notes(&places).note(alerts));
            }
        })
    }

    /// Returns for how long work may go on under the lock without an answer of its server; `None`
    /// while the lock is not held.
    pub(crate) fn margin(&self, now: Mono) -> Option<Duration> {
        Some(self.state.stop_at()?.since(now))
    }

    /// Returns whether the lock was held and is lost.
    pub(crate) fn is_lost(&self) -> bool {
        matches!(self.state.standing(), LockStanding::Lost { .. })
    }

    /// Acquires the lock now.
    ///
    /// # Errors
    ///
    /// When another runner holds the lock, with its name; when the server gives no answer.
    pub(crate) fn take_now(&self) -> Result<(), CommandError> {
        take_now(&self.handle, &self.state)
    }

    /// Asks for the lock, if it is not held, and returns whether it is.
    pub(crate) fn before_run(&mut self) -> BeforeRun {
        match self.state.standing() {
            LockStanding::Held { .. } if self.state.may_begin(clock::mono()) => {
                BeforeRun::Held(self.inheritance())
            }
            // The lock's thread is about to notice that no beat was acknowledged, or that one was.
            LockStanding::Held { .. } => BeforeRun::Wait,
            LockStanding::Lost { .. } => {
                self.let_go();
                BeforeRun::Wait
            }
            LockStanding::Free | LockStanding::Elsewhere(_) => {
                self.handle.want();
                BeforeRun::Wait
            }
        }
    }

    /// Lets a lock that was lost in a cooldown go, so that it is asked for anew at once and not
    /// when the cooldown is over. Returns what another holder has left meanwhile.
    pub(crate) fn resting(&mut self) -> Option<Box<Inheritance>> {
        match self.state.standing() {
            LockStanding::Lost { .. } => {
                self.let_go();
                None
            }
            LockStanding::Held { .. } => self.inheritance(),
            LockStanding::Free | LockStanding::Elsewhere(_) => None,
        }
    }

    /// Returns what the last holder has left, once, if that was another runner.
    fn inheritance(&self) -> Option<Box<Inheritance>> {
        let note = self.state.take_note()?;
        let found = notes(&self.notes).inheritance(&note, &boot::id(), clock::now());
        match found {
            Ok(found) => found.map(Box::new),
            Err(why) => {
                log::warn!("What the last holder left beside the lock cannot be read: {why}");
                None
            }
        }
    }

    /// Takes note that a run begins at this task.
    pub(crate) fn run_begins(&mut self, step: TaskIndex) {
        notes(&self.notes).stands_at(step, clock::wall());
    }

    /// Takes note of the end of a run. What the loss of the lock has ended is no failure of the
    /// task.
    pub(crate) fn run_ended(&mut self, outcome: Outcome) -> Outcome {
        let outcome = match (self.why_lost(), outcome) {
            (Some(why), Outcome::Failure(_) | Outcome::Interrupted { .. }) => {
                Outcome::Interrupted {
                    how: format!("the lock was lost: {why}"),
                }
            }
            // Its end took the run along, or kept it from starting; the runner ends, too.
            (None, Outcome::Failure(_)) if self.keeper.is_gone() => Outcome::Interrupted {
                how: "the keeper of this runner is gone".to_owned(),
            },
            (_, outcome) => outcome,
        };
        self.failed = matches!(outcome, Outcome::Failure(_) | Outcome::Fatal(_));
        outcome
    }

    /// Returns why the lock is lost, or is about to be: its thread may still wait for the answer to
    /// a beat when what runs was asked to end.
    fn why_lost(&self) -> Option<String> {
        match self.state.standing() {
            LockStanding::Lost { why, .. } => Some(why),
            LockStanding::Held { .. } if !self.state.may_begin(clock::mono()) => {
                Some("no beat was acknowledged in time".to_owned())
            }
            _ => None,
        }
    }

    /// Takes note that the chain rests: `next` is due at `until`. Gives the lock back unless it is
    /// kept.
    pub(crate) fn rests(
        &mut self,
        next: TaskIndex,
        until: Mono,
        alerts: Option<&AlertMemory>,
        now: Moment,
    ) {
        // Another host does not wait for the second half.
        let failed = std::mem::take(&mut self.failed);
        let wait = until.since(now.mono);
        let wait = if failed && self.policy.release_on_error {
            wait / 2
        } else {
            wait
        };
        let due = now.wall.checked_add(wait).unwrap_or(SystemTime::UNIX_EPOCH);
        {
            let mut notes = notes(&self.notes);
            notes.stands_at(next, due);
            if let Some(alerts) = alerts {
                self.slot.store(notes.note(alerts));
            }
        }
        let gives_up = failed && self.policy.release_on_error;
        match self.state.standing() {
            LockStanding::Lost { .. } => self.let_go(),
            LockStanding::Held { .. } if self.policy.keep && !gives_up => {}
            _ => self.release(),
        }
    }

    /// Gives the lock back: nothing runs under it.
    pub(crate) fn release(&self) {
        self.empty();
        self.handle.release();
        self.state.is_free();
    }

    /// Allows the lost lock to be given back: nothing runs under it any more.
    fn let_go(&self) {
        self.empty();
        self.handle.let_go();
    }

    /// Ends what runs have left alive: nothing outlives the lock.
    fn empty(&self) {
        if self.keeper.has_no_children() {
            return;
        }
        let now = clock::mono();
        let at_once = KeeperDeadline {
            term_at: now,
            kill_at: now,
        };
        if self.keeper.set_deadline(Some(at_once)).is_err() {
            return;
        }
        while !self.keeper.has_no_children() && clock::mono() < now + LONGEST_EMPTYING {
            let _ = poll(&mut [], PollTimeout::from(1_u8));
        }
    }

    /// Ends the lock's thread, which gives the lock back.
    pub(crate) fn end(self) {
        self.empty();
        self.handle.end(clock::mono() + LONGEST_RELEASE);
    }
}

/// Returns the notes, which the thread that saves the memory of alerts writes as well.
pub(crate) fn notes(notes: &Mutex<NextHolder>) -> MutexGuard<'_, NextHolder> {
    notes.lock().unwrap_or_else(PoisonError::into_inner)
}
