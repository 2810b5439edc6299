//! How a board is opened.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::core::time::Moment;
use crate::unix::clock;

/// How long a call may take where nothing else is set.
const DEADLINE: Duration = Duration::from_secs(5);

/// The name of a board's file in STATE_DIR.
pub(crate) const BOARD_FILE: &str = "board.sqlite";

/// The clock of a board: real, or a test's.
pub(crate) type BoardClock = Arc<dyn Fn() -> Moment + Send + Sync>;

/// How a board is opened.
#[derive(Clone)]
pub(crate) struct BoardSettings {
    /// The clock by which jobs become due.
    pub(crate) clock: BoardClock,
    /// How long each call may take.
    pub(crate) deadline: Duration,
    /// What is done when there is no board yet.
    pub(crate) missing: MissingBoard,
}

/// What is done when there is no board yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MissingBoard {
    /// The board is created.
    Create,
    /// The call is refused.
    Refuse,
}

impl Default for BoardSettings {
    /// Returns what a worker opens a board with.
    fn default() -> Self {
        BoardSettings {
            clock: Arc::new(clock::now),
            deadline: DEADLINE,
            missing: MissingBoard::Create,
        }
    }
}

impl fmt::Debug for BoardSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoardSettings")
            .field("deadline", &self.deadline)
            .field("missing", &self.missing)
            .finish_non_exhaustive()
    }
}
