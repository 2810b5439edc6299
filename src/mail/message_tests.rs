use std::time::{Duration, UNIX_EPOCH};

use super::super::test_mails::mail;
use super::*;

fn rendered(mail: &AdminMail) -> String {
    let bytes = render(
        mail,
        "run_functions <runner@example.org>",
        "Ops <ops@example.org>",
        Extent::Whole,
        &[],
    );
    String::from_utf8(bytes.unwrap()).unwrap()
}

fn names(message: &str) -> Vec<&str> {
    let head = message.split("\r\n\r\n").next().unwrap();
    head.split("\r\n")
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| line.split(':').next().unwrap())
        .collect()
}

const NAMES: [&str; 13] = [
    "Auto-Submitted",
    "Content-Transfer-Encoding",
    "Content-Type",
    "Date",
    "From",
    "List-Id",
    "MIME-Version",
    "Message-ID",
    "References",
    "Subject",
    "To",
    "X-Auto-Response-Suppress",
    "X-Run-Functions",
];

#[test]
fn the_headers_are_exactly_ours() {
    let mut mail = mail("1", "first", "tasks::a", 1);
    let text = rendered(&mail);
    let mut found = names(&text);
    found.sort_unstable();
    let mut expected = NAMES.to_vec();
    expected.retain(|name| *name != "References");
    assert_eq!(found, expected, "{text}");
    mail.thread = Some("0@example.org".to_owned());
    let text = rendered(&mail);
    assert!(text.contains("In-Reply-To: <0@example.org>\r\n"));
    assert!(text.contains("References: <0@example.org>\r\n"));
    assert!(text.contains("Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"));
    assert!(text.contains("List-Id: <chain.host>\r\n"), "{text}");
    assert!(text.contains("Auto-Submitted: auto-generated\r\n"));
    assert!(text.contains("X-Run-Functions: event=first; task=tasks::a\r\n"));
}

#[test]
fn the_same_mail_gives_the_same_bytes() {
    let mail = mail("1", "first", "tasks::ä", 1);
    assert_eq!(rendered(&mail), rendered(&mail));
}

#[test]
fn nothing_of_a_text_becomes_a_header_or_an_end() {
    let mut mail = mail("1", "first", "tasks::a", 1);
    for evil in [
        "x\r\nBcc: thief@example.org",
        "x\nBcc: thief@example.org\n\nbody",
        "x\r\n\r\n.\r\nMAIL FROM:<>",
        "=?utf-8?q?x=0D=0ABcc:_thief?=",
        "\u{202e}\0\x1b[31m\u{85}\u{2028}Bcc: a",
    ] {
        mail.subject = evil.to_owned();
        mail.facts = evil.to_owned();
        mail.list_id = evil.to_owned();
        mail.message_id = evil.to_owned();
        mail.thread = Some(evil.to_owned());
        mail.body = format!("first\n\n{evil}\n");
        let text = rendered(&mail);
        let mut found = names(&text);
        found.sort_unstable();
        found.retain(|name| *name != "In-Reply-To");
        assert_eq!(found, NAMES, "{text}");
        assert!(text.is_ascii());
        assert!(text.lines().all(|line| line.len() <= 998));
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
    }
}

#[test]
fn a_body_is_in_7_bit_whatever_is_in_it() {
    let mut mail = mail("1", "first", "tasks::a", 1);
    for body in ["ä\nö\n", &"x".repeat(20_000), "\0\u{1f600}\n.\n"] {
        mail.body = body.to_owned();
        let text = rendered(&mail);
        assert!(text.is_ascii() && text.lines().all(|line| line.len() <= 998));
        assert!(text.contains("Content-Type: text/plain; charset=utf-8"));
    }
}

#[test]
fn dates_beyond_reason_and_wrong_addresses_are_no_panic() {
    let mut mail = mail("1", "first", "tasks::a", 1);
    for date in [
        UNIX_EPOCH - Duration::from_secs(9),
        UNIX_EPOCH + Duration::from_secs(1 << 40),
    ] {
        mail.date = date;
        rendered(&mail);
        file_stem(&mail, "ops@example.org");
    }
    let wrong = render(&mail, "runner@example.org", "nobody", Extent::Whole, &[]);
    assert_eq!(wrong.unwrap_err().class, ErrorClass::Recipient);
}

#[test]
fn notes_come_after_the_first_paragraph() {
    let notes = ["One.".to_owned(), "Two.".to_owned()];
    assert_eq!(with_notes("A.\n\nB.\n", &notes), "A.\n\nOne.\nTwo.\n\nB.\n");
    assert_eq!(with_notes("A.\n", &notes), "A.\n\nOne.\nTwo.\n\n");
}

#[test]
fn a_file_is_named_by_time_and_subject() {
    let mut mail = mail("1", "first", "tasks::a", 1);
    mail.subject = "[host] [send_mail] First exception caught: ../../etc/passwd ä".to_owned();
    let stem = file_stem(&mail, "ops@example.org");
    assert!(
        stem.starts_with("20231114T221320Z-host-send-mail-first-exception-caught-etc-passwd-"),
        "{stem}"
    );
}

#[test]
fn no_line_of_an_encoded_body_begins_as_a_mailbox_would() {
    let head = "Subject: x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n";
    let of = |body: &str| {
        let message = guarded(format!("{head}{body}").into_bytes());
        String::from_utf8(message).unwrap()[head.len()..].to_owned()
    };
    assert_eq!(
        of("a=\r\nFrom bob\r\n.\r\n.x\r\n"),
        "a=\r\n=46rom bob\r\n=2E\r\n.x\r\n"
    );
    let long = "y".repeat(71);
    assert_eq!(
        of(&format!("From {long}\r\n")),
        format!("=46rom =\r\n{long}\r\n")
    );
    let plain = b"Subject: x\r\n\r\nFrom bob\r\n".to_vec();
    assert_eq!(guarded(plain.clone()), plain);
}
