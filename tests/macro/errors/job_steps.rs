//! Steps whose functions do not fit.

use run_functions::jobs::{Flow, StepContext};

fn count(_: &StepContext<()>) -> Result<u64, String> {
    Ok(7)
}

fn greet(_: &StepContext<()>, _name: String) -> Result<(), String> {
    Ok(())
}

fn greet_perhaps(_: &StepContext<()>, _name: Option<u64>) {}

fn is_there(_: &StepContext<()>) -> bool {
    true
}

#[run_functions::job]
pub fn reads_another_type(flow: &mut Flow<()>) {
    let counted = flow.step("count", count);
    flow.step("greet", greet).with(&counted);
}

#[run_functions::job]
pub fn reads_what_may_be_skipped(flow: &mut Flow<()>) {
    let counted = flow.step("count", count).when(is_there);
    flow.step("read", |_: &StepContext<()>, _number: u64| ()).with(&counted);
    flow.step("greet", greet_perhaps).with(&counted);
}

#[run_functions::job]
pub fn reads_too_much(flow: &mut Flow<()>) {
    let counted = flow.step("count", count);
    flow.step("again", count).with(&counted);
}

#[run_functions::job]
pub fn reads_an_unfinished_step(flow: &mut Flow<()>) {
    let greeted = flow.step("greet", greet);
    flow.step("end", |_: &StepContext<()>, (): ()| ()).with(&greeted);
}

fn other(_: &StepContext<u8>) {}

#[run_functions::job]
pub fn of_another_job(flow: &mut Flow<()>) {
    flow.step("step", other);
}

#[run_functions::job]
pub fn reverts_another_type(flow: &mut Flow<()>) {
    flow.step("count", count).revert(|_: &StepContext<()>, _name: String| ());
}

#[run_functions::job]
pub fn returns_a_number(flow: &mut Flow<()>) {
    flow.step("step", |_: &StepContext<()>| 7);
}

#[run_functions::job]
pub fn is_no_question(flow: &mut Flow<()>) {
    flow.step("count", count).when(count);
}

#[run_functions::job]
pub fn borrows(flow: &mut Flow<()>) {
    let name = String::new();
    flow.step("step", |_: &StepContext<()>| assert!(name.is_empty()));
}
