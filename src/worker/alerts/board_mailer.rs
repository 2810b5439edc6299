//! The thread that delivers the mails of the board, by the `[mail]` of this process.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use super::alert_surroundings::AlertSurroundings;
use crate::board::{Board, BoardResult, ClaimedMail, SessionId};
use crate::core::time::{Mono, unix_millis};
use crate::mail::claimed_delivery::ClaimedDelivery;
use crate::mail::outbox::{ClaimedChange, QueuedMail};
use crate::unix::clock;
use crate::unix::waiter::Waiter;
use crate::unix::wakeup::Wakeup;

/// How many mails a pass claims at most.
const MOST_MAILS: u32 = 64;
/// How often is looked for mails that another process put on the board.
const LOOK: Duration = Duration::from_secs(2);

/// What the alerter rings when it has put mails on the board.
#[derive(Clone, Debug)]
pub(crate) struct MailNudge(Arc<Wakeup>);

impl MailNudge {
    /// Rings.
    pub(super) fn ring(&self) {
        self.0.ring();
    }
}

/// The handle of the thread.
#[derive(Debug)]
pub(crate) struct BoardMailer {
    bell: Arc<Wakeup>,
    is_ending: Arc<AtomicBool>,
    is_over: mpsc::Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl BoardMailer {
    /// Starts the thread, once the board knows whether mail leaves this machine.
    ///
    /// # Errors
    ///
    /// When the process may have no more threads or descriptors.
    pub(crate) fn start(around: AlertSurroundings) -> io::Result<Self> {
        let (bell, is_ending) = (Arc::new(Wakeup::new()?), Arc::new(AtomicBool::new(false)));
        let waiter = Waiter::new()?;
        let (theirs, ends) = (Arc::clone(&bell), Arc::clone(&is_ending));
        let (over, is_over) = mpsc::channel();
        let builder = std::thread::Builder::new().name("mailer".to_owned());
        let thread = builder.spawn(move || {
            let mailer = BoardDelivery::new(&around);
            mailer.deliver_until_over(&theirs, &ends, waiter);
            // Without a receiver nothing waits for the end.
            let _ = over.send(());
        })?;
        Ok(BoardMailer {
            bell,
            is_ending,
            is_over,
            thread: Some(thread),
        })
    }

    /// Returns what is rung when mails were put on the board.
    pub(crate) fn nudge(&self) -> MailNudge {
        MailNudge(Arc::clone(&self.bell))
    }

    /// Lets what waits leave, until `until`. What is left then stays on the board.
    pub(crate) fn finish(&mut self, until: Mono) {
        self.is_ending.store(true, Ordering::Release);
        self.bell.ring();
        let left = until.since(clock::mono()).max(Duration::from_millis(1));
        if self.is_over.recv_timeout(left).is_err() {
            // An attempt that is under way has a deadline of its own.
            self.thread = None;
        }
    }
}

impl Drop for BoardMailer {
    fn drop(&mut self) {
        self.is_ending.store(true, Ordering::Release);
        self.bell.ring();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct BoardDelivery {
    around: AlertSurroundings,
    delivery: ClaimedDelivery,
}

impl BoardDelivery {
    fn new(around: &AlertSurroundings) -> Self {
        let settings = around.settings.mail.clone();
        BoardDelivery {
            delivery: ClaimedDelivery::new(&around.state_dir, settings),
            around: around.clone(),
        }
    }

    fn deliver_until_over(&self, bell: &Wakeup, is_ending: &AtomicBool, mut waiter: Waiter) {
        let (board, session) = (&*self.around.board, self.around.session);
        let mut is_known = false;
        loop {
            // What came before the ring is delivered in this turn.
            let ends = is_ending.load(Ordering::Acquire);
            is_known = is_known
                || board
                    .set_delivers(session, self.delivery.takes_away())
                    .is_ok();
            // Without an answer the mails are there at the next look.
            let _ = is_known.then(|| self.pass(board, session, ends));
            if ends {
                return;
            }
            if waiter
                .wait([Some(bell.fd())], clock::mono() + LOOK)
                .is_err()
            {
                return;
            }
            bell.hear();
        }
    }

    /// Claims what is due, tries it once, and gives back what is left.
    fn pass(&self, board: &dyn Board, session: SessionId, is_last: bool) -> BoardResult<()> {
        let now = clock::wall();
        let rests = self.delivery.rests_until().is_some_and(|until| until > now);
        let next = board.next_mail()?;
        if rests || next.is_none_or(|next| next > unix_millis(now)) {
            return Ok(());
        }
        let claimed = board.claim_mails(session, MOST_MAILS, false)?;
        if claimed.is_empty() {
            return Ok(());
        }
        deliver(&self.delivery, board, session, &claimed, is_last);
        board.release_mails(session)
    }
}

/// Tries mails that a session has claimed.
pub(super) fn deliver(
    delivery: &ClaimedDelivery,
    board: &dyn Board,
    session: SessionId,
    claimed: &[ClaimedMail],
    is_last: bool,
) {
    // Each of them is due, or wanted now.
    let mut letters: Vec<(u64, QueuedMail)> = Vec::new();
    for mail in claimed {
        match serde_json::from_str::<QueuedMail>(&mail.letter) {
            Ok(mut letter) => {
                if letter.next().is_some_and(|next| next > clock::wall()) {
                    letter.make_due();
                }
                letters.push((mail.id, letter));
            }
            Err(error) => {
                log::error!(
                    "Mail {} of the board cannot be read, and is removed: {error}",
                    mail.id
                );
                let _ = board.remove_mail(session, mail.id);
            }
        }
    }
    let number_of = |letter: &QueuedMail| {
        let found = letters.iter().find(|(_, one)| one.is_same_mail(letter));
        found.map(|(id, _)| *id)
    };
    let write = |change: ClaimedChange<'_>| {
        let written = match change {
            ClaimedChange::Updated(letter) => number_of(letter).map(|id| {
                let next = letter.next().unwrap_or(SystemTime::UNIX_EPOCH);
                let text = serde_json::to_string(letter).unwrap_or_default();
                board.update_mail(session, id, &text, unix_millis(next))
            }),
            ClaimedChange::Removed(letter) => {
                number_of(letter).map(|id| board.remove_mail(session, id))
            }
        };
        if let Some(Err(error)) = written {
            log::error!("What has become of a mail cannot be written: {error}");
        }
    };
    let waiting = letters.iter().map(|(_, letter)| letter.clone()).collect();
    if let Err(error) = delivery.deliver(waiting, is_last, &write) {
        log::error!("The mails of the board wait: {error}");
    }
}
