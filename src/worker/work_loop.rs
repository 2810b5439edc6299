//! The loop of a worker: what has ended, what comes next, one call of the board for both.

mod advance;
mod attempts;
mod beats;
mod capable;
mod claims;
mod ending;
mod removal;
mod slots;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use super::board_outage::BoardOutage;
use super::claimed_flow::ClaimedFlow;
use super::idle_memory::IdleMemory;
use super::shutdown::WorkerShutdown;
use super::unsent::Unsent;
use super::wall_millis;
use super::worker_parts::WorkerParts;
use crate::board::{Beat, BoardError, CannotNow, EndCount, JobId, LaneWish};
use crate::core::time::{Moment, Mono, in_words};
use crate::unix::clock;
use crate::unix::signals::{Signal, SignalReader};
use crate::unix::waiter::Waiter;

/// How often is looked for work, for requests and for the dead, whatever rings.
const LOOK: Duration = Duration::from_secs(1);
/// After a call that the board could not answer.
const AFTER_NO_ANSWER: Duration = Duration::from_millis(250);

/// A worker at work.
pub(crate) struct WorkLoop {
    parts: WorkerParts,
    jobs: BTreeMap<JobId, ClaimedFlow>,
    ended: HashMap<String, EndCount>,
    leaving: WorkerShutdown,
    is_asleep: bool,
    waiter: Waiter,
    /// When is looked for work and for requests.
    look_at: Mono,
    /// When is looked at jobs that need a tag of `can`.
    peek_at: Mono,
    /// What the board knows of what this worker cannot do now.
    cannot_now: Vec<CannotNow>,
    /// When the next job on the board is due, in milliseconds since 1970.
    next_due: Option<i64>,
    /// The lane that is looked at first.
    first_lane: usize,
    /// Whether the last call of the board was not answered.
    is_unanswered: bool,
    outage: BoardOutage,
    unsent: Unsent,
    /// When what was kept for long enough is removed.
    clean_at: Mono,
    /// Whether all jobs that ended here have succeeded.
    all_well: bool,
    /// Whether slots of schedules are taken.
    fires_schedules: bool,
    /// When is looked at schedules.
    schedules_at: Mono,
    /// When the next slot comes, in milliseconds since 1970.
    next_slot: Option<i64>,
    /// Whether the hold of a restored board was logged.
    is_hold_logged: bool,
    /// Schedules that this worker cannot understand, by name and version.
    not_understood: BTreeSet<(String, u64)>,
    memory: IdleMemory,
}

/// How a worker came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WorkEnd {
    /// Asked to end, or nothing left to do; whether all jobs that ended have succeeded.
    Done {
        /// Whether no job ended otherwise.
        all_well: bool,
    },
    /// The session is over: what ran was ended, and the worker joins anew.
    SessionOver,
}

impl WorkLoop {
    /// Prepares the loop.
    ///
    /// # Errors
    ///
    /// When the process has no descriptor left.
    pub(crate) fn new(parts: WorkerParts) -> io::Result<Self> {
        let parts_spool = parts.spool.clone();
        Ok(WorkLoop {
            fires_schedules: !parts.is_once,
            leaving: WorkerShutdown::new(parts.drain_timeout),
            parts,
            jobs: BTreeMap::new(),
            ended: HashMap::new(),
            is_asleep: false,
            waiter: Waiter::new()?,
            look_at: Mono::BOOT,
            peek_at: Mono::BOOT,
            cannot_now: Vec::new(),
            next_due: None,
            first_lane: 0,
            is_unanswered: false,
            outage: BoardOutage::default(),
            unsent: Unsent::new(parts_spool),
            clean_at: clock::mono(),
            all_well: true,
            schedules_at: Mono::BOOT,
            next_slot: None,
            is_hold_logged: false,
            not_understood: BTreeSet::new(),
            memory: IdleMemory::default(),
        })
    }

