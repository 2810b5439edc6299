//! What a function of a step can ask.

use std::fmt;
use std::path::Path;
use std::rc::Rc;
use std::time::SystemTime;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::flow::journal::Phase;
use crate::job::step_call::{StepCall, StepSurroundings};

/// What a function of a step can ask: the arguments of the job, and where it stands.
///
/// ```
/// use run_functions::jobs::StepContext;
///
/// #[derive(clap::Args, serde::Serialize, serde::Deserialize)]
/// struct Order { item: String }
///
/// /// Orders an item. Whoever takes the order knows a second request of the same step by the key.
/// fn order(ctx: &StepContext<Order>) -> Result<u64, std::io::Error> {
///     ctx.progress(format_args!("ordering {}", ctx.args().item));
///     send(&ctx.args().item, &ctx.idempotency_key(), ctx.fence())
/// }
/// # fn send(_: &str, _: &str, _: u64) -> Result<u64, std::io::Error> { Ok(7) }
/// assert_eq!(order(&StepContext::of(Order { item: "lamp".into() })).unwrap(), 7);
/// ```
pub struct StepContext<A> {
    args: A,
    call: StepCall,
    around: StepSurroundings,
    /// The results that the step reads, by the steps that gave them, in the order of `with`.
    inputs: Vec<(String, Value)>,
}

impl<A> StepContext<A> {
    /// Returns a context for a unit test of a function: the first execution of `step` in job 1, in
    /// the working directory, under fence 1, and not asked to stop.
    pub fn of(args: A) -> Self {
        let call = StepCall {
            job: "job".to_owned(),
            job_id: 1,
            step: "step".to_owned(),
            phase: Phase::Execute,
            attempt: 1,
            args: Map::new(),
            results: Default::default(),
            each: None,
            error: None,
            job_dir: ".".into(),
        };
        let around = StepSurroundings {
            fence: 1,
            deadline: None,
            should_stop: || false,
            print: Rc::new(|_| {}),
        };
        StepContext::for_call(args, &call, &around, &[])
    }

    pub(super) fn for_call(
        args: A,
        call: &StepCall,
        around: &StepSurroundings,
        reads: &[String],
    ) -> Self {
        let result = |step: &String| {
            let value = call.results.get(step).cloned();
            (step.clone(), value.unwrap_or_default())
        };
        StepContext {
            inputs: reads.iter().map(result).collect(),
            args,
            call: call.clone(),
            around: around.clone(),
        }
    }

    pub(super) fn inputs(&self) -> &[(String, Value)] {
        &self.inputs
    }

    /// Returns what an execution of this step gave.
    pub(super) fn own_result(&self) -> Option<&Value> {
        self.call.results.get(&self.call.step)
    }

    /// Returns the arguments of the job.
    pub fn args(&self) -> &A {
        &self.args
    }

    /// Returns the number of the job.
    pub fn job_id(&self) -> u64 {
        self.call.job_id
    }

    /// Returns the name of the step.
    pub fn step(&self) -> &str {
        &self.call.step
    }

    /// Returns which try this is, from 1. A try that a crash has interrupted does not count.
    pub fn attempt(&self) -> u32 {
        self.call.attempt
    }

    /// Returns the value of this try of a step with [`try_each`](super::FlowStep::try_each).
    ///
    /// # Panics
    ///
    /// When the step has no such values, or they are not of this type: the step fails.
    #[track_caller]
    pub fn each<V: DeserializeOwned>(&self) -> V {
        let Some(value) = &self.call.each else {
            panic!("step `{}` has no `try_each`", self.call.step);
        };
        match serde_json::from_value(value.clone()) {
            Ok(value) => value,
            Err(error) => panic!(
                "a value of `try_each` of `{}` is of another type: {error}",
                self.call.step
            ),
        }
    }

    /// Returns the text of the failure that a revert follows; `None` where the step had succeeded,
    /// or a crash has interrupted it.
    pub fn error(&self) -> Option<&str> {
        self.call.error.as_deref()
    }

    /// Prints a line of progress: part of the output of the step, which `post --wait` and
    /// `job ID output` show.
    pub fn progress(&self, line: impl fmt::Display) {
        (self.around.print)(&line.to_string());
    }

    /// Returns the fence of the job, a number that grows with each claim. What the step writes to
    /// can refuse a lower number than one that it has seen: then no worker whose lease is over can
    /// do harm.
    pub fn fence(&self) -> u64 {
        self.around.fence
    }

    /// Returns a text by which a service knows a request that it has seen before: the same for each
    /// try of the step, after a crash too, and another one for each job and for the revert of the
    /// step. For an execution it is what commands have as `$JOB_STEP_ID`.
    pub fn idempotency_key(&self) -> String {
        let StepCall { job_id, step, .. } = &self.call;
        match self.call.phase {
            Phase::Revert => format!("{job_id}-{step}/revert"),
            _ => format!("{job_id}-{step}"),
        }
    }

    /// Returns whether the step should come to its end soon: its worker was asked to stop at once,
    /// the job is killed, its time is over, or its lease is not prolonged.
    ///
    /// A step that has never asked is ended by the signal. One that asks has 10 s (`kill_grace`) to
    /// return. How it returns does not matter then: it counts as interrupted, or as killed or timed
    /// out. Costs next to nothing.
    pub fn should_stop(&self) -> bool {
        (self.around.should_stop)()
    }

    /// Returns when the step will be ended by its `timeout`, to the second; `None`: it may run for
    /// ever.
    pub fn deadline(&self) -> Option<SystemTime> {
        self.around.deadline
    }

    /// Returns the directory of the job, which is the working directory of its steps. It is removed
    /// when the job is over. Absolute.
    pub fn job_dir(&self) -> &Path {
        &self.call.job_dir
    }
}

impl<A> fmt::Debug for StepContext<A> {
    /// Prints no arguments and no results: they may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepContext")
            .field("call", &self.call)
            .finish_non_exhaustive()
    }
}
