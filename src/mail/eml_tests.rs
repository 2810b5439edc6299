use super::*;

fn text(eml: &Eml) -> &str {
    std::str::from_utf8(&eml.bytes).unwrap()
}

#[test]
fn the_recipients_are_those_of_to_cc_and_bcc_and_bcc_does_not_leave() {
    let raw = b"From: Shop <shop@example.org>\nTo: \"Doe, Jane\" <jane@example.org>,\n bob@example.org (Bob, the\n builder)\nBCC: secret@example.org,\n other@example.org\nCc: team: a@example.org, b@example.org;, jane@example.org\nSubject: hello\nMessage-Id: <1@x>\n\nHi\n.\n";
    let eml = read(raw, "x").unwrap();
    assert_eq!(eml.from.as_deref(), Some("shop@example.org"));
    assert_eq!(
        eml.to,
        [
            "jane@example.org",
            "bob@example.org",
            "secret@example.org",
            "other@example.org",
            "a@example.org",
            "b@example.org"
        ]
    );
    let text = text(&eml);
    assert!(!text.contains("secret") && !text.contains("other@"));
    assert!(text.starts_with("From: Shop <shop@example.org>\r\nTo: \"Doe, Jane\""));
    assert!(text.ends_with("\r\n\r\nHi\r\n.\r\n"));
    assert_eq!(text.matches("Message-I").count(), 1);
}

#[test]
fn the_sender_goes_before_the_author() {
    let eml = read(b"From: a@x.org, b@x.org\r\nSender: c@x.org\r\n\r\n", "x").unwrap();
    assert_eq!(eml.from.as_deref(), Some("c@x.org"));
    assert!(eml.to.is_empty());
}

#[test]
fn a_message_without_message_id_gets_one_that_stays() {
    let raw = b"From: a@x.org\nTo: b@x.org\n\nbody\n";
    let first = read(raw, "name 1").unwrap();
    assert_eq!(first, read(raw, "name 1").unwrap());
    assert_ne!(first, read(raw, "name 2").unwrap());
    let line = text(&first).lines().next().unwrap().to_owned();
    assert!(
        line.starts_with("Message-ID: <") && line.ends_with("@x.org>"),
        "{line}"
    );
}

#[test]
fn line_ends_that_servers_read_differently_become_one() {
    // With a bare LF kept, "\n.\n" would end the message on some servers, and the rest would be
    // commands (SMTP smuggling).
    let eml = read(b"To: b@x.org\r\n\r\na\n.\nMAIL FROM:<>\r.\rb\r\n", "x").unwrap();
    let body = text(&eml).split_once("\r\n\r\n").unwrap().1;
    assert_eq!(body, "a\r\n.\r\nMAIL FROM:<>\r\n.\r\nb\r\n");
}

#[test]
fn what_is_no_message_is_refused_in_words() {
    for raw in [
        &b""[..],
        b"\n\n",
        b"just text\nmore\n",
        b"\0\xff",
        b"a b: c\n\n",
    ] {
        assert!(read(raw, "x").unwrap_err().contains("no header"), "{raw:?}");
    }
}

#[test]
fn the_line_of_an_mbox_is_no_header() {
    let eml = read(b"From a@x.org Mon Jan 1\nTo: b@x.org\n\nx\n", "x").unwrap();
    assert!(text(&eml).contains("To: b@x.org"));
    assert!(!text(&eml).contains("Mon Jan"));
}

#[test]
fn quoted_and_obsolete_addresses_are_read() {
    assert_eq!(
        addresses_in("<@a,@b:c@x.org>, \"a,b\\\"\"@x.org, (c) , undisclosed-recipients:;"),
        ["c@x.org", "\"a,b\\\"\"@x.org"]
    );
}
