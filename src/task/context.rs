//! What a function can learn of its run while it goes on.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::SystemTime;

use crate::core::own_metric::{InvalidMetric, OwnMetric};

static STOPS: StopFlags = StopFlags(AtomicU8::new(0));
static FENCE: RwLock<Option<u64>> = RwLock::new(None);
static METRIC_SINK: RwLock<Option<MetricSink>> = RwLock::new(None);
static DEADLINE: RwLock<Option<SystemTime>> = RwLock::new(None);

/// What a task can ask about its run.
///
/// A function that takes it as its only argument gets it from the runner:
///
/// ```
/// use run_functions::Context;
///
/// #[run_functions::task]
/// fn send_letters(context: &Context) -> Result<(), std::io::Error> {
///     for letter in std::fs::read_dir("/var/lib/letters")? {
///         if context.should_stop() {
///             return Ok(()); // the rest is for the next run
///         }
///         send(&letter?.path(), context.fence())?;
///     }
///     Ok(())
/// }
/// # fn send(_: &std::path::Path, _: Option<u64>) -> Result<(), std::io::Error> { Ok(()) }
/// # fn main() {}
/// ```
///
/// In a test, [`Context::default()`] is the context of a run that is not asked to stop.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Context {}

impl Context {
    /// Returns whether the run should come to its end soon: the runner was asked to stop, or has
    /// not had its lock confirmed for so long that another host may soon get it.
    ///
    /// A run that goes on all the same is ended: after `stop_timeout` and `kill_grace`, or when the
    /// lock may be another's. Costs next to nothing. In a process of its own (`isolate`, `timeout`)
    /// it becomes `true` when the run gets its `stop_signal`; a function without a context is ended
    /// by that signal.
    pub fn should_stop(&self) -> bool {
        STOPS.any()
    }

    /// Returns the number of the lock's holder, which grows with each holder; `None` without a
    /// lock. What is written to can refuse a number that is lower than one that it has seen: then
    /// no former holder can do harm, whatever befell its machine. Commands have it as
    /// `RUN_FUNCTIONS_FENCE`.
    pub fn fence(&self) -> Option<u64> {
        *FENCE.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reports a number of the task's own, such as how many orders were sent. It is pushed where
    /// `[metrics_push]` is set, with the tags `task`, `chain` and `host` besides those that are
    /// given; elsewhere it is checked, and goes nowhere. It never waits. Commands write it into
    /// `$RUN_FUNCTIONS_REPORT`.
    ///
    /// ```
    /// # let context = run_functions::Context::default();
    /// context.metric("orders_sent", 12, &[("shop", "nl")])?;
    /// let refusal = context.metric("job_duration_seconds", 1.5, &[]).unwrap_err();
    /// assert!(refusal.to_string().contains("a name of the runner's own metrics"));
    /// # Ok::<(), run_functions::InvalidMetric>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When a name is reserved or malformed, a tag has no value, or the number is not finite.
    pub fn metric(
        &self,
        name: &str,
        value: impl Into<f64>,
        tags: &[(&str, &str)],
    ) -> Result<(), InvalidMetric> {
        let metric = OwnMetric::new(name, value.into(), tags)?;
        let sink = *METRIC_SINK.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(take) = sink {
            take(metric);
        }
        Ok(())
    }

    /// Returns when the run will be ended by its `timeout`, to the second; `None` when it may run
    /// for ever.
    pub fn deadline(&self) -> Option<SystemTime> {
        *DEADLINE.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why the work of this process is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopCause {
    /// The runner was asked to.
    Asked = 1,
    /// The lock was not confirmed in time.
    Lock = 2,
}

/// A bit for each [`StopCause`].
struct StopFlags(AtomicU8);

impl StopFlags {
    fn add(&self, cause: StopCause) {
        self.0.fetch_or(cause as u8, Ordering::Relaxed);
    }

    fn remove(&self, cause: StopCause) {
        self.0.fetch_and(!(cause as u8), Ordering::Relaxed);
    }

    fn any(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }
}

/// Has [`Context::should_stop`] be true.
///
/// Async-signal-safe: it changes one number.
pub(crate) fn request_stop(cause: StopCause) {
    STOPS.add(cause);
}

/// Returns whether there is a cause to stop.
pub(crate) fn is_asked_to_stop() -> bool {
    STOPS.any()
}

/// Takes back one cause of [`request_stop`].
pub(crate) fn clear_stop(cause: StopCause) {
    STOPS.remove(cause);
}

/// Sets what [`Context::fence`] returns, and what runs in processes of their own are given.
pub(crate) fn set_fence(fence: Option<u64>) {
    *FENCE.write().unwrap_or_else(PoisonError::into_inner) = fence;
}

/// What takes the numbers that tasks report.
pub(crate) type MetricSink = fn(OwnMetric);

/// Sets what takes the numbers that tasks report; until then they go nowhere.
pub(crate) fn set_metric_sink(sink: MetricSink) {
    *METRIC_SINK.write().unwrap_or_else(PoisonError::into_inner) = Some(sink);
}

/// Sets what [`Context::deadline`] returns.
pub(crate) fn set_deadline(deadline: Option<SystemTime>) {
    *DEADLINE.write().unwrap_or_else(PoisonError::into_inner) = deadline;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_to_stop_as_long_as_there_is_a_cause() {
        let flags = StopFlags(AtomicU8::new(0));
        assert!(!flags.any());
        flags.add(StopCause::Lock);
        flags.add(StopCause::Asked);
        flags.remove(StopCause::Lock);
        assert!(flags.any());
        flags.remove(StopCause::Asked);
        assert!(!flags.any());
    }
}
