//! What a command, a shell line and a script find when they run, and what their ends mean.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::child_support::{self, Child, IS_KEPT, is_success, text};
use run_functions::__internal::child::IN_FLIGHT_FD;
use run_functions::__internal::{IoNice, Outcome, now};

fn printed(child: &Child) -> String {
    let ended = child.run();
    assert!(is_success(&ended), "{ended:?}");
    ended.output().head.clone()
}

#[test]
fn both_streams_are_captured_in_order() {
    let child = Child::shell("echo 1; echo 2 >&2; echo 3");
    assert_eq!(printed(&child), "1\n2\n3\n");
}

#[test]
fn arguments_of_a_command_meet_no_shell() {
    let child = Child::command(&["printf", "%s|", "a b", "$HOME", "*", ""]);
    assert_eq!(printed(&child), "a b|$HOME|*||");
}

#[test]
fn a_shell_line_ends_at_its_first_failing_command() {
    assert_eq!(
        Child::shell("echo begin; false; echo end").fails(),
        "exit 1: begin"
    );
}

#[test]
fn a_script_is_run_by_its_first_line_without_an_x_bit() {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("a script");
    fs::write(
        &script,
        "#!/bin/sh -e\nfalse || echo \"$0\"\nfalse\necho no\n",
    )
    .unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o600)).unwrap();
    let expected = format!("exit 1: {}", script.display());
    assert_eq!(Child::script(&script).fails(), expected);
}

#[test]
fn a_script_that_is_being_written_runs_nevertheless() {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("script");
    fs::write(&script, "#!/bin/sh\necho hello\n").unwrap();
    let _writer = fs::File::options().append(true).open(&script).unwrap();
    assert_eq!(printed(&Child::script(&script)), "hello\n");
}

#[test]
fn exit_codes_from_0_to_255_arrive() {
    let wanted = Child::shell("exit 0").with(|settings| {
        settings.retry_later_exit_codes = vec![75];
        settings.fatal_exit_codes = vec![99];
    });
    for code in 0..=255 {
        let child = Child::shell(&format!("exit {code}")).with(|to| *to = wanted.settings.clone());
        let ended = child.run();
        match code {
            0 => assert!(is_success(&ended)),
            75 => assert!(matches!(ended.outcome, Outcome::RetryLater { .. })),
            99 => assert!(matches!(ended.outcome, Outcome::Fatal(_))),
            _ => assert_eq!(text(&ended), format!("exit {code}")),
        }
    }
}

#[test]
fn every_deadly_signal_is_named() {
    let harmless = [17, 18, 19, 20, 21, 22, 23, 28, 32, 33];
    for signal in (1..=64).filter(|signal| !harmless.contains(signal)) {
        let child = Child::shell(&format!("kill -{signal} $$; echo lived"));
        let child = child.with(|settings| {
            settings.rlimits.insert("core".to_owned(), 0);
        });
        let text = child.fails();
        assert!(
            text.starts_with(&format!("killed by signal {signal} (SIG")),
            "{signal}: {text}"
        );
    }
}

#[test]
fn a_run_is_told_who_it_is_and_no_secret() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Child::shell("env | grep -E '^(RUN_FUNCTIONS_|A=|PATH=)' | sort")
        .with(|settings| drop(settings.env.insert("A".to_owned(), "b c".to_owned())));
    child.secrets = vec!["PATH".to_owned()];
    child.scratch = Some(dir.path().to_owned());
    let text = printed(&child);
    let names: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split('=').next())
        .filter(|name| *name != IS_KEPT)
        .collect();
    let expected = ["A", "CHAIN", "DEADLINE", "REPORT", "RUN_ID", "TASK"];
    let expected = expected.map(|name| match name {
        "A" => name.to_owned(),
        name => format!("RUN_FUNCTIONS_{name}"),
    });
    assert_eq!(names, expected);
    assert!(text.contains("A=b c\n"), "{text}");
    assert!(text.contains("RUN_FUNCTIONS_CHAIN=tested\n"), "{text}");
    assert!(
        text.contains("RUN_FUNCTIONS_TASK=tasks::tested\n"),
        "{text}"
    );
}

#[test]
fn a_shell_names_the_kind_of_its_failure() {
    let ended = Child::shell("echo \"kind=db down\" >> \"$RUN_FUNCTIONS_REPORT\"; exit 3").run();
    let failure = ended.outcome.failure().unwrap();
    assert_eq!(failure.kind.as_deref(), Some("db down"));
    assert_eq!(failure.text(), "exit 3");
}

#[test]
fn a_shell_asks_to_be_tried_again() {
    let line = "echo \"retry-later=the mirror is locked\" >> \"$RUN_FUNCTIONS_REPORT\"; exit 3";
    let ended = Child::shell(line).run();
    let reason = "the mirror is locked";
    assert!(matches!(ended.outcome, Outcome::RetryLater { reason: r } if r == reason));
}

#[test]
#[ignore = "needs python3"]
fn python_names_the_kind_of_its_failure() {
    let program = "import os\n\
        with open(os.environ['RUN_FUNCTIONS_REPORT'], 'a') as report:\n    \
        print('kind=db down', file=report)\n1 / 0\n";
    let ended = Child::command(&["python3", "-c", program]).run();
    let failure = ended.outcome.failure().unwrap();
    assert_eq!(failure.kind.as_deref(), Some("db down"));
    assert_eq!(
        failure.text(),
        "exit 1: ZeroDivisionError: division by zero"
    );
}

