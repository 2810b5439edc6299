//! What each signal does to a runner that sleeps, and to one whose task runs.

use crate::support::{Place, Runner, eventually};
use nix::sys::signal::Signal;

const SLEEPS: &str = "[tasks.a]\nshell = \"echo x >> runs\"\nsuccess_cooldown = \"1day\"\n";

/// A task that runs until `go` is there.
const BUSY: &str = r#"
[tasks.a]
shell = "echo x >> begun; until test -e go; do sleep 0.01; done; echo x >> finished"
success_cooldown = "0s"
[tasks.b]
shell = "echo x >> other"
"#;

fn sleeping(place: &Place) -> Runner {
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Sleeping 1day");
    runner
}

fn busy(place: &Place) -> Runner {
    let runner = place.start(&["tasks::a", "tasks::b"]);
    assert!(eventually(|| !place.read("begun").is_empty()));
    runner
}

#[test]
fn term_ends_a_sleeping_runner_at_once_with_0() {
    let place = Place::with(SLEEPS);
    assert_eq!(sleeping(&place).stop(), Some(0));
}

#[test]
fn int_ends_a_sleeping_runner_with_0_and_quit_with_131() {
    let place = Place::with(SLEEPS);
    let mut runner = sleeping(&place);
    runner.signal(Signal::SIGINT);
    assert_eq!(runner.wait_for_end(), Some(0));
    let mut runner = sleeping(&place);
    runner.signal(Signal::SIGQUIT);
    assert_eq!(runner.wait_for_end(), Some(131));
}

#[test]
fn term_lets_the_running_task_finish_and_starts_no_other() {
    let place = Place::with(BUSY);
    let mut runner = busy(&place);
    for _ in 0..3 {
        runner.signal(Signal::SIGTERM);
    }
    runner.wait_for("SIGTERM received");
    assert!(runner.lives());
    place.write("go", "");
    assert_eq!(runner.wait_for_end(), Some(0));
    assert_eq!(
        (
            place.read("finished").as_str(),
            place.read("other").as_str()
        ),
        ("x\n", "")
    );
    runner.wait_for("[tasks::a] Execution successful");
    assert_eq!(runner.count("Sleeping"), 0, "{}", runner.log());
}

/// As a service manager does it that ends all of a service, and not the runner alone.
#[test]
fn a_task_that_is_ended_together_with_its_runner_has_not_failed() {
    let place = Place::with("[tasks.a]\nshell = \"echo $$ > pid; exec sleep 1000\"\n");
    let mut runner = place.start(&["tasks::a"]);
    assert!(eventually(|| place.read("pid").ends_with('\n')));
    runner.signal(Signal::SIGTERM);
    runner.wait_for("SIGTERM received");
    let task = place.read("pid").trim().parse().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(task), Signal::SIGTERM).unwrap();
    assert_eq!(runner.wait_for_end(), Some(0));
    assert_eq!(runner.count("Execution interrupted"), 1, "{}", runner.log());
    assert!(place.mails().is_empty());
}

#[test]
fn after_the_stop_timeout_the_task_is_ended() {
    let place = Place::with(&format!(
        "stop_timeout = \"100ms\"\nkill_grace = \"100ms\"\n{BUSY}"
    ));
    let mut runner = busy(&place);
    runner.signal(Signal::SIGTERM);
    assert_eq!(runner.wait_for_end(), Some(0));
    assert_eq!(place.read("finished"), "");
    // That it was ended is no failure: nobody is mailed.
    assert!(place.all_mails().is_empty());
}

#[test]
fn a_second_int_ends_the_task_now() {
    let place = Place::with(BUSY);
    let mut runner = busy(&place);
    runner.signal(Signal::SIGINT);
    runner.wait_for("SIGINT received");
    runner.signal(Signal::SIGINT);
    assert_eq!(runner.wait_for_end(), Some(0));
    assert_eq!(place.read("finished"), "");
}

