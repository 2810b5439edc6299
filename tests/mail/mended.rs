//! What waits because of a setting: screens do not call it mailed, and once the setting is mended nothing waits half an hour.

use crate::smtp::{Script, Server, say};
use crate::support::{self, Place, eventually, stdout};

const TASK: &str = "[tasks.broken]\ncommand = [\"false\"]\nfail_cooldown = \"1h\"\n";

fn config(server: &Server, more: &str) -> String {
    format!(
        "[mail]\nto = [\"ops@example.org\"]\nfrom = \"runner@example.org\"\ntransport = \"smtp\"\n\
         server = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n{more}{TASK}",
        server.address.port()
    )
}

fn denying(answer: &str) -> Server {
    Server::start(Script {
        rcpt: vec![("ops@", say(answer))],
        ..Script::default()
    })
}

fn run(place: &Place, args: &[&str]) -> String {
    stdout(&place.run(args))
}

/// Why the only run was mailed, or not.
fn why(place: &Place) -> String {
    let runs: serde_json::Value =
        serde_json::from_str(&run(place, &["history", "--json"])).unwrap();
    run(
        place,
        &["history", "--why", runs[0]["run"].as_str().unwrap()],
    )
}

/// A place with a runner that was stopped after its first mail was refused so.
fn refused(answer: &str, words: &str) -> Place {
    let place = Place::with(&config(&denying(answer), ""));
    let runner = place.start(&["tasks::broken"]);
    runner.wait_for(words);
    assert_eq!(runner.stop(), Some(0));
    place
}

#[test]
fn a_mail_that_a_server_does_not_relay_is_called_mailed_nowhere() {
    let server = denying("554 5.7.1 <ops@example.org>: Relay access denied");
    let place = Place::with(&config(&server, ""));
    let runner = place.start(&["tasks::broken"]);
    runner.wait_for("set `mail.server` to a server that sends for this machine");
    // The log names the trouble before the outbox does.
    let names_it = || run(&place, &["status"]).contains("Relay access denied");
    assert!(eventually(names_it), "{}", run(&place, &["status"]));
    let status = place.run(&["status"]);
    let text = stdout(&status);
    assert_eq!(status.status.code(), Some(1));
    let waits = "not mailed (the mail waits in the outbox)";
    assert!(text.contains(waits), "{text}");
    let why = why(&place);
    assert!(
        why.contains("Not mailed (the mail waits in the outbox)"),
        "{why}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&run(&place, &["status", "--json"])).unwrap();
    let kind = &json["chains"][0]["tasks"][0]["down"]["kinds"][0];
    assert!(
        kind["mailed"].is_null() && kind["not_mailed"].is_string(),
        "{kind}"
    );
    assert_eq!(json["mail"]["ok"], false);
    let report = run(&place, &["report"]);
    assert!(
        report.contains("not mailed") && report.contains("0 mails"),
        "{report}"
    );
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_mail_refused_for_its_address_is_called_mailed_nowhere_either() {
    let place = refused("550 5.1.1 no such user", "failed for good");
    assert!(eventually(|| place.outbox("alerts").is_empty()));
    let status = run(&place, &["status"]);
    assert!(
        status.contains("not mailed (the mail could not be delivered"),
        "{status}"
    );
    let why = why(&place);
    assert!(
        why.contains("Not mailed (the mail could not be delivered"),
        "{why}"
    );
}

#[test]
fn a_start_with_other_settings_tries_at_once_what_was_to_rest() {
    let place = refused("554 5.7.1 relay denied", "refused the recipient");
    let server = Server::start(Script::default());
    place.configure(&config(&server, "helo = \"runner.example.org\"\n"));
    let runner = place.start(&["tasks::broken"]);
    runner.wait_for("1 mail from before this start in the outbox: trying at once");
    let received = server.wait_for(2);
    assert!(received[0].message.contains("First exception caught"));
    let commands = server.commands();
    assert!(
        commands.contains(&"EHLO runner.example.org".to_owned()),
        "{commands:?}"
    );
    runner.wait_for("Mail to ops@example.org left");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_sample_that_is_accepted_tries_at_once_what_was_to_rest() {
    let place = refused("554 5.7.1 relay denied", "refused the recipient");
    let server = Server::start(Script::default());
    place.configure(&config(&server, ""));
    let text = run(&place, &["mail", "test"]);
    assert!(
        text.contains("Trying at once what waits in the outbox: 1 mail"),
        "{text}"
    );
    assert!(text.contains("1 mail settled"), "{text}");
    assert_eq!(server.received().len(), 2);
    assert!(place.outbox("alerts").is_empty());
    let status = run(&place, &["status"]);
    assert!(status.contains(", mailed "), "{status}");
}

#[test]
fn a_name_that_is_none_is_an_error_and_an_address_is_said_without_one() {
    let server = Server::start(Script::default());
    let place = Place::with(&config(&server, "helo = \"not a name\"\n"));
    let output = place.run(&["check"]);
    assert_eq!(output.status.code(), Some(78));
    let text = support::stderr(&output);
    assert!(
        text.contains("`helo` is neither a host name nor an address in brackets"),
        "{text}"
    );
    place.configure(&config(&server, "helo = \"[192.0.2.1]\"\n"));
    run(&place, &["mail", "test"]);
    assert_eq!(server.commands()[0], "EHLO [192.0.2.1]");
    place.configure(&config(&server, ""));
    let seen = server.commands().len();
    run(&place, &["mail", "test"]);
    let said = &server.commands()[seen];
    let is_full = said == "EHLO [127.0.0.1]" || said.contains('.');
    assert!(is_full, "{said}");
}

#[test]
fn an_internationalized_domain_leaves_as_punycode_in_envelope_and_headers() {
    let server = Server::start(Script::default());
    let text = config(&server, "").replace("example.org", "bücher.example");
    let place = Place::with(&text);
    let output = place.run(&["mail", "test"]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        support::stderr(&output)
    );
    let received = server.wait_for(1).remove(0);
    assert_eq!(received.from, "runner@xn--bcher-kva.example");
    assert_eq!(received.to, ["ops@xn--bcher-kva.example"]);
    assert_eq!(received.header("To").unwrap(), "ops@xn--bcher-kva.example");
    assert!(received.message.is_ascii());
}
