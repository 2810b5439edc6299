//! What waits for a token, for people who ask.

use super::{Memory, TaskMemory, sort_of};
use crate::alert::bucket::HourlyLimit;
use crate::alert::notice::Sort;
use crate::time::Mono;

/// Failures that no mail has told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// How many kinds of failure had no mail of their own.
    pub(crate) kinds: u64,
    /// How many failures more are known by their number only.
    pub(crate) unnamed: u64,
    /// From when on the next mail may tell of them; on the clock of the boot on which the memory was saved.
    pub(crate) until: Mono,
    /// What holds them back.
    pub(crate) limit: Limit,
}

/// What limits the number of mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// First failures after restarts of this task.
    First,
    /// New kinds of failure of this task.
    New,
    /// `max_per_hour` of the chain.
    Chain,
    /// A mute that is over: the mail about it is on its way.
    Mute,
}

impl Limit {
    const ALL: [Limit; 4] = [Limit::First, Limit::New, Limit::Chain, Limit::Mute];

    /// Returns it in words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Limit::First => "too many first failures after restarts",
            Limit::New => "too many new kinds of failure",
            Limit::Chain => "max_per_hour",
            Limit::Mute => "a mute, which is over",
        }
    }

    /// Returns its number, for who can keep nothing but numbers.
    pub(crate) fn number(self) -> u64 {
        self as u64
    }

    /// Returns the one with this number.
    pub(crate) fn numbered(number: u64) -> Option<Self> {
        Limit::ALL
            .into_iter()
            .find(|limit| limit.number() == number)
    }
}

/// Returns what is held back of these tasks under this limit, if anything is. What a mute holds back is told with the mute.
pub(crate) fn waiting<'a>(
    tasks: impl Iterator<Item = &'a TaskMemory> + Clone,
    hour: &HourlyLimit,
) -> Option<Waiting> {
    let is_muted = |task: &&TaskMemory| task.muted.as_ref().is_some_and(|muted| !muted.over);
    let tasks = tasks.filter(|task| !is_muted(task));
    let entries = tasks.clone().flat_map(|task| {
        let named = task.held.named().iter();
        named.map(|entry| (task.token(sort_of(entry)), sort_of(entry)))
    });
    let (task_token, sort) = entries.clone().min_by_key(|(token, _)| *token)?;
    let chain_token = hour.next_token();
    let owes = |task: &TaskMemory| task.muted.as_ref().is_some_and(|muted| muted.total() > 0);
    let limit = match sort {
        _ if tasks.clone().any(owes) => Limit::Mute,
        _ if chain_token > task_token => Limit::Chain,
        Sort::First => Limit::First,
        _ => Limit::New,
    };
    let unnamed = tasks.map(|task| task.held.unnamed());
    Some(Waiting {
        kinds: entries.count() as u64,
        unnamed: unnamed.fold(0, u64::saturating_add),
        until: task_token.max(chain_token),
        limit,
    })
}

impl Memory {
    /// Returns what is held back, if anything is.
    pub(crate) fn waiting(&self) -> Option<Waiting> {
        waiting(self.tasks.iter(), &self.hour)
    }

    /// Returns how many mails `max_per_hour` has counted in the hour before `now`, and how many it allows.
    pub(crate) fn in_last_hour(&self, now: Mono) -> (u32, u32) {
        self.hour.in_last_hour(now)
    }

    /// Returns how many kinds of failure have no mail of their own yet, by the sort of mail that each would be; those that are known by
    /// their number only as new ones.
    pub(crate) fn held_back(&self) -> [(Sort, u64); 2] {
        let of = |wanted: Sort| {
            let named = self.tasks.iter().flat_map(|task| task.held.named());
            named.filter(|entry| sort_of(entry) == wanted).count() as u64
        };
        let unnamed = self.tasks.iter().map(|task| task.held.unnamed());
        let new = unnamed.fold(of(Sort::New), u64::saturating_add);
        [(Sort::First, of(Sort::First)), (Sort::New, new)]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_has_a_number_of_its_own() {
        for limit in Limit::ALL {
            assert_eq!(Limit::numbered(limit.number()), Some(limit));
        }
        assert_eq!(Limit::numbered(Limit::ALL.len() as u64), None);
    }
}
