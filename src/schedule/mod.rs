//! Times of day. Pure: time and zone are arguments.
//!
//! ```text
//! "0 3 * * *" ─► CronExpression ─┐
//! every, first ──────────────────┼─► SlotRule ─► slots, sentence     (zone, excluded windows)
//! exclude ─────► ExcludeWindow ──┘       └─────► SlotPlan: what a look at a moment posts
//! ```

mod cron_error;
mod cron_expression;
mod cron_field;
mod cron_slots;
mod exclude_window;
#[cfg(test)]
mod oracle_tests;
mod schedule_sentence;
mod schedule_spec;
mod slot_plan;
mod slot_rule;
mod slot_source;
pub(crate) mod summary_time;

pub(crate) use cron_expression::CronExpression;
pub(crate) use exclude_window::{ExcludeWindow, WindowError, weekdays_of};
pub(crate) use schedule_spec::{MissedRule, ScheduleSpec, SlotOverlap, SlotTimes};
pub(crate) use slot_plan::SlotPlan;
pub(crate) use slot_rule::SlotRule;
