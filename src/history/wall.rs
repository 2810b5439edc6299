//! Whether the wall clock can be believed, when something is about to be deleted for its age.

use std::time::Duration;

use super::values::Stamp;
use crate::core::time::{Moment, Mono};

const DAY: Duration = Duration::from_secs(86_400);

/// The wall clock, compared with the boot clock, which cannot be set. A clock that is wrong after a
/// boot, or set wrong, is set right again sooner or later; what was deleted for its age by then is
/// gone. So after a leap nothing is old before a day has passed.
#[derive(Debug)]
pub(super) struct WallClock {
    wall: Stamp,
    mono: Mono,
    believed_from: Mono,
}

impl WallClock {
    /// Creates the clock. `latest` is the newest time that an earlier runner has written, if there
    /// is one.
    pub(super) fn since(latest: Option<Stamp>, now: Moment) -> Self {
        let wall = Stamp::of(now.wall);
        let has_leapt = latest.is_some_and(|latest| wall.since(latest) > DAY);
        WallClock {
            wall,
            mono: now.mono,
            believed_from: if has_leapt { now.mono + DAY } else { now.mono },
        }
    }

    /// Returns whether the clock can be believed now.
    pub(super) fn is_believed(&mut self, now: Moment) -> bool {
        let wall = Stamp::of(now.wall);
        if wall.since(self.wall) > now.mono.since(self.mono) + DAY {
            self.believed_from = now.mono + DAY;
        }
        (self.wall, self.mono) = (wall, now.mono);
        now.mono >= self.believed_from
    }
}
