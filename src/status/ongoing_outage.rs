//! Whether a task is down, as its history and the memory of alerts know it together.

use std::time::SystemTime;

use crate::alert::memory::{Ongoing, TaskMemory};
use crate::alert::outage::KindCount;
use crate::history::{Stamp, TaskSummary};
use crate::mail::outbox::{NotSent, Undelivered};

/// An outage that goes on.
pub(crate) struct OngoingOutage {
    /// Since when.
    pub(crate) since: SystemTime,
    /// How many runs failed.
    pub(crate) failures: u64,
    /// How many asked to be tried again later, if none has failed.
    pub(crate) asks: u64,
    /// The latest failure.
    pub(crate) latest: String,
    /// Every kind of it.
    pub(crate) kinds: Vec<KindCount>,
    /// The mails about these kinds that did not leave, by the time of queueing.
    pub(crate) not_sent: Vec<(SystemTime, NotSent)>,
    /// When the next reminder is due.
    pub(crate) reminder: Option<SystemTime>,
}

impl OngoingOutage {
    /// Looks up which mails about the kinds of this outage did not leave.
    pub(crate) fn look_for_mails(&mut self, chain: &str, undelivered: &Undelivered) {
        let queued = self.kinds.iter().filter_map(|kind| kind.mailed);
        let not_sent = queued.filter_map(|at| Some((at, undelivered.find(chain, at)?)));
        self.not_sent = not_sent.collect();
    }

    /// Returns why the mail of this time did not leave; `None`: a server accepted the mail.
    pub(crate) fn why_not_sent(&self, queued: SystemTime) -> Option<NotSent> {
        let found = self.not_sent.iter().find(|(at, _)| *at == queued);
        found.map(|(_, why)| *why)
    }

    /// An outage of which nothing could be written but its beginning.
    pub(crate) fn unwritten(since: SystemTime) -> Self {
        OngoingOutage {
            since,
            failures: 0,
            asks: 0,
            latest: "what failed could not be written down: see the log of the runner".to_owned(),
            kinds: Vec::new(),
            not_sent: Vec::new(),
            reminder: None,
        }
    }
}

/// Returns since when a task is down, if it is: what the history knows, or the memory where that
/// knows more.
pub(crate) fn down_since(past: &TaskSummary, memory: Option<&TaskMemory>) -> Option<SystemTime> {
    let by_memory = outage(past, memory).map(|ongoing| ongoing.outage.started.wall);
    match &past.last {
        Some(_) if past.asks > 0 => by_memory,
        Some(_) => past.down_since.map(Stamp::time),
        None => by_memory,
    }
}

/// What only asks for later is down when that was mailed; that it does so no more is known to the
/// history first.
pub(crate) fn outage<'a>(
    past: &TaskSummary,
    memory: Option<&'a TaskMemory>,
) -> Option<&'a Ongoing> {
    let ongoing = memory.and_then(|memory| memory.outage.as_ref());
    ongoing.filter(|ongoing| !ongoing.outage.only_asks() || (past.asks > 0 && ongoing.is_down()))
}
