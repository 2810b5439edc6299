//! The thread of the alerter, which no job waits for.

use std::io;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use super::alert_surroundings::AlertSurroundings;
use super::board_alerter::BoardAlerter;
use super::board_mailer::MailNudge;
use crate::core::time::Mono;
use crate::unix::clock;
use crate::unix::waiter::Waiter;
use crate::unix::wakeup::Wakeup;

const RUNS: u8 = 0;
/// A last turn, then the end.
const LAST_TURN: u8 = 1;
const ENDS: u8 = 2;

/// The handle of the thread.
#[derive(Debug)]
pub(crate) struct AlertThread {
    bell: Arc<Wakeup>,
    stage: Arc<AtomicU8>,
    is_over: mpsc::Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl AlertThread {
    /// Starts the thread; `nudge` rings when it has put mails on the board.
    ///
    /// # Errors
    ///
    /// When the process may have no more threads or descriptors.
    pub(crate) fn start(around: AlertSurroundings, nudge: MailNudge) -> io::Result<Self> {
        let (bell, stage) = (Arc::new(Wakeup::new()?), Arc::new(AtomicU8::new(RUNS)));
        let mut waiter = Waiter::new()?;
        let (theirs, at) = (Arc::clone(&bell), Arc::clone(&stage));
        let (over, is_over) = mpsc::channel();
        let builder = std::thread::Builder::new().name("alerts".to_owned());
        let thread = builder.spawn(move || {
            let board = Arc::clone(&around.board);
            let mut alerter = BoardAlerter::new(around);
            let mut due = clock::mono();
            loop {
                if waiter.wait([Some(theirs.fd())], due).is_err() {
                    break;
                }
                theirs.hear();
                let stage = at.load(Ordering::Acquire);
                if stage == ENDS {
                    break;
                }
                let is_ending = stage == LAST_TURN;
                let is_last = || board.workers().is_ok_and(|workers| workers.len() <= 1);
                let (next, has_mails) = alerter.turn(clock::now(), is_ending && is_last());
                if has_mails {
                    nudge.ring();
                }
                if is_ending {
                    break;
                }
                due = next;
            }
            // Without a receiver nothing waits for the end.
            let _ = over.send(());
        })?;
        Ok(AlertThread {
            bell,
            stage,
            is_over,
            thread: Some(thread),
        })
    }

    /// Has a last turn made, and waits for it until `until`.
    pub(crate) fn finish(&self, until: Mono) {
        self.stage.store(LAST_TURN, Ordering::Release);
        self.bell.ring();
        let left = until.since(clock::mono()).max(Duration::from_millis(1));
        let _ = self.is_over.recv_timeout(left);
    }
}

impl Drop for AlertThread {
    fn drop(&mut self) {
        let _ = self
            .stage
            .compare_exchange(RUNS, ENDS, Ordering::AcqRel, Ordering::Acquire);
        self.bell.ring();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
