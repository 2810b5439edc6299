//! A text that is wrong stops a start, never a look; what the machine lacks for one task stops neither, and is the failure of that task.

use std::fs;

use crate::support::{self, Place, Runner, eventually, stderr, stdout};

const GOOD: &str = "[tasks.good]\nshell = \"true\"\n";

fn code(place: &Place, args: &[&str]) -> (Option<i32>, String) {
    let output = place.run(args);
    let said = stdout(&output) + &stderr(&output);
    (output.status.code(), said)
}

/// Starts `tasks::good`, with its directory named in the configuration.
fn good(more: &str) -> (Place, Runner) {
    let place = Place::with(&format!("run_root = \"here\"\n{more}{GOOD}"));
    let runner = place.start(&["tasks::good"]);
    runner.wait_for("Sleeping");
    (place, runner)
}

#[test]
fn what_the_machine_lacks_for_a_task_is_a_mailed_failure_of_its_run() {
    for (lack, told) in [
        ("shell = \"true\"\nworking_dir = \"late\"", "working_dir `"),
        ("shell = \"true\"\nstdin = \"late\"", "stdin `"),
        ("script = \"late\"", "script `"),
        ("shell = \"true\"\nuser = \"no-such-user\"", "user `"),
        ("shell = \"true\"\ngroup = \"no-such-group\"", "group `"),
    ] {
        let place = Place::with(&format!("[tasks.lacks]\n{lack}\n{GOOD}"));
        let runner = place.start(&["tasks::lacks"]);
        let failure = format!("could not start: {told}");
        runner.wait_for(&format!(
            "Sent email to admins: First exception caught: {failure}"
        ));
        assert!(runner.log().contains("warning: "), "{}", runner.log());
        assert_eq!(code(&place, &["once", "tasks::good"]).0, Some(0), "{lack}");
        assert_eq!(code(&place, &["status"]).0, Some(1), "{lack}");
        assert_eq!(code(&place, &["stop", "lacks"]).0, Some(0), "{lack}");
        let subjects = place.all_subjects();
        assert!(subjects[0].contains("could not start: "), "{subjects:?}");
        let mails = place.all_mails();
        assert!(
            mails[0].contains(failure.trim_end_matches(" `")),
            "{mails:?}"
        );
    }
}

#[test]
fn a_directory_that_is_there_later_heals_the_task_without_another_start() {
    let config = "[tasks.a]\nshell = \"true\"\nworking_dir = \"late\"\nfail_cooldown = \"10ms\"\n";
    let place = Place::with(config);
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("could not start: working_dir");
    fs::create_dir(place.path("late")).unwrap();
    runner.wait_for("Execution successful");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_password_that_cannot_be_had_keeps_no_chain_from_starting_and_its_mail_waits() {
    for (mode, told) in [
        (None, "No such file"),
        (Some(0o644), "can be read by others"),
    ] {
        let place = Place::with(
            "[mail]\nto = [\"a@example.org\"]\nserver = \"mail.example.org\"\nusername = \"b\"\npassword_file = \"late\"\n[tasks.bad]\nshell = \"false\"\n",
        );
        if let Some(mode) = mode {
            place.write("late", "secret\n");
            place.set_mode("late", mode);
        }
        let runner = place.start(&["tasks::bad"]);
        runner.wait_for("First exception caught");
        runner.wait_for(told);
        let (code, said) = code(&place, &["status"]);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("1 mail waits in the outbox"), "{said}");
        assert_eq!(runner.stop(), Some(0));
    }
}

