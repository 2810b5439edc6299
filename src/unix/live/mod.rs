//! What a runner is doing right now, in a page that anybody may read at any time.
//!
//! The page is written twice: into memory of the runner that has no name ([`memory`]), which no
//! disk can refuse, and into a file, which outlives a `kill -9`. The file is written by pwrite(2):
//! a store into a mapping of a file ends the process (SIGBUS) when the file was cut short, or when
//! its disk is full and copies on write.
//!
//! The page is an array of 64-bit words. In the file a checksum tells a reader that came in the
//! middle of a write to read again. In memory, and in files of older programs, that is word 1: odd
//! while a write goes on (a sequence lock).

mod live_status;
mod memory;
mod read;
mod snapshot;
mod words;

pub(crate) use live_status::LiveStatus;
pub(crate) use read::{glimpse, glimpse_of};
pub(crate) use snapshot::{Activity, HeldBackCounts, LiveSnapshot, TaskFares, UnwrittenData};
