//! Disks that refuse: full, read-only, closed to us, broken, or a limit on what we may write. The runner goes on, says it once, and tells it
//! in the next mail.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::support::{Place, Runner, eventually, unfolded};

/// What a debug build of the program reads: which writes fail, and how long.
const WRITES: &str = "TEST_RUN_FUNCTIONS_WRITES";
const TASK: &[&str] = &["tasks::broken"];
/// A task that fails with what stands in a file, which changes when a new failure is wanted.
const CONFIG: &str = "log = { file = \"logs/log\" }\n[tasks.broken]\nshell = \"cat stage >&2; exit 1\"\nfail_cooldown = \"20ms\"\n";

fn place() -> Place {
    let place = Place::with(CONFIG);
    place.replace("stage", "alpha");
    fs::create_dir_all(place.path("logs")).unwrap();
    place
}

/// The reasons for which a disk refuses, by their number and words.
const REASONS: [(i32, &str); 4] = [
    (nix::libc::ENOSPC, "No space left on device"),
    (nix::libc::EROFS, "Read-only file system"),
    (nix::libc::EACCES, "Permission denied"),
    (nix::libc::EIO, "Input/output error"),
];

/// Starts a runner on whose disk each write to a path with `part` in it fails while the file `refuses` is there.
fn start_refused(place: &Place, errno: i32, part: &str) -> Runner {
    place.write("refuses", "");
    let mut command = place.command(TASK);
    let marker = place.path("refuses");
    command.env(WRITES, format!("errno {errno} {part} {}", marker.display()));
    Runner::start(command)
}

fn log(place: &Place) -> String {
    place.read("logs/log")
}

#[track_caller]
fn wait_in_log(place: &Place, text: &str, count: usize) {
    let there = eventually(|| log(place).matches(text).count() >= count);
    assert!(there, "`{text}` is not {count} times in\n{}", log(place));
}

/// Waits until the task has run a few times more.
#[track_caller]
fn goes_on(place: &Place) {
    let runs = log(place).matches("Execution failed").count();
    wait_in_log(place, "Execution failed", runs + 5);
}

#[track_caller]
fn wait_for_mail(place: &Place, text: &str) -> String {
    let mut found = None;
    eventually(|| {
        found = place
            .mails()
            .into_iter()
            .find(|mail| unfolded(mail).contains(text));
        found.is_some()
    });
    found.unwrap_or_else(|| {
        panic!(
            "no mail with `{text}` in {:#?}:\n{}",
            place.mails(),
            log(place)
        )
    })
}

#[test]
fn an_outbox_that_refuses_is_told_once_and_in_the_next_mail_and_mail_leaves_all_the_same() {
    for (errno, words) in REASONS {
        let place = place();
        let runner = start_refused(&place, errno, "outbox");
        wait_for_mail(&place, "First exception caught: exit 1: alpha");
        place.replace("stage", "beta");
        let mail = wait_for_mail(&place, "New exception caught: exit 1: beta");
        assert!(
            unfolded(&mail).contains("Mail was kept in memory only for a while"),
            "{mail}"
        );
        assert!(unfolded(&mail).contains(words), "{mail}");
        goes_on(&place);
        assert_eq!(
            log(&place).matches("Mail is kept in memory only").count(),
            1
        );
        assert_eq!(runner.stop(), Some(0));
    }
}

#[test]
fn a_memory_that_cannot_be_written_is_told_once_and_in_the_next_mail() {
    for (errno, words) in REASONS {
        let place = place();
        let runner = start_refused(&place, errno, ".memory");
        wait_for_mail(&place, "First exception caught: exit 1: alpha");
        goes_on(&place);
        place.replace("stage", "beta");
        let mail = wait_for_mail(&place, "New exception caught: exit 1: beta");
        // The first mail told it: the memory is first written before anything is mailed.
        let told = place
            .mails()
            .iter()
            .map(|mail| unfolded(mail))
            .collect::<String>();
        let sentence = format!("The memory of alerts could not be written for a while: {words}");
        assert_eq!(told.matches(&sentence).count(), 1, "{mail}");
        let error = "the memory of alerts cannot be written";
        assert_eq!(log(&place).matches(error).count(), 1, "{}", log(&place));
        assert!(!place.path("run/broken.memory.draft").exists());
        fs::remove_file(place.path("refuses")).unwrap();
        place.replace("stage", "gamma");
        wait_in_log(&place, "The memory of alerts can be written again", 1);
        assert_eq!(runner.stop(), Some(0));
    }
}

