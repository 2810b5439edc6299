use std::path::PathBuf;

use super::mask::base64;
use super::*;

use super::super::test_server::{Act, Script, Server, Tls, say, tls};

const PATIENCE: Duration = Duration::from_secs(30);
const BRIEF: Duration = Duration::from_millis(300);

fn route(server: &Server) -> SmtpRoute {
    SmtpRoute {
        server: server.address.ip().to_string(),
        port: server.address.port(),
        security: Security::None,
        login: None,
        ca_file: None::<PathBuf>,
    }
}

fn header(to: &[&str]) -> Header {
    Header {
        from: Some("runner@example.org".to_owned()),
        to: to.iter().map(|to| (*to).to_owned()).collect(),
        size: 0,
    }
}

const MESSAGE: &[u8] = b"Subject: hello\r\n\r\n.one\r\nlast\r\n";

/// Sends one message to one recipient. Returns its trouble, and how far it came.
fn attempt(script: Script, timeout: Duration) -> (Server, Result<String, Trouble>, Stage) {
    let server = Server::start(script);
    let mut stage = Stage::Start;
    let result = match Session::open(&route(&server), timeout, &mut |reached| stage = reached) {
        Err(trouble) => Err(trouble),
        Ok(mut session) => {
            let to = header(&["ops@example.org"]);
            let delivered = session.deliver(&to, MESSAGE, &mut |reached| stage = reached);
            match delivered.fates.into_iter().next().unwrap() {
                Fate::Accepted(answer) => Ok(answer),
                Fate::Refused(trouble) => Err(trouble),
            }
        }
    };
    (server, result, stage)
}

fn trouble(script: Script) -> Trouble {
    attempt(script, PATIENCE).1.unwrap_err()
}

fn brief_trouble(script: Script) -> Trouble {
    attempt(script, BRIEF).1.unwrap_err()
}

fn with(change: impl FnOnce(&mut Script)) -> Script {
    let mut script = Script::default();
    change(&mut script);
    script
}

/// Sets what is done at one stage.
type Set = fn(&mut Script, Act);

#[test]
fn a_message_arrives_byte_for_byte() {
    let (server, result, stage) = attempt(Script::default(), PATIENCE);
    assert_eq!(result.unwrap(), "250 2.0.0 queued");
    assert_eq!(stage, Stage::Answer);
    let received = server.received();
    assert_eq!(received[0].message.as_bytes(), MESSAGE);
    assert_eq!(received[0].to, ["ops@example.org"]);
}

#[test]
fn one_bad_recipient_silences_nobody_else() {
    let script = with(|script| script.rcpt = vec![("bad@", say("550 5.1.1 who?"))]);
    let server = Server::start(script);
    let mut session = Session::open(&route(&server), PATIENCE, &mut |_| {}).unwrap();
    let to = header(&["bad@example.org", "ops@example.org", "not an address"]);
    let delivered = session.deliver(&to, MESSAGE, &mut |_| {});
    assert!(delivered.open);
    assert!(matches!(&delivered.fates[0], Fate::Refused(t) if t.class == Class::Recipient));
    assert!(matches!(&delivered.fates[1], Fate::Accepted(_)));
    assert!(matches!(&delivered.fates[2], Fate::Refused(t) if t.class == Class::Recipient));
    assert_eq!(server.received()[0].to, ["ops@example.org"]);
}

#[test]
fn after_a_refusal_the_same_connection_carries_the_next_message() {
    let script = with(|script| script.rcpt = vec![("bad@", say("550 5.1.1 who?"))]);
    let server = Server::start(script);
    let mut session = Session::open(&route(&server), PATIENCE, &mut |_| {}).unwrap();
    for to in ["bad@example.org", "ops@example.org", "bad@example.org"] {
        assert!(session.deliver(&header(&[to]), MESSAGE, &mut |_| {}).open);
    }
    session.close();
    assert_eq!(server.received().len(), 1);
    assert_eq!(server.connections(), 1);
    assert_eq!(server.commands().last().unwrap(), "QUIT");
}

#[test]
fn a_port_without_a_server_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let server = Server::start(Script::default());
    let route = SmtpRoute {
        port: address.port(),
        ..route(&server)
    };
    let trouble = Session::open(&route, PATIENCE, &mut |_| {}).err().unwrap();
    assert_eq!(trouble.class, Class::Path);
    assert_eq!(
        trouble.words,
        format!("the mail server at {address} refuses connections")
    );
}

