//! When something of a task is due.

use super::TaskPolicy;
use crate::alert::alert_kind::AlertKind;
use crate::alert::memory::sort_of;
use crate::alert::policy::delays::GRACE;
use crate::core::event::RunDeadlines;
use crate::core::time::Mono;

impl TaskPolicy {
    /// Returns the earliest moment at which [`poll`](TaskPolicy::poll) has something.
    pub(in crate::alert::policy) fn due(&self) -> Mono {
        let due = self.reminder_due().min(self.warning_due());
        if self.is_muted() {
            // What is due is counted only.
            return due;
        }
        due.min(self.healing_due()).max(self.not_before)
    }

    /// Returns when the next reminder of the outage is due by its own schedule.
    pub(super) fn next_reminder(&self) -> Option<Mono> {
        let ongoing = self.memory.outage.as_ref()?;
        let past = if self.is_muted() {
            ongoing.reminded.max(ongoing.withheld)
        } else {
            ongoing.reminded
        };
        let after = self.rules.downtime().saturating_mul(past.saturating_add(1));
        Some(ongoing.anchor() + after)
    }

    /// Returns when it is due if no run decides before.
    fn reminder_due(&self) -> Mono {
        let Some(due) = self.next_reminder() else {
            return Mono::NEVER;
        };
        let due = due.max(self.overslept);
        if self.run_decides_first(due) {
            due + GRACE
        } else {
            due
        }
    }

    pub(super) fn run_decides_first(&self, due: Mono) -> bool {
        self.running.is_some() || self.planned.is_some_and(|planned| planned <= due + GRACE)
    }

    /// Returns whether the time of a reminder was slept through (suspend), so that the run that was
    /// due meanwhile must be given its chance. Once a reminder.
    pub(super) fn has_overslept(&self, now: Mono) -> bool {
        let Some(due) = self.next_reminder() else {
            return false;
        };
        self.overslept < due && due + 2 * GRACE < now && self.run_decides_first(due)
    }

    /// Returns when the run that goes on has gone on for too long. As often as reminders, at most.
    pub(super) fn warning_due(&self) -> Mono {
        match &self.running {
            Some(running) if !(running.mailed || running.withheld && self.is_muted()) => {
                self.limit(running.started.mono).mail
            }
            _ => Mono::NEVER,
        }
    }

    /// Returns how long a run may go on that begins at `started`.
    pub(in crate::alert::policy) fn limit(&self, started: Mono) -> RunDeadlines {
        let late = started + self.rules.warn_after.limit(self.memory.usual);
        let spaced = self.memory.warned.map(|at| at + self.rules.downtime());
        RunDeadlines {
            late,
            mail: late.max(spaced.unwrap_or(Mono::LONG_AGO)),
            mailed: None,
        }
    }

    /// Returns from when on there is a token of this task for what was held back; never if nothing
    /// was, or is to be still.
    pub(in crate::alert::policy) fn held_until(&self) -> Mono {
        if self.is_muted() {
            return Mono::NEVER;
        }
        let named = self.memory.held.named().iter();
        let tokens = named.map(|entry| self.memory.token(sort_of(entry)));
        let debt = self.debt().map(|_| self.memory.token(AlertKind::New));
        let token = tokens.chain(debt).min();
        token.map_or(Mono::NEVER, |token| {
            token.max(self.not_before).max(self.free_since)
        })
    }
}
