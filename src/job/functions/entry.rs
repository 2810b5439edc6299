//! What the attribute calls.

use clap::Args;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::clap_arguments;
use super::draft::{FlowDraft, StepDraft};
use super::flow::Flow;
use super::replies::failed;
use super::step_context::StepContext;
use crate::core::failure::Outcome;
use crate::flow::definition::Interrupted;
use crate::flow::journal::Phase;
use crate::job::drafted_job::DraftedJob;
use crate::job::step_call::{StepCall, StepReply, StepSurroundings};
use crate::task;

/// Builds a flow, and returns what it is.
#[doc(hidden)]
pub fn define_job<A: Args + DeserializeOwned + 'static>(define: fn(&mut Flow<A>)) -> DraftedJob {
    let (args, mut errors) = clap_arguments::schema::<A>();
    let mut flow = Flow::new();
    if let Err(failure) = task::caught(&"a job", || define(&mut flow)) {
        errors.push(format!(
            "the function of the job failed: {}",
            failure.text()
        ));
    }
    let draft = flow.draft.borrow();
    errors.extend(draft.errors.iter().cloned());
    errors.extend(draft.steps().flat_map(what_is_missing));
    let timeouts = draft
        .steps()
        .map(|step| (step.step.name.clone(), step.timeouts));
    DraftedJob {
        root: draft.root(),
        args,
        timeouts: timeouts.collect(),
        errors,
    }
}

/// Returns what was forgotten of a step, or set twice.
fn what_is_missing<A>(draft: &StepDraft<A>) -> Vec<String> {
    let name = &draft.step.name;
    let has = |phase| draft.functions.contains_key(&phase);
    let faults = [
        (
            draft.reads.len() < draft.takes,
            "has a function that reads results; name each by `.with(&step)`",
        ),
        (
            draft.step.revert.is_some() && !has(Phase::Revert),
            "has `retry_revert` and no revert; add `.revert(function)`",
        ),
        (
            draft.step.interrupted == Interrupted::Check && !has(Phase::Check),
            "is to be checked after a crash, by nothing; add `.check(function)`",
        ),
        (
            draft.has_retry && !draft.step.try_each.is_empty(),
            "has both `try_each` and `retry`; repeat values in `try_each` instead",
        ),
    ];
    let faults = faults.into_iter().filter(|(is_so, _)| *is_so);
    faults
        .map(|(_, fault)| format!("step `{name}` {fault}"))
        .collect()
}

/// Checks that arguments are those that the functions of a job take.
#[doc(hidden)]
pub fn check_arguments<A: Args + DeserializeOwned + 'static>(
    _define: fn(&mut Flow<A>),
    args: &Map<String, Value>,
) -> Result<(), String> {
    read_arguments::<A>(args).map(drop)
}

fn read_arguments<A: DeserializeOwned>(args: &Map<String, Value>) -> Result<A, String> {
    let read = match args.is_empty() {
        // `()` takes no arguments.
        true => serde_json::from_value(Value::Null)
            .or_else(|_| serde_json::from_value(Value::Object(Map::new()))),
        false => serde_json::from_value(Value::Object(args.clone())),
    };
    read.map_err(|error| format!("the arguments do not fit: {error}"))
}

/// Builds a flow, and calls a function of one of its steps.
#[doc(hidden)]
pub fn call_step<A: Args + DeserializeOwned + 'static>(
    define: fn(&mut Flow<A>),
    call: &StepCall,
    around: &StepSurroundings,
) -> StepReply {
    let called = task::caught(&call.job, || {
        let mut flow = Flow::new();
        define(&mut flow);
        let draft = flow.draft.borrow();
        call_of(&draft, call, around)
    });
    called.unwrap_or_else(|failure| Outcome::Failure(failure).into())
}

fn call_of<A: DeserializeOwned>(
    draft: &FlowDraft<A>,
    call: &StepCall,
    around: &StepSurroundings,
) -> StepReply {
    let StepCall { step, phase, .. } = call;
    let known = draft.steps().find(|known| known.step.name == *step);
    let found = known.and_then(|known| Some((known.functions.get(phase)?, known)));
    let Some((function, known)) = found else {
        let phase = format!("{phase:?}").to_lowercase();
        return failed(format!("this program has no {phase} of `{step}`"));
    };
    match read_arguments(&call.args) {
        Ok(args) => function(&StepContext::for_call(args, call, around, &known.reads)),
        Err(error) => failed(error),
    }
}
