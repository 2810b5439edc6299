//! A transaction of the writer, as a call sees it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};

use rusqlite::Connection;

use super::board_hold::BoardHold;
use crate::board::alert_record::EndFact;
use crate::board::job_id::{BatchId, JobId};
use crate::board::job_state::JobState;
use crate::core::time::{Moment, Mono, unix_millis};

/// A transaction as a call sees it.
pub(super) struct WriteTx<'a> {
    /// The connection, within the transaction.
    pub(super) conn: &'a Connection,
    /// The time, in milliseconds since 1970.
    pub(super) now: i64,
    /// The time on the boot clock.
    pub(super) mono: Mono,
    /// Whether claims are barred after a restore.
    pub(super) hold: &'a BoardHold,
    is_ringing: Cell<bool>,
    /// The ends of jobs that the alerter is to know of.
    pub(super) facts: RefCell<Vec<EndFact>>,
    limits: RefCell<BTreeSet<String>>,
    follow_ups: RefCell<VecDeque<FollowUp>>,
}

/// What follows from a change, before the call ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum FollowUp {
    /// A member of a batch is over, or goes on after that.
    Member {
        batch: u64,
        before: JobState,
        after: JobState,
    },
    /// A job after which something comes is over.
    JobOver { job: JobId, is_success: bool },
    /// No member of a batch is left.
    BatchOver { batch: BatchId, is_success: bool },
}

impl<'a> WriteTx<'a> {
    /// Creates what a call sees of a transaction that has begun.
    pub(super) fn new(conn: &'a Connection, now: i64, mono: Mono, hold: &'a BoardHold) -> Self {
        WriteTx {
            conn,
            now,
            mono,
            hold,
            is_ringing: Cell::new(false),
            facts: RefCell::default(),
            limits: RefCell::default(),
            follow_ups: RefCell::default(),
        }
    }

    /// Returns whether the bell is to ring.
    pub(super) fn is_ringing(&self) -> bool {
        self.is_ringing.get()
    }

    /// Notes the key of a limit of which a job may be admitted before the call ends.
    pub(super) fn note_limit(&self, key: &str) {
        let mut limits = self.limits.borrow_mut();
        if !limits.contains(key) {
            limits.insert(key.to_owned());
        }
    }

    /// Returns the keys that were noted, in their order, and forgets them.
    pub(super) fn take_noted_limits(&self) -> BTreeSet<String> {
        self.limits.take()
    }

    /// Notes what follows from a change.
    pub(super) fn note(&self, follow_up: FollowUp) {
        self.follow_ups.borrow_mut().push_back(follow_up);
    }

    /// Returns what was noted first.
    pub(super) fn take_note(&self) -> Option<FollowUp> {
        self.follow_ups.borrow_mut().pop_front()
    }

    /// Notes that a job became claimable: the bell rings after the commit.
    pub(super) fn ring(&self) {
        self.is_ringing.set(true);
    }
}

/// Returns a moment in milliseconds since 1970.
pub(super) fn millis(moment: Moment) -> i64 {
    unix_millis(moment.wall)
}
