//! What stands for the queue in a program that was built without boards behind a server: nothing
//! is kept, and nothing was left.

use std::io;

use super::spooled_entry::SpooledEntry;
use crate::unix::trusted_paths::PrivateDir;

pub(crate) use NoSpool as SpoolFile;

/// A queue that does not exist.
#[derive(Debug)]
pub(crate) enum NoSpool {}

impl NoSpool {
    /// Refuses to create a queue.
    ///
    /// # Errors
    ///
    /// Always: the program was built without the feature `board-http`.
    pub(crate) fn create(_dir: &PrivateDir, _owner: u64, _board: &str) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Returns the queues that dead processes have left: none.
    ///
    /// # Errors
    ///
    /// Never.
    pub(crate) fn left_behind(_dir: &PrivateDir) -> io::Result<Vec<Self>> {
        Ok(Vec::new())
    }

    /// Returns the session that has written the queue.
    pub(crate) fn owner(&self) -> u64 {
        match *self {}
    }

    /// Returns the identity of the board that the queue is for.
    pub(crate) fn board(&self) -> &str {
        match *self {}
    }

    /// Adds an entry.
    ///
    /// # Errors
    ///
    /// Never.
    pub(crate) fn put(&self, _key: &str, _body: &str) -> io::Result<bool> {
        match *self {}
    }

    /// Removes an entry.
    ///
    /// # Errors
    ///
    /// Never.
    pub(crate) fn remove(&self, _key: &str) -> io::Result<()> {
        match *self {}
    }

    /// Returns the first entries.
    ///
    /// # Errors
    ///
    /// Never.
    pub(crate) fn first(&self, _at_most: u32) -> io::Result<Vec<SpooledEntry>> {
        match *self {}
    }

    /// Removes the queue.
    pub(crate) fn discard(self) {
        match self {}
    }
}
