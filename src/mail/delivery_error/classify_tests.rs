use std::io::ErrorKind;

use super::super::program::judge_exit;
use super::*;

const SERVER: &str = "mail.example.org:465";
const LIMIT: Duration = Duration::from_secs(60);

fn class(stage: DeliveryStage, cause: DeliveryCause) -> ErrorClass {
    let trouble = judge(SERVER, stage, &cause);
    assert!(trouble.words.contains("mail"), "{}", trouble.words);
    assert!(!trouble.words.contains('\n') && !trouble.words.ends_with('.'));
    trouble.class
}

fn reply(stage: DeliveryStage, code: u16) -> ErrorClass {
    class(stage, DeliveryCause::Reply(code, "because".to_owned()))
}

#[test]
fn no_connection_is_tried_again_soon() {
    for kind in [
        ErrorKind::ConnectionRefused,
        ErrorKind::HostUnreachable,
        ErrorKind::NetworkUnreachable,
        ErrorKind::ConnectionReset,
        ErrorKind::Other,
    ] {
        let cause = DeliveryCause::Io(kind, "no".to_owned());
        assert_eq!(
            class(DeliveryStage::Connect, cause),
            ErrorClass::Path,
            "{kind:?}"
        );
    }
    let unknown = DeliveryCause::Io(ErrorKind::NotFound, "name not known".to_owned());
    assert_eq!(class(DeliveryStage::Resolve, unknown), ErrorClass::Path);
    for stage in [
        DeliveryStage::Resolve,
        DeliveryStage::Connect,
        DeliveryStage::StartTls,
        DeliveryStage::Login,
    ] {
        assert_eq!(
            class(stage, DeliveryCause::Silence(LIMIT)),
            ErrorClass::Path,
            "{stage:?}"
        );
    }
}

#[test]
fn an_answer_of_4xx_is_kept_at_every_stage() {
    for stage in [
        DeliveryStage::Connect,
        DeliveryStage::StartTls,
        DeliveryStage::Login,
    ] {
        assert_eq!(reply(stage, 421), ErrorClass::Path, "{stage:?}");
        assert_eq!(reply(stage, 454), ErrorClass::Path, "{stage:?}");
    }
    for stage in [
        DeliveryStage::Sender,
        DeliveryStage::Recipient,
        DeliveryStage::Data,
        DeliveryStage::Body,
        DeliveryStage::Answer,
    ] {
        assert_eq!(reply(stage, 421), ErrorClass::Temporary, "{stage:?}");
        assert_eq!(reply(stage, 451), ErrorClass::Temporary, "{stage:?}");
    }
}

#[test]
fn what_a_person_must_change_is_kept_with_a_remedy() {
    let causes = [
        (
            DeliveryStage::Connect,
            DeliveryCause::Tls("invalid peer certificate: Expired".to_owned()),
        ),
        (
            DeliveryStage::Connect,
            DeliveryCause::Tls("invalid peer certificate: UnknownIssuer".to_owned()),
        ),
        (
            DeliveryStage::Connect,
            DeliveryCause::Tls("certificate not valid for name \"a\"".to_owned()),
        ),
        (
            DeliveryStage::Connect,
            DeliveryCause::Tls("received corrupt message of type InvalidContentType".to_owned()),
        ),
        (
            DeliveryStage::Connect,
            DeliveryCause::Tls("something new".to_owned()),
        ),
        (DeliveryStage::StartTls, DeliveryCause::Lacks("STARTTLS")),
        (
            DeliveryStage::StartTls,
            DeliveryCause::Reply(502, "no".to_owned()),
        ),
        (
            DeliveryStage::Login,
            DeliveryCause::Reply(535, "no".to_owned()),
        ),
        (
            DeliveryStage::Login,
            DeliveryCause::Lacks("a way to log in that this program knows"),
        ),
        (
            DeliveryStage::Connect,
            DeliveryCause::Reply(554, "no".to_owned()),
        ),
    ];
    for (stage, cause) in causes {
        let trouble = judge(SERVER, stage, &cause);
        assert_eq!(trouble.class, ErrorClass::Setup, "{cause:?}");
        assert!(trouble.remedy.is_some(), "{cause:?}");
        assert!(
            !trouble.words.contains("InvalidContentType"),
            "{}",
            trouble.words
        );
    }
    assert_eq!(reply(DeliveryStage::Sender, 550), ErrorClass::Sender);
}

#[test]
fn a_recipient_and_a_content_are_refused_for_good() {
    let unknown = DeliveryCause::Reply(550, "5.1.1 no such user".to_owned());
    assert_eq!(
        class(DeliveryStage::Recipient, unknown),
        ErrorClass::Recipient
    );
    // RFC 5321 4.5.3.1.10
    assert_eq!(reply(DeliveryStage::Recipient, 552), ErrorClass::Temporary);
    for code in [552, 554] {
        assert_eq!(reply(DeliveryStage::Answer, code), ErrorClass::Content);
        assert_eq!(reply(DeliveryStage::Data, code), ErrorClass::Content);
    }
}

#[test]
fn no_answer_after_the_final_dot_may_mean_that_it_arrived() {
    for cause in [
        DeliveryCause::Silence(LIMIT),
        DeliveryCause::Closed,
        DeliveryCause::Garbled("354 instead of 250".to_owned()),
        DeliveryCause::Io(ErrorKind::ConnectionReset, "reset".to_owned()),
        DeliveryCause::Died("was killed by SIGKILL".to_owned()),
    ] {
        assert_eq!(
            class(DeliveryStage::Answer, cause.clone()),
            ErrorClass::Unanswered,
            "{cause:?}"
        );
    }
}

#[test]
fn a_connection_that_breaks_before_concerns_its_message_only() {
    for cause in [DeliveryCause::Silence(LIMIT), DeliveryCause::Closed] {
        assert_eq!(class(DeliveryStage::Body, cause), ErrorClass::Temporary);
    }
    assert_eq!(
        class(
            DeliveryStage::Connect,
            DeliveryCause::Died("ran out of memory".to_owned())
        ),
        ErrorClass::Path
    );
}

#[test]
fn a_mail_program_says_what_it_means_by_its_exit() {
    let of = |code| judge_exit("/usr/sbin/sendmail", code, "line 1\nno such user\n\n").unwrap();
    assert_eq!(of(75).class, ErrorClass::Path);
    assert_eq!(of(67).class, ErrorClass::Recipient);
    assert_eq!(of(69).class, ErrorClass::Path);
    assert_eq!(of(78).class, ErrorClass::Setup);
    assert!(of(67).words.ends_with(": no such user"), "{}", of(67).words);
    assert!(judge_exit("x", 0, "").is_none());
    assert_eq!(judge_exit("x", 1, "").unwrap().class, ErrorClass::Path);
    let missing = DeliveryCause::Io(ErrorKind::NotFound, "No such file or directory".to_owned());
    let missing = judge("/usr/sbin/sendmail", DeliveryStage::Program, &missing);
    assert_eq!(
        missing.words,
        "the mail program `/usr/sbin/sendmail` is not there"
    );
    assert_eq!(missing.class, ErrorClass::Setup);
}

#[test]
fn what_a_server_says_is_shown_on_one_line_without_control_characters() {
    let hostile = format!("evil\r\n\x1b[31m{}", "x".repeat(5000));
    let trouble = judge(
        SERVER,
        DeliveryStage::Recipient,
        &DeliveryCause::Reply(550, hostile),
    );
    assert!(!trouble.words.chars().any(char::is_control));
    assert!(trouble.words.chars().count() < 400);
}