#[test]
fn no_report_file_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Child::shell("echo kind=x >> \"$RUN_FUNCTIONS_REPORT\"; exit 1");
    child.scratch = Some(dir.path().to_owned());
    child.run();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

/// Returns the descriptors of a process, each with where it leads.
fn descriptors(pid: i32) -> Vec<(i32, String)> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
    let mut all: Vec<(i32, String)> = entries
        .map(|entry| {
            let number = entry.file_name().to_str().unwrap().parse().unwrap();
            let target = fs::read_link(entry.path()).unwrap();
            (number, target.display().to_string())
        })
        .collect();
    all.sort();
    all
}

/// Starts a process that sleeps, and returns it when it does.
fn sleeping(child: &Child) -> child_support::Running {
    let running = child.start();
    // Before it sleeps, the dynamic loader has the libraries open for a moment.
    let stat = format!("/proc/{}/stat", running.run.pid());
    running.until("it sleeps", || {
        fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(" (sleep) S "))
    })
}

/// The golden test of what surrounds a child: nothing of the runner's habits is left.
#[test]
fn a_child_begins_with_clean_signals_descriptors_session_and_stdin() {
    let lock = tempfile::NamedTempFile::new().unwrap();
    let mut child = Child::command(&["sleep", "1000"]).with(|to| to.umask = Some(0o027));
    child.in_flight = Some(lock.reopen().unwrap());
    let mut running = sleeping(&child);
    let pid = running.run.pid();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let found = descriptors(pid);
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    running.run.kill(now().mono);
    running.finish();
    let golden = [
        "Umask:\t0027",
        "Threads:\t1",
        "ShdPnd:\t0000000000000000",
        "SigBlk:\t0000000000000000",
        "SigIgn:\t0000000000000000",
        "SigCgt:\t0000000000000000",
    ];
    for line in golden {
        assert!(
            status.lines().any(|found| found == line),
            "no {line:?} in {status}"
        );
    }
    let numbers: Vec<i32> = found.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [0, 1, 2, IN_FLIGHT_FD], "{found:?}");
    assert_eq!(found[0].1, "/dev/null");
    assert!(
        found[1].1.starts_with("pipe:") && found[1].1 == found[2].1,
        "{found:?}"
    );
    assert_eq!(found[3].1, lock.path().display().to_string());
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    let (group, session) = (fields[2], fields[3]);
    assert_eq!([group, session], [pid.to_string(), pid.to_string()]);
}

#[test]
fn descriptors_that_the_runner_itself_inherited_do_not_reach_a_child() {
    // A pipe without the close-on-exec flag, as a careless parent of the runner leaves them.
    let (_reader, _writer) = nix::unistd::pipe().unwrap();
    let mut running = sleeping(&Child::command(&["sleep", "1000"]));
    let found = descriptors(running.run.pid());
    running.run.kill(now().mono);
    running.finish();
    let numbers: Vec<i32> = found.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [0, 1, 2], "{found:?}");
}

#[test]
fn limits_niceness_directory_and_input_are_as_set() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("input");
    fs::write(&input, "from a file\n").unwrap();
    let line = "ulimit -n; ulimit -c; nice; pwd -P; cat; ionice 2>/dev/null || echo idle";
    let child = Child::shell(line).with(|settings| {
        settings.rlimits = [("nofile".to_owned(), 77), ("core".to_owned(), 0)].into();
        settings.nice = Some(7);
        settings.ionice = Some(IoNice::Idle);
        settings.working_dir = Some(dir.path().to_owned());
        settings.stdin = Some(input.clone());
    });
    let here = fs::canonicalize(dir.path()).unwrap();
    let expected = format!("77\n0\n7\n{}\nfrom a file\nidle\n", here.display());
    assert_eq!(printed(&child), expected);
}

#[test]
#[ignore = "needs root and the user nobody"]
fn another_user_is_taken_for_good() {
    let line = "id -un; id -G | tr ' ' '\\n' | grep -cx 0; echo $HOME $USER; \
        grep -E '^(Uid|CapEff|CapPrm)' /proc/self/status | tr -d '\\n'; \
        echo; echo 'kind=x' >> \"$RUN_FUNCTIONS_REPORT\" && echo reported";
    let child = Child::shell(line).with(|settings| {
        settings.user = Some("nobody".to_owned());
        settings.ok_exit_codes = vec![0, 1];
        settings.working_dir = Some(Path::new("/").to_owned());
    });
    let line = line.replace("-cx 0;", "-cx 0 || true;");
    let child = Child {
        program: Child::shell(&line).program,
        ..child
    };
    let text = printed(&child);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "nobody");
    assert_eq!(lines[1], "0", "the groups of root are gone");
    assert!(lines[2].ends_with(" nobody"), "{text}");
    assert!(lines[3].contains("CapPrm:\t0000000000000000"), "{text}");
    assert_eq!(lines[4], "reported");
}

#[test]
fn output_is_appended_to_a_file_as_well() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("output");
    let child = Child::shell("echo hello").with(|to| to.output_file = Some(file.clone()));
    assert_eq!(printed(&child), "hello\n");
    assert_eq!(printed(&child), "hello\n");
    assert_eq!(fs::read_to_string(&file).unwrap(), "hello\nhello\n");
}

#[test]
fn an_output_file_that_cannot_be_written_is_told_and_stops_nothing() {
    let directory = Path::new("/proc/no/such/file");
    let child = Child::shell("echo hello").with(|to| to.output_file = Some(directory.to_owned()));
    let ended = child.run();
    assert!(is_success(&ended));
    assert!(
        ended.notes.join("").contains("cannot be opened"),
        "{:?}",
        ended.notes
    );
}
