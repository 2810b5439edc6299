//! The process in which a function of a step is called.

use std::fs;
use std::io::{self, Write};
use std::rc::Rc;

use serde_json::Value;

use crate::core::failure::{Failure, FailureClass, Outcome};
use crate::job::{StepCall, StepSurroundings, registered_jobs, step_result};
use crate::unix::child::StepProcess;

/// Calls the function of a step, and leaves its result where that of a command would be.
pub(crate) fn call(text: &str, process: StepProcess) -> Outcome {
    let call: StepCall = match serde_json::from_str(text) {
        Ok(call) => call,
        Err(error) => return not_called(format!("what is to be called cannot be read: {error}")),
    };
    let jobs = registered_jobs();
    let Some(job) = jobs.iter().find(|job| job.name() == call.job) else {
        return not_called(format!("this program has no job `{}`", call.job));
    };
    let around = StepSurroundings {
        fence: process.fence,
        deadline: process.deadline,
        should_stop: process.should_stop,
        print: Rc::new(print),
    };
    let reply = (job.call)(&call, &around);
    match reply.result.map(|result| leave(&call, &result)) {
        Some(Err(error)) => not_called(format!("the result cannot be written: {error}")),
        _ => reply.outcome,
    }
}

fn leave(call: &StepCall, result: &Value) -> io::Result<()> {
    let path = call.job_dir.join(step_result::path(&call.step));
    fs::write(path, result.to_string())
}

/// Prints a line as a part of the output of the step.
fn print(line: &str) {
    let mut out = io::stdout().lock();
    // A worker that does not read is no failure of the step.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn not_called(message: String) -> Outcome {
    Outcome::Failure(Box::new(Failure::new(FailureClass::NotStarted, message)))
}
