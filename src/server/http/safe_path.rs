//! Paths and queries, decoded, and which of them may be gone on to. Pure.

use axum::extract::Query;
use axum::http::Uri;

/// No place to go on to is longer.
const LONGEST: usize = 2000;

/// Returns whether a text leads to a path of this server and to nothing else.
pub(crate) fn is_own_path(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_graphic() && b != b'\\';
    text.len() <= LONGEST
        && text.starts_with('/')
        && !text.starts_with("//")
        && text.bytes().all(is_plain)
}

/// Returns the pairs of a query or a form, decoded; `None`: it is malformed.
pub(crate) fn decoded_pairs(text: &str) -> Option<Vec<(String, String)>> {
    let uri: Uri = format!("/?{text}").parse().ok()?;
    Query::<Vec<(String, String)>>::try_from_uri(&uri)
        .ok()
        .map(|Query(pairs)| pairs)
}

/// Returns a path, decoded; `None` for one that has no place on this server: what is no text, and
/// what programs could understand as another path.
pub(crate) fn decoded_path(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    let path = String::from_utf8(bytes).ok()?;
    let is_plain = !path.chars().any(|c| c.is_control() || c == '\\');
    let is_straight = path.split('/').all(|part| part != "." && part != "..");
    let is_whole = path.starts_with('/') && !path.contains("//");
    (is_plain && is_straight && is_whole).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_decoded_once_and_leads_nowhere_else() {
        assert_eq!(decoded_path("/jobs/a%20b").as_deref(), Some("/jobs/a b"));
        assert_eq!(decoded_path("/%2541").as_deref(), Some("/%41"));
        for path in [
            "/../etc/passwd",
            "/a/%2e%2e/b",
            "/a/.%2e",
            "/a%00",
            "/a%0d%0ab",
            "/%2fevil",
            "//evil",
            "/a\\b",
            "/%ff",
            "/%4",
            "/%zz",
            "*",
            "",
        ] {
            assert_eq!(decoded_path(path), None, "{path}");
        }
    }

    #[test]
    fn only_paths_of_the_server_are_gone_on_to() {
        for path in ["/", "/jobs?state=failed", "/jobs/17#output", "/%2f%2fevil"] {
            assert!(is_own_path(path), "{path}");
        }
        for path in [
            "",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "jobs",
            "/\t/evil.example",
            "/a\r\nSet-Cookie: a=b",
            "/jobs/é",
        ] {
            assert!(!is_own_path(path), "{path}");
        }
    }
}