#[test]
fn mails_that_cannot_become_files_wait_and_say_so_when_they_can() {
    for (errno, words) in REASONS {
        let place = place();
        let runner = start_refused(&place, errno, "run/mail");
        wait_in_log(
            &place,
            "ERROR Mail cannot leave: mail cannot be written to",
            1,
        );
        place.replace("stage", "beta");
        wait_in_log(&place, "Sent email to admins: New exception caught", 1);
        goes_on(&place);
        assert_eq!(log(&place).matches("ERROR Mail cannot leave").count(), 1);
        assert_eq!(runner.stop(), Some(0));
        assert_eq!(place.mails(), Vec::<String>::new());
        // The pause before the next attempt is not waited for here: the outbox is told that it has passed.
        let path = place.path("run/outbox/path.json");
        let mut json: serde_json::Value =
            serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        json["broken"]["next"]["secs_since_epoch"] = 0.into();
        fs::write(&path, json.to_string()).unwrap();
        fs::remove_file(place.path("refuses")).unwrap();
        let runner = place.start(TASK);
        wait_for_mail(&place, "New exception caught: exit 1: beta");
        let mail = wait_for_mail(&place, "First exception caught: exit 1: alpha");
        assert!(
            unfolded(&mail).contains("Mail could not leave for"),
            "{mail}"
        );
        assert!(unfolded(&mail).contains(words), "{mail}");
        assert_eq!(runner.stop(), Some(0));
    }
}

#[test]
fn a_log_that_is_full_stops_nothing_and_the_next_mail_tells_of_it() {
    let place = place();
    std::os::unix::fs::symlink("/dev/full", place.path("logs/log")).unwrap();
    let runner = place.start(TASK);
    let mail = wait_for_mail(&place, "First exception caught: exit 1: alpha");
    let words = "could not be written to for a while: No space left on device";
    assert!(unfolded(&mail).contains(words), "{mail}");
    fs::remove_file(place.path("logs/log")).unwrap();
    runner.signal(nix::sys::signal::Signal::SIGHUP);
    goes_on(&place);
    assert!(log(&place).contains(" lines were lost before"));
    place.replace("stage", "beta");
    let mail = wait_for_mail(&place, "New exception caught: exit 1: beta");
    assert!(!unfolded(&mail).contains(words), "{mail}");
    assert_eq!(
        runner.count("could not be written to"),
        1,
        "{}",
        runner.log()
    );
    assert_eq!(runner.stop(), Some(0));
}

/// Returns a command for a runner whose files may have so many blocks of 512 bytes (RLIMIT_FSIZE; more is SIGXFSZ, or EFBIG for who ignores it).
fn limited(place: &Place, blocks: u32) -> Command {
    let inner = place.command(TASK);
    let mut command = Command::new("sh");
    command.current_dir(place.dir()).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let script = format!("ulimit -f {blocks}; exec \"$@\"");
    command.args(["-c", &script, "sh"]);
    command.arg(inner.get_program()).args(inner.get_args());
    command
}

