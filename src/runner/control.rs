//! What the two threads of a runner share. The main thread runs tasks and waits; the watcher reads signals and keeps the times of the
//! alert policy, so that a function that hangs can silence neither.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::sys::eventfd::{EfdFlags, EventFd};

use super::rim::Rim;
use crate::process::takeover::{HandOver, Heirs};
use crate::time::Mono;

/// Where the main thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Between runs, or asleep.
    Between,
    /// In a function that runs in this process: nobody but the watcher can act.
    InFunction,
    /// Waiting for a child process, ready to act.
    WithChild,
}

/// What signals have asked for so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    /// To end: which signal said so first, and when.
    pub(super) stop: Option<Stop>,
    /// To end at once.
    pub(super) quit: bool,
    /// To skip the rest of a cooldown.
    pub(super) wake: bool,
}

/// A request to end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop {
    /// Such as `SIGTERM`.
    pub(super) signal: &'static str,
    /// When it came.
    pub(super) at: Mono,
    /// How often SIGINT came: the second ends the task now, the third kills it.
    pub(super) interrupts: u32,
    /// Whether nobody but a newcomer asked: if he is gone in the end, the runner goes on.
    pub(super) heir: bool,
}

impl Stop {
    /// Makes one that has just come, from a newcomer as far as is known.
    pub(super) fn new(signal: &'static str, at: Mono) -> Self {
        Stop {
            signal,
            at,
            interrupts: 0,
            heir: true,
        }
    }
}

/// What the two threads share.
#[derive(Debug)]
pub(super) struct Shared {
    rim: Mutex<Rim>,
    asked: Mutex<Asked>,
    attention: AtomicBool,
    place: AtomicU8,
    over: AtomicBool,
    /// Where a newcomer would be; `None` for `once`, which holds no chain.
    heirs: Option<Heirs>,
    /// Wakes the main thread.
    main_bell: Bell,
    /// Wakes the watcher.
    watch_bell: Bell,
}

impl Shared {
    /// Makes it.
    ///
    /// # Errors
    ///
    /// When the process has no descriptor left.
    pub(super) fn new(rim: Rim, heirs: Option<Heirs>) -> io::Result<Self> {
        Ok(Shared {
            rim: Mutex::new(rim),
            asked: Mutex::default(),
            attention: AtomicBool::new(false),
            place: AtomicU8::new(Place::Between as u8),
            over: AtomicBool::new(false),
            heirs,
            main_bell: Bell::new()?,
            watch_bell: Bell::new()?,
        })
    }

