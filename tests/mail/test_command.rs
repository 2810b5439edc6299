//! `mail test` and `check --connect`: the way that mail takes, tried by a person; each classic mistake is named with its remedy.

use std::path::PathBuf;
use std::process::Output;

use crate::smtp::{Act, Script, Server, Tls, say, tls};
use crate::support::ports::ClosedPort;
use crate::support::{NO_MAIL_PROGRAM, Place, stderr, stdout, subject};

/// A place whose mail goes to this port of this machine. The more the settings say the better.
fn place(port: u16, more: &str) -> Place {
    Place::with(&format!(
        "[mail]\nto = [\"ops@example.org\"]\nfrom = \"runner@example.org\"\ntransport = \"smtp\"\n\
         port = {port}\n{more}"
    ))
}

fn plain(port: u16) -> Place {
    place(port, "server = \"127.0.0.1\"\ntls = \"none\"\n")
}

/// A place whose mail goes in plain text, and gives up after this time.
fn plain_for(port: u16, timeout: &str) -> Place {
    let place = plain(port);
    let config = place.read("run_functions.toml");
    place.configure(&format!("{config}timeout = \"{timeout}\"\n"));
    place
}

/// A server that accepts and says nothing.
fn silent() -> Server {
    Server::start(Script {
        greeting: Act::Hang,
        ..Script::default()
    })
}

/// A server that gives this answer to recipients with this text in them.
fn refusing(recipient: &'static str, answer: &str) -> Server {
    Server::start(Script {
        rcpt: vec![(recipient, say(answer))],
        ..Script::default()
    })
}

fn pem(name: &str) -> PathBuf {
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls");
    fixtures.join(format!("{name}.pem"))
}

/// A place whose mail goes over TLS, to a server whose authority is trusted.
fn secure(port: u16, more: &str) -> Place {
    let authority = pem("ca");
    let authority = authority.display();
    place(
        port,
        &format!("server = \"localhost\"\nca_file = \"{authority}\"\n{more}"),
    )
}

fn secure_script(certificate: &str) -> Script {
    Script {
        tls: Some(Tls {
            implicit: true,
            ..tls(&pem(certificate))
        }),
        ..Script::default()
    }
}

