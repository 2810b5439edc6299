//! What waits for a token, for a user that asks.

use super::super::alert_kind::AlertKind;
use super::{AlertMemory, TaskMemory, sort_of};
use crate::alert::bucket::HourlyLimit;
use crate::core::time::Mono;

/// Failures that no mail has reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DeferredSummary {
    /// How many kinds of failure had no mail of their own.
    pub(crate) kinds: u64,
    /// How many failures more are known by their number only.
    pub(crate) unnamed: u64,
    /// From when on the next mail may report them; on the clock of the boot on which the memory
    /// was saved.
    pub(crate) until: Mono,
    /// What holds them back.
    pub(crate) limit: MailLimit,
}

/// What limits the number of mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MailLimit {
    /// First failures after restarts of this task.
    First,
    /// New kinds of failure of this task.
    New,
    /// `max_per_hour` of the chain.
    Chain,
    /// A mute that is over: the mail about it is on its way.
    Mute,
}

impl MailLimit {
    const ALL: [MailLimit; 4] = [
        MailLimit::First,
        MailLimit::New,
        MailLimit::Chain,
        MailLimit::Mute,
    ];

    /// Returns it in words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            MailLimit::First => "too many first failures after restarts",
            MailLimit::New => "too many new kinds of failure",
            MailLimit::Chain => "max_per_hour",
            MailLimit::Mute => "a mute, which is over",
        }
    }

    /// Returns its number, for a page that can keep nothing but numbers.
    pub(crate) fn number(self) -> u64 {
        self as u64
    }

    /// Returns the one with this number.
    pub(crate) fn numbered(number: u64) -> Option<Self> {
        MailLimit::ALL
            .into_iter()
            .find(|limit| limit.number() == number)
    }
}

/// Returns what is held back of these tasks under this limit, if anything is. What a mute holds
/// back is reported with the mute.
pub(crate) fn waiting<'a>(
    tasks: impl Iterator<Item = &'a TaskMemory> + Clone,
    hour: &HourlyLimit,
) -> Option<DeferredSummary> {
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
        _ if tasks.clone().any(owes) => MailLimit::Mute,
        _ if chain_token > task_token => MailLimit::Chain,
        AlertKind::First => MailLimit::First,
        _ => MailLimit::New,
    };
    let unnamed = tasks.map(|task| task.held.unnamed());
    Some(DeferredSummary {
        kinds: entries.count() as u64,
        unnamed: unnamed.fold(0, u64::saturating_add),
        until: task_token.max(chain_token),
        limit,
    })
}

impl AlertMemory {
    /// Returns what is held back, if anything is.
    pub(crate) fn waiting(&self) -> Option<DeferredSummary> {
        waiting(self.tasks.iter(), &self.hour)
    }

    /// Returns how many mails `max_per_hour` has counted in the hour before `now`, and how many it
    /// allows.
    pub(crate) fn in_last_hour(&self, now: Mono) -> (u32, u32) {
        self.hour.in_last_hour(now)
    }

    /// Returns how many kinds of failure have no mail of their own yet, by the sort of mail that
    /// each would be; those that are known by their number only as new ones.
    pub(crate) fn held_back(&self) -> [(AlertKind, u64); 2] {
        let of = |wanted: AlertKind| {
            let named = self.tasks.iter().flat_map(|task| task.held.named());
            named.filter(|entry| sort_of(entry) == wanted).count() as u64
        };
        let unnamed = self.tasks.iter().map(|task| task.held.unnamed());
        let new = unnamed.fold(of(AlertKind::New), u64::saturating_add);
        [
            (AlertKind::First, of(AlertKind::First)),
            (AlertKind::New, new),
        ]
    }

    /// Returns the wall time of the next summary, if one is planned.
    pub(crate) fn next_summary(&self) -> Option<std::time::SystemTime> {
        self.summary.map(|schedule| schedule.due)
    }

    /// Returns whether its points in time are on the clock of this boot.
    pub(crate) fn is_of_boot(&self, boot: &str) -> bool {
        self.boot() == boot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_has_a_number_of_its_own() {
        for limit in MailLimit::ALL {
            assert_eq!(MailLimit::numbered(limit.number()), Some(limit));
        }
        assert_eq!(MailLimit::numbered(MailLimit::ALL.len() as u64), None);
    }
}
