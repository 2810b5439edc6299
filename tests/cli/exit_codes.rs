//! Every exit code of the program's table, by the shortest way there.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use crate::support::{self, Place, Runner, stderr};
use nix::sys::signal::Signal;

const TASKS: &str = r#"
[tasks.good]
shell = "true"
success_cooldown = "1day"
[tasks.bad]
shell = "exit 1"
[tasks.fatal]
shell = "exit 9"
fatal_exit_codes = [9]
"#;

/// Runs the program with these words, separated by spaces.
fn code(place: &Place, line: &str) -> (Option<i32>, String) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let output = place.run(&words);
    (output.status.code(), stderr(&output))
}

fn mode(place: &Place, name: &str, mode: u32) {
    fs::set_permissions(place.path(name), fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_ends_by_itself_ends_with_the_code_of_the_table() {
    type Prepare = fn(&Place);
    let nothing: Prepare = |_| {};
    let cases: [(i32, &str, Prepare); 22] = [
        (0, "once tasks::good", nothing),
        (0, "check", nothing),
        (0, "--dry-run tasks::good", nothing),
        (1, "once tasks::bad", nothing),
        (1, "once tasks::good tasks::bad tasks::good", nothing),
        (2, "", nothing),
        (2, "statsu", nothing),
        (2, "tasks::unknown", nothing),
        (2, "--no-such-option", nothing),
        (2, "--name ../up tasks::good", nothing),
        (2, "once", nothing),
        (3, "stop good", nothing),
        (3, "wake good", nothing),
        (69, "mail test", |place| {
            place.configure(
                "[mail]\nto = [\"a@example.org\"]\nfrom = \"b@example.org\"\ntransport = \"smtp\"\n\
                 server = \"127.0.0.1\"\nport = 1\ntls = \"none\"\n",
            );
        }),
        (70, "tasks::fatal", nothing),
        (70, "once tasks::fatal", nothing),
        (73, "tasks::good", |place| {
            place.write("run/.keep", "");
            mode(place, "run", 0o777);
        }),
        (73, "tasks::good", |place| place.write("run", "a file")),
        (73, "tasks::good", |place| {
            place.write("run/elsewhere", "");
            mode(place, "run", 0o700);
            symlink(place.path("run/elsewhere"), place.path("run/good.pid")).unwrap();
        }),
        (77, "check", |place| {
            place.configure(
                "[mail]\nto = [\"a@example.org\"]\nfrom = \"b@example.org\"\ntransport = \"smtp\"\n\
                 server = \"mail.example.org\"\nusername = \"b\"\npassword_file = \"password\"\n",
            );
            place.write("password", "secret");
            mode(place, "password", 0o644);
        }),
        (78, "tasks::good", |place| {
            place.configure("[tasks.good]\nshel = \"true\"\n")
        }),
        (78, "--config not_there.toml tasks::good", nothing),
    ];
    for (expected, line, prepare) in cases {
        let place = Place::with(TASKS);
        prepare(&place);
        let (code, said) = code(&place, line);
        assert_eq!(code, Some(expected), "`{line}`:\n{said}");
        assert!(
            code == Some(0) || line.contains("once") || !said.is_empty(),
            "`{line}` says nothing"
        );
    }
}

fn runner(place: &Place, words: &[&str]) -> Runner {
    let runner = place.start(words);
    runner.wait_for("Sleeping");
    runner
}

#[test]
fn a_replaced_runner_ends_with_0() {
    let place = Place::with(TASKS);
    let mut old = runner(&place, &["tasks::good"]);
    let new = runner(&place, &["tasks::good"]);
    assert_eq!(old.wait_for_end(), Some(0));
    assert_eq!(new.stop(), Some(0));
}

#[test]
fn a_chain_of_other_tasks_with_the_same_name_is_left_alone_with_65() {
    let place = Place::with(TASKS);
    let mut old = runner(&place, &["--name", "x", "tasks::good"]);
    let (code, said) = code(&place, "--name x tasks::bad");
    assert_eq!(code, Some(65), "{said}");
    assert!(said.contains("tasks::good") && old.lives(), "{said}");
    assert_eq!(old.stop(), Some(0));
}

#[test]
fn a_runner_that_is_not_to_be_replaced_stays_with_75() {
    let place = Place::with(TASKS);
    let mut old = runner(&place, &["tasks::good"]);
    let (code, said) = code(&place, "--no-kill-concurrent tasks::good");
    assert_eq!(code, Some(75), "{said}");
    assert!(
        said.contains(&old.pid().to_string()) && old.lives(),
        "{said}"
    );
    assert_eq!(old.stop(), Some(0));
}

#[test]
fn a_task_that_starts_its_own_chain_gets_75_and_the_remedy() {
    let program = env!("CARGO_BIN_EXE_run_functions");
    let place = Place::with(&format!(
        "[tasks.deploy]\nshell = \"{program} tasks::deploy || echo code $?; exit 1\"\n"
    ));
    let runner = place.start(&["tasks::deploy"]);
    runner.wait_for("| code 75");
    runner.wait_for("Execution failed: exit 1: error: runner");
    runner.wait_for("systemd-run");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_war_of_restarts_ends_with_75() {
    let place = Place::with(TASKS);
    let mut runners = vec![runner(&place, &["tasks::good"])];
    let ended = (0..20).find_map(|_| {
        let mut newcomer = place.start(&["tasks::good"]);
        let ended = support::eventually(|| newcomer.count("Sleeping") > 0 || !newcomer.lives());
        assert!(ended, "{}", newcomer.log());
        let at_war = !newcomer.lives();
        runners.push(newcomer);
        at_war.then_some(())
    });
    assert!(ended.is_some(), "twenty takeovers in a moment are peace");
    let mut last = runners.pop().unwrap();
    assert_eq!(last.wait_for_end(), Some(75), "{}", last.log());
    last.wait_for("taken over");
    let mut survivor = runners.pop().unwrap();
    assert!(survivor.lives());
    assert_eq!(survivor.stop(), Some(0));
}

#[test]
fn status_of_a_failing_chain_is_1_of_none_3_of_a_healthy_one_0() {
    let place = Place::with(TASKS);
    assert_eq!(code(&place, "status").0, Some(3));
    let good = runner(&place, &["tasks::good"]);
    assert_eq!(code(&place, "status").0, Some(0));
    let bad = runner(&place, &["tasks::bad"]);
    assert!(support::eventually(|| code(&place, "status").0 == Some(1)));
    assert_eq!((good.stop(), bad.stop()), (Some(0), Some(0)));
}

#[test]
fn quit_ends_with_131() {
    let place = Place::with(TASKS);
    let mut runner = runner(&place, &["tasks::good"]);
    runner.signal(Signal::SIGQUIT);
    assert_eq!(runner.wait_for_end(), Some(131));
}

#[test]
#[ignore = "needs root"]
fn a_runner_of_another_user_is_left_alone_with_77() {
    let place = Place::with(TASKS);
    let mut old = runner(&place, &["tasks::good"]);
    // Root's runner, in a directory that was given to somebody else since.
    mode(&place, ".", 0o755);
    let given = Command::new("chown")
        .args(["-R", "64124"])
        .arg(place.path("run"))
        .status();
    assert!(given.unwrap().success());
    let program = env!("CARGO_BIN_EXE_run_functions");
    let other = ["--reuid=64124", "--regid=64124", "--clear-groups", program];
    for line in [&["tasks::good"][..], &["stop", "good"], &["wake", "good"]] {
        let words = [&other[..], line].concat();
        let output = place
            .command_of("setpriv".as_ref(), &words)
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(77),
            "{line:?}: {}",
            stderr(&output)
        );
        assert!(old.lives(), "{}", old.log());
    }
    assert_eq!(old.stop(), Some(0));
}
