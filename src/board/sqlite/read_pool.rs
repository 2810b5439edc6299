//! Connections that read, each for one call, with a limit of time.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use super::open_file::open_to_read;
use super::sqlite_failure::board_error;
use crate::board::board_error::place_of;
use crate::board::board_trait::BoardResult;
use crate::unix::clock;

/// So many idle connections are kept.
const MOST_IDLE: usize = 4;
/// How many steps of the database's machine lie between two looks at the clock.
const STEPS: i32 = 20_000;

/// The connections that read. A reader that stays open would let the write-ahead log grow.
#[derive(Debug)]
pub(super) struct ReadPool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    deadline: Duration,
}

impl ReadPool {
    /// Creates a pool without connections.
    pub(super) fn new(path: PathBuf, deadline: Duration) -> Self {
        ReadPool {
            path,
            idle: Mutex::new(Vec::new()),
            deadline,
        }
    }

    /// Reads in one transaction.
    ///
    /// # Errors
    ///
    /// Those of the read, and of the file.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> BoardResult<T> {
        let place = place_of(&self.path);
        let conn = match self.take() {
            Some(conn) => conn,
            None => open_to_read(&self.path)?,
        };
        let until = clock::mono() + self.deadline;
        let within = || -> rusqlite::Result<T> {
            conn.progress_handler(STEPS, Some(move || clock::mono() > until))?;
            conn.execute_batch("BEGIN")?;
            let result = read(&conn);
            conn.execute_batch("COMMIT")?;
            result
        };
        let result = within();
        if result.is_ok() {
            self.keep(conn);
        }
        result.map_err(|error| board_error(&error, &place))
    }

    fn take(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.pop()
    }

    fn keep(&self, conn: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST_IDLE {
            idle.push(conn);
        }
    }
}
