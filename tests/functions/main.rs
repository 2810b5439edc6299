//! Functions in processes of their own.
//!
//! Without the usual harness: the executable of these tests is itself what is started again, as it is in a developer's own binary.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "without the usual harness, nothing tells the linter that this is a test"
)]

#[path = "../child_support/mod.rs"]
mod child_support;
#[path = "../support/mod.rs"]
mod support;
#[path = "misbehaving/mod.rs"]
mod tasks;
#[path = "../tiny_harness/mod.rs"]
mod tiny_harness;

mod child_functions;
mod isolated_functions;
mod locked_functions;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let first = arguments.get(1).map(String::as_str);
    if first == Some("__launch") || isolated_functions::is_program() {
        return run_functions::main();
    }
    if first == Some("hold") {
        return child_functions::hold(&arguments[2]);
    }
    tiny_harness::run(
        &[
            child_functions::TESTS,
            isolated_functions::TESTS,
            locked_functions::TESTS,
        ]
        .concat(),
    )
}
