//! The end of an outage, and when it is mailed.

use std::time::Duration;

use super::TaskPolicy;
use crate::core::settings::Healed;
use crate::core::time::{Moment, Mono};

impl TaskPolicy {
    /// Ends the outage. The mail about that, if one is wanted, is due when the task has been
    /// healthy for a while.
    pub(in crate::alert::policy) fn end_outage(&mut self, at: Moment, healed: Healed) {
        let Some(mut ongoing) = self.memory.outage.take() else {
            return;
        };
        let lasted = at.mono.since(ongoing.outage.started.mono);
        if ongoing.is_down() {
            self.memory.tally.longest = self.memory.tally.longest.max(lasted);
        }
        self.overslept = Mono::LONG_AGO;
        if !ongoing.outage.only_asks() {
            let elapsed = at.mono.since(ongoing.anchor());
            let reminded = ongoing.reminded.max(ongoing.withheld);
            let downtime = self.rules.downtime();
            self.memory
                .balance
                .end(at.mono, elapsed, reminded, downtime);
        }
        let wanted = match healed {
            Healed::Never => false,
            Healed::AfterDowntime => ongoing.reminded > 0,
            Healed::AfterMail => ongoing.thread.is_some(),
        };
        ongoing.outage.ended = Some(at);
        self.memory.healing = match self.memory.healing.take() {
            Some(former) => Some(former.joined(ongoing)),
            None => wanted.then_some(ongoing),
        };
    }

    /// Returns when the end of the last outage is mailed: one that ended with debt must be followed
    /// by a stretch of health that pays it back.
    pub(in crate::alert::policy) fn healing_due(&self) -> Mono {
        let healing = self.memory.healing.as_ref();
        match healing.filter(|_| self.memory.outage.is_none()) {
            Some(healing) => {
                let ended = healing.outage.ended.unwrap_or(healing.outage.started);
                let health = if healing.outage.only_asks() {
                    Duration::ZERO
                } else {
                    self.rules.downtime() / 24
                };
                ended.mono + health
            }
            None => Mono::NEVER,
        }
    }
}
