//! Why a call to a board did not succeed.

use std::fmt;
use std::path::Path;

use super::job_id::{BatchId, JobId, SessionId};
use super::job_state::JobState;

/// The answer to a call of a board.
pub(crate) type BoardResult<T> = Result<T, BoardError>;

/// Why a call to a board did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BoardError {
    /// The board did not answer before the deadline of the call. A write may have been carried out,
    /// or may be later: its outcome is read back, never assumed.
    NoAnswer {
        /// Where the board is.
        place: String,
    },
    /// The board cannot be used at the moment, and nothing was changed: the same call may succeed
    /// later.
    Unavailable {
        /// Where the board is.
        place: String,
        /// The reason, as a fragment for messages.
        why: String,
    },
    /// The board refuses to be used: another's file, a newer schema, a file system without locks.
    /// A person must act.
    Refused {
        /// Where the board is.
        place: String,
        /// The reason, as a fragment for messages.
        why: String,
        /// What to do about it.
        remedy: String,
    },
    /// The token, or the role, of this program may not make the call. A person must act.
    NotAllowed {
        /// Where the board is.
        place: String,
        /// The reason, as a fragment for messages.
        why: String,
        /// What to do about it.
        remedy: String,
    },
    /// There is no board yet, and none was to be made.
    NoBoard {
        /// Where the board would be.
        place: String,
    },
    /// The session has left or was reaped: the worker ends all its trees and joins anew.
    SessionOver(SessionId),
    /// A job with the same key is there and not over.
    KeyTaken {
        /// The job that is there.
        id: JobId,
        /// Where it stands.
        state: JobState,
    },
    /// The request contradicts itself: an error of the program that sent it.
    Malformed(String),
    /// There is no such job.
    NoSuchJob(JobId),
    /// There is no such batch.
    NoSuchBatch(BatchId),
    /// A job for every worker was posted, and no live worker can do the definition.
    NoWorker(String),
}

impl BoardError {
    /// Returns whether the same call may succeed later, without help.
    pub(crate) fn may_pass(&self) -> bool {
        use BoardError::{NoAnswer, Unavailable};
        matches!(self, NoAnswer { .. } | Unavailable { .. })
    }

    /// Returns what to do about the error.
    pub(crate) fn remedy(&self) -> Option<&str> {
        match self {
            BoardError::Refused { remedy, .. } | BoardError::NotAllowed { remedy, .. } => {
                Some(remedy)
            }
            BoardError::NoBoard { .. } => Some("create one: `run_functions work`"),
            BoardError::KeyTaken { .. } => {
                Some("wait until that job is over, or post with `--if-there keep` or `replace`")
            }
            BoardError::NoWorker(_) => {
                Some("start a worker whose configuration has that job; `workers` lists them")
            }
            BoardError::NoSuchBatch(_) => Some("`post --from` prints the number of its batch"),
            _ => None,
        }
    }
}

impl fmt::Display for BoardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BoardError::NoAnswer { place } => write!(f, "{place} does not answer in time"),
            BoardError::Unavailable { place, why } => write!(f, "{place} cannot be used: {why}"),
            BoardError::Refused { place, why, .. } | BoardError::NotAllowed { place, why, .. } => {
                write!(f, "{place} refuses: {why}")
            }
            BoardError::NoBoard { place } => write!(f, "{place} refuses: there is no board"),
            BoardError::SessionOver(session) => write!(f, "session {session} is over"),
            BoardError::KeyTaken { id, state } => {
                write!(f, "job {id} has the same key and is {state}")
            }
            BoardError::Malformed(why) => write!(f, "the request contradicts itself: {why}"),
            BoardError::NoSuchJob(id) => write!(f, "there is no job {id}"),
            BoardError::NoSuchBatch(id) => write!(f, "there is no batch {id}"),
            BoardError::NoWorker(definition) => {
                write!(f, "no worker on the board can do `{definition}`")
            }
        }
    }
}

impl std::error::Error for BoardError {}

/// Returns how messages name a board's file.
pub(crate) fn place_of(path: &Path) -> String {
    format!("the board `{}`", path.display())
}
