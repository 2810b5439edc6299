//! Chains that run beside each other: which tasks two of them share, and whose runner a start would take away.

use std::fs::File;
use std::process::Stdio;

use crate::support::{Place, Runner, eventually, stderr, stdout, terminal};

const TASKS: &str = "[defaults]\nsuccess_cooldown = \"1day\"\n\
    [tasks.a]\nshell = \"true\"\n[tasks.b]\nshell = \"true\"\n[tasks.c]\nshell = \"true\"\n";

fn running(place: &Place, words: &[&str]) -> Runner {
    let runner = place.start(words);
    runner.wait_for("Sleeping 1day");
    runner
}

#[test]
fn a_task_that_another_living_chain_runs_is_named_with_the_command_that_ends_that_chain() {
    let place = Place::with(TASKS);
    let first = running(&place, &["tasks::a", "tasks::b"]);
    let wider = ["tasks::a", "tasks::b", "tasks::c"];
    let warning = format!(
        "`tasks::a`, `tasks::b` run in the chain `a_b` too (runner {})",
        first.pid()
    );
    let checked = stderr(&place.run(&[&["check"][..], &wider].concat()));
    assert!(checked.contains(&warning), "{checked}");
    assert!(checked.contains("stop a_b` ends that chain"), "{checked}");
    let second = running(&place, &wider);
    second.wait_for(&warning);
    let status = stdout(&place.run(&["status"]));
    assert!(
        status.contains("a_b_c runs tasks::a, tasks::b too"),
        "{status}"
    );
    assert!(
        status.contains("a_b runs tasks::a, tasks::b too"),
        "{status}"
    );
    assert!(status.contains("stop a_b_c`"), "{status}");
    let status = stdout(&place.run(&["status", "a_b"]));
    assert!(
        status.contains("a_b_c runs tasks::a, tasks::b too"),
        "{status}"
    );
    assert_eq!(second.stop(), Some(0));
    let status = stdout(&place.run(&["status", "a_b"]));
    assert!(!status.contains(" too:"), "{status}");
    assert_eq!(first.stop(), Some(0));
}

#[test]
fn chains_that_share_nothing_and_an_upgrade_of_the_same_chain_are_no_warning() {
    let place = Place::with(TASKS);
    let first = running(&place, &["tasks::a"]);
    let other = running(&place, &["tasks::b"]);
    let again = running(&place, &["tasks::a"]);
    for runner in [&other, &again] {
        assert_eq!(runner.count(" too ("), 0, "{}", runner.log());
    }
    drop(first);
    assert_eq!(other.stop(), Some(0));
    assert_eq!(again.stop(), Some(0));
}

#[test]
fn another_list_under_the_same_name_is_foretold_and_the_way_to_change_it_is_named() {
    let place = Place::with(TASKS);
    let runner = running(&place, &["--name", "shop", "tasks::a"]);
    let wider = ["--name", "shop", "tasks::a", "tasks::b"];
    let dry = stderr(&place.run(&[&["--dry-run"][..], &wider].concat()));
    assert!(dry.contains("would end with 65"), "{dry}");
    assert!(dry.contains("stop shop`"), "{dry}");
    let refused = place.run(&wider);
    assert_eq!(refused.status.code(), Some(65));
    assert!(
        stderr(&refused).contains("stop shop` ends that one"),
        "{}",
        stderr(&refused)
    );
    let stopped = place.run(&["stop", "shop"]);
    assert_eq!(stopped.status.code(), Some(0));
    drop(runner);
    let changed = running(&place, &wider);
    assert_eq!(changed.stop(), Some(0));
}

/// Has the runner of a chain be that of a unit, as far as others can know.
fn give_to_unit(place: &Place, unit: &str) {
    let state = place.read("run/a.state");
    let open = state.trim_end().strip_suffix('}').unwrap();
    place.replace(
        "run/a.state",
        format!("{open},\"unit\":{{\"name\":\"{unit}\"}}}}\n"),
    );
}

/// Starts a runner with a terminal for its standard input.
fn in_a_terminal(place: &Place, words: &[&str]) -> (Runner, File) {
    let terminal = terminal(None);
    let mut command = place.command(words);
    command.stdin(Stdio::from(terminal.slave));
    (Runner::start(command), File::from(terminal.master))
}

#[test]
fn a_terminal_takes_no_chain_from_its_unit_unless_it_is_asked_to() {
    let place = Place::with(TASKS);
    let mut of_unit = running(&place, &["tasks::a"]);
    give_to_unit(&place, "shop.service");
    let dry = stderr(&place.run(&["--dry-run", "tasks::a"]));
    assert!(dry.contains("systemctl restart shop.service"), "{dry}");
    let (mut typed, _terminal) = in_a_terminal(&place, &["tasks::a"]);
    assert_eq!(typed.wait_for_end(), Some(75), "{}", typed.log());
    typed.wait_for("belongs to the unit `shop.service` of systemd");
    typed.wait_for("`systemctl restart shop.service`");
    assert!(of_unit.lives());
    let (taker, _terminal) = in_a_terminal(&place, &["--replace-unit", "tasks::a"]);
    taker.wait_for("`systemctl start shop.service` takes the chain back");
    taker.wait_for("Sleeping 1day");
    assert_eq!(of_unit.wait_for_end(), Some(0));
    assert_eq!(taker.stop(), Some(0));
}

#[test]
fn without_a_terminal_the_unit_is_named_and_the_chain_is_taken() {
    let place = Place::with(TASKS);
    let mut of_unit = running(&place, &["tasks::a"]);
    give_to_unit(&place, "shop.service");
    let deployed = running(&place, &["tasks::a"]);
    deployed.wait_for("belongs to the unit `shop.service` of systemd, which will be inactive now");
    assert_eq!(of_unit.wait_for_end(), Some(0));
    assert_eq!(deployed.stop(), Some(0));
}

#[test]
fn status_proposes_the_unit_of_a_chain_that_does_not_run() {
    let place = Place::with(TASKS);
    let mut of_unit = running(&place, &["tasks::a"]);
    give_to_unit(&place, "shop.service");
    of_unit.signal(nix::sys::signal::Signal::SIGKILL);
    of_unit.wait_for_status();
    let told = || stdout(&place.run(&["status"]));
    assert!(
        eventually(|| told().contains("start it with `systemctl start shop.service`")),
        "{}",
        told()
    );
}
