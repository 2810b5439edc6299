//! Workers and posters as threads, which keep the rules of the protocol and die now and then.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use super::ledger::Ledger;
use crate::board::conformance::arena::{definition, entry, lane, session_request};
use crate::board::postgres::pg_board::PostgresBoard;
use crate::board::{
    Advance, Beat, Board, BoardError, BoardResult, ClaimWish, GiveBack, JobId, JobPosition,
    JobState, LaneWish, LeftoverFate, Post, Reap, SessionId, Transition, TransitionVerdict,
};
use crate::core::time::Mono;
use crate::flow::journal::EntryOutcome;
use crate::unix::clock;
use crate::unix::waiter::Waiter;

/// The steps of each job.
pub(super) const STEPS: [&str; 3] = ["one", "two", "three"];
const LEASE: Duration = Duration::from_secs(3);
const SLOTS: u32 = 6;

/// Waits without anything to wait for.
pub(super) fn pause(span: Duration) {
    let until = clock::mono() + span;
    let _ = Waiter::new().unwrap().wait([None], until);
}

/// Posts jobs, each until it is acknowledged; returns them.
pub(super) fn post_until(board: &PostgresBoard, is_posting: &AtomicBool) -> Vec<JobId> {
    let mut posted = Vec::new();
    while is_posting.load(Ordering::SeqCst) || posted.is_empty() {
        let posting = format!("chaos {}", posted.len());
        let post = Post::new("chaos", json!({}), posting);
        let receipt = loop {
            match board.post(&post) {
                Ok(receipt) => break receipt,
                Err(error) => assert!(error.may_pass(), "{error}"),
            }
            pause(Duration::from_millis(20));
        };
        posted.push(receipt.id);
        pause(Duration::from_millis(3));
    }
    posted
}

/// A worker in a session.
pub(super) struct Worker<'a> {
    board: &'a PostgresBoard,
    number: u32,
    session: SessionId,
    /// What it holds, with how many steps are done.
    held: BTreeMap<JobId, (JobPosition, usize)>,
    /// When the last call that counted as a beat was sent.
    heard: Mono,
    ledger: &'a Ledger,
    watched: BTreeMap<SessionId, (u64, Mono)>,
}

