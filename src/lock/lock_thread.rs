//! The thread that takes a lock, keeps it by its beat, and gives it back: the work under the
//! lock wishes for it, and hears what became of the wish.
//!
//! ```text
//!            want                       acquired
//!   free ───────────► waiting ────────────────────► held ──── release ───► free
//!                       ▲  held elsewhere: a watch,   │
//!                       │  unreachable: a pause       │ no beat acknowledged in time, or refused
//!                       └────────── let go ◄───────── lost
//! ```
//!
//! No event reports that the lock is held once it was given up
//! ([`LockHandle::release`](super::LockHandle::release)). A lost lock is given back, and asked for
//! again, only when the work under it has ended
//! ([`LockHandle::let_go`](super::LockHandle::let_go)): a release that came before would let
//! another host begin beside it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use nix::poll::{PollTimeout, poll};

use super::attempt::{LockAttempt, LockRenewal};
use super::error::LockError;
use super::holder::{LockHolder, LockOwner};
use super::lock_event::LockEvent;
use super::lock_trait::Lock;
use super::lock_wishes::{LockWish, SharedWishes};
use crate::core::time::Mono;
use crate::lease::{LeaseDeadlines, LeaseTerms};
use crate::unix::clock;
use crate::unix::waiter::Waiter;

/// How long a standby watches a lock in one request: a server that has gone without a word is
/// noticed by then, and `status` sees what the holder knows.
const LONGEST_WATCH: Duration = Duration::from_secs(15);
/// The first pause after a server that gave no answer, and the longest.
const FIRST_PAUSE_MILLIS: u16 = 500;
const FIRST_PAUSE: Duration = Duration::from_millis(FIRST_PAUSE_MILLIS as u64);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How a lock stands with this process.
enum Standing {
    Free,
    Held {
        beat_at: Mono,
        deadlines: LeaseDeadlines,
    },
    Lost {
        remind_at: Mono,
    },
}

/// The thread of a lock.
pub(super) struct LockThread<F> {
    lock: Box<dyn Lock>,
    terms: LeaseTerms,
    owner: LockOwner,
    shared: Arc<SharedWishes>,
    hear: F,
    waiter: Waiter,
    standing: Standing,
    pause: Duration,
}

impl<F: FnMut(LockEvent)> LockThread<F> {
    /// Creates the thread, which reports each event to `hear`.
    pub(super) fn new(
        lock: Box<dyn Lock>,
        owner: LockOwner,
        shared: Arc<SharedWishes>,
        hear: F,
    ) -> io::Result<Self> {
        Ok(LockThread {
            terms: lock.terms(),
            lock,
            owner,
            shared,
            hear,
            waiter: Waiter::new()?,
            standing: Standing::Free,
            pause: FIRST_PAUSE,
        })
    }

    /// Fulfils wishes until the thread is to end.
    pub(super) fn run(mut self) {
        self.fulfil();
        self.shared.ended.ring();
    }

    fn fulfil(&mut self) {
        loop {
            self.shared.bell.hear();
            let (wish, gives_back) = {
                let wishes = self.shared.wishes();
                (wishes.wish, wishes.give_back)
            };
            match (&self.standing, wish) {
                (Standing::Free, LockWish::End) => return,
                (Standing::Free, LockWish::Free) => self.rest(Mono::NEVER),
                (Standing::Free, LockWish::Held) => self.acquire(),
                (Standing::Held { .. }, _) if gives_back => self.give_back(),
                (Standing::Held { .. }, _) => self.keep(),
                (&Standing::Lost { remind_at }, _) => self.wait_for_the_work(remind_at),
            }
        }
    }

    /// Waits for a wish, until `until`.
    fn rest(&mut self, until: Mono) {
        let shared = Arc::clone(&self.shared);
        if self.waiter.wait([Some(shared.bell.fd())], until).is_err() {
            // Not even a wait is to be had: the loop goes on slowly.
            let _ = poll(&mut [], PollTimeout::from(FIRST_PAUSE_MILLIS));
        }
    }

    fn acquire(&mut self) {
        {
            let mut wishes = self.shared.wishes();
            (wishes.let_go, wishes.give_back) = (false, false);
            if wishes.wish != LockWish::Held {
                return;
            }
        }
        match self.lock.acquire(&self.owner) {
            Ok(LockAttempt::Acquired { fence, sent }) => self.begin(fence, sent),
            Ok(LockAttempt::Held(holder)) => self.stand_by(holder),
            Err(error) => self.failed(error),
        }
    }

