//! The queue of one process, in a SQLite file that the process holds.

use std::io;
use std::path::PathBuf;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};

use super::spooled_entry::SpooledEntry;
use crate::unix::trusted_paths::PrivateDir;

/// The end of the names of the files.
const ENDING: &str = ".spool";
/// What a file may hold in all; a job's output is 800 kB at most.
const MOST_BYTES: i64 = 256 << 20;

const SCHEMA: &str = "
CREATE TABLE head (owner INTEGER NOT NULL, board TEXT NOT NULL, bytes INTEGER NOT NULL) STRICT;
CREATE TABLE entry (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL
) STRICT;";

/// The queue of one process.
#[derive(Debug)]
pub(crate) struct SpoolFile {
    conn: Connection,
    path: PathBuf,
    owner: u64,
    board: String,
}

impl SpoolFile {
    /// Creates the queue of a session for a board.
    ///
    /// # Errors
    ///
    /// When the disk is full, or the directory cannot be written.
    pub(crate) fn create(dir: &PrivateDir, owner: u64, board: &str) -> io::Result<Self> {
        let path = dir.path().join(format!("{owner}{ENDING}"));
        let conn = open(&path, OpenFlags::SQLITE_OPEN_CREATE)?;
        let file = SpoolFile {
            conn,
            path,
            owner,
            board: board.to_owned(),
        };
        let known = file.head()?;
        if known.is_none() {
            file.conn
                .execute_batch(&format!("BEGIN; {SCHEMA} COMMIT;"))
                .and_then(|()| {
                    let head = params![i64::try_from(owner).unwrap_or(i64::MAX), board];
                    file.conn
                        .execute("INSERT INTO head VALUES (?1, ?2, 0)", head)
                })
                .map_err(io::Error::other)?;
        }
        Ok(file)
    }

    /// Returns the queues that dead processes have left in a directory, the oldest session first.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read.
    pub(crate) fn left_behind(dir: &PrivateDir) -> io::Result<Vec<Self>> {
        let stems = dir.stems(ENDING).map_err(io::Error::other)?;
        let mut owners: Vec<u64> = stems.iter().filter_map(|stem| stem.parse().ok()).collect();
        owners.sort_unstable();
        let files = owners.into_iter().filter_map(|owner| {
            let path = dir.path().join(format!("{owner}{ENDING}"));
            let conn = open(&path, OpenFlags::empty()).ok()?;
            let mut file = SpoolFile {
                conn,
                path,
                owner,
                board: String::new(),
            };
            // What was never written whole has nothing to be sent.
            let Ok(Some(board)) = file.head() else {
                file.discard();
                return None;
            };
            file.board = board;
            Some(file)
        });
        Ok(files.collect())
    }

    /// Returns the session that has written the queue.
    pub(crate) fn owner(&self) -> u64 {
        self.owner
    }

    /// Returns the identity of the board that the queue is for.
    pub(crate) fn board(&self) -> &str {
        &self.board
    }

    fn head(&self) -> io::Result<Option<String>> {
        let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'head'";
        let tables: i64 = self.read(tables)?.unwrap_or(0);
        match tables {
            0 => Ok(None),
            _ => self.read("SELECT board FROM head"),
        }
    }

    fn read<T: rusqlite::types::FromSql>(&self, sql: &str) -> io::Result<Option<T>> {
        let read = self.conn.query_row(sql, [], |row| row.get(0)).optional();
        read.map_err(io::Error::other)
    }

    /// Adds an entry, durably; one of the same key stays. Returns whether there was room.
    ///
    /// # Errors
    ///
    /// When the disk is full.
    pub(crate) fn put(&self, key: &str, body: &str) -> io::Result<bool> {
        let bytes = i64::try_from(body.len()).unwrap_or(i64::MAX);
        let held: i64 = self.read("SELECT bytes FROM head")?.unwrap_or(0);
        if held.saturating_add(bytes) > MOST_BYTES {
            return Ok(false);
        }
        let put = || {
            let tx = self.conn.unchecked_transaction()?;
            let sql = "INSERT INTO entry (key, body) VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING";
            if tx.execute(sql, params![key, body])? > 0 {
                tx.execute("UPDATE head SET bytes = bytes + ?1", [bytes])?;
            }
            tx.commit()
        };
        put().map_err(io::Error::other)?;
        Ok(true)
    }

