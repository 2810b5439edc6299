//! Pings: URLs that are requested when a run begins, succeeds or fails, so that another machine
//! notices when this one is dead.
//!
//! ```text
//! observers ── a short queue ──► thread ──► worker process (same binary, hidden verb) ──► the URL
//! ```
//!
//! No run waits for a ping, and no ping is mailed about. The request is made by a process of its
//! own, which is killed at its deadline: that bounds the resolution of names, too, and no
//! certificate stays in the memory of the runner. A runner without pings has no thread for them;
//! one with pings has its threads from the start, because a thread that is made when memory is
//! short may end the process.

mod attempt;
mod pinger;
#[cfg(feature = "ping")]
mod request_main;
#[cfg(not(feature = "ping"))]
#[path = "request_main/left_out.rs"]
mod request_main;
mod task_pings;

pub(crate) use pinger::Pinger;
pub(crate) use request_main::main as request_main;
