//! Why a mail did not leave: what became of an attempt, in words that people understand, and what follows from it.
//!
//! One function judges every failure of every transport, so that the worker (who saw it) and the runner (who killed the worker at
//! its deadline) come to the same words. The texts of libraries are not shown alone: a time-out of theirs reads "Resource
//! temporarily unavailable", a TLS client on a plain port "InvalidContentType".

use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::in_words;

/// What follows from a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Class {
    /// The server is not there or wants nobody now: kept, tried again soon, nothing else is tried meanwhile.
    Path,
    /// Somebody has to change something (certificate, login): kept, tried every 30 minutes, with the remedy in the log.
    Setup,
    /// This message or recipient was put off: kept, tried again soon.
    Temporary,
    /// All was sent and no answer came: it may have arrived. Kept, tried again no sooner than in 5 minutes.
    Unanswered,
    /// The sender was refused: kept like [`Class::Setup`] for our own mails; final for a message of somebody else's.
    Sender,
    /// The recipient was refused for good.
    Recipient,
    /// The message was refused for good (size, spam).
    Content,
}

/// How far an attempt had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// The worker was being started.
    Start,
    /// The server's name is looked up.
    Resolve,
    /// Connection, TLS when it is implicit, greeting, EHLO.
    Connect,
    /// STARTTLS and the handshake.
    StartTls,
    /// AUTH.
    Login,
    /// MAIL FROM.
    Sender,
    /// RCPT TO.
    Recipient,
    /// DATA, before the message.
    Data,
    /// The message is under way.
    Body,
    /// All was sent; the answer is awaited.
    Answer,
    /// A local program has the message.
    Program,
}

impl Stage {
    /// Returns what is going on, to follow "while".
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Stage::Start => "starting",
            Stage::Resolve => "looking up the server's name",
            Stage::Connect => "connecting",
            Stage::StartTls => "starting TLS",
            Stage::Login => "logging in",
            Stage::Sender => "naming the sender",
            Stage::Recipient => "naming the recipient",
            Stage::Data => "asking to send the message",
            Stage::Body => "sending the message",
            Stage::Answer => "waiting for the answer to the message",
            Stage::Program => "handing over the message",
        }
    }

    /// Returns whether the trouble may lie with this one message rather than with the way to the server.
    pub(crate) fn is_of_the_message(self) -> bool {
        matches!(
            self,
            Stage::Sender | Stage::Recipient | Stage::Data | Stage::Body | Stage::Answer
        )
    }
}

/// What went wrong, before it is judged.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cause {
    /// The server answered, with this code and text.
    Reply(u16, String),
    /// The system refused.
    Io(io::ErrorKind, String),
    /// TLS could not be agreed upon; the library's text.
    Tls(String),
    /// Nothing came, or too slowly, until the deadline.
    Silence(Duration),
    /// What came is no answer of a mail server.
    Garbled(String),
    /// The other end closed the connection.
    Closed,
    /// The worker ended without an answer; how, in words.
    Died(String),
    /// The server lacks something that is needed; what.
    Lacks(&'static str),
}

/// A failure that has been judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trouble {
    /// What follows from it.
    pub class: Class,
    /// What happened, in words: one line, no full stop.
    pub words: String,
    /// What to do about it, where something can be said.
    pub remedy: Option<String>,
}

impl Trouble {
    /// Makes one from its parts.
    pub(crate) fn new(class: Class, words: impl Into<String>) -> Self {
        Trouble {
            class,
            words: words.into(),
            remedy: None,
        }
    }

    /// Adds what to do about it.
    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Returns words and remedy on one line.
    pub(crate) fn line(&self) -> String {
        match &self.remedy {
            Some(remedy) => format!("{} ({remedy})", self.words),
            None => self.words.clone(),
        }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.line())
    }
}

/// Judges a failure. `server` is how the other end is named: `mail.example.org:465`, or the path of a program.
pub(crate) fn judge(server: &str, stage: Stage, cause: &Cause) -> Trouble {
    match cause {
        Cause::Reply(code, text) => replied(server, stage, *code, text),
        Cause::Io(kind, text) => system_refused(server, stage, *kind, text),
        Cause::Tls(text) => super::tls_words::judge(server, text),
        Cause::Silence(limit) => silent(server, stage, *limit),
        Cause::Garbled(text) => garbled(server, stage, text),
        Cause::Closed => closed(server, stage),
        Cause::Died(how) => {
            let words = format!("the mail worker {how} while {}", stage.in_words());
            Trouble::new(broken_class(stage), words)
        }
        Cause::Lacks(what) => lacks(server, what),
    }
}

