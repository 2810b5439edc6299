//! The queue as a service for tasks: what the public functions do, and what they say when something
//! went wrong.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;
use std::{fmt, io};

use serde::{Deserialize, Serialize};

use super::queue::{self, MessageOutcome, Queue, SETTLED};
use super::transport::transport;
use crate::core::settings::MailSettings;
use crate::task::TaskError;
use crate::unix::clock;
use crate::unix::waiter::Waiter;

/// What the runner of this process has set.
static INSTALLED: Mutex<Option<Installed>> = Mutex::new(None);

#[derive(Clone, Serialize, Deserialize)]
struct Installed {
    settings: MailSettings,
    state_dir: PathBuf,
}

/// Sets where the queue is and how mail leaves, for this process: called by the runner before any
/// task runs, also in the process of an isolated function.
pub(crate) fn install(settings: MailSettings, state_dir: &Path) {
    let installed = Installed {
        settings,
        state_dir: state_dir.to_owned(),
    };
    *INSTALLED.lock().unwrap_or_else(PoisonError::into_inner) = Some(installed);
}

/// Returns what [`unpack`] installs in another process of this program.
pub(crate) fn pack(settings: &MailSettings, state_dir: &Path) -> String {
    let installed = Installed {
        settings: settings.clone(),
        state_dir: state_dir.to_owned(),
    };
    // A directory whose name is not text cannot be packed: then an isolated function says that it
    // knows no queue.
    serde_json::to_string(&installed).unwrap_or_default()
}

/// Installs what a runner has packed: for functions in processes of their own.
pub(crate) fn unpack(packed: &str) {
    if let Ok(Installed {
        settings,
        state_dir,
    }) = serde_json::from_str(packed)
    {
        install(settings, &state_dir);
    }
}

fn installed() -> Result<Installed, QueueError> {
    let installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    installed.clone().ok_or(QueueError {
        what: ServicePass::NoRunner,
        source: None,
    })
}

/// What [`deliver_queue`] has done when all went well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivered {
    /// How many messages left.
    pub messages: usize,
    /// How many were left for the next time, because a program may still be writing them.
    pub unfinished: usize,
}

/// What [`retry_deferred`] has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Returned {
    /// How many messages are in the queue again.
    pub messages: usize,
    /// How many are not due yet.
    pub waiting: usize,
}

/// Why not every message of the queue left. None is lost: each is in the queue, in `deferred`, or
/// in `failed` with its reason beside it.
#[derive(Debug)]
pub struct QueueError {
    what: ServicePass,
    source: Option<io::Error>,
}

#[derive(Debug)]
enum ServicePass {
    /// Called outside of a runner.
    NoRunner,
    /// Another process delivers this queue.
    Busy,
    /// The directories cannot be used.
    Disk(PathBuf),
    /// Messages were put off, refused or stuck.
    Messages(Box<MessageOutcome>),
    /// Messages were given up.
    Expired(usize),
}

impl QueueError {
    fn of(what: ServicePass) -> Self {
        QueueError { what, source: None }
    }

    /// Returns what makes two of these the same failure: the sorts of trouble, without the counts.
    pub fn kind(&self) -> String {
        match &self.what {
            ServicePass::NoRunner => "mail queue without a runner".to_owned(),
            ServicePass::Busy => "mail queue busy".to_owned(),
            ServicePass::Disk(_) => "mail queue unusable".to_owned(),
            ServicePass::Messages(outcome) => {
                let sorts: Vec<&str> = outcome.sorts.iter().map(String::as_str).collect();
                format!("mail queue: {}", sorts.join(", "))
            }
            ServicePass::Expired(_) => "mail queue: expired".to_owned(),
        }
    }
}

impl fmt::Display for QueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            ServicePass::NoRunner => f.write_str(
                "the mail queue is known to a runner only: call this from a task (`run_functions once tasks::send_mail`)",
            ),
            ServicePass::Busy => f.write_str("another process is delivering this mail queue"),
            ServicePass::Disk(path) => write!(
                f,
                "the mail queue `{}` cannot be used: check that it is there, ours, and on a disk with room",
                path.display()
            ),
            ServicePass::Messages(outcome) => f.write_str(&in_one_line(outcome)),
            ServicePass::Expired(count) => write!(
                f,
                "{} given up after 5 days, kept in `failed` with the last reason",
                messages(*count)
            ),
        }
    }
}

impl Error for QueueError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source = self.source.as_ref()?;
        Some(source)
    }
}

