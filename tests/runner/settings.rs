//! Each setting of `[tasks.NAME]`, from the TOML file to the process: what is written is what the run finds.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Output;

use crate::support::limits::{with_time_enough, words};
use crate::support::{Place, stderr};

/// Runs `tasks::a` with these settings once.
pub(super) fn once(settings: &str) -> (Place, Output) {
    let place = Place::with(&format!("[tasks.a]\n{settings}\n"));
    let output = place.run(&["once", "tasks::a"]);
    (place, output)
}

/// Runs `tasks::a`, which succeeds, and returns what it printed.
#[track_caller]
pub(super) fn printed(settings: &str) -> String {
    let (_place, output) = once(&format!("log_output = \"always\"\n{settings}"));
    let log = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{settings}\n{log}");
    let lines = log.lines();
    let lines = lines.filter_map(|line| Some(line.split_once("[tasks::a] | ")?.1));
    lines.collect::<Vec<_>>().join("\n")
}

/// Runs `tasks::a`, which fails, and returns the log.
#[track_caller]
fn failed(settings: &str) -> String {
    let (_place, output) = once(settings);
    let log = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{settings}\n{log}");
    log
}

/// Returns what `check` warns of, which refuses nothing.
#[track_caller]
pub(super) fn warned(place: &Place) -> String {
    let output = place.run(&["check", "tasks::a"]);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    text
}

#[test]
fn a_command_meets_no_shell_and_a_shell_line_ends_at_its_first_failure() {
    let words = "command = [\"printf\", \"%s|\", \"a b\", \"$HOME\", \"*\"]";
    assert_eq!(printed(words), "a b|$HOME|*|");
    let log = failed("shell = \"echo begun | tr b B; false; echo never\"");
    assert!(log.contains("Execution failed: exit 1: Begun"), "{log}");
}

#[test]
fn a_configuration_with_the_line_ends_of_windows_means_the_same() {
    let text = "[tasks.a]\nlog_output = \"always\"\nshell = \"\"\"\nif true; then\n  printf 'a\\r\\n'\nfi\n\"\"\"\n";
    let place = Place::with(&text.replace('\n', "\r\n"));
    let output = place.run(&["once", "tasks::a"]);
    let log = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{log}");
    assert!(log.contains("| a"), "{log}");
    place.configure("[tasks.a]\r\ncommand = \"ls -l\"\r\n");
    let output = place.run(&["once", "tasks::a"]);
    assert_eq!(output.status.code(), Some(78));
    let log = stderr(&output);
    assert!(
        log.contains("for example `[\"ls\", \"-l\"]`, or `shell`"),
        "{log}"
    );
    assert!(log.contains("run_functions.toml:2:11"), "{log}");
}

#[test]
fn a_script_is_found_beside_the_file_and_needs_no_x_bit() {
    let place = Place::with("[tasks.a]\nscript = \"job.sh\"\nlog_output = \"always\"\n");
    place.write("job.sh", "#!/bin/sh -u\necho \"$0 ran\"\n");
    fs::set_permissions(place.path("job.sh"), fs::Permissions::from_mode(0o600)).unwrap();
    let output = place.run(&["once", "tasks::a"]);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    let expected = format!("{} ran", place.path("job.sh").display());
    assert!(text.contains(&expected), "{text}");
}

#[test]
fn a_first_line_that_cannot_work_is_warned_of_and_explained() {
    let place = Place::with("[tasks.a]\nscript = \"job\"\n");
    for (first, expected) in [
        ("#!/bin/sh\r\necho x\r\n", "carriage return"),
        ("echo x\n", "does not begin with `#!`"),
        ("#!python3\n", "/usr/bin/env python3"),
        ("#!/no/such/interpreter\n", "`/no/such/interpreter`"),
    ] {
        place.write("job", first);
        let text = warned(&place);
        assert!(text.contains(expected), "{first:?}: {text}");
        assert!(text.contains("run_functions.toml:2:10"), "{text}");
    }
    fs::remove_file(place.path("job")).unwrap();
    assert!(warned(&place).contains("does not exist"));
}

#[test]
fn working_dir_is_relative_to_the_file_and_must_be_there() {
    let place = Place::with(
        "[tasks.a]\nshell = \"pwd\"\nworking_dir = \"below\"\nlog_output = \"always\"\n",
    );
    assert!(warned(&place).contains("`working_dir` does not exist"));
    fs::create_dir(place.path("below")).unwrap();
    let text = stderr(&place.run(&["once", "tasks::a"]));
    assert!(
        text.contains(&place.path("below").display().to_string()),
        "{text}"
    );
}