impl<'a> Worker<'a> {
    /// Works until all is over; dies now and then without a word while there is no calm.
    pub(super) fn run(
        board: &'a PostgresBoard,
        number: u32,
        ledger: &'a Ledger,
        is_over: &AtomicBool,
        is_calm: &AtomicBool,
    ) {
        while !is_over.load(Ordering::SeqCst) {
            let Ok(mut worker) = Worker::join(board, number, ledger) else {
                pause(Duration::from_millis(50));
                continue;
            };
            let mut turns = 0;
            while !is_over.load(Ordering::SeqCst) {
                turns += 1;
                let dies = turns % (150 + 40 * number) == 0 && !is_calm.load(Ordering::SeqCst);
                match worker.turn() {
                    Ok(()) if !dies => {}
                    Err(error) if error.may_pass() && !dies => pause(Duration::from_millis(20)),
                    Ok(()) | Err(BoardError::SessionOver(_)) => break,
                    Err(error) if error.may_pass() => break,
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }

    fn join(board: &'a PostgresBoard, number: u32, ledger: &'a Ledger) -> BoardResult<Self> {
        let heard = clock::mono();
        let request = session_request(&format!("w{number}"), &format!("host{number}"));
        let session = board.join(&request)?.session;
        board.enter_definitions(session, &[definition("chaos", "s")])?;
        Ok(Worker {
            board,
            number,
            session,
            held: BTreeMap::new(),
            heard,
            ledger,
            watched: BTreeMap::new(),
        })
    }

    /// Works at all that is held, reports it, claims, beats, and looks after the others.
    fn turn(&mut self) -> BoardResult<()> {
        let transitions = self.work();
        self.report(transitions)?;
        self.beat()?;
        self.look_after_others()
    }

    /// Works a while at each job, within three fifths of the lease; what is not done by then is not
    /// reported.
    fn work(&mut self) -> Vec<Transition> {
        let deadline = self.heard + LEASE * 3 / 5;
        let span = Duration::from_millis(u64::from(self.number) * 3 + 2);
        if clock::mono() + span >= deadline {
            return Vec::new();
        }
        let jobs: Vec<(JobId, u64)> = self
            .held
            .iter()
            .map(|(id, (position, _))| (*id, position.fence))
            .collect();
        self.ledger.begin(self.number, &jobs);
        pause(span);
        self.ledger.end(&jobs);
        if clock::mono() >= self.heard + LEASE {
            // The machine stood still: two workers were possible, which the fence is for.
            return Vec::new();
        }
        let ends = self.held.values().map(|(at, done)| {
            let is_last = done + 1 == STEPS.len();
            Transition {
                entries: vec![entry(*at, STEPS[*done], EntryOutcome::Succeeded)],
                state: if is_last {
                    JobState::Succeeded
                } else {
                    JobState::Running
                },
                ..Transition::begin(*at, Vec::new())
            }
        });
        ends.collect()
    }

    /// Sends the same report until it is answered.
    fn report(&mut self, transitions: Vec<Transition>) -> BoardResult<()> {
        let lane = LaneWish {
            lease: LEASE,
            max_crashes: 1_000,
            ..lane("chaos")
        };
        let left = u32::try_from(self.held.len()).unwrap();
        let advance = Advance {
            session: self.session,
            transitions,
            claim: ClaimWish {
                at_most: SLOTS.saturating_sub(left),
                lanes: vec![lane],
                only: Vec::new(),
            },
        };
        let (sent, answer) = loop {
            let sent = clock::mono();
            match self.board.advance(&advance) {
                Ok(answer) => break (sent, answer),
                Err(error) if !error.may_pass() => return Err(error),
                Err(_) => pause(Duration::from_millis(20)),
            }
        };
        self.heard = sent;
        for (transition, verdict) in advance.transitions.iter().zip(answer.verdicts) {
            let id = transition.before.id;
            let is_over = transition.state != JobState::Running;
            match self.held.get_mut(&id) {
                Some(held) if verdict != TransitionVerdict::Stale && !is_over => {
                    *held = (transition.after(), held.1 + 1);
                }
                _ => {
                    self.held.remove(&id);
                }
            }
        }
        for job in answer.claimed {
            let done = job
                .journal
                .iter()
                .filter(|entry| entry.outcome == EntryOutcome::Succeeded);
            self.held
                .insert(job.position.id, (job.position, done.count()));
        }
        Ok(())
    }

    /// Beats; gives back what it owns and does not know, forgets what it does not own.
    fn beat(&mut self) -> BoardResult<()> {
        let sent = clock::mono();
        let beat = self.board.beat(&Beat {
            session: self.session,
            is_idle: self.held.is_empty(),
            ended: Vec::new(),
        })?;
        self.heard = sent;
        let owned: BTreeMap<JobId, JobPosition> =
            beat.owned.into_iter().map(|at| (at.id, at)).collect();
        self.held.retain(|id, (at, _)| owned.get(id) == Some(at));
        let unknown = owned.values().filter(|at| !self.held.contains_key(&at.id));
        let back: Vec<GiveBack> = unknown
            .map(|position| GiveBack {
                position: *position,
                fate: LeftoverFate::NeverStarted,
            })
            .collect();
        if !back.is_empty() {
            self.board.give_back(self.session, &back)?;
        }
        Ok(())
    }

    fn look_after_others(&mut self) -> BoardResult<()> {
        let now = clock::mono();
        for other in self.board.workers()? {
            let seen = self
                .watched
                .entry(other.session)
                .or_insert((other.beat, now));
            if seen.0 != other.beat {
                *seen = (other.beat, now);
                continue;
            }
            let stood_for = now.since(seen.1);
            if stood_for > LEASE && other.session != self.session {
                let reap = Reap {
                    session: other.session,
                    beat: other.beat,
                    stood_for,
                };
                self.board.reap(&reap)?;
            }
        }
        Ok(())
    }
}
