//! Mail servers and programs that misbehave in every way we know: the runner goes on, names the trouble, and keeps the mail.

mod programs;

use std::time::Duration;

use crate::smtp::{Act, Script, Server, Tls, say, tls};
use crate::support::limits::{with_time_enough, words};
use crate::support::{Place, Runner, eventually};

/// What becomes of a mail.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    /// It waits in the outbox.
    Waits,
    /// It is in `failed`.
    Failed,
}

const PLAIN: &str = "tls = \"none\"";
const TASK: &str = "[tasks.broken]\ncommand = [\"false\"]\nfail_cooldown = \"20ms\"\n";

/// A place whose mail goes to `server` in this way.
fn place(server: &Server, security: &str) -> Place {
    let pem = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/ca.pem");
    Place::with(&format!(
        "[mail]\nto = [\"ops@example.org\"]\nfrom = \"runner@example.org\"\ntransport = \"smtp\"\n\
         server = \"127.0.0.1\"\nport = {}\ntimeout = \"60s\"\n{security}\n{TASK}",
        server.address.port()
    )
    .replace("CA_FILE", pem))
}

/// Starts a runner, waits until its log names the trouble, and checks that its task goes on and where the mail is.
#[track_caller]
fn expect(place: &Place, words: &str, fate: Fate) -> Runner {
    let runner = place.start(&["tasks::broken"]);
    runner.wait_for(words);
    goes_on(&runner, place, words, fate);
    runner
}

/// Checks that the task goes on and where the mail is.
#[track_caller]
fn goes_on(runner: &Runner, place: &Place, words: &str, fate: Fate) {
    let runs = runner.count("Execution failed");
    runner.wait_for_count("Execution failed", runs + 3);
    let count = |directory: &str, ending: &str| {
        let names = place.outbox(directory).into_iter();
        names.filter(|name| name.ends_with(ending)).count()
    };
    let kept = match fate {
        Fate::Waits => count("alerts", ".json") == 1,
        Fate::Failed => eventually(|| count("failed", ".reason") == 1),
    };
    assert!(kept, "{words}: {fate:?}");
}

/// Starts a runner whose attempts to deliver end after `limit`, and waits for the end of the first one. `None`: it ended before the server was
/// as silent as `told` says.
#[track_caller]
fn fell_silent(place: &Place, told: &str, limit: Duration) -> Option<Runner> {
    let config = place.read("run_functions.toml");
    let timeout = format!("timeout = \"{}\"", words(limit));
    place.configure(&config.replace("timeout = \"60s\"", &timeout));
    let runner = place.start(&["tasks::broken"]);
    let is_trouble = |line: &&str| line.contains(" ERROR Mail ");
    let trouble = || runner.log().lines().find(is_trouble).map(str::to_owned);
    assert!(eventually(|| trouble().is_some()), "{}", runner.log());
    let trouble = trouble()?;
    println!("{trouble}");
    trouble
        .contains(&told.replace("LIMIT", &words(limit)))
        .then_some(runner)
}

/// Checks what becomes of a mail whose server falls silent.
#[track_caller]
fn silent(told: &str, security: &str, change: impl Fn(&mut Script)) {
    with_time_enough(|limit| {
        let mut script = Script::default();
        change(&mut script);
        let server = Server::start(script);
        let place = place(&server, security);
        let Some(runner) = fell_silent(&place, told, limit * 4) else {
            return false;
        };
        goes_on(&runner, &place, told, Fate::Waits);
        assert!(server.received().is_empty() || security == PLAIN);
        assert_eq!(runner.stop(), Some(0), "{told}");
        true
    });
}

#[track_caller]
fn plain(words: &str, fate: Fate, change: impl FnOnce(&mut Script)) {
    let mut script = Script::default();
    change(&mut script);
    let server = Server::start(script);
    let place = place(&server, PLAIN);
    let runner = expect(&place, words, fate);
    assert_eq!(runner.stop(), Some(0), "{words}");
}

fn drip(text: &str) -> Act {
    Act::Drip(text.as_bytes().to_vec(), Duration::from_millis(20))
}