#[test]
fn commands_that_look_or_stop_work_with_a_broken_configuration_and_say_so_in_a_line() {
    let (place, mut runner) = good("");
    for broken in [
        format!("run_root = \"here\"\n{GOOD}colour = \"red\"\n[mial]\n"),
        format!("run_root = \"here\"\n{GOOD}timeout = \"soo"),
        format!("run_root = \"here\"\n{GOOD}[tasks.x\n"),
        format!("run_root = \"here\"\n= = =\n{GOOD}"),
        format!("run_root = \"here\"\nlog = 5\nmail = true\ntasks = \"none\"\n{GOOD}"),
        format!("{GOOD}[tasks.good]\nshell = \"true\"\n").replace("[", "run_root = \"here\"\n["),
        format!(
            "run_root = \"here\"\n{GOOD}[defaults]\nstop_signal = \"NONE\"\nleak = 5\nkill_grace = []\nlog_output = 1\nmax_log_bytes = \"\"\nok_exit_codes = \"\"\ntimeout = 0\n"
        ),
    ] {
        place.replace("run_functions.toml", &broken);
        for look in [
            &["status"][..],
            &["status", "--mail-if-bad"],
            &["status", "--json"],
            &["metrics"],
            &["history"],
            &["logs", "good"],
            &["report"],
            &["mail", "queue"],
            &["wake", "good"],
            &["mute", "good", "1h"],
            &["unmute", "good"],
        ] {
            let output = place.run(look);
            let said = stderr(&output);
            assert_eq!(
                output.status.code(),
                Some(0),
                "{look:?} of {broken}: {said}"
            );
            let warnings = said.matches("warning: ").count();
            assert_eq!(warnings, 1, "{look:?} of {broken}: {said}");
            assert!(said.contains("run_functions.toml:"), "{said}");
            assert!(said.contains("`run_functions check`"), "{said}");
        }
        for start in [&["tasks::good"][..], &["once", "tasks::good"], &["check"]] {
            let (code, said) = code(&place, start);
            assert_eq!(code, Some(78), "{start:?} of {broken}: {said}");
        }
    }
    assert!(runner.lives(), "{}", runner.log());
    assert_eq!(code(&place, &["stop", "good"]).0, Some(0));
    assert_eq!(runner.wait_for_end(), Some(0));
}

#[test]
fn a_configuration_that_is_half_saved_after_any_byte_panics_nothing() {
    let whole = "run_root = \"here\"\n[mail]\nto = [\"ä@example.org\"]\ntransport = \"sendmail\"\n[tasks.good]\nenv = { A = '''x''', B = \"ü\" }\nshell = \"true\"\n";
    let place = Place::empty();
    for end in (0..whole.len()).step_by(7) {
        place.write("run_functions.toml", &whole.as_bytes()[..end]);
        let (code, said) = code(&place, &["status"]);
        assert_eq!(code, Some(3), "after {end} bytes: {said}");
    }
}

#[test]
fn a_configuration_that_cannot_be_read_is_not_needed_where_the_directory_is_named() {
    let (place, mut runner) = good("");
    fs::remove_file(place.path("run_functions.toml")).unwrap();
    fs::create_dir(place.path("run_functions.toml")).unwrap();
    let (refused, said) = code(&place, &["status"]);
    assert_eq!(refused, Some(78), "{said}");
    let (found, said) = code(&place, &["status", "--run-root", "here"]);
    assert_eq!(found, Some(0), "{said}");
    assert!(said.contains("warning: "), "{said}");
    let (stopped, said) = code(&place, &["stop", "good", "--run-root", "here"]);
    assert_eq!(stopped, Some(0), "{said}");
    assert_eq!(runner.wait_for_end(), Some(0));
}

#[test]
fn what_is_bad_is_mailed_though_the_configuration_is_broken() {
    let mail = "[mail]\nto = [\"ops@example.org\"]\ntransport = \"file\"\n";
    let place = Place::with(&format!("{mail}[tasks.bad]\nshell = \"false\"\n"));
    let runner = place.start(&["tasks::bad"]);
    runner.wait_for("Sent email");
    assert!(eventually(|| place.mails().len() == 1));
    place.replace(
        "run_functions.toml",
        format!("{mail}[tasks.bad]\nshell = \"fal"),
    );
    let (bad, said) = code(&place, &["status", "--mail-if-bad"]);
    assert_eq!(bad, Some(1), "{said}");
    let mails = place.mails();
    let told = mails.iter().find(|mail| mail.contains("event=status"));
    let told = support::unfolded(told.unwrap());
    assert!(
        told.contains("The configuration is wrong and was read in part"),
        "{told}"
    );
    // Where it names nobody, nothing looks as if it had been mailed.
    place.replace("run_functions.toml", "[tasks.bad]\nshell = \"fal");
    let (bad, said) = code(&place, &["status", "--mail-if-bad"]);
    assert_eq!(bad, Some(78), "{said}");
    assert!(said.contains("nothing was mailed"), "{said}");
    assert_eq!(place.mails().len(), mails.len());
    assert_eq!(runner.stop(), Some(0));
}
