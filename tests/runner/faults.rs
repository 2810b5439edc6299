//! What the system refuses in the middle of a chain: the run fails with a remedy, and the runner goes on, well again when the need is over.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;

use crate::support::limits::{with_time_enough, words};
use crate::support::{Place, Runner, stderr};
use nix::sys::signal::Signal;

/// Sets a limit of a process that runs (prlimit(1)), as its own user.
fn limit(runner: &Runner, what: &str) {
    let owner = fs::metadata(format!("/proc/{}", runner.pid())).unwrap();
    let mut prlimit = std::process::Command::new("prlimit");
    prlimit.args(["--pid", &runner.pid().to_string(), what]);
    if owner.uid() != nix::unistd::geteuid().as_raw() {
        prlimit.uid(owner.uid()).gid(owner.gid());
    }
    assert!(prlimit.status().unwrap().success(), "prlimit is needed");
}

const AGAIN: &str =
    "[tasks.a]\nshell = \"true\"\nsuccess_cooldown = \"20ms\"\nfail_cooldown = \"20ms\"\n";

#[test]
fn a_runner_that_runs_out_of_descriptors_fails_runs_and_recovers() {
    let place = Place::with(AGAIN);
    let mut runner = place.start(&["tasks::a"]);
    runner.wait_for("Execution successful");
    limit(&runner, "--nofile=5:");
    runner.wait_for_count("Too many open files", 2);
    runner.wait_for("`ulimit -n`");
    assert!(runner.lives());
    let before = runner.count("Execution successful");
    limit(&runner, "--nofile=1024:");
    runner.wait_for_count("Execution successful", before + 3);
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_command_under_which_runners_die_is_told_what_helps_a_command() {
    let config = "[tasks.a]\nshell = \"kill -9 $PPID; sleep 1000\"\nfail_cooldown = \"0s\"\n";
    let place = Place::with(config);
    for _ in 0..2 {
        place.start(&["tasks::a"]).wait_for_status();
    }
    let mut third = place.start(&["tasks::a"]);
    third.wait_for("2 runners in a row died under it");
    third.wait_for_status();
    assert_eq!(third.count("with a limit of its memory"), 1);
    assert_eq!(third.count("isolate"), 0, "{}", third.log());
    // What the last one has left is ended here, since no other runner comes.
    place.configure(&config.replace("kill -9 $PPID; sleep 1000", "true"));
    let last = place.start(&["tasks::a"]);
    last.wait_for("Execution successful");
    assert_eq!(last.stop(), Some(0));
}

#[test]
fn a_run_without_memory_for_its_program_fails_and_the_chain_goes_on() {
    let place = Place::with(
        "[tasks.a]\nshell = \"true\"\nsuccess_cooldown = \"20ms\"\nfail_cooldown = \"20ms\"\nrlimits = { as = 1000000 }\n[tasks.b]\nshell = \"true\"\nsuccess_cooldown = \"20ms\"\n",
    );
    let runner = place.start(&["tasks::a", "tasks::b"]);
    // The kernel kills what it cannot map at exec, or refuses it.
    runner.wait_for_count("[tasks::a] Execution failed", 2);
    runner.wait_for_count("[tasks::b] Execution successful", 2);
    assert_eq!(runner.stop(), Some(0));
}

/// A library that, preloaded, refuses to make processes as a machine without memory does, as long as the file `refuse` is there.
fn refuser(place: &Place) -> std::path::PathBuf {
    place.write(
        "refuser.c",
        "#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <errno.h>\n#include <spawn.h>\n#include <unistd.h>\n\
         int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,\n\
             const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]) {\n\
             if (access(\"refuse\", F_OK) == 0) return ENOMEM;\n\
             int (*real)() = dlsym(RTLD_NEXT, \"posix_spawn\");\n\
             return real(pid, path, actions, attributes, arguments, environment);\n}\n\
         int posix_spawnp(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,\n\
             const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]) {\n\
             return posix_spawn(pid, path, actions, attributes, arguments, environment);\n}\n",
    );
    let library = place.path("refuser.so");
    let mut compiler = std::process::Command::new("cc");
    compiler
        .args(["-shared", "-fPIC", "-w", "-o"])
        .arg(&library);
    compiler.arg(place.path("refuser.c")).arg("-ldl");
    assert!(compiler.status().unwrap().success(), "Rust links with it");
    library
}

#[test]
fn a_runner_without_memory_for_a_process_fails_runs_and_recovers() {
    let place = Place::with(AGAIN);
    let mut command = place.command(&["tasks::a"]);
    command.env("LD_PRELOAD", refuser(&place));
    let mut runner = Runner::start(command);
    runner.wait_for("Execution successful");
    place.write("refuse", "");
    runner.wait_for_count(
        "a process for it could not be made: Cannot allocate memory",
        2,
    );
    runner.wait_for("there is no memory left for a new process");
    assert!(runner.lives());
    let before = runner.count("Execution successful");
    fs::remove_file(place.path("refuse")).unwrap();
    runner.wait_for_count("Execution successful", before + 3);
    assert_eq!(runner.stop(), Some(0));
}

/// Copies the binary to where another user can run it.
fn for_everybody(place: &Place) -> std::path::PathBuf {
    place.set_mode(".", 0o755);
    place.copy_program("run_functions")
}

#[test]
#[ignore = "needs root"]
fn a_user_who_may_have_no_more_processes_is_told_so() {
    const NOBODY: u32 = 65534;
    let place = Place::with(AGAIN);
    let program = for_everybody(&place);
    fs::create_dir(place.path("run")).unwrap();
    std::os::unix::fs::chown(place.path("run"), Some(NOBODY), Some(NOBODY)).unwrap();
    fs::set_permissions(place.path("run"), fs::Permissions::from_mode(0o700)).unwrap();
    let mut command = std::process::Command::new(program);
    command.arg("tasks::a").current_dir(place.dir()).env_clear();
    command.env("PATH", "/usr/bin:/bin").uid(NOBODY).gid(NOBODY);
    let mut runner = Runner::start(command);
    runner.wait_for("Execution successful");
    limit(&runner, "--nproc=1:");
    runner.wait_for_count("Resource temporarily unavailable", 2);
    runner.wait_for("TasksMax=");
    assert!(runner.lives());
    let before = runner.count("Execution successful");
    limit(&runner, "--nproc=1000:");
    runner.wait_for_count("Execution successful", before + 2);
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn each_program_that_cannot_be_executed_fails_its_own_run_with_a_remedy() {
    let place = Place::with(
        "[defaults]\nfail_cooldown = \"1ms\"\nsuccess_cooldown = \"1day\"\n\
         [tasks.busy]\ncommand = [\"./busy\"]\n[tasks.format]\ncommand = [\"./format\"]\n\
         [tasks.interpreter]\ncommand = [\"./interpreter\"]\n[tasks.long]\ncommand = [\"true\", \"LONG\"]\n\
         [tasks.denied]\ncommand = [\"./denied\"]\n[tasks.none]\ncommand = [\"./none\"]\n[tasks.last]\nshell = \"true\"\n"
            .replace("LONG", &"x".repeat(140_000))
            .as_str(),
    );
    fs::copy("/bin/true", place.path("busy")).unwrap();
    for (name, content, mode) in [
        ("format", "echo no first line\n", 0o755),
        ("interpreter", "#!/no/such/interpreter\n", 0o755),
        ("denied", "#!/bin/sh\n", 0o644),
    ] {
        place.write(name, content);
        fs::set_permissions(place.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    let _writer = fs::File::options().append(true).open(place.path("busy"));
    let names = [
        "busy",
        "format",
        "interpreter",
        "long",
        "denied",
        "none",
        "last",
    ];
    let names: Vec<String> = names.map(|name| format!("tasks::{name}")).into();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let runner = place.start(&names);
    runner.wait_for("[tasks::last] Execution successful");
    for (task, why, remedy) in [
        ("busy", "Text file busy", "by renaming"),
        ("format", "Exec format error", "`#!` in its first line"),
        (
            "interpreter",
            "`/no/such/interpreter`: No such file",
            "first line of the script",
        ),
        ("long", "Argument list too long", "pass them in a file"),
        ("denied", "Permission denied", "chmod +x"),
        ("none", "No such file", "check the path"),
    ] {
        let log = runner.log();
        let failed = format!("[tasks::{task}] Execution failed: could not start");
        let line = log.lines().find(|line| line.contains(&failed));
        assert!(line.is_some_and(|line| line.contains(why)), "{task}: {log}");
        assert!(log.contains(remedy), "{task}: {log}");
    }
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_run_that_stops_itself_is_ended_when_its_time_is_over() {
    with_time_enough(|limit| {
        let limit = words(limit);
        let place = Place::with(&format!(
            "[tasks.a]\nshell = \"echo $$ > pid; kill -STOP $$; echo woken\"\ntimeout = \"{limit}\"\n\
             kill_grace = \"100ms\"\nfail_cooldown = \"1day\"\n"
        ));
        let runner = place.start(&["tasks::a"]);
        runner.wait_for(&format!("Execution failed: timed out after {limit}"));
        let pid = place.read("pid");
        assert!(pid.is_empty() || !Path::new("/proc").join(pid.trim()).exists());
        assert_eq!(runner.stop(), Some(0));
        !pid.is_empty()
    });
}

#[test]
fn a_program_that_is_replaced_on_disk_is_the_new_one_from_the_next_run_on_and_the_runner_stays_itself()
 {
    let place = Place::with(
        "[tasks.a]\ncommand = [\"./version\"]\nlog_output = \"always\"\nsuccess_cooldown = \"20ms\"\n",
    );
    let install = |path: &Path, content: &[u8]| {
        let next = place.path("next");
        fs::write(&next, content).unwrap();
        fs::set_permissions(&next, fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(next, path).unwrap();
    };
    install(&place.path("version"), b"#!/bin/sh\necho first\n");
    let program = for_everybody(&place);
    let mut command = std::process::Command::new(&program);
    command.arg("tasks::a").current_dir(place.dir()).env_clear();
    let runner = Runner::start(command);
    runner.wait_for("| first");
    let inode = fs::metadata(format!("/proc/{}/exe", runner.pid()))
        .unwrap()
        .ino();
    // The program, and the executable of the runner itself, which starts each run anew.
    install(&program, b"another program, of a version to come");
    install(&place.path("version"), b"#!/bin/sh\necho second\n");
    runner.wait_for("| second");
    runner.wait_for_count(
        "Execution successful",
        runner.count("Execution successful") + 3,
    );
    let same = fs::metadata(format!("/proc/{}/exe", runner.pid()))
        .unwrap()
        .ino();
    assert_eq!(same, inode);
    assert_eq!(runner.count("Execution failed"), 0, "{}", runner.log());
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn every_exit_code_and_every_deadly_signal_is_told_as_it_was() {
    let place = Place::with(
        "[tasks.a]\nshell = \"eval \\\"$HOW\\\"\"\nrlimits = { core = 0 }\nretry_later_exit_codes = []\n",
    );
    let told = |how: &str| {
        let mut command = place.command(&["once", "tasks::a"]);
        stderr(&command.env("HOW", how).output().unwrap())
    };
    for code in [1, 2, 75, 126, 127, 128, 129, 137, 143, 254, 255] {
        let log = told(&format!("exit {code}"));
        assert!(
            log.contains(&format!("Execution failed: exit {code}\n")),
            "{log}"
        );
    }
    for signal in [
        Signal::SIGHUP,
        Signal::SIGINT,
        Signal::SIGSEGV,
        Signal::SIGKILL,
        Signal::SIGTERM,
    ] {
        let log = told(&format!("kill -{} $$", signal as i32));
        let expected = format!(
            "Execution failed: killed by signal {} ({signal})",
            signal as i32
        );
        assert!(log.contains(&expected), "{log}");
    }
}
