//! Tasks of another crate are in the binary as soon as it refers to that crate.
#![cfg(test)]

#[path = "macro/rustc.rs"]
mod rustc;

use std::path::{Path, PathBuf};
use std::process::Command;

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/macro/second_crate")
        .join(name)
}

fn compiled(compiler: &mut Command) {
    let (accepted, messages) = rustc::messages(compiler);
    assert!(
        accepted && messages.is_empty(),
        "{}",
        rustc::essence(&messages)
    );
}

/// Returns what the binary prints that was made of `main` and the library.
fn tasks_of(main: &str) -> Vec<String> {
    let directory = rustc::scratch(&format!("macro_second_crate_{main}"));
    let library = source("my_tasks.rs");
    compiled(rustc::rustc(&library, &directory).args(["--crate-type", "rlib"]));
    let main_file = source(&format!("{main}.rs"));
    compiled(rustc::rustc(&main_file, &directory).arg("--extern=my_tasks"));
    let output = Command::new(directory.join(main)).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    printed.lines().map(str::to_owned).collect()
}

#[test]
fn the_tasks_of_a_crate_that_is_referred_to_are_there() {
    let expected = ["my_tasks::at_the_root", "reports::send_report"];
    assert_eq!(tasks_of("refers"), expected);
}

#[test]
fn the_tasks_of_a_crate_that_nothing_refers_to_are_not() {
    assert!(tasks_of("forgets").is_empty());
}