#[test]
fn servers_that_never_come_to_the_point() {
    let late = "did not answer within LIMIT";
    silent(late, PLAIN, |s| s.greeting = Act::Hang);
    silent(late, PLAIN, |s| s.greeting = drip("2"));
    silent(late, PLAIN, |s| s.ehlo = drip("250-more\r\n"));
    let lines = "its answer has no end: 64 KiB of lines and no last one";
    plain(lines, Fate::Waits, |s| {
        s.greeting = Act::Flood(format!("220-{}\r\n", "x".repeat(900)).into_bytes());
    });
    let line = "its answer has no end: a line of more than 4 KiB";
    plain(line, Fate::Waits, |s| {
        s.greeting = Act::Flood(vec![b'2'; 1 << 16]);
    });
    over_tls(line, "tls = \"implicit\"", |s| {
        s.tls = Some(secure("good"));
        s.ehlo = Act::Flood(vec![b'2'; 1 << 16]);
    });
}

#[test]
fn servers_that_turn_everybody_away() {
    plain("is closing the connection: 421 busy", Fate::Waits, |s| {
        s.greeting = Act::SayAndClose("421 busy".to_owned());
    });
    plain(
        "refused to talk to this machine: 554 no",
        Fate::Waits,
        |s| {
            s.greeting = say("554 no");
        },
    );
    plain(
        "refused to talk to this machine: 502 no",
        Fate::Waits,
        |s| s.ehlo = say("502 no"),
    );
    plain("does not speak SMTP as it should", Fate::Waits, |s| {
        s.greeting = Act::Raw(b"\0\xff\x80garbage\r\n".to_vec());
    });
    plain("closed the connection while connecting", Fate::Waits, |s| {
        s.greeting = Act::Close
    });
}

#[test]
fn servers_that_refuse_sender_recipient_or_message() {
    plain("refused the sender: 550 no", Fate::Waits, |s| {
        s.mail = say("550 no")
    });
    plain("put off the sender: 451 no", Fate::Waits, |s| {
        s.mail = say("451 no")
    });
    plain("put off the recipient: 450 no", Fate::Waits, |s| {
        s.rcpt = vec![("ops@", say("450 no"))]
    });
    plain("refused the recipient: 550 5.1.1 no", Fate::Failed, |s| {
        s.rcpt = vec![("ops@", say("550 5.1.1 no"))];
    });
    for refusal in ["550 no", "554 5.7.1 relay denied", "530 log in"] {
        let words = format!("refused the recipient: {refusal}");
        plain(&words, Fate::Waits, |s| {
            s.rcpt = vec![("ops@", say(refusal))]
        });
    }
    plain("put off the message: 452 no", Fate::Waits, |s| {
        s.data = say("452 no")
    });
    plain("refused the message: 554 no", Fate::Failed, |s| {
        s.data = say("554 no")
    });
    plain("put off the message: 452 no", Fate::Waits, |s| {
        s.dot = say("452 no")
    });
    for refusal in ["552 no", "554 no"] {
        let words = format!("refused the message: {refusal}");
        plain(&words, Fate::Failed, |s| s.dot = say(refusal));
    }
}

#[test]
fn of_two_recipients_the_refused_one_silences_nobody_and_of_two_refused_ones_both_are_kept() {
    for (refused, received, failed) in [("gone@", 1, 1), ("@example.org", 0, 2)] {
        let server = Server::start(Script {
            rcpt: vec![(refused, say("550 5.1.1 who?"))],
            ..Script::default()
        });
        let place = place(&server, PLAIN);
        let both = "to = [\"gone@example.org\", \"ops@example.org\"]";
        let config = place.read("run_functions.toml");
        place.configure(&config.replace("to = [\"ops@example.org\"]", both));
        let runner = place.start(&["tasks::broken"]);
        runner.wait_for_count("failed for good: ", failed);
        assert_eq!(server.wait_for(received).len(), received);
        let kept = || {
            let names = place.outbox("failed").into_iter();
            names.filter(|name| name.ends_with(".reason")).count() == failed
        };
        assert!(eventually(kept), "{}", runner.log());
        assert_eq!(runner.stop(), Some(0));
    }
}

#[test]
fn servers_that_break_off() {
    for end in [Act::Reset, Act::Close] {
        plain("closed the connection while", Fate::Waits, |s| {
            s.body = Some((0, end))
        });
    }
    silent("fell silent", PLAIN, |s| s.body = Some((1, Act::Deaf)));
    let after = "while waiting for the answer to the message";
    plain(after, Fate::Waits, |s| s.dot = Act::Close);
    silent(after, PLAIN, |s| s.dot = Act::Hang);
    plain("354 instead of 250", Fate::Waits, |s| {
        s.dot = say("354 go on")
    });
    plain("nobody asked for", Fate::Waits, |s| {
        s.data = say("354 go\r\n250 queued")
    });
}

