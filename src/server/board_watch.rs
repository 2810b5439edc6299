//! Whether the board answers: asked every two seconds, logged once an outage.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use crate::board::{Board, BoardError};
use crate::core::time::{Mono, in_words};
use crate::unix::clock;

/// How often is asked.
const EVERY: Duration = Duration::from_secs(2);
/// A board that has not answered for so long is away.
const AWAY_AFTER: Duration = Duration::from_secs(10);

/// What is known of the answers of the board.
#[derive(Debug)]
pub(crate) struct BoardWatch {
    known: Mutex<KnownAnswers>,
}

#[derive(Debug)]
struct KnownAnswers {
    last: Mono,
    since: Option<Mono>,
    outages: u64,
}

impl BoardWatch {
    /// Creates the watch of a board that has just answered.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(BoardWatch {
            known: Mutex::new(KnownAnswers {
                last: clock::mono(),
                since: None,
                outages: 0,
            }),
        })
    }

    /// Asks the board again and again, until the server ends.
    pub(crate) async fn run(self: Arc<Self>, board: Arc<dyn Board>, ending: watch::Receiver<bool>) {
        while !*ending.borrow() {
            let asked = Arc::clone(&board);
            let answer = tokio::task::spawn_blocking(move || asked.pauses());
            match answer.await {
                Ok(Ok(_)) => self.answered(),
                Ok(Err(error)) => self.failed(&error),
                Err(_) => {}
            }
            let mut ends = ending.clone();
            tokio::select! {
                () = sleep(EVERY) => {}
                _ = ends.changed() => return,
            }
        }
    }

    /// Returns for how long the board has been away; `None`: it answers.
    pub(crate) fn away_for(&self) -> Option<Duration> {
        let silent = clock::mono().since(self.known().last);
        (silent > AWAY_AFTER).then_some(silent)
    }

    /// Returns how many outages there were.
    pub(crate) fn outages(&self) -> u64 {
        self.known().outages
    }

    fn answered(&self) {
        let mut known = self.known();
        known.last = clock::mono();
        if let Some(since) = known.since.take() {
            let span = in_words(known.last.since(since));
            log::info!("The board answers again, after {span}");
        }
    }

    fn failed(&self, error: &BoardError) {
        let mut known = self.known();
        if known.since.is_none() {
            known.since = Some(clock::mono());
            known.outages += 1;
            let remedy = error.remedy().map(|remedy| format!("; {remedy}"));
            log::error!("{error}{}; it is tried again", remedy.unwrap_or_default());
        }
    }

    fn known(&self) -> MutexGuard<'_, KnownAnswers> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
