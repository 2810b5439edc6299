//! Functions that cannot be jobs.

use run_functions::jobs::Flow;

#[run_functions::job]
pub fn without_a_flow() {}

#[run_functions::job]
pub fn shared_flow(_flow: &Flow<()>) {}

#[run_functions::job]
pub fn more_than_a_flow(_flow: &mut Flow<()>, _number: u64) {}

#[run_functions::job]
pub fn generic<A>(_flow: &mut Flow<A>) {}

#[run_functions::job]
pub async fn asynchronous(_flow: &mut Flow<()>) {}

#[run_functions::job]
pub fn gives_something(_flow: &mut Flow<()>) -> Result<(), String> {
    Ok(())
}

#[run_functions::job]
pub struct Structure;

pub struct Arguments;

#[run_functions::job]
pub fn takes_what_clap_does_not_know(_flow: &mut Flow<Arguments>) {}
