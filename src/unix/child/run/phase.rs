//! How far a run has come.

use std::time::Duration;

use super::super::sys::Status;
use crate::core::time::Mono;

/// The pauses between two looks at dying processes.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// A process that is still there this long after it was killed hangs in the kernel.
const LONGEST_DYING: Duration = Duration::from_secs(2);
/// How often what goes on appearing is stopped as a whole.
const MOST_STOPS: u32 = 5;
/// How long a fork bomb is chased.
const LONGEST_SWEEP: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug)]
pub(super) enum RunPhase {
    /// The process runs.
    Running,
    /// The run was asked to end.
    Asked { kill_at: Mono },
    /// The run was killed.
    Killed { give_up_at: Mono },
    /// The run has ended after it was asked to; others of its tree have the rest of the grace.
    Lingering {
        status: Status,
        kill_at: Mono,
        look: PhaseLook,
    },
    /// The run has ended and was reaped; what it left is being killed.
    Sweeping {
        status: Status,
        until: Until,
        look: PhaseLook,
    },
    /// Nobody is left; its cgroup is about to become empty.
    Clearing {
        status: Status,
        give_up_at: Mono,
        look: PhaseLook,
    },
    /// All is told.
    Over,
}

/// How long processes are killed that go on appearing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Until {
    /// When those that were killed hang, if no new ones appear.
    pub(super) give_up_at: Mono,
    at_most: Mono,
    /// How often all of them may still be stopped before they are killed.
    stops_left: u32,
}

impl Until {
    pub(super) fn first(now: Mono) -> Self {
        Until {
            give_up_at: now + LONGEST_DYING,
            at_most: now + LONGEST_SWEEP,
            stops_left: MOST_STOPS,
        }
    }

    /// Returns whether what goes on appearing may be stopped once more.
    pub(super) fn may_stop(self) -> bool {
        self.stops_left > 0
    }

    /// All were stopped, and killed just now: from here on they have the time that the dying have.
    pub(super) fn stopped(self, now: Mono) -> Self {
        Until {
            give_up_at: now + LONGEST_DYING,
            at_most: self.at_most.max(now + LONGEST_DYING),
            stops_left: self.stops_left.saturating_sub(1),
        }
    }

    /// New ones have appeared: to outrun us is not to hang.
    pub(super) fn prolonged(self, now: Mono) -> Self {
        Until {
            give_up_at: (now + LONGEST_DYING).min(self.at_most),
            ..self
        }
    }
}

/// When dying processes are looked at again.
#[derive(Clone, Copy, Debug)]
pub(super) struct PhaseLook {
    pub(super) at: Mono,
    pause: Duration,
}

impl PhaseLook {
    pub(super) fn first(now: Mono) -> Self {
        PhaseLook {
            at: now,
            pause: FIRST_PAUSE,
        }
    }

    pub(super) fn next(self, now: Mono) -> Self {
        PhaseLook {
            at: now + self.pause,
            pause: (self.pause * 2).min(LONGEST_PAUSE),
        }
    }
}
