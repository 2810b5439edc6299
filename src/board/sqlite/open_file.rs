//! A board's file: what is checked before it is used, and how it is opened.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::schema::{APPLICATION_ID, SCHEMA_VERSION};
use super::sqlite_failure::board_error;
use crate::board::board_error::BoardError;
use crate::board::board_error::place_of;
use crate::board::board_settings::MissingBoard;
use crate::board::board_trait::BoardResult;
use crate::unix::clock;
use crate::unix::files::parent;
use crate::unix::local_disk;
use crate::unix::trusted_paths::PrivateDir;
use crate::unix::waiter::Waiter;

/// More statements are not kept prepared.
const STATEMENTS: usize = 128;
/// How long a connection that reads waits by itself for another that writes.
const BUSY_TIMEOUT: Duration = Duration::from_millis(100);
/// How long an opening waits while another process creates the board or brings it to a new schema:
/// as long as any call of a board.
const OPENING_TIMEOUT: Duration = Duration::from_secs(5);
/// Between two tries of what asks no busy handler.
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// Checks the place of a board's file: a private directory on a local disk, a regular file of
/// ours. Returns the path without links in its directory.
///
/// Nothing here opens the file: the end of a second descriptor would drop the locks of the first.
///
/// # Errors
///
/// [`BoardError::Refused`] and [`BoardError::Unavailable`].
pub(super) fn check_place(path: &Path, missing: MissingBoard) -> BoardResult<PathBuf> {
    let place = place_of(path);
    let refused = |why: String, remedy: &str| BoardError::Refused {
        place: place.clone(),
        why,
        remedy: remedy.to_owned(),
    };
    let directory = parent(path);
    let private = match missing {
        MissingBoard::Create => PrivateDir::open(directory).map(Some),
        MissingBoard::Refuse => PrivateDir::open_existing(directory),
    };
    let private = private.map_err(|error| {
        refused(
            error.to_string(),
            "keep the board in a directory of its user alone",
        )
    })?;
    let none = || {
        refused(
            "there is no board".to_owned(),
            "create one: `run_functions work`",
        )
    };
    let (Some(_), Some(name)) = (private, path.file_name()) else {
        return Err(none());
    };
    let directory = directory
        .canonicalize()
        .map_err(|error| unavailable(&place, &error))?;
    if let Some(kind) =
        local_disk::unfit_file_system(&directory).map_err(|error| unavailable(&place, &error))?
    {
        return Err(refused(
            format!("a {kind} file system does not lock files across hosts and crashes"),
            "keep the board on a local disk, or use PostgreSQL",
        ));
    }
    local_disk::check_writable(&directory).map_err(|error| unavailable(&place, &error))?;
    let path = directory.join(name);
    match local_disk::look(&path).map_err(|error| unavailable(&place, &error))? {
        local_disk::FileLook::Ours => Ok(path),
        local_disk::FileLook::Missing if missing == MissingBoard::Create => {
            local_disk::create_private(&path).map_err(|error| unavailable(&place, &error))?;
            Ok(path)
        }
        local_disk::FileLook::Missing => Err(none()),
        local_disk::FileLook::Foreign(why) => {
            Err(refused(why, "name another file, or run this as its owner"))
        }
    }
}

fn unavailable(place: &str, error: &dyn std::fmt::Display) -> BoardError {
    BoardError::Unavailable {
        place: place.to_owned(),
        why: error.to_string(),
    }
}