    fn begin(&mut self, fence: u64, sent: Mono) {
        let deadlines = self.terms.deadlines(sent);
        // Without what the last holder left, its mails would be sent again.
        let note = match self.lock.load_note() {
            Ok(note) => note,
            Err(error) => {
                let _ = self.lock.release();
                return self.failed(error);
            }
        };
        self.pause = FIRST_PAUSE;
        self.standing = Standing::Held {
            beat_at: sent + self.terms.beat,
            deadlines,
        };
        // Whoever has given the lock up meanwhile must not hear that it is held: the next round
        // gives it back.
        let shared = Arc::clone(&self.shared);
        let mut wishes = shared.wishes();
        // What was to be stored under a former hold is older than what stands there.
        wishes.note = None;
        if !wishes.give_back {
            (self.hear)(LockEvent::Acquired {
                fence,
                deadlines,
                note,
            });
        }
    }

    fn stand_by(&mut self, holder: Option<LockHolder>) {
        self.pause = FIRST_PAUSE;
        let note = self.lock.load_note().unwrap_or_default();
        (self.hear)(LockEvent::HeldElsewhere { holder, note });
        {
            let mut wishes = self.shared.wishes();
            wishes.is_watching = wishes.wish == LockWish::Held;
            if !wishes.is_watching {
                return;
            }
        }
        let watched = self.lock.wait(LONGEST_WATCH);
        self.shared.wishes().is_watching = false;
        if let Err(error) = watched {
            self.failed(error);
        }
    }

    fn failed(&mut self, error: LockError) {
        // A wait that was interrupted has served its purpose.
        if self.shared.wishes().wish != LockWish::Held {
            return;
        }
        (self.hear)(LockEvent::Failed(error));
        let until = clock::mono() + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        self.rest(until);
    }

    /// Keeps a lock that is held: stores what has changed, sends the beat, and notices the end.
    fn keep(&mut self) {
        let Standing::Held { beat_at, deadlines } = self.standing else {
            return;
        };
        let now = clock::mono();
        if now >= deadlines.term_at {
            let why = "no beat was acknowledged in time".to_owned();
            return self.lose(why, deadlines);
        }
        if now >= beat_at {
            return self.beat(deadlines);
        }
        let note = self.shared.wishes().note.take();
        match note.map(|note| self.lock.store_note(&note).map_err(|error| (note, error))) {
            // The next beat is when it is tried again.
            Some(Err((note, _))) => {
                self.shared.wishes().note.get_or_insert(note);
                self.rest(beat_at.min(deadlines.term_at));
            }
            Some(Ok(())) => {}
            None => self.rest(beat_at.min(deadlines.term_at)),
        }
    }

    fn beat(&mut self, deadlines: LeaseDeadlines) {
        match self.lock.renew() {
            Ok(LockRenewal::Renewed { sent }) => {
                let deadlines = self.terms.deadlines(sent);
                self.standing = Standing::Held {
                    beat_at: sent + self.terms.beat,
                    deadlines,
                };
                (self.hear)(LockEvent::Renewed(deadlines));
            }
            Ok(LockRenewal::Lost { why }) => {
                // Another one may hold it already.
                let now = clock::mono();
                let grace = deadlines.kill_at.since(deadlines.term_at);
                let soon = LeaseDeadlines {
                    term_at: deadlines.term_at.min(now),
                    kill_at: deadlines.kill_at.min(now + grace),
                    lost_at: deadlines.lost_at.min(now),
                };
                self.lose(why, soon);
            }
            Err(error) => {
                let now = clock::mono();
                (self.hear)(LockEvent::Failed(error));
                // Nothing is lost yet: until the deadline, beats are sent twice as often.
                let next = (now + self.terms.beat / 2).min(deadlines.term_at);
                self.standing = Standing::Held {
                    beat_at: next,
                    deadlines,
                };
            }
        }
    }

    fn lose(&mut self, why: String, deadlines: LeaseDeadlines) {
        let half = deadlines.kill_at.since(deadlines.term_at) / 2;
        self.standing = Standing::Lost {
            remind_at: deadlines.term_at + half,
        };
        (self.hear)(LockEvent::Lost { why, deadlines });
    }

    fn wait_for_the_work(&mut self, remind_at: Mono) {
        let let_go = self.shared.wishes().let_go;
        if let_go {
            return self.give_back();
        }
        if clock::mono() >= remind_at {
            self.standing = Standing::Lost {
                remind_at: Mono::NEVER,
            };
            return (self.hear)(LockEvent::NotLetGo);
        }
        self.rest(remind_at);
    }

    /// Gives back a lock under which nothing is done any more, with the last note.
    fn give_back(&mut self) {
        let is_held = matches!(self.standing, Standing::Held { .. });
        let note = self.shared.wishes().note.take().filter(|_| is_held);
        if let Some(note) = note {
            // The next holder begins with an older one, or with none.
            let _ = self.lock.store_note(&note);
        }
        if let Err(error) = self.lock.release() {
            (self.hear)(LockEvent::Failed(error));
        }
        self.standing = Standing::Free;
        (self.hear)(LockEvent::Released);
    }
}
