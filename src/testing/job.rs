//! A job whose flow is played.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use super::invalid_job::InvalidJob;
use super::job_history::JobHistory;
use super::job_script::{ChosenAttempts, JobScript};
use crate::config::definition_of;
use crate::flow::journal::{EntryOutcome, Phase};
use crate::flow::{FlowPlan, Intervention, PlayTerms, play};
use crate::job::{JobDefinition, JobRegistration, registered_jobs};
use crate::text::suggest::suggestions;

/// A job that is written in Rust, and what befalls it: nothing, by default.
///
/// The flow is that of a worker, and its functions are really called, on this thread; only time is
/// virtual, and nothing is on a board. What is set is checked by [`run`](Job::run).
///
/// ```standalone_crate
/// use run_functions::jobs::{Flow, Retry, StepContext};
/// use run_functions::testing::Job;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(clap::Args, Serialize, Deserialize)]
/// struct Order { #[arg(long)] item: String }
///
/// #[run_functions::job]
/// fn order(flow: &mut Flow<Order>) {
///     let number = flow.step("reserve", reserve).revert(release);
///     flow.step("pay", pay).with(&number).retry(Retry::times(2).every("1m"));
///     flow.step("ship", |_: &StepContext<Order>| ());
/// }
///
/// fn reserve(_: &StepContext<Order>) -> Result<u64, String> { Ok(7) }
/// fn release(ctx: &StepContext<Order>, number: u64) { ctx.progress(number); }
/// fn pay(_: &StepContext<Order>, number: u64) -> Result<(), String> {
///     if number == 7 { Ok(()) } else { Err("no such number".to_owned()) }
/// }
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let order = || Job::registered("order").args(Order { item: "lamp".to_owned() });
///
///     let history = order().fails("pay", 1).run()?;
///     assert_eq!(history.lines(), [
///         "reserve: done",
///         "pay: failed: it fails",
///         "pay: done (try 2)",
///         "ship: done",
///     ]);
///     assert_eq!(history.result_of("reserve"), Some(7));
///     assert!(history.took().as_secs() >= 54, "a minute, a tenth more or less");
///
///     let history = order().crashes_after("reserve").fails("pay", 2).run()?;
///     assert_eq!(history.state(), "reverted");
///     assert_eq!(history.reason().as_deref(), Some("pay: it fails"));
///     assert_eq!(history.executions("reserve"), 2);
///     assert_eq!(history.printed(), ["7"]);
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Job {
    name: String,
    args: Result<Value, String>,
    chosen: BTreeMap<(String, Phase), ChosenAttempts>,
    takes: Vec<(String, String)>,
    at_rest: Vec<(EntryOutcome, String)>,
    workers: usize,
    slots: usize,
}

impl From<&str> for Job {
    fn from(name: &str) -> Self {
        Job::registered(name)
    }
}

impl Job {
    /// Takes the registered job of this name, such as `resize`.
    pub fn registered(name: &str) -> Self {
        let PlayTerms { workers, slots, .. } = PlayTerms::default();
        Job {
            name: name.to_owned(),
            args: Ok(Value::Object(Map::new())),
            chosen: BTreeMap::new(),
            takes: Vec::new(),
            at_rest: Vec::new(),
            workers,
            slots,
        }
    }

    /// Sets the arguments, as a value of their type or as JSON. What is not given has its default.
    #[must_use]
    pub fn args(mut self, args: impl Serialize) -> Self {
        self.args = serde_json::to_value(args).map_err(|error| error.to_string());
        self
    }

    /// Has the first executions of a step fail, with the words `it fails`, without a call.
    #[must_use]
    pub fn fails(self, step: &str, times: usize) -> Self {
        self.choose(step, Phase::Execute, |chosen| {
            chosen.failures = vec!["it fails".to_owned(); times].into();
        })
    }

    /// Has the first tries of the revert of a step fail, without a call.
    #[must_use]
    pub fn revert_fails(self, step: &str, times: usize) -> Self {
        self.choose(step, Phase::Revert, |chosen| {
            chosen.failures = vec!["the revert fails".to_owned(); times].into();
        })
    }

    /// Has a step give this without a call.
    #[must_use]
    pub fn gives(mut self, step: &str, result: impl Serialize) -> Self {
        match serde_json::to_value(result) {
            Ok(result) => self.choose(step, Phase::Execute, |chosen| {
                chosen.stand_in = Some(result);
            }),
            Err(error) => {
                self.args = Err(format!("what `{step}` gives: {error}"));
                self
            }
        }
    }