#[test]
fn a_run_has_the_variables_that_are_written_and_those_that_pass() {
    let line = "shell = \"env | cut -d= -f1 | grep -v -e RUN_FUNCTIONS -e ^PWD -e ^OLDPWD -e ^_ -e SHLVL | sort | tr '\\n' ' '\"\n";
    let inherited = printed(&format!("{line}env = {{ A = \"1\" }}"));
    assert_eq!(inherited, "A HOME PATH TZ ");
    let cleared = printed(&format!("{line}env_clear = true"));
    assert_eq!(cleared.replace("PATH ", ""), "");
    let passed = printed(&format!(
        "{line}env_clear = true\nenv_pass = [\"TZ\", \"PATH\"]\nenv = {{ A = \"1\" }}"
    ));
    assert_eq!(passed, "A PATH TZ ");
}

/// A program that brings an old library of its own is nothing that the launcher could be loaded with.
#[test]
fn what_the_loader_obeys_is_for_the_program_alone() {
    let place = Place::with("");
    place.write("lib/libc.so.6", "no library");
    let dir = place.path("lib");
    let config = |line: &str| {
        format!(
            "[tasks.a]\n{line}\nlog_output = \"always\"\nenv = {{ LD_LIBRARY_PATH = \"{}\" }}\n",
            dir.display()
        )
    };
    // The shell is the one that cannot be loaded, and it says so itself.
    place.configure(&config("command = [\"/bin/sh\", \"-c\", \"true\"]"));
    let log = stderr(&place.run(&["once", "tasks::a"]));
    assert!(log.contains("| /bin/sh: error while loading"), "{log}");
    // Without a library in it the variable arrives, and the runner's own does not.
    fs::remove_file(dir.join("libc.so.6")).unwrap();
    place.configure(&config("shell = \"echo at $LD_LIBRARY_PATH\""));
    let mut command = place.command(&["once", "tasks::a"]);
    let log = stderr(&command.env("LD_LIBRARY_PATH", "/runner").output().unwrap());
    assert!(log.contains(&format!("| at {}", dir.display())), "{log}");
    place.configure("[tasks.a]\nshell = \"echo ${LD_LIBRARY_PATH-none}\"\nlog_output = \"always\"\nenv_clear = true\n");
    let mut command = place.command(&["once", "tasks::a"]);
    let log = stderr(&command.env("LD_LIBRARY_PATH", "/runner").output().unwrap());
    assert!(log.contains("| none"), "{log}");
}

#[test]
fn niceness_io_class_mask_and_limits_are_those_that_are_written() {
    let own: i32 = printed("shell = \"nice\"").parse().unwrap();
    let text = printed("shell = \"nice\"\nnice = 19");
    assert!(own <= 19 && text == "19", "{text}");
    assert_eq!(printed("shell = \"ionice\"\nionice = \"idle\""), "idle");
    assert_eq!(
        printed("shell = \"ionice\"\nionice = \"best-effort:6\""),
        "best-effort: prio 6"
    );
    assert_eq!(printed("shell = \"umask\"\numask = \"027\""), "0027");
    let limits = "rlimits = { nofile = 77, core = 0, cpu = \"unlimited\" }";
    let text = printed(&format!(
        "shell = \"ulimit -n; ulimit -c; ulimit -t\"\n{limits}"
    ));
    assert_eq!(text, "77\n0\nunlimited");
}

#[test]
fn standard_input_is_the_file_or_else_nothing() {
    let place =
        Place::with("[tasks.a]\nshell = \"cat\"\nstdin = \"input\"\nlog_output = \"always\"\n");
    place.write("input", "what is read\n");
    let text = stderr(&place.run(&["once", "tasks::a"]));
    assert!(text.contains("| what is read"), "{text}");
    assert_eq!(
        printed("shell = \"readlink /proc/self/fd/0; cat\""),
        "/dev/null"
    );
}

#[test]
fn the_lists_of_exit_codes_decide_what_an_end_means() {
    let lists =
        "ok_exit_codes = [3]\nretry_later_exit_codes = [4]\nfatal_exit_codes = [5]\nshell = ";
    let (_, ok) = once(&format!("{lists}\"exit 3\""));
    assert_eq!(ok.status.code(), Some(0), "{}", stderr(&ok));
    let (_, later) = once(&format!("{lists}\"exit 4\""));
    assert_eq!(later.status.code(), Some(0), "{}", stderr(&later));
    assert!(
        !stderr(&later).contains("Execution successful"),
        "{}",
        stderr(&later)
    );
    let (_, fatal) = once(&format!("{lists}\"exit 5\""));
    assert_eq!(fatal.status.code(), Some(70), "{}", stderr(&fatal));
    assert!(failed(&format!("{lists}\"exit 0\"")).contains("Execution failed: exit 0"));
}

