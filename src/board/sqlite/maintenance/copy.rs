//! Copies of a board: made while workers work, and put back with a new epoch.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::board::board_error::BoardError;
use crate::board::board_error::place_of;
use crate::board::board_settings::{BoardSettings, MissingBoard};
use crate::board::board_trait::BoardResult;
use crate::board::maintenance::CopyReport;
use crate::board::sqlite::board_hold::BoardHold;
use crate::board::sqlite::open_file::{check_place, open_copy, open_to_read, open_to_write};
use crate::board::sqlite::releases::{Leaving, held, release};
use crate::board::sqlite::sqlite_failure::{SqliteFailure, board_error};
use crate::board::sqlite::write_tx::{WriteTx, millis};
use crate::unix::clock;
use crate::unix::waiter::Waiter;

/// How long a restore waits for others that write.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(20);
/// The hold after a restore is not shorter: a holder of the lost time may have had any lease.
const LEAST_HOLD: Duration = Duration::from_secs(300);
/// How far numbers jump when the board that is replaced cannot be read: none is given twice.
const JUMP: u64 = 1_000_000;

/// Copies a board into a new file, while workers go on.
///
/// # Errors
///
/// When the target is there already, or a file cannot be read or written.
pub(crate) fn backup(path: &Path, to: &Path) -> BoardResult<CopyReport> {
    let path = check_place(path, MissingBoard::Refuse)?;
    let from = open_to_read(&path)?;
    let place = place_of(to);
    if to.exists() {
        return Err(BoardError::Refused {
            place,
            why: "the file is there already".to_owned(),
            remedy: "name another file, or move this one away".to_owned(),
        });
    }
    let part = beside(to, "part");
    let copy = fresh_copy(&from, &part)?;
    let report = report(&copy, &part).map_err(|error| board_error(&error, &place))?;
    drop(copy);
    std::fs::rename(&part, to).map_err(|error| unavailable(&place, &error))?;
    Ok(report)
}

/// Puts a copy in the place of a board, live or missing, with a higher epoch: sessions are over,
/// what they held waits, and nothing is claimed until the longest lease has passed on the clock of
/// the claimer.
///
/// # Errors
///
/// When the copy is damaged or no board, or the board cannot be written.
pub(crate) fn restore(
    path: &Path,
    from: &Path,
    settings: &BoardSettings,
) -> BoardResult<CopyReport> {
    let from = check_place(from, MissingBoard::Refuse)?;
    let source = open_to_read(&from)?;
    refuse_damaged(&source, &place_of(&from))?;
    let path = check_place(path, MissingBoard::Create)?;
    let place = place_of(&path);
    let mut live = open_to_write(&path)?;
    let part = beside(&path, "restoring");
    let mut copy = fresh_copy(&source, &part)?;
    let prepared = Former::of(&live)
        .map_err(SqliteFailure::from)
        .and_then(|former| raise_epoch(&mut copy, &former, settings));
    prepared.map_err(|failure| failure.at(&place))?;
    copy_pages(&copy, &mut live).map_err(|error| board_error(&error, &place))?;
    let report = report(&live, &path).map_err(|error| board_error(&error, &place))?;
    drop(copy);
    std::fs::remove_file(&part).map_err(|error| unavailable(&place, &error))?;
    Ok(report)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{name}.{ending}"))
}

fn unavailable(place: &str, error: &dyn std::fmt::Display) -> BoardError {
    BoardError::Unavailable {
        place: place.to_owned(),
        why: error.to_string(),
    }
}

/// Copies a database into a file of its own, without a write-ahead log beside it.
fn fresh_copy(from: &Connection, to: &Path) -> BoardResult<Connection> {
    let place = place_of(to);
    match std::fs::remove_file(to) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(unavailable(&place, &error));
        }
        _ => {}
    }
    let path = check_place(to, MissingBoard::Create)?;
    let mut copy = open_copy(&path)?;
    let made = copy_pages(from, &mut copy).and_then(|()| {
        copy.query_row("PRAGMA journal_mode = DELETE", [], |row| {
            row.get::<_, String>(0)
        })
    });
    made.map_err(|error| board_error(&error, &place))?;
    refuse_damaged(&copy, &place)?;
    Ok(copy)
}

/// Copies all pages in one step: a step of fewer would begin anew after each commit of others.
fn copy_pages(from: &Connection, to: &mut Connection) -> rusqlite::Result<()> {
    let until = clock::mono() + LONGEST_WAIT;
    let backup = Backup::new(from, to)?;
    loop {
        let step = backup.step(-1)?;
        if step == StepResult::Done {
            return Ok(());
        }
        let now = clock::mono();
        if now >= until {
            let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
            return Err(rusqlite::Error::SqliteFailure(code, None));
        }
        let _ = Waiter::new().and_then(|mut waiter| waiter.wait([None], now + PAUSE));
    }
}

