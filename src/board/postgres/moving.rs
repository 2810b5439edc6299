//! A board that comes from a file, and the roles of a board.

use std::time::Duration;

use serde_json::Value;
use tokio_postgres::types::Type;

use super::calls::Calls;
use super::migration;
use super::pg_opening::calls_of;
use crate::board::board_error::{BoardError, BoardResult};
use crate::board::board_role::BoardRole;
use crate::board::board_settings::{BoardSettings, MissingBoard};
use crate::board::postgres_settings::PostgresSettings;
use crate::board::row_source::RowSource;
use crate::postgres::PgParam;
use crate::postgres::{PgConnection, PgError};

/// How long a move may take.
const DEADLINE: Duration = Duration::from_secs(6 * 3600);

/// Moves all of a board into an empty one, which is created where it is missing. Returns how many
/// jobs it has, and its epoch.
///
/// # Errors
///
/// When the database has jobs or workers already, or one of the boards cannot be used.
pub(crate) fn move_in(
    settings: &PostgresSettings,
    source: &mut dyn RowSource,
) -> BoardResult<(u64, u64)> {
    let mut calls = calls_of(settings, BoardSettings::default().deadline)?;
    migration::migrate(&calls, MissingBoard::Create)?;
    calls.deadline = DEADLINE;
    let moved = calls.pool.with_connection(DEADLINE, async |connection| {
        connection
            .client
            .batch_execute("BEGIN; SET LOCAL search_path = run_functions, pg_temp")
            .await?;
        let moved = write_all(connection, source, &calls).await;
        let end = match moved {
            Ok(Ok(_)) => "COMMIT",
            _ => "ROLLBACK",
        };
        connection.client.batch_execute(end).await?;
        moved
    });
    moved.map_err(|error| refusal(&calls, error))?
}

fn refusal(calls: &Calls, error: PgError) -> BoardError {
    match error {
        PgError::Answer { state, message, .. } if state.code() == "RF007" => BoardError::Refused {
            place: calls.place.clone(),
            why: message,
            remedy: "name an empty database, or `DROP SCHEMA run_functions CASCADE` in this one"
                .to_owned(),
        },
        error => calls.failed(error),
    }
}

async fn write_all(
    connection: &PgConnection,
    source: &mut dyn RowSource,
    calls: &Calls,
) -> Result<BoardResult<(u64, u64)>, PgError> {
    let client = &connection.client;
    let head = source.head().clone();
    let epoch = i64::try_from(head.epoch).unwrap_or(i64::MAX);
    let params: [PgParam<'_>; 2] = [(&epoch, Type::INT8), (&head.hold, Type::INT8)];
    client
        .query_typed("SELECT begin_move($1, $2)", &params)
        .await?;
    loop {
        let found = match source.next_rows() {
            Ok(Some(found)) => found,
            Ok(None) => break,
            Err(error) => return Ok(Err(error)),
        };
        let rows = found
            .rows
            .into_iter()
            .map(Value::Object)
            .collect::<Vec<_>>();
        let rows = calls
            .json(&rows)
            .map_err(|error| PgError::NoAnswer(error.to_string()))?;
        let params: [PgParam<'_>; 2] = [(&found.table, Type::TEXT), (&rows, Type::TEXT)];
        let write = "SELECT move_rows($1, $2::text::jsonb)";
        client.query_typed(write, &params).await?;
    }
    for (table, last) in &head.numbers {
        // The numbers of sessions begin anew: no session is moved.
        if table != "session" {
            let params: [PgParam<'_>; 2] = [(table, Type::TEXT), (last, Type::INT8)];
            let go_on = "SELECT move_numbers($1, $2)";
            client.query_typed(go_on, &params).await?;
        }
    }
    let read = "SELECT (SELECT count(*) FROM job), epoch FROM board";
    let rows = client.query_typed(read, &[]).await?;
    let (jobs, epoch): (i64, i64) = match rows.first() {
        Some(row) => (row.try_get(0)?, row.try_get(1)?),
        None => (0, 0),
    };
    Ok(Ok((jobs.unsigned_abs(), epoch.unsigned_abs())))
}

/// Grants a role of the database what a role of the board needs, and nothing else of the board.
///
/// # Errors
///
/// When there is no such role, or this user is not the owner of the board.
pub(crate) fn grant(settings: &PostgresSettings, role: &str, kind: BoardRole) -> BoardResult<()> {
    let calls = calls_of(settings, BoardSettings::default().deadline)?;
    migration::migrate(&calls, MissingBoard::Refuse)?;
    let kind = kind.word();
    let granted = calls
        .pool
        .with_connection(calls.deadline, async |connection| {
            let client = &connection.client;
            let path = "BEGIN; SET LOCAL search_path = run_functions, pg_temp";
            client.batch_execute(path).await?;
            let params: [PgParam<'_>; 2] = [(&role, Type::TEXT), (&kind, Type::TEXT)];
            let granted = client.query_typed("SELECT grant_to($1, $2)", &params).await;
            let end = if granted.is_ok() {
                "COMMIT"
            } else {
                "ROLLBACK"
            };
            client.batch_execute(end).await?;
            Ok(granted.map(drop)?)
        });
    granted.map_err(|error| match error {
        PgError::Answer { state, message, .. } if state.code() == "42704" => BoardError::Refused {
            place: calls.place.clone(),
            why: message,
            remedy: format!("create the role first: `CREATE ROLE {role} LOGIN`"),
        },
        error => calls.failed(error),
    })
}
