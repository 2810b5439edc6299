//! What the two threads of a runner share. The main thread runs tasks and waits; the watcher reads
//! signals and keeps the times of the alert policy, so that a function that hangs can silence
//! neither.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::observers::all::Observers;
use crate::service::stop_escalation::StopRequest;
use crate::task::context::{StopCause, clear_stop, request_stop};
use crate::unix::takeover::{HandOver, SuccessorWatch};
use crate::unix::wakeup::Wakeup;

/// How long the last mail may take to leave when the runner ends. What has not left by then is in
/// the outbox.
pub(crate) const LAST_MAIL: Duration = Duration::from_secs(2);

/// Where the main thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MainThreadState {
    /// Between runs, or asleep.
    Between,
    /// In a function that runs in this process: nobody but the watcher can act.
    InFunction,
    /// Waiting for a child process, ready to act.
    WithChild,
}

/// What signals have asked for so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Requests {
    /// To end: which signal said so first, and when.
    pub(crate) stop: Option<StopRequest>,
    /// To end at once.
    pub(crate) quit: bool,
    /// To skip the rest of a cooldown.
    pub(crate) wake: bool,
}

/// What the two threads share.
#[derive(Debug)]
pub(crate) struct RunnerControl {
    observers: Mutex<Observers>,
    asked: Mutex<Requests>,
    attention: AtomicBool,
    place: AtomicU8,
    over: AtomicBool,
    /// Whether the watcher looks now and then whether a function has replaced the handlers of
    /// signals.
    patrol: AtomicBool,
    /// Where a newcomer would be; `None` for `once`, which holds no chain.
    heirs: Option<SuccessorWatch>,
    /// Wakes the main thread.
    main_bell: Wakeup,
    /// Wakes the watcher.
    watch_bell: Wakeup,
}

impl RunnerControl {
    /// Makes it.
    ///
    /// # Errors
    ///
    /// When the process has no descriptor left.
    pub(crate) fn new(observers: Observers, heirs: Option<SuccessorWatch>) -> io::Result<Self> {
        Ok(RunnerControl {
            observers: Mutex::new(observers),
            asked: Mutex::default(),
            attention: AtomicBool::new(false),
            place: AtomicU8::new(MainThreadState::Between as u8),
            over: AtomicBool::new(false),
            patrol: AtomicBool::new(false),
            heirs,
            main_bell: Wakeup::new()?,
            watch_bell: Wakeup::new()?,
        })
    }

