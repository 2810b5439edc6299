//! What came of the runners before us.

use crate::core::time::Mono;

/// What came of the runners before us.
#[derive(Default)]
pub(super) struct Predecessors {
    pub(super) replaced: Option<i32>,
    pub(super) takeovers: Vec<Mono>,
}