    /// Has the condition of a step answer so, without a call.
    #[must_use]
    pub fn condition(self, step: &str, holds: bool) -> Self {
        self.choose(step, Phase::When, |chosen| {
            chosen.stand_in = Some(Value::Bool(holds));
        })
    }

    /// Has the worker die in the first execution of a step, before its function is called. Another
    /// worker goes on after the lease. Called twice: in the first two.
    #[must_use]
    pub fn crashes_before(self, step: &str) -> Self {
        self.choose(step, Phase::Execute, |chosen| chosen.crashes_before += 1)
    }

    /// Has the worker die when the function of a step has returned, before that is recorded.
    /// Another worker goes on after the lease. Called twice: two times in a row.
    #[must_use]
    pub fn crashes_after(self, step: &str) -> Self {
        self.choose(step, Phase::Execute, |chosen| chosen.crashes_after += 1)
    }

    /// Has the worker die when the revert of a step has returned, before that is recorded.
    #[must_use]
    pub fn crashes_after_revert(self, step: &str) -> Self {
        self.choose(step, Phase::Revert, |chosen| chosen.crashes_after += 1)
    }

    /// Has a person stop the job while the first execution of a step is in progress, as `job ID
    /// stop` does.
    #[must_use]
    pub fn stopped_in(self, step: &str) -> Self {
        self.choose(step, Phase::Execute, |chosen| {
            chosen.meanwhile = Some(Intervention::Request(EntryOutcome::Stop, String::new()));
        })
    }

    /// Has a person kill the job while the first execution of a step is in progress, as `job ID
    /// kill` does: let the step [take](Job::takes) some time.
    #[must_use]
    pub fn killed_in(self, step: &str) -> Self {
        self.choose(step, Phase::Execute, |chosen| {
            chosen.meanwhile = Some(Intervention::Request(EntryOutcome::Kill, String::new()));
        })
    }

    /// Has the worker end the first execution of a step and give the job back, as one does that is
    /// asked twice to stop. Another worker goes on at once.
    #[must_use]
    pub fn given_back_in(self, step: &str) -> Self {
        self.choose(step, Phase::Execute, |chosen| {
            chosen.meanwhile = Some(Intervention::Leave);
        })
    }

    /// Has a person ask that the job go on when it is stuck or has failed, as `job ID retry` does.
    /// Called twice: two times.
    #[must_use]
    pub fn then_retried(mut self) -> Self {
        self.at_rest.push((EntryOutcome::Retry, String::new()));
        self
    }

    /// Has a person pass over a step at which the job is stuck, as `job ID skip STEP` does.
    #[must_use]
    pub fn then_skipped(mut self, step: &str) -> Self {
        self.at_rest.push((EntryOutcome::Skipped, step.to_owned()));
        self
    }

    /// Has a person undo the job when it is stuck or has failed, as `job ID revert` does.
    #[must_use]
    pub fn then_reverted(mut self) -> Self {
        self.at_rest.push((EntryOutcome::Revert, String::new()));
        self
    }

    /// Sets how long each execution of a step takes, such as `"10m"`. No time at all by default.
    #[must_use]
    pub fn takes(mut self, step: &str, duration: &str) -> Self {
        self.takes.push((step.to_owned(), duration.to_owned()));
        self
    }

    /// Sets how many workers there are: 4 by default.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// Sets how many steps run at once: 4 by default.
    #[must_use]
    pub fn slots(mut self, slots: usize) -> Self {
        self.slots = slots;
        self
    }

    fn choose(
        mut self,
        step: &str,
        phase: Phase,
        change: impl FnOnce(&mut ChosenAttempts),
    ) -> Self {
        change(self.chosen.entry((step.to_owned(), phase)).or_default());
        self
    }