    /// Returns the observers. Nobody holds them while a task runs.
    pub(crate) fn observers(&self) -> MutexGuard<'_, Observers> {
        self.observers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what was asked for, and wakes the main thread.
    pub(crate) fn ask(&self, change: impl FnOnce(&mut Requests)) {
        {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut asked);
            tell_functions(&asked);
            self.attention.store(true, Ordering::SeqCst);
        }
        self.main_bell.ring();
    }

    /// Returns what was asked for.
    pub(crate) fn asked(&self) -> Requests {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what was asked for, and takes a wake: only the main thread does, whom it is meant
    /// for.
    pub(crate) fn take(&self) -> Requests {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = *asked;
        asked.wake = false;
        if asked.stop.is_none() && !asked.quit {
            self.attention.store(false, Ordering::Release);
        }
        taken
    }

    /// Returns whether a request to end still holds, when something irreversible is to be done
    /// about it. Of a newcomer who is gone it does not: the chain would be left without a runner.
    pub(crate) fn still_holds(&self, stop: &StopRequest) -> bool {
        let is_there = |heirs: &SuccessorWatch| heirs.is_there().unwrap_or(true);
        if !stop.heir || self.heirs.as_ref().is_none_or(is_there) {
            return true;
        }
        self.take_back_stop();
        let holds = self.asked().stop.is_some();
        if !holds {
            log::warn!("The newcomer that asked this runner to leave is gone; going on");
        }
        holds
    }

    /// Returns what became of the chain that this runner has given up for a newcomer.
    pub(crate) fn hand_over(&self) -> HandOver {
        // Without having been asked it leaves to one that has the chain already.
        let for_heir = self.asked().stop.is_some_and(|stop| stop.heir);
        match &self.heirs {
            Some(heirs) if for_heir => heirs.take_over().unwrap_or(HandOver::Taken),
            _ => HandOver::Taken,
        }
    }

    /// Leaves word that this runner was asked to stop, by what: the one that it has replaced may be
    /// there still.
    pub(crate) fn leave_word(&self, by: &str) {
        // On a full disk there is none, and the other one goes on.
        let _ = self.heirs.as_ref().map(|heirs| heirs.leave_word(by));
    }

    /// Takes back the request of a newcomer to end: he is not there any more. What a person has
    /// asked for in the meantime stays.
    fn take_back_stop(&self) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.stop.is_some_and(|stop| stop.heir) {
            asked.stop = None;
        }
        tell_functions(&asked);
        let wanted = asked.stop.is_some() || asked.quit;
        self.attention.store(wanted, Ordering::Release);
    }

    /// Returns whether anything was asked for. Costs next to nothing.
    pub(crate) fn wants_attention(&self) -> bool {
        self.attention.load(Ordering::Acquire)
    }

    /// Reports that the main thread is with a run from now on.
    ///
    /// What was asked for after it had looked for the last time is not lost: a wake was meant for
    /// the cooldown that is over, and a request to end wakes the watcher, who has not seen a run
    /// yet.
    pub(crate) fn begin_run(&self, place: MainThreadState) {
        // Both sides write before they read, in one order that all agree on: one of them sees the
        // other.
        self.place.store(place as u8, Ordering::SeqCst);
        if self.attention.load(Ordering::SeqCst) {
            self.take();
            self.watch_bell.ring();
        }
        // Both sides write before they read, here too. Short runs that follow each other ring once.
        if place == MainThreadState::InFunction && !self.patrol.swap(true, Ordering::SeqCst) {
            self.watch_bell.ring();
        }
    }

    /// Returns whether functions have run in this process since the watcher looked last.
    pub(crate) fn is_patrolled(&self) -> bool {
        self.patrol.load(Ordering::SeqCst)
    }

    /// Returns whether the watcher is to look again: a function runs.
    pub(crate) fn goes_on_patrol(&self) -> bool {
        self.patrol.store(false, Ordering::SeqCst);
        let runs = self.place() == MainThreadState::InFunction;
        if runs {
            self.patrol.store(true, Ordering::SeqCst);
        }
        runs
    }

    /// Has the watcher look again, though no function runs.
    pub(super) fn stay_on_patrol(&self) {
        self.patrol.store(true, Ordering::SeqCst);
    }

    /// Reports that the run has ended.
    pub(crate) fn end_run(&self) {
        self.place
            .store(MainThreadState::Between as u8, Ordering::Release);
    }

    /// Returns where the main thread is.
    pub(crate) fn place(&self) -> MainThreadState {
        match self.place.load(Ordering::SeqCst) {
            place if place == MainThreadState::InFunction as u8 => MainThreadState::InFunction,
            place if place == MainThreadState::WithChild as u8 => MainThreadState::WithChild,
            _ => MainThreadState::Between,
        }
    }

    /// Ends the watcher.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Release);
        self.watch_bell.ring();
    }

    /// Returns whether the watcher is to end.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Returns what wakes the main thread.
    pub(crate) fn main_bell(&self) -> &Wakeup {
        &self.main_bell
    }

    /// Returns what wakes the watcher.
    pub(crate) fn watch_bell(&self) -> &Wakeup {
        &self.watch_bell
    }
}

/// Lets functions in this process know whether they should stop.
fn tell_functions(asked: &Requests) {
    match asked.stop.is_some() || asked.quit {
        true => request_stop(StopCause::Asked),
        false => clear_stop(StopCause::Asked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::Mono;
    use crate::redact::Redactor;
    use crate::unix::waiter::Waiter;

    fn shared() -> RunnerControl {
        RunnerControl::new(Observers::new(&[], Redactor::new(std::iter::empty())), None).unwrap()
    }

    fn is_rung(bell: &Wakeup) -> bool {
        Waiter::new()
            .unwrap()
            .wait([Some(bell.fd())], Mono::BOOT)
            .unwrap()
            == [true]
    }

    fn stopped_by(heir: bool) -> impl FnOnce(&mut Requests) {
        move |asked| {
            let stop = StopRequest::new("SIGTERM", Mono::BOOT);
            asked.stop = Some(StopRequest { heir, ..stop });
        }
    }

    #[test]
    fn a_request_between_the_last_look_and_the_run_wakes_the_watcher_again() {
        let shared = shared();
        shared.ask(stopped_by(false));
        assert!(!is_rung(shared.watch_bell()));
        shared.begin_run(MainThreadState::InFunction);
        assert!(is_rung(shared.watch_bell()));
        assert!(shared.asked().stop.is_some());
    }

    #[test]
    fn a_wake_between_the_last_look_and_the_run_does_not_skip_the_next_cooldown() {
        let shared = shared();
        shared.ask(|asked| asked.wake = true);
        shared.begin_run(MainThreadState::WithChild);
        assert!(!shared.take().wake);
    }

    #[test]
    fn taking_back_what_a_newcomer_asked_for_keeps_what_people_asked_for() {
        let shared = shared();
        shared.ask(stopped_by(false));
        shared.take_back_stop();
        assert!(shared.take().stop.is_some());
        shared.ask(stopped_by(true));
        shared.ask(|asked| asked.quit = true);
        shared.take_back_stop();
        assert!(shared.wants_attention() && shared.take().quit);
        assert!(shared.take().stop.is_none());
    }
}
