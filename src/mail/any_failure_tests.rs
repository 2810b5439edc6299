//! Whatever a failure says, its mail is one that an independent parser reads back: our headers, our
//! body, within the limits of the standards.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mailparse::MailHeaderMap;
use proptest::prelude::*;

use super::message::{Extent, render};
use crate::alert::message::{MailContext, MailPath, compose};
use crate::alert::{alert_facts::Alert, alert_kind::AlertKind, failure_kind::FailureKind};
use crate::core::admin_mail::AdminMail;
use crate::core::failure::{Failure, FailureClass, Output};
use crate::core::hash::fnv1a;
use crate::core::time::{Moment, Mono};

/// RFC 5322 2.1.1: a line without its CRLF.
const MOST_LINE: usize = 998;
/// The text of a mail (ALERTS.md), and room for its headers.
const MOST_BODY: usize = 64 << 10;

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

fn alert(sort: AlertKind, text: &str) -> Alert {
    let at = Moment {
        mono: Mono::LONG_AGO,
        wall: now(),
    };
    let kind = format!("{:012x}", fnv1a(text.as_bytes()) >> 16);
    Alert {
        step: Some(0),
        kind: Some(FailureKind(kind)),
        text: text.to_owned(),
        thread: Some("first-of-the-outage@example.org".to_owned()),
        ..Alert::of_the_chain(sort, at)
    }
}

/// Writes the mail of a failure that says these texts wherever it can say anything.
fn written(text: &str, output: &str) -> AdminMail {
    let mut failure = Failure::new(FailureClass::Panic, text);
    failure.causes = vec![text.to_owned(), output.to_owned()];
    failure.place = Some(text.to_owned());
    failure.backtrace = Some(output.to_owned());
    failure.notes = vec![text.to_owned()];
    failure.output = Some(Output {
        head: output.to_owned(),
        cut: 7,
        tail: output.to_owned(),
    });
    let notes = [text.to_owned()];
    let tasks = ["tasks::a".to_owned()];
    let context = MailContext {
        host: "web1",
        user: text,
        chain: "a",
        tasks: &tasks,
        pid: 1,
        version: "0.1.0",
        executable_from: None,
        runner_started: now(),
        run_duration: None,
        settings: None,
        max_per_hour: 20,
        healed: crate::core::settings::Healed::Never,
        to_whom: None,
        mail: MailPath {
            reason: Some(text),
            waiting: 1,
            notes: &notes,
            ..MailPath::default()
        },
        look: &["run_functions logs a".to_owned()],
        local_time: &|_| "now".to_owned(),
        domain: "example.org",
        memory_born: now(),
    };
    compose(&alert(AlertKind::New, text), Some(&failure), &context)
}

fn message(mail: &AdminMail, extent: Extent) -> String {
    let from = "run_functions <runner@example.org>";
    let bytes = render(mail, from, "Ops <ops@example.org>", extent, &[]).unwrap();
    String::from_utf8(bytes).unwrap()
}

const HEADERS: [&str; 14] = [
    "Auto-Submitted",
    "Content-Transfer-Encoding",
    "Content-Type",
    "Date",
    "From",
    "In-Reply-To",
    "List-Id",
    "MIME-Version",
    "Message-ID",
    "References",
    "Subject",
    "To",
    "X-Auto-Response-Suppress",
    "X-Run-Functions",
];

/// Reads a message with a parser that is not ours, and checks all that it finds.
fn check(mail: &AdminMail, extent: Extent) -> Result<(), TestCaseError> {
    let text = message(mail, extent);
    prop_assert!(text.is_ascii());
    for line in text.split("\r\n") {
        prop_assert!(line.len() <= MOST_LINE && !line.contains(['\r', '\n', '\0']));
        prop_assert!(line != "." && !line.starts_with("From "), "{line:?}");
    }
    let parsed = mailparse::parse_mail(text.as_bytes())
        .map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
    let mut names: Vec<String> = parsed
        .headers
        .iter()
        .map(|header| header.get_key())
        .collect();
    names.sort();
    prop_assert_eq!(names, HEADERS);
    let value = |name: &str| parsed.headers.get_first_value(name).unwrap_or_default();
    prop_assert_eq!(value("Subject"), mail.subject.trim());
    prop_assert_eq!(value("To"), "Ops <ops@example.org>");
    prop_assert_eq!(value("References"), "<first-of-the-outage@example.org>");
    let encoding = value("Content-Transfer-Encoding");
    prop_assert!(
        ["7bit", "quoted-printable"].contains(&&*encoding),
        "{}",
        encoding
    );
    prop_assert!(parsed.subparts.is_empty());
    let (body, expected) = match extent {
        Extent::Whole => (parsed.get_body(), &mail.body),
        Extent::Minimal => (parsed.get_body(), &mail.minimal_body),
    };
    let body = body.map_err(|error| TestCaseError::fail(error.to_string()))?;
    let body = body.replace("\r\n", "\n");
    prop_assert!(body.len() <= MOST_BODY, "{} bytes", body.len());
    prop_assert_eq!(&body, expected);
    Ok(())
}

/// Texts that have broken mail programs, and anything.
fn hostile() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("\r\n.\r\n".to_owned()),
        Just(".\r.\n..\n".to_owned()),
        Just("\nFrom bob Sun Nov 22\n".to_owned()),
        Just("\r\nBcc: eve@example.org\r\n\r\n".to_owned()),
        Just("=?utf-8?b?QmNjOiBldmU=?= =\n=3D=0D=0A".to_owned()),
        Just("--boundary\nContent-Type: text/html\n\n<script>".to_owned()),
        Just("\u{1b}[31m\u{1b}]0;title\u{7}\u{1b}".to_owned()),
        Just("\u{0}\u{7f}\u{85}\u{2028}\u{202e}\u{feff}".to_owned()),
        Just("x".repeat(3000)),
        Just("ü€𝄞 ".repeat(700)),
        Just("𝄞".repeat(2000)),
        Just(" \t \n".repeat(50)),
        "\\PC{0,60}",
        any::<String>(),
    ];
    proptest::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_failure_breaks_a_mail(text in hostile(), output in hostile()) {
        let mail = written(&text, &output);
        check(&mail, Extent::Whole)?;
        check(&mail, Extent::Minimal)?;
    }
}

#[test]
fn ten_megabytes_in_one_line_and_a_million_lines_fit_into_a_mail() {
    for text in [
        "x".repeat(10_000_000),
        "a\n".repeat(1_000_000),
        "𝄞".repeat(1_000_000),
    ] {
        check(&written(&text, &text), Extent::Whole).unwrap();
    }
}

#[test]
fn mails_of_one_outage_are_one_thread_and_those_of_two_are_two() {
    // The rule of J. Zawinski: a message hangs below the last of its References, or else its
    // In-Reply-To.
    let parent = |mail: &AdminMail| {
        let text = message(mail, Extent::Whole);
        let parsed = mailparse::parse_headers(text.as_bytes()).unwrap().0;
        let references = parsed.get_first_value("References");
        let in_reply_to = parsed.get_first_value("In-Reply-To");
        assert_eq!(references, in_reply_to);
        references
    };
    let mut first = written("alpha", "");
    first.thread = None;
    let mut later = written("beta", "");
    later.thread = Some(first.message_id.clone());
    assert_eq!(parent(&first), None);
    assert_eq!(parent(&later), Some(format!("<{}>", first.message_id)));
    assert_ne!(first.message_id, later.message_id);
}
