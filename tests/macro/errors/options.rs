//! Options that are none.

#[run_functions::task(sucess_cooldown = "15m")]
pub fn misspelt() {}

#[run_functions::task(retries = 3)]
pub fn unknown() {}

#[run_functions::task(fail_cooldown = "1s", fail_cooldown = "2s")]
pub fn twice() {}

#[run_functions::task(isolate)]
pub fn without_a_value() {}

#[run_functions::task(timeout("10m"))]
pub fn in_parentheses() {}

#[run_functions::task(isolate = "true")]
pub fn in_quotes() {}

#[run_functions::task("15m")]
pub fn only_a_value() {}

#[run_functions::task(isolate = false, timeout = "10m")]
pub fn contradictory() {}

#[run_functions::task(fail_cooldwn = "1s", timeout = 5, isolate = 1)]
pub fn every_mistake_at_once() {}

#[run_functions::task(fail_cooldown = )]
pub fn unfinished() {}
