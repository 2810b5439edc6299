//! What the end of a run is in points. Pure.

use std::time::{SystemTime, UNIX_EPOCH};

use super::lock_metrics::LockMetrics;
use super::point::MetricPoint;
use crate::core::event::RunEnd;
use crate::core::failure::{FailureClass, Outcome};
use crate::core::own_metric::{OwnMetric, reserved};

/// A task as its points name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PushedTask {
    /// What it is called on the screen.
    pub(crate) label: String,
    /// How it is executed: `function`, `isolated`, `command`, `shell` or `script`.
    pub(crate) sort: &'static str,
}

/// What turns ends of runs into points.
#[derive(Debug)]
pub(super) struct RunPoints {
    pub(super) chain: String,
    pub(super) host: String,
    pub(super) tasks: Vec<PushedTask>,
}

impl RunPoints {
    /// Returns the points of a run.
    pub(super) fn of_run(&self, end: &RunEnd<'_>) -> Vec<MetricPoint> {
        let at = end.at.wall;
        let sort = self.tasks.get(end.step).map_or("", |task| task.sort);
        let task = self.task_tags(end.step);
        let mut tags = task.clone();
        tags.push(tag("status", status(end.outcome)));
        tags.push(tag("type", sort));
        let took = end.at.mono.since(end.started.mono).as_secs_f64();
        let mut points = vec![point(reserved::DURATION, tags, took, at)];
        if let Outcome::Success = end.outcome {
            let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
            points.push(point(reserved::LAST_SUCCESS, task, since.as_secs_f64(), at));
        }
        points
    }

    /// Returns the points of a lock.
    #[expect(clippy::cast_precision_loss, reason = "a count of failovers is small")]
    pub(super) fn of_lock(&self, lock: LockMetrics, at: SystemTime) -> Vec<MetricPoint> {
        let margin = lock.margin.unwrap_or_default().as_secs_f64();
        let held = f64::from(u8::from(lock.margin.is_some()));
        [
            (reserved::LOCK_HELD, held),
            (reserved::LOCK_MARGIN, margin),
            (reserved::LOCK_FAILOVERS, lock.failovers as f64),
        ]
        .map(|(name, value)| point(name, self.chain_tags(), value, at))
        .into()
    }

    /// Returns the points of what a task has reported.
    pub(super) fn of_task(
        &self,
        step: usize,
        metrics: Vec<OwnMetric>,
        ended: SystemTime,
    ) -> Vec<MetricPoint> {
        let each = metrics.into_iter().map(|metric| {
            let mut tags = self.task_tags(step);
            tags.extend(metric.tags);
            let at = metric.at.unwrap_or(ended);
            point(&metric.name, tags, metric.value, at)
        });
        each.collect()
    }

    /// Returns the point that counts what was lost.
    #[expect(clippy::cast_precision_loss, reason = "it counts for people")]
    pub(super) fn of_lost(&self, lost: u64, at: SystemTime) -> MetricPoint {
        point(reserved::LOST, self.chain_tags(), lost as f64, at)
    }

    fn chain_tags(&self) -> Vec<(String, String)> {
        vec![tag("chain", &self.chain), tag("host", &self.host)]
    }

    fn task_tags(&self, step: usize) -> Vec<(String, String)> {
        let mut tags = self.chain_tags();
        let label = self.tasks.get(step).map_or("", |task| task.label.as_str());
        tags.push(tag("task", label));
        tags
    }
}

fn tag(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

fn point(name: &str, tags: Vec<(String, String)>, value: f64, at: SystemTime) -> MetricPoint {
    MetricPoint {
        name: name.to_owned(),
        tags,
        value,
        at,
    }
}

fn status(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "succeeded",
        Outcome::RetryLater { .. } => "pending",
        Outcome::Interrupted { .. } => "interrupted",
        Outcome::Failure(failure) | Outcome::Fatal(failure) => match failure.class {
            FailureClass::Timeout(_) | FailureClass::Silence(_) => "timeout",
            FailureClass::Signal { .. } => "killed",
            _ => "failed",
        },
    }
}
