//! What the mails of a task report.

use std::time::Duration;

use super::TaskPolicy;
use crate::alert::memory::Ongoing;
use crate::alert::{alert_facts::Alert, alert_kind::AlertKind};
use crate::core::time::Moment;

impl TaskPolicy {
    pub(super) fn reminder(&self, at: Moment) -> Alert {
        let ongoing = self.memory.outage.as_ref();
        let anchor = ongoing.map_or(at.mono, Ongoing::anchor);
        let count = intervals(at.mono.since(anchor), self.rules.downtime()).max(1);
        let on_and_off = ongoing
            .filter(|ongoing| !ongoing.debt.is_zero() && count == 1)
            .map(|_| self.memory.balance.counted(at));
        Alert {
            on_and_off,
            ..self.alert(AlertKind::Downtime { count }, at)
        }
    }

    pub(super) fn still_running(&self, now: Moment) -> Option<Alert> {
        let running = self.running?;
        let mut alert = self.alert(AlertKind::StillRunning, now);
        alert.run = Some(running.run);
        alert.running_since = Some(running.started);
        Some(alert)
    }

    pub(super) fn healed(&self, now: Moment) -> Alert {
        let mut alert = self.alert(AlertKind::Healed, now);
        if let Some(ongoing) = &self.memory.healing {
            alert.outage = Some(ongoing.outage.clone());
            alert.thread.clone_from(&ongoing.thread);
            alert.successes_before = ongoing.successes_before;
            alert.kind = (!ongoing.outage.only_asks()).then(|| ongoing.latest.kind.clone());
            alert.text.clone_from(&ongoing.latest.text);
        }
        alert
    }

    /// Returns an alert with all that does not depend on its sort.
    pub(super) fn alert(&self, sort: AlertKind, at: Moment) -> Alert {
        let ongoing = match sort {
            AlertKind::Healed => None,
            _ => self.memory.outage.as_ref(),
        };
        Alert {
            step: Some(self.step),
            kind: ongoing
                .filter(|ongoing| !ongoing.outage.only_asks())
                .map(|ongoing| ongoing.latest.kind.clone()),
            text: ongoing.map_or_else(String::new, |ongoing| ongoing.latest.text.clone()),
            outage: ongoing.map(|ongoing| ongoing.outage.clone()),
            last_success: self.memory.last_success,
            successes_before: ongoing.map_or(0, |ongoing| ongoing.successes_before),
            next_reminder: ongoing.map(|ongoing| self.reminder_after(ongoing, at)),
            reminder_interval: ongoing.map(|_| self.rules.downtime()),
            held_back: self.memory.held.named().to_vec(),
            held_back_unnamed: self.memory.held.unnamed(),
            mutes: self.told_mute().into_iter().collect(),
            thread: ongoing.and_then(|ongoing| ongoing.thread.clone()),
            ..Alert::of_the_chain(sort, at)
        }
    }

    fn reminder_after(&self, ongoing: &Ongoing, at: Moment) -> Moment {
        let (nrd, started) = (self.rules.downtime(), ongoing.anchor());
        let passed = intervals(at.mono.since(started), nrd);
        at.at(started + nrd.saturating_mul(passed.saturating_add(1)))
    }
}

/// Returns how many whole intervals fit into a span.
pub(super) fn intervals(span: Duration, interval: Duration) -> u32 {
    let whole = span.as_nanos() / interval.as_nanos().max(1);
    u32::try_from(whole).unwrap_or(u32::MAX)
}
