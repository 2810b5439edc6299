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