#[test]
fn a_retry_after_silence_carries_the_same_message_id() {
    with_time_enough(|limit| {
        let server = Server::each(|connection| Script {
            dot: if connection == 0 {
                Act::Hang
            } else {
                say("250 ok")
            },
            ..Script::default()
        });
        let place = place(&server, PLAIN);
        let told = "while waiting for the answer";
        let Some(runner) = fell_silent(&place, told, limit * 4) else {
            return false;
        };
        goes_on(&runner, &place, told, Fate::Waits);
        assert_eq!(runner.stop(), Some(0));
        // Five minutes are not waited for here: the outbox is told that they have passed.
        for name in place.outbox("alerts") {
            let path = format!("run/outbox/alerts/{name}");
            let mut json: serde_json::Value = serde_json::from_str(&place.read(&path)).unwrap();
            json["recipients"][0]["state"]["Waiting"]["next"]["secs_since_epoch"] = 0.into();
            place.write(&path, json.to_string());
        }
        let timeout = format!("timeout = \"{}\"", words(limit * 4));
        let config = place.read("run_functions.toml");
        place.configure(&config.replace(&timeout, "timeout = \"60s\""));
        let _runner = place.start(&["tasks::broken"]);
        let received = server.wait_for(2);
        assert_eq!(
            received[0].header("Message-ID"),
            received[1].header("Message-ID")
        );
        true
    });
}

fn secure(certificate: &str) -> Tls {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls");
    tls(&std::path::Path::new(directory).join(format!("{certificate}.pem")))
}

#[track_caller]
fn over_tls(words: &str, security: &str, change: impl FnOnce(&mut Script)) {
    let mut script = Script::default();
    change(&mut script);
    let server = Server::start(script);
    let place = place(&server, &format!("{security}\nca_file = \"CA_FILE\""));
    let runner = expect(&place, words, Fate::Waits);
    assert!(server.received().is_empty(), "sent in plain text");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn certificates_that_nobody_should_trust() {
    for (certificate, words) in [
        ("other_name", "has a certificate for another name"),
        ("expired", "has a certificate that has expired"),
        (
            "unknown",
            "has a certificate that no trusted authority signed",
        ),
        (
            "self_signed",
            "has a certificate that no trusted authority signed",
        ),
    ] {
        over_tls(words, "tls = \"implicit\"", |s| {
            s.tls = Some(secure(certificate))
        });
    }
}

#[test]
fn tls_that_is_not_there() {
    let implicit = "tls = \"implicit\"";
    over_tls("does not speak TLS on this port", implicit, |_| {});
    let starttls = "tls = \"starttls\"";
    over_tls("does not offer STARTTLS", starttls, |_| {});
    let offered = |s: &mut Script| s.ehlo = say("250-x\r\n250 STARTTLS");
    over_tls("refused to start TLS: 454 no", starttls, |s| {
        offered(s);
        s.starttls = say("454 no");
    });
    let trusting = format!("{starttls}\nca_file = \"CA_FILE\"");
    silent("fell silent while starting TLS", &trusting, |s| {
        offered(s);
        s.starttls = Act::Hang;
    });
}

#[test]
fn logins_that_fail() {
    for (acts, words) in [
        (
            vec![say("535 5.7.8 wrong")],
            "refused the login: 535 5.7.8 wrong",
        ),
        (vec![say("454 later")], "cannot check logins now: 454 later"),
        (vec![say("334 VXNlcm5hbWU6")], "while logging in"),
    ] {
        let script = Script {
            auth: acts,
            tls: Some(secure("good")),
            ..Script::default()
        };
        let server = Server::start(script);
        let login = "tls = \"implicit\"\nca_file = \"CA_FILE\"\nusername = \"me\"\npassword_file = \"secret\"";
        let place = place(&server, login);
        place.write("secret", "hunter2-not-in-any-log\n");
        place.set_mode("secret", 0o600);
        let runner = expect(&place, words, Fate::Waits);
        assert!(!runner.log().contains("hunter2"));
        assert_eq!(runner.stop(), Some(0));
    }
}
