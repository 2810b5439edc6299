//! The schema of a board, and its versions. Migrations only add; functions are replaced whole.

use std::time::Duration;

use tokio_postgres::types::Type;

use super::calls::{Calls, no_board};
use crate::board::board_error::{BoardError, BoardResult};
use crate::board::board_settings::MissingBoard;
use crate::board::host_identity::HostIdentity;
use crate::postgres::{PgConnection, PgError, PgParam};
use crate::unix::random;

/// The version of the schema that this program writes: as for boards in a file.
pub(super) const SCHEMA_VERSION: i64 = 5;
/// The oldest program that can go on with what this one writes, by the version of its schema.
const READABLE_FROM: i64 = 5;
/// The version of the functions: raised with each change of them.
const FUNCTIONS_VERSION: i64 = 2;

/// The step to each version from the one before; the first, to version 5, creates all.
const MIGRATIONS: [&str; 1] = [include_str!("schema.sql")];
const FIRST_VERSION: i64 = 5;

/// The functions, each after those that it is defined by.
pub(super) const FUNCTIONS: [&str; 23] = [
    include_str!("functions/words.sql"),
    include_str!("functions/records.sql"),
    include_str!("functions/releases.sql"),
    include_str!("functions/limits.sql"),
    include_str!("functions/posting.sql"),
    include_str!("functions/follow_ups.sql"),
    include_str!("functions/posts.sql"),
    include_str!("functions/arguments.sql"),
    include_str!("functions/post.sql"),
    include_str!("functions/requests.sql"),
    include_str!("functions/sessions.sql"),
    include_str!("functions/session_ends.sql"),
    include_str!("functions/claims.sql"),
    include_str!("functions/advance.sql"),
    include_str!("functions/alerts.sql"),
    include_str!("functions/schedules.sql"),
    include_str!("functions/queries.sql"),
    include_str!("functions/outputs.sql"),
    include_str!("functions/garbage.sql"),
    include_str!("functions/check.sql"),
    include_str!("functions/grants.sql"),
    include_str!("functions/moving.sql"),
    include_str!("functions/settings.sql"),
];

/// How long a migration may take.
const DEADLINE: Duration = Duration::from_secs(60);
/// The lock that one migration of a database holds.
const LOCK: &str = "SELECT pg_advisory_xact_lock(5928012340987)";

/// The versions of a board.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Versions {
    schema: i64,
    readable_from: i64,
    functions: i64,
}

impl Versions {
    fn is_current(self) -> bool {
        self.schema > SCHEMA_VERSION
            || self.schema == SCHEMA_VERSION && self.functions >= FUNCTIONS_VERSION
    }
}

/// Brings a board to the version of this program; one that is newer stays. Returns the versions of
/// the schema before and after.
///
/// # Errors
///
/// When the board is missing and not to be created, a newer program has changed it, or sessions of
/// an older program would meet a schema that they do not know.
pub(super) fn migrate(calls: &Calls, missing: MissingBoard) -> BoardResult<(i64, i64)> {
    let found = calls
        .pool
        .with_connection(calls.deadline, async |connection| {
            versions(connection).await
        });
    let found = found.map_err(|error| calls.failed(error))?;
    match found {
        None if missing == MissingBoard::Refuse => return Err(no_board(calls.place.clone())),
        Some(found) if found.readable_from > SCHEMA_VERSION => {
            return Err(BoardError::Refused {
                place: calls.place.clone(),
                why: format!(
                    "a newer program has changed it: its schema {} is for programs that know \
                     schema {}, and this one knows {SCHEMA_VERSION}",
                    found.schema, found.readable_from
                ),
                remedy: "install the newer program on this host too".to_owned(),
            });
        }
        Some(found) if found.is_current() => return Ok((found.schema, found.schema)),
        _ => {}
    }
    let id = random::hex_id().map_err(|error| BoardError::Unavailable {
        place: calls.place.clone(),
        why: error.to_string(),
    })?;
    let before = found.map_or(0, |found| found.schema);
    let applied = calls.pool.with_connection(DEADLINE, async |connection| {
        connection.client.batch_execute("BEGIN").await?;
        let applied = apply(connection, &id).await;
        let end = if matches!(applied, Ok(None)) {
            "COMMIT"
        } else {
            "ROLLBACK"
        };
        connection.client.batch_execute(end).await?;
        applied
    });
    match applied.map_err(|error| calls.failed(error))? {
        None => Ok((before, SCHEMA_VERSION)),
        Some(names) => Err(BoardError::Refused {
            place: calls.place.clone(),
            why: format!("workers of an older program are at work: {names}"),
            remedy: "stop or upgrade these workers, then run `run_functions board migrate`"
                .to_owned(),
        }),
    }
}

