//! Starting a chain again replaces its runner; the wrong one is never harmed.

use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use crate::support::processes::is_alive;
use crate::support::{self, Place, eventually, stderr};
use nix::sys::signal::Signal;

const SLEEPS: &str = "[tasks.a]\nshell = \"echo x >> runs\"\nsuccess_cooldown = \"1day\"\n";

#[test]
fn a_newcomer_replaces_the_runner_and_says_what_it_found() {
    let place = Place::with(SLEEPS);
    let mut old = place.start(&["tasks::a"]);
    old.wait_for("Wrote pidfile a");
    old.wait_for("Sleeping 1day");
    let new = place.start(&["tasks::a"]);
    new.wait_for(&format!("Found pidfile a containing: {}", old.pid()));
    new.wait_for("Wrote pidfile a");
    assert_eq!(old.wait_for_end(), Some(0));
    new.wait_for("Sleeping 1day");
    assert_eq!(place.read("run/a.pid"), format!("{}\n", new.pid()));
    assert_eq!(new.stop(), Some(0));
}

#[test]
fn a_newcomer_waits_for_the_task_that_runs() {
    let place = Place::with(
        "[tasks.a]\nshell = \"echo begun >> log; until test -e go; do sleep 0.01; done; echo finished >> log\"\nsuccess_cooldown = \"1day\"\n",
    );
    let mut old = place.start(&["tasks::a"]);
    assert!(eventually(|| place.read("log") == "begun\n"));
    let new = place.start(&["tasks::a"]);
    old.wait_for("SIGTERM received");
    assert_eq!(place.read("log"), "begun\n");
    place.write("go", "");
    assert_eq!(old.wait_for_end(), Some(0));
    new.wait_for("Sleeping 1day");
    assert_eq!(place.read("log"), "begun\nfinished\nbegun\nfinished\n");
    assert_eq!(new.stop(), Some(0));
}

#[test]
fn a_stopped_runner_is_replaced_too() {
    let place = Place::with(SLEEPS);
    let mut old = place.start(&["tasks::a"]);
    old.wait_for("Sleeping 1day");
    old.signal(Signal::SIGSTOP);
    let new = place.start(&["tasks::a"]);
    new.wait_for("Sleeping 1day");
    assert_eq!(old.wait_for_end(), Some(0));
    assert_eq!(new.stop(), Some(0));
}

#[test]
fn no_kill_concurrent_leaves_the_runner_alone_and_exits_with_75() {
    let place = Place::with(SLEEPS);
    let mut old = place.start(&["tasks::a"]);
    old.wait_for("Sleeping 1day");
    let refused = place.run(&["--no-kill-concurrent", "tasks::a"]);
    assert_eq!(refused.status.code(), Some(75));
    assert!(
        stderr(&refused).contains(&old.pid().to_string()),
        "{}",
        stderr(&refused)
    );
    assert!(old.lives());
    assert_eq!(old.stop(), Some(0));
}

#[test]
fn a_bad_configuration_does_not_kill_the_good_runner() {
    let place = Place::with(SLEEPS);
    let mut old = place.start(&["tasks::a"]);
    old.wait_for("Sleeping 1day");
    for bad in [
        "[tasks.a]\nshel = \"true\"\n",
        "not toml",
        "[tasks.a]\nshell = \"true\"\nfail_cooldown = 15\n",
    ] {
        place.configure(bad);
        let refused = place.run(&["tasks::a"]);
        assert_eq!(refused.status.code(), Some(78), "{}", stderr(&refused));
        assert!(
            stderr(&refused).contains("run_functions.toml:"),
            "{}",
            stderr(&refused)
        );
    }
    assert!(old.lives());
    assert_eq!(old.count("SIGTERM"), 0);
    assert_eq!(old.stop(), Some(0));
}

