//! The one writer of a process: the calls of all threads, many in one transaction.

use std::cell::Cell;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::bell::BellFile;
use super::board_hold::BoardHold;
use super::sqlite_failure::{SqliteFailure, board_error};
use super::write_queue::WriteQueue;
use super::write_tx::{WriteTx, millis};
use crate::board::board_error::BoardError;
use crate::board::board_settings::BoardClock;
use crate::board::board_trait::BoardResult;
use crate::core::time::Mono;
use crate::unix::clock;
use crate::unix::fault_points;
use crate::unix::waiter::Waiter;

/// How many calls share a transaction at most.
const MOST_CALLS: usize = 256;
/// How long a transaction gathers calls at most, once it has begun.
const LONGEST_GATHERING: Duration = Duration::from_millis(5);
/// Between two tries to begin, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_micros(200);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// What becomes of the transaction when a call of it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guard {
    /// What the call has written is taken back. Costs each page a copy.
    Savepoint,
    /// The call has written nothing when a rule refuses it; when the database fails in its midst,
    /// the whole transaction is taken back.
    Whole,
}

type CallEnding = Box<dyn FnOnce(BoardResult<()>) + Send>;
/// Runs within the transaction. Returns whether its changes are kept, and what to do after the
/// commit.
type Work = Box<dyn FnOnce(&WriteTx<'_>) -> (bool, CallEnding) + Send>;

struct WriteCall {
    until: Mono,
    guard: Guard,
    work: Work,
    refuse: Box<dyn FnOnce(BoardError) + Send>,
}

/// The writer's thread and the queue before it; ends when dropped, after what is in the queue.
pub(super) struct BoardWriter {
    queue: Arc<WriteQueue<WriteCall>>,
    thread: Option<JoinHandle<()>>,
    deadline: Duration,
    place: String,
}

impl BoardWriter {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// When the process can have no more threads or descriptors.
    pub(super) fn start(
        conn: Connection,
        bell: BellFile,
        clock: BoardClock,
        deadline: Duration,
        place: String,
    ) -> io::Result<Self> {
        let queue = Arc::new(WriteQueue::new());
        // The pauses of SQLite are whole milliseconds, without jitter.
        let waits_itself = conn.busy_timeout(Duration::ZERO);
        waits_itself.map_err(io::Error::other)?;
        let mut drain = Drain {
            queue: Arc::clone(&queue),
            conn,
            bell,
            clock,
            place: place.clone(),
            hold: BoardHold::default(),
            waiter: Waiter::new()?,
        };
        let builder = std::thread::Builder::new().name("board".to_owned());
        let thread = builder.spawn(move || drain.run())?;
        Ok(BoardWriter {
            queue,
            thread: Some(thread),
            deadline,
            place,
        })
    }

    /// Has a call done in a transaction, and returns when that is durable.
    ///
    /// # Errors
    ///
    /// Those of the call, and of the board itself.
    pub(super) fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&WriteTx<'_>) -> Result<T, SqliteFailure> + Send + 'static,
    ) -> BoardResult<T> {
        self.enqueue(Guard::Savepoint, work)
    }

    /// The same for a call that a rule refuses, if at all, before it has written.
    ///
    /// # Errors
    ///
    /// Those of the call, and of the board itself.
    pub(super) fn call_checked_first<T: Send + 'static>(
        &self,
        work: impl FnOnce(&WriteTx<'_>) -> Result<T, SqliteFailure> + Send + 'static,
    ) -> BoardResult<T> {
        self.enqueue(Guard::Whole, work)
    }

    fn enqueue<T: Send + 'static>(
        &self,
        guard: Guard,
        work: impl FnOnce(&WriteTx<'_>) -> Result<T, SqliteFailure> + Send + 'static,
    ) -> BoardResult<T> {
        let (reply, answer) = sync_channel::<BoardResult<T>>(1);
        let refusal = reply.clone();
        let call = WriteCall {
            until: clock::mono() + self.deadline,
            guard,
            work: wrapped(work, reply, self.place.clone()),
            refuse: Box::new(move |error| drop(refusal.send(Err(error)))),
        };
        if !self.queue.push(call) {
            return Err(BoardError::Unavailable {
                place: self.place.clone(),
                why: "too many calls wait already, or the writer has ended".to_owned(),
            });
        }
        match answer.recv_timeout(self.deadline) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                Err(BoardError::NoAnswer {
                    place: self.place.clone(),
                })
            }
        }
    }
}

fn wrapped<T: Send + 'static>(
    work: impl FnOnce(&WriteTx<'_>) -> Result<T, SqliteFailure> + Send + 'static,
    reply: SyncSender<BoardResult<T>>,
    place: String,
) -> Work {
    Box::new(move |tx| {
        let result = work(tx);
        let is_kept = result.is_ok();
        let ending: CallEnding = Box::new(move |committed| {
            let result = result.map_err(|failure| failure.at(&place));
            // Without a receiver the caller has given up.
            let _ = reply.send(match committed {
                Ok(()) => result,
                Err(error) => result.and(Err(error)),
            });
        });
        (is_kept, ending)
    })
}

