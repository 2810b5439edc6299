//! Why points did not reach the server.

/// Why a push did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PushError {
    /// In words, without credentials.
    pub(super) words: String,
    /// Whether the same points may be taken later; a server that has looked at them and refuses
    /// some has stored the others.
    pub(super) may_pass: bool,
}
