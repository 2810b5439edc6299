//! A step of a flow, while it is built and as what later steps read.

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

use serde::Serialize;

use super::draft::{FlowDraft, StepDraft};
use super::drafted_node::DraftedNode;
use super::flow_node::{FlowNode, add_after};
use super::replies::failed;
use super::retry::Retry;
use super::span;
use super::step_context::StepContext;
use super::step_function::StepFunction;
use super::step_inputs::{FirstInputs, NextInput, RevertInput, StepInputs};
use super::step_return::{StepAnswer, StepFailure, StepReturn};
use crate::core::failure::{Failure, FailureClass, Outcome};
use crate::flow::definition::{Interrupted, OnFailure, ResultUse, RetryTerms};
use crate::flow::journal::Phase;
use crate::job::step_call::StepReply;

/// A step. Its methods set what `[jobs.NAME]` sets for a step that is a command; the step itself is
/// what later steps name in [`with`](FlowStep::with) and [`after`](FlowStep::after).
///
/// `T` is what readers of its result get, `I` the results that its function takes, and `R` those of
/// them that are not named yet.
///
/// The compiler checks that a step reads what an earlier one gives:
///
/// ```compile_fail,E0277
/// # use run_functions::jobs::{Flow, StepContext};
/// fn count(ctx: &StepContext<()>) -> Result<u64, String> { Ok(7) }
/// fn greet(ctx: &StepContext<()>, name: String) -> Result<(), String> { Ok(()) }
///
/// #[run_functions::job]
/// fn hello(flow: &mut Flow<()>) {
///     let counted = flow.step("count", count);
///     flow.step("greet", greet).with(&counted); // error: this step does not give `String`
/// }
/// # fn main() {}
/// ```
pub struct FlowStep<A, T, I = (), R = ()> {
    draft: Rc<RefCell<FlowDraft<A>>>,
    at: usize,
    types: StepTypes<T, I, R>,
}

/// The types of a step, of which the step holds no value.
type StepTypes<T, I, R> = PhantomData<fn() -> (T, I, R)>;