#[test]
fn greetings_of_421_and_554_are_told_apart() {
    let busy = trouble(with(|s| {
        s.greeting = Act::SayAndClose("421 busy".to_owned())
    }));
    assert_eq!(busy.class, Class::Path);
    assert!(busy.words.contains("421 busy"), "{}", busy.words);
    let closed = trouble(with(|s| {
        s.greeting = Act::SayAndClose("554 go away".to_owned())
    }));
    assert_eq!(closed.class, Class::Setup);
    assert!(closed.words.contains("554 go away"), "{}", closed.words);
}

#[test]
fn silence_and_an_end_at_each_stage_are_named() {
    let stages: [(&str, Set, Class); 5] = [
        ("did not answer", |s, act| s.greeting = act, Class::Path),
        ("did not answer", |s, act| s.ehlo = act, Class::Path),
        ("naming the sender", |s, act| s.mail = act, Class::Temporary),
        ("asking to send", |s, act| s.data = act, Class::Temporary),
        (
            "waiting for the answer",
            |s, act| s.dot = act,
            Class::Unanswered,
        ),
    ];
    for (words, set, class) in stages {
        let silent = brief_trouble(with(|script| set(script, Act::Hang)));
        assert_eq!(silent.class, class, "{}", silent.words);
        assert!(silent.words.contains(words), "{}", silent.words);
        for end in [Act::Close, Act::Reset] {
            let closed = trouble(with(|script| set(script, end)));
            assert_eq!(closed.class, class, "{}", closed.words);
            assert!(
                closed.words.contains("closed the connection"),
                "{}",
                closed.words
            );
        }
    }
}

#[test]
fn answers_at_each_stage_are_judged() {
    let stages: [(Set, u16, Class); 9] = [
        (|s, act| s.ehlo = act, 502, Class::Setup),
        (|s, act| s.mail = act, 451, Class::Temporary),
        (|s, act| s.mail = act, 550, Class::Sender),
        (|s, act| s.data = act, 452, Class::Temporary),
        (|s, act| s.data = act, 554, Class::Content),
        (|s, act| s.dot = act, 452, Class::Temporary),
        (|s, act| s.dot = act, 552, Class::Content),
        (|s, act| s.dot = act, 554, Class::Content),
        (|s, act| s.dot = act, 421, Class::Temporary),
    ];
    for (set, code, class) in stages {
        let answer = say(&format!("{code} 5.0.0 because of it"));
        let trouble = trouble(with(|script| set(script, answer)));
        assert_eq!(trouble.class, class, "{}", trouble.words);
        assert!(trouble.words.contains("because of it"), "{}", trouble.words);
    }
}

#[test]
fn a_positive_answer_of_the_wrong_code_is_no_success() {
    let dot = trouble(with(|s| s.dot = say("354 go on")));
    assert_eq!(dot.class, Class::Unanswered);
    let data = trouble(with(|s| s.data = say("250 ok")));
    assert_eq!(data.class, Class::Temporary);
    let mail = trouble(with(|s| s.mail = say("354 go on")));
    assert_eq!(mail.class, Class::Temporary);
}

#[test]
fn answers_that_nobody_asked_for_never_become_success() {
    // Taken for the answers to RCPT, DATA and the message, these would make an accepted mail of one that was never sent.
    let eager = "250 ok\r\n250 ok\r\n354 go\r\n250 queued";
    let (server, result, _) = attempt(with(|s| s.mail = say(eager)), PATIENCE);
    assert_eq!(result.unwrap_err().class, Class::Temporary);
    assert!(server.received().is_empty());
    let (_, result, _) = attempt(with(|s| s.data = say("354 go\r\n250 queued")), PATIENCE);
    assert_eq!(result.unwrap_err().class, Class::Temporary);
    let (_, result, _) = attempt(with(|s| s.greeting = say("220 a\r\n250 b")), PATIENCE);
    result.unwrap_err();
}

#[test]
fn garbage_with_nul_and_8_bit_is_no_answer() {
    let garbage = b"\0\xff\xfe\x80 no\0pe\r\n".to_vec();
    let at_once = trouble(with(|s| s.greeting = Act::Raw(garbage.clone())));
    assert_eq!(at_once.class, Class::Path);
    assert!(
        at_once.words.contains("does not speak SMTP"),
        "{}",
        at_once.words
    );
    let at_the_end = trouble(with(|s| s.dot = Act::Raw(garbage)));
    assert_eq!(at_the_end.class, Class::Unanswered);
}

#[test]
fn endless_lines_of_a_greeting_hit_a_bound() {
    let endless = Act::Flood(format!("220-{}\r\n", "and more ".repeat(100)).into_bytes());
    let trouble = trouble(with(|s| s.greeting = endless));
    assert_eq!(trouble.class, Class::Path);
    assert!(trouble.words.contains("no end"), "{}", trouble.words);
}

