//! When a chain has last succeeded, where others can look: a record in STATE_DIR, and on the lock
//! server or another one, after each success.
//!
//! A thread of its own writes it: neither a disk nor a server that hangs holds up the chain.

mod liveness_age;
mod liveness_record;
mod liveness_writer;
mod record_places;

pub(crate) use liveness_age::LivenessAge;
pub(crate) use liveness_record::LivenessRecord;
pub(crate) use liveness_writer::LivenessWriter;
pub(crate) use record_places::{ENDING, FoundRecord, find};