    /// Works until the worker is asked to end.
    pub(crate) fn work(&mut self, signals: &SignalReader) -> WorkEnd {
        loop {
            let now = clock::now();
            for signal in signals.drain() {
                match signal {
                    Signal::Hangup => self.parts.log.reopen(),
                    signal => self.leaving.signal(signal, now.mono),
                }
            }
            if let Some(news) = self.parts.beats.take_news()
                && let Some(end) = self.hear(news)
            {
                return end;
            }
            for ended in self.parts.slots.collect(now.mono) {
                self.step_ended(ended);
            }
            self.carry_out_leaving(now.mono);
            self.fire(clock::now());
            let end = self.claim_capable(clock::now());
            if let Some(end) = end.or_else(|| self.turn(clock::now())) {
                return end;
            }
            self.clean(now.mono);
            if let Some(end) = self.over() {
                return end;
            }
            self.wait(signals);
        }
    }

    /// Asks the flows what comes next, and the board to record it. Goes on while there is more.
    fn turn(&mut self, now: Moment) -> Option<WorkEnd> {
        let mut now = now;
        if now.mono >= self.look_at && !self.parts.board_file.is_in_its_place() {
            return Some(self.board_is_gone());
        }
        loop {
            let advance = self.advance(now);
            let is_due = now.mono >= self.look_at || self.is_more_due(now);
            if advance.transitions.is_empty() && !is_due {
                return None;
            }
            if advance.transitions.is_empty() && !self.is_more_due(now) {
                // An idle worker writes nothing.
                match self.look(&advance.claim.lanes) {
                    Ok(true) => now = clock::now(),
                    Ok(false) => return None,
                    Err(end) => return Some(end),
                }
                continue;
            }
            self.parts.bell.clear();
            // What was printed before a step ended is stored before its end is.
            if let Err(error) = self.unsent.flush(&*self.parts.board) {
                self.unheard(&advance);
                self.unanswered_by(&error);
                return None;
            }
            let sent = clock::mono();
            match self.parts.board.advance(&advance) {
                Ok(answer) => {
                    self.written();
                    let goes_on = self.carry_out(&advance, answer, sent);
                    self.look_at = clock::mono() + LOOK;
                    self.look_after_the_dead();
                    if !goes_on {
                        return None;
                    }
                }
                Err(BoardError::SessionOver(_)) => return Some(self.session_over()),
                Err(error @ BoardError::Malformed(_)) => return Some(self.refused(&error)),
                Err(error) => {
                    self.unheard(&advance);
                    self.unanswered_by(&error);
                    return None;
                }
            }
            now = clock::now();
        }
    }

    /// Looks for work and for requests; returns whether there is something to do.
    fn look(&mut self, lanes: &[LaneWish]) -> Result<bool, WorkEnd> {
        self.parts.bell.clear();
        self.look_at = clock::mono() + LOOK;
        let found = match self.parts.board.look(self.parts.session, lanes) {
            Ok(found) => found,
            Err(BoardError::SessionOver(_)) => return Err(self.session_over()),
            Err(error) => {
                self.unread_by(&error);
                return Ok(false);
            }
        };
        self.is_unanswered = false;
        let ended = self.outage.read(clock::mono());
        report_end_of_outage(ended);
        self.next_due = found.next_due;
        let now = clock::now();
        let has_requests = self.hear_requests(&found.requests, now);
        self.hear_wish(found.wish, now.mono);
        if let Err(error) = self.unsent.flush(&*self.parts.board) {
            self.unanswered_by(&error);
            return Ok(has_requests);
        }
        self.send_watched(&found.watched);
        self.look_after_the_dead();
        Ok(has_requests || self.is_more_due(now))
    }

    fn is_more_due(&self, now: Moment) -> bool {
        let is_due = self.next_due.is_some_and(|due| due <= wall_millis(now));
        let is_put_off = self.is_unanswered && now.mono < self.look_at;
        is_due && !is_put_off && self.may_claim() && self.room(now.mono) > 0
    }

    fn may_claim(&self) -> bool {
        !self.is_asleep && !self.leaving.is_asked()
    }

    /// Returns how many slots no attempt has, or is about to have.
    fn free(&self) -> usize {
        let attempts: usize = self.jobs.values().map(ClaimedFlow::attempts).sum();
        self.parts.slots.len().saturating_sub(attempts)
    }

    /// Returns how many jobs may be claimed that nothing is asked about.
    fn room(&self, now: Mono) -> usize {
        let reserved = self.parts.capabilities.reserved(now);
        self.free().saturating_sub(reserved)
    }

