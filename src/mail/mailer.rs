//! The mailer: a thread of the runner that sleeps while nothing waits to leave.
//!
//! The chain hands mails in and goes on; it waits for neither network nor worker. Of several
//! processes on one outbox, the one that holds its lock delivers. The thread and its descriptors
//! exist from the start, so that a shortage later on cannot keep mail from leaving: making a thread
//! when memory is short may even end the process.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use std::{fmt, thread};

use super::immediate::{NOBODY_NAMED, sender};
use super::outbox::{KeptWhere, Lost, Outbox, QueuedMail};
use super::outbox_delivery::{self, DeliverySummary, MergeHolding};
use super::schedule::SHORTAGE_PAUSE;
use super::transport::transport;
use crate::core::admin_mail::AdminMail;
use crate::core::settings::MailSettings;
use crate::core::time::Mono;
use crate::unix::clock;
use crate::unix::trusted_paths::StateDir;
use crate::unix::waiter::Waiter;

/// How long another process may hold the outbox before it is asked for again.
const BUSY_PAUSE: Duration = Duration::from_secs(5);
/// Delivers what the outbox holds, in the background.
#[derive(Debug)]
pub(crate) struct Mailer {
    shared: Arc<MailerShared>,
}

#[derive(Debug)]
struct MailerShared {
    outbox: Outbox,
    settings: MailSettings,
    work: Mutex<MailerWork>,
    /// Whether a thread was wanted and could not be started.
    stalled: AtomicBool,
    /// Notified when the thread ends, or has nothing to do.
    changed: Condvar,
    /// Notified after each pass.
    followers: Mutex<Vec<Follower>>,
    /// Read by the thread while it waits.
    nudged: PipeReader,
    nudge: PipeWriter,
}

/// What is called when something may have left, with the number of mails that are in memory
/// alone.
struct Follower(Box<dyn Fn(u64) + Send + Sync>);

impl fmt::Debug for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Follower")
    }
}

/// What the thread and the runner tell each other.
#[derive(Debug, Default)]
struct MailerWork {
    /// Whether there is a thread.
    running: bool,
    /// Whether it has nothing to do.
    idle: bool,
    /// Whether something was handed in that it has not looked at.
    pending: bool,
    /// Whether everything that waits is to be tried at the next pass.
    all_due: bool,
    /// Whether the runner ends.
    stopping: bool,
}

impl Mailer {
    /// Makes a mailer that does nothing until it is asked to. Where no thread can be had, that is
    /// tried again with each mail.
    ///
    /// # Errors
    ///
    /// When the process has no descriptor left.
    pub(crate) fn new(state_dir: impl Into<StateDir>, settings: MailSettings) -> io::Result<Self> {
        let (nudged, nudge) = io::pipe()?;
        let shared = MailerShared {
            outbox: Outbox::open(state_dir),
            settings,
            work: Mutex::new(MailerWork::default()),
            stalled: AtomicBool::new(false),
            changed: Condvar::new(),
            followers: Mutex::default(),
            nudged,
            nudge,
        };
        let shared = Arc::new(shared);
        let mailer = Mailer { shared };
        let alarm = Waiter::new()?;
        mailer.start(&mut mailer.shared.work(), alarm);
        Ok(mailer)
    }

    /// Calls `tell` in the thread of the mailer after each pass over the outbox.
    pub(crate) fn tell_after_each_pass(&self, tell: impl Fn(u64) + Send + Sync + 'static) {
        let mut followers = lock(&self.shared.followers);
        followers.push(Follower(Box::new(tell)));
    }

    /// Returns how many mails are in memory alone.
    pub(crate) fn in_memory(&self) -> u64 {
        self.shared.outbox.in_memory()
    }

    /// Takes a mail to these recipients, and has it delivered.
    pub(crate) fn post(&self, mail: &AdminMail, to: &[String], now: SystemTime) -> KeptWhere {
        let nobody = [NOBODY_NAMED.to_owned()];
        let to = if to.is_empty() { &nobody[..] } else { to };
        let kept = self.shared.outbox.put(mail, to, now);
        self.nudge();
        kept
    }

    /// Has delivered what a former runner left behind, if anything, whenever it was to be tried
    /// next: what kept it back may have been mended before this start.
    pub(crate) fn adopt(&self) {
        let waiting = self.shared.outbox.waiting().len();
        if waiting == 0 {
            return;
        }
        let mails = if waiting == 1 { "mail" } else { "mails" };
        log::info!("{waiting} {mails} from before this start in the outbox: trying at once");
        self.shared.work().all_due = true;
        self.nudge();
    }

    /// Has the outbox looked at now.
    pub(crate) fn nudge(&self) {
        let mut work = self.shared.work();
        let nudged_already = std::mem::replace(&mut work.pending, true);
        work.idle = false;
        if !work.running {
            match Waiter::new() {
                Ok(alarm) => self.start(&mut work, alarm),
                Err(error) => self.stalled(&error),
            }
        } else if !nudged_already {
            // One byte at a time: the pipe never fills up.
            let _ = (&self.shared.nudge).write_all(b"!");
        }
    }

    fn start(&self, work: &mut MailerWork, alarm: Waiter) {
        let shared = Arc::clone(&self.shared);
        let thread = thread::Builder::new().name("mailer".to_owned());
        match thread.spawn(move || shared.serve(alarm)) {
            Ok(_) => {
                work.running = true;
                self.shared.stalled.store(false, Ordering::Relaxed);
            }
            Err(error) => self.stalled(&error),
        }
    }

