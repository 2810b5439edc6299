//! What the program tells somebody to type does what it says: mails are read elsewhere, screens where they are.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::{self, Place, eventually, on_terminal, stderr, stdout};

const FAILS: &str = "[tasks.a]\nshell = \"echo said by a; exit 3\"\n";

/// `PATH` with the directory of the program in front, as if it were installed.
fn path() -> OsString {
    let binary = Path::new(env!("CARGO_BIN_EXE_run_functions"));
    let usual = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::iter::once(binary.parent().unwrap().to_owned());
    std::env::join_paths(directories.chain(std::env::split_paths(&usual))).unwrap()
}

/// A line as a person types it, in the environment of a place.
fn typed(place: &Place, directory: &Path, line: &str) -> Output {
    let mut command = place.command_of(Path::new("/bin/sh"), &["-c", line]);
    command.current_dir(directory).env("PATH", path());
    command.output().unwrap()
}

/// Runs a chain until its first mail is there, in the directory `cwd` below the place; returns the command that the mail names.
fn look_of_mail(place: &Place, cwd: &str, mails: &str, change: impl Fn(&mut Command)) -> String {
    std::fs::create_dir_all(place.path(cwd)).unwrap();
    let mut command = place.command(&[]);
    command.current_dir(place.path(cwd)).env("PATH", path());
    change(&mut command);
    let runner = support::Runner::start(command);
    let mail = || support::mails_in(&place.path(mails)).into_iter().next();
    assert!(eventually(|| mail().is_some()), "{}", runner.log());
    let mail = mail().unwrap().replace("\r\n", "\n");
    assert_eq!(runner.stop(), Some(0));
    let (_, look) = mail.split_once("To look").expect("a command");
    let (look, _) = look.split_once("Why this mail").unwrap();
    look.trim_start_matches(':').trim().to_owned()
}

#[track_caller]
fn shows_what_was_said(place: &Place, look: &str) {
    let elsewhere = place.path("else where");
    std::fs::create_dir_all(&elsewhere).unwrap();
    let output = typed(place, &elsewhere, look);
    let (text, code) = (stdout(&output), output.status.code());
    assert_eq!(code, Some(0), "{look}\n{}", stderr(&output));
    assert!(text.contains("said by a"), "{look}\n{text}");
    assert!(!elsewhere.join("run").exists(), "{look}");
}

#[test]
fn a_mail_names_the_configuration_that_was_named() {
    let place = Place::empty();
    place.write("it's mine/run_functions.toml", FAILS);
    let look = look_of_mail(&place, ".", "it's mine/run/mail", |command| {
        command.args(["tasks::a", "--config", "./it's mine/run_functions.toml"]);
    });
    assert!(look.starts_with("run_functions logs a"), "{look}");
    shows_what_was_said(&place, &look);
}

#[test]
fn a_mail_names_the_configuration_of_the_directory() {
    let place = Place::with(FAILS);
    let look = look_of_mail(&place, ".", "run/mail", |command| {
        command.arg("tasks::a");
    });
    assert!(
        look.contains(" --config ") && !look.contains("--run-root"),
        "{look}"
    );
    shows_what_was_said(&place, &look);
}

#[test]
fn a_mail_is_short_where_that_leads_to_the_same_from_anywhere() {
    let place = Place::empty();
    place.write(".config/run_functions/run_functions.toml", FAILS);
    let mails = ".config/run_functions/run/mail";
    let look = look_of_mail(&place, "somewhere", mails, |command| {
        command.arg("tasks::a");
    });
    assert_eq!(look, "run_functions logs a");
    shows_what_was_said(&place, &look);
    // As units do, which name what would be found all the same.
    std::fs::remove_dir_all(place.path(mails)).unwrap();
    let look = look_of_mail(&place, ".config", mails, |command| {
        command.args(["tasks::a", "--config", "run_functions/run_functions.toml"]);
    });
    assert_eq!(look, "run_functions logs a");
}