/// A connection that breaks concerns the message that was under way, or the way itself.
fn broken_class(stage: Stage) -> Class {
    match stage {
        Stage::Answer => Class::Unanswered,
        stage if stage.is_of_the_message() => Class::Temporary,
        _ => Class::Path,
    }
}

fn replied(server: &str, stage: Stage, code: u16, text: &str) -> Trouble {
    let answer = format!("{code} {}", shortened(text));
    let answer = answer.trim_end();
    let for_now = (400..500).contains(&code);
    if code == 421 {
        let words = format!("the mail server at {server} is closing the connection: {answer}");
        return Trouble::new(broken_class(stage_before_answer(stage)), words);
    }
    match stage {
        Stage::Login if for_now => {
            let words = format!("the mail server at {server} cannot check logins now: {answer}");
            Trouble::new(Class::Path, words)
        }
        Stage::Login => {
            let words = format!("the mail server at {server} refused the login: {answer}");
            Trouble::new(Class::Setup, words).remedy("check `mail.username` and its password")
        }
        Stage::Sender if for_now => put_off(server, "the sender", answer),
        Stage::Sender => {
            let words = format!("the mail server at {server} refused the sender: {answer}");
            Trouble::new(Class::Sender, words)
                .remedy("check `mail.from`: the server must accept it for this login")
        }
        // RFC 5321 4.5.3.1.10: older servers say 552 where 452, too many recipients, is meant.
        Stage::Recipient if for_now || code == 552 => put_off(server, "the recipient", answer),
        Stage::Recipient => {
            let words = format!("the mail server at {server} refused the recipient: {answer}");
            Trouble::new(Class::Recipient, words).remedy("check the address")
        }
        Stage::Data | Stage::Body | Stage::Answer if for_now => {
            put_off(server, "the message", answer)
        }
        Stage::Data | Stage::Body | Stage::Answer => {
            let words = format!("the mail server at {server} refused the message: {answer}");
            Trouble::new(Class::Content, words)
        }
        Stage::StartTls => refused_talk(server, "to start TLS", answer, for_now),
        _ => refused_talk(server, "to talk to this machine", answer, for_now),
    }
}

/// A 421 *is* an answer: after the final dot it says that the message was not taken.
fn stage_before_answer(stage: Stage) -> Stage {
    if stage == Stage::Answer {
        Stage::Body
    } else {
        stage
    }
}

fn put_off(server: &str, what: &str, answer: &str) -> Trouble {
    let words = format!("the mail server at {server} put off {what}: {answer}");
    Trouble::new(Class::Temporary, words)
}

fn refused_talk(server: &str, what: &str, answer: &str, for_now: bool) -> Trouble {
    let words = format!("the mail server at {server} refused {what}: {answer}");
    if for_now {
        Trouble::new(Class::Path, words)
    } else {
        Trouble::new(Class::Setup, words).remedy("ask its administrator to let this machine send")
    }
}

fn system_refused(server: &str, stage: Stage, kind: io::ErrorKind, text: &str) -> Trouble {
    use io::ErrorKind as Kind;
    if stage == Stage::Resolve {
        let words = format!("the name of the mail server {server} cannot be resolved: {text}");
        return Trouble::new(Class::Path, words)
            .remedy("check `mail.server` and the name service of this machine");
    }
    if stage == Stage::Program {
        return program_refused(server, kind, text);
    }
    match kind {
        Kind::ConnectionRefused => {
            let words = format!("the mail server at {server} refuses connections");
            Trouble::new(Class::Path, words)
                .remedy("is it running, and are `mail.server` and `mail.port` right?")
        }
        Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown => {
            let words = format!("the mail server at {server} cannot be reached: {text}");
            Trouble::new(Class::Path, words).remedy("check the network of this machine")
        }
        Kind::ConnectionReset
        | Kind::BrokenPipe
        | Kind::UnexpectedEof
        | Kind::ConnectionAborted => closed(server, stage),
        Kind::InvalidData => garbled(server, stage, text),
        _ => {
            let doing = stage.in_words();
            let words = format!(
                "the connection to the mail server at {server} failed while {doing}: {text}"
            );
            Trouble::new(broken_class(stage), words)
        }
    }
}

