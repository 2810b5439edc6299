//! A text on a lock server that no lock guards: the last one that was written.

use super::error::LockError;

/// A text on a server, under a name.
pub(crate) trait StoredValue {
    /// Writes the text.
    fn store(&mut self, text: &str) -> Result<(), LockError>;

    /// Reads the text; `None`: none was written.
    fn load(&mut self) -> Result<Option<String>, LockError>;

    /// Returns where the text is, for messages.
    fn place(&self) -> String;
}
