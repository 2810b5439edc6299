//! A task whose mails are held back for a while: what would have left is counted, and reported
//! afterwards.

use super::TaskPolicy;
use super::alerts::intervals;
use crate::alert::memory::sort_of;
use crate::alert::policy::delays::{AGAIN, GRACE};
use crate::alert::policy::reason::SilenceReason;
use crate::alert::{
    alert_facts::Alert, alert_kind::AlertKind, failure_kind::FailureKind, outage::DeferredFailure,
};
use crate::core::time::{Moment, Mono};
use crate::mute::account::{MuteAccount, MutedMail, ReportedMute};
use crate::mute::wish::Mute;

impl TaskPolicy {
    /// Holds its mails back from now on.
    pub(in crate::alert::policy) fn mute(&mut self, mute: &Mute, ends: Mono) {
        self.muted = Some(ends);
        match &mut self.memory.muted {
            Some(account) if !account.over || account.total() > 0 => account.go_on_by(mute),
            account => *account = Some(MuteAccount::by(mute)),
        }
    }

    /// Lets its mails leave again.
    pub(in crate::alert::policy) fn unmute(&mut self, now: Moment) {
        if self.muted.take().is_some() {
            self.free_since = now.mono;
        }
        if let Some(account) = self.memory.muted.as_mut().filter(|account| !account.over) {
            account.end(now.wall);
        }
    }

    pub(in crate::alert::policy) fn is_muted(&self) -> bool {
        self.muted.is_some()
    }

    /// Returns the account of its mute that no mail has reported yet.
    pub(in crate::alert::policy) fn account(&self) -> Option<&MuteAccount> {
        self.memory.muted.as_ref()
    }

    /// Returns the account of a mute that is over and has held mails back.
    pub(super) fn debt(&self) -> Option<&MuteAccount> {
        let account = self.memory.muted.as_ref();
        account.filter(|account| self.muted.is_none() && account.total() > 0)
    }

    /// Returns what a mail reports of its mute.
    pub(in crate::alert::policy) fn told_mute(&self) -> Option<ReportedMute> {
        let ongoing = self.memory.outage.as_ref();
        let ongoing = ongoing.filter(|ongoing| ongoing.is_down());
        self.memory.muted.as_ref().map(|muted| ReportedMute {
            step: self.step,
            muted: muted.clone(),
            down_since: ongoing.map(|ongoing| ongoing.outage.started.wall),
        })
    }

    /// Takes note that a mail has reported its mute.
    pub(in crate::alert::policy) fn told_of_mute(&mut self) {
        match &mut self.memory.muted {
            Some(account) if !account.over => account.told(),
            account => *account = None,
        }
    }

    /// Returns the reason for which nothing is mailed now, if it is muted.
    pub(super) fn muted_reason(&self) -> Option<SilenceReason> {
        self.muted?;
        let until = self.memory.muted.as_ref()?.until;
        Some(SilenceReason::Muted { until })
    }

    /// Counts the mail that a failure would have been; only the first of its kind would have been
    /// one.
    pub(super) fn withhold_failure(&mut self, sort: AlertKind, kind: &FailureKind) {
        if self.memory.held.sort_of(kind).is_none() {
            self.withhold(sort);
        }
    }

    /// Counts the reminder that is due.
    pub(super) fn withhold_reminder(&mut self, now: Mono) {
        let nrd = self.rules.downtime();
        let Some(ongoing) = &mut self.memory.outage else {
            return;
        };
        let count = intervals(now.since(ongoing.anchor()), nrd);
        ongoing.withheld = count.max(1);
        self.withhold(AlertKind::Downtime { count });
    }

    /// Counts the warning that is due.
    pub(super) fn withhold_warning(&mut self) {
        if let Some(running) = &mut self.running {
            running.withheld = true;
        }
        self.withhold(AlertKind::StillRunning);
    }

    fn withhold(&mut self, sort: AlertKind) {
        let sort = match sort {
            AlertKind::First => MutedMail::First,
            AlertKind::Downtime { .. } => MutedMail::Downtime,
            AlertKind::StillRunning => MutedMail::StillRunning,
            _ => MutedMail::New,
        };
        if let Some(account) = &mut self.memory.muted {
            account.hold_back(sort);
        }
    }

    /// Returns what the mail is about by which an outage is reported that began or grew during a
    /// mute that is over.
    fn untold(&self) -> Option<&DeferredFailure> {
        self.debt()?;
        let ongoing = self.memory.outage.as_ref()?;
        let kinds = &ongoing.outage.kinds;
        let held = self.memory.held.named().iter();
        let mut held = held.filter(|held| kinds.iter().any(|kind| kind.kind == held.kind));
        let first = held.clone().find(|held| sort_of(held) == AlertKind::First);
        let latest = held.clone().find(|held| held.kind == ongoing.latest.kind);
        first.or(latest).or_else(|| held.next_back())
    }

    /// Returns which sort of mail a failure is of a kind that no mail has reported: after a mute
    /// that held the first one back, the first.
    pub(super) fn sort_of(&self, kind: &FailureKind) -> AlertKind {
        match self.untold().map(sort_of) {
            Some(AlertKind::First) => AlertKind::First,
            _ => self.memory.sort_of(kind),
        }
    }

    /// Returns when that mail is due, as far as this task is concerned. A run that is about to end
    /// decides first.
    pub(in crate::alert::policy) fn release_due(&self) -> Mono {
        let Some(untold) = self.untold() else {
            return Mono::NEVER;
        };
        let since = if self.run_decides_first(self.free_since) {
            self.free_since + GRACE
        } else {
            self.free_since
        };
        let token = self.memory.token(sort_of(untold));
        since.max(token).max(self.not_before)
    }

    /// Returns that mail.
    pub(in crate::alert::policy) fn release(&mut self, now: Moment) -> Option<Alert> {
        let untold = self.untold()?.clone();
        let mut alert = self.alert(sort_of(&untold), now);
        for held in &mut alert.held_back {
            // Of the first of these the mail itself reports.
            held.count -= u64::from(held.kind == untold.kind);
        }
        alert.held_back.retain(|held| held.count > 0);
        (alert.kind, alert.text) = (Some(untold.kind), untold.text);
        self.not_before = now.mono + AGAIN;
        Some(alert)
    }
}
