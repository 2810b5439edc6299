//! A row that a contender holds.

use tokio_postgres::types::Type;

use crate::core::time::Mono;
use crate::lease::LeaseTerms;
use crate::postgres::PgParam;

/// A row that a contender holds.
#[derive(Clone, Debug)]
pub(super) struct HeldRow {
    pub(super) token: String,
    pub(super) fence: i64,
    /// When the last acknowledged request was sent.
    pub(super) sent: Mono,
    pub(super) epoch: i64,
}

impl HeldRow {
    /// Returns the values by which a statement means this holder alone.
    pub(super) fn params<'a>(&'a self, name: &'a String) -> [PgParam<'a>; 3] {
        [
            (name, Type::TEXT),
            (&self.token, Type::TEXT),
            (&self.fence, Type::INT8),
        ]
    }

    /// Returns whether a server that is another one has answered when the lease was over: it may
    /// have lost that another contender acquired the lock meanwhile.
    pub(super) fn is_over_at_another_server(
        &self,
        epoch: i64,
        is_same: bool,
        now: Mono,
        terms: LeaseTerms,
    ) -> bool {
        let is_another = epoch != self.epoch || !is_same;
        is_another && now >= self.sent + terms.lost_after
    }
}
