//! How the lock of a chain stands, for the three threads that are concerned.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::core::time::Mono;
use crate::lock::{LockError, LockHolder};

/// How the lock stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum LockStanding {
    /// The lock is not held, and nothing is known of other holders.
    #[default]
    Free,
    /// Another runner holds the lock.
    Elsewhere(Option<LockHolder>),
    /// The lock is held by the runner of this process.
    Held {
        /// The number of this holder.
        fence: u64,
    },
    /// The lock was held here and is lost; the work under it is to end.
    Lost {
        /// Why.
        why: String,
        /// When the keeper kills what has not ended.
        kill_at: Mono,
    },
}

/// Something to be logged, mailed or shown.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LockReport {
    /// The lock is held from now on.
    Acquired {
        /// The number of this holder.
        fence: u64,
    },
    /// Another runner holds the lock, with what it left beside the lock.
    Elsewhere(Option<LockHolder>, Option<String>),
    /// The lock server gave no answer, or refused.
    Failed(LockError),
    /// The lock server answers again.
    Answers,
    /// The lock is lost, and why.
    Lost(String),
    /// The lock is lost, and the work under it has not ended: little time is left.
    NotLetGo,
}

/// Why a wish for the lock is not fulfilled at once.
#[derive(Debug)]
pub(super) enum LockAnswer {
    /// Another process holds the lock.
    Elsewhere(Option<LockHolder>),
    /// The lock server gave no answer, or refused.
    Failed(LockError),
}

/// The state that the threads share.
#[derive(Debug, Default)]
pub(crate) struct LockState {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    standing: LockStanding,
    /// Until when work may begin under the lock.
    begins_until: Option<Mono>,
    /// What the last holder left, until it was looked at.
    note: Option<String>,
    failing: bool,
    reports: Vec<LockReport>,
}

impl LockState {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether work may begin under the lock at this moment.
    pub(crate) fn may_begin(&self, now: Mono) -> bool {
        let inner = self.inner();
        let in_time = inner.begins_until.is_some_and(|until| now < until);
        in_time && matches!(inner.standing, LockStanding::Held { .. })
    }

    /// Returns when the work under the lock must stop; `None` while the lock is not held.
    pub(super) fn stop_at(&self) -> Option<Mono> {
        let inner = self.inner();
        match inner.standing {
            LockStanding::Held { .. } => inner.begins_until,
            _ => None,
        }
    }

    /// Sets until when work may begin under the lock. Returns whether it might not begin any more.
    pub(super) fn begin_until(&self, until: Mono, now: Mono) -> bool {
        let former = self.inner().begins_until.replace(until);
        former.is_some_and(|former| former <= now)
    }

    /// Returns how the lock stands.
    pub(crate) fn standing(&self) -> LockStanding {
        self.inner().standing.clone()
    }

    /// Returns whether this runner may write beside the lock: it holds the lock, and has looked at
    /// what the last holder left.
    pub(crate) fn may_write(&self) -> bool {
        let inner = self.inner();
        matches!(inner.standing, LockStanding::Held { .. }) && inner.note.is_none()
    }

    /// Waits for the first answer to a wish for the lock.
    pub(super) fn wait_for_answer(&self) -> Result<(), LockAnswer> {
        let mut inner = self.inner();
        loop {
            if let LockStanding::Held { .. } = inner.standing {
                return Ok(());
            }
            for report in inner.reports.drain(..) {
                match report {
                    LockReport::Elsewhere(holder, _) => return Err(LockAnswer::Elsewhere(holder)),
                    LockReport::Failed(error) => return Err(LockAnswer::Failed(error)),
                    _ => {}
                }
            }
            let waited = self.changed.wait(inner);
            inner = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Returns the note that the last holder left, once.
    pub(crate) fn take_note(&self) -> Option<String> {
        self.inner().note.take()
    }

    /// Returns what is to be reported, in order.
    pub(crate) fn take_reports(&self) -> Vec<LockReport> {
        std::mem::take(&mut self.inner().reports)
    }

    /// Changes how the lock stands, and keeps what is to be reported of the change.
    pub(super) fn change(&self, standing: LockStanding, report: LockReport) {
        let mut inner = self.inner();
        inner.failing = false;
        inner.standing = standing;
        inner.reports.push(report);
        self.changed.notify_all();
    }

    /// Keeps that the work under a lost lock has not ended, to be reported.
    pub(super) fn is_not_let_go(&self) {
        self.inner().reports.push(LockReport::NotLetGo);
    }

    /// Keeps the note that the last holder left.
    pub(super) fn keep_note(&self, note: Option<String>) {
        self.inner().note = note;
    }

    /// Takes note that the server failed to answer.
    pub(super) fn fails(&self, error: LockError) {
        let mut inner = self.inner();
        inner.failing = true;
        inner.reports.push(LockReport::Failed(error));
        self.changed.notify_all();
    }

    /// Takes note that the server has answered. Returns whether that is to be reported.
    pub(super) fn answers(&self) -> bool {
        let mut inner = self.inner();
        let news = std::mem::take(&mut inner.failing);
        if news {
            inner.reports.push(LockReport::Answers);
        }
        news
    }

    /// Takes note that the lock was given back.
    pub(super) fn is_free(&self) {
        self.inner().standing = LockStanding::Free;
    }
}
