//! What a runner keeps on disk, taken away or damaged: the runner goes on where it can, and its admin hears of it where it cannot.

use std::fs;

use crate::support::{self, Place, eventually, mails_in};
use nix::sys::signal::Signal;

const BROKEN: &str = "[tasks.a]\nshell = \"echo broken; exit 1\"\nfail_cooldown = \"20ms\"\n";

/// Makes `run` with something in the place of the memory of chain `a`, as it is found.
fn with_memory(put: impl FnOnce(&std::path::Path)) -> Place {
    let place = Place::with(BROKEN);
    place.write("run/.keep", "");
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(place.path("run"), fs::Permissions::from_mode(0o700)).unwrap();
    put(&place.path("run/a.memory"));
    place
}

#[test]
fn a_memory_that_cannot_be_read_is_told_once_and_in_the_next_mail() {
    let write =
        |content: &'static str| move |path: &std::path::Path| fs::write(path, content).unwrap();
    type Damage = Box<dyn FnOnce(&std::path::Path)>;
    let damages: [(&str, Damage); 4] = [
        ("garbage", Box::new(write("{\"version\""))),
        ("a newer form", Box::new(write("{\"version\": 9}"))),
        (
            "a directory",
            Box::new(|path| fs::create_dir(path).unwrap()),
        ),
        (
            "a fifo",
            Box::new(|path| nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap()),
        ),
    ];
    for (what, damage) in damages {
        let place = with_memory(damage);
        let runner = place.start(&["tasks::a"]);
        runner.wait_for_count("Execution failed", 5);
        assert_eq!(
            runner.count("The memory of alerts is damaged"),
            1,
            "{what}:\n{}",
            runner.log()
        );
        assert!(eventually(|| place.mails().len() == 1), "{what}");
        assert_eq!(runner.stop(), Some(0), "{what}");
        let mail = place.mails().concat();
        assert!(
            mail.contains("The memory of alerts was damaged and began anew"),
            "{what}:\n{mail}"
        );
    }
}

#[test]
fn a_runner_whose_run_root_is_deleted_mails_that_it_gives_up() {
    let place = Place::with(&format!("state_dir = \"state\"\n{BROKEN}"));
    let mut runner = place.start(&["tasks::a"]);
    runner.wait_for("Sent email to admins");
    fs::remove_dir_all(place.path("run")).unwrap();
    assert_eq!(runner.wait_for_end(), Some(71));
    let subject = "New exception caught: the runner gives up:";
    place.send_what_is_left();
    let mails = mails_in(&place.path("state/mail"));
    assert!(
        mails
            .iter()
            .any(|mail| support::subject(mail).contains(subject)),
        "{mails:?}"
    );
}

#[test]
fn a_run_root_that_is_deleted_again_and_again_is_mailed_once_though_each_runner_is_started_again() {
    let place = Place::with(&format!("state_dir = \"state\"\n{BROKEN}"));
    let mails = || fs::read_dir(place.path("state/mail")).unwrap().count();
    for _ in 0..3 {
        let mut runner = place.start(&["tasks::a"]);
        runner.wait_for("Execution failed");
        fs::remove_dir_all(place.path("run")).unwrap();
        assert_eq!(runner.wait_for_end(), Some(71));
    }
    let flushed = place.run(&["mail", "queue", "--flush"]);
    assert_eq!(flushed.status.code(), Some(0));
    assert_eq!(mails(), 2, "the failure, and the end of the first runner");
}

#[test]
fn a_runner_whose_pidfile_a_newcomer_has_leaves_without_a_word_to_the_admin() {
    let place = Place::with("[tasks.a]\nshell = \"true\"\nsuccess_cooldown = \"20ms\"\n");
    let mut old = place.start(&["tasks::a"]);
    old.wait_for("Execution successful");
    fs::remove_file(place.path("run/a.pid")).unwrap();
    let new = place.start(&["tasks::a"]);
    assert_eq!(old.wait_for_end(), Some(0));
    new.wait_for("Execution successful");
    assert_eq!(new.stop(), Some(0));
    assert!(place.all_mails().is_empty());
}

