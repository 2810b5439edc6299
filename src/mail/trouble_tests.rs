use std::io::ErrorKind;

use super::*;

const SERVER: &str = "mail.example.org:465";
const LIMIT: Duration = Duration::from_secs(60);

fn class(stage: Stage, cause: Cause) -> Class {
    let trouble = judge(SERVER, stage, &cause);
    assert!(trouble.words.contains("mail"), "{}", trouble.words);
    assert!(!trouble.words.contains('\n') && !trouble.words.ends_with('.'));
    trouble.class
}

fn reply(stage: Stage, code: u16) -> Class {
    class(stage, Cause::Reply(code, "because".to_owned()))
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
        let cause = Cause::Io(kind, "no".to_owned());
        assert_eq!(class(Stage::Connect, cause), Class::Path, "{kind:?}");
    }
    let unknown = Cause::Io(ErrorKind::NotFound, "name not known".to_owned());
    assert_eq!(class(Stage::Resolve, unknown), Class::Path);
    for stage in [
        Stage::Resolve,
        Stage::Connect,
        Stage::StartTls,
        Stage::Login,
    ] {
        assert_eq!(
            class(stage, Cause::Silence(LIMIT)),
            Class::Path,
            "{stage:?}"
        );
    }
}

#[test]
fn an_answer_of_4xx_is_kept_at_every_stage() {
    for stage in [Stage::Connect, Stage::StartTls, Stage::Login] {
        assert_eq!(reply(stage, 421), Class::Path, "{stage:?}");
        assert_eq!(reply(stage, 454), Class::Path, "{stage:?}");
    }
    for stage in [
        Stage::Sender,
        Stage::Recipient,
        Stage::Data,
        Stage::Body,
        Stage::Answer,
    ] {
        assert_eq!(reply(stage, 421), Class::Temporary, "{stage:?}");
        assert_eq!(reply(stage, 451), Class::Temporary, "{stage:?}");
    }
}

#[test]
fn what_a_person_must_change_is_kept_with_a_remedy() {
    let causes = [
        (
            Stage::Connect,
            Cause::Tls("invalid peer certificate: Expired".to_owned()),
        ),
        (
            Stage::Connect,
            Cause::Tls("invalid peer certificate: UnknownIssuer".to_owned()),
        ),
        (
            Stage::Connect,
            Cause::Tls("certificate not valid for name \"a\"".to_owned()),
        ),
        (
            Stage::Connect,
            Cause::Tls("received corrupt message of type InvalidContentType".to_owned()),
        ),
        (Stage::Connect, Cause::Tls("something new".to_owned())),
        (Stage::StartTls, Cause::Lacks("STARTTLS")),
        (Stage::StartTls, Cause::Reply(502, "no".to_owned())),
        (Stage::Login, Cause::Reply(535, "no".to_owned())),
        (
            Stage::Login,
            Cause::Lacks("a way to log in that this program knows"),
        ),
        (Stage::Connect, Cause::Reply(554, "no".to_owned())),
    ];
    for (stage, cause) in causes {
        let trouble = judge(SERVER, stage, &cause);
        assert_eq!(trouble.class, Class::Setup, "{cause:?}");
        assert!(trouble.remedy.is_some(), "{cause:?}");
        assert!(
            !trouble.words.contains("InvalidContentType"),
            "{}",
            trouble.words
        );
    }
    assert_eq!(reply(Stage::Sender, 550), Class::Sender);
}

#[test]
fn a_recipient_and_a_content_are_refused_for_good() {
    assert_eq!(reply(Stage::Recipient, 550), Class::Recipient);
    // RFC 5321 4.5.3.1.10
    assert_eq!(reply(Stage::Recipient, 552), Class::Temporary);
    for code in [552, 554] {
        assert_eq!(reply(Stage::Answer, code), Class::Content);
        assert_eq!(reply(Stage::Data, code), Class::Content);
    }
}

#[test]
fn no_answer_after_the_final_dot_may_mean_that_it_arrived() {
    for cause in [
        Cause::Silence(LIMIT),
        Cause::Closed,
        Cause::Garbled("354 instead of 250".to_owned()),
        Cause::Io(ErrorKind::ConnectionReset, "reset".to_owned()),
        Cause::Died("was killed by SIGKILL".to_owned()),
    ] {
        assert_eq!(
            class(Stage::Answer, cause.clone()),
            Class::Unanswered,
            "{cause:?}"
        );
    }
}

#[test]
fn a_connection_that_breaks_before_concerns_its_message_only() {
    for cause in [Cause::Silence(LIMIT), Cause::Closed] {
        assert_eq!(class(Stage::Body, cause), Class::Temporary);
    }
    assert_eq!(
        class(Stage::Connect, Cause::Died("ran out of memory".to_owned())),
        Class::Path
    );
}

#[test]
fn a_mail_program_says_what_it_means_by_its_exit() {
    let of = |code| judge_exit("/usr/sbin/sendmail", code, "line 1\nno such user\n\n").unwrap();
    assert_eq!(of(75).class, Class::Path);
    assert_eq!(of(67).class, Class::Recipient);
    assert_eq!(of(69).class, Class::Path);
    assert_eq!(of(78).class, Class::Setup);
    assert!(of(67).words.ends_with(": no such user"), "{}", of(67).words);
    assert!(judge_exit("x", 0, "").is_none());
    assert_eq!(judge_exit("x", 1, "").unwrap().class, Class::Path);
    let missing = Cause::Io(ErrorKind::NotFound, "No such file or directory".to_owned());
    let missing = judge("/usr/sbin/sendmail", Stage::Program, &missing);
    assert_eq!(
        missing.words,
        "the mail program `/usr/sbin/sendmail` is not there"
    );
    assert_eq!(missing.class, Class::Setup);
}

#[test]
fn what_a_server_says_is_shown_on_one_line_without_control_characters() {
    let hostile = format!("evil\r\n\x1b[31m{}", "x".repeat(5000));
    let trouble = judge(SERVER, Stage::Recipient, &Cause::Reply(550, hostile));
    assert!(!trouble.words.chars().any(char::is_control));
    assert!(trouble.words.chars().count() < 400);
}
