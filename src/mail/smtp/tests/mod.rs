mod answers;
mod secure;

use std::path::PathBuf;

use super::super::test_server::{Act, Script, Server, Tls, say, tls};
use super::mask::base64;
use super::*;

const PATIENCE: Duration = Duration::from_secs(60);
const BRIEF: Duration = Duration::from_millis(300);

fn route(server: &Server) -> SmtpRoute {
    SmtpRoute {
        server: server.address.ip().to_string(),
        port: server.address.port(),
        security: Security::None,
        login: None,
        helo: None,
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
fn attempt(
    script: Script,
    timeout: Duration,
) -> (Server, Result<String, DeliveryError>, DeliveryStage) {
    let server = Server::start(script);
    let mut stage = DeliveryStage::Start;
    let result = match SmtpSession::open(&route(&server), timeout, &mut |reached| stage = reached) {
        Err(trouble) => Err(trouble),
        Ok(mut session) => {
            let to = header(&["ops@example.org"]);
            let delivered = session.deliver(&to, MESSAGE, &mut |reached| stage = reached);
            match delivered.fates.into_iter().next().unwrap() {
                DeliveryResult::Accepted(answer) => Ok(answer),
                DeliveryResult::Refused(trouble) => Err(trouble),
            }
        }
    };
    (server, result, stage)
}

fn trouble(script: Script) -> DeliveryError {
    attempt(script, PATIENCE).1.unwrap_err()
}

/// Makes attempts with a deadline that is twice as long each time, until one has come as far as is
/// wanted: the machine may be slow.
fn in_time<T>(
    mut limit: Duration,
    attempt: impl Fn(Duration) -> T,
    is_far_enough: impl Fn(&T) -> bool,
) -> T {
    loop {
        let result = attempt(limit);
        limit *= 2;
        if is_far_enough(&result) || limit > PATIENCE {
            return result;
        }
    }
}

/// Returns the trouble with a server that falls silent, when the attempt has come as far as these
/// words say.
fn silence(words: &str, script: Script) -> DeliveryError {
    in_time(
        BRIEF,
        |limit| attempt(script.clone(), limit).1.unwrap_err(),
        |trouble| trouble.words.contains(words),
    )
}

fn with(change: impl FnOnce(&mut Script)) -> Script {
    let mut script = Script::default();
    change(&mut script);
    script
}

/// Sets what is done at one stage.
type Set = fn(&mut Script, Act);

/// Answers without an end, and what is said of them.
fn endless(code: u16) -> [(Act, &'static str); 2] {
    let line = code.to_string().into_bytes();
    let line = [line, vec![b' '; 1 << 16]].concat();
    let lines = format!("{code}-{}\r\n", "and more ".repeat(100));
    [
        (
            Act::Flood(line),
            "its answer has no end: a line of more than 4 KiB",
        ),
        (
            Act::Flood(lines.into_bytes()),
            "its answer has no end: 64 KiB of lines and no last one",
        ),
    ]
}

#[test]
fn a_message_arrives_byte_for_byte() {
    let (server, result, stage) = attempt(Script::default(), PATIENCE);
    assert_eq!(result.unwrap(), "250 2.0.0 queued");
    assert_eq!(stage, DeliveryStage::Answer);
    let received = server.received();
    assert_eq!(received[0].message.as_bytes(), MESSAGE);
    assert_eq!(received[0].to, ["ops@example.org"]);
}

#[test]
fn one_bad_recipient_silences_nobody_else() {
    let script = with(|script| script.rcpt = vec![("bad@", say("550 5.1.1 who?"))]);
    let server = Server::start(script);
    let mut session = SmtpSession::open(&route(&server), PATIENCE, &mut |_| {}).unwrap();
    let to = header(&["bad@example.org", "ops@example.org", "not an address"]);
    let delivered = session.deliver(&to, MESSAGE, &mut |_| {});
    assert!(delivered.open);
    assert!(
        matches!(&delivered.fates[0], DeliveryResult::Refused(t) if t.class == ErrorClass::Recipient)
    );
    assert!(matches!(&delivered.fates[1], DeliveryResult::Accepted(_)));
    assert!(
        matches!(&delivered.fates[2], DeliveryResult::Refused(t) if t.class == ErrorClass::Recipient)
    );
    assert_eq!(server.received()[0].to, ["ops@example.org"]);
}

#[test]
fn after_a_refusal_the_same_connection_carries_the_next_message() {
    let script = with(|script| script.rcpt = vec![("bad@", say("550 5.1.1 who?"))]);
    let server = Server::start(script);
    let mut session = SmtpSession::open(&route(&server), PATIENCE, &mut |_| {}).unwrap();
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
    let trouble = SmtpSession::open(&route, PATIENCE, &mut |_| {})
        .err()
        .unwrap();
    assert_eq!(trouble.class, ErrorClass::Path);
    assert_eq!(
        trouble.words,
        format!("the mail server at {address} refuses connections")
    );
}

fn log_in(auth: Vec<Act>) -> Result<(), DeliveryError> {
    let server = Server::start(with(|script| script.auth = auth));
    let route = SmtpRoute {
        login: Some(("user".to_owned(), "se cret+".to_owned())),
        ..route(&server)
    };
    SmtpSession::open(&route, PATIENCE, &mut |_| {}).map(SmtpSession::close)
}

#[test]
fn logins_are_judged() {
    log_in(vec![say("235 welcome")]).unwrap();
    let wrong = log_in(vec![say("535 5.7.8 wrong")]).unwrap_err();
    assert_eq!(wrong.class, ErrorClass::Setup);
    assert!(wrong.words.contains("refused the login"), "{}", wrong.words);
    assert_eq!(
        log_in(vec![say("454 later")]).unwrap_err().class,
        ErrorClass::Path
    );
    assert_eq!(
        log_in(vec![say("250 ok")]).unwrap_err().class,
        ErrorClass::Path
    );
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
    let trouble = SmtpSession::open(&route, PATIENCE, &mut |_| {})
        .err()
        .unwrap();
    assert_eq!(trouble.class, ErrorClass::Path);
    assert!(
        trouble.words.contains("cannot be resolved"),
        "{}",
        trouble.words
    );
}

#[test]
fn an_8_bit_message_needs_a_server_for_it() {
    let server = Server::start(with(|s| s.ehlo = say("250 scripted")));
    let mut session = SmtpSession::open(&route(&server), PATIENCE, &mut |_| {}).unwrap();
    let message = "Subject: x\r\n\r\nä\r\n".as_bytes();
    let delivered = session.deliver(&header(&["ops@example.org"]), message, &mut |_| {});
    assert!(
        matches!(&delivered.fates[0], DeliveryResult::Refused(t) if t.class == ErrorClass::Content)
    );
}