    /// Returns whether the worker was asked to end.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.is_asked()
    }

    /// Reports what has ended, for the last time.
    pub(crate) fn report_ends(&self) {
        let beat = Beat {
            session: self.parts.session,
            is_idle: true,
            ended: self.ended.values().cloned().collect(),
        };
        // Without an answer some successes are not counted.
        let _ = self.parts.board.beat(&beat);
    }

    fn look_after_the_dead(&mut self) {
        match self.parts.rescue.look(&*self.parts.board, clock::mono()) {
            // What was released may be claimed at once.
            Ok(true) => self.next_due = Some(0),
            Ok(false) => {}
            Err(error) => self.unanswered_by(&error),
        }
    }

    /// Takes note of a write that the board has taken.
    fn written(&mut self) {
        self.is_unanswered = false;
        self.unsent.end();
        report_end_of_outage(self.outage.written(clock::mono()));
    }

    /// Logs an outage of the board once.
    fn unanswered_by(&mut self, error: &BoardError) {
        self.fails(error, true);
    }

    /// Logs an outage of the board that a read has found, once.
    fn unread_by(&mut self, error: &BoardError) {
        self.fails(error, false);
    }

    fn fails(&mut self, error: &BoardError, is_write: bool) {
        let now = clock::mono();
        self.look_at = now + AFTER_NO_ANSWER;
        self.is_unanswered = true;
        if self.outage.failed(now, is_write) {
            let remedy = error.remedy().map(|remedy| format!("; {remedy}"));
            log::error!("{error}{}; it is tried again", remedy.unwrap_or_default());
        }
    }

    fn wait(&mut self, signals: &SignalReader) {
        let now = clock::now();
        self.memory.note(self.jobs.is_empty(), now.mono);
        let mut until = self.look_at.min(self.parts.slots.due());
        until = until.min(self.leaving.due());
        until = until.min(self.clean_at);
        if !self.is_unanswered {
            until = until.min(self.parts.capabilities.due(now.mono));
        }
        let waits = self.jobs.values().filter_map(ClaimedFlow::wait_until);
        let waits = waits.filter(|_| self.free() > 0);
        let may_claim = self.may_claim() && self.room(now.mono) > 0;
        let dues = waits.chain(self.next_due.filter(|_| may_claim));
        let fires = self.fires_schedules && !self.leaving.is_asked();
        let slot = self.next_slot.filter(|_| fires);
        // What is due while the board does not answer waits for the next try.
        let due = dues.chain(slot).min().filter(|_| !self.is_unanswered);
        if let Some(due) = due {
            let span = u64::try_from(due.saturating_sub(wall_millis(now))).unwrap_or(0);
            until = until.min(now.mono + Duration::from_millis(span));
        }
        let ends = self.jobs.values().filter_map(ClaimedFlow::time_is_over_at);
        let ends = ends.filter(|end| !self.is_unanswered || *end > wall_millis(now));
        if let Some(end) = ends.min() {
            let span = u64::try_from(end.saturating_sub(wall_millis(now))).unwrap_or(0);
            until = until.min(now.mono + Duration::from_millis(span));
        }
        if fires && !self.is_unanswered {
            until = until.min(self.schedules_at);
        }
        let rings = self.parts.bell.rings_for_requests() || self.may_claim() && self.free() > 0;
        let sources = [
            Some(signals.as_fd()),
            Some(self.parts.slots.source()),
            Some(self.parts.beats.news_bell().fd()),
            Some(self.parts.rescue.source()),
            rings.then(|| self.parts.bell.as_fd()),
            Some(self.parts.capabilities.source()),
        ];
        let Ok([_, _, _, has_died, has_rung, _]) = self.waiter.wait(sources, until) else {
            return;
        };
        if has_died {
            self.parts.rescue.hurry();
        }
        if has_died || has_rung {
            self.look_at = now.mono;
            self.peek_at = now.mono;
            self.schedules_at = now.mono;
        }
    }
}

fn report_end_of_outage(span: Option<Duration>) {
    if let Some(span) = span.map(in_words) {
        log::info!("The board answers again, after {span}");
    }
}
