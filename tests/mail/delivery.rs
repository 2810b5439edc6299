//! How mail leaves a running program: the main job on real messages, and mails to the admin through a server.

use std::collections::BTreeMap;
use std::fs;

use lettre::{FileTransport, Message, Transport};
use nix::sys::signal::Signal;

use crate::smtp::{Act, Script, Server, say};
use crate::support::ports::ClosedPort;
use crate::support::processes::{children, is_mail_worker};
use crate::support::{self, Place, Runner, eventually};

const MAIN_JOB: [&str; 2] = ["tasks::send_mail", "tasks::retry_deferred"];

/// A place whose mail goes to a server on this port, and whose tasks pause shortly.
fn place(port: u16, tasks: &str) -> Place {
    Place::with(&format!(
        "[mail]\nto = [\"ops@example.org\"]\nfrom = \"runner@example.org\"\ntransport = \"smtp\"\n\
         server = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\ntimeout = \"60s\"\n\
         [defaults]\nsuccess_cooldown = \"50ms\"\nfail_cooldown = \"50ms\"\n{tasks}"
    ))
}

const QUEUE_TASKS: &str = "[tasks.send_mail]\nsuccess_cooldown = \"50ms\"\nfail_cooldown = \"50ms\"\n\
     [tasks.retry_deferred]\nsuccess_cooldown = \"50ms\"\nfail_cooldown = \"50ms\"\n";

/// Drops messages as programs do: every other one with an envelope, as lettre's file transport writes it.
fn drop_messages(place: &Place, count: usize) {
    let queue = place.path("run/outbox/queue");
    fs::create_dir_all(&queue).unwrap();
    for number in 0..count {
        let message = Message::builder()
            .from("Shop <shop@example.org>".parse().unwrap())
            .to(format!("customer{number}@example.org").parse().unwrap())
            .message_id(Some(format!("<order-{number}@example.org>")))
            .subject(format!("Order {number}"))
            .body(format!("Thank you, {number}.\n.\nBye\n"))
            .unwrap();
        let stem = FileTransport::new(&queue).send(&message).unwrap();
        if number % 2 == 0 {
            let envelope = format!(
                r#"{{"forward_path":["customer{number}@example.org"],"reverse_path":"shop@example.org"}}"#
            );
            fs::write(queue.join(format!("{stem}.json")), envelope).unwrap();
        }
    }
}

/// Returns how often each order arrived.
fn orders(server: &Server) -> BTreeMap<String, usize> {
    let mut orders = BTreeMap::new();
    for received in server.received() {
        let id = received.header("Message-ID").unwrap();
        if id.starts_with("<order-") {
            *orders.entry(id).or_default() += 1;
        }
    }
    orders
}

#[test]
fn the_main_job_brings_two_hundred_messages_to_a_server_once_each() {
    let server = Server::start(Script::default());
    let place = place(server.address.port(), QUEUE_TASKS);
    drop_messages(&place, 200);
    let runner = place.start(&MAIN_JOB);
    server.wait_for(200);
    assert!(eventually(|| place.outbox("queue").is_empty()));
    assert_eq!(runner.stop(), Some(0));
    let orders = orders(&server);
    assert_eq!(orders.len(), 200);
    assert!(orders.values().all(|count| *count == 1), "{orders:?}");
}

#[test]
fn a_runner_that_is_killed_again_and_again_loses_no_message() {
    let server = Server::start(Script::default());
    let place = place(server.address.port(), QUEUE_TASKS);
    drop_messages(&place, 200);
    let mut kills = 0;
    for seen in [1, 40, 90, 150, 180] {
        let runner = place.start(&MAIN_JOB);
        server.wait_for(seen);
        runner.signal(Signal::SIGKILL);
        kills += 1;
    }
    let runner = place.start(&MAIN_JOB);
    assert!(eventually(|| orders(&server).len() == 200));
    let emptied = eventually(|| place.outbox("queue").is_empty());
    assert!(emptied, "{:?}\n{}", place.outbox("queue"), runner.log());
    let twice = orders(&server).values().filter(|count| **count > 1).count();
    assert!(twice <= kills, "{twice} duplicates of {kills} kills");
}

#[test]
fn a_runner_that_is_replaced_in_the_middle_loses_and_doubles_nothing() {
    let server = Server::start(Script::default());
    let place = place(server.address.port(), QUEUE_TASKS);
    drop_messages(&place, 200);
    let mut runners: Vec<Runner> = Vec::new();
    for seen in [1, 60, 120] {
        runners.push(place.start(&MAIN_JOB));
        server.wait_for(seen);
    }
    assert!(eventually(|| orders(&server).len() == 200));
    assert!(eventually(|| place.outbox("queue").is_empty()));
    assert!(orders(&server).values().all(|count| *count == 1));
}

