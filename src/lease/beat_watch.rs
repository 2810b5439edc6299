//! The observation of a beat: whether a holder that is not heard of is dead.

use std::time::Duration;

use crate::core::time::Mono;

/// Clocks of two machines run at a different speed, by a percent at most.
const SKEW: u32 = 100;
/// A margin for what is coarse in clocks and timers.
const MARGIN: Duration = Duration::from_millis(50);

/// What an observer remembers of the beat of another: the value, and since when it has stood.
///
/// A beat is a counter, so that no clock but that of the observer matters: the holder is dead when
/// the counter has stood for its lease and a margin.
#[derive(Clone, Debug, Default)]
pub(crate) struct BeatWatch<T> {
    seen: Option<(T, Mono)>,
}

impl<T: PartialEq> BeatWatch<T> {
    /// Takes note of a value that a server has sent, at the moment when the answer was there: the
    /// holder sent its beat before that. Returns the moment from which on the holder is dead, if
    /// the value stands until then.
    pub(crate) fn saw(&mut self, value: T, now: Mono, lease: Duration) -> Mono {
        let first = match &self.seen {
            Some((seen, first)) if *seen == value => *first,
            _ => {
                self.seen = Some((value, now));
                now
            }
        };
        first + lease + lease / SKEW + MARGIN
    }

    /// Forgets what was seen.
    pub(crate) fn forget(&mut self) {
        self.seen = None;
    }
}
