//! Jobs that are written in Rust: real workers, a process for each step, real kills.
//!
//! Without the usual harness: the executable of these tests is itself the program whose jobs they are.
#![allow(
    clippy::allow_attributes,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    dead_code,
    unreachable_pub,
    reason = "without the usual harness, nothing tells the linter that this is a test; the desk of other tests has more than is used"
)]

#[path = "../jobs/desk.rs"]
mod desk;
mod processes;
mod program_jobs;
#[path = "../support/mod.rs"]
mod support;
#[path = "../tiny_harness/mod.rs"]
mod tiny_harness;
mod whole_jobs;

use std::process::ExitCode;

fn main() -> ExitCode {
    let first = std::env::args().nth(1).unwrap_or_default();
    if first.starts_with("__") || std::env::var_os(desk::AS_PROGRAM).is_some() {
        return run_functions::main();
    }
    tiny_harness::run(&[whole_jobs::TESTS, processes::TESTS].concat())
}
