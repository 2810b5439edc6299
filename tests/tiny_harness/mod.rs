//! As much of a test harness as `cargo test` and `cargo nextest` need, for tests whose executable has a `main` of its own.

#![expect(clippy::print_stdout, reason = "the answer of a harness")]

use std::panic;
use std::process::ExitCode;

/// A test: its name, and what it does.
pub(crate) type Test = (&'static str, fn());

/// Makes tests of functions.
macro_rules! tests {
    ($($function:ident),* $(,)?) => {
        &[$((stringify!($function), $function as fn())),*]
    };
}
pub(crate) use tests;

/// Runs those that the command line names, one after the other, in this thread.
pub(crate) fn run(tests: &[Test]) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_set = |name: &str| arguments.iter().any(|argument| argument == name);
    let filters: Vec<&String> = arguments.iter().filter(|a| !a.starts_with('-')).collect();
    let is_meant = |name: &str| {
        let mut matching = filters.iter().map(|filter| match is_set("--exact") {
            true => name == **filter,
            false => name.contains(filter.as_str()),
        });
        filters.is_empty() || matching.any(|matches| matches)
    };
    // None of these is ignored.
    let none = is_set("--ignored");
    let chosen = tests.iter().filter(|(name, _)| is_meant(name) && !none);
    if is_set("--list") {
        chosen.for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let failed = chosen.filter(|test| !passes(test)).count();
    match failed {
        0 => ExitCode::SUCCESS,
        _ => {
            println!("{failed} failed");
            ExitCode::FAILURE
        }
    }
}

fn passes((name, test): &Test) -> bool {
    let passed = panic::catch_unwind(test).is_ok();
    println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
    passed
}
