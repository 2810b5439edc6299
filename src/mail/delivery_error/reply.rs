//! What an answer of a mail server means that is not the one hoped for.

use super::error::{DeliveryError, ErrorClass, shortened};
use super::refusal;
use super::stage::DeliveryStage;

/// A connection that breaks concerns the message that was under way, or the way itself.
pub(super) fn broken_class(stage: DeliveryStage) -> ErrorClass {
    match stage {
        DeliveryStage::Answer => ErrorClass::Unanswered,
        stage if stage.is_of_the_message() => ErrorClass::Temporary,
        _ => ErrorClass::Path,
    }
}

pub(super) fn replied(server: &str, stage: DeliveryStage, code: u16, text: &str) -> DeliveryError {
    let answer = format!("{code} {}", shortened(text));
    let answer = answer.trim_end();
    let for_now = (400..500).contains(&code);
    if code == 421 {
        let words = format!("the mail server at {server} is closing the connection: {answer}");
        return DeliveryError::new(broken_class(stage_before_answer(stage)), words);
    }
    match stage {
        DeliveryStage::Login if for_now => {
            let words = format!("the mail server at {server} cannot check logins now: {answer}");
            DeliveryError::new(ErrorClass::Path, words)
        }
        DeliveryStage::Login => {
            let words = format!("the mail server at {server} refused the login: {answer}");
            DeliveryError::new(ErrorClass::Setup, words).remedy(refusal::of_login(text))
        }
        DeliveryStage::Sender if for_now => put_off(server, "the sender", answer),
        DeliveryStage::Sender => refusal::of_sender(server, code, text, answer),
        // RFC 5321 4.5.3.1.10: older servers say 552 where 452, too many recipients, is meant.
        DeliveryStage::Recipient if for_now || code == 552 => {
            put_off(server, "the recipient", answer)
        }
        DeliveryStage::Recipient => refusal::of_recipient(server, code, text, answer),
        DeliveryStage::Data | DeliveryStage::Body | DeliveryStage::Answer if for_now => {
            put_off(server, "the message", answer)
        }
        DeliveryStage::Data | DeliveryStage::Body | DeliveryStage::Answer => {
            let words = format!("the mail server at {server} refused the message: {answer}");
            DeliveryError::new(ErrorClass::Content, words)
        }
        DeliveryStage::StartTls => refused_talk(server, "to start TLS", code, answer),
        _ => refused_talk(server, "to talk to this machine", code, answer),
    }
}

/// A 421 *is* an answer: after the final dot it says that the message was not taken.
fn stage_before_answer(stage: DeliveryStage) -> DeliveryStage {
    if stage == DeliveryStage::Answer {
        DeliveryStage::Body
    } else {
        stage
    }
}

fn put_off(server: &str, what: &str, answer: &str) -> DeliveryError {
    let words = format!("the mail server at {server} put off {what}: {answer}");
    DeliveryError::new(ErrorClass::Temporary, words)
}

fn refused_talk(server: &str, what: &str, code: u16, answer: &str) -> DeliveryError {
    let words = format!("the mail server at {server} refused {what}: {answer}");
    if code < 500 {
        DeliveryError::new(ErrorClass::Path, words)
    } else {
        let usual = "ask its administrator to let this machine send";
        DeliveryError::new(ErrorClass::Setup, words).remedy(refusal::remedy(code, answer, usual))
    }
}
