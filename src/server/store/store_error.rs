//! Why the file of the server cannot be used.

use std::fmt;

/// Why the file of the server cannot be used.
#[derive(Debug)]
pub(crate) enum StoreError {
    /// The file, or its place.
    Unusable {
        /// The path.
        place: String,
        /// The reason.
        why: String,
    },
    /// A token with the name is there.
    NameTaken(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Unusable { place, why } => write!(f, "`{place}` cannot be used: {why}"),
            StoreError::NameTaken(name) => write!(f, "there is a token `{name}` already"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<StoreError> for std::io::Error {
    fn from(error: StoreError) -> Self {
        std::io::Error::other(error)
    }
}
