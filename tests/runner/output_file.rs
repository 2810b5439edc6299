//! The output file of a task with a user: opened with the rights of that user, or by root where
//! nobody else could have put something.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown, symlink};

use crate::support::{Place, stderr};

/// `nobody`, on every machine.
const NOBODY: u32 = 65534;

/// A place with a directory of the task's user, in which the output file is to be.
fn place(file: &str) -> Place {
    let place = Place::with(&format!(
        "[tasks.a]\nshell = \"echo hello\"\nuser = \"nobody\"\noutput_file = \"{file}\"\n[tasks.b]\nshell = \"cat secret\"\n"
    ));
    place.set_mode(".", 0o755);
    place.write("secret", "of root\n");
    place.set_mode("secret", 0o600);
    fs::create_dir(place.path("theirs")).unwrap();
    chown(place.path("theirs"), Some(NOBODY), None).unwrap();
    place
}

/// Runs both tasks, the second with the rights of root, and returns the log.
#[track_caller]
fn log(place: &Place) -> String {
    let output = place.run(&["once", "tasks::a", "tasks::b"]);
    let log = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{log}");
    log
}

#[test]
#[ignore = "needs root"]
fn in_the_users_directory_it_is_the_users_file() {
    let place = place("theirs/log");
    for _ in 0..2 {
        let log = log(&place);
        assert!(!log.contains("cannot be opened"), "{log}");
    }
    assert_eq!(place.read("theirs/log"), "hello\nhello\n");
    let meta = fs::metadata(place.path("theirs/log")).unwrap();
    assert_eq!((meta.uid(), meta.mode() & 0o777), (NOBODY, 0o640));
}

#[test]
#[ignore = "needs root"]
fn a_link_of_the_user_leads_to_nothing_that_is_not_the_users() {
    for target in ["secret", "made", "theirs-not/made"] {
        let place = place("theirs/log");
        fs::create_dir(place.path("theirs-not")).unwrap();
        symlink(place.path(target), place.path("theirs/log")).unwrap();
        let log = log(&place);
        assert!(log.contains("cannot be opened: Permission denied"), "{log}");
        assert_eq!(place.read("secret"), "of root\n");
        assert!(!place.path("made").exists() && !place.path("theirs-not/made").exists());
    }
}

#[test]
#[ignore = "needs root"]
fn a_file_that_only_the_groups_of_root_may_write_is_closed_to_the_user() {
    let place = place("theirs/log");
    place.set_mode("secret", 0o660);
    symlink(place.path("secret"), place.path("theirs/log")).unwrap();
    assert!(log(&place).contains("cannot be opened"));
    assert_eq!(place.read("secret"), "of root\n");
}

#[test]
#[ignore = "needs root"]
fn in_a_directory_of_root_it_is_roots_and_no_link_is_followed() {
    let place = place("ours/log");
    fs::create_dir(place.path("ours")).unwrap();
    log(&place);
    assert_eq!(place.read("ours/log"), "hello\n");
    assert_eq!(fs::metadata(place.path("ours/log")).unwrap().uid(), 0);
    fs::remove_file(place.path("ours/log")).unwrap();
    symlink(place.path("secret"), place.path("ours/log")).unwrap();
    assert!(log(&place).contains("cannot be opened"));
    assert_eq!(place.read("secret"), "of root\n");
}

#[test]
#[ignore = "needs root"]
fn where_others_may_write_root_makes_nothing() {
    let place = place("shared/log");
    fs::create_dir(place.path("shared")).unwrap();
    chown(place.path("shared"), Some(12345), None).unwrap();
    assert!(log(&place).contains("cannot be opened: Permission denied"));
    assert!(!place.path("shared/log").exists());
}
