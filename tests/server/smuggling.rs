//! Requests that two readers understand differently are refused by the first one.

use crate::exchange::{Answer, raw};
use crate::served::Served;

/// Sends bytes; returns the statuses of all answers that come back.
fn statuses(served: &Served, bytes: &str) -> Vec<u16> {
    let text = raw(served.address, bytes.as_bytes());
    let parts = text.split("HTTP/1.1 ").skip(1);
    parts.map(|part| part[..3].parse().unwrap()).collect()
}

#[test]
fn a_request_of_two_meanings_gets_no_answer_that_is_good() {
    let served = Served::with("");
    let second = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    let chunked = "Transfer-Encoding: chunked\r\n";
    for (what, request) in [
        (
            "both",
            format!(
                "POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n{chunked}\r\n0\r\n\r\n{second}"
            ),
        ),
        (
            "both, turned",
            format!(
                "POST /healthz HTTP/1.1\r\nHost: a\r\n{chunked}Content-Length: 4\r\n\r\n0\r\n\r\n{second}"
            ),
        ),
        (
            "two lengths",
            format!(
                "POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 40\r\n\r\n{second}"
            ),
        ),
        (
            "a list of lengths",
            format!("POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 0, 40\r\n\r\n{second}"),
        ),
        (
            "a signed length",
            format!("POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: +0\r\n\r\n{second}"),
        ),
        (
            "a negative length",
            format!("POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n{second}"),
        ),
        (
            "a hexadecimal length",
            format!("POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 0x0\r\n\r\n{second}"),
        ),
        (
            "an unknown encoding",
            format!(
                "POST /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{second}"
            ),
        ),
        (
            "an encoding that is not last",
            format!(
                "POST /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{second}"
            ),
        ),
        (
            "an encoding in HTTP/1.0",
            format!("POST /healthz HTTP/1.0\r\nHost: a\r\n{chunked}\r\n0\r\n\r\n{second}"),
        ),
        (
            "a space before the colon",
            format!("POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length : 4\r\n\r\n{second}"),
        ),
        (
            "a bare LF",
            format!("GET /healthz HTTP/1.1\nHost: a\n\n{second}"),
        ),
        (
            "a bare LF behind a header",
            format!("GET /healthz HTTP/1.1\r\nHost: a\nX: b\r\n\r\n{second}"),
        ),
        (
            "a bare CR",
            format!("GET /healthz HTTP/1.1\r\nHost: a\rX: b\r\n\r\n{second}"),
        ),
        (
            "a continued line",
            format!("GET /healthz HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n{second}"),
        ),
        (
            "a continued encoding",
            format!(
                "POST /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n{second}"
            ),
        ),
        (
            "NUL",
            format!("GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n{second}"),
        ),
        (
            "a version that is none",
            format!("GET /healthz HTTP/1.9\r\nHost: a\r\n\r\n{second}"),
        ),
        (
            "no version",
            format!("GET /healthz\r\nHost: a\r\n\r\n{second}"),
        ),
        ("no host", format!("GET /healthz HTTP/1.1\r\n\r\n{second}")),
        (
            "HTTP/2",
            format!("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{second}"),
        ),
    ] {
        let statuses = statuses(&served, &request);
        assert!(!statuses.contains(&200), "{what}: {statuses:?}");
        assert!(statuses.len() <= 1, "{what}: {statuses:?}");
    }
}

#[test]
fn a_chunk_of_two_meanings_ends_the_connection() {
    let served = Served::with("");
    let token = served.admin();
    let head = format!(
        "POST /api/v1/workers HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    let second = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    for (what, body) in [
        ("an endless size", "fffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
        ("a bare LF", "2\n{}\n0\n\n"),
        ("an LF in an extension", "2;a\nb\r\n{}\r\n0\r\n\r\n"),
        ("a signed size", "+2\r\n{}\r\n0\r\n\r\n"),
        ("a prefixed size", "0x2\r\n{}\r\n0\r\n\r\n"),
        ("more than its size", "2\r\n{}{}\r\n0\r\n\r\n"),
    ] {
        let text = raw(served.address, format!("{head}{body}{second}").as_bytes());
        assert_eq!(text.matches("HTTP/1.1 200").count(), 0, "{what}: {text}");
    }
    // A body of chunks that is one, and what follows on the same connection.
    let text = raw(
        served.address,
        format!("{head}2\r\n{{}}\r\n0\r\n\r\n{second}").as_bytes(),
    );
    let answer = Answer::parse(&text).unwrap();
    assert_eq!(
        (answer.status, answer.header("connection")),
        (200, Some("close"))
    );
    assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{text}");
}

#[test]
fn plain_requests_one_after_the_other_are_all_answered() {
    let served = Served::with("");
    let token = served.admin();
    let post = format!(
        "POST /api/v1/workers HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
    );
    let last = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assert_eq!(
        statuses(&served, &format!("{post}{post}{last}")),
        [200, 200, 200]
    );
}
