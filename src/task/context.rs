//! What a function can learn of its run while it goes on.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::resources::Resources;
use super::settings_error::SettingsError;
use crate::core::own_metric::{InvalidMetric, OwnMetric};

static STOPS: StopFlags = StopFlags(AtomicU8::new(0));
static FENCE: RwLock<Option<u64>> = RwLock::new(None);
static METRIC_SINK: RwLock<Option<MetricSink>> = RwLock::new(None);
static SETTINGS: RwLock<Value> = RwLock::new(Value::Null);
static HOST: RwLock<Option<String>> = RwLock::new(None);
static RESOURCES: Resources = Resources::new();
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
/// In a test, [`Context::default()`] is the context of a run that is not asked to stop, and
/// [`Context::with_settings`] that of one with settings.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Context {
    /// `None`: what the runner has set.
    test: Option<Arc<TestFacts>>,
}

/// What a context of a unit test has of its own.
#[derive(Debug, Default)]
struct TestFacts {
    settings: Value,
    resources: Resources,
}

impl Context {
    /// What a runner passes.
    pub(super) const OF_RUNNER: Context = Context { test: None };

    /// Returns a context for a unit test of a function: with these settings, with resources of its
    /// own, and not asked to stop.
    ///
    /// ```
    /// use run_functions::Context;
    ///
    /// #[derive(serde::Serialize, serde::Deserialize)]
    /// struct Shop { url: String }
    ///
    /// let context = Context::with_settings(&Shop { url: "https://shop.example".into() }).unwrap();
    /// assert_eq!(context.settings::<Shop>().unwrap().url, "https://shop.example");
    /// ```
    ///
    /// # Errors
    ///
    /// When the settings are none that a file could have.
    pub fn with_settings(settings: &impl Serialize) -> Result<Context, SettingsError> {
        let settings = serde_json::to_value(settings).map_err(SettingsError::new)?;
        let facts = TestFacts {
            settings,
            resources: Resources::new(),
        };
        Ok(Context {
            test: Some(Arc::new(facts)),
        })
    }

    /// Returns what `[tasks.NAME.settings]` has, as a type of the program's own.
    ///
    /// With `settings = Type` in the attribute this is checked when the configuration is read, with
    /// `file:line:column`, and not only when the task runs. Where nothing is written, a type whose
    /// fields all have defaults is read nevertheless.
    ///
    /// ```
    /// #[derive(serde::Deserialize)]
    /// #[serde(deny_unknown_fields)]
    /// struct Shop {
    ///     url: String,
    ///     #[serde(default)]
    ///     retries: u32,
    /// }
    ///
    /// #[run_functions::task(settings = Shop)]
    /// fn sync(context: &run_functions::Context) -> Result<(), run_functions::SettingsError> {
    ///     let shop: Shop = context.settings()?;
    ///     println!("{} {}", shop.url, shop.retries);
    ///     Ok(())
    /// }
    /// # fn main() {}
    /// ```
    ///
    /// # Errors
    ///
    /// When the settings are not a `T`.
    pub fn settings<T: DeserializeOwned>(&self) -> Result<T, SettingsError> {
        let settings = match &self.test {
            Some(test) => test.settings.clone(),
            None => SETTINGS
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        };
        let settings = match settings {
            Value::Null => Value::Object(serde_json::Map::new()),
            settings => settings,
        };
        serde_json::from_value(settings).map_err(SettingsError::new)
    }

    /// Returns what is made once and used in each run: a pool of connections, a client, a table
    /// that was read from a file. `create` is called by the first run that asks; when that fails,
    /// the error is the caller's, and the next run tries again. There is one resource of each type.
    ///
    /// ```
    /// struct Shop(std::fs::File);
    ///
    /// #[run_functions::task]
    /// fn sync(context: &run_functions::Context) -> Result<(), std::io::Error> {
    ///     let shop = context.resource(|| std::fs::File::open("/srv/shop/queue").map(Shop))?;
    ///     println!("{} bytes", shop.0.metadata()?.len());
    ///     Ok(())
    /// }
    /// # fn main() {}
    /// ```
    ///
    /// The resource lives as long as the process: in the runner over all runs, in a process of its
    /// own (`isolate`, `timeout`) for one run. A resource that has become unusable, such as a
    /// connection that was lost, is made anew after [`forget_resource`](Context::forget_resource).
    ///
    /// # Errors
    ///
    /// The error of `create`.
    pub fn resource<T, E>(&self, create: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E>
    where
        T: Send + Sync + 'static,
    {
        self.resources().get(create)
    }

    /// Forgets the resource of a type: the next call of [`resource`](Context::resource) makes it
    /// anew.
    pub fn forget_resource<T: Send + Sync + 'static>(&self) {
        self.resources().forget::<T>();
    }

    fn resources(&self) -> &Resources {
        match &self.test {
            Some(test) => &test.resources,
            None => &RESOURCES,
        }
    }

    /// Returns the name of the machine, as mails have it; `localhost` outside of a runner.
    pub fn host(&self) -> String {
        let host = HOST.read().unwrap_or_else(PoisonError::into_inner);
        host.as_deref().unwrap_or("localhost").to_owned()
    }

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

/// Sets what [`Context::settings`] reads.
pub(crate) fn set_settings(settings: Option<&Value>) {
    let settings = settings.cloned().unwrap_or_default();
    *SETTINGS.write().unwrap_or_else(PoisonError::into_inner) = settings;
}

/// Sets what [`Context::host`] returns.
pub(crate) fn set_host(host: String) {
    *HOST.write().unwrap_or_else(PoisonError::into_inner) = Some(host);
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
