//! A bounded, durable queue in a file: what a worker has to report while its board is away. The
//! process that writes a file holds it; what a dead one has left, the next one sends.

#[cfg(feature = "board-http")]
mod spool_file;
#[cfg(not(feature = "board-http"))]
#[path = "no_spool.rs"]
mod spool_file;
mod spooled_entry;

pub(crate) use spool_file::SpoolFile;
pub(crate) use spooled_entry::SpooledEntry;
