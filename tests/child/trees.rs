//! What a run leaves behind, and how it is ended: children's children, in the background, in sessions of their own.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::child_support::processes::is_alive;
use crate::child_support::{self, Child, PATIENCE, is_alone, is_success, pid_in, text, wait_until};
use run_functions::__internal::{Leak, Outcome, now};

/// A place where the processes of a tree leave their numbers.
struct Pids(tempfile::TempDir);

impl Pids {
    fn new() -> Self {
        Pids(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Returns a shell line that notes its own number and then sleeps.
    fn sleeper(&self, name: &str, before: &str) -> String {
        let file = self.file(name);
        format!(
            "sh -c '{before} echo $$ > {}; exec sleep 1000'",
            file.display()
        )
    }

    fn of(&self, name: &str) -> i32 {
        pid_in(&self.file(name)).unwrap_or_else(|| panic!("{name} has not begun"))
    }

    /// Tells whether a note names the sleeper `a`, as the shell or as what that has become.
    fn is_named(&self, notes: &str) -> bool {
        let pid = self.of("a");
        ["sh", "sleep"]
            .iter()
            .any(|name| notes.contains(&format!("`{name}` ({pid})")))
    }

    fn all_here(&self, names: &[&str]) -> bool {
        names.iter().all(|name| pid_in(&self.file(name)).is_some())
    }

    fn wait_for(&self, name: &str) -> String {
        let file = self.file(name);
        format!("while ! [ -s {} ]; do sleep 0.01; done", file.display())
    }
}

#[test]
fn a_run_ends_when_its_process_does_though_a_child_holds_the_output() {
    let pids = Pids::new();
    let line = format!(
        "{} & {}; echo done",
        pids.sleeper("a", ""),
        pids.wait_for("a")
    );
    let ended = Child::shell(&line).run();
    assert!(is_success(&ended), "{ended:?}");
    assert_eq!(ended.output().head, "done\n");
    assert!(!is_alive(pids.of("a")), "it was left behind");
    let notes = ended.notes.join("\n");
    let told = "left processes behind, which were killed: `";
    assert!(notes.contains(told) && pids.is_named(&notes), "{notes}");
}

/// Each line starts a process that tries to get away, and ends.
fn escapes(pids: &Pids) -> Vec<(&'static str, String)> {
    let run = |how: &str| format!("{how} & {}", pids.wait_for("a"));
    let plain = pids.sleeper("a", "");
    let deaf = pids.sleeper("a", "trap \"\" TERM HUP INT;");
    vec![
        ("in the background", run(&plain)),
        ("nohup", run(&format!("nohup {plain} > /dev/null"))),
        ("deaf to TERM", run(&deaf)),
        ("in a session of its own", run(&format!("setsid {plain}"))),
        (
            "forked twice, in a session of its own",
            run(&format!("(setsid {deaf} &)")),
        ),
        (
            "all closed",
            run(&format!("setsid {plain} <&- >&- 2>&- 3>&-")),
        ),
        (
            "another environment",
            run(&format!("setsid env -i PATH=$PATH {deaf}")),
        ),
    ]
}

#[test]
fn nothing_gets_away_from_a_run_that_ends() {
    for escape in 0..escapes(&Pids::new()).len() {
        let pids = Pids::new();
        let (how, line) = escapes(&pids).swap_remove(escape);
        let ended = Child::shell(&line).run();
        assert!(is_success(&ended), "{how}: {ended:?}");
        assert!(!is_alive(pids.of("a")), "{how}: it got away");
        assert!(
            pids.is_named(&ended.notes.join("")),
            "{how}: {:?}",
            ended.notes
        );
    }
}

#[test]
fn nothing_gets_away_from_a_run_that_is_timed_out() {
    for escape in 0..escapes(&Pids::new()).len() {
        let pids = Pids::new();
        let (how, line) = escapes(&pids).swap_remove(escape);
        let line = format!("{line}; {}", pids.sleeper("leader", ""));
        let child = Child::shell(&line).with(|settings| {
            settings.kill_grace = Duration::from_millis(50);
            settings.silence_timeout = Some(PATIENCE);
        });
        let names = ["a", "leader"];
        let mut running = child.start().until(how, || pids.all_here(&names));
        running.run.terminate(now().mono);
        let ended = running.finish();
        assert!(
            matches!(ended.outcome, Outcome::Interrupted { .. }),
            "{how}: {ended:?}"
        );
        for name in names {
            assert!(!is_alive(pids.of(name)), "{how}: {name} got away");
        }
    }
}

#[test]
fn leftovers_that_are_allowed_live_through_this_run_and_the_next() {
    for leak in [Leak::Warn, Leak::Allow] {
        let pids = Pids::new();
        let line = format!("setsid {} & {}", pids.sleeper("a", ""), pids.wait_for("a"));
        let ended = Child::shell(&line)
            .with(|settings| settings.leak = leak)
            .run();
        assert!(is_success(&ended));
        let notes = ended.notes.join("");
        let told = notes.contains("left alone: `") && pids.is_named(&notes);
        assert_eq!(told, leak == Leak::Warn, "{:?}", ended.notes);
        let next = Child::shell("sleep 1000 & true").run();
        assert!(next.notes.join("").contains("were killed"));
        let pid = pids.of("a");
        assert!(is_alive(pid), "the next run has ended what was allowed");
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::SIGKILL).unwrap();
    }
}

#[test]
fn a_child_that_the_runner_waits_for_itself_is_left_alone() {
    let mut own = std::process::Command::new("sleep")
        .arg("1000")
        .spawn()
        .unwrap();
    Child::shell("sleep 1000 & setsid sleep 1000 & true").run();
    assert!(own.try_wait().unwrap().is_none(), "the sweep took it");
    own.kill().unwrap();
    own.wait().unwrap();
}

#[test]
fn those_of_the_tree_have_the_grace_though_their_leader_is_gone() {
    let pids = Pids::new();
    let done = pids.file("done");
    let worker = format!(
        "trap \"sleep 0.3; echo ok > {}; exit\" TERM; echo $$ > {}; while :; do sleep 0.01; done",
        done.display(),
        pids.file("a").display()
    );
    let child = Child::shell(&format!("sh -c '{worker}' & exec sleep 1000"));
    let mut running = child.start().until("begun", || pids.all_here(&["a"]));
    running.run.terminate(now().mono);
    let ended = running.finish();
    assert!(matches!(ended.outcome, Outcome::Interrupted { .. }));
    assert_eq!(fs::read_to_string(done).unwrap(), "ok\n");
}

#[test]
fn those_that_left_the_group_are_asked_before_they_are_killed_too() {
    let pids = Pids::new();
    let done = pids.file("done");
    let worker = format!(
        "trap \"echo ok > {}; exit\" TERM; echo $$ > {}; while :; do sleep 0.01; done",
        done.display(),
        pids.file("a").display()
    );
    let child = Child::shell(&format!("setsid sh -c '{worker}' & exec sleep 1000"));
    let child = child.with(|settings| settings.kill_grace = child_support::PATIENCE);
    let mut running = child.start().until("begun", || pids.all_here(&["a"]));
    running.run.terminate(now().mono);
    running.finish();
    assert_eq!(fs::read_to_string(done).unwrap(), "ok\n");
}

#[test]
fn a_stopped_process_is_woken_so_that_it_can_obey() {
    let line = "trap 'echo obeyed; exit' TERM; kill -STOP $$; while :; do sleep 0.01; done";
    let child = Child::shell(line).timeout(Duration::from_millis(300));
    let child = child.with(|settings| settings.kill_grace = child_support::PATIENCE);
    assert_eq!(child.fails(), "timed out after 300ms: obeyed");
}

#[test]
fn a_stopped_process_is_ended_too() {
    let child = Child::shell("kill -STOP $$; echo no").timeout(Duration::from_millis(300));
    assert_eq!(child.fails(), "timed out after 300ms");
}

#[test]
fn a_tree_of_a_hundred_sessions_in_a_chain_is_ended() {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("chain");
    let text = "#!/bin/sh\nif [ $1 -gt 0 ]; then setsid \"$0\" $(($1 - 1)) & fi\n\
        echo $$ >> \"$0.pids\"; exec sleep 1000\n";
    fs::write(&script, text).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&script, mode).unwrap();
    let list = dir.path().join("chain.pids");
    let line = format!("{} 99", script.display());
    let pids = || -> Vec<i32> {
        let text = fs::read_to_string(&list).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    };
    let mut running = Child::shell(&line)
        .start()
        .until("a hundred", || pids().len() == 100);
    running.run.kill(now().mono);
    running.finish();
    assert!(pids().into_iter().all(|pid| !is_alive(pid)));
}