#[test]
fn a_mail_names_the_directory_where_there_is_no_configuration() {
    let place = Place::empty();
    let look = look_of_mail(&place, ".", "run/mail", |command| {
        command.arg("tasks::divide_by_zero");
    });
    assert!(
        look.contains(" --run-root ") && !look.contains("--config"),
        "{look}"
    );
    let output = typed(&place, Path::new("/"), &look.replace("logs", "history"));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn a_mail_names_directories_of_the_environment() {
    let place = Place::empty();
    place.write(".config/run_functions/run_functions.toml", FAILS);
    let look = look_of_mail(&place, "somewhere", "kept/mail", |command| {
        command
            .arg("tasks::a")
            .env("RUN_FUNCTIONS_RUN_ROOT", place.path("locks"));
        command.env("RUN_FUNCTIONS_STATE_DIR", place.path("kept"));
    });
    shows_what_was_said(&place, &look);
    let status = look.replace("logs a", "status a");
    let output = typed(&place, Path::new("/"), &status);
    let text = stdout(&output);
    assert!(text.contains("a: not running since"), "{status}\n{text}");
}

#[test]
fn a_program_that_no_shell_finds_is_named_by_its_path() {
    let place = Place::with(FAILS);
    let usual = std::env::var_os("PATH").unwrap();
    let look = look_of_mail(&place, ".", "run/mail", |command| {
        command.arg("tasks::a").env("PATH", &usual);
    });
    assert!(
        look.starts_with(env!("CARGO_BIN_EXE_run_functions")),
        "{look}"
    );
    shows_what_was_said(&place, &look);
}

/// A place with a configuration that is not found by itself, and a chain that ran and was stopped.
fn stopped() -> (Place, [&'static str; 2]) {
    let place = Place::empty();
    place.write("my conf/x.toml", FAILS);
    let named = ["--config", "my conf/x.toml"];
    let runner = place.start(&["tasks::a", named[0], named[1]]);
    runner.wait_for("Sleeping");
    assert_eq!(runner.stop(), Some(0));
    (place, named)
}

#[test]
fn status_says_how_to_start_the_same_chain_also_on_a_narrow_terminal() {
    let (place, [option, file]) = stopped();
    let start = "start it with `run_functions tasks::a --config 'my conf/x.toml'`";
    let text = stdout(&place.run(&["status", option, file]));
    assert!(text.contains(start), "{text}");
    let (_, lines) = on_terminal(place.command(&["status", option, file]), 40);
    assert!(lines.iter().any(|line| line.trim() == start), "{lines:?}");
    let root = place.path("my conf/run");
    let root = root.to_str().unwrap();
    let text = stdout(&place.run(&["status", "--run-root", root]));
    let start = format!("start it with `run_functions tasks::a --run-root '{root}'`");
    assert!(text.contains(&start), "{text}");
}

#[test]
fn the_mail_of_status_is_read_elsewhere() {
    let (place, [option, file]) = stopped();
    place.run(&["status", "--mail-if-bad", option, file]);
    let mails = std::fs::read_dir(place.path("my conf/run/mail")).unwrap();
    let mails = mails.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    let mail = mails.filter(|mail| mail.contains("event=status")).last();
    let mail = mail
        .expect("a mail")
        .replace("=\r\n", "")
        .replace("=3D", "=");
    let file = format!("--config '{}'", place.path("my conf/x.toml").display());
    assert!(mail.contains(&format!(" tasks::a {file}`")), "{mail}");
}

#[test]
fn hints_repeat_the_options_that_were_typed() {
    let (place, [option, file]) = stopped();
    let with = "--config 'my conf/x.toml'`";
    let said = |args: &[&str]| stderr(&place.run(&[args, &[option, file]].concat()));
    for (args, hint) in [
        (
            &["mute", "a/tasks::a", "1h"][..],
            "`run_functions unmute a/tasks::a",
        ),
        (&["mute", "nobody", "1h"], "`run_functions status"),
        (&["stop", "nobody"], "`run_functions status"),
        (&["logs", "--run", "mhx3k9ab2"], "`run_functions history"),
        (&["banana"], "`run_functions list"),
        (&["mute", "a", "1h"], "`run_functions unmute a"),
        (&["unmute", "a/tasks::a"], "`run_functions unmute a"),
    ] {
        let text = said(args);
        assert!(text.contains(&format!("{hint} {with}")), "{args:?}: {text}");
    }
    let text = stderr(&place.run(&["stop", "nobody"]));
    assert!(text.contains("`run_functions status`"), "{text}");
}
