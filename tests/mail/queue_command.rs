//! `mail queue`: what waits to leave and why, what was given up, and `--flush`.

use crate::smtp::{Script, Server, say};
use crate::support::ports::ClosedPort;
use crate::support::{Place, eventually, stderr, stdout};

/// A place whose mail goes to this port, with a task that fails.
fn place(port: u16) -> Place {
    Place::with(&config(port))
}

fn config(port: u16) -> String {
    format!(
        "[mail]\nto = [\"ops@example.org\"]\nfrom = \"runner@example.org\"\ntransport = \"smtp\"\n\
         server = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n\
         [tasks.broken]\ncommand = [\"false\"]\n"
    )
}

/// Has a runner leave an alert behind that cannot leave, and a message in the queue.
fn with_mail_waiting(place: &Place) {
    let runner = place.start(&["tasks::broken"]);
    runner.wait_for("Mail cannot leave");
    assert_eq!(runner.stop(), Some(0));
    let message =
        "From: shop@example.org\nTo: customer@example.org\nSubject: Order 7\n\nThank you.\n";
    place.write("run/outbox/queue/order-7.eml", message);
}

#[test]
fn an_empty_queue_says_so_and_makes_nothing() {
    let place = Place::with("");
    let output = place.run(&["mail", "queue"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).contains("Nothing waits, nothing was given up."));
    let output = place.run(&["mail", "queue", "--flush"]);
    assert_eq!(
        (output.status.code(), stdout(&output).as_str()),
        (Some(0), "Nothing waits.\n")
    );
    assert!(!place.path("run").exists());
}

#[test]
fn what_waits_is_listed_with_the_reason_and_the_next_attempt() {
    let port = ClosedPort::take();
    let place = place(port.number());
    with_mail_waiting(&place);
    let text = stdout(&place.run(&["mail", "queue"]));
    let expected = [
        "It has not left since ",
        "refuses connections",
        "1 mail to the admin:",
        "First exception caught: exit 1 to ops@example.org",
        "1 mail in the queue:",
        "order-7.eml",
    ];
    for words in expected {
        assert!(text.contains(words), "`{words}` is not in:\n{text}");
    }
}

#[test]
fn what_waits_is_also_data() {
    let data = |place: &Place| -> serde_json::Value {
        let output = place.run(&["mail", "queue", "--json"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        serde_json::from_str(&stdout(&output)).unwrap()
    };
    let port = ClosedPort::take();
    let place = place(port.number());
    assert_eq!(data(&place)["alerts"], serde_json::json!([]));
    assert!(!place.path("run").exists(), "looking makes nothing");
    with_mail_waiting(&place);
    place.write("run/outbox/failed/old.eml", "x");
    place.write("run/outbox/failed/old.reason", "550 nobody\nmore\n");
    let data = data(&place);
    assert_eq!(data["ok"], false, "{data}");
    assert!(data["trouble"].as_str().unwrap().contains("refuses conn"));
    assert!(data["attempts"].as_u64().unwrap() >= 1, "{data}");
    let alert = &data["alerts"][0];
    assert_eq!(alert["to"], serde_json::json!(["ops@example.org"]));
    assert!(alert["name"].as_str().unwrap().contains("First exception"));
    for time in [
        &alert["since"],
        &data["broken_since"],
        &data["next_attempt"],
    ] {
        let _: jiff::Timestamp = time.as_str().unwrap().parse().unwrap();
    }
    assert_eq!(data["queue"][0]["name"], "order-7.eml");
    assert_eq!(data["failed"][0]["why"], "550 nobody");
    let both = place.run(&["mail", "queue", "--json", "--flush"]);
    assert_eq!(both.status.code(), Some(2));
}

#[test]
fn flush_sends_all_that_waits_when_the_server_is_back() {
    let port = ClosedPort::take();
    let place = place(port.number());
    with_mail_waiting(&place);
    let server = Server::start(Script::default());
    place.configure(&config(server.address.port()));
    let output = place.run(&["mail", "queue", "--flush"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
    assert_eq!(text, "2 mails left.\n");
    assert!(eventually(|| server.received().len() == 2));
    assert!(stdout(&place.run(&["mail", "queue"])).contains("Nothing waits"));
}

#[test]
fn flush_says_what_is_still_in_the_way() {
    let port = ClosedPort::take();
    let place = place(port.number());
    with_mail_waiting(&place);
    let output = place.run(&["mail", "queue", "--flush"]);
    let (text, said) = (stdout(&output), stderr(&output));
    assert_eq!(output.status.code(), Some(69), "{text}{said}");
    assert!(text.starts_with("no mails left."), "{text}");
    assert!(text.contains("1 mail put off:"), "{text}");
    assert!(
        said.contains("refuses connections") && said.contains("hint: "),
        "{said}"
    );
}

#[test]
fn what_was_put_off_is_tried_whenever_it_was_to_be() {
    let port = ClosedPort::take();
    let place = place(port.number());
    with_mail_waiting(&place);
    place.run(&["mail", "queue", "--flush"]);
    let server = Server::start(Script::default());
    place.configure(&config(server.address.port()));
    let output = place.run(&["mail", "queue", "--flush"]);
    assert_eq!(stdout(&output), "2 mails left.\n", "{}", stderr(&output));
}

#[test]
fn what_was_given_up_is_listed_with_its_reason() {
    let server = Server::start(Script {
        rcpt: vec![("customer", say("550 5.1.1 no such user"))],
        ..Script::default()
    });
    let place = place(server.address.port());
    place.write(
        "run/outbox/queue/order-7.eml",
        "From: shop@example.org\nTo: customer@example.org\nSubject: Order 7\n\nThank you.\n",
    );
    let output = place.run(&["mail", "queue", "--flush"]);
    assert_eq!(output.status.code(), Some(69), "{}", stdout(&output));
    let text = stdout(&place.run(&["mail", "queue"]));
    assert!(text.contains("1 mail given up:"), "{text}");
    assert!(text.contains("550 5.1.1 no such user"), "{text}");
}
