//! `once --clean-env` runs a task as a service would: what works at a login alone fails here, before it fails at night.

use std::os::unix::fs::PermissionsExt;

use crate::support::{Place, stderr};

/// A place with a program that only a login finds, and a command for it whose PATH has it.
fn place() -> (Place, String) {
    let place = Place::with("[tasks.a]\ncommand = [\"only-here\"]\nlog_output = \"always\"\n");
    place.write("bin/only-here", "#!/bin/sh\nenv | sort\n");
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(place.path("bin/only-here"), mode).unwrap();
    let path = format!("{}:/usr/bin:/bin", place.path("bin").display());
    (place, path)
}

#[test]
fn a_program_that_only_a_login_finds_fails_as_in_a_service_and_the_remedy_is_told() {
    let (place, path) = place();
    let once = |args: &[&str]| place.command(args).env("PATH", &path).output().unwrap();
    let login = once(&["once", "tasks::a"]);
    assert_eq!(login.status.code(), Some(0), "{}", stderr(&login));
    let service = once(&["once", "--clean-env", "tasks::a"]);
    let text = stderr(&service);
    assert_eq!(service.status.code(), Some(1), "{text}");
    assert!(text.contains("program `only-here`: No such file"), "{text}");
    assert!(text.contains("the PATH that the run has"), "{text}");
}

#[test]
fn check_tells_what_a_service_would_not_find_and_how_to_see_it() {
    let (place, path) = place();
    let mut check = place.command(&["check", "tasks::a"]);
    let text = stderr(&check.env("PATH", &path).output().unwrap());
    assert!(text.contains("a service would not find it"), "{text}");
    assert!(text.contains("once --clean-env tasks::a"), "{text}");
    place.configure("[tasks.a]\ncommand = [\"true\"]\n");
    let mut check = place.command(&["check", "tasks::a"]);
    let text = stderr(&check.env("PATH", &path).output().unwrap());
    assert!(!text.contains("a service would not"), "{text}");
}

#[test]
fn nothing_of_the_login_reaches_the_run_but_what_is_written_does() {
    let place = Place::with(
        "[tasks.a]\nshell = \"env | sort\"\nlog_output = \"always\"\nenv = { APP = \"production\" }\n",
    );
    let mut once = place.command(&["once", "--clean-env", "tasks::a"]);
    once.env("SSH_AGENT_PID", "1").env("LANG", "de_AT.UTF-8");
    let text = stderr(&once.output().unwrap());
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    for expected in [path, "APP=production", "RUN_FUNCTIONS_TASK=tasks::a"] {
        assert!(
            text.contains(&format!("| {expected}")),
            "{expected}: {text}"
        );
    }
    for login in ["| HOME=", "| LANG=", "| SSH_AGENT_PID=", "| USER="] {
        assert!(!text.contains(login), "{login}: {text}");
    }
}
