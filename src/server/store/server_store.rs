//! The file of the server, opened.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::secret_text::SecretDigest;
use super::store_error::StoreError;
use super::token_record::TokenRecord;
use crate::unix::local_disk::{self, FileLook};
use crate::unix::trusted_paths::PrivateDir;

/// The name of the file in STATE_DIR.
const FILE: &str = "server.sqlite";
/// What stands in the header of the file: `RFsv`.
const APPLICATION_ID: i64 = 0x5246_7376;
/// The version of the tables.
const VERSION: i64 = 1;
/// How long a call waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// So many users are remembered between two changes of the file.
const MOST_REMEMBERED: usize = 10_000;

const TABLES: &str = r"
CREATE TABLE token (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    role TEXT NOT NULL,
    -- A list of names; NULL: all.
    projects TEXT,
    created INTEGER NOT NULL,
    expires INTEGER,
    revoked INTEGER,
    made_by TEXT NOT NULL,
    -- Whether a worker has it by a registration: then it ends when it is not used.
    is_registered INTEGER NOT NULL,
    last_used INTEGER
) STRICT;
CREATE UNIQUE INDEX token_name ON token (name) WHERE revoked IS NULL;
CREATE TABLE login (
    hash BLOB PRIMARY KEY,
    token INTEGER NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT;
CREATE INDEX login_token ON login (token, created);
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    by TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    project TEXT,
    outcome TEXT NOT NULL,
    reason TEXT
) STRICT;
CREATE INDEX audit_at ON audit (at);
";

/// The file of the server, opened. A change by another process is seen at the next request.
#[derive(Debug)]
pub(crate) struct ServerStore {
    place: String,
    writer: Mutex<Connection>,
    reader: Mutex<StoreReader>,
}

/// The connection that reads, with what it has read since the file changed.
#[derive(Debug)]
pub(super) struct StoreReader {
    pub(super) conn: Connection,
    version: i64,
    users: HashMap<SecretDigest, TokenRecord>,
}

impl ServerStore {
    /// Opens the file in STATE_DIR, which is created where it is missing.
    ///
    /// # Errors
    ///
    /// When the directory or the file is not safe, or the disk refuses.
    pub(crate) fn open(state_dir: &Path) -> Result<Self, StoreError> {
        let path = state_dir.join(FILE);
        let place = path.display().to_string();
        let unusable = |why: String| StoreError::Unusable {
            place: place.clone(),
            why,
        };
        prepare(state_dir, &path).map_err(unusable)?;
        let open = || -> rusqlite::Result<(Connection, Connection)> {
            let mut writer = connection(&path)?;
            create_tables(&mut writer)?;
            let reader = connection(&path)?;
            reader.execute_batch("PRAGMA query_only = ON")?;
            Ok((writer, reader))
        };
        let (writer, reader) = open().map_err(|error| unusable(error.to_string()))?;
        Ok(ServerStore {
            writer: Mutex::new(writer),
            reader: Mutex::new(StoreReader {
                conn: reader,
                version: 0,
                users: HashMap::new(),
            }),
            place,
        })
    }

    /// Changes the file in one transaction.
    pub(super) fn write<T>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let mut conn = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let written = || -> rusqlite::Result<T> {
            let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = change(&tx)?;
            tx.commit()?;
            Ok(result)
        };
        written().map_err(|error| self.unusable(&error))
    }

    /// Reads from the file.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        read(&self.reader().conn).map_err(|error| self.unusable(&error))
    }

    /// Returns the token of a digest: from memory where the file is as it was.
    pub(super) fn remembered(
        &self,
        digest: &SecretDigest,
        find: impl FnOnce(&Connection) -> rusqlite::Result<Option<TokenRecord>>,
    ) -> Result<Option<TokenRecord>, StoreError> {
        let mut reader = self.reader();
        let looked = || -> rusqlite::Result<Option<TokenRecord>> {
            let version: i64 = reader
                .conn
                .prepare_cached("PRAGMA data_version")?
                .query_row([], |row| row.get(0))?;
            if version != reader.version || reader.users.len() >= MOST_REMEMBERED {
                reader.users.clear();
                reader.version = version;
            }
            if let Some(known) = reader.users.get(digest) {
                return Ok(Some(known.clone()));
            }
            let found = find(&reader.conn)?;
            if let Some(token) = &found {
                reader.users.insert(*digest, token.clone());
            }
            Ok(found)
        };
        looked().map_err(|error| self.unusable(&error))
    }

    fn reader(&self) -> MutexGuard<'_, StoreReader> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unusable(&self, error: &rusqlite::Error) -> StoreError {
        StoreError::Unusable {
            place: self.place.clone(),
            why: error.to_string(),
        }
    }
}

/// Checks the directory and the file, which is created for its user alone. Nothing here opens the
/// file: the end of a second descriptor would drop the locks of the first.
fn prepare(state_dir: &Path, path: &Path) -> Result<(), String> {
    PrivateDir::open(state_dir).map_err(|error| error.to_string())?;
    let words = |error: std::io::Error| error.to_string();
    if let Some(kind) = local_disk::unfit_file_system(state_dir).map_err(words)? {
        return Err(format!(
            "a {kind} file system does not lock files across hosts and crashes"
        ));
    }
    local_disk::check_writable(state_dir).map_err(words)?;
    match local_disk::look(path).map_err(words)? {
        FileLook::Ours => Ok(()),
        FileLook::Missing => local_disk::create_private(path).map_err(words),
        FileLook::Foreign(why) => Err(why),
    }
}

fn connection(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cache_size = -1024;")?;
    Ok(conn)
}

fn create_tables(conn: &mut Connection) -> rusqlite::Result<()> {
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.execute_batch("PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 4194304;")?;
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = tx.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version == 0 {
        tx.execute_batch(TABLES)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        tx.pragma_update(None, "user_version", VERSION)?;
    }
    tx.commit()
}
