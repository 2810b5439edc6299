//! TLS: certificates, STARTTLS, and plain text where none may be.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::*;

#[test]
fn a_server_without_starttls_gets_no_plain_text() {
    let server = Server::start(Script::default());
    let route = SmtpRoute {
        security: Security::StartTls,
        login: Some(("user".to_owned(), "secret".to_owned())),
        ..route(&server)
    };
    let trouble = SmtpSession::open(&route, PATIENCE, &mut |_| {})
        .err()
        .unwrap();
    assert_eq!(trouble.class, ErrorClass::Setup);
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

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/tls")
        .join(format!("{name}.pem"))
}

/// Delivers over TLS to a server with this certificate.
fn over_tls(certificate: &str, security: Security) -> (Server, Result<(), DeliveryError>) {
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

fn deliver_securely(server: &Server, security: Security) -> Result<(), DeliveryError> {
    let route = SmtpRoute {
        security,
        login: Some(("user".to_owned(), "secret".to_owned())),
        helo: None,
        ca_file: Some(fixture("ca")),
        ..route(server)
    };
    let mut session = SmtpSession::open(&route, Duration::from_secs(20), &mut |_| {})?;
    let delivered = session.deliver(&header(&["ops@example.org"]), MESSAGE, &mut |_| {});
    session.close();
    match delivered.fates.into_iter().next().unwrap() {
        DeliveryResult::Accepted(_) => Ok(()),
        DeliveryResult::Refused(trouble) => Err(trouble),
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
            assert_eq!(trouble.class, ErrorClass::Setup);
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
    assert_eq!(trouble.class, ErrorClass::Setup);
    assert!(
        trouble.words.ends_with("does not speak TLS on this port"),
        "{}",
        trouble.words
    );
    let secure = Server::start(with(|script| script.tls = Some(tls(&fixture("good")))));
    let Err(trouble) = SmtpSession::open(&route(&secure), BRIEF, &mut |_| {}) else {
        panic!("it spoke plain text")
    };
    assert_eq!(trouble.class, ErrorClass::Path);
    assert!(trouble.line().contains("`mail.tls`"), "{}", trouble.line());
}

#[test]
fn starttls_that_is_refused_or_stalls_is_named() {
    let starttls = |act: Act, limit: Duration| {
        let server = Server::start(with(|script| {
            script.ehlo = say("250-scripted\r\n250 STARTTLS");
            script.starttls = act;
        }));
        let route = SmtpRoute {
            security: Security::StartTls,
            helo: None,
            ca_file: Some(fixture("ca")),
            ..route(&server)
        };
        let trouble = SmtpSession::open(&route, limit, &mut |_| {}).err().unwrap();
        (server, trouble)
    };
    let refused = |words: &str| starttls(say(words), PATIENCE).1.class;
    assert_eq!(refused("454 not now"), ErrorClass::Path);
    assert_eq!(refused("502 never"), ErrorClass::Setup);
    assert_eq!(starttls(Act::Hang, BRIEF).1.class, ErrorClass::Path);
    // It says yes, and then does not shake hands.
    let (server, trouble) = in_time(
        BRIEF,
        |limit| starttls(say("220 go ahead"), limit),
        |(_, trouble)| trouble.words.contains("TLS"),
    );
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
fn an_answer_without_an_end_hits_a_bound_before_tls_and_within() {
    let cases: [(Security, u16, Set); 5] = [
        (Security::Implicit, 220, |s, act| s.greeting = act),
        (Security::Implicit, 250, |s, act| s.mail = act),
        (Security::StartTls, 220, |s, act| s.greeting = act),
        (Security::StartTls, 220, |s, act| s.starttls = act),
        (Security::StartTls, 235, |s, act| s.auth = vec![act]),
    ];
    for (security, code, set) in cases {
        for (endless, words) in endless(code) {
            let server = Server::start(with(|script| {
                script.tls = Some(Tls {
                    implicit: security == Security::Implicit,
                    ..tls(&fixture("good"))
                });
                script.ehlo = say("250-scripted\r\n250-STARTTLS\r\n250 AUTH PLAIN");
                set(script, endless);
            }));
            let trouble = deliver_securely(&server, security).unwrap_err();
            assert!(trouble.words.contains(words), "{}", trouble.words);
            assert!(server.received().is_empty());
        }
    }
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
            helo: None,
            ca_file: Some(path),
            ..route(&server)
        };
        let trouble = SmtpSession::open(&route, PATIENCE, &mut |_| {})
            .err()
            .unwrap();
        assert_eq!(trouble.class, ErrorClass::Setup);
        assert!(trouble.words.contains(words), "{}", trouble.words);
    }
}

/// A real server that speaks no TLS newer than 1.0, on a port of its own.
struct OldServer {
    process: Child,
    port: u16,
}

impl OldServer {
    fn start() -> Self {
        let mut command = Command::new("openssl");
        command.args(["s_server", "-accept", "127.0.0.1:0", "-tls1"]);
        command.args(["-cipher", "DEFAULT@SECLEVEL=0", "-cert"]);
        command.arg(fixture("good")).stdin(Stdio::piped());
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut ports = lines.map_while(Result::ok).filter_map(|line| {
            let address = line.strip_prefix("ACCEPT ")?;
            address.rsplit(':').next()?.parse().ok()
        });
        let port = ports.next().expect("it says where it listens");
        OldServer { process, port }
    }
}

impl Drop for OldServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
#[ignore = "needs openssl"]
fn a_server_that_speaks_tls_1_0_alone_is_told_to_be_updated() {
    let server = OldServer::start();
    let route = SmtpRoute {
        server: "127.0.0.1".to_owned(),
        port: server.port,
        security: Security::Implicit,
        login: Some(("user".to_owned(), "secret".to_owned())),
        helo: None,
        ca_file: Some(fixture("ca")),
    };
    let trouble = SmtpSession::open(&route, PATIENCE, &mut |_| {})
        .err()
        .unwrap();
    assert_eq!(trouble.class, ErrorClass::Setup);
    assert!(
        trouble
            .words
            .ends_with("and this machine have no version or cipher of TLS in common"),
        "{}",
        trouble.words
    );
    let remedy = trouble.remedy.unwrap_or_default();
    assert!(remedy.contains("TLS 1.2 or newer"), "{remedy}");
}
