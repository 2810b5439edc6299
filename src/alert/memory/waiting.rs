//! What waits for a token, for people who ask.

use super::{Memory, TaskMemory, sort_of};
use crate::alert::notice::Sort;
use crate::time::Mono;

/// Failures that no mail has told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// How many kinds of failure had no mail of their own.
    pub(crate) kinds: u64,
    /// How many failures more are known by their number only.
    pub(crate) unnamed: u64,
    /// From when on the next mail may tell of them; on the clock of the boot on which the memory was saved.
    pub(crate) until: Mono,
    /// What holds them back, in words.
    pub(crate) limit: &'static str,
}

impl Memory {
    /// Returns what is held back, if anything is.
    pub(crate) fn waiting(&self) -> Option<Waiting> {
        let is_muted = |task: &&TaskMemory| task.muted.as_ref().is_some_and(|muted| !muted.over);
        let tasks = self.tasks.iter().filter(|task| !is_muted(task));
        let entries = tasks.clone().flat_map(|task| {
            let named = task.held.named().iter();
            named.map(|entry| (task.token(sort_of(entry)), sort_of(entry)))
        });
        let (task_token, sort) = entries.clone().min_by_key(|(token, _)| *token)?;
        let chain_token = self.hour.next_token();
        let owes = |task: &TaskMemory| task.muted.as_ref().is_some_and(|muted| muted.total() > 0);
        let limit = match sort {
            _ if tasks.clone().any(owes) => "a mute, which is over",
            _ if chain_token > task_token => "max_per_hour",
            Sort::First => "too many first failures after restarts",
            _ => "too many new kinds of failure",
        };
        let unnamed = tasks.map(|task| task.held.unnamed());
        Some(Waiting {
            kinds: entries.count() as u64,
            unnamed: unnamed.fold(0, u64::saturating_add),
            until: task_token.max(chain_token),
            limit,
        })
    }

    /// Returns the wall time of the next summary, if one is planned.
    pub(crate) fn next_summary(&self) -> Option<std::time::SystemTime> {
        self.summary.map(|schedule| schedule.due)
    }

    /// Returns whether its points in time are on the clock of this boot.
    pub(crate) fn is_of_boot(&self, boot: &str) -> bool {
        self.boot == boot
    }
}
