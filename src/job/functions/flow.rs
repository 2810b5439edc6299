//! What the function of a job builds its steps with.

use std::cell::RefCell;
use std::rc::Rc;

use super::draft::{AnyFunction, FlowDraft};
use super::flow_step::FlowStep;
use super::replies::{failed, gave};
use super::step_function::StepFunction;
use super::step_inputs::StepInputs;
use super::step_return::{StepFailure, StepReturn};
use crate::flow::journal::Phase;

/// A list of steps and groups: of a job, or of a group. `A` has the arguments of the job.
///
/// Steps run one after the other, in the order in which they are added, unless the list is
/// parallel: a [group](super::FlowGroup::parallel), or the job by `parallel = true` in the
/// attribute. Names of steps and groups are unique within a job: what a step did is kept under its
/// name.
///
/// The function of a job is called in each process that needs to know its steps, so that it adds
/// the same ones each time and does nothing else: it reads no file, no clock and no variable. What
/// is wrong with a flow is an error of `check`, of `work` and of a [unit
/// test](crate::testing::Job).
pub struct Flow<A> {
    pub(super) draft: Rc<RefCell<FlowDraft<A>>>,
    pub(super) list: usize,
}

impl<A: 'static> Flow<A> {
    pub(super) fn new() -> Self {
        Flow {
            draft: Rc::new(RefCell::new(FlowDraft::new())),
            list: 0,
        }
    }

    pub(super) fn of_group(draft: &Rc<RefCell<FlowDraft<A>>>, list: usize) -> Self {
        Flow {
            draft: Rc::clone(draft),
            list,
        }
    }

    /// Adds a step. Its function takes the [context](super::StepContext), and then each result that
    /// [`with`](FlowStep::with) names.
    pub fn step<F, I, R>(&mut self, name: &str, function: F) -> FlowStep<A, R::Value, I, I>
    where
        F: StepFunction<A, I, R> + 'static,
        I: StepInputs + 'static,
        R: StepReturn + 'static,
    {
        let execute: AnyFunction<A> = Rc::new(move |context| {
            let inputs = match I::read(context.inputs()) {
                Ok(inputs) => inputs,
                Err(error) => return failed(error),
            };
            match function.call(context, inputs).into_value() {
                Ok(value) => gave(&value),
                Err(StepFailure(outcome)) => outcome.into(),
            }
        });
        let mut draft = self.draft.borrow_mut();
        let at = draft.add_step(self.list, name, I::COUNT);
        draft.step(at).functions.insert(Phase::Execute, execute);
        drop(draft);
        FlowStep::new(&self.draft, at)
    }
}

impl<A> std::fmt::Debug for Flow<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flow").finish_non_exhaustive()
    }
}
