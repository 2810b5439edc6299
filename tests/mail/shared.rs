//! One STATE_DIR and several runners, at once or one after the other: each mail leaves, once.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use nix::sys::signal::Signal;

use crate::smtp::{Script, Server, say};
use crate::support::ports::ClosedPort;
use crate::support::{Place, eventually};

const TASKS: usize = 10;

/// A place whose mail goes to this port, with tasks `prefix0` to `prefix9` for each prefix, which fail at once.
fn place(port: u16, prefixes: &[&str]) -> Place {
    let mut config = format!(
        "[mail]\nto = [\"ops@example.org\"]\nfrom = \"runner@example.org\"\ntransport = \"smtp\"\n\
         server = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\nmax_per_hour = 1000\n\
         [defaults]\nfail_cooldown = \"20ms\"\n"
    );
    for (at, prefix) in prefixes.iter().enumerate() {
        for number in 0..TASKS {
            // Of one kind more than three would be one mail.
            let code = 1 + at * TASKS + number;
            let _ = write!(
                config,
                "[tasks.{prefix}{number}]\nshell = \"exit {code}\"\n"
            );
        }
    }
    Place::with(&config)
}

fn names(prefix: &str) -> Vec<String> {
    (0..TASKS)
        .map(|number| format!("tasks::{prefix}{number}"))
        .collect()
}

fn strs(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

/// Returns how often each mail arrived, by its Message-ID.
fn arrivals(server: &Server) -> BTreeMap<String, usize> {
    let mut arrivals = BTreeMap::new();
    for received in server.received() {
        *arrivals
            .entry(received.header("Message-ID").unwrap())
            .or_default() += 1;
    }
    arrivals
}

#[test]
fn two_runners_at_once_send_each_mail_once() {
    // Slow enough that both have something to send most of the time.
    let server = Server::start(Script {
        greeting: say("220-a\r\n220 b"),
        ..Script::default()
    });
    let place = place(server.address.port(), &["a", "b"]);
    let runners = ["a", "b"].map(|prefix| place.start(&strs(&names(prefix))));
    assert!(eventually(|| arrivals(&server).len() == 2 * TASKS));
    assert!(eventually(|| place.outbox("alerts").is_empty()));
    for runner in runners {
        assert_eq!(runner.stop(), Some(0));
    }
    let arrivals = arrivals(&server);
    assert_eq!(arrivals.len(), 2 * TASKS);
    assert!(arrivals.values().all(|count| *count == 1), "{arrivals:?}");
}

/// Tells the outbox that the pause before its next attempt has passed.
fn let_the_pause_pass(place: &Place) {
    let path = place.path("run/outbox/path.json");
    let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    json["broken"]["next"]["secs_since_epoch"] = 0.into();
    fs::write(&path, json.to_string()).unwrap();
}

#[test]
fn what_ten_tasks_had_to_tell_while_the_server_was_down_leaves_once_with_the_next_runner() {
    let port = ClosedPort::take();
    let place = place(port.number(), &["a"]);
    let names = names("a");
    for end in [Signal::SIGKILL, Signal::SIGKILL, Signal::SIGTERM] {
        let mut runner = place.start(&strs(&names));
        assert!(
            eventually(|| place.outbox("alerts").len() >= TASKS),
            "{}",
            runner.log()
        );
        assert!(eventually(|| place.path("run/outbox/path.json").exists()));
        runner.signal(end);
        runner.wait_for_status();
        // What a crash left behind is neither lost nor made again.
        assert_eq!(place.outbox("alerts").len(), TASKS, "after {end}");
    }
    let_the_pause_pass(&place);
    // The last one ended by itself: a person has it send what is there with another chain.
    let server = Server::on(port.open(), |_| Script::default());
    let config = place.read("run_functions.toml");
    place.configure(&format!("{config}[tasks.fine]\ncommand = [\"true\"]\n"));
    let runner = place.start(&["tasks::fine"]);
    let received = server.wait_for(TASKS);
    assert!(eventually(|| place.outbox("alerts").is_empty()));
    let arrivals = arrivals(&server);
    assert_eq!(arrivals.len(), TASKS);
    assert!(arrivals.values().all(|count| *count == 1), "{arrivals:?}");
    let first = received[0].message.replace("=\r\n", "");
    assert!(first.contains("Mail could not leave for"), "{first}");
    assert!(first.contains("refuses connections"), "{first}");
    assert_eq!(runner.stop(), Some(0));
}