impl Drop for BoardWriter {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Drain {
    queue: Arc<WriteQueue<WriteCall>>,
    conn: Connection,
    bell: BellFile,
    clock: BoardClock,
    place: String,
    hold: BoardHold,
    waiter: Waiter,
}

impl Drop for Drain {
    /// Should a call panic, no other is left to wait for its deadline.
    fn drop(&mut self) {
        self.queue.close();
        while self.queue.next().is_some() {}
    }
}

impl Drain {
    fn run(&mut self) {
        while let Some(first) = self.queue.wait() {
            match self.begin(first.until) {
                Ok(()) => self.group(first),
                Err(error) => (first.refuse)(error),
            }
        }
    }

    /// Begins a transaction that may write at once: a deferred one that reads first would fail
    /// when another process has written meanwhile, without asking any busy handler.
    fn begin(&mut self, until: Mono) -> BoardResult<()> {
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match self.conn.execute_batch("BEGIN IMMEDIATE") {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            let now = clock::mono();
            let is_busy = error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy);
            if !is_busy || now >= until {
                return Err(board_error(&error, &self.place));
            }
            let jitter = now.as_nanos().unsigned_abs() / 64 % 1024;
            let pause_now = pause.mul_f64(0.5 + jitter as f64 / 1024.0);
            let _ = self.waiter.wait([None], now + pause_now);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn group(&mut self, first: WriteCall) {
        let begun = clock::mono();
        let is_ringing = Cell::new(false);
        let mut endings = Vec::new();
        let mut next = Some(first);
        while let Some(call) = next {
            let ending = self.one(call, &is_ringing);
            endings.extend(ending);
            if self.conn.is_autocommit() {
                // A full disk rolls the whole transaction back.
                return finish(endings, Err(self.rolled_back()));
            }
            let gathering = clock::mono().since(begun);
            let is_full = endings.len() >= MOST_CALLS || gathering >= LONGEST_GATHERING;
            next = if is_full { None } else { self.queue.next() };
        }
        let committed = self.commit();
        if committed.is_ok() && is_ringing.get() {
            self.bell.ring();
        }
        finish(endings, committed);
    }

    fn one(&self, call: WriteCall, is_ringing: &Cell<bool>) -> Option<CallEnding> {
        if clock::mono() > call.until {
            (call.refuse)(BoardError::NoAnswer {
                place: self.place.clone(),
            });
            return None;
        }
        let now = (self.clock)();
        let tx = WriteTx::new(&self.conn, millis(now), now.mono, &self.hold);
        let is_kept = match call.guard {
            Guard::Savepoint => self.within_savepoint(call.work, &tx),
            Guard::Whole => self.or_nothing(call.work, &tx),
        };
        let (is_kept, ending) = is_kept;
        is_ringing.set(is_ringing.get() || is_kept && tx.is_ringing());
        Some(ending)
    }

    fn within_savepoint(&self, work: Work, tx: &WriteTx<'_>) -> (bool, CallEnding) {
        let is_guarded = run(&self.conn, "SAVEPOINT call").is_ok();
        let (is_kept, ending) = work(tx);
        let end = match is_kept {
            true => "RELEASE call",
            false => "ROLLBACK TO call",
        };
        let is_open = !self.conn.is_autocommit();
        let is_ended = is_open && is_guarded && run(&self.conn, end).is_ok();
        if is_open && !is_ended {
            let _ = self.conn.execute_batch("ROLLBACK");
        }
        if is_ended && !is_kept {
            let _ = run(&self.conn, "RELEASE call");
        }
        (is_kept, ending)
    }

    fn or_nothing(&self, work: Work, tx: &WriteTx<'_>) -> (bool, CallEnding) {
        let before = self.conn.total_changes();
        let (is_kept, ending) = work(tx);
        if !is_kept && self.conn.total_changes() != before {
            let _ = self.conn.execute_batch("ROLLBACK");
        }
        (is_kept, ending)
    }

    fn commit(&self) -> BoardResult<()> {
        let refused = fault_points::step(Path::new(&self.place));
        let committed = match refused {
            Ok(()) => run(&self.conn, "COMMIT").map_err(|error| board_error(&error, &self.place)),
            Err(error) => Err(BoardError::Unavailable {
                place: self.place.clone(),
                why: error.to_string(),
            }),
        };
        if committed.is_err() {
            // A commit that fails leaves the transaction open, or has rolled it back already.
            let _ = self.conn.execute_batch("ROLLBACK");
            return committed;
        }
        fault_points::step(Path::new(&self.place)).map_err(|_| BoardError::NoAnswer {
            place: self.place.clone(),
        })
    }

    fn rolled_back(&self) -> BoardError {
        BoardError::Unavailable {
            place: self.place.clone(),
            why: "its transaction was rolled back: the disk is full or failed".to_owned(),
        }
    }
}

fn finish(endings: Vec<CallEnding>, committed: BoardResult<()>) {
    for ending in endings {
        ending(committed.clone());
    }
}

fn run(conn: &Connection, sql: &str) -> rusqlite::Result<()> {
    conn.prepare_cached(sql)?.execute([]).map(drop)
}
