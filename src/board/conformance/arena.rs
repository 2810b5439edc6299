//! What the suite needs of an engine, and what makes its cases short.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use serde_json::json;

use crate::board::board_settings::BoardClock;
use crate::board::{
    Advance, AdvanceAnswer, Beat, Board, ClaimWish, ClaimedJob, DefinitionEntry, HostIdentity,
    JobId, JobPosition, JobState, LaneWish, NameRule, Post, Reap, ReapAnswer, SessionId,
    SessionRequest, Transition, TransitionVerdict,
};
use crate::core::time::{Moment, Mono};
use crate::flow::journal::{Doing, EntryOutcome, JournalEntry, Phase};

/// A clock that a test moves.
#[derive(Clone, Debug)]
pub(crate) struct VirtualClock(Arc<AtomicI64>);

impl VirtualClock {
    pub(crate) fn new() -> Self {
        VirtualClock(Arc::new(AtomicI64::new(1_000_000)))
    }

    /// Returns the time, in milliseconds since 1970.
    pub(crate) fn millis(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn pass(&self, span: Duration) {
        let millis = i64::try_from(span.as_millis()).unwrap();
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// Sets the clock, back too.
    pub(crate) fn set(&self, millis: i64) {
        self.0.store(millis, Ordering::SeqCst);
    }

    pub(crate) fn board_clock(&self) -> BoardClock {
        let clock = self.clone();
        Arc::new(move || {
            let since = Duration::from_millis(clock.millis().unsigned_abs());
            Moment {
                mono: Mono::BOOT + since,
                wall: UNIX_EPOCH + since,
            }
        })
    }
}

/// A board of an engine, empty, under a clock that the test moves.
pub(crate) trait BoardArena {
    fn board(&self) -> &dyn Board;
    fn clock(&self) -> &VirtualClock;
}

static NUMBER: AtomicU64 = AtomicU64::new(0);

/// Returns a name that no other case of this process has.
pub(crate) fn fresh(prefix: &str) -> String {
    format!("{prefix}{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// A worker as a case needs it.
pub(crate) struct TestWorker<'a> {
    pub(crate) board: &'a dyn Board,
    pub(crate) session: SessionId,
    pub(crate) name: String,
}

pub(crate) fn identity(host: &str, pid: u32) -> HostIdentity {
    HostIdentity {
        host: host.to_owned(),
        uid: 1000,
        boot_id: format!("boot of {host}"),
        pid_namespace: "pid:[1]".to_owned(),
        time_namespace: "time:[1]".to_owned(),
        pid,
        start_ticks: 1,
    }
}

pub(crate) fn session_request(name: &str, host: &str) -> SessionRequest {
    SessionRequest {
        name: name.to_owned(),
        if_taken: NameRule::NextNumber,
        identity: identity(host, 7),
        version: "1".to_owned(),
        tags: Vec::new(),
        slots: 4,
    }
}

pub(crate) fn definition(name: &str, shape: &str) -> DefinitionEntry {
    DefinitionEntry {
        name: name.to_owned(),
        shape: shape.to_owned(),
        help: "Does something.".to_owned(),
        schema: json!({}),
        needs: Vec::new(),
        limit: None,
        project: None,
    }
}

pub(crate) fn lane(definition: &str) -> LaneWish {
    LaneWish {
        definition: definition.to_owned(),
        lease: Duration::from_secs(60),
        max_crashes: 3,
        is_bound_to_host: false,
        time_limit: None,
        first: Vec::new(),
    }
}

pub(crate) fn doing(step: &str) -> Doing {
    Doing {
        step: step.to_owned(),
        phase: Phase::Execute,
        attempt: 1,
        since: 5,
    }
}

pub(crate) fn entry(at: JobPosition, step: &str, outcome: EntryOutcome) -> JournalEntry {
    JournalEntry {
        seq: at.seq + 1,
        fence: at.fence,
        step: step.to_owned(),
        phase: Phase::Execute,
        attempt: 1,
        outcome,
        started: 5,
        ended: 6,
        code: Some(0),
        kind: None,
        error: None,
        result: Some(json!({"of": step})),
        worker: "w".to_owned(),
    }
}

/// Creates a transition of one entry.
pub(crate) fn ends(at: JobPosition, outcome: EntryOutcome, state: JobState) -> Transition {
    Transition {
        entries: vec![entry(at, "a", outcome)],
        state,
        ..Transition::begin(at, Vec::new())
    }
}

impl<'a> TestWorker<'a> {
    pub(crate) fn join(board: &'a dyn Board) -> Self {
        TestWorker::join_on(board, "here")
    }

    pub(crate) fn join_on(board: &'a dyn Board, host: &str) -> Self {
        let name = fresh("w");
        let ticket = board.join(&session_request(&name, host)).unwrap();
        TestWorker {
            board,
            session: ticket.session,
            name: ticket.name,
        }
    }

    pub(crate) fn knows(self, definitions: &[&str]) -> Self {
        let entries: Vec<_> = definitions
            .iter()
            .map(|name| definition(name, "s"))
            .collect();
        self.board
            .enter_definitions(self.session, &entries)
            .unwrap();
        self
    }

    /// Enters a definition with a limit.
    pub(crate) fn knows_with_limit(self, definition: &str, most: u32) -> Self {
        let entry = DefinitionEntry {
            limit: Some(most),
            ..self::definition(definition, "s")
        };
        self.board
            .enter_definitions(self.session, &[entry])
            .unwrap();
        self
    }

    pub(crate) fn advance(&self, transitions: Vec<Transition>, claim: ClaimWish) -> AdvanceAnswer {
        let advance = Advance {
            session: self.session,
            transitions,
            claim,
        };
        self.board.advance(&advance).unwrap()
    }

    pub(crate) fn report(&self, transition: Transition) -> TransitionVerdict {
        self.advance(vec![transition], ClaimWish::default())
            .verdicts[0]
    }

    pub(crate) fn look(&self, lane: LaneWish, at_most: u32) -> Vec<ClaimedJob> {
        let claim = ClaimWish {
            at_most,
            lanes: vec![lane],
            only: Vec::new(),
        };
        self.advance(Vec::new(), claim).claimed
    }

    pub(crate) fn claim(&self, definition: &str) -> Option<ClaimedJob> {
        self.look(lane(definition), 1).pop()
    }

    pub(crate) fn beat(&self) -> crate::board::BeatAnswer {
        let beat = Beat {
            session: self.session,
            is_idle: false,
            ended: Vec::new(),
        };
        self.board.beat(&beat).unwrap()
    }

    /// The counter, as an observer sees it.
    pub(crate) fn counter(&self) -> u64 {
        let workers = self.board.workers().unwrap();
        let worker = workers.iter().find(|worker| worker.session == self.session);
        worker.map_or(0, |worker| worker.beat)
    }

    /// Has an observer reap it that saw its counter stand for a long time.
    pub(crate) fn is_reaped(&self) -> ReapAnswer {
        let reap = Reap {
            session: self.session,
            beat: self.counter(),
            stood_for: Duration::from_secs(100_000),
        };
        self.board.reap(&reap).unwrap()
    }
}

pub(crate) fn post(board: &dyn Board, definition: &str) -> JobId {
    let post = Post::new(definition, json!({"n": 1}), fresh("posting"));
    let receipt = board.post(&post).unwrap();
    assert!(receipt.is_new);
    receipt.id
}

/// Checks that the journal of a job has no gap and no double, and that fences rise.
pub(crate) fn check_journal(board: &dyn Board, id: JobId) -> Vec<JournalEntry> {
    let journal = board.journal(id).unwrap();
    let job = board.job(id).unwrap().unwrap();
    for (at, entry) in journal.iter().enumerate() {
        assert_eq!(entry.seq, at as u64 + 1, "job {id}: {journal:?}");
    }
    assert_eq!(job.seq, journal.len() as u64, "{job:?}");
    let fences: Vec<u64> = journal.iter().map(|entry| entry.fence).collect();
    assert!(fences.is_sorted() && fences.last().is_none_or(|last| *last <= job.fence));
    journal
}
