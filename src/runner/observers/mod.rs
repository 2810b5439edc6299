//! What a runner does with each event: log, live status, history, metrics file, readiness, alerts.

pub(crate) mod all;
pub(crate) mod endings;
pub(crate) mod live_status;
pub(crate) mod metrics_file;
pub(crate) mod outward;
pub(crate) mod readiness;
pub(crate) mod task_table;