#[test]
fn a_fork_bomb_in_its_group_is_ended() {
    // Bounded by itself, should the end fail: each generation has a number.
    let bomb = "bomb() { [ $1 -gt 9 ] || { bomb $(($1 + 1)) & bomb $(($1 + 1)) & }; sleep 1000; }";
    let line = format!("{bomb}; bomb 1");
    let child = Child::shell(&line).timeout(Duration::from_millis(400));
    let child = child.with(|settings| settings.kill_grace = Duration::ZERO);
    let running = child.start();
    let group = running.run.pid();
    let ended = running.finish();
    assert_eq!(text(&ended), "timed out after 400ms");
    assert!(ended.unkillable.is_empty());
    let group = nix::unistd::Pid::from_raw(-group);
    wait_until("gone", || nix::sys::signal::kill(group, None).is_err());
}

#[test]
fn zombies_and_descriptors_do_not_gather() {
    if !is_alone(zombies_and_descriptors_do_not_gather) {
        return;
    }
    let descriptors = || fs::read_dir("/proc/self/fd").unwrap().count();
    let child = Child::shell("sleep 1000 & setsid sleep 1000 & (setsid true &) ; true");
    child.run();
    let _turn = child_support::turn();
    let before = descriptors();
    for _ in 0..20 {
        child.try_start().unwrap().finish().unwrap();
    }
    assert_eq!(descriptors(), before);
    let left = child_support::children_of_other_sessions();
    assert_eq!(left, Vec::<i32>::new(), "left as zombies or alive");
}
