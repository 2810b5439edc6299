use super::*;

#[test]
fn what_differs_from_run_to_run_is_one_token() {
    for (text, normal) in [
        (
            "GET https://api.example.org/v1/x?id=5: timed out",
            "GET <url>: timed out",
        ),
        (
            "no mailbox for bob.o+x@example.org here",
            "no mailbox for <mail> here",
        ),
        (
            "connect to db.example.org:5432 failed",
            "connect to <host> failed",
        ),
        ("connect to 10.0.0.1:5432 failed", "connect to <ip> failed"),
        (
            "connect to [::1]:5432 failed",
            "connect to [<ip>]:<n> failed",
        ),
        (
            "job 4f5e6a7b-1234-4bcd-9abc-0123456789ab lost",
            "job <uuid> lost",
        ),
        (
            "at 2026-11-22T10:46:01.123Z it failed",
            "at <time> it failed",
        ),
        (
            "at Sun Nov 22 10:46:01 UTC 2026 it failed",
            "at <time> it failed",
        ),
        ("at Nov 22 10:46:01 it failed", "at <time> it failed"),
        (
            "at 22/Nov/2026:10:46:01 +0000 it failed",
            "at <time> it failed",
        ),
        ("timed out after 30.5 seconds", "timed out after <duration>"),
        ("timed out after 2h 30m", "timed out after <duration>"),
        ("timed out after 1m30s", "timed out after <duration>"),
        ("wrote 4,096 bytes of 1.5GiB", "wrote <size> of <size>"),
        ("commit deadbeef01 at 0x7ffe12", "commit <n> at <hex>"),
        ("bad blob dGhpcyBpcyBhIHRlc3Q0MTIz==", "bad blob <base64>"),
        ("cannot open /tmp/abc: x", "cannot open <path>: x"),
        (
            "cannot open /srv/jobs/17/in.csv:12",
            "cannot open <path>:<n>",
        ),
        (
            "missing field `name` in \"x 7\" of 'z1' at \"/srv/a b\"",
            "missing field `name` in \"x <n>\" of <quoted> at <quoted>",
        ),
        (
            "line 12 column 5, 1,234 rows",
            "line <n> column <n>, <n> rows",
        ),
        (
            "\u{1b}[31mred\u{1b}[0m 5\n\n  second   line 7\nthird",
            "red <n> second line <n>",
        ),
        (
            "worker-12 lost order1234567 of INV-88123",
            "worker-<n> lost order<n> of INV-<n>",
        ),
    ] {
        assert_eq!(normalise(text), normal, "{text}");
    }
}

#[test]
fn what_tells_failures_apart_is_kept() {
    for text in [
        "Connection refused (os error 111)",
        "[Errno 111] Connection refused",
        "errno=5, errno: 6",
        "HTTP 404 Not Found",
        "HTTP/1.1 503 Service Unavailable",
        "status code: 404",
        "status=404",
        "exit status 1",
        "exited with code 137",
        "exit code: 2",
        "signal: 9",
        "killed by signal 11",
        "SQLSTATE[42S02]: no table",
        "SQLSTATE: 23505",
        "rejected: 5.7.1 denied",
        "invalid utf-8 in sha256 of x509",
        "ORA-00942: table or view does not exist",
        "I can't and don't",
        "statusCode: 502",
        "/etc/passwd: Permission denied",
    ] {
        assert_eq!(normalise(text), text);
    }
}

#[test]
fn a_long_message_counts_with_its_beginning_only() {
    let long = "x ".repeat(5_000_000);
    assert_eq!(normalise(&long).chars().filter(|c| *c == 'x').count(), 1024);
    assert_eq!(normalise(""), "");
}

#[test]
fn a_kind_is_twelve_digits_or_the_own_word() {
    let mut failure = Failure::new(FailureClass::Exit(1), "division by zero");
    let kind = of(&failure);
    assert_eq!(kind.0.len(), 12);
    assert!(kind.0.bytes().all(|c| c.is_ascii_hexdigit()), "{kind:?}");
    // Kinds are stored: a change of this value makes each known failure a new one.
    assert_eq!(kind, of(&failure.clone()));
    failure.class = FailureClass::Exit(2);
    assert_ne!(kind, of(&failure));
    failure.kind = Some("my\nword".into());
    assert_eq!(of(&failure).0, "myword");
}

#[test]
fn a_kind_is_shown_by_four_digits_or_as_the_own_word() {
    assert_eq!(short("7f3a00c0ffee"), "7f3a");
    assert_eq!(short("smtp"), "smtp");
}

#[test]
fn the_line_of_a_panic_does_not_count_but_its_file_does() {
    let panic_at = |place: &str| {
        let mut failure = Failure::new(FailureClass::Panic, "boom");
        failure.place = Some(place.into());
        of(&failure)
    };
    assert_eq!(panic_at("src/a.rs:12:5"), panic_at("src/a.rs:13:9"));
    assert_ne!(panic_at("src/a.rs:12:5"), panic_at("src/b.rs:12:5"));
}

#[test]
fn a_new_cause_behind_the_same_words_is_a_new_kind() {
    let class = FailureClass::Error {
        type_name: "MailError".into(),
    };
    let mut failure = Failure::new(class, "cannot send");
    failure.causes = vec!["Connection refused (os error 111)".into()];
    let refused = of(&failure);
    failure.causes = vec!["No route to host (os error 113)".into()];
    assert_ne!(refused, of(&failure));
}