impl<A: 'static, T, I, R> FlowStep<A, T, I, R> {
    pub(super) fn new(draft: &Rc<RefCell<FlowDraft<A>>>, at: usize) -> Self {
        FlowStep {
            draft: Rc::clone(draft),
            at,
            types: PhantomData,
        }
    }

    fn into_other<U, S>(self) -> FlowStep<A, U, I, S> {
        FlowStep {
            draft: self.draft,
            at: self.at,
            types: PhantomData,
        }
    }

    fn set(self, change: impl FnOnce(&mut StepDraft<A>)) -> Self {
        change(self.draft.borrow_mut().step(self.at));
        self
    }

    fn set_checked<V>(
        self,
        setting: &str,
        value: Result<V, String>,
        change: impl FnOnce(&mut StepDraft<A>, V),
    ) -> Self {
        let mut draft = self.draft.borrow_mut();
        match value {
            Ok(value) => change(draft.step(self.at), value),
            Err(error) => draft.wrong(self.at, setting, &error),
        }
        drop(draft);
        self
    }

    /// Lets the function read the result of an earlier step: the next of its arguments. Called once
    /// for each.
    ///
    /// A step that [`when`](FlowStep::when) may skip gives an `Option`. An `Option` can be read of
    /// any step, and has to be where `OnFailure::Continue` lets the job go on without a result.
    pub fn with<S>(self, step: &S) -> FlowStep<A, T, I, R::Rest>
    where
        R: NextInput,
        S: StepResult<A, R::Next>,
    {
        let name = step.draft().borrow().name(step.at());
        let is_own = Rc::ptr_eq(&self.draft, step.draft());
        let has_default = step.has_default();
        let mut draft = self.draft.borrow_mut();
        if is_own {
            let own = draft.step(self.at);
            own.reads.push(name.clone());
            own.step.reads.insert(ResultUse {
                step: name,
                has_default,
            });
        } else {
            draft.wrong(self.at, "with", "names a step of another flow");
        }
        drop(draft);
        self.into_other()
    }

    /// Sets the function that undoes the step. It takes the context, and then nothing, what the
    /// step gave, or an `Option` of it.
    ///
    /// When a step fails for good, those before it are reverted, the last one first; the failed one
    /// too, for perhaps half of it was done. Where the step gave nothing, and the function takes a
    /// result, there is nothing to undo. A revert is tried five times, unless
    /// [`retry_revert`](FlowStep::retry_revert) sets other terms, and is never passed over.
    ///
    /// ```
    /// # use run_functions::jobs::{Flow, StepContext};
    /// fn reserve(ctx: &StepContext<()>) -> Result<u64, String> { Ok(7) }
    /// fn release(ctx: &StepContext<()>, number: u64) -> Result<(), String> { Ok(()) }
    ///
    /// #[run_functions::job]
    /// fn order(flow: &mut Flow<()>) {
    ///     flow.step("reserve", reserve).revert(release);
    /// }
    /// # fn main() {}
    /// ```
    pub fn revert<F, J, Q>(self, function: F) -> Self
    where
        F: StepFunction<A, J, Q> + 'static,
        J: RevertInput<T> + 'static,
        Q: StepReturn<Value = ()> + 'static,
    {
        let revert = move |context: &StepContext<A>| -> StepReply {
            let input = match J::read_result(context.own_result()) {
                Ok(Some(input)) => input,
                Ok(None) => return Outcome::Success.into(),
                Err(error) => return failed(error),
            };
            match function.call(context, input).into_value() {
                Ok(()) => Outcome::Success.into(),
                Err(StepFailure(outcome)) => outcome.into(),
            }
        };
        self.set(|step| {
            step.functions.insert(Phase::Revert, Rc::new(revert));
            step.step.revert.get_or_insert(RetryTerms::OF_REVERTS);
        })
    }

    /// Sets how often the revert is tried: five times by default, after 10 s, 20 s, 40 s and 80 s.
    pub fn retry_revert(self, retry: Retry) -> Self {
        let terms = retry.terms(RetryTerms::OF_REVERTS);
        self.set_checked("retry_revert", terms, |step, terms| {
            step.step.revert = Some(terms);
        })
    }

    /// Sets how often the step is tried: once by default. Excludes
    /// [`try_each`](FlowStep::try_each).
    pub fn retry(self, retry: Retry) -> Self {
        let terms = retry.terms(RetryTerms::OF_STEPS);
        self.set_checked("retry", terms, |step, terms| {
            step.step.retry = terms;
            step.has_retry = true;
        })
    }

    /// Lets each try take the next of these values, [`each`](super::StepContext::each), until one
    /// succeeds.
    pub fn try_each<V: Serialize>(self, values: impl IntoIterator<Item = V>) -> Self {
        let values = values.into_iter().map(serde_json::to_value);
        let values = values.collect::<Result<Vec<_>, _>>();
        let values = match values {
            Ok(values) if values.is_empty() => Err("there is no value".to_owned()),
            Ok(values) => Ok(values),
            Err(error) => Err(error.to_string()),
        };
        self.set_checked("try_each", values, |step, values| {
            step.step.try_each = values;
        })
    }

    /// Sets what follows when the step has failed for good: by default that of its groups, else
    /// that of the job.
    pub fn on_failure(self, answer: OnFailure) -> Self {
        self.set(|step| step.step.on_failure = Some(answer))
    }

    /// Sets what is done with an execution that a crash has interrupted: by default the step runs
    /// again.
    pub fn interrupted(self, answer: Interrupted) -> Self {
        self.set(|step| step.step.interrupted = answer)
    }

    /// Sets the function that is asked after a crash whether the step was done; where it was not,
    /// the step runs again. The function takes the context, and then what the step takes, or less
    /// of it. A step that was done so has no result.
    pub fn check<F, J, Q>(self, function: F) -> Self
    where
        F: StepFunction<A, J, Q> + 'static,
        J: StepInputs + FirstInputs<I> + 'static,
        Q: StepAnswer + 'static,
    {
        self.set(|step| {
            let ask = Rc::new(move |context: &_| ask(&function, context));
            step.functions.insert(Phase::Check, ask);
            step.step.interrupted = Interrupted::Check;
        })
    }

    /// Sets the function that is asked first whether the step runs, or is skipped. The function
    /// takes the context, and then what the step takes, or less of it. Readers of the step get an
    /// `Option`.
    pub fn when<F, J, Q>(self, function: F) -> FlowStep<A, Option<T>, I, R>
    where
        F: StepFunction<A, J, Q> + 'static,
        J: StepInputs + FirstInputs<I> + 'static,
        Q: StepAnswer + 'static,
    {
        let step = self.set(|step| {
            let ask = Rc::new(move |context: &_| ask(&function, context));
            step.functions.insert(Phase::When, ask);
            step.step.has_when = true;
        });
        step.into_other()
    }

    /// Sets how long an execution may take, such as `"10m"`, or `"never"`: `"1h"` by default. A
    /// condition and a check have as long.
    pub fn timeout(self, limit: &str) -> Self {
        let limit = span::parse_limit(limit);
        self.set_checked("timeout", limit, |step, limit| {
            step.timeouts.execute = limit;
        })
    }

    /// Sets how long a revert may take: `"1h"` by default.
    pub fn timeout_revert(self, limit: &str) -> Self {
        let limit = span::parse_limit(limit);
        self.set_checked("timeout_revert", limit, |step, limit| {
            step.timeouts.revert = limit;
        })
    }

    /// Has each further try made by another worker. Where no other is left, the step has failed.
    pub fn elsewhere(self) -> Self {
        self.set(|step| step.step.elsewhere = true)
    }

    /// Lets the step begin after a step or a group of the same list. May be called several times.
    pub fn after(self, node: &impl FlowNode<A>) -> Self {
        add_after(&self.draft, self.at, node);
        self
    }
}