/// Opens the file to write.
///
/// # Errors
///
/// When it cannot be opened, is of another program, or of a newer one.
pub(super) fn open_to_write(path: &Path) -> BoardResult<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let place = place_of(path);
    let conn = Connection::open_with_flags(path, flags).map_err(|e| board_error(&e, &place))?;
    let prepared = || -> rusqlite::Result<()> {
        conn.busy_timeout(OPENING_TIMEOUT)?;
        conn.set_prepared_statement_cache_capacity(STATEMENTS);
        // Else statements are parsed again for each value that a plan might depend on.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        conn.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cache_size = -8192;")
    };
    prepared().map_err(|error| board_error(&error, &place))?;
    check_owner(&conn, &place)?;
    let modes = || -> rusqlite::Result<String> {
        let mode = retrying(|| conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)))?;
        conn.execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 33554432;
             PRAGMA wal_autocheckpoint = 2000;",
        )?;
        Ok(mode)
    };
    let mode: String = modes().map_err(|error| board_error(&error, &place))?;
    match mode.as_str() {
        "wal" => Ok(conn),
        mode => Err(BoardError::Refused {
            place,
            why: format!("the file system gives journal mode `{mode}`, not `wal`"),
            remedy: "keep the board on a local disk, or use PostgreSQL".to_owned(),
        }),
    }
}

/// Opens a new file for a copy.
///
/// # Errors
///
/// When it cannot be opened.
pub(super) fn open_copy(path: &Path) -> BoardResult<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let place = place_of(path);
    Connection::open_with_flags(path, flags).map_err(|error| board_error(&error, &place))
}

/// Tries again while another process has the file for itself. Neither the change of the journal's
/// mode nor a read beside that change asks a busy handler.
fn retrying<T>(mut ask: impl FnMut() -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    let until = clock::mono() + OPENING_TIMEOUT;
    loop {
        match ask() {
            Err(error) if is_busy(&error) && clock::mono() < until => {
                let next = clock::mono() + BETWEEN_TRIES;
                let _ = Waiter::new().map(|mut waiter| waiter.wait([None], next));
            }
            answer => return answer,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

/// Opens the file to read.
///
/// # Errors
///
/// When it cannot be opened, is of another program, or of a newer one.
pub(super) fn open_to_read(path: &Path) -> BoardResult<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let place = place_of(path);
    let open = || -> rusqlite::Result<Connection> {
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(BUSY_TIMEOUT)?;
        conn.set_prepared_statement_cache_capacity(STATEMENTS);
        conn.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA query_only = ON;")?;
        Ok(conn)
    };
    let conn = open().map_err(|error| board_error(&error, &place))?;
    check_owner(&conn, &place)?;
    Ok(conn)
}

/// Refuses a file of another program, or of a newer one. An empty file is ours to fill.
fn check_owner(conn: &Connection, place: &str) -> BoardResult<()> {
    let number = |pragma: &str| -> rusqlite::Result<i64> {
        conn.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))
    };
    let read = || -> rusqlite::Result<(i64, i64)> {
        let objects = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((number("application_id")?, objects))
    };
    let (id, objects) = retrying(read).map_err(|error| board_error(&error, place))?;
    if id == 0 && objects == 0 {
        return Ok(());
    }
    if id != APPLICATION_ID {
        return Err(BoardError::Refused {
            place: place.to_owned(),
            why: "the file is a database of another program".to_owned(),
            remedy: "name another file, or move this one away".to_owned(),
        });
    }
    check_version(conn, place)
}

fn check_version(conn: &Connection, place: &str) -> BoardResult<()> {
    let read = "SELECT schema_version, readable_from FROM board";
    let versions = retrying(|| conn.query_row(read, [], |row| Ok((row.get(0)?, row.get(1)?))));
    let (version, readable_from): (i64, i64) =
        versions.map_err(|error| board_error(&error, place))?;
    if readable_from > SCHEMA_VERSION {
        return Err(BoardError::Refused {
            place: place.to_owned(),
            why: format!(
                "a newer program has changed it: its schema {version} is for programs that know \
                 schema {readable_from}, and this one knows {SCHEMA_VERSION}"
            ),
            remedy: "install the newer program on this host too".to_owned(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::thread;

    use crate::board::BoardSettings;
    use crate::board::sqlite::sqlite_board::SqliteBoard;

    #[test]
    fn all_that_open_a_board_while_one_of_them_creates_it_find_it() {
        for _ in 0..10 {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("board.sqlite");
            thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        let opened = SqliteBoard::open(&path, &BoardSettings::default());
                        assert!(opened.is_ok(), "{opened:?}");
                    });
                }
            });
        }
    }
}
