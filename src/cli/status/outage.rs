//! Whether a task is down, as its history and the memory of alerts know it together.

use std::time::SystemTime;

use crate::alert::memory::{Ongoing, TaskMemory};
use crate::alert::notice::KindCount;
use crate::state::history::{Stamp, TaskSummary};

/// An outage that goes on.
pub(in crate::cli) struct Down {
    /// Since when.
    pub(in crate::cli) since: SystemTime,
    /// How many runs failed.
    pub(in crate::cli) failures: u64,
    /// How many asked to be tried again later, if none has failed.
    pub(in crate::cli) asks: u64,
    /// The latest failure.
    pub(in crate::cli) latest: String,
    /// Every kind of it.
    pub(in crate::cli) kinds: Vec<KindCount>,
    /// When the next reminder is due.
    pub(in crate::cli) reminder: Option<SystemTime>,
}

/// Returns since when a task is down, if it is: what the history says, or the memory where that knows more.
pub(in crate::cli) fn down_since(
    past: &TaskSummary,
    memory: Option<&TaskMemory>,
) -> Option<SystemTime> {
    let by_memory = outage(past, memory).map(|ongoing| ongoing.outage.started.wall);
    match &past.last {
        Some(_) if past.asks > 0 => by_memory,
        Some(_) => past.down_since.map(Stamp::time),
        None => by_memory,
    }
}

/// What only asks for later is down when that was mailed; that it does so no more is known to the history first.
pub(super) fn outage<'a>(
    past: &TaskSummary,
    memory: Option<&'a TaskMemory>,
) -> Option<&'a Ongoing> {
    let ongoing = memory.and_then(|memory| memory.outage.as_ref());
    ongoing.filter(|ongoing| !ongoing.outage.only_asks() || (past.asks > 0 && ongoing.is_down()))
}