#[test]
fn a_connection_dropped_in_the_middle_of_the_message_is_no_unanswered_one() {
    for end in [Act::Close, Act::Reset] {
        let script = with(|s| s.body = Some((10, end)));
        let server = Server::start(script);
        let mut session = Session::open(&route(&server), PATIENCE, &mut |_| {}).unwrap();
        // Larger than all buffers between the two ends.
        let large = [b"x".repeat(70), b"\r\n".to_vec()].concat().repeat(400_000);
        let delivered = session.deliver(&header(&["ops@example.org"]), &large, &mut |_| {});
        assert!(!delivered.open);
        let Fate::Refused(trouble) = &delivered.fates[0] else {
            panic!("accepted")
        };
        assert_eq!(trouble.class, Class::Temporary, "{}", trouble.words);
    }
}

#[test]
fn a_server_without_starttls_gets_no_plain_text() {
    let server = Server::start(Script::default());
    let route = SmtpRoute {
        security: Security::StartTls,
        login: Some(("user".to_owned(), "secret".to_owned())),
        ..route(&server)
    };
    let trouble = Session::open(&route, PATIENCE, &mut |_| {}).err().unwrap();
    assert_eq!(trouble.class, Class::Setup);
    assert!(
        trouble.words.ends_with("does not offer STARTTLS"),
        "{}",
        trouble.words
    );
    assert!(
        !server
            .commands()
            .iter()
            .any(|line| line.starts_with("AUTH"))
    );
}

fn log_in(auth: Vec<Act>) -> Result<(), Trouble> {
    let server = Server::start(with(|script| script.auth = auth));
    let route = SmtpRoute {
        login: Some(("user".to_owned(), "se cret+".to_owned())),
        ..route(&server)
    };
    Session::open(&route, PATIENCE, &mut |_| {}).map(Session::close)
}

#[test]
fn logins_are_judged() {
    log_in(vec![say("235 welcome")]).unwrap();
    let wrong = log_in(vec![say("535 5.7.8 wrong")]).unwrap_err();
    assert_eq!(wrong.class, Class::Setup);
    assert!(wrong.words.contains("refused the login"), "{}", wrong.words);
    assert_eq!(
        log_in(vec![say("454 later")]).unwrap_err().class,
        Class::Path
    );
    assert_eq!(log_in(vec![say("250 ok")]).unwrap_err().class, Class::Path);
    // For ever.
    log_in(vec![say("334 VXNlcm5hbWU6")]).unwrap_err();
}

#[test]
fn a_server_that_sends_the_password_back_does_not_get_it_into_our_texts() {
    let sent = base64(b"\0user\0se cret+");
    let answer = format!("535 no {sent} nor {} nor se cret+", base64(b"se cret+"));
    let trouble = log_in(vec![say(&answer)]).unwrap_err();
    assert!(trouble.words.contains("[password]"));
    for secret in [sent, base64(b"se cret+"), "se cret+".to_owned()] {
        assert!(!trouble.line().contains(&secret), "{}", trouble.words);
    }
}

#[test]
fn a_name_that_nobody_has_is_named() {
    let server = Server::start(Script::default());
    let route = SmtpRoute {
        server: "no-such-host.invalid".to_owned(),
        ..route(&server)
    };
    let trouble = Session::open(&route, PATIENCE, &mut |_| {}).err().unwrap();
    assert_eq!(trouble.class, Class::Path);
    assert!(
        trouble.words.contains("cannot be resolved"),
        "{}",
        trouble.words
    );
}

#[test]
fn an_8_bit_message_needs_a_server_for_it() {
    let server = Server::start(with(|s| s.ehlo = say("250 scripted")));
    let mut session = Session::open(&route(&server), PATIENCE, &mut |_| {}).unwrap();
    let message = "Subject: x\r\n\r\nä\r\n".as_bytes();
    let delivered = session.deliver(&header(&["ops@example.org"]), message, &mut |_| {});
    assert!(matches!(&delivered.fates[0], Fate::Refused(t) if t.class == Class::Content));
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/tls")
        .join(format!("{name}.pem"))
}

/// Delivers over TLS to a server with this certificate.
fn over_tls(certificate: &str, security: Security) -> (Server, Result<(), Trouble>) {
    let tls = Tls {
        implicit: security == Security::Implicit,
        ..tls(&fixture(certificate))
    };
    let server = Server::start(with(|script| {
        script.tls = Some(tls);
        if security == Security::StartTls {
            script.ehlo = say("250-scripted\r\n250-STARTTLS\r\n250 AUTH PLAIN");
        }
    }));
    let result = deliver_securely(&server, security);
    (server, result)
}

