//! What makes the slots of a schedule.

use std::time::Duration;

use jiff::Timestamp;

use super::cron_expression::CronExpression;

/// What makes the slots.
#[derive(Clone, Debug)]
pub(super) enum SlotSource {
    /// The times of an expression.
    Cron(CronExpression),
    /// Each time that so much has passed since a moment.
    Every {
        /// The span between two slots.
        every: Duration,
        /// The first slot.
        first: Timestamp,
    },
}
