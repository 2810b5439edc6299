//! What cannot start says which file, where, as whom, why, and what to do; and is never taken for an exit code.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::child_support::{self, Child, notes, text};
use run_functions::__internal::FailureClass;

/// Runs what cannot start; returns the text of the failure and its notes.
fn refused(child: &Child) -> (String, String) {
    let ended = child.run();
    let failure = ended.outcome.failure().unwrap();
    assert_eq!(failure.class, FailureClass::NotStarted, "{failure:?}");
    (text(&ended), notes(&ended))
}

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Files(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, content: &str, mode: u32) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }
}

fn command(path: &Path) -> Child {
    Child::command(&[path.to_str().unwrap()])
}

#[test]
fn a_program_that_is_in_no_path() {
    let (text, notes) = refused(&Child::command(&["no-such-program", "x"]));
    let why = "No such file or directory (os error 2)";
    assert_eq!(
        text,
        format!("could not start: program `no-such-program`: {why}")
    );
    assert!(notes.contains("PATH"), "{notes}");
    assert!(notes.contains("directory: `/"), "{notes}");
    assert!(notes.contains("user: the runner's own (uid "), "{notes}");
}

#[test]
fn a_path_where_nothing_is() {
    let (text, notes) = refused(&Child::command(&["/no/such/program"]));
    assert!(text.contains("`/no/such/program`: No such file"), "{text}");
    assert!(notes.contains("check the path"), "{notes}");
}

#[test]
fn a_file_without_an_x_bit() {
    let files = Files::new();
    let (text, notes) = refused(&command(&files.write("x", "#!/bin/sh\n", 0o644)));
    assert!(text.ends_with("Permission denied (os error 13)"), "{text}");
    assert!(notes.contains("chmod +x"), "{notes}");
}

#[test]
fn a_file_that_is_no_program() {
    let files = Files::new();
    let (text, notes) = refused(&command(&files.write("x", "echo hello\n", 0o755)));
    assert!(text.ends_with("Exec format error (os error 8)"), "{text}");
    assert!(notes.contains("`#!` in its first line"), "{notes}");
}

#[test]
fn an_interpreter_that_is_missing() {
    let files = Files::new();
    let path = files.write("x", "#!/no/such/interpreter\n", 0o755);
    for child in [command(&path), Child::script(&path)] {
        let (text, notes) = refused(&child);
        let expected = "could not start: interpreter `/no/such/interpreter`: No such file";
        assert!(text.starts_with(expected), "{text}");
        assert!(notes.contains("first line of the script"), "{notes}");
    }
}

#[test]
fn a_first_line_with_a_carriage_return() {
    let files = Files::new();
    let path = files.write("x", "#!/bin/sh\r\necho hello\r\n", 0o755);
    for child in [command(&path), Child::script(&path)] {
        let (text, _) = refused(&child);
        assert!(text.contains("carriage return"), "{text}");
    }
}

#[test]
fn a_script_without_a_first_line() {
    let files = Files::new();
    let (text, _) = refused(&Child::script(&files.write("x", "echo hello\n", 0o755)));
    assert!(text.contains("does not begin with `#!`"), "{text}");
}

#[test]
fn a_script_that_is_a_fifo_is_not_waited_for() {
    let files = Files::new();
    let path = files.0.path().join("fifo");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    refused(&Child::script(&path));
}

#[test]
fn a_program_that_is_being_written() {
    let files = Files::new();
    let path = files.0.path().join("true");
    fs::copy("/bin/true", &path).unwrap();
    let _writer = fs::File::options().append(true).open(&path).unwrap();
    let (text, notes) = refused(&command(&path));
    assert!(text.ends_with("Text file busy (os error 26)"), "{text}");
    assert!(notes.contains("renaming"), "{notes}");
}

#[test]
fn arguments_that_are_too_long() {
    let long = "x".repeat(200_000);
    let (text, notes) = refused(&Child::command(&["/bin/true", &long]));
    assert!(
        text.ends_with("Argument list too long (os error 7)"),
        "{text}"
    );
    assert!(notes.contains("env_clear"), "{notes}");
}

#[test]
fn an_environment_that_is_too_large() {
    let child = Child::command(&["/bin/true"]);
    let child = child.with(|to| drop(to.env.insert("A".to_owned(), "x".repeat(200_000))));
    let failure = child_support::start_refused(&child);
    assert_eq!(failure.class, FailureClass::NotStarted);
    let text = failure.text();
    assert!(
        text.ends_with("Argument list too long (os error 7)"),
        "{text}"
    );
}

#[test]
fn a_directory_that_is_not_there() {
    let child = Child::shell("true");
    let child = child.with(|to| to.working_dir = Some("/no/such/directory".into()));
    let (text, notes) = refused(&child);
    assert!(
        text.contains("working_dir `/no/such/directory`: No such"),
        "{text}"
    );
    assert!(notes.contains("directory: `/no/such/directory`"), "{notes}");
}

#[test]
fn an_input_that_is_not_there() {
    let child = Child::shell("true").with(|to| to.stdin = Some("/no/such/file".into()));
    let (text, _) = refused(&child);
    assert!(text.contains("stdin `/no/such/file`"), "{text}");
}

#[test]
fn a_user_and_a_group_that_do_not_exist() {
    let child = Child::shell("true").with(|to| to.user = Some("no-such-user".to_owned()));
    let (text, notes) = refused(&child);
    assert!(
        text.contains("user `no-such-user`: there is no such account"),
        "{text}"
    );
    assert!(notes.contains("user: `no-such-user`"), "{notes}");
    let child = Child::shell("true").with(|to| to.group = Some("no-such-group".to_owned()));
    let (text, _) = refused(&child);
    assert!(
        text.contains("group `no-such-group`: there is no such account"),
        "{text}"
    );
}

#[test]
fn a_limit_that_does_not_exist() {
    let child = Child::shell("true");
    let child = child.with(|to| {
        to.rlimits.insert("no_such_limit".to_owned(), 1);
    });
    let (text, _) = refused(&child);
    assert!(
        text.contains("limit `no_such_limit = 1`: Invalid argument"),
        "{text}"
    );
}
