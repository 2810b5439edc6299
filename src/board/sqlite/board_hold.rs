//! The time after a restore in which nothing is claimed.

use std::cell::Cell;

use crate::core::time::Mono;

/// Since when this process has seen the epoch of a restored board.
///
/// Workers of the board as it was before the restore may go on until their leases end, which no
/// clock but the own one measures.
#[derive(Debug, Default)]
pub(super) struct BoardHold {
    seen: Cell<Option<(u64, Mono)>>,
}

impl BoardHold {
    /// Returns since when this process has seen an epoch.
    pub(super) fn since(&self, epoch: u64, now: Mono) -> Mono {
        match self.seen.get() {
            Some((seen, since)) if seen == epoch => since,
            _ => {
                self.seen.set(Some((epoch, now)));
                now
            }
        }
    }
}