/// A mail test that fails: exit 69, and what is said has all these words.
#[track_caller]
fn refused(place: &Place, words: &[&str]) -> Output {
    let output = place.run(&["mail", "test"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(69), "{said}{}", stdout(&output));
    for word in words {
        assert!(said.contains(word), "`{word}` is not in:\n{said}");
    }
    assert!(said.contains("\nhint: "), "no remedy in:\n{said}");
    assert!(stdout(&output).contains("… failed"), "{}", stdout(&output));
    output
}

#[test]
fn a_sample_arrives_and_the_way_is_told_step_by_step() {
    let server = Server::start(Script::default());
    let output = plain(server.address.port()).run(&["mail", "test"]);
    let (text, received) = (stdout(&output), server.received());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let steps = [
        "To: ops@example.org, by 127.0.0.1:",
        "connecting, without TLS … ok",
        "naming the recipient … ok",
        "waiting for the answer to the message … ok",
        "accepted: 250 2.0.0 queued",
    ];
    let mut rest = text.as_str();
    for step in steps {
        rest = rest
            .split_once(step)
            .unwrap_or_else(|| panic!("{step} in order in {text}"))
            .1;
    }
    assert_eq!(received.len(), 1);
    assert!(received[0].message.contains("nothing has failed"));
    assert_eq!(received[0].header("In-Reply-To"), None);
}

#[test]
fn each_sort_can_be_sent_and_to_anybody() {
    let server = Server::start(Script::default());
    let place = plain(server.address.port());
    let expected = [
        ("first", "First exception caught: "),
        ("new", "New exception caught: "),
        ("downtime", "Non recoverable downtime reached"),
        ("again", "Non recoverable downtime reached again"),
        ("healed", "Process healed after 20h"),
    ];
    for (at, (sort, words)) in expected.into_iter().enumerate() {
        let to = format!("{sort}@example.org");
        let output = place.run(&["mail", "test", "--sample", sort, "--to", &to]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let received = &server.received()[at];
        assert_eq!(received.to, [to]);
        let subject = subject(&received.message);
        assert!(
            subject.starts_with(&format!("[tasks::sample] {words}")),
            "{subject}"
        );
    }
}

/// Runs a command that logs in to a server, and returns what it says of that.
#[track_caller]
fn logged_in(server: &Server, args: &[&str]) -> String {
    let place = secure(
        server.address.port(),
        "username = \"runner@example.org\"\npassword_env = \"MAIL_PASSWORD\"\n",
    );
    let mut command = place.command(args);
    let output = command.env("MAIL_PASSWORD", "s3cr3t").output().unwrap();
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
    text
}

#[test]
fn tls_and_login_are_told() {
    let server = Server::start(secure_script("good"));
    let text = logged_in(&server, &["mail", "test"]);
    assert!(
        text.contains("connecting, with TLS from the first byte … ok"),
        "{text}"
    );
    assert!(text.contains("logging in … ok"), "{text}");
    assert!(!text.contains("s3cr3t"));
}

#[test]
fn a_refused_port_is_named() {
    let port = ClosedPort::take();
    refused(
        &plain(port.number()),
        &["refuses connections", "`mail.port`"],
    );
}

#[test]
fn a_silent_port_is_named_within_the_deadline() {
    let server = silent();
    let place = plain_for(server.address.port(), "1s");
    refused(&place, &["did not answer within 1s", "firewalls"]);
}

#[test]
fn nobody_waits_longer_than_15_seconds() {
    let server = silent();
    let place = plain_for(server.address.port(), "10m");
    refused(&place, &["did not answer within 14s"]);
}

#[test]
fn tls_on_a_plain_port_is_named() {
    let server = Server::start(Script::default());
    let place = secure(server.address.port(), "");
    refused(&place, &["does not speak TLS on this port", "starttls"]);
}

#[test]
fn no_tls_on_a_port_that_waits_for_it_is_named() {
    let server = Server::start(secure_script("good"));
    let place = plain_for(server.address.port(), "1s");
    refused(&place, &["a port that waits for TLS is silent without it"]);
}

#[test]
fn a_self_signed_certificate_is_named() {
    let server = Server::start(secure_script("self_signed"));
    let place = secure(server.address.port(), "");
    refused(&place, &["certificate", "`mail.ca_file`"]);
    assert!(server.received().is_empty());
}

#[test]
fn a_wrong_password_is_named_and_not_shown() {
    let server = Server::start(Script {
        auth: vec![say("535 5.7.8 authentication failed")],
        ..secure_script("good")
    });
    let place = secure(
        server.address.port(),
        "username = \"runner@example.org\"\npassword_file = \"password\"\n",
    );
    place.write("password", "s3cr3t\n");
    place.set_mode("password", 0o600);
    let output = refused(
        &place,
        &["refused the login: 535", "`mail.username` and its password"],
    );
    assert!(!format!("{output:?}").contains("s3cr3t"));
}

#[test]
fn a_refused_recipient_is_named() {
    let server = refusing("ops", "550 5.1.1 no such user");
    refused(
        &plain(server.address.port()),
        &[
            "no mail to ops@example.org",
            "refused the recipient: 550",
            "check the address",
        ],
    );
}

#[test]
fn greylisting_is_named() {
    let server = refusing("ops", "451 4.7.1 greylisted, come back later");
    refused(
        &plain(server.address.port()),
        &[
            "put off the recipient: 451",
            "greylisting",
            "try again in some minutes",
        ],
    );
}

#[test]
fn a_missing_mail_program_is_named() {
    let place = Place::with(NO_MAIL_PROGRAM);
    refused(
        &place,
        &["`/nowhere/sendmail` is not there", "install a mail server"],
    );
}

#[test]
fn one_refused_recipient_does_not_keep_the_mail_from_the_others() {
    let server = refusing("gone", "550 5.1.1 no such user");
    let place = plain(server.address.port());
    let to = ["--to", "gone@example.org", "--to", "ops@example.org"];
    let output = place.run(&[&["mail", "test"], &to[..]].concat());
    assert_eq!(output.status.code(), Some(69));
    assert_eq!(server.received().len(), 1);
    assert!(stderr(&output).contains("no mail to gone@example.org: "));
}

#[test]
fn files_print_and_a_mail_program_are_tried_as_well() {
    let place = Place::with("");
    let output = place.run(&["mail", "test"]);
    assert!(
        stdout(&output).contains("  written to "),
        "{}",
        stderr(&output)
    );
    assert_eq!(place.mails().len(), 1);
    place.configure("[mail]\ntransport = \"print\"\n");
    let output = place.run(&["mail", "test"]);
    assert!(stderr(&output).contains("Subject: "), "{}", stdout(&output));
    place.write("sendmail", "#!/bin/sh\ncat > \"$0.got\"\n");
    place.set_mode("sendmail", 0o755);
    place.configure(
        "[mail]\nto = [\"ops@example.org\"]\ntransport = \"sendmail\"\nprogram = \"sendmail\"\n",
    );
    let output = place.run(&["mail", "test"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(place.read("sendmail.got").contains("Subject: "));
}

#[test]
fn an_address_that_is_none_is_refused_before_anything_is_tried() {
    let output = Place::with("").run(&["mail", "test", "--to", "ops at example"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("`ops at example` is not a mail address"));
}

#[test]
fn check_connect_reaches_the_login_and_sends_nothing() {
    let server = Server::start(secure_script("good"));
    let text = logged_in(&server, &["check", "--connect"]);
    assert!(text.contains("logging in … ok"), "{text}");
    let commands = server.commands();
    assert!(commands.iter().any(|line| line.starts_with("AUTH")));
    assert!(
        !commands.iter().any(|line| line.starts_with("MAIL")),
        "{commands:?}"
    );
}

#[test]
fn check_connect_says_what_is_in_the_way() {
    let port = ClosedPort::take();
    let output = plain(port.number()).run(&["check", "--connect"]);
    assert_eq!(output.status.code(), Some(69));
    assert!(stderr(&output).contains("refuses connections"));
    assert!(stdout(&output).contains("Pidfile") || stdout(&output).contains("Run root"));
}
