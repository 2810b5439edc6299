//! The row of a lock, as it was read, and what follows from it.

use std::time::Duration;

use tokio_postgres::Row;

use crate::lock::holder::LockHolder;

/// The fences of an epoch.
const EPOCH_BITS: u32 = 40;

/// What a look at a lock has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LockLook {
    /// The epoch of the server; `None`: the server is not entered yet.
    pub(super) epoch: Option<i64>,
    /// Whether the server is the one of that epoch.
    pub(super) is_same_server: bool,
    /// The row; `None`: the lock was never held.
    pub(super) row: Option<LockRow>,
}

/// The row of a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LockRow {
    pub(super) fence: i64,
    pub(super) beat: i64,
    /// The token of the holder; `None`: the lock is free.
    pub(super) token: Option<String>,
    pub(super) holder: Option<String>,
    pub(super) lease: Duration,
}

impl LockLook {
    /// Reads the answer to [`LOOK`](super::statements::LOOK).
    pub(super) fn of(row: &Row) -> Result<Self, tokio_postgres::Error> {
        let fence: Option<i64> = row.try_get(2)?;
        let lock = match fence {
            None => None,
            Some(fence) => Some(LockRow {
                fence,
                beat: row.try_get(3)?,
                token: row.try_get(4)?,
                holder: row.try_get(5)?,
                lease: millis(row.try_get(6)?),
            }),
        };
        Ok(LockLook {
            epoch: row.try_get(0)?,
            is_same_server: row.try_get::<_, Option<bool>>(1)?.unwrap_or(false),
            row: lock,
        })
    }

    /// Returns what is known of the holder.
    pub(super) fn holder(&self) -> Option<LockHolder> {
        let row = self.row.as_ref().filter(|row| row.token.is_some())?;
        serde_json::from_str(row.holder.as_deref()?).ok()
    }

    /// Returns the fence of the next holder in an epoch.
    pub(super) fn next_fence(&self, epoch: i64) -> i64 {
        let last = self.row.as_ref().map_or(0, |row| row.fence);
        (last + 1).max((epoch << EPOCH_BITS) + 1)
    }

    /// Returns whether the lock was last held in this epoch: nothing of it can have been lost with
    /// a former server.
    pub(super) fn is_of_epoch(&self, epoch: i64) -> bool {
        match &self.row {
            Some(row) => row.fence >> EPOCH_BITS >= epoch,
            None => epoch == 0,
        }
    }

    /// Returns whether the lock is free, or held by an earlier attempt of the instance whose tokens
    /// begin so.
    pub(super) fn is_free_for(&self, instance: &str) -> bool {
        let token = self.row.as_ref().and_then(|row| row.token.as_deref());
        token.is_none_or(|token| token.starts_with(instance))
    }
}

fn millis(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(fence: i64, token: Option<&str>) -> LockLook {
        LockLook {
            epoch: Some(0),
            is_same_server: true,
            row: Some(LockRow {
                fence,
                beat: 5,
                token: token.map(str::to_owned),
                holder: None,
                lease: Duration::from_secs(15),
            }),
        }
    }

    #[test]
    fn fences_rise_over_epochs() {
        assert_eq!(LockLook::default().next_fence(0), 1);
        assert_eq!(row(7, None).next_fence(0), 8);
        let promoted = row(7, None).next_fence(1);
        assert_eq!(promoted, (1 << 40) + 1);
        assert_eq!(row(promoted, None).next_fence(1), promoted + 1);
        assert_eq!(row(promoted, None).next_fence(0), promoted + 1);
    }

    #[test]
    fn a_lock_that_was_held_under_a_former_server_is_not_free_at_once() {
        assert!(row(7, None).is_of_epoch(0));
        assert!(!row(7, None).is_of_epoch(1));
        assert!(LockLook::default().is_of_epoch(0));
        assert!(!LockLook::default().is_of_epoch(1));
        assert!(row((1 << 40) + 1, None).is_of_epoch(1));
    }

    #[test]
    fn an_instance_knows_its_own_tokens() {
        assert!(row(1, None).is_free_for("abc"));
        assert!(row(1, Some("abc.4")).is_free_for("abc"));
        assert!(!row(1, Some("xyz.4")).is_free_for("abc"));
    }
}