/// Returns the reply of a condition or a check.
fn ask<A, F, J, Q>(function: &F, context: &StepContext<A>) -> StepReply
where
    F: StepFunction<A, J, Q>,
    J: StepInputs,
    Q: StepAnswer,
{
    let inputs = match J::read(context.inputs()) {
        Ok(inputs) => inputs,
        Err(error) => return failed(error),
    };
    match function.call(context, inputs).into_answer() {
        Ok(true) => Outcome::Success.into(),
        Ok(false) => Outcome::Failure(Box::new(Failure::new(FailureClass::Exit(1), "no"))).into(),
        Err(StepFailure(outcome)) => outcome.into(),
    }
}

/// A step whose result can be read as a `V`: what it gives, or an `Option` of that.
#[diagnostic::on_unimplemented(
    message = "this step does not give `{V}`",
    label = "the function that reads it takes `{V}` here",
    note = "a step with `when` gives an `Option`, and a step that still lacks `with` gives nothing"
)]
pub trait StepResult<A, V>: DraftedNode<A> {
    /// Returns whether the reader does without a result.
    #[doc(hidden)]
    fn has_default(&self) -> bool;
}

impl<A, T, I> StepResult<A, T> for FlowStep<A, T, I> {
    fn has_default(&self) -> bool {
        self.draft.borrow_mut().step(self.at).step.has_when
    }
}

impl<A, T, I> StepResult<A, Option<T>> for FlowStep<A, T, I> {
    fn has_default(&self) -> bool {
        true
    }
}

impl<A, T, I, R> FlowNode<A> for FlowStep<A, T, I, R> {}

impl<A, T, I, R> DraftedNode<A> for FlowStep<A, T, I, R> {
    #[expect(private_interfaces, reason = "no other crate can call this")]
    fn draft(&self) -> &Rc<RefCell<FlowDraft<A>>> {
        &self.draft
    }

    fn at(&self) -> usize {
        self.at
    }
}

impl<A, T, I, R> fmt::Debug for FlowStep<A, T, I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlowStep").finish_non_exhaustive()
    }
}
