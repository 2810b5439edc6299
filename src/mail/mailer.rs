//! The mailer: a thread of the runner that is there only while something waits to leave.
//!
//! The chain hands letters in and goes on; it waits for neither network nor worker. Of several processes on one outbox, the one that
//! holds its lock delivers.

use std::fmt;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock};
use std::thread;
use std::time::{Duration, SystemTime};

use super::carrier::{Parcel, carrier, carrier_that_tells};
use super::message::{self, Extent};
use super::outbox::{Entry, Kept, Outbox};
use super::pass::{self, Summary};
use super::trouble::{Stage, Trouble};
use super::wire::Fate;
use crate::letter::Letter;
use crate::process::clock;
use crate::process::poll::Alarm;
use crate::settings::MailSettings;
use crate::time::Mono;

/// How long another process may hold the outbox before it is asked for again.
const BUSY_PAUSE: Duration = Duration::from_secs(5);
/// Who gets the mail of a machine that names nobody (only files and print need no recipient).
const NOBODY_NAMED: &str = "root@localhost";

/// Delivers what the outbox holds, in the background.
#[derive(Debug)]
pub(crate) struct Mailer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    outbox: Outbox,
    settings: MailSettings,
    work: Mutex<Work>,
    /// Whether a thread was wanted and could not be started.
    stalled: AtomicBool,
    /// Told when the thread ends.
    ended: Condvar,
    /// Told after each pass.
    follower: OnceLock<Follower>,
    /// Read by the thread while it waits.
    nudged: PipeReader,
    nudge: PipeWriter,
}

/// Who is told that something may have left.
struct Follower(Box<dyn Fn() + Send + Sync>);

impl fmt::Debug for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Follower")
    }
}

/// What the thread and the runner tell each other.
#[derive(Debug, Default)]
struct Work {
    /// Whether there is a thread.
    running: bool,
    /// Whether something was handed in that it has not looked at.
    pending: bool,
    /// Whether the runner ends.
    stopping: bool,
}

impl Mailer {
    /// Makes a mailer that does nothing until it is asked to.
    ///
    /// # Errors
    ///
    /// When the process has no descriptor left.
    pub(crate) fn new(state_dir: &Path, settings: MailSettings) -> io::Result<Self> {
        let (nudged, nudge) = io::pipe()?;
        let shared = Shared {
            outbox: Outbox::open(state_dir),
            settings,
            work: Mutex::new(Work::default()),
            stalled: AtomicBool::new(false),
            ended: Condvar::new(),
            follower: OnceLock::new(),
            nudged,
            nudge,
        };
        Ok(Mailer {
            shared: Arc::new(shared),
        })
    }

    /// Has somebody told, in the thread of the mailer, after each pass over the outbox. The first one who asks is the one.
    pub(crate) fn tell_after_each_pass(&self, tell: impl Fn() + Send + Sync + 'static) {
        let _ = self.shared.follower.set(Follower(Box::new(tell)));
    }

    /// Takes a letter to every recipient of the settings, and has it delivered.
    pub(crate) fn post(&self, letter: &Letter, now: SystemTime) -> Kept {
        let settings = &self.shared.settings;
        let nobody = [NOBODY_NAMED.to_owned()];
        let to = if settings.to.is_empty() {
            &nobody[..]
        } else {
            &settings.to[..]
        };
        let kept = self.shared.outbox.put(letter, to, now);
        self.nudge();
        kept
    }

    /// Has delivered what a former runner left behind, if anything.
    pub(crate) fn adopt(&self) {
        if !self.shared.outbox.waiting().is_empty() {
            self.nudge();
        }
    }

    /// Has the outbox looked at now.
    pub(crate) fn nudge(&self) {
        let mut work = self.shared.work();
        let nudged_already = std::mem::replace(&mut work.pending, true);
        if work.running {
            if !nudged_already {
                // One byte at a time: the pipe never fills up.
                let _ = (&self.shared.nudge).write_all(b"!");
            }
            return;
        }
        let shared = Arc::clone(&self.shared);
        let spawned = thread::Builder::new()
            .name("mailer".to_owned())
            .spawn(move || shared.serve());
        work.running = spawned.is_ok();
        let was_stalled = self
            .shared
            .stalled
            .swap(spawned.is_err(), Ordering::Relaxed);
        if let (Err(error), false) = (spawned, was_stalled) {
            log::error!(
                "Mail waits: no thread can be started for it: {error}; look at `ulimit -u`"
            );
        }
    }

    /// Tries again what [`nudge`](Mailer::nudge) could not do for want of a thread. Costs next to nothing when there is nothing to do.
    pub(crate) fn nudge_again(&self) {
        if self.shared.stalled.load(Ordering::Relaxed) {
            self.nudge();
        }
    }

    /// Lets a delivery that is under way, or was never tried, come to its end until `until`. What is left then is in the outbox, but for
    /// those letters that no disk takes: their subjects are returned.
    pub(crate) fn finish(&self, until: Mono) -> Vec<String> {
        self.nudge_again();
        let mut work = self.shared.work();
        work.stopping = true;
        if work.running {
            let _ = (&self.shared.nudge).write_all(b"!");
            let left = until.since(clock::mono());
            let ended = &self.shared.ended;
            drop(ended.wait_timeout_while(work, left, |work| work.running));
        }
        self.shared.outbox.rescue()
    }
}