fn refuse_damaged(conn: &Connection, place: &str) -> BoardResult<()> {
    let read = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
    let found: String = read.map_err(|error| board_error(&error, place))?;
    match found.as_str() {
        "ok" => Ok(()),
        damage => Err(BoardError::Refused {
            place: place.to_owned(),
            why: format!("the file is damaged: {damage}"),
            remedy: "take another copy".to_owned(),
        }),
    }
}

fn report(conn: &Connection, path: &Path) -> rusqlite::Result<CopyReport> {
    let read = "SELECT epoch, (SELECT count(*) FROM job) FROM board";
    conn.query_row(read, [], |row| {
        Ok(CopyReport {
            epoch: row.get(0)?,
            jobs: row.get(1)?,
            bytes: std::fs::metadata(path).map_or(0, |meta| meta.len()),
        })
    })
}

/// What must not come again of the board that is replaced.
struct Former {
    epoch: u64,
    longest_lease: u64,
    /// The last numbers that were given: table and number. Empty: they are not known.
    numbers: Vec<(String, u64)>,
}

impl Former {
    fn of(live: &Connection) -> rusqlite::Result<Self> {
        let is_board = "SELECT 1 FROM sqlite_schema WHERE name = 'board'";
        if !live.prepare(is_board)?.exists([])? {
            return Ok(Former {
                epoch: 0,
                longest_lease: 0,
                numbers: Vec::new(),
            });
        }
        let epoch = live.query_row("SELECT epoch FROM board", [], |row| row.get(0))?;
        let mut read = live.prepare("SELECT name, seq FROM sqlite_sequence")?;
        let numbers = read.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Former {
            epoch,
            longest_lease: longest_lease(live)?,
            numbers: numbers.collect::<rusqlite::Result<_>>()?,
        })
    }
}

pub(super) fn longest_lease(conn: &Connection) -> rusqlite::Result<u64> {
    let read = "SELECT max(lease) FROM job WHERE owner IS NOT NULL";
    let longest: Option<Option<u64>> = conn.query_row(read, [], |row| row.get(0)).optional()?;
    Ok(longest.flatten().unwrap_or(0))
}

/// Ends all sessions of a copy and raises its epoch and its numbers.
fn raise_epoch(
    copy: &mut Connection,
    former: &Former,
    settings: &BoardSettings,
) -> Result<(), SqliteFailure> {
    let now = (settings.clock)();
    let transaction = copy.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let least = u64::try_from(LEAST_HOLD.as_millis()).unwrap_or(u64::MAX);
    let hold = longest_lease(&transaction)?
        .max(former.longest_lease)
        .max(least);
    let board_hold = BoardHold::default();
    let tx = WriteTx::new(&transaction, millis(now), now.mono, &board_hold);
    end_sessions(&tx)?;
    transaction.execute(
        "UPDATE board SET epoch = max(epoch, ?1) + 1, hold = ?2",
        params![former.epoch, hold],
    )?;
    match former.numbers.is_empty() {
        true => {
            transaction.execute("UPDATE sqlite_sequence SET seq = seq + ?1", [JUMP])?;
        }
        false => raise_numbers(&transaction, &former.numbers)?,
    }
    Ok(transaction.commit()?)
}

fn raise_numbers(conn: &Connection, numbers: &[(String, u64)]) -> rusqlite::Result<()> {
    for (table, last) in numbers {
        let raise = "UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1";
        if conn.execute(raise, params![table, last])? == 0 {
            let insert = "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)";
            conn.execute(insert, params![table, last])?;
        }
    }
    Ok(())
}

pub(super) fn end_sessions(tx: &WriteTx<'_>) -> Result<(), SqliteFailure> {
    let mut read = tx
        .conn
        .prepare("SELECT id, name FROM session WHERE left IS NULL")?;
    let rows = read.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let sessions: Vec<(u64, String)> = rows.collect::<rusqlite::Result<_>>()?;
    for (session, name) in sessions {
        for job in held(tx, session)? {
            release(tx, job, &name, Leaving::Interrupted)?;
        }
    }
    let end = "UPDATE session SET left = ?1 WHERE left IS NULL";
    tx.conn.execute(end, [tx.now])?;
    tx.conn.execute("DELETE FROM session_definition", [])?;
    Ok(())
}