#[test]
fn a_pidfile_that_names_an_innocent_process_harms_nobody() {
    let place = Place::with(SLEEPS);
    let mut innocent = Command::new("sleep")
        .arg("600")
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    place.write("run/a.pid", format!("{}\n", innocent.id()));
    place.set_mode("run", 0o700);
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Sleeping 1day");
    assert!(innocent.try_wait().unwrap().is_none());
    innocent.kill().unwrap();
    innocent.wait().unwrap();
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_pidfile_of_a_dead_runner_is_wiped_in_the_words_of_the_origin() {
    let place = Place::with(SLEEPS);
    let mut dead = Command::new("true").spawn().unwrap();
    dead.wait().unwrap();
    place.write("run/a.pid", format!("{}\n", dead.id()));
    place.set_mode("run", 0o700);
    let runner = place.start(&["tasks::a"]);
    runner.wait_for(&format!("Found pidfile a containing: {}", dead.id()));
    runner.wait_for(&format!(
        "Could not find /proc/{}, wiping pidfile a",
        dead.id()
    ));
    runner.wait_for("Wrote pidfile a");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn an_empty_or_garbage_pidfile_stops_nobody() {
    for content in [
        &b""[..],
        b"\n",
        b"garbage",
        b"\xff\xfe\0\0",
        b"-1\n",
        b"0\n",
        b"99999999999999999999\n",
    ] {
        let place = Place::with(SLEEPS);
        place.write("run/a.pid", content);
        place.set_mode("run", 0o700);
        let runner = place.start(&["tasks::a"]);
        runner.wait_for("Sleeping 1day");
        assert_eq!(place.read("run/a.pid"), format!("{}\n", runner.pid()));
        assert_eq!(runner.stop(), Some(0));
    }
}

#[test]
fn a_symlink_a_fifo_a_hard_link_and_a_directory_are_refused_untouched() {
    for sort in ["symlink", "fifo", "hard link", "directory"] {
        let place = Place::with(SLEEPS);
        place.write("run/target", "precious");
        place.write("target", "precious");
        place.set_mode("run", 0o700);
        let pidfile = place.path("run/a.pid");
        match sort {
            "symlink" => symlink(place.path("target"), &pidfile).unwrap(),
            "fifo" => nix::unistd::mkfifo(&pidfile, nix::sys::stat::Mode::S_IRWXU).unwrap(),
            "hard link" => std::fs::hard_link(place.path("target"), &pidfile).unwrap(),
            _ => std::fs::create_dir(&pidfile).unwrap(),
        }
        let refused = place.run(&["tasks::a"]);
        assert_eq!(
            refused.status.code(),
            Some(73),
            "{sort}: {}",
            stderr(&refused)
        );
        assert!(
            stderr(&refused).contains("a.pid"),
            "{sort}: {}",
            stderr(&refused)
        );
        assert_eq!(place.read("target"), "precious", "{sort}");
        assert_eq!(place.read("runs"), "", "{sort}");
    }
}

#[test]
fn a_run_root_that_others_can_write_is_refused() {
    let place = Place::with(SLEEPS);
    std::fs::create_dir(place.path("run")).unwrap();
    place.set_mode("run", 0o777);
    let refused = place.run(&["tasks::a"]);
    assert_eq!(refused.status.code(), Some(73), "{}", stderr(&refused));
}

#[test]
fn chains_of_other_tasks_with_the_same_name_do_not_kill_each_other() {
    let place = Place::with(
        "[tasks.\"a::sync\"]\nshell = \"true\"\nsuccess_cooldown = \"1day\"\n\
         [tasks.\"b::sync\"]\nshell = \"true\"\nsuccess_cooldown = \"1day\"\n\
         [tasks.x_y]\nshell = \"true\"\nsuccess_cooldown = \"0s\"\n[tasks.z]\nshell = \"true\"\nsuccess_cooldown = \"1day\"\n\
         [tasks.x]\nshell = \"true\"\nsuccess_cooldown = \"0s\"\n[tasks.y_z]\nshell = \"true\"\nsuccess_cooldown = \"1day\"\n",
    );
    for (first, second) in [
        (&["a.sync"][..], &["b.sync"][..]),
        (
            &["tasks::x_y", "tasks::z"][..],
            &["tasks::x", "tasks::y_z"][..],
        ),
    ] {
        let mut old = place.start(first);
        old.wait_for("Sleeping 1day");
        let refused = place.run(second);
        assert_eq!(refused.status.code(), Some(65), "{}", stderr(&refused));
        assert!(stderr(&refused).contains("--name"), "{}", stderr(&refused));
        assert!(old.lives());
        assert_eq!(old.count("SIGTERM"), 0);
        assert_eq!(old.stop(), Some(0));
    }
}

#[test]
fn what_a_killed_runner_left_running_is_ended_before_the_task_starts_again() {
    let place = Place::with(
        "[tasks.a]\nshell = \"setsid sh -c 'echo $$ >> escaped; sleep 600' & echo $$ >> leaders; sleep 600\"\n\
         fail_cooldown = \"20ms\"\n",
    );
    let mut old = place.start(&["tasks::a"]);
    for pids in ["escaped", "leaders"] {
        assert!(eventually(|| numbers(&place, pids).len() == 1), "{pids}");
    }
    old.signal(Signal::SIGKILL);
    old.wait_for_status();
    let new = place.start(&["tasks::a"]);
    new.wait_for("Killed what the former runner had left running");
    for pids in ["escaped", "leaders"] {
        assert!(eventually(|| numbers(&place, pids).len() == 2), "{pids}");
        let first = numbers(&place, pids)[0];
        assert!(
            !is_alive(first),
            "{pids}: {first} lives beside the new copy"
        );
    }
    new.signal(Signal::SIGINT);
    new.wait_for("SIGINT received");
    new.signal(Signal::SIGINT);
    assert_eq!(new.stop(), Some(0));
    let all = ["escaped", "leaders"].map(|pids| numbers(&place, pids));
    let none = || all.iter().flatten().all(|pid| !is_alive(*pid));
    assert!(eventually(none), "{all:?}");
}

/// Returns the numbers in a file, each in a line that has its end.
fn numbers(place: &Place, file: &str) -> Vec<i32> {
    let text = place.read(file);
    let lines = text.split_inclusive('\n');
    let whole = lines.filter_map(|line| line.strip_suffix('\n'));
    whole.map(|line| line.parse().unwrap()).collect()
}

#[test]
fn a_pidfile_that_was_deleted_is_put_back() {
    let place = Place::with("[tasks.a]\nshell = \"true\"\nsuccess_cooldown = \"50ms\"\n");
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Execution successful");
    std::fs::remove_file(place.path("run/a.pid")).unwrap();
    let expected = format!("{}\n", runner.pid());
    assert!(
        eventually(|| place.read("run/a.pid") == expected),
        "{}",
        runner.log()
    );
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn stop_now_ends_the_running_task_also_of_a_runner_that_ignores_interrupts() {
    let place = Place::with("[tasks.a]\nshell = \"echo x > begun; sleep 600\"\n");
    // What a shell without job control does to what it starts with `&`.
    let mut shell = Command::new("/bin/sh");
    let binary = env!("CARGO_BIN_EXE_run_functions");
    shell.args(["-c", "trap '' INT QUIT; exec \"$0\" tasks::a", binary]);
    shell.current_dir(place.dir());
    let mut runner = support::Runner::start(shell);
    assert!(eventually(|| !place.read("begun").is_empty()));
    let stopped = place.run(&["stop", "--now", "a"]);
    assert_eq!(stopped.status.code(), Some(0), "{}", stderr(&stopped));
    assert_eq!(runner.wait_for_end(), Some(0));
    assert!(place.all_mails().is_empty(), "nobody is mailed of it");
}

#[test]
fn stop_and_wake_reach_the_runner_by_its_lock() {
    let place = Place::with(SLEEPS);
    let mut runner = place.start(&["tasks::a"]);
    runner.wait_for("Sleeping 1day");
    assert_eq!(place.run(&["wake", "a"]).status.code(), Some(0));
    runner.wait_for_count("Execution successful", 2);
    assert_eq!(place.run(&["stop", "a"]).status.code(), Some(0));
    assert_eq!(runner.wait_for_end(), Some(0));
    for verb in ["stop", "wake", "status"] {
        let answer = place.run(&[verb, "a"]);
        assert_eq!(answer.status.code(), Some(3), "{verb}: {}", stderr(&answer));
    }
}

#[test]
fn a_number_that_is_a_thread_or_nobody_in_the_state_ends_no_start() {
    let place = Place::with("[tasks.a]\nshell = \"true\"\nsuccess_cooldown = \"1day\"\n");
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Sleeping 1day");
    let own = runner.pid();
    // The other thread of a runner has a number of its own.
    let threads = std::fs::read_dir(format!("/proc/{own}/task")).unwrap();
    let numbers = threads.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let thread = numbers
        .into_iter()
        .find(|number| *number != own.to_string())
        .unwrap();
    let state = place.read("run/a.state");
    assert_eq!(runner.stop(), Some(0));
    let me = std::process::id();
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let (say, hear) = std::sync::mpsc::channel();
    let parked = std::thread::spawn(move || {
        say.send(nix::unistd::gettid().as_raw()).unwrap();
        let _ = wait.recv();
    });
    let ours = hear.recv().unwrap();
    assert_ne!(ours, me.cast_signed());
    for number in [
        ours.to_string(),
        thread,
        "0".to_owned(),
        "-1".to_owned(),
        i32::MAX.to_string(),
    ] {
        place.replace(
            "run/a.state",
            state
                .replace(&format!("\"pid\": {own}"), &format!("\"pid\": {number}"))
                .replace(&format!("\"pid\":{own}"), &format!("\"pid\":{number}")),
        );
        assert!(place.read("run/a.state").contains(&number));
        let runner = place.start(&["tasks::a"]);
        runner.wait_for("Wrote pidfile");
        runner.wait_for("Sleeping 1day");
        assert_eq!(runner.stop(), Some(0));
    }
    drop(done);
    parked.join().unwrap();
}

#[test]
#[ignore = "needs root and util-linux"]
fn a_start_without_proc_leaves_the_runner_alone_and_says_what_is_missing() {
    let place = Place::with("[tasks.a]\nshell = \"true\"\nsuccess_cooldown = \"1day\"\n");
    let mut runner = place.start(&["tasks::a"]);
    runner.wait_for("Sleeping 1day");
    let binary = env!("CARGO_BIN_EXE_run_functions");
    let script = format!("umount -l /proc && exec {binary} tasks::a");
    let words = ["--mount", "sh", "-c", &script];
    let output = place
        .command_of("unshare".as_ref(), &words)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(71), "{said}");
    assert!(said.contains("`/proc` is not mounted"), "{said}");
    assert!(!said.contains("ulimit"), "{said}");
    assert!(
        runner.lives() && runner.count("SIGTERM") == 0,
        "{}",
        runner.log()
    );
    assert_eq!(runner.stop(), Some(0));
}
