//! The thread that beats for a session: alone, so that nothing which a worker does keeps it from
//! being heard.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::board::{Beat, BeatAnswer, Board, BoardError, EndCount, JobPosition, SessionId};
use crate::core::time::Mono;
use crate::unix::clock;
use crate::unix::waiter::Waiter;
use crate::unix::wakeup::Wakeup;

/// The longest interval between two beats.
const LONGEST: Duration = Duration::from_secs(15);
/// How long what has ended waits to be reported: mails are decided by it.
const REPORTED_IN: Duration = Duration::from_secs(1);
/// The shortest interval, and that after a beat without an answer.
const SHORTEST: Duration = Duration::from_millis(250);

/// What the last beat has brought.
#[derive(Debug)]
pub(crate) struct BeatNews {
    /// When the beat was sent: deadlines count from here.
    pub(crate) sent: Mono,
    /// What the worker held then.
    pub(crate) held: Vec<JobPosition>,
    /// The answer of the board.
    pub(crate) answer: Result<BeatAnswer, BoardError>,
}

#[derive(Debug, Default)]
struct BeatState {
    /// What the worker holds now.
    held: Vec<JobPosition>,
    /// The shortest lease of these.
    shortest_lease: Option<Duration>,
    ended: Vec<EndCount>,
    /// Whether more has ended than a beat has reported.
    has_ended: bool,
    news: Option<BeatNews>,
    is_over: bool,
}

#[derive(Debug)]
struct BeatShared {
    state: Mutex<BeatState>,
    /// Wakes the thread.
    bell: Wakeup,
    /// Wakes the worker.
    news_bell: Wakeup,
}

/// The handle of the thread.
#[derive(Debug)]
pub(crate) struct BeatThread {
    shared: Arc<BeatShared>,
    thread: Option<JoinHandle<()>>,
}

impl BeatThread {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// When the process may have no more threads or descriptors.
    pub(crate) fn start(board: Arc<dyn Board>, session: SessionId) -> io::Result<Self> {
        let shared = Arc::new(BeatShared {
            state: Mutex::default(),
            bell: Wakeup::new()?,
            news_bell: Wakeup::new()?,
        });
        let waiter = Waiter::new()?;
        let theirs = Arc::clone(&shared);
        let builder = std::thread::Builder::new().name("beat".to_owned());
        let thread = builder.spawn(move || theirs.beat_until_over(&*board, session, waiter))?;
        Ok(BeatThread {
            shared,
            thread: Some(thread),
        })
    }

    /// Returns what becomes readable when a beat has brought something.
    pub(crate) fn news_bell(&self) -> &Wakeup {
        &self.shared.news_bell
    }

    /// Takes what the last beat has brought.
    pub(crate) fn take_news(&self) -> Option<BeatNews> {
        self.shared.news_bell.hear();
        self.shared.state().news.take()
    }

    /// Sets what the worker holds from now on, and what has ended under it.
    pub(crate) fn hold(
        &self,
        held: Vec<JobPosition>,
        shortest_lease: Option<Duration>,
        ended: Vec<EndCount>,
    ) {
        let mut state = self.shared.state();
        let is_hurried = shortest_lease < state.shortest_lease || state.shortest_lease.is_none();
        state.held = held;
        let is_first_end = state.ended != ended && !state.has_ended;
        state.has_ended |= is_first_end;
        state.ended = ended;
        let changed = state.shortest_lease != shortest_lease;
        state.shortest_lease = shortest_lease;
        drop(state);
        if is_first_end || changed && is_hurried {
            self.shared.bell.ring();
        }
    }
}

impl Drop for BeatThread {
    fn drop(&mut self) {
        self.shared.state().is_over = true;
        self.shared.bell.ring();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl BeatShared {
    fn state(&self) -> MutexGuard<'_, BeatState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn beat_until_over(&self, board: &dyn Board, session: SessionId, mut waiter: Waiter) {
        let mut due = clock::mono() + self.interval();
        loop {
            if waiter.wait([Some(self.bell.fd())], due).is_err() {
                return;
            }
            self.bell.hear();
            if self.state().is_over {
                return;
            }
            let now = clock::mono();
            if self.state().has_ended {
                due = due.min(now + REPORTED_IN);
            }
            // Woken because a shorter lease is held now.
            due = due.min(now + self.interval());
            if now >= due {
                let answered = self.beat(board, session);
                due = clock::mono() + if answered { self.interval() } else { SHORTEST };
            }
        }
    }

    /// Beats once; returns whether the board has answered.
    fn beat(&self, board: &dyn Board, session: SessionId) -> bool {
        let (held, ended) = {
            let mut state = self.state();
            state.has_ended = false;
            (state.held.clone(), state.ended.clone())
        };
        let beat = Beat {
            session,
            is_idle: held.is_empty(),
            ended,
        };
        let sent = clock::mono();
        let answer = board.beat(&beat);
        let answered = !matches!(&answer, Err(error) if error.may_pass());
        self.state().news = Some(BeatNews { sent, held, answer });
        self.news_bell.ring();
        answered
    }

    fn interval(&self) -> Duration {
        let lease = self.state().shortest_lease;
        let quarter = lease.map_or(LONGEST, |lease| lease / 4);
        quarter.clamp(SHORTEST, LONGEST)
    }
}
