//! Durations that are none.

#[run_functions::task(success_cooldown = "15")]
pub fn text_without_a_unit() {}

#[run_functions::task(success_cooldown = 15)]
pub fn number_without_a_unit() {}

#[run_functions::task(fail_cooldown = 15m)]
pub fn without_quotes() {}

#[run_functions::task(fail_cooldown = "15M")]
pub fn months_or_minutes() {}

#[run_functions::task(fail_cooldown = "15mn")]
pub fn no_such_unit() {}

#[run_functions::task(fail_cooldown = "")]
pub fn empty() {}

#[run_functions::task(fail_cooldown = "-1s")]
pub fn negative() {}

#[run_functions::task(fail_cooldown = true)]
pub fn of_another_type() {}

#[run_functions::task(success_cooldown = "never")]
pub fn never_again() {}

#[run_functions::task(non_recoverable_downtime = "0s")]
pub fn reminded_without_end() {}

#[run_functions::task(timeout = "0s")]
pub fn ended_at_once() {}

#[run_functions::task(warn_after = "0s")]
pub fn warned_at_once() {}

#[run_functions::task(forget_after = "0s")]
pub fn forgotten_at_once() {}

pub const PAUSE: &str = "15m";

#[run_functions::task(success_cooldown = PAUSE)]
pub fn not_a_literal() {}

#[run_functions::task(every = "0s")]
pub fn a_loop_without_a_pause() {}

#[run_functions::task(every = "1h", success_cooldown = "5m")]
pub fn two_pauses() {}
