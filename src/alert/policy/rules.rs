//! What the policy goes by: the settings that concern alerts.

use std::time::Duration;

use super::delays::GRACE;
use crate::alert::memory::OutageLimits;
use crate::core::settings::{Healed, MailSettings, TaskSettings};
use crate::task::TaskName;

const LEAST_DOWNTIME: Duration = Duration::from_millis(1);
/// Longer than any wait, and short enough to be multiplied.
const MOST_DOWNTIME: Duration = Duration::from_secs(30 * 366 * 86_400);

/// What holds for the chain as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChainRules {
    /// How many FIRST and NEW mails may leave in any hour.
    pub(crate) max_per_hour: u32,
    /// Whether the end of an outage is mailed.
    pub(crate) healed: Healed,
}

impl ChainRules {
    /// Takes them from the settings.
    pub(crate) fn of(settings: &MailSettings) -> Self {
        ChainRules {
            max_per_hour: settings.max_per_hour,
            healed: settings.healed,
        }
    }
}

/// What holds for one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TaskRules {
    /// Its name.
    pub(crate) name: TaskName,
    /// How long an outage lasts before it is mailed (again).
    pub(crate) non_recoverable_downtime: Duration,
    /// How long a run may go on before that is mailed.
    pub(crate) warn_after: WarnAfter,
    /// Kinds that were not seen for so long are news again; `None`: never.
    pub(crate) forget_after: Option<Duration>,
}

impl TaskRules {
    /// Takes them from the settings.
    pub(crate) fn of(name: TaskName, settings: &TaskSettings) -> Self {
        let grace = settings.child.kill_grace;
        TaskRules {
            name,
            non_recoverable_downtime: settings.non_recoverable_downtime,
            warn_after: WarnAfter::of(settings.warn_after, settings.timeout, grace),
            forget_after: settings.forget_after,
        }
    }

    /// Returns the non-recoverable downtime within bounds in which it can be counted with.
    pub(super) fn downtime(&self) -> Duration {
        self.non_recoverable_downtime
            .clamp(LEAST_DOWNTIME, MOST_DOWNTIME)
    }
}

impl TaskRules {
    /// Returns what holds for an outage that begins.
    pub(crate) fn outage_limits(&self) -> OutageLimits {
        OutageLimits {
            downtime: self.downtime(),
            forget_after: self.forget_after,
        }
    }
}

/// How long a run may go on before "still running" is mailed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WarnAfter {
    /// So long.
    Fixed(Duration),
    /// Ten times as long as usual, and at least ten minutes.
    Usual,
}

impl WarnAfter {
    /// Returns what follows from the settings of a task: what is written; else its timeout, and the
    /// time in which its end must have been brought about and reported as a failure; else what is
    /// usual.
    pub(crate) fn of(
        written: Option<Duration>,
        timeout: Option<Duration>,
        kill_grace: Duration,
    ) -> Self {
        let ended = |timeout: Duration| timeout.saturating_add(kill_grace).saturating_add(GRACE);
        match (written, timeout) {
            (Some(written), _) => WarnAfter::Fixed(written),
            (None, Some(timeout)) => WarnAfter::Fixed(ended(timeout)),
            (None, None) => WarnAfter::Usual,
        }
    }

    /// Returns the limit for a task whose runs usually take so long.
    pub(super) fn limit(self, usual: Option<Duration>) -> Duration {
        const LEAST: Duration = Duration::from_secs(600);
        match self {
            WarnAfter::Fixed(limit) => limit,
            WarnAfter::Usual => usual.unwrap_or_default().saturating_mul(10).max(LEAST),
        }
    }
}
