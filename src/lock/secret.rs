//! The token or the password for a lock server, read when it is needed.

use std::path::Path;

use super::error::LockError;
use crate::unix::secret_file;

/// Returns the first line of a file with a token or a password, if one is named.
///
/// # Errors
///
/// When it cannot be read, or other users can read it.
pub(super) fn secret(path: Option<&Path>, place: &str) -> Result<Option<String>, LockError> {
    let Some(path) = path else {
        return Ok(None);
    };
    secret_file::read(path)
        .map(Some)
        .map_err(|error| LockError::Refused {
            place: place.to_owned(),
            why: error.to_string(),
            remedy: error.remedy(),
        })
}
