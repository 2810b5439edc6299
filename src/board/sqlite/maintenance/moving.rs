//! A board's file that is left for a database: read row by row, then closed to writers and renamed.

use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params_from_iter};
use serde_json::{Map, Value};

use super::copy::{end_sessions, longest_lease};
use crate::board::board_error::{BoardError, place_of};
use crate::board::board_settings::{BoardSettings, MissingBoard};
use crate::board::board_trait::BoardResult;
use crate::board::host_identity::HostIdentity;
use crate::board::row_source::{BoardHead, RowSource, TableRows};
use crate::board::sqlite::board_hold::BoardHold;
use crate::board::sqlite::open_file::{check_place, open_to_write};
use crate::board::sqlite::sqlite_failure::board_error;
use crate::board::sqlite::write_tx::{WriteTx, millis};

/// How many rows are read at once.
const ROWS: usize = 500;
/// Keeps what has the file open still from writing to what is left.
const CLOSE: &str = "
    CREATE TRIGGER moved_jobs BEFORE INSERT ON job
        BEGIN SELECT RAISE(ABORT, 'this board was moved to a database'); END;
    CREATE TRIGGER moved_sessions BEFORE INSERT ON session
        BEGIN SELECT RAISE(ABORT, 'this board was moved to a database'); END;";

/// A table that is moved.
struct MovedTable {
    name: &'static str,
    /// The columns by which it is read in order.
    key: &'static [&'static str],
    /// The columns that are JSON.
    json: &'static [&'static str],
}

const fn table(
    name: &'static str,
    key: &'static [&'static str],
    json: &'static [&'static str],
) -> MovedTable {
    MovedTable { name, key, json }
}

/// All but sessions, which are over.
const TABLES: [MovedTable; 14] = [
    table("definition", &["id"], &["schema", "needs"]),
    table(
        "job",
        &["id"],
        &["doing", "crashed_at", "avoid", "args", "result"],
    ),
    table("journal", &["job", "seq"], &["result"]),
    table("output", &["job", "part"], &[]),
    table("job_limit", &["definition"], &[]),
    table("limit_key", &["key"], &[]),
    table("batch", &["id"], &[]),
    table("job_next", &["id"], &["next"]),
    table("pause", &["scope", "name"], &[]),
    table("schedule", &["name"], &["spec"]),
    table("schedule_file", &["id"], &[]),
    table("fact", &["id"], &[]),
    table("alert", &["name"], &[]),
    table("mail", &["id"], &[]),
];

/// A board's file that is being moved. Nothing else writes to it.
pub(crate) struct MovedFile {
    conn: Connection,
    path: PathBuf,
    head: BoardHead,
    /// The table that is read, and its last key.
    at: usize,
    after: Vec<rusqlite::types::Value>,
}

impl MovedFile {
    /// Begins: keeps others from writing, ends what dead workers have left.
    ///
    /// # Errors
    ///
    /// When a worker is on the board that is not seen dead from here, or the file cannot be used.
    pub(crate) fn begin(path: &Path, settings: &BoardSettings) -> BoardResult<Self> {
        // What an older program has written is brought to the newest form before it is read.
        drop(crate::board::sqlite::open(path, settings)?);
        let path = check_place(path, MissingBoard::Refuse)?;
        let conn = open_to_write(&path)?;
        let place = place_of(&path);
        let failed = |error: rusqlite::Error| board_error(&error, &place);
        conn.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
        refuse_workers(&conn, &place)?;
        let hold = longest_lease(&conn).map_err(failed)?;
        let now = (settings.clock)();
        let board_hold = BoardHold::default();
        let tx = WriteTx::new(&conn, millis(now), now.mono, &board_hold);
        end_sessions(&tx).map_err(|failure| failure.at(&place))?;
        conn.execute("UPDATE mail SET owner = NULL", [])
            .map_err(failed)?;
        let head = head(&conn, hold).map_err(failed)?;
        Ok(MovedFile {
            conn,
            path,
            head,
            at: 0,
            after: Vec::new(),
        })
    }

    /// Ends: the file refuses jobs and workers from now on, and has another name. Returns the name.
    ///
    /// # Errors
    ///
    /// When the file cannot be written or renamed.
    pub(crate) fn leave(self) -> BoardResult<PathBuf> {
        let place = place_of(&self.path);
        let failed = |error: rusqlite::Error| board_error(&error, &place);
        self.conn.execute_batch(CLOSE).map_err(failed)?;
        self.conn.execute_batch("COMMIT").map_err(failed)?;
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        self.conn
            .query_row(checkpoint, [], |_| Ok(()))
            .map_err(failed)?;
        drop(self.conn);
        let named = |ending: &str| {
            let mut name = self.path.clone().into_os_string();
            name.push(ending);
            PathBuf::from(name)
        };
        let moved = named(".moved");
        for ending in ["-wal", "-shm", ""] {
            let mut to = moved.clone().into_os_string();
            to.push(ending);
            match std::fs::rename(named(ending), to) {
                Err(error) if ending.is_empty() => {
                    return Err(BoardError::Unavailable {
                        place,
                        why: format!("it was moved, and cannot be renamed: {error}"),
                    });
                }
                _ => {}
            }
        }
        Ok(moved)
    }
}

