//! Where a server with a board is.

use std::path::PathBuf;

/// Where a server with a board is, and how this program is known there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct HttpSettings {
    /// The address, checked: `https://HOST:PORT`.
    pub(crate) address: String,
    /// The file with the token; `None`: none is sent.
    pub(crate) token_file: Option<PathBuf>,
    /// A PEM file of further trusted authorities.
    pub(crate) ca_file: Option<PathBuf>,
}

impl HttpSettings {
    /// Returns the address without a slash at its end.
    pub(crate) fn base(&self) -> &str {
        self.address.trim_end_matches('/')
    }

    /// Returns how messages name the board.
    pub(crate) fn place(&self) -> String {
        format!("the board at `{}`", self.base())
    }
}
