//! What a role of a database may do on a board.

use std::fmt;

/// What a role of a database may do on a board; each may look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BoardRole {
    /// To look.
    View,
    /// To post.
    Post,
    /// To post and to do jobs.
    Worker,
    /// All, and to read the tables.
    Admin,
}

impl BoardRole {
    /// Returns the word for the role.
    pub(crate) fn word(self) -> &'static str {
        match self {
            BoardRole::View => "view",
            BoardRole::Post => "post",
            BoardRole::Worker => "worker",
            BoardRole::Admin => "admin",
        }
    }
}

impl fmt::Display for BoardRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
