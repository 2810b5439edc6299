//! Options of a job that are none, and values that do not fit.

use run_functions::jobs::Flow;

#[run_functions::job(lese = "30s")]
pub fn misspelt(_flow: &mut Flow<()>) {}

#[run_functions::job(success_cooldown = "30s")]
pub fn of_a_task(_flow: &mut Flow<()>) {}

#[run_functions::job(lease = "30")]
pub fn without_a_unit(_flow: &mut Flow<()>) {}

#[run_functions::job(lease = "never")]
pub fn never(_flow: &mut Flow<()>) {}

#[run_functions::job(expires = "0s")]
pub fn at_once(_flow: &mut Flow<()>) {}

#[run_functions::job(priority = 3)]
pub fn too_important(_flow: &mut Flow<()>) {}

#[run_functions::job(priority = -2)]
pub fn not_important(_flow: &mut Flow<()>) {}

#[run_functions::job(resume = "anywere")]
pub fn resumed_nowhere(_flow: &mut Flow<()>) {}

#[run_functions::job(needs = "gpu")]
pub fn needs_no_list(_flow: &mut Flow<()>) {}

#[run_functions::job(limit_by = "args.customer")]
pub fn limited_by_nothing(_flow: &mut Flow<()>) {}

#[run_functions::job(name = "a b", parallel = 1, limit = 0)]
pub fn every_mistake_at_once(_flow: &mut Flow<()>) {}
