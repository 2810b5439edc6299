//! A bounded, durable queue in a file: what a worker has to report while its board is away. The
//! process that writes a file holds it; what a dead one has left, the next one sends.

mod spool_file;

pub(crate) use spool_file::{SpoolFile, SpooledEntry};
