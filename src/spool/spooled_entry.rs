//! Something that is to be sent.

/// Something that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SpooledEntry {
    /// What distinguishes it from others of the file.
    pub(crate) key: String,
    /// The JSON text.
    pub(crate) body: String,
}