fn deliver_securely(server: &Server, security: Security) -> Result<(), Trouble> {
    let route = SmtpRoute {
        security,
        login: Some(("user".to_owned(), "secret".to_owned())),
        ca_file: Some(fixture("ca")),
        ..route(server)
    };
    let mut session = Session::open(&route, Duration::from_secs(20), &mut |_| {})?;
    let delivered = session.deliver(&header(&["ops@example.org"]), MESSAGE, &mut |_| {});
    session.close();
    match delivered.fates.into_iter().next().unwrap() {
        Fate::Accepted(_) => Ok(()),
        Fate::Refused(trouble) => Err(trouble),
    }
}

#[test]
fn mail_and_login_go_over_tls() {
    for security in [Security::Implicit, Security::StartTls] {
        let (server, result) = over_tls("good", security);
        result.unwrap();
        let received = server.received();
        assert_eq!(received[0].message.as_bytes(), MESSAGE);
        assert_eq!(received[0].login, ["AUTH PLAIN AHVzZXIAc2VjcmV0"]);
    }
}

#[test]
fn certificates_that_cannot_be_trusted_are_named_and_nothing_is_sent() {
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
        for security in [Security::Implicit, Security::StartTls] {
            let (server, result) = over_tls(certificate, security);
            let trouble = result.unwrap_err();
            assert_eq!(trouble.class, Class::Setup);
            assert!(
                trouble.words.ends_with(words),
                "{certificate}: {}",
                trouble.words
            );
            assert!(trouble.remedy.is_some());
            let sent = server.commands();
            assert!(
                !sent.iter().any(|line| line.starts_with("AUTH")),
                "{sent:?}"
            );
        }
    }
}

#[test]
fn tls_on_a_plain_port_and_the_reverse_are_named() {
    let plain = Server::start(Script::default());
    let trouble = deliver_securely(&plain, Security::Implicit).unwrap_err();
    assert_eq!(trouble.class, Class::Setup);
    assert!(
        trouble.words.ends_with("does not speak TLS on this port"),
        "{}",
        trouble.words
    );
    let secure = Server::start(with(|script| script.tls = Some(tls(&fixture("good")))));
    let Err(trouble) = Session::open(&route(&secure), BRIEF, &mut |_| {}) else {
        panic!("it spoke plain text")
    };
    assert_eq!(trouble.class, Class::Path);
    assert!(trouble.line().contains("`mail.tls`"), "{}", trouble.line());
}

#[test]
fn starttls_that_is_refused_or_stalls_is_named() {
    let starttls = |act: Act| {
        let server = Server::start(with(|script| {
            script.ehlo = say("250-scripted\r\n250 STARTTLS");
            script.starttls = act;
        }));
        let route = SmtpRoute {
            security: Security::StartTls,
            ca_file: Some(fixture("ca")),
            ..route(&server)
        };
        let trouble = Session::open(&route, BRIEF, &mut |_| {}).err().unwrap();
        (server, trouble)
    };
    assert_eq!(starttls(say("454 not now")).1.class, Class::Path);
    assert_eq!(starttls(say("502 never")).1.class, Class::Setup);
    assert_eq!(starttls(Act::Hang).1.class, Class::Path);
    // It says yes, and then does not shake hands.
    let (server, trouble) = starttls(say("220 go ahead"));
    assert!(
        !server
            .commands()
            .iter()
            .any(|line| line.starts_with("MAIL"))
    );
    assert!(trouble.words.contains("TLS"), "{}", trouble.words);
}

#[test]
fn plain_text_injected_before_the_handshake_is_never_believed() {
    // The man in the middle answers the commands to come before TLS begins.
    let injected = "220 go\r\n250 AUTH PLAIN\r\n235 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 queued";
    let server = Server::start(with(|script| {
        script.tls = Some(Tls {
            implicit: false,
            ..tls(&fixture("good"))
        });
        script.ehlo = say("250-scripted\r\n250 STARTTLS");
        script.starttls = say(injected);
    }));
    let trouble = deliver_securely(&server, Security::StartTls).unwrap_err();
    assert!(
        trouble.words.contains("nobody asked for"),
        "{}",
        trouble.words
    );
    assert!(server.received().is_empty());
}

#[test]
fn a_file_without_a_certificate_is_a_setup_trouble() {
    let server = Server::start(Script::default());
    for (path, words) in [
        (PathBuf::from("/nowhere.pem"), "cannot be read"),
        (PathBuf::from("/proc/version"), "holds no PEM certificate"),
    ] {
        let route = SmtpRoute {
            security: Security::Implicit,
            ca_file: Some(path),
            ..route(&server)
        };
        let trouble = Session::open(&route, BRIEF, &mut |_| {}).err().unwrap();
        assert_eq!(trouble.class, Class::Setup);
        assert!(trouble.words.contains(words), "{}", trouble.words);
    }
}