    fn stalled(&self, error: &io::Error) {
        if !self.shared.stalled.swap(true, Ordering::Relaxed) {
            log::error!(
                "Mail waits: no thread can be started for it: {error}; look at `ulimit -u`"
            );
        }
    }

    /// Tries again what [`nudge`](Mailer::nudge) could not do for want of a thread. Costs next to
    /// nothing when there is nothing to do.
    pub(crate) fn nudge_again(&self) {
        if self.shared.stalled.load(Ordering::Relaxed) {
            self.nudge();
        }
    }

    /// Lets a delivery that is under way, or was never tried, come to its end until `until`. What
    /// is left then is in the outbox, but for those mails that no disk takes, which are returned.
    pub(crate) fn finish(&self, until: Mono) -> Vec<Lost> {
        self.nudge_again();
        let mut work = self.shared.work();
        work.stopping = true;
        if work.running {
            let _ = (&self.shared.nudge).write_all(b"!");
            let left = until.since(clock::mono());
            let changed = &self.shared.changed;
            drop(changed.wait_timeout_while(work, left, |work| work.running));
        }
        self.shared.outbox.rescue()
    }
}

impl Drop for Mailer {
    /// Lets the thread end when it comes to it.
    fn drop(&mut self) {
        self.shared.work().stopping = true;
        let _ = (&self.shared.nudge).write_all(b"!");
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MailerShared {
    fn work(&self) -> MutexGuard<'_, MailerWork> {
        lock(&self.work)
    }

    /// The thread. Whatever goes wrong, it goes on: nothing could start another one when it is
    /// needed most.
    fn serve(&self, mut alarm: Waiter) {
        loop {
            let served = catch_unwind(AssertUnwindSafe(|| self.deliver_until_stopped(&mut alarm)));
            let trouble = match served {
                Ok(Ok(())) => break,
                Ok(Err(error)) => error.to_string(),
                Err(_) => "delivery panicked".to_owned(),
            };
            log::error!("Mail waits: {trouble}");
            let work = self.work();
            let waited = self
                .changed
                .wait_timeout_while(work, SHORTAGE_PAUSE, |work| !work.stopping);
            if waited.is_ok_and(|(work, _)| work.stopping) {
                break;
            }
        }
        self.work().running = false;
        self.changed.notify_all();
    }

    fn deliver_until_stopped(&self, alarm: &mut Waiter) -> io::Result<()> {
        loop {
            let mut work = self.work();
            work.pending = false;
            let held_some = !work.stopping;
            drop(work);
            let next = self.deliver();
            let mut work = self.work();
            // A pass that began before the end has perhaps held mails with one cause, which leave
            // at the end.
            if work.pending || held_some && work.stopping {
                continue;
            }
            if work.stopping {
                return Ok(());
            }
            work.idle = next.is_none();
            drop(work);
            self.changed.notify_all();
            self.wait(alarm, next.unwrap_or(Mono::NEVER))?;
            let untried = self.has_untried();
            if self.work().stopping && !untried {
                return Ok(());
            }
        }
    }

    /// Makes a pass, if no other process does. Returns when the next is due; `None`: nothing waits.
    fn deliver(&self) -> Option<Mono> {
        let settled = self.outbox.settle();
        let next = match self.outbox.try_lock() {
            Ok(None) => Some(clock::mono() + BUSY_PAUSE),
            Ok(Some(_lock)) => {
                self.make_due();
                Self::next_of(&self.pass())
            }
            Err(_) => Self::next_of(&self.pass()),
        };
        let in_memory = self.outbox.in_memory();
        for Follower(tell) in &*lock(&self.followers) {
            tell(in_memory);
        }
        // What no disk takes, and what could not be looked at, is nothing that a mail or the
        // clock would bring up again.
        let again = !settled || in_memory > 0 || self.outbox.is_blind();
        let again = again.then(|| clock::mono() + SHORTAGE_PAUSE);
        next.into_iter().chain(again).min()
    }

    fn next_of(summary: &DeliverySummary) -> Option<Mono> {
        let now = clock::now();
        let left = summary.next?.duration_since(now.wall).unwrap_or_default();
        Some(now.mono + left)
    }

    /// Only the holder of the lock does this: a mail that another process has just sent would
    /// come back.
    fn make_due(&self) {
        if !std::mem::take(&mut self.work().all_due) {
            return;
        }
        if let Err(error) = self.outbox.make_due() {
            log::error!("What waits in the outbox cannot be tried before its time: {error}");
        }
    }

    fn pass(&self) -> DeliverySummary {
        let mut transport = transport(&self.settings);
        let from = sender(&self.settings);
        let holding = MergeHolding::while_running(!self.work().stopping);
        outbox_delivery::deliver_due(
            &self.outbox,
            transport.as_mut(),
            from,
            holding,
            &clock::wall,
        )
    }

    fn wait(&self, alarm: &mut Waiter, until: Mono) -> io::Result<()> {
        let [nudged] = alarm.wait([Some(self.nudged.as_fd())], until)?;
        if nudged {
            let mut nudges = [0; 256];
            let _ = (&self.nudged).read(&mut nudges)?;
        }
        Ok(())
    }

    fn has_untried(&self) -> bool {
        self.outbox.waiting().iter().any(QueuedMail::is_untried)
    }
}

#[cfg(test)]
#[cfg(feature = "smtp")]
#[path = "mailer_tests.rs"]
mod tests;
