//! Where the board of jobs is: `[board]`.

use std::path::PathBuf;

/// Where the board of jobs is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum BoardLocation {
    /// The file in STATE_DIR.
    #[default]
    InStateDir,
    /// Another file. Absolute.
    File(PathBuf),
    /// A database of PostgreSQL.
    Postgres(BoardServer),
    /// A server of this program.
    Http(BoardHttp),
}

/// A server of this program with a board.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BoardHttp {
    /// The address, checked: `https://HOST:PORT`.
    pub address: String,
    /// The file with the token; `None`: `board_token` in STATE_DIR, once a worker has registered.
    pub token_file: Option<PathBuf>,
    /// A PEM file of further trusted authorities.
    pub ca_file: Option<PathBuf>,
}

/// A database of PostgreSQL with a board.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BoardServer {
    /// The address, checked: `postgres://USER@HOST/DATABASE`.
    pub address: String,
    /// The address for LISTEN, past a pooler; `None`: the same.
    pub listen: Option<String>,
    /// The user, where the address names none.
    pub username: Option<String>,
    /// The file with the password of the user.
    pub password_file: Option<PathBuf>,
    /// A PEM file of further trusted authorities.
    pub ca_file: Option<PathBuf>,
}

/// Returns the address of a server with a board, checked; `is_plain_allowed`: over the network
/// without TLS, too.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn http_address(text: &str, is_plain_allowed: bool) -> Result<String, String> {
    let address = text.trim_end_matches('/');
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
    let host = rest.split_once('/').map_or(rest, |(host, _)| host);
    let is_known = matches!(scheme, "http" | "https");
    if !is_known || host.is_empty() || rest.contains(['@', '?', '#', ' ', ',']) {
        return Err("is not the address of a server; write `https://HOST:7400`".to_owned());
    }
    if scheme == "http" && !is_plain_allowed && !is_loopback(host) {
        return Err(
            "sends the token in the clear; write `https://…`, or, in a network that is yours alone, \
             `insecure_http = true`"
                .to_owned(),
        );
    }
    Ok(address.to_owned())
}

/// Returns whether a host, with or without a port, is this machine.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or(rest, |(name, _)| name),
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    let is_v4 = |rest: &str| rest.chars().all(|c| c.is_ascii_digit() || c == '.');
    matches!(name, "localhost" | "::1") || name.strip_prefix("127.").is_some_and(is_v4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_elsewhere_is_reached_by_tls() {
        for good in [
            "https://board.example.org",
            "https://board.example.org:7400/",
            "https://example.org/board",
            "http://127.0.0.1:7400",
            "http://[::1]:7400",
            "http://localhost",
        ] {
            let read = http_address(good, false);
            assert_eq!(read.as_deref(), Ok(good.trim_end_matches('/')), "{good}");
        }
        for bad in [
            "http://board.example.org",
            "http://127.0.0.1.example.org",
            "https://",
            "https://user@host",
            "https://host?token=x",
        ] {
            assert!(http_address(bad, false).is_err(), "{bad}");
        }
        assert!(http_address("http://board.example.org", true).is_ok());
    }
}
