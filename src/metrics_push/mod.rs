//! Numbers about runs, and those that tasks report, pushed to InfluxDB: the line protocol over
//! HTTP.
//!
//! ```text
//! observers ── a bounded queue ──► thread ──► POST /write or /api/v2/write
//! ```
//!
//! No run waits for a push. While the server is away, points wait; what finds no room is counted,
//! and the count is pushed when the server is back.

#[cfg(feature = "metrics-push")]
mod influx_client;
#[cfg(not(feature = "metrics-push"))]
#[path = "influx_left_out.rs"]
mod influx_client;
mod line_protocol;
mod lock_metrics;
mod metrics_pusher;
mod point;
mod point_queue;
mod push_error;
mod run_points;

pub(crate) use lock_metrics::LockMetrics;
pub(crate) use metrics_pusher::MetricsPusher;
pub(crate) use run_points::PushedTask;
