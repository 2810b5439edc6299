//! What the runner and its keeper say to each other.
//!
//! The keeper's standard input is a socket that keeps the bounds of messages (`SOCK_SEQPACKET`): a
//! message is one JSON text, answered in the order in which it was sent. A deadline is not
//! answered, so that a thread can set it while another one waits for an answer; it holds for every
//! message that is sent after it.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::super::child::sys::ChildState;
use super::super::fd_passing;
use crate::core::time::Mono;

/// The longest message. What can be longer, the environment, comes in a memfd.
const MOST_BYTES: usize = 16 * 1024;

/// When trees are ended, on `CLOCK_BOOTTIME`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeeperDeadline {
    /// When they are asked to end. From then on nothing is started.
    pub term_at: Mono,
    /// When they are killed.
    pub kill_at: Mono,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum KeeperRequest {
    /// Starts the launcher. With it come its standard input, its output, and its environment (a
    /// memfd with texts `NAME=VALUE`, a NUL after each).
    Spawn(SpawnRequest),
    /// Looks how a child, or any, has ended.
    Peek(Option<i32>),
    /// Takes away a child that has ended.
    Reap(i32),
    /// Sends a signal to a child, for a runner that cannot pin it.
    Signal { pid: i32, signal: i32 },
    /// Sets the deadline. Not answered.
    Deadline(Option<KeeperDeadline>),
    /// Begins or ends to kill the runner, too, at the deadline.
    GuardRunner(bool),
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SpawnRequest {
    /// The verb of our executable, and what follows it.
    pub(crate) arguments: Vec<String>,
    /// The cgroup of the run.
    pub(crate) cgroup: Option<PathBuf>,
    /// What asks the run to end.
    pub(crate) stop_signal: i32,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum KeeperReply {
    /// The keeper has begun.
    Ready,
    Spawned(i32),
    Child(KeptChild),
    Done,
    /// Not now: the deadline forbids it.
    Refused(String),
    /// The system refused; with its error number.
    Failed(Option<i32>, String),
}

/// A child of the keeper, as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptChild {
    pub(crate) state: ChildState,
    /// The last signal that the keeper sent at its deadline.
    pub(crate) signal: Option<i32>,
}

impl From<ChildState> for KeptChild {
    fn from(state: ChildState) -> Self {
        KeptChild {
            state,
            signal: None,
        }
    }
}

impl From<io::Error> for KeeperReply {
    fn from(error: io::Error) -> Self {
        KeeperReply::Failed(error.raw_os_error(), error.to_string())
    }
}

/// Sends a message.
pub(super) fn send(
    socket: BorrowedFd<'_>,
    message: &impl Serialize,
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let text = serde_json::to_vec(message)?;
    if text.len() > MOST_BYTES {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    fd_passing::send(socket, &text, descriptors)
}

/// Receives a message; `None` at the end of file.
pub(super) fn receive<M: for<'a> Deserialize<'a>>(
    socket: BorrowedFd<'_>,
) -> io::Result<Option<(M, Vec<OwnedFd>)>> {
    let mut text = [0; MOST_BYTES];
    let (length, descriptors) = fd_passing::receive(socket, &mut text)?;
    if length == 0 {
        return Ok(None);
    }
    Ok(Some((
        serde_json::from_slice(&text[..length])?,
        descriptors,
    )))
}