fn sender(settings: &MailSettings) -> &str {
    if settings.from.is_empty() {
        NOBODY_NAMED
    } else {
        &settings.from
    }
}

/// Delivers everything that waits now, in this process, whenever it was to be tried next: `mail queue --flush`. `None`: another
/// process is delivering at this moment.
///
/// # Errors
///
/// When the disk refuses.
pub(crate) fn flush(state_dir: &Path, settings: &MailSettings) -> io::Result<Option<Summary>> {
    let outbox = Outbox::open(state_dir);
    let Some(_lock) = outbox.try_lock()? else {
        return Ok(None);
    };
    outbox.make_due()?;
    let mut carrier = carrier(settings);
    Ok(Some(pass::deliver_due(
        &outbox,
        carrier.as_mut(),
        sender(settings),
        &clock::wall,
    )))
}

/// Tries the way that mail takes, up to the login, telling each stage that is reached, and sends nothing: `check --connect`.
///
/// # Errors
///
/// When there is no way.
pub(crate) fn probe(settings: &MailSettings, tell: Box<dyn FnMut(Stage)>) -> Result<(), Trouble> {
    let mut carrier = carrier_that_tells(settings, tell);
    carrier.carry(&Parcel::probe()).map(drop)
}

/// Sends one letter now, past the outbox, telling each stage that is reached: `mail test`.
/// Returns the answer for each recipient.
///
/// # Errors
///
/// When there is no way to deliver anything.
pub(crate) fn send_now(
    settings: &MailSettings,
    letter: &Letter,
    to: &[String],
    tell: Box<dyn FnMut(Stage)>,
) -> Result<Vec<(String, Fate)>, Trouble> {
    let mut carrier = carrier_that_tells(settings, tell);
    let mut answers = Vec::new();
    for to in to {
        let bytes = message::render(letter, sender(settings), to, Extent::Whole, &[])?;
        let parcel = Parcel {
            from: message::bare_address(sender(settings)),
            to: vec![message::bare_address(to).unwrap_or_else(|| to.clone())],
            bytes,
            file_stem: message::file_stem(letter, to),
        };
        let fates = carrier.carry(&parcel)?;
        answers.extend(fates.into_iter().map(|fate| (to.clone(), fate)));
    }
    Ok(answers)
}

impl Shared {
    fn work(&self) -> MutexGuard<'_, Work> {
        self.work
            .lock()
            .unwrap_or_else(|broken| broken.into_inner())
    }

    /// The thread.
    fn serve(&self) {
        let trouble = match catch_unwind(AssertUnwindSafe(|| self.deliver_until_empty())) {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "delivery panicked".to_owned(),
        };
        // The next letter starts another thread.
        log::error!("Mail waits: {trouble}");
        self.end(self.work());
    }

    /// Ends the thread under the lock: who hands in a letter from here on starts another one.
    fn end(&self, mut work: MutexGuard<'_, Work>) {
        work.running = false;
        self.ended.notify_all();
    }

    fn deliver_until_empty(&self) -> io::Result<()> {
        let mut alarm = Alarm::new()?;
        loop {
            self.work().pending = false;
            let next = self.deliver();
            let work = self.work();
            match next {
                _ if work.pending => continue,
                Some(until) if !work.stopping => {
                    drop(work);
                    self.wait(&mut alarm, until)?;
                }
                _ => {
                    self.end(work);
                    return Ok(());
                }
            }
            let untried = self.has_untried();
            let work = self.work();
            if work.stopping && !untried {
                self.end(work);
                return Ok(());
            }
        }
    }

    /// One pass, if no other process is at it. Returns when the next is due; `None`: nothing waits.
    fn deliver(&self) -> Option<Mono> {
        let summary = match self.outbox.try_lock() {
            Ok(None) => return Some(clock::mono() + BUSY_PAUSE),
            Ok(Some(_lock)) => self.pass(),
            Err(_) => self.pass(),
        };
        if let Some(Follower(tell)) = self.follower.get() {
            tell();
        }
        let now = clock::now();
        let next = summary.next?;
        let left = next.duration_since(now.wall).unwrap_or_default();
        Some(now.mono + left)
    }

    fn pass(&self) -> Summary {
        let mut carrier = carrier(&self.settings);
        let from = sender(&self.settings);
        pass::deliver_due(&self.outbox, carrier.as_mut(), from, &clock::wall)
    }

    fn wait(&self, alarm: &mut Alarm, until: Mono) -> io::Result<()> {
        let [nudged] = alarm.wait([Some(self.nudged.as_fd())], until)?;
        if nudged {
            let mut nudges = [0; 256];
            let _ = (&self.nudged).read(&mut nudges)?;
        }
        Ok(())
    }

    fn has_untried(&self) -> bool {
        self.outbox.waiting().iter().any(Entry::is_untried)
    }
}

#[cfg(test)]
#[path = "mailer_tests.rs"]
mod tests;
