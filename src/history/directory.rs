//! The directory of a history.

/// What the name of a directory ends with, after the name of the chain.
pub(super) const ENDING: &str = ".history";

/// Returns the name of the directory in the state directory that has the history of a chain.
pub(crate) fn directory_name(chain: &str) -> String {
    format!("{chain}{ENDING}")
}