impl From<QueueError> for TaskError {
    /// A queue that another process delivers is no failure; everything else is, of one kind
    /// whatever the counts.
    fn from(error: QueueError) -> Self {
        let kind = error.kind();
        match error.what {
            ServicePass::Busy => TaskError::retry_later(error),
            _ => TaskError::new(error).kind(kind),
        }
    }
}

fn messages(count: usize) -> String {
    if count == 1 {
        "1 message".to_owned()
    } else {
        format!("{count} messages")
    }
}

fn in_one_line(outcome: &MessageOutcome) -> String {
    let counts = [
        (outcome.deferred, "deferred"),
        (outcome.failed, "refused for good and kept in `failed`"),
        (outcome.stuck, "stuck in the queue"),
    ];
    let counts: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", messages(count)))
        .collect();
    let most = outcome.reasons.iter().max_by_key(|(_, count)| **count);
    let reason = most.map(|(reason, _)| reason.as_str()).unwrap_or_default();
    let others = outcome.reasons.len().saturating_sub(1);
    let others = match others {
        0 => String::new(),
        1 => "; and 1 other reason".to_owned(),
        count => format!("; and {count} other reasons"),
    };
    format!("{}: {reason}{others}", counts.join(", "))
}

/// Delivers every message in `STATE_DIR/outbox/queue`, by the way that the runner's `[mail]`
/// settings name.
///
/// Each message that was accepted is removed at once. One that was put off moves to `deferred`, one
/// that was refused for good to `failed` with a `.reason` beside it; neither stops the others.
/// Without a way to the server all are put off at once.
///
/// # Errors
///
/// When a message did not leave, in one line that says how many and why; outside of a runner; when
/// the disk refuses.
pub fn deliver_queue() -> Result<Delivered, QueueError> {
    let Installed {
        settings,
        state_dir,
    } = installed()?;
    let queue = Queue::of(&state_dir);
    let disk = |error: io::Error| disk(&queue, error);
    let _lock = locked(&queue)?;
    let mut transport = transport(&settings);
    let mut settle = wait_until_settled;
    let outcome = queue::deliver(&queue, transport.as_mut(), &clock::wall, &mut settle);
    let outcome = outcome.map_err(disk)?;
    if outcome.deferred + outcome.failed + outcome.stuck > 0 {
        return Err(QueueError::of(ServicePass::Messages(Box::new(outcome))));
    }
    Ok(Delivered {
        messages: outcome.delivered,
        unfinished: outcome.young,
    })
}

/// Brings messages that were put off back into the queue when they are due: 1 min · 2ⁿ after the
/// n-th attempt, at most 1 h. Those that were tried for five days move to `failed`.
///
/// # Errors
///
/// When messages were given up; outside of a runner; when the disk refuses.
pub fn retry_deferred() -> Result<Returned, QueueError> {
    bring(queue::bring_back)
}

/// Brings every message that was put off back into the queue, whenever it was to be tried next:
/// `mail queue --flush`.
///
/// # Errors
///
/// As [`retry_deferred`].
pub(crate) fn retry_all_deferred() -> Result<Returned, QueueError> {
    bring(queue::bring_all_back)
}

fn bring(
    back: fn(&Queue, SystemTime) -> io::Result<queue::BroughtBack>,
) -> Result<Returned, QueueError> {
    let Installed { state_dir, .. } = installed()?;
    let queue = Queue::of(&state_dir);
    let _lock = locked(&queue)?;
    let back = back(&queue, clock::wall()).map_err(|error| disk(&queue, error))?;
    if back.expired > 0 {
        return Err(QueueError::of(ServicePass::Expired(back.expired)));
    }
    Ok(Returned {
        messages: back.returned,
        waiting: back.waiting,
    })
}

fn locked(queue: &Queue) -> Result<crate::unix::files::FileLockGuard, QueueError> {
    queue.prepare().map_err(|error| disk(queue, error))?;
    match queue.try_lock() {
        Ok(Some(lock)) => Ok(lock),
        Ok(None) => Err(QueueError::of(ServicePass::Busy)),
        Err(error) => Err(disk(queue, error)),
    }
}

fn disk(queue: &Queue, error: io::Error) -> QueueError {
    QueueError {
        what: ServicePass::Disk(queue.directory(queue::QueuePlace::Queue)),
        source: Some(error),
    }
}

/// Waits as long as a message must have been left alone. Without a timer it does not wait: they go
/// with the next run.
fn wait_until_settled() {
    if let Ok(mut alarm) = Waiter::new() {
        let _ = alarm.wait([None], clock::mono() + SETTLED);
    }
}

#[cfg(test)]
#[cfg(feature = "smtp")]
#[path = "service_tests.rs"]
mod tests;