    /// Returns the observers. Nobody holds them while a task runs.
    pub(super) fn rim(&self) -> MutexGuard<'_, Rim> {
        self.rim.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what was asked for, and wakes the main thread.
    pub(super) fn ask(&self, change: impl FnOnce(&mut Asked)) {
        {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut asked);
            self.attention.store(true, Ordering::SeqCst);
        }
        self.main_bell.ring();
    }

    /// Returns what was asked for.
    pub(super) fn asked(&self) -> Asked {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what was asked for, and takes a wake: only the main thread does, whom it is meant for.
    pub(super) fn take(&self) -> Asked {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = *asked;
        asked.wake = false;
        if asked.stop.is_none() && !asked.quit {
            self.attention.store(false, Ordering::Release);
        }
        taken
    }

    /// Returns whether a request to end still holds, when something irreversible is to be done about it. Of a newcomer who is gone it does
    /// not: the chain would be left without a runner.
    pub(super) fn still_holds(&self, stop: &Stop) -> bool {
        let is_there = |heirs: &Heirs| heirs.is_there().unwrap_or(true);
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
    pub(super) fn hand_over(&self) -> HandOver {
        // Without having been asked it leaves to one that has the chain already.
        let for_heir = self.asked().stop.is_some_and(|stop| stop.heir);
        match &self.heirs {
            Some(heirs) if for_heir => heirs.take_over().unwrap_or(HandOver::Taken),
            _ => HandOver::Taken,
        }
    }

    /// Leaves word that this runner was asked to stop, by what: the one that it has replaced may be there still.
    pub(super) fn leave_word(&self, by: &str) {
        // On a full disk there is none, and the other one goes on.
        let _ = self.heirs.as_ref().map(|heirs| heirs.leave_word(by));
    }

    /// Takes back the request of a newcomer to end: he is not there any more. What a person has asked for in the meantime stays.
    fn take_back_stop(&self) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.stop.is_some_and(|stop| stop.heir) {
            asked.stop = None;
        }
        let wanted = asked.stop.is_some() || asked.quit;
        self.attention.store(wanted, Ordering::Release);
    }

    /// Returns whether anything was asked for. Costs next to nothing.
    pub(super) fn wants_attention(&self) -> bool {
        self.attention.load(Ordering::Acquire)
    }

    /// Tells that the main thread is with a run from now on.
    ///
    /// What was asked for after it had looked for the last time is not lost: a wake was meant for the cooldown that is over, and a
    /// request to end wakes the watcher, who has not seen a run yet.
    pub(super) fn begin_run(&self, place: Place) {
        // Both sides write before they read, in one order that all agree on: one of them sees the other.
        self.place.store(place as u8, Ordering::SeqCst);
        if self.attention.load(Ordering::SeqCst) {
            self.take();
            self.watch_bell.ring();
        }
    }

    /// Tells that the run has ended.
    pub(super) fn end_run(&self) {
        self.place.store(Place::Between as u8, Ordering::Release);
    }

    /// Returns where the main thread is.
    pub(super) fn place(&self) -> Place {
        match self.place.load(Ordering::SeqCst) {
            place if place == Place::InFunction as u8 => Place::InFunction,
            place if place == Place::WithChild as u8 => Place::WithChild,
            _ => Place::Between,
        }
    }

    /// Ends the watcher.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Release);
        self.watch_bell.ring();
    }

    /// Returns whether the watcher is to end.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Returns what wakes the main thread.
    pub(super) fn main_bell(&self) -> &Bell {
        &self.main_bell
    }

    /// Returns what wakes the watcher.
    pub(super) fn watch_bell(&self) -> &Bell {
        &self.watch_bell
    }
}

/// Wakes a thread that waits for descriptors.
#[derive(Debug)]
pub(super) struct Bell(EventFd);

impl Bell {
    fn new() -> io::Result<Self> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        Ok(Bell(EventFd::from_value_and_flags(0, flags)?))
    }

    /// Rings. It stays rung until it is heard.
    pub(super) fn ring(&self) {
        // The counter is full only after 2^64 rings that nobody heard, and then it is rung.
        let _ = self.0.write(1);
    }

    /// Takes note of all rings so far.
    pub(super) fn hear(&self) {
        let _ = self.0.read();
    }

    /// Returns what can be waited for.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::redact::Redactor;
    use crate::process::poll::Alarm;

    fn shared() -> Shared {
        Shared::new(Rim::new(&[], Redactor::new(std::iter::empty())), None).unwrap()
    }

    fn is_rung(bell: &Bell) -> bool {
        Alarm::new()
            .unwrap()
            .wait([Some(bell.fd())], Mono::BOOT)
            .unwrap()
            == [true]
    }

    fn stopped_by(heir: bool) -> impl FnOnce(&mut Asked) {
        move |asked| {
            let stop = Stop::new("SIGTERM", Mono::BOOT);
            asked.stop = Some(Stop { heir, ..stop });
        }
    }

    #[test]
    fn a_request_between_the_last_look_and_the_run_wakes_the_watcher_again() {
        let shared = shared();
        shared.ask(stopped_by(false));
        assert!(!is_rung(shared.watch_bell()));
        shared.begin_run(Place::InFunction);
        assert!(is_rung(shared.watch_bell()));
        assert!(shared.asked().stop.is_some());
    }

    #[test]
    fn a_wake_between_the_last_look_and_the_run_does_not_skip_the_next_cooldown() {
        let shared = shared();
        shared.ask(|asked| asked.wake = true);
        shared.begin_run(Place::WithChild);
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