impl RowSource for MovedFile {
    fn head(&self) -> &BoardHead {
        &self.head
    }

    fn next_rows(&mut self) -> BoardResult<Option<TableRows>> {
        while let Some(table) = TABLES.get(self.at) {
            let found = read(&self.conn, table, &self.after);
            let (rows, last) = found.map_err(|error| board_error(&error, &place_of(&self.path)))?;
            self.after = last;
            if rows.len() < ROWS {
                self.at += 1;
                self.after.clear();
            }
            if !rows.is_empty() {
                return Ok(Some(TableRows {
                    table: table.name,
                    rows,
                }));
            }
        }
        Ok(None)
    }
}

fn refuse_workers(conn: &Connection, place: &str) -> BoardResult<()> {
    let here = HostIdentity::of_this_process().ok();
    let mut live = Vec::new();
    let found = live_sessions(conn).map_err(|error| board_error(&error, place))?;
    for (name, identity) in found {
        let is_dead = here
            .as_ref()
            .and_then(|here| identity.is_dead_seen_from(here));
        if is_dead != Some(true) {
            live.push(name);
        }
    }
    match live.as_slice() {
        [] => Ok(()),
        live => Err(BoardError::Refused {
            place: place.to_owned(),
            why: format!("workers are on it: {}", live.join(", ")),
            remedy: "stop them, and move the board then".to_owned(),
        }),
    }
}

fn live_sessions(conn: &Connection) -> rusqlite::Result<Vec<(String, HostIdentity)>> {
    let mut read = conn.prepare(
        "SELECT name, host, uid, boot_id, pid_namespace, time_namespace, pid, start_ticks
         FROM session WHERE left IS NULL ORDER BY name",
    )?;
    let rows = read.query_map([], |row| {
        Ok((
            row.get(0)?,
            HostIdentity {
                host: row.get(1)?,
                uid: row.get(2)?,
                boot_id: row.get(3)?,
                pid_namespace: row.get(4)?,
                time_namespace: row.get(5)?,
                pid: row.get(6)?,
                start_ticks: row.get(7)?,
            },
        ))
    })?;
    rows.collect()
}

fn head(conn: &Connection, hold: u64) -> rusqlite::Result<BoardHead> {
    let mut read = conn.prepare("SELECT name, seq FROM sqlite_sequence")?;
    let numbers = read.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (epoch, own_hold): (u64, i64) =
        conn.query_row("SELECT epoch, hold FROM board", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    Ok(BoardHead {
        epoch,
        hold: own_hold.max(i64::try_from(hold).unwrap_or(i64::MAX)),
        numbers: numbers.collect::<rusqlite::Result<_>>()?,
    })
}

type ReadRows = (Vec<Map<String, Value>>, Vec<rusqlite::types::Value>);

fn read(
    conn: &Connection,
    table: &MovedTable,
    after: &[rusqlite::types::Value],
) -> rusqlite::Result<ReadRows> {
    let key = table.key.join(", ");
    let beyond = match after.len() {
        0 => String::new(),
        keys => format!("WHERE ({key}) > ({})", vec!["?"; keys].join(", ")),
    };
    let name = table.name;
    let sql = format!("SELECT * FROM {name} {beyond} ORDER BY {key} LIMIT {ROWS}");
    let mut read = conn.prepare_cached(&sql)?;
    let columns: Vec<String> = read.column_names().into_iter().map(str::to_owned).collect();
    let mut rows = read.query(params_from_iter(after))?;
    let (mut found, mut last) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        last = table
            .key
            .iter()
            .map(|column| row.get(*column))
            .collect::<rusqlite::Result<_>>()?;
        found.push(of_row(row, &columns, table)?);
    }
    Ok((found, last))
}

fn of_row(
    row: &Row<'_>,
    columns: &[String],
    table: &MovedTable,
) -> rusqlite::Result<Map<String, Value>> {
    let mut values = Map::new();
    for (at, column) in columns.iter().enumerate() {
        let value = match row.get_ref(at)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => number.into(),
            ValueRef::Real(number) => number.into(),
            ValueRef::Text(text) | ValueRef::Blob(text) => {
                let text = String::from_utf8_lossy(text);
                match table.json.contains(&column.as_str()) {
                    true => serde_json::from_str(&text).unwrap_or(Value::Null),
                    false => Value::from(text),
                }
            }
        };
        // The word is a keyword of the other language.
        let name = match column.as_str() {
            "left" => "remaining",
            name => name,
        };
        values.insert(name.to_owned(), value);
    }
    Ok(values)
}
