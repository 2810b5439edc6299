//! Whatever the text of a failure, its mail stays within the bounds of mail.

use proptest::prelude::*;

use super::*;
use crate::alert::alert_kind::AlertKind;
use crate::core::admin_mail::AdminMail;
use crate::core::failure::Failure;

fn check(mail: &AdminMail) -> Result<(), TestCaseError> {
    let headers = [&mail.subject, &mail.message_id, &mail.list_id, &mail.facts];
    for header in headers {
        prop_assert!(
            !header
                .chars()
                .any(|c| c.is_control() || crate::text::terminal::is_invisible(c)),
            "{header:?}"
        );
        prop_assert!(!header.contains("=?"), "{header:?}");
    }
    prop_assert!(mail.subject.chars().count() <= 100);
    prop_assert!(mail.body.len() <= 64 * 1024, "{}", mail.body.len());
    prop_assert!(mail.minimal_body.len() <= 2048);
    for body in [&mail.body, &mail.minimal_body] {
        prop_assert!(body.ends_with('\n'));
        for line in body.split('\n') {
            prop_assert!(line.len() <= 990 && !line.starts_with('.') && !line.starts_with("From "));
            prop_assert!(
                !line.chars().any(|c| c.is_control() && c != '\t'),
                "{line:?}"
            );
        }
    }
    Ok(())
}

/// Texts that have broken mail programs, and anything.
fn hostile() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("\r\n.\r\n".to_owned()),
        Just("\nFrom bob Sun Nov 22\n".to_owned()),
        Just("\r\nBcc: eve@example.org\r\n\r\n".to_owned()),
        Just("=?utf-8?b?QmNjOiBldmU=?=".to_owned()),
        Just("\u{1b}[31m\u{1b}]0;title\u{7}\u{1b}".to_owned()),
        Just("\u{0}\u{7f}\u{85}\u{2028}\u{202e}\u{feff}".to_owned()),
        Just("x".repeat(3000)),
        Just("ü€𝄞 ".repeat(700)),
        Just("a\n".repeat(3000)),
        "\\PC{0,40}",
        any::<String>(),
    ];
    proptest::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_breaks_a_mail(text in hostile(), output in hostile(), tail in hostile(), cut in any::<bool>()) {
        let mut world = World::new();
        world.tasks[0] = text.clone();
        world.notes = vec![text.clone(); 20];
        let mut context = world.context();
        let look = [text.clone(), output.clone()];
        (context.host, context.look, context.user) = (&text, &look, &text);
        context.mail.reason = Some(&text);
        context.mail.waiting = 1;
        let mut failure = Failure::new(FailureClass::Panic, text.clone());
        failure.causes = vec![output.clone(); 32];
        failure.place = Some(text.clone());
        failure.backtrace = Some(output.clone());
        failure.notes = vec![text.clone(); 20];
        failure.output = Some(Output { head: output.repeat(4), cut: u64::from(cut), tail: tail.repeat(4) });
        let mut alert = alert(AlertKind::New);
        alert.text = text.clone();
        let outage = alert.outage.as_mut().unwrap();
        outage.kinds[0].text = text.clone();
        outage.kinds = vec![outage.kinds[0].clone(); 64];
        alert.held_back = std::iter::repeat_with(held_back).take(64).flatten().collect();
        check(&compose(&alert, Some(&failure), &context))?;
    }
}

#[test]
fn ten_megabytes_in_one_line_and_a_million_lines_fit() {
    let world = World::new();
    let context = world.context();
    for text in [
        "x".repeat(10_000_000),
        "a\n".repeat(1_000_000),
        "\u{1b}[1m".repeat(1_000_000),
    ] {
        let mut failure = Failure::new(FailureClass::Exit(1), text.clone());
        failure.output = Some(Output {
            head: text.clone(),
            cut: 0,
            tail: String::new(),
        });
        let mut alert = alert(AlertKind::First);
        alert.text = text;
        check(&compose(&alert, Some(&failure), &context)).unwrap();
    }
}