#[test]
fn while_the_server_is_down_messages_wait_and_the_task_fails_with_one_clear_line() {
    let port = ClosedPort::take();
    let place = place(port.number(), QUEUE_TASKS);
    drop_messages(&place, 30);
    let runner = place.start(&MAIN_JOB);
    runner.wait_for("30 messages deferred: the mail server at 127.0.0.1:");
    runner.wait_for("refuses connections");
    assert!(place.outbox("queue").is_empty());
    let deferred = place.outbox("deferred");
    assert_eq!(
        deferred
            .iter()
            .filter(|name| name.ends_with(".eml"))
            .count(),
        30
    );
    assert_eq!(runner.stop(), Some(0));
    // The mail about it waits as well, and is one.
    let waiting = place.outbox("alerts");
    assert_eq!(waiting.len(), 1, "{waiting:?}");
}

#[test]
fn one_refused_message_is_kept_with_its_reason_and_the_admin_is_told() {
    let script = Script {
        rcpt: vec![("customer3@", say("550 5.1.1 nobody of this name"))],
        ..Script::default()
    };
    let server = Server::start(script);
    let place = place(server.address.port(), QUEUE_TASKS);
    drop_messages(&place, 10);
    let _runner = place.start(&MAIN_JOB);
    let received = server.wait_for(10);
    let mail = received
        .iter()
        .find(|received| received.to == ["ops@example.org"]);
    let mail = &mail.expect("a mail to the admin").message;
    let unbroken = mail.replace("=\r\n", "").replace("=\n", "");
    assert!(unbroken.contains("550 5.1.1 nobody of this name"), "{mail}");
    assert_eq!(orders(&server).len(), 9);
    let failed = place.outbox("failed");
    assert_eq!(
        failed
            .iter()
            .filter(|name| name.ends_with(".reason"))
            .count(),
        1
    );
}

#[test]
fn an_isolated_function_knows_the_queue_and_the_way_to_the_server() {
    let server = Server::start(Script::default());
    let place = place(server.address.port(), "[tasks.send_mail]\nisolate = true\n");
    drop_messages(&place, 2);
    let output = place.run(&["once", "tasks::send_mail"]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        support::stderr(&output)
    );
    assert_eq!(orders(&server).len(), 2);
}

#[test]
fn without_a_mail_server_messages_become_files() {
    let place = Place::with(QUEUE_TASKS);
    drop_messages(&place, 5);
    let _runner = place.start(&MAIN_JOB);
    assert!(eventually(|| place.mails().len() == 5));
}

#[test]
fn the_first_failure_reaches_the_admin_through_the_server() {
    let server = Server::start(Script::default());
    let task = "[tasks.broken]\nshell = \"echo the disk is full >&2; exit 3\"\n";
    let place = place(server.address.port(), task);
    let runner = place.start(&["tasks::broken"]);
    let received = server.wait_for(1);
    assert_eq!(received[0].from, "runner@example.org");
    assert_eq!(received[0].to, ["ops@example.org"]);
    let subject = support::subject(&received[0].message);
    assert!(
        subject.ends_with("First exception caught: exit 3: the disk is full"),
        "{subject}"
    );
    runner.wait_for_count("Execution failed", 5);
    assert_eq!(runner.stop(), Some(0));
    assert_eq!(server.received().len(), 1);
}

const FAILS: &str = "[tasks.broken]\ncommand = [\"false\"]\n";

/// A server that accepts and says nothing.
fn silent() -> Server {
    Server::start(Script {
        greeting: Act::Hang,
        ..Script::default()
    })
}

#[test]
fn a_mail_server_that_accepts_and_says_nothing_holds_up_no_run_and_no_end() {
    let server = silent();
    let place = place(server.address.port(), FAILS);
    let runner = place.start(&["tasks::broken"]);
    assert!(eventually(|| server.connections() == 1));
    runner.wait_for_count("Execution failed", 20);
    assert_eq!(server.connections(), 1);
    assert_eq!(runner.stop(), Some(0));
    assert_eq!(place.outbox("alerts").len(), 1);
}

#[test]
fn the_worker_ends_with_a_runner_that_is_killed() {
    let server = silent();
    let place = place(server.address.port(), FAILS);
    let runner = place.start(&["tasks::broken"]);
    assert!(eventually(|| server.connections() == 1));
    let worker = children(runner.pid())
        .into_iter()
        .find(|pid| is_mail_worker(*pid));
    let worker = worker.expect("a worker");
    runner.signal(Signal::SIGKILL);
    assert!(eventually(|| !is_mail_worker(worker)));
}

#[test]
fn what_a_killed_runner_could_not_deliver_the_next_one_does() {
    let dumb = silent();
    let place = place(dumb.address.port(), FAILS);
    let runner = place.start(&["tasks::broken"]);
    assert!(eventually(|| dumb.connections() == 1));
    runner.signal(Signal::SIGKILL);
    drop(runner);
    let server = Server::start(Script::default());
    let config = place.read("run_functions.toml");
    let port = |server: &Server| format!("port = {}", server.address.port());
    place.configure(&config.replace(&port(&dumb), &port(&server)));
    let _runner = place.start(&["tasks::broken"]);
    let received = server.wait_for(1);
    let subject = support::subject(&received[0].message);
    assert!(subject.contains("First exception caught"), "{subject}");
}
