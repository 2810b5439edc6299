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

/// What the guide writes for the host of the server, and for each worker.
fn behind_a_server(address: &str, notes: &str, go: &str) -> String {
    format!(
        r#"
[board]
address = "{address}"
insecure_http = true
token_file = "token"
[mail]
to = ["ops@example.org"]
transport = "file"
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

#[test]
#[ignore = "needs root and PostgreSQL"]
fn a_job_fails_over_from_one_host_to_another_behind_a_server_and_one_mail_tells() {
    let dir = tempfile::tempdir().unwrap();
    let network = Network::of(2);
    let directory = directory_of("postgres", dir.path(), "server");
    let postgres = Postgres::start_at(network.server(), &directory);
    let office = Desk::with(&format!(
        "[board]\naddress = \"postgres://postgres@{}/rf?sslmode=disable\"\n[server]\ninsecure_http = true\n",
        postgres.address()
    ));
    let listen = format!("{}:0", network.server());
    let server = office.place.start(&["serve", "--listen", &listen]);
    server.wait_for("listens on http://");
    let log = server.log();
    let address = log.split("listens on ").nth(1).unwrap();
    let address = address.split_whitespace().next().unwrap();
    let registration = office.says(&["serve", "token", "add", "fleet", "--role", "register"]);
    let shared = tempfile::tempdir().unwrap();
    let notes = shared.path().join("notes").display().to_string();
    let go = shared.path().join("go").display().to_string();
    let config = behind_a_server(address, &notes, &go);
    let desks = [Desk::with(&config), Desk::with(&config)];
    let start = |host: usize| {
        let name = format!("host{host}");
        desks[host].place.write("registration", &registration);
        desks[host].place.set_mode("registration", 0o600);
        let work = ["work", "--name", &name, "--register", "registration"];
        let worker = Runner::start(network.on(host, &desks[host].command(&work)));
        worker.wait_for("is on the board");
        worker
    };
    let first = start(0);
    let id = office.post(&["long"]);
    assert!(eventually(|| spans(&notes).len() == 1));
    let second = start(1);
    network.cut(0, Cut::Link);
    second.wait_for("Claimed, and goes on");
    assert!(eventually(|| spans(&notes).len() > 1));
    let mails = || -> Vec<String> {
        desks
            .iter()
            .flat_map(|desk| desk.place.subjects())
            .collect()
    };
    assert!(eventually(|| !mails().is_empty()), "{}", second.log());
    std::fs::write(&go, "").unwrap();
    is_exact(&office.wait_for(id, "succeeded"));
    network.heal(0, Cut::Link);
    first.wait_for_count("is on the board", 2);
    assert_eq!(
        spans(&notes).len(),
        2,
        "one host after the other: {:?}",
        spans(&notes)
    );
    let begun = std::fs::read_to_string(format!("{notes}.a")).unwrap();
    assert_eq!(begun.lines().count(), 1, "what was done is not done again");
    assert_eq!((first.stop(), second.stop()), (Some(0), Some(0)));
    let mails = mails();
    assert!(mails.len() == 1 && mails[0].contains("host0"), "{mails:?}");
    assert_eq!(server.stop(), Some(0));
}
