//! Workers on hosts that are network namespaces, with a board in PostgreSQL.

use crate::desk::{Desk, is_exact};
use crate::network::{Cut, Network};
use crate::servers::{Postgres, directory_of};
use crate::support::{Runner, eventually};

/// A step that notes each 50 ms where it runs, until there is a file.
fn config(address: &str, notes: &str, go: &str) -> String {
    format!(
        r#"
[board]
address = "{address}"
[worker]
slots = 1
[jobs.long]
lease = "4s"
steps = [
    {{ name = "a", shell = 'echo "begun" >> {notes}.a' }},
    {{ name = "b", shell = 'while [ ! -e {go} ]; do echo "$(ip -br addr show eth0 | grep -o "10[.0-9]*" | head -n 1)" >> {notes}; sleep 0.05; done' }},
]
"#
    )
}

/// The hosts at which the step was, in order, each once for a span.
fn spans(notes: &str) -> Vec<String> {
    let text = std::fs::read_to_string(notes).unwrap_or_default();
    let mut hosts: Vec<String> = text.lines().map(str::to_owned).collect();
    hosts.dedup();
    hosts
}

#[test]
#[ignore = "needs root and PostgreSQL"]
fn a_job_of_a_host_that_is_cut_off_goes_on_at_its_step_on_another() {
    let dir = tempfile::tempdir().unwrap();
    let network = Network::of(2);
    let directory = directory_of("postgres", dir.path(), "server");
    let server = Postgres::start_at(network.server(), &directory);
    let address = format!(
        "postgres://postgres@{}/rf?sslmode=disable",
        server.address()
    );
    let shared = tempfile::tempdir().unwrap();
    let notes = shared.path().join("notes").display().to_string();
    let go = shared.path().join("go").display().to_string();
    let config = config(&address, &notes, &go);
    let desks = [Desk::with(&config), Desk::with(&config)];
    let start = |host: usize| {
        let name = format!("host{host}");
        let work = desks[host].command(&["work", "--name", &name]);
        let worker = Runner::start(network.on(host, &work));
        worker.wait_for("is on the board");
        worker
    };
    let first = start(0);
    let id = desks[0].post(&["long"]);
    assert!(eventually(|| spans(&notes).len() == 1));
    let second = start(1);
    network.cut(0, Cut::Link);
    second.wait_for("Claimed, and goes on");
    assert!(eventually(|| spans(&notes).len() > 1));
    network.heal(0, Cut::Link);
    first.wait_for("The board has taken this worker off");
    first.wait_for_count("is on the board", 2);
    std::fs::write(&go, "").unwrap();
    let job = desks[1].wait_for(id, "succeeded");
    is_exact(&job);
    assert_eq!(
        spans(&notes).len(),
        2,
        "one host after the other: {:?}",
        spans(&notes)
    );
    let begun = std::fs::read_to_string(format!("{notes}.a")).unwrap();
    assert_eq!(begun.lines().count(), 1, "what was done is not done again");
    // The host that was cut off works on, as a member.
    let again = desks[0].post(&["long"]);
    desks[0].wait_for(again, "succeeded");
    assert_eq!((first.stop(), second.stop()), (Some(0), Some(0)));
}