#[test]
fn a_third_int_kills_a_task_that_ignores_term() {
    let place = Place::with(
        "kill_grace = \"1h\"\n[tasks.a]\nshell = \"trap '' TERM; echo x >> begun; while :; do sleep 0.05; done\"\n",
    );
    let mut runner = place.start(&["tasks::a"]);
    assert!(eventually(|| !place.read("begun").is_empty()));
    for count in 1..=3 {
        runner.signal(Signal::SIGINT);
        runner.wait_for_count("SIGINT received", count);
    }
    assert_eq!(runner.wait_for_end(), Some(0));
    runner.wait_for("Execution interrupted: SIGKILL after ");
}

#[test]
fn quit_kills_the_task_and_exits_with_131() {
    let place = Place::with(BUSY);
    let mut runner = busy(&place);
    runner.signal(Signal::SIGQUIT);
    assert_eq!(runner.wait_for_end(), Some(131));
    assert_eq!(place.read("finished"), "");
}

#[test]
fn usr2_skips_the_rest_of_a_cooldown() {
    let place = Place::with(SLEEPS);
    let runner = sleeping(&place);
    runner.signal(Signal::SIGUSR2);
    runner.wait_for_count("Execution successful", 2);
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn usr1_logs_what_runs_what_is_next_and_when() {
    let place = Place::with(SLEEPS);
    let runner = sleeping(&place);
    runner.signal(Signal::SIGUSR1);
    runner.wait_for("tasks::a is next");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn usr1_names_the_running_task() {
    let place = Place::with(BUSY);
    let runner = busy(&place);
    runner.signal(Signal::SIGUSR1);
    runner.wait_for("running tasks::a for");
    place.write("go", "");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn hup_reopens_the_log_file() {
    let place = Place::with(&format!("log = {{ file = \"log\" }}\n{SLEEPS}"));
    let runner = place.start(&["tasks::a"]);
    assert!(eventually(|| place.read("log").contains("Sleeping 1day")));
    std::fs::rename(place.path("log"), place.path("log.1")).unwrap();
    runner.signal(Signal::SIGHUP);
    assert!(eventually(|| place.read("log").contains("Log reopened")));
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn hup_that_was_ignored_at_the_start_stays_ignored() {
    let place = Place::with(SLEEPS);
    let binary = env!("CARGO_BIN_EXE_run_functions");
    let mut command = place.command(&[]);
    // What nohup(1) does.
    let mut shell = std::process::Command::new("/bin/sh");
    shell
        .args(["-c", "trap '' HUP; exec \"$0\" tasks::a", binary])
        .current_dir(place.dir());
    shell
        .env_clear()
        .envs(command.get_envs().filter_map(|(k, v)| Some((k, v?))));
    std::mem::swap(&mut command, &mut shell);
    let mut runner = Runner::start(command);
    runner.wait_for("Sleeping 1day");
    runner.signal(Signal::SIGHUP);
    runner.signal(Signal::SIGUSR1);
    runner.wait_for("tasks::a is next");
    assert_eq!(runner.count("Log reopened"), 0);
    assert!(runner.lives());
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_newcomer_that_is_stopped_while_it_waits_leaves_the_old_runner_at_work() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let place = Place::with(BUSY);
        let mut old = busy(&place);
        let mut newcomer = place.start(&["tasks::a", "tasks::b"]);
        old.wait_for("SIGTERM received");
        newcomer.signal(signal);
        assert_eq!(newcomer.wait_for_end(), Some(0), "{}", newcomer.log());
        place.write("go", "");
        old.wait_for("The newcomer that asked this runner to leave is gone; going on");
        old.wait_for("[tasks::b] Execution successful");
        assert!(old.lives());
        assert_eq!(old.stop(), Some(0));
    }
}

#[test]
fn once_that_is_interrupted_is_no_success() {
    let place = Place::with(BUSY);
    let mut runner = place.start(&["once", "tasks::a", "tasks::b"]);
    assert!(eventually(|| !place.read("begun").is_empty()));
    runner.signal(Signal::SIGINT);
    runner.wait_for("SIGINT received");
    place.write("go", "");
    // The first task has finished, the second was not begun.
    assert_eq!(runner.wait_for_end(), Some(1));
    assert_eq!(
        (
            place.read("finished").as_str(),
            place.read("other").as_str()
        ),
        ("x\n", "")
    );
}
