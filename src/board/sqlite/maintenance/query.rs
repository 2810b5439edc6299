//! Queries of people: read-only, and within limits.

use std::path::Path;

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use serde_json::Value;

use crate::board::board_error::BoardError;
use crate::board::board_error::place_of;
use crate::board::board_settings::MissingBoard;
use crate::board::board_trait::BoardResult;
use crate::board::maintenance::{QueryAnswer, QueryLimits};
use crate::board::sqlite::open_file::{check_place, open_to_read};
use crate::board::sqlite::sqlite_failure::board_error;
use crate::unix::clock;

/// How many steps of the database's machine lie between two looks at the clock.
const STEPS: i32 = 20_000;

/// Runs a query that reads. The transaction lasts as long as the call, so that no old snapshot
/// stays.
///
/// # Errors
///
/// When it is no single statement that reads, or takes too long.
pub(crate) fn query(path: &Path, sql: &str, limits: &QueryLimits) -> BoardResult<QueryAnswer> {
    let path = check_place(path, MissingBoard::Refuse)?;
    let conn = open_to_read(&path)?;
    let place = place_of(&path);
    let failed = |error: rusqlite::Error| match &error {
        rusqlite::Error::SqliteFailure(failure, Some(message))
            if failure.code == rusqlite::ErrorCode::Unknown
                || failure.code == rusqlite::ErrorCode::AuthorizationForStatementDenied =>
        {
            BoardError::Malformed(format!("the query is refused: {message}"))
        }
        rusqlite::Error::SqlInputError { msg, .. } => {
            BoardError::Malformed(format!("the query is refused: {msg}"))
        }
        rusqlite::Error::MultipleStatement => {
            BoardError::Malformed("the query is more than one statement".to_owned())
        }
        error => board_error(error, &place),
    };
    run(&conn, sql, limits).map_err(failed)
}

fn run(conn: &Connection, sql: &str, limits: &QueryLimits) -> rusqlite::Result<QueryAnswer> {
    let until = clock::mono() + limits.time;
    conn.progress_handler(STEPS, Some(move || clock::mono() > until))?;
    conn.authorizer(Some(only_reads))?;
    let mut read = conn.prepare(sql)?;
    let columns: Vec<String> = read.column_names().into_iter().map(str::to_owned).collect();
    let width = columns.len();
    let mut answer = QueryAnswer {
        columns,
        rows: Vec::new(),
        has_more: false,
    };
    let mut rows = read.query([])?;
    while let Some(row) = rows.next()? {
        if answer.rows.len() == limits.rows {
            answer.has_more = true;
            break;
        }
        let cells = (0..width).map(|at| cell(row, at, limits.text));
        answer.rows.push(cells.collect::<rusqlite::Result<_>>()?);
    }
    Ok(answer)
}

/// `ATTACH` and most of the pragmas count as reading with SQLite.
fn only_reads(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => {
            Authorization::Allow
        }
        AuthAction::Function { function_name } if function_name != "load_extension" => {
            Authorization::Allow
        }
        _ => Authorization::Deny,
    }
}

fn cell(row: &Row<'_>, at: usize, most: usize) -> rusqlite::Result<Value> {
    Ok(match row.get_ref(at)? {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) | ValueRef::Blob(text) => {
            let text = &text[..text.len().min(most)];
            String::from_utf8_lossy(text).into_owned().into()
        }
    })
}
