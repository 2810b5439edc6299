//! Whose configuration is obeyed: it says which programs are run. What is found must be ours or
//! root's; what is named must not be everybody's.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::process::{Command, Output};

use crate::support::{Place, eventually, stderr};

const FILE: &str = "run_functions.toml";
const TASK: &str = "[tasks.a]\nshell = \"touch obeyed\"\n";
const APP: u32 = 12345;

fn obeyed(place: &Place) -> bool {
    place.path("obeyed").exists()
}

/// Runs the task of a place, and what else runs a program or reads the file.
#[track_caller]
fn refused(place: &Place, words: &str, remedy: &str) {
    for args in [
        &["once", "tasks::a"][..],
        &["tasks::a"],
        &["check"],
        &["mail", "test"],
    ] {
        is_refusal(&place.run(args), words, remedy);
    }
    assert!(!obeyed(place));
}

#[track_caller]
fn is_refusal(output: &Output, words: &str, remedy: &str) {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains("is not obeyed: "), "{said}");
    assert!(said.contains(words), "{said}");
    assert!(said.contains(remedy), "{said}");
}

#[track_caller]
fn runs(mut command: Command, place: &Place) {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(obeyed(place));
}

#[test]
fn a_file_that_is_found_and_others_can_write_is_not_obeyed() {
    for mode in [0o666, 0o646, 0o622] {
        let place = Place::with(TASK);
        place.set_mode(FILE, mode);
        let words = format!("it can be written by others (mode {mode:04o})");
        refused(&place, &words, "`chmod go-w ");
        place.set_mode(FILE, 0o644);
        runs(place.command(&["once", "tasks::a"]), &place);
    }
}

#[test]
#[ignore = "needs root"]
fn to_root_a_group_is_others_as_well() {
    let place = Place::with(TASK);
    place.set_mode(FILE, 0o664);
    refused(
        &place,
        "can be written by others (mode 0664)",
        "`chmod go-w ",
    );
}

#[test]
#[ignore = "needs root"]
fn a_strangers_file_is_not_obeyed_unless_it_is_named() {
    let place = Place::with(TASK);
    chown(place.path(FILE), Some(APP), Some(APP)).unwrap();
    refused(&place, "it belongs to uid 12345", "--config ");
    runs(
        place.command(&["--config", FILE, "once", "tasks::a"]),
        &place,
    );
}

#[test]
#[ignore = "needs root"]
fn a_strangers_link_to_a_file_of_ours_is_not_obeyed() {
    let place = Place::empty();
    place.write("ours/run_functions.toml", TASK);
    symlink(place.path("ours/run_functions.toml"), place.path(FILE)).unwrap();
    std::os::unix::fs::lchown(place.path(FILE), Some(APP), None).unwrap();
    refused(&place, "the link to it belongs to uid 12345", "chown -h ");
}

#[test]
#[ignore = "needs root"]
fn root_obeys_nothing_that_it_finds_in_a_strangers_directory() {
    let place = Place::with(TASK);
    chown(place.dir(), Some(APP), Some(APP)).unwrap();
    refused(&place, "its directory belongs to uid 12345", "--config ");
    chown(place.dir(), Some(0), Some(0)).unwrap();
    place.set_mode(".", 0o777);
    refused(
        &place,
        "its directory can be written by others",
        "--config ",
    );
    place.set_mode(".", 0o755);
    runs(place.command(&["once", "tasks::a"]), &place);
}

#[test]
fn the_same_holds_for_the_file_of_the_home_directory() {
    for variable in ["HOME", "XDG_CONFIG_HOME"] {
        let place = Place::empty();
        let (base, name) = match variable {
            "HOME" => ("home", "home/.config/run_functions/run_functions.toml"),
            _ => ("xdg", "xdg/run_functions/run_functions.toml"),
        };
        place.write(name, TASK);
        place.set_mode(name, 0o666);
        let mut command = place.command(&["once", "tasks::a"]);
        command.env(variable, place.path(base));
        is_refusal(
            &command.output().unwrap(),
            "can be written by others",
            "chmod go-w",
        );
    }
}

#[test]
fn a_file_that_is_named_is_obeyed_unless_everybody_can_write_it() {
    let place = Place::empty();
    place.write("other.toml", TASK);
    place.set_mode("other.toml", 0o666);
    let whole = place.path("other.toml");
    let named = || place.command(&["--config", "other.toml", "once", "tasks::a"]);
    let by_variable = |path: &str| {
        let mut command = place.command(&["once", "tasks::a"]);
        command.env("RUN_FUNCTIONS_CONFIG", path);
        command
    };
    for mut command in [named(), by_variable(whole.to_str().unwrap())] {
        let output = command.output().unwrap();
        is_refusal(
            &output,
            "can be written by others (mode 0666)",
            "chmod o-w ",
        );
    }
    place.set_mode("other.toml", 0o664);
    runs(named(), &place);
    fs::remove_file(place.path("obeyed")).unwrap();
    runs(by_variable(whole.to_str().unwrap()), &place);
}

#[test]
#[ignore = "needs root"]
fn a_relative_path_in_the_environment_names_what_is_found() {
    let place = Place::with(TASK);
    chown(place.path(FILE), Some(APP), None).unwrap();
    let mut command = place.command(&["once", "tasks::a"]);
    command.env("RUN_FUNCTIONS_CONFIG", FILE);
    is_refusal(
        &command.output().unwrap(),
        "it belongs to uid 12345",
        "--config ",
    );
    assert!(!obeyed(&place));
}

#[test]
fn a_fifo_that_is_found_does_not_make_a_command_wait() {
    let place = Place::empty();
    nix::unistd::mkfifo(&place.path(FILE), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut child = place.command(&["check"]).spawn().unwrap();
    let mut status = None;
    let ended = eventually(|| {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    if !ended {
        let _ = child.kill();
        let _ = child.wait();
    }
    assert_eq!(status.and_then(|status| status.code()), Some(78));
}

#[test]
fn a_pipe_that_is_named_is_read() {
    let place = Place::empty();
    let program = env!("CARGO_BIN_EXE_run_functions");
    let line = format!(
        "printf '[tasks.a]\\nshell = \"touch obeyed\"\\n' | {program} --config /dev/stdin once tasks::a"
    );
    let mut command = place.command_of("/bin/sh".as_ref(), &["-c", &line]);
    command.current_dir(place.dir());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}
