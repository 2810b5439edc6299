//! Tasks of another crate are in the binary as soon as it refers to that crate.

use crate::rustc;
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

#[test]
fn the_binary_of_a_user_is_the_users_wherever_it_is_named() {
    let directory = rustc::scratch("macro_second_crate_named");
    let mut compiler = rustc::rustc(&source("named.rs"), &directory);
    compiler.env("CARGO_PKG_NAME", "shop");
    compiled(compiler.env("CARGO_PKG_VERSION", "2.1.0"));
    let program = directory.join("named");
    let place = tempfile::tempdir().unwrap();
    let (code, version) = both(&program, place.path(), &["--version"]);
    let ours = env!("CARGO_PKG_VERSION");
    let line = format!("shop 2.1.0 (run_functions {ours})\n");
    assert_eq!((code, version), (Some(0), line));
    for (words, expected) in [
        (&["--help"][..], "Usage: shop [OPTIONS] TASK"),
        (&["--help"], "`shop stop NAME`"),
        (&["status", "--help"], "Usage: shop status"),
        (&["completions", "bash"], "_shop()"),
        (&["man", "."], "/shop.1`"),
        // The pauses that a macro has passed on.
        (&["list"], "15m / 20m"),
        (&["check", "--effective"], "timeout = \"1h\""),
    ] {
        let (code, text) = both(&program, place.path(), words);
        assert_eq!(code, Some(0), "{words:?}: {text}");
        assert!(text.contains(expected), "{words:?}: {text}");
    }
    assert!(place.path().join("shop-status.1").exists());
    let page = std::fs::read_to_string(place.path().join("shop.1")).unwrap();
    assert!(!page.contains("\\fBrun_functions\\fR"), "{page}");
}

/// Runs the program, which knows two libraries, and returns its exit code and what it said.
fn both(program: &Path, place: &Path, words: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(program);
    let output = command.args(words).current_dir(place).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn tasks_of_one_name_in_two_crates_are_told_apart_by_their_crates() {
    let directory = rustc::scratch("macro_second_crate_both");
    for library in ["dupa", "dupb"] {
        let source = source(&format!("{library}.rs"));
        compiled(rustc::rustc(&source, &directory).args(["--crate-type", "rlib"]));
    }
    let mut compiler = rustc::rustc(&source("both.rs"), &directory);
    compiled(compiler.args(["--extern=dupa", "--extern=dupb"]));
    let program = directory.join("both");
    let place = tempfile::tempdir().unwrap();
    let both = |words: &[&str]| both(&program, place.path(), words);
    let config = "[defaults]\nlog_output = \"always\"\nisolate = true\n[tasks.\"dupb::tasks::sync\"]\nfail_cooldown = \"7m\"\n";
    std::fs::write(place.path().join("run_functions.toml"), config).unwrap();
    for name in ["dupa", "dupb"] {
        let (code, said) = both(&["once", &format!("{name}::tasks::sync")]);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains(&format!("this is {name}")), "{said}");
        for chosen in [format!("tasks::{name}"), format!("{name}::tasks::chosen")] {
            let (code, said) = both(&["once", &chosen]);
            assert_eq!(code, Some(0), "{said}");
            assert!(said.contains(&format!("chosen by {name}")), "{said}");
        }
    }
    let (code, said) = both(&["once", "tasks::sync"]);
    assert_eq!(code, Some(2), "{said}");
    let told = "write `dupa::tasks::sync` or `dupb::tasks::sync`";
    assert!(said.contains(told), "{said}");
    let (code, said) = both(&["check", "dupb::tasks::sync", "--effective"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("fail_cooldown = \"7m\""), "{said}");
    assert_eq!(both(&["status"]).0, Some(3));
    assert_eq!(both(&["stop", "sync"]).0, Some(3));
    assert_eq!(both(&["list"]).0, Some(0));
}
