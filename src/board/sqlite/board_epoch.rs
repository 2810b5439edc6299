//! The epoch of a board, and whether jobs may be claimed in it.

use std::time::Duration;

use rusqlite::OptionalExtension;

use super::write_tx::WriteTx;
use crate::board::reap::lease_end;

/// The epoch of a board, and whether jobs may be claimed.
#[derive(Clone, Copy, Debug)]
pub(super) struct BoardEpoch {
    /// The epoch.
    pub(super) epoch: u64,
    /// Whether nothing is claimed yet.
    pub(super) is_barred: bool,
}

/// Reads the epoch; ends the hold when the longest lease has passed.
pub(super) fn epoch(tx: &WriteTx<'_>) -> rusqlite::Result<BoardEpoch> {
    let mut read = tx.conn.prepare_cached("SELECT epoch, hold FROM board")?;
    let row = read.query_row([], |row| Ok((row.get(0)?, row.get::<_, u64>(1)?)));
    let (epoch, hold): (u64, u64) = row.optional()?.unwrap_or((1, 0));
    if hold == 0 {
        return Ok(BoardEpoch {
            epoch,
            is_barred: false,
        });
    }
    let since = tx.hold.since(epoch, tx.mono);
    let is_barred = tx.mono.since(since) < lease_end(Duration::from_millis(hold));
    if !is_barred {
        tx.conn.execute("UPDATE board SET hold = 0", [])?;
    }
    Ok(BoardEpoch { epoch, is_barred })
}