async fn versions(connection: &PgConnection) -> Result<Option<Versions>, PgError> {
    let client = &connection.client;
    // A role that may not read the board sees whether there is one, too.
    let is_there = "SELECT to_regclass('run_functions.board') IS NOT NULL";
    let row = client.query_typed(is_there, &[]).await?;
    if !row.first().map_or(Ok(false), |row| row.try_get(0))? {
        return Ok(None);
    }
    let read =
        "SELECT schema_version, readable_from, functions_version FROM run_functions.versions";
    let rows = client.query_typed(read, &[]).await?;
    match rows.first() {
        None => Ok(None),
        Some(row) => Ok(Some(Versions {
            schema: row.try_get(0)?,
            readable_from: row.try_get(1)?,
            functions: row.try_get(2)?,
        })),
    }
}

/// Applies what is missing, within a transaction. Returns the workers that are in the way.
async fn apply(connection: &PgConnection, id: &str) -> Result<Option<String>, PgError> {
    let client = &connection.client;
    client.batch_execute(LOCK).await?;
    // Another program may have been faster.
    let found = versions(connection).await?.unwrap_or_default();
    if found.is_current() {
        return Ok(None);
    }
    if found.schema > 0 {
        let names = older_sessions(connection).await?;
        if !names.is_empty() && found.schema < SCHEMA_VERSION {
            return Ok(Some(names.join(", ")));
        }
    }
    client
        .batch_execute(
            "CREATE SCHEMA IF NOT EXISTS run_functions;
             SET LOCAL search_path = run_functions, pg_temp;
             SET LOCAL check_function_bodies = off;",
        )
        .await?;
    for (step, version) in MIGRATIONS.iter().zip(FIRST_VERSION..) {
        if version > found.schema {
            client.batch_execute(step).await?;
        }
    }
    for functions in FUNCTIONS {
        client.batch_execute(functions).await?;
    }
    if found.schema == 0 {
        let create = "INSERT INTO board (id, epoch, system, timeline, schema_version,
                readable_from, created)
            SELECT $1, 1, system_identifier::text,
                substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), 0, 0, now_millis(NULL)
            FROM pg_control_system()";
        client.query_typed(create, &[(&id, Type::TEXT)]).await?;
    }
    let written =
        "UPDATE board SET schema_version = $1, readable_from = $2, functions_version = $3";
    let params: [PgParam<'_>; 3] = [
        (&SCHEMA_VERSION, Type::INT8),
        (&READABLE_FROM, Type::INT8),
        (&FUNCTIONS_VERSION, Type::INT8),
    ];
    client.query_typed(written, &params).await?;
    Ok(None)
}

/// Returns the live sessions of programs that do not know the new schema. One whose process is seen
/// dead from here does not count.
async fn older_sessions(connection: &PgConnection) -> Result<Vec<String>, PgError> {
    let read = "SELECT name || ' (' || version || ')',
            run_functions.identity_json(session)::text
        FROM run_functions.session WHERE left_at IS NULL AND schema_version < $1 ORDER BY name";
    let rows = connection
        .client
        .query_typed(read, &[(&READABLE_FROM, Type::INT8)])
        .await?;
    let here = HostIdentity::of_this_process().ok();
    let mut names = Vec::new();
    for row in rows {
        let identity: Option<HostIdentity> = serde_json::from_str(row.try_get(1)?).ok();
        let is_dead = identity
            .zip(here.as_ref())
            .and_then(|(there, here)| there.is_dead_seen_from(here));
        if is_dead != Some(true) {
            names.push(row.try_get(0)?);
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::hash::fnv1a;

    /// A program replaces the functions of a board whose version is lower than its own: what was
    /// changed under the same version would reach no board.
    #[test]
    fn changed_functions_have_a_new_version() {
        let text = FUNCTIONS.concat();
        let known = (2, 13_075_724_707_940_327_289);
        assert_eq!(
            (FUNCTIONS_VERSION, fnv1a(text.as_bytes())),
            known,
            "raise FUNCTIONS_VERSION, once for each release, and write the new hash down here"
        );
    }
}
