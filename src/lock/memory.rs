//! Locks in the memory of this process, for tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::attempt::{LockAttempt, LockRenewal};
use super::error::{LockError, check_length};
use super::holder::{LockHolder, LockOwner};
use super::lock_trait::{Lock, LockInterrupter};
use crate::core::time::Mono;
use crate::lease::LeaseTerms;
use crate::unix::clock;

/// A lock server in the memory of this process: what is opened from it, or from a clone of it,
/// contends for the same locks.
#[derive(Clone, Debug)]
pub struct MemoryLocks {
    server: Arc<Server>,
    ttl: Duration,
}

impl MemoryLocks {
    /// Creates a server whose leases have this length.
    pub fn with_ttl(ttl: Duration) -> Self {
        MemoryLocks {
            server: Arc::default(),
            ttl,
        }
    }

    /// Returns a contender for the lock of a name.
    pub fn open(&self, name: &str) -> MemoryLock {
        MemoryLock {
            server: Arc::clone(&self.server),
            name: name.to_owned(),
            terms: LeaseTerms::of_ttl(self.ttl),
            held: None,
            interrupt: Arc::default(),
        }
    }

    /// Makes each call fail as if no server could be reached, or ends that.
    pub fn set_reachable(&self, is_reachable: bool) {
        self.server.state().is_down = !is_reachable;
        self.server.changed.notify_all();
    }

    /// Takes the lock of a name from its holder, as an administrator could.
    pub fn take_from_holder(&self, name: &str) {
        if let Some(entry) = self.server.state().locks.get_mut(name) {
            entry.holder = None;
        }
        self.server.changed.notify_all();
    }
}

impl Default for MemoryLocks {
    /// Creates a server with leases of 15 s.
    fn default() -> Self {
        MemoryLocks::with_ttl(Duration::from_secs(15))
    }
}

#[derive(Debug, Default)]
struct Server {
    state: Mutex<ServerState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct ServerState {
    is_down: bool,
    locks: BTreeMap<String, Entry>,
}

#[derive(Debug, Default)]
struct Entry {
    fence: u64,
    holder: Option<LockHolder>,
    expires: Option<Mono>,
    note: Option<String>,
}

impl Entry {
    fn holder_at(&self, now: Mono) -> Option<&LockHolder> {
        let is_over = self.expires.is_none_or(|expires| now >= expires);
        self.holder.as_ref().filter(|_| !is_over)
    }

    fn is_held_under(&self, fence: Option<u64>) -> bool {
        let holder = self.holder_at(clock::mono());
        fence.is_some() && holder.map(|holder| holder.fence) == fence
    }
}

impl Server {
    fn state(&self) -> MutexGuard<'_, ServerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A contender for a lock in the memory of this process.
#[derive(Debug)]
pub struct MemoryLock {
    server: Arc<Server>,
    name: String,
    terms: LeaseTerms,
    /// The fence under which this contender holds the lock.
    held: Option<u64>,
    interrupt: Arc<Mutex<bool>>,
}

impl MemoryLock {
    /// Runs a call on the server's entry of this lock.
    fn on_entry<T>(
        &self,
        call: impl FnOnce(&mut Entry) -> Result<T, LockError>,
    ) -> Result<T, LockError> {
        let mut state = self.server.state();
        if state.is_down {
            return Err(self.unreachable());
        }
        let result = call(state.locks.entry(self.name.clone()).or_default());
        drop(state);
        self.server.changed.notify_all();
        result
    }

    fn unreachable(&self) -> LockError {
        LockError::Unreachable {
            place: self.place(),
            why: "the test has made it so".to_owned(),
        }
    }

    fn take_interrupt(&self) -> bool {
        let mut interrupt = self
            .interrupt
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut interrupt)
    }
}

impl Lock for MemoryLock {
    fn acquire(&mut self, owner: &LockOwner) -> Result<LockAttempt, LockError> {
        let sent = clock::mono();
        let (held, lost_after) = (self.held, self.terms.lost_after);
        let attempt = self.on_entry(|entry| {
            if let Some(holder) = entry.holder_at(sent)
                && Some(holder.fence) != held
            {
                return Ok(LockAttempt::Held(Some(holder.clone())));
            }
            entry.fence += 1;
            entry.expires = Some(sent + lost_after);
            entry.holder = Some(LockHolder {
                owner: owner.clone(),
                since: clock::wall(),
                fence: entry.fence,
            });
            let fence = entry.fence;
            Ok(LockAttempt::Acquired { fence, sent })
        })?;
        self.held = match attempt {
            LockAttempt::Acquired { fence, .. } => Some(fence),
            LockAttempt::Held(_) => None,
        };
        Ok(attempt)
    }

    fn renew(&mut self) -> Result<LockRenewal, LockError> {
        let sent = clock::mono();
        let (held, lost_after) = (self.held, self.terms.lost_after);
        self.on_entry(|entry| {
            if !entry.is_held_under(held) {
                let why = "its lease has ended, or it was taken away".to_owned();
                return Ok(LockRenewal::Lost { why });
            }
            entry.expires = Some(sent + lost_after);
            Ok(LockRenewal::Renewed { sent })
        })
    }

    fn release(&mut self) -> Result<(), LockError> {
        let held = self.held;
        self.on_entry(|entry| {
            if entry.is_held_under(held) {
                entry.holder = None;
            }
            Ok(())
        })?;
        self.held = None;
        Ok(())
    }

    fn holder(&mut self) -> Result<Option<LockHolder>, LockError> {
        self.on_entry(|entry| Ok(entry.holder_at(clock::mono()).cloned()))
    }

    fn wait(&mut self, at_most: Duration) -> Result<(), LockError> {
        let until = clock::mono() + at_most;
        let mut state = self.server.state();
        loop {
            let now = clock::mono();
            if self.take_interrupt() {
                return Ok(());
            }
            let entry = state.locks.get(&self.name);
            let is_held = entry.is_some_and(|entry| entry.holder_at(now).is_some());
            if !state.is_down && !is_held {
                return Ok(());
            }
            if now >= until {
                return match state.is_down {
                    true => Err(self.unreachable()),
                    false => Ok(()),
                };
            }
            let expires = entry.and_then(|entry| entry.expires).unwrap_or(until);
            let next = until.min(expires.max(now)).since(now);
            let waited = self
                .server
                .changed
                .wait_timeout(state, next.max(Duration::from_millis(1)));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn interrupter(&self) -> LockInterrupter {
        let (interrupt, server) = (Arc::clone(&self.interrupt), Arc::clone(&self.server));
        Arc::new(move || {
            // Under the lock of the waiting thread, so that it cannot miss the notification.
            let state = server.state();
            *interrupt.lock().unwrap_or_else(PoisonError::into_inner) = true;
            drop(state);
            server.changed.notify_all();
        })
    }

    fn load_note(&mut self) -> Result<Option<String>, LockError> {
        self.on_entry(|entry| Ok(entry.note.clone()))
    }

    fn store_note(&mut self, note: &str) -> Result<(), LockError> {
        check_length(note)?;
        let (held, place) = (self.held, self.place());
        self.on_entry(|entry| {
            if !entry.is_held_under(held) {
                return Err(LockError::NotHeld { place });
            }
            entry.note = Some(note.to_owned());
            Ok(())
        })
    }

    fn terms(&self) -> LeaseTerms {
        self.terms
    }

    fn place(&self) -> String {
        format!("the memory of this process, key {}", self.name)
    }
}
