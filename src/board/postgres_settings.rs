//! Where a board in PostgreSQL is.

use std::path::PathBuf;

/// Where a board in PostgreSQL is, and how its server is logged in to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PostgresSettings {
    /// The address, checked: `postgres://USER@HOST/DATABASE`.
    pub(crate) address: String,
    /// The address for LISTEN, past a pooler; `None`: the same.
    pub(crate) listen: Option<String>,
    /// The user, where the address names none.
    pub(crate) username: Option<String>,
    /// The file with the password of the user.
    pub(crate) password_file: Option<PathBuf>,
    /// A PEM file of further trusted authorities.
    pub(crate) ca_file: Option<PathBuf>,
}