fn program_refused(program: &str, kind: io::ErrorKind, text: &str) -> Trouble {
    let remedy = "install a mail server, or set `mail.transport` and `mail.program`";
    let words = match kind {
        io::ErrorKind::NotFound => format!("the mail program `{program}` is not there"),
        io::ErrorKind::PermissionDenied => format!("the mail program `{program}` may not be run"),
        _ => format!("the mail program `{program}` could not be run: {text}"),
    };
    Trouble::new(Class::Setup, words).remedy(remedy)
}

fn silent(server: &str, stage: Stage, limit: Duration) -> Trouble {
    let limit = in_words(limit);
    match stage {
        Stage::Resolve => {
            let words = format!("no name server answered for {server} within {limit}");
            Trouble::new(Class::Path, words).remedy("check the name service of this machine")
        }
        Stage::Start | Stage::Connect => {
            let words = format!("the mail server at {server} did not answer within {limit}");
            Trouble::new(Class::Path, words)
                .remedy("check `mail.server`, `mail.port`, `mail.tls` and firewalls: a port that waits for TLS is silent without it")
        }
        Stage::Program => {
            let words = format!("the mail program `{server}` did not end within {limit}");
            Trouble::new(Class::Path, words)
        }
        stage => {
            let doing = stage.in_words();
            let words = format!("the mail server at {server} fell silent while {doing} ({limit})");
            Trouble::new(broken_class(stage), words)
        }
    }
}

fn garbled(server: &str, stage: Stage, text: &str) -> Trouble {
    let class = broken_class(stage);
    let doing = stage.in_words();
    let text = shortened(text);
    let words = format!(
        "what answers at {server} does not speak SMTP as it should (while {doing}: {text})"
    );
    let trouble = Trouble::new(class, words);
    match stage {
        Stage::Connect => trouble.remedy("check `mail.port` and `mail.tls`"),
        _ => trouble,
    }
}

fn closed(server: &str, stage: Stage) -> Trouble {
    let doing = stage.in_words();
    let words = format!("the mail server at {server} closed the connection while {doing}");
    let trouble = Trouble::new(broken_class(stage), words);
    match stage {
        Stage::Connect => trouble.remedy("check `mail.port` and `mail.tls`"),
        _ => trouble,
    }
}

fn lacks(server: &str, what: &str) -> Trouble {
    let words = format!("the mail server at {server} does not offer {what}");
    let remedy = match what {
        "STARTTLS" => {
            "use a port with implicit TLS (465) and `tls = \"implicit\"`; mail is never sent in plain text instead"
        }
        "8BITMIME" => "send the message in a 7-bit encoding",
        "SMTPUTF8" => "use addresses in ASCII",
        _ => "ask its administrator for PLAIN or LOGIN",
    };
    let class = match what {
        "8BITMIME" => Class::Content,
        "SMTPUTF8" => Class::Recipient,
        _ => Class::Setup,
    };
    Trouble::new(class, words).remedy(remedy)
}

/// Judges how a mail program ended (sysexits(3)); `None` for success.
pub(crate) fn judge_exit(program: &str, code: i32, output: &str) -> Option<Trouble> {
    let last = output.lines().rev().find(|line| !line.trim().is_empty());
    let said = shortened(last.unwrap_or_default());
    let words = |what: &str| {
        let said = if said.is_empty() {
            String::new()
        } else {
            format!(": {said}")
        };
        format!("the mail program `{program}` {what} (exit {code}){said}")
    };
    let trouble = match code {
        0 => return None,
        67 | 68 => Trouble::new(Class::Recipient, words("does not know the recipient")),
        65 => Trouble::new(Class::Content, words("refused the message")),
        64 | 77 | 78 | 126 | 127 => Trouble::new(Class::Setup, words("is not set up"))
            .remedy("check `mail.program` and its own configuration"),
        69 => Trouble::new(Class::Path, words("has no service now")),
        75 => Trouble::new(Class::Path, words("asks to try again later")),
        _ => Trouble::new(Class::Path, words("failed")),
    };
    Some(trouble)
}

/// Returns a text on one line, without control characters, at most 200 characters long.
pub(crate) fn shortened(text: &str) -> String {
    const MOST_CHARS: usize = 200;
    let plain = text
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = plain.clone().take(MOST_CHARS).collect();
    if plain.count() > MOST_CHARS {
        short.push('…');
    }
    short
}

#[cfg(test)]
#[path = "trouble_tests.rs"]
mod tests;