    /// Removes an entry.
    ///
    /// # Errors
    ///
    /// When the disk cannot be written.
    pub(crate) fn remove(&self, key: &str) -> io::Result<()> {
        let remove = || {
            let tx = self.conn.unchecked_transaction()?;
            let sql = "DELETE FROM entry WHERE key = ?1 RETURNING length(CAST(body AS BLOB))";
            let bytes = tx.query_row(sql, [key], |row| row.get::<_, i64>(0));
            if let Some(bytes) = bytes.optional()? {
                tx.execute("UPDATE head SET bytes = bytes - ?1", [bytes])?;
            }
            tx.commit()
        };
        remove().map_err(io::Error::other)
    }

    /// Returns the first entries, so many at most, in the order in which they were added.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub(crate) fn first(&self, at_most: u32) -> io::Result<Vec<SpooledEntry>> {
        let read = || {
            let sql = "SELECT key, body FROM entry ORDER BY seq LIMIT ?1";
            let mut statement = self.conn.prepare_cached(sql)?;
            let rows = statement.query_map([at_most], |row| {
                Ok(SpooledEntry {
                    key: row.get(0)?,
                    body: row.get(1)?,
                })
            })?;
            rows.collect::<rusqlite::Result<Vec<SpooledEntry>>>()
        };
        read().map_err(io::Error::other)
    }

    /// Removes the queue.
    pub(crate) fn discard(self) {
        let SpoolFile { conn, path, .. } = self;
        drop(conn);
        for ending in ["", "-wal", "-journal"] {
            let mut name = path.clone().into_os_string();
            name.push(ending);
            // What cannot be removed is sent again, and changes nothing.
            let _ = std::fs::remove_file(name);
        }
    }
}

/// Opens a file and holds it.
///
/// # Errors
///
/// When another process holds it, or it cannot be used.
fn open(path: &std::path::Path, create: OpenFlags) -> io::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | create;
    let opened = || {
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(std::time::Duration::ZERO)?;
        conn.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        conn.pragma_update(None, "journal_mode", "TRUNCATE")?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        // The lock that is taken here is kept until the end.
        conn.execute_batch("BEGIN EXCLUSIVE; COMMIT;")?;
        Ok(conn)
    };
    opened().map_err(|error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            io::Error::new(io::ErrorKind::WouldBlock, error)
        }
        _ => io::Error::other(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dir() -> (tempfile::TempDir, PrivateDir) {
        let dir = tempfile::tempdir().unwrap();
        let private = PrivateDir::open(&dir.path().join("spool")).unwrap();
        (dir, private)
    }

    fn entry(key: &str, body: &str) -> SpooledEntry {
        SpooledEntry {
            key: key.to_owned(),
            body: body.to_owned(),
        }
    }

    #[test]
    fn what_a_dead_process_has_left_comes_in_order_and_once() {
        let (_dir, private) = dir();
        let spool = SpoolFile::create(&private, 7, "board").unwrap();
        for (key, body) in [("b", "1"), ("a", "2"), ("b", "again"), ("c", "3")] {
            assert!(spool.put(key, body).unwrap());
        }
        spool.remove("a").unwrap();
        assert!(
            SpoolFile::left_behind(&private).unwrap().is_empty(),
            "it lives"
        );
        drop(spool);
        let left = SpoolFile::left_behind(&private).unwrap().pop().unwrap();
        assert_eq!((left.owner(), left.board()), (7, "board"));
        assert_eq!(left.first(9).unwrap(), [entry("b", "1"), entry("c", "3")]);
        left.discard();
        assert!(SpoolFile::left_behind(&private).unwrap().is_empty());
        assert!(private.names().unwrap().is_empty());
    }

    #[test]
    fn a_file_is_bounded_and_has_room_again() {
        let (_dir, private) = dir();
        let spool = SpoolFile::create(&private, 7, "board").unwrap();
        let sql = "UPDATE head SET bytes = ?1";
        spool.conn.execute(sql, [MOST_BYTES - 5]).unwrap();
        assert!(!spool.put("long", "123456").unwrap());
        assert!(spool.put("short", "12345").unwrap());
        assert!(!spool.put("next", "1").unwrap());
        spool.remove("short").unwrap();
        assert!(spool.put("next", "1").unwrap());
    }

    #[test]
    fn a_file_that_was_never_written_whole_is_removed() {
        let (_dir, private) = dir();
        std::fs::write(private.path().join("9.spool"), "").unwrap();
        assert!(SpoolFile::left_behind(&private).unwrap().is_empty());
        assert!(private.names().unwrap().is_empty());
    }
}
