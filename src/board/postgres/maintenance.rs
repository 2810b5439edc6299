//! What commands do to a board in PostgreSQL: check, migrate, query.

use serde_json::Value;
use tokio_postgres::SimpleQueryMessage;

use super::migration;
pub(crate) use super::moving::{grant, move_in};
use super::pg_opening::calls_of;
use crate::board::board_error::BoardError;
use crate::board::board_settings::{BoardSettings, MissingBoard};
use crate::board::board_trait::BoardResult;
use crate::board::maintenance::{CheckReport, QueryAnswer, QueryLimits};
use crate::board::postgres_settings::PostgresSettings;
use crate::postgres::PgError;

/// Checks a board: its journals, its owners, the settings of its server. Counts limits and batches
/// again, and repairs them.
///
/// # Errors
///
/// When it cannot be reached or read.
pub(crate) fn check(settings: &PostgresSettings) -> BoardResult<CheckReport> {
    let calls = calls_of(settings, QueryLimits::default().time * 12)?;
    migration::migrate(&calls, MissingBoard::Refuse)?;
    calls.call("check", None, &())
}

/// Brings a board to the schema of this program. Returns the versions before and after.
///
/// # Errors
///
/// When a live worker of an older program would not know the new schema.
pub(crate) fn migrate(settings: &PostgresSettings) -> BoardResult<(i64, i64)> {
    let calls = calls_of(settings, BoardSettings::default().deadline)?;
    migration::migrate(&calls, MissingBoard::Create)
}

/// Runs a query that reads, with the names of the schema `run_functions`.
///
/// # Errors
///
/// When it is no single statement that reads, or takes too long.
pub(crate) fn query(
    settings: &PostgresSettings,
    sql: &str,
    limits: &QueryLimits,
) -> BoardResult<QueryAnswer> {
    let calls = calls_of(settings, limits.time * 2)?;
    let milliseconds = limits.time.as_millis();
    let begin = format!(
        "BEGIN READ ONLY; SET LOCAL search_path = run_functions, pg_temp;
         SET LOCAL statement_timeout = {milliseconds};
         DECLARE answer CURSOR FOR {}",
        sql.trim().trim_end_matches(';')
    );
    let fetch = format!("FETCH {} FROM answer", limits.rows + 1);
    let asked = calls
        .pool
        .with_connection(limits.time * 2, async |connection| {
            let client = &connection.client;
            let begun = client.simple_query(&begin).await;
            let found = match begun {
                Ok(_) => client.simple_query(&fetch).await,
                Err(error) => Err(error),
            };
            client.batch_execute("ROLLBACK").await?;
            Ok(found?)
        });
    let found = asked.map_err(|error| match error {
        PgError::Answer { state, message, .. }
            if state.code() != "42501"
                && (state.code().starts_with("42") || state.code().starts_with("25")) =>
        {
            BoardError::Malformed(format!("the query is refused: {message}"))
        }
        error => calls.failed(error),
    })?;
    Ok(answer_of(&found, limits))
}

fn answer_of(found: &[SimpleQueryMessage], limits: &QueryLimits) -> QueryAnswer {
    let mut answer = QueryAnswer {
        columns: Vec::new(),
        rows: Vec::new(),
        has_more: false,
    };
    for message in found {
        match message {
            SimpleQueryMessage::RowDescription(columns) => {
                let names = columns.iter().map(|column| column.name().to_owned());
                answer.columns = names.collect();
            }
            SimpleQueryMessage::Row(row) if answer.rows.len() == limits.rows => {
                let _ = row;
                answer.has_more = true;
            }
            SimpleQueryMessage::Row(row) => {
                let cells = (0..row.len()).map(|at| cell(row.get(at), limits.text));
                answer.rows.push(cells.collect());
            }
            _ => {}
        }
    }
    answer
}

fn cell(text: Option<&str>, most: usize) -> Value {
    let Some(text) = text else {
        return Value::Null;
    };
    if let Ok(number) = text.parse::<i64>() {
        return number.into();
    }
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].into()
}