#[test]
fn a_run_that_takes_too_long_or_is_silent_is_ended_by_the_signal_that_is_written() {
    let loops = "shell = \"trap 'echo asked; exit 0' USR1; echo begun; while :; do sleep 0.02; done\"\nstop_signal = \"USR1\"\n";
    let deaf = "shell = \"trap '' TERM; echo begun; echo deaf; while :; do sleep 0.02; done\"\nkill_grace = \"100ms\"\n";
    for (settings, key, told) in [
        (loops, "timeout", "timed out after LIMIT: asked"),
        (loops, "silence_timeout", "printed nothing for LIMIT: asked"),
        (deaf, "timeout", "timed out after LIMIT: deaf"),
    ] {
        with_time_enough(|limit| {
            let limit = words(limit);
            let log = failed(&format!("{settings}{key} = \"{limit}\""));
            let has_begun = log.contains("| begun");
            let told = told.replace("LIMIT", &limit);
            assert!(!has_begun || log.contains(&told), "{log}");
            has_begun
        });
    }
}

#[test]
fn what_a_run_leaves_behind_is_killed_or_told_or_allowed() {
    let leaves = "shell = \"sleep 1000 > /dev/null 2>&1 & echo $! > pid\"\n";
    for (leak, told) in [
        ("kill", "which were killed: `s"),
        ("warn", "which were left alone: `s"),
        ("allow", ""),
    ] {
        let (place, output) = once(&format!("{leaves}leak = \"{leak}\""));
        let log = stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{log}");
        assert!(log.contains(told), "{leak}: {log}");
        assert_eq!(log.contains("left processes behind"), leak != "allow");
        let pid: i32 = place.read("pid").trim().parse().unwrap();
        let pid = nix::unistd::Pid::from_raw(pid);
        let lived = nix::sys::signal::kill(pid, nix::sys::signal::SIGKILL).is_ok();
        assert_eq!(lived, leak != "kill", "{leak}: {log}");
    }
}

#[test]
fn output_is_cut_in_the_middle_and_the_log_says_how_much() {
    let text = printed("shell = \"seq 1 10000\"\nmax_log_bytes = 2000");
    assert!(text.starts_with("1\n2\n3\n"), "{text}");
    assert!(text.ends_with("9999\n10000"), "{text}");
    assert!(text.len() < 2200 && text.contains("46894"), "{text}");
}

#[test]
fn output_is_logged_never_after_failures_or_always() {
    for (when, after_success, after_failure) in [
        ("none", false, false),
        ("on_failure", false, true),
        ("always", true, true),
    ] {
        for (code, expected) in [(0, after_success), (3, after_failure)] {
            let shell = format!("shell = \"echo first; echo last; exit {code}\"");
            let (_, output) = once(&format!("{shell}\nlog_output = \"{when}\""));
            let log = stderr(&output);
            assert_eq!(log.contains("| first"), expected, "{when} {code}: {log}");
        }
    }
}

#[test]
fn the_text_of_progress_that_overwrites_itself_is_what_stands_there_at_the_end() {
    let log = failed("shell = \"printf '10 %%\\\\r55 %%\\\\rno space\\\\r\\\\n'; exit 1\"");
    assert!(log.contains("Execution failed: exit 1: no space"), "{log}");
}

#[test]
fn a_run_can_report_though_the_directory_for_temporary_files_is_gone() {
    let line = "echo retry-later=busy >> $RUN_FUNCTIONS_REPORT; exit 1";
    let place = Place::with(&format!("[tasks.a]\nshell = \"{line}\"\n"));
    let mut command = place.command(&["once", "tasks::a"]);
    let log = stderr(&command.env("TMPDIR", "/nowhere/at/all").output().unwrap());
    assert!(log.contains("To be tried again later: busy"), "{log}");
}

#[test]
fn an_output_file_that_is_no_file_is_refused_at_load() {
    let place = Place::with("[tasks.a]\ncommand = [\"true\"]\noutput_file = \"pipe\"\n");
    nix::unistd::mkfifo(&place.path("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert!(warned(&place).contains("is not a regular file"));
    place.configure("[tasks.a]\ncommand = [\"true\"]\noutput_file = \"/dev/null\"\n");
    assert_eq!(place.run(&["once", "tasks::a"]).status.code(), Some(0));
}

#[test]
fn output_is_appended_to_a_file_as_well_with_its_colours() {
    let place = Place::with(
        "[tasks.a]\nshell = \"printf '\\\\033[31mred\\\\033[0m\\\\n'; echo err >&2\"\noutput_file = \"a.log\"\n",
    );
    for _ in 0..2 {
        let output = place.run(&["once", "tasks::a"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    assert_eq!(
        place.read("a.log"),
        "\u{1b}[31mred\u{1b}[0m\nerr\n".repeat(2)
    );
    let mode = fs::metadata(place.path("a.log")).unwrap().mode();
    assert_eq!(mode & 0o007, 0, "others cannot read it");
}