#[test]
fn a_runner_that_may_write_nothing_at_all_lives_and_mails() {
    let place = Place::with(ELSEWHERE);
    place.replace("stage", "alpha");
    let mut runner = Runner::start(limited(&place, 0));
    runner.wait_for_count("File too large", 20);
    runner.wait_for("First exception caught: ");
    assert_eq!(
        runner.count("ERROR the memory of alerts cannot be written"),
        1
    );
    assert_eq!(runner.count("Mail is kept in memory only"), 1);
    assert!(runner.lives());
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_task_that_writes_more_than_it_may_is_killed_for_it_and_the_runner_is_not() {
    let task = "grep SigIgn /proc/self/status >&2; exec head -c 99999 /dev/zero > big";
    let place = Place::with(&format!(
        "log = {{ file = \"log\" }}\n[tasks.broken]\nshell = \"{task}\"\nfail_cooldown = \"5ms\"\n"
    ));
    let mut runner = Runner::start(limited(&place, 16));
    let mail = wait_for_mail(
        &place,
        "First exception caught: killed by signal 25 (SIGXFSZ)",
    );
    assert!(
        unfolded(&mail).contains("SigIgn: 0000000000000000"),
        "{mail}"
    );
    // The log of this runner is soon as long as it may be.
    runner.wait_for("log` could not be written to for a while: File too large");
    assert!(runner.lives());
    assert_eq!(runner.stop(), Some(0));
}

/// Runs a shell as root in a mount namespace of its own, so that nothing outside sees what it mounts.
fn in_own_mounts(place: &Place, script: &str) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "sh", "-ec", script]);
    command.current_dir(place.dir()).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("BINARY", env!("CARGO_BIN_EXE_run_functions"));
    command
}

const ELSEWHERE: &str = "state_dir = \"state\"\n[mail]\ntransport = \"print\"\n\
     [tasks.broken]\nshell = \"cat stage >&2; exit 1\"\nfail_cooldown = \"20ms\"\n";

#[test]
#[ignore = "needs root"]
fn on_a_disk_that_is_really_full_mail_leaves_from_memory() {
    let place = Place::with(ELSEWHERE);
    place.replace("stage", "alpha");
    fs::create_dir(place.path("state")).unwrap();
    let script = "mount -t tmpfs -o size=64k,mode=0700 tmpfs state
        head -c 1000000 /dev/zero > state/filler || true
        exec \"$BINARY\" tasks::broken";
    refused_state_dir(
        &place,
        in_own_mounts(&place, script),
        "No space left on device",
    );
}

#[test]
#[ignore = "needs root"]
fn on_a_disk_that_is_really_read_only_mail_leaves_from_memory() {
    let place = Place::with(ELSEWHERE);
    place.replace("stage", "alpha");
    fs::create_dir(place.path("state")).unwrap();
    let script = "mount --bind state state
        mount -o remount,ro,bind state
        exec \"$BINARY\" tasks::broken";
    refused_state_dir(
        &place,
        in_own_mounts(&place, script),
        "Read-only file system",
    );
}

#[test]
#[ignore = "needs root"]
fn in_a_directory_that_nobody_may_write_mail_leaves_from_memory() {
    use std::os::unix::fs::{PermissionsExt, chown};
    const NOBODY: u32 = 65_534;
    let place = Place::with(ELSEWHERE);
    place.replace("stage", "alpha");
    for directory in ["run", "state"] {
        fs::create_dir(place.path(directory)).unwrap();
        chown(place.path(directory), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let mode =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    mode(place.dir(), 0o755);
    mode(&place.path("state"), 0o500);
    // The program is where only its builder may look: a copy is where all may.
    let mut command = Command::new(place.copy_program("program"));
    command.args(TASK).current_dir(place.dir()).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.uid(NOBODY).gid(NOBODY);
    refused_state_dir(&place, command, "Permission denied");
}

/// Checks that a runner whose STATE_DIR refuses goes on, says so once, mails, and tells it in the next mail.
#[track_caller]
fn refused_state_dir(place: &Place, command: Command, words: &str) {
    let runner = Runner::start(command);
    runner.wait_for("Subject: ");
    runner.wait_for_count("Execution failed", 5);
    place.replace("stage", "beta");
    runner.wait_for("New exception caught: exit 1: beta");
    runner.wait_for("Mail was kept in memory only for a while");
    assert_eq!(
        runner.count("Mail is kept in memory only"),
        1,
        "{}",
        runner.log()
    );
    assert_eq!(
        runner.count("ERROR the memory of alerts cannot be written"),
        1
    );
    assert!(runner.log().contains(words), "{}", runner.log());
    assert_eq!(runner.stop(), Some(0));
}
