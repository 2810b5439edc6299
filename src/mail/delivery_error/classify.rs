//! The one function that classifies every failure of every transport, so that the worker and the
//! runner (which killed the worker at its deadline) come to the same words.

use std::io;
use std::time::Duration;

use super::error::{DeliveryError, ErrorClass, shortened};
use super::program::program_refused;
use super::reply::{broken_class, replied};
use super::stage::{DeliveryCause, DeliveryStage};
use super::tls_words;
use crate::core::time::in_words;

/// Classifies a failure. `server` is how the other end is named: `mail.example.org:465`, or the
/// path of a program.
pub(crate) fn judge(server: &str, stage: DeliveryStage, cause: &DeliveryCause) -> DeliveryError {
    match cause {
        DeliveryCause::Reply(code, text) => replied(server, stage, *code, text),
        DeliveryCause::Io(kind, text) => system_refused(server, stage, *kind, text),
        DeliveryCause::Tls(text) => tls_words::judge(server, text),
        DeliveryCause::Silence(limit) => silent(server, stage, *limit),
        DeliveryCause::Garbled(text) => garbled(server, stage, text),
        DeliveryCause::Closed => closed(server, stage),
        DeliveryCause::Died(how) => {
            let words = format!("the mail worker {how} while {}", stage.in_words());
            DeliveryError::new(broken_class(stage), words)
        }
        DeliveryCause::Lacks(what) => lacks(server, what),
    }
}

fn system_refused(
    server: &str,
    stage: DeliveryStage,
    kind: io::ErrorKind,
    text: &str,
) -> DeliveryError {
    use io::ErrorKind as Kind;
    if stage == DeliveryStage::Resolve {
        let words = format!("the name of the mail server {server} cannot be resolved: {text}");
        return DeliveryError::new(ErrorClass::Path, words)
            .remedy("check `mail.server` and the name service of this machine");
    }
    if stage == DeliveryStage::Program {
        return program_refused(server, kind, text);
    }
    match kind {
        Kind::ConnectionRefused => {
            let words = format!("the mail server at {server} refuses connections");
            DeliveryError::new(ErrorClass::Path, words)
                .remedy("is it running, and are `mail.server` and `mail.port` right?")
        }
        Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown => {
            let words = format!("the mail server at {server} cannot be reached: {text}");
            DeliveryError::new(ErrorClass::Path, words).remedy("check the network of this machine")
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
            DeliveryError::new(broken_class(stage), words)
        }
    }
}

fn silent(server: &str, stage: DeliveryStage, limit: Duration) -> DeliveryError {
    let limit = in_words(limit);
    match stage {
        DeliveryStage::Resolve => {
            let words = format!("no name server answered for {server} within {limit}");
            DeliveryError::new(ErrorClass::Path, words)
                .remedy("check the name service of this machine")
        }
        DeliveryStage::Start | DeliveryStage::Connect => {
            let words = format!("the mail server at {server} did not answer within {limit}");
            DeliveryError::new(ErrorClass::Path, words)
                .remedy("check `mail.server`, `mail.port`, `mail.tls` and firewalls: a port that waits for TLS is silent without it")
        }
        DeliveryStage::Program => {
            let words = format!("the mail program `{server}` did not end within {limit}");
            DeliveryError::new(ErrorClass::Path, words)
        }
        stage => {
            let doing = stage.in_words();
            let words = format!("the mail server at {server} fell silent while {doing} ({limit})");
            DeliveryError::new(broken_class(stage), words)
        }
    }
}

fn garbled(server: &str, stage: DeliveryStage, text: &str) -> DeliveryError {
    let class = broken_class(stage);
    let doing = stage.in_words();
    let text = shortened(text);
    let words = format!(
        "what answers at {server} does not speak SMTP as it should (while {doing}: {text})"
    );
    let trouble = DeliveryError::new(class, words);
    match stage {
        DeliveryStage::Connect => trouble.remedy("check `mail.port` and `mail.tls`"),
        _ => trouble,
    }
}

fn closed(server: &str, stage: DeliveryStage) -> DeliveryError {
    let doing = stage.in_words();
    let words = format!("the mail server at {server} closed the connection while {doing}");
    let trouble = DeliveryError::new(broken_class(stage), words);
    match stage {
        DeliveryStage::Connect => trouble.remedy("check `mail.port` and `mail.tls`"),
        _ => trouble,
    }
}

fn lacks(server: &str, what: &str) -> DeliveryError {
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
        "8BITMIME" => ErrorClass::Content,
        "SMTPUTF8" => ErrorClass::Recipient,
        _ => ErrorClass::Setup,
    };
    DeliveryError::new(class, words).remedy(remedy)
}

#[cfg(test)]
#[path = "classify_tests.rs"]
mod tests;
