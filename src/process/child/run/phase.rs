//! How far a run has come.

use std::time::Duration;

use crate::process::child::sys::Status;
use crate::time::Mono;

/// The pauses between two looks at dying processes.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    /// The process runs.
    Running,
    /// It was asked to end.
    Asked { kill_at: Mono },
    /// It was killed.
    Killed { give_up_at: Mono },
    /// It has ended after it was asked to; others of its tree have the rest of the grace.
    Lingering {
        status: Status,
        kill_at: Mono,
        look: Look,
    },
    /// It has ended and was reaped; what it left is being killed.
    Sweeping {
        status: Status,
        give_up_at: Mono,
        look: Look,
    },
    /// Nobody is left; its cgroup is about to become empty.
    Clearing {
        status: Status,
        give_up_at: Mono,
        look: Look,
    },
    /// All is told.
    Over,
}

/// When dying processes are looked at again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) at: Mono,
    pause: Duration,
}

impl Look {
    pub(super) fn first(now: Mono) -> Self {
        Look {
            at: now,
            pause: FIRST_PAUSE,
        }
    }

    pub(super) fn next(self, now: Mono) -> Self {
        Look {
            at: now + self.pause,
            pause: (self.pause * 2).min(LONGEST_PAUSE),
        }
    }
}