#[test]
fn a_cooldown_that_a_killed_runner_was_in_is_honoured() {
    let place =
        Place::with("[tasks.a]\nshell = \"echo x >> runs; exit 1\"\nfail_cooldown = \"1day\"\n");
    let mut runner = place.start(&["tasks::a"]);
    runner.wait_for("Sleeping 1day");
    runner.signal(Signal::SIGKILL);
    runner.wait_for_status();
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("what was due is honoured");
    // Until when is told to everybody who asks.
    runner.wait_for("[tasks::a] Sleeping 23h ");
    runner.signal(Signal::SIGUSR1);
    runner.wait_for("sleeping: tasks::a is next in 23h ");
    let status = String::from_utf8(place.run(&["status"]).stdout).unwrap();
    assert!(status.contains("a: sleeping until "), "{status}");
    let metrics = String::from_utf8(place.run(&["metrics"]).stdout).unwrap();
    let is_due = |line: &str| line.starts_with("run_functions_next_run_timestamp_seconds{");
    assert!(metrics.lines().any(is_due), "{metrics}");
    assert_eq!(runner.stop(), Some(0));
    assert_eq!(place.read("runs"), "x\n");
}

#[test]
#[ignore = "needs root"]
fn a_full_state_dir_costs_neither_the_chain_nor_its_mails() {
    let place = Place::with(&format!("state_dir = \"state\"\n{BROKEN}"));
    fs::create_dir(place.path("state")).unwrap();
    let run = |program: &str, args: &[&str]| {
        let mut command = std::process::Command::new(program);
        let status = command.args(args).arg(place.path("state")).status();
        assert!(status.unwrap().success(), "{program}");
    };
    run("mount", &["-t", "tmpfs", "-o", "size=64k,mode=700", "none"]);
    let fill = vec![0_u8; 1 << 20];
    let _ = fs::write(place.path("state/fill"), fill);
    let mut runner = place.start(&["tasks::a"]);
    runner.wait_for_count("Execution failed", 5);
    assert_eq!(runner.count("the memory of alerts cannot be written"), 1);
    assert_eq!(runner.count("Mail is kept in memory only"), 1);
    runner.signal(Signal::SIGTERM);
    runner.wait_for("A mail that can be kept nowhere is lost, its text follows: ");
    let code = runner.wait_for_end();
    run("umount", &[]);
    assert_eq!(code, Some(0));
}

#[test]
#[ignore = "needs root"]
fn mail_leaves_as_soon_as_there_can_be_threads_again() {
    let place = Place::with(BROKEN);
    let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    fs::set_permissions(place.dir(), everybody).unwrap();
    let program = env!("CARGO_BIN_EXE_run_functions");
    let user = [
        "setpriv",
        "--reuid=64123",
        "--regid=64123",
        "--clear-groups",
    ];
    let words = [&["--nproc=2:100"], &user[..], &[program, "tasks::a"]].concat();
    let mut command = place.command_of(std::path::Path::new("prlimit"), &words);
    command.env("HOME", "/");
    let runner = support::Runner::start(command);
    runner.wait_for("Mail waits: no thread can be started for it");
    let pid = runner.pid().to_string();
    let mut raise = std::process::Command::new(user[0]);
    raise
        .args(&user[1..])
        .args(["prlimit", "--nproc=100", "--pid", &pid]);
    assert!(raise.status().unwrap().success());
    runner.wait_for(" was written to ");
    assert_eq!(runner.count("no thread can be started"), 1);
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_newcomer_without_descriptors_ends_no_runner_that_has_them() {
    let place = Place::with("[tasks.a]\nshell = \"true\"\n");
    let mut old = place.start(&["tasks::a"]);
    old.wait_for("Sleeping");
    let program = env!("CARGO_BIN_EXE_run_functions");
    for limit in 6..=24 {
        let limit = format!("--nofile={limit}");
        let prlimit = std::path::Path::new("prlimit");
        let newcomer = place
            .command_of(prlimit, &[&limit, program, "tasks::a"])
            .output()
            .unwrap();
        assert_eq!(
            newcomer.status.code(),
            Some(71),
            "{}",
            support::stderr(&newcomer)
        );
        assert!(old.lives(), "{limit}:\n{}", old.log());
    }
    assert_eq!(old.stop(), Some(0));
}
