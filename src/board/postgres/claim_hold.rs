//! The time after a change of the epoch in which nothing is claimed.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::board::reap::lease_end;
use crate::core::time::Mono;

/// Since when this process has seen an epoch in which nothing is claimed.
///
/// Workers of the server as it was before may go on until their leases end, which no clock but the
/// own one measures.
#[derive(Debug, Default)]
pub(super) struct ClaimHold(Mutex<Option<SeenEpoch>>);

#[derive(Clone, Copy, Debug)]
struct SeenEpoch {
    epoch: u64,
    hold: Duration,
    since: Mono,
}

impl ClaimHold {
    /// Takes note of what a call has answered.
    pub(super) fn seen(&self, epoch: u64, hold: u64, now: Mono) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if hold == 0 {
            *seen = None;
        } else if seen.is_none_or(|seen| seen.epoch != epoch) {
            let hold = Duration::from_millis(hold);
            *seen = Some(SeenEpoch {
                epoch,
                hold,
                since: now,
            });
        }
    }

    /// Returns the epoch whose hold has passed on the clock of this process.
    pub(super) fn waited(&self, now: Mono) -> Option<u64> {
        let seen = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        (now.since(seen.since) >= lease_end(seen.hold)).then_some(seen.epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_is_over_when_the_longest_lease_has_passed_since_it_was_seen() {
        let at = |seconds| Mono::BOOT + Duration::from_secs(seconds);
        let hold = ClaimHold::default();
        hold.seen(2, 60_000, at(10));
        hold.seen(2, 60_000, at(40));
        assert_eq!(hold.waited(at(70)), None, "a percent and 50 ms are missing");
        assert_eq!(hold.waited(at(71)), Some(2));
        hold.seen(3, 60_000, at(72));
        assert_eq!(hold.waited(at(100)), None, "the next epoch has its own");
        hold.seen(3, 0, at(101));
        assert_eq!(hold.waited(at(500)), None);
    }
}
