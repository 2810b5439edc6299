//! The faults, each with the way that mail takes to it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use super::smtp::{Act, Script, Tls, say, tls};

/// What is wrong, and how.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    pub(crate) way: Way,
}

/// Where mail goes.
pub(crate) enum Way {
    /// To a server that plays this script, with these settings of security.
    Server {
        script: Box<Script>,
        security: String,
    },
    /// To a mail program, which is this script.
    Program(&'static str),
}

impl Fault {
    /// Returns whether there is none.
    pub(crate) fn is_healthy(&self) -> bool {
        self.name.starts_with(ACCEPTED)
    }
}

const ACCEPTED: &str = "accepted";
const PLAIN: &str = "tls = \"none\"";
const IMPLICIT: &str = "tls = \"implicit\"\nca_file = \"CA\"";
const STARTTLS: &str = "tls = \"starttls\"\nca_file = \"CA\"";
const LOGIN: &str =
    "tls = \"implicit\"\nca_file = \"CA\"\nusername = \"me\"\npassword_file = \"secret\"";

/// Returns all of them, and some chains whose mail is accepted.
pub(crate) fn all() -> Vec<Fault> {
    let mut all = accepted();
    all.extend(of_the_greeting());
    all.extend(of_tls());
    all.extend(accepted());
    all.extend(of_the_dialogue());
    all.extend(of_the_message());
    all.extend(of_programs());
    all.extend(accepted());
    all
}

/// Makes a fault of what is done at one stage.
fn server(name: &'static str, security: &str, change: impl FnOnce(&mut Script)) -> Fault {
    let mut script = Script::default();
    change(&mut script);
    let ca = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/ca.pem");
    let way = Way::Server {
        script: Box::new(script),
        security: security.replace("CA", ca),
    };
    Fault { name, way }
}

fn plain(name: &'static str, change: impl FnOnce(&mut Script)) -> Fault {
    server(name, PLAIN, change)
}

fn secure(certificate: &str) -> Tls {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls");
    tls(&Path::new(directory).join(format!("{certificate}.pem")))
}

fn drip(text: &str) -> Act {
    Act::Drip(text.as_bytes().to_vec(), Duration::from_millis(50))
}

fn accepted() -> Vec<Fault> {
    vec![
        plain("accepted", |_| {}),
        server("accepted, over TLS", IMPLICIT, |s| {
            s.tls = Some(secure("good"))
        }),
    ]
}

fn of_the_greeting() -> Vec<Fault> {
    let close = |text: &str| Act::SayAndClose(text.to_owned());
    vec![
        plain("accepts and is silent", |s| s.greeting = Act::Hang),
        plain("greets a byte at a time", |s| s.greeting = drip("2")),
        plain("an endless line", |s| {
            s.greeting = Act::Flood(vec![b'2'; 1 << 16])
        }),
        plain("endless 220- lines", |s| {
            s.greeting = Act::Flood(b"220-more\r\n".repeat(1000));
        }),
        plain("greets with 421", |s| s.greeting = close("421 busy")),
        plain("greets with 554", |s| s.greeting = close("554 no")),
        plain("garbage with NUL and 8-bit", |s| {
            s.greeting = Act::Raw(b"\0\xff\x80\r\n".to_vec());
        }),
        plain("refuses EHLO", |s| s.ehlo = say("502 no")),
        plain("EHLO lines that drip", |s| s.ehlo = drip("250-more\r\n")),
    ]
}

fn of_tls() -> Vec<Fault> {
    let offered = |s: &mut Script| s.ehlo = say("250-x\r\n250 STARTTLS");
    let certificate = |name, file: &str| server(name, IMPLICIT, |s| s.tls = Some(secure(file)));
    vec![
        certificate("certificate for another name", "other_name"),
        certificate("certificate expired", "expired"),
        certificate("certificate self-signed", "self_signed"),
        certificate("certificate of an unknown authority", "unknown"),
        server("silent where a TLS handshake is due", IMPLICIT, |s| {
            s.greeting = Act::Hang;
        }),
        server("plain text on a port of TLS", IMPLICIT, |_| {}),
        plain("TLS on a port of plain text", |s| {
            s.tls = Some(secure("good"))
        }),
        server("STARTTLS not offered", STARTTLS, |_| {}),
        server("STARTTLS refused", STARTTLS, |s| {
            offered(s);
            s.starttls = say("454 no");
        }),
        server("STARTTLS stalled", STARTTLS, |s| {
            offered(s);
            s.starttls = Act::Hang;
        }),
        server("STARTTLS without a handshake", STARTTLS, |s| {
            offered(s);
            s.starttls = say("220 go ahead");
        }),
    ]
}

fn of_the_dialogue() -> Vec<Fault> {
    let login = |name, answer: &str| {
        let auth = vec![say(answer)];
        server(name, LOGIN, |s| {
            s.tls = Some(secure("good"));
            s.auth = auth;
        })
    };
    vec![
        login("login refused with 535", "535 5.7.8 wrong"),
        login("login put off with 454", "454 later"),
        login("endless 334", "334 VXNlcm5hbWU6"),
        plain("MAIL refused with 550", |s| s.mail = say("550 no")),
        plain("MAIL put off with 451", |s| s.mail = say("451 later")),
        plain("closes at MAIL", |s| s.mail = Act::Close),
        plain("unread extra replies", |s| {
            s.mail = Act::Raw(b"250 ok\r\n".repeat(100_000));
        }),
        plain("RCPT put off with 450", |s| {
            s.rcpt = vec![("ops@", say("450 later"))]
        }),
        plain("RCPT refused with 550", |s| {
            s.rcpt = vec![("ops@", say("550 no"))]
        }),
        plain("DATA put off with 452", |s| s.data = say("452 full")),
        plain("DATA refused with 554", |s| s.data = say("554 no")),
        plain("hangs on QUIT", |s| s.quit = Act::Hang),
    ]
}

fn of_the_message() -> Vec<Fault> {
    vec![
        plain("closes in the middle of DATA", |s| {
            s.body = Some((0, Act::Close))
        }),
        plain("resets in the middle of DATA", |s| {
            s.body = Some((0, Act::Reset))
        }),
        plain("stops reading", |s| s.body = Some((1, Act::Deaf))),
        plain("dropped after the final dot", |s| s.dot = Act::Close),
        plain("silent after the final dot", |s| s.dot = Act::Hang),
        plain("answers the dot a byte at a time", |s| {
            s.dot = drip("250-x\r\n")
        }),
        plain("452 after the dot", |s| s.dot = say("452 full")),
        plain("552 after the dot", |s| s.dot = say("552 too large")),
        plain("554 after the dot", |s| s.dot = say("554 spam")),
        plain("354 where 250 belongs", |s| s.dot = say("354 go on")),
    ]
}

fn of_programs() -> Vec<Fault> {
    let program = |name, script| Fault {
        name,
        way: Way::Program(script),
    };
    vec![
        program("no mail program", ""),
        program("a mail program that hangs", "exec sleep 100"),
        program(
            "a mail program that is noisy",
            "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; exit 70",
        ),
        program("a mail program that does not read", "exit 0"),
        program("a mail program that says 75", "cat > /dev/null; exit 75"),
        program("a mail program that says 67", "cat > /dev/null; exit 67"),
        program("a mail program that says 69", "cat > /dev/null; exit 69"),
        program("a mail program that is killed", "kill -9 $$"),
        program("a mail program that leaves a daemon", "sleep 100 & exit 75"),
    ]
}

/// Writes the mail program; of none there is nothing to write.
pub(crate) fn write_program(dir: &Path, script: &str) {
    if !script.is_empty() {
        let path = dir.join("sendmail");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// Writes the password.
pub(crate) fn write_password(dir: &Path) {
    let path = dir.join("secret");
    fs::write(&path, "hunter2\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
}