    /// Plays the job in virtual time until it has ended, or rests until a person looks.
    ///
    /// Functions are called in this process, one after the other, also where a worker would run
    /// several at once, in a directory of their own
    /// ([`job_dir`](crate::jobs::StepContext::job_dir)) that is removed afterwards, and is not the
    /// working directory here. A panic is a failure.
    ///
    /// # Errors
    ///
    /// When no job is registered so; when its flow is wrong, or its arguments do not fit; when a
    /// step is named that the job does not have; when a duration cannot be read; after ten thousand
    /// events. The message names it, and what to write instead.
    pub fn run(self) -> Result<JobHistory, InvalidJob> {
        let function = registered(&self.name)?;
        let definition = definition_of(function).map_err(|errors| {
            let errors = errors.join("\n");
            InvalidJob::new(format!("job `{}`: {errors}", self.name))
        })?;
        let args = self.checked_args(&definition, function)?;
        let plan = FlowPlan::new(definition.flow).map_err(|errors| {
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            InvalidJob::new(errors.join("\n"))
        })?;
        let plan = Arc::new(plan);
        let directory = JobPlace::new()?;
        let mut script = JobScript::new(function, &plan, args, directory.path.clone());
        script.takes = self.spans()?;
        self.check_steps(&plan, &script.takes)?;
        script.chosen = self.chosen;
        script.at_rest = self.at_rest.into();
        let terms = PlayTerms {
            slots: self.slots.max(1),
            workers: self.workers,
            ..PlayTerms::default()
        };
        let mut history = play(&plan, terms, &mut script);
        let end = history.end.take().ok_or_else(|| {
            let most = terms.most_events;
            InvalidJob::new(format!(
                "the job is not over after {most} events; a step may ask to be tried again without end"
            ))
        })?;
        let printed = script.printed.take();
        Ok(JobHistory::of(history, end, script.results, printed))
    }

    fn checked_args(
        &self,
        definition: &JobDefinition,
        function: &JobRegistration,
    ) -> Result<Map<String, Value>, InvalidJob> {
        let wrong = |error: String| InvalidJob::new(format!("job `{}`: {error}", self.name));
        let args = self.args.as_ref().map_err(|error| wrong(error.clone()))?;
        let args = definition.schema.args.check(args);
        let args = args.map_err(|errors| wrong(errors.to_string()))?;
        (function.check)(&args).map_err(wrong)?;
        Ok(args)
    }

    fn spans(&self) -> Result<BTreeMap<String, i64>, InvalidJob> {
        let spans = self.takes.iter().map(|(step, text)| {
            let span = humantime::parse_duration(text).map_err(|error| {
                InvalidJob::new(format!(
                    "`takes` of `{step}`: `{text}` is no duration: {error}; write `90s` or `6h`, for instance"
                ))
            })?;
            Ok((step.clone(), millis(span)))
        });
        spans.collect()
    }

    fn check_steps(
        &self,
        plan: &FlowPlan,
        takes: &BTreeMap<String, i64>,
    ) -> Result<(), InvalidJob> {
        let chosen = self.chosen.keys().map(|(step, _)| step);
        let at_rest = self.at_rest.iter().map(|(_, step)| step);
        let named = chosen.chain(takes.keys()).chain(at_rest);
        let steps = plan.definition().root.steps();
        let known: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
        let mut unknown = named.filter(|step| !step.is_empty() && !known.contains(&step.as_str()));
        match unknown.next() {
            None => Ok(()),
            Some(step) => {
                let known = known.join(", ");
                let name = &self.name;
                Err(InvalidJob::new(format!(
                    "job `{name}` has no step `{step}` (its steps are {known})"
                )))
            }
        }
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX / 4)
}

/// Finds a registered job; else lists which there are.
fn registered(name: &str) -> Result<&'static JobRegistration, InvalidJob> {
    let jobs = registered_jobs();
    let named: Vec<_> = jobs.iter().filter(|job| job.name() == name).collect();
    match named.as_slice() {
        [job] => return Ok(job),
        [] => {}
        [first, second, ..] => {
            return Err(InvalidJob::new(format!(
                "two functions are the job `{name}`: {}:{} and {}:{}",
                first.file, first.line, second.file, second.line
            )));
        }
    }
    let known: Vec<&str> = jobs.iter().map(|job| job.name()).collect();
    let meant = suggestions(name, known.iter().copied());
    let meant = meant
        .first()
        .map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
    let known = match known.is_empty() {
        true => "none is".to_owned(),
        false => known.join(", "),
    };
    Err(InvalidJob::new(format!(
        "no job is registered as `{name}`{meant} (registered: {known})"
    )))
}

/// A directory for a job that is played.
#[derive(Debug)]
struct JobPlace {
    path: PathBuf,
}

impl JobPlace {
    fn new() -> Result<Self, InvalidJob> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("run_functions_job_{}_{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).map_err(|error| {
            InvalidJob::new(format!("no directory for the job can be made: {error}"))
        })?;
        Ok(JobPlace { path })
    }
}

impl Drop for JobPlace {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}
