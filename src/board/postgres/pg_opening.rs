//! How a board in PostgreSQL is reached.

use std::time::Duration;

use super::calls::Calls;
use super::pg_pool::PgPool;
use crate::board::board_error::{BoardError, BoardResult};
use crate::board::postgres_settings::PostgresSettings;
use crate::postgres::{PgAccess, PgConnector};

/// Prepares the calls of a board. Nothing is sent.
///
/// # Errors
///
/// What is wrong with the address or the file of authorities.
pub(super) fn calls_of(settings: &PostgresSettings, deadline: Duration) -> BoardResult<Calls> {
    let connector = connector(&settings.address, settings)?;
    let place = place_of(&connector);
    let pool = PgPool::start(connector).map_err(|error| BoardError::Unavailable {
        place: place.clone(),
        why: error.to_string(),
    })?;
    Ok(Calls {
        pool,
        deadline,
        place,
    })
}

/// Prepares the connection to an address.
///
/// # Errors
///
/// The same.
pub(super) fn connector(address: &str, settings: &PostgresSettings) -> BoardResult<PgConnector> {
    let access = PgAccess {
        username: settings.username.clone(),
        password_file: settings.password_file.clone(),
        ca_file: settings.ca_file.clone(),
    };
    PgConnector::new(address, &access).map_err(|why| BoardError::Refused {
        place: "the board in PostgreSQL".to_owned(),
        why,
        remedy: "write `address = \"postgres://USER@HOST/DATABASE\"` in `[board]`".to_owned(),
    })
}

fn place_of(connector: &PgConnector) -> String {
    format!(
        "the board in PostgreSQL at {}, database {}",
        connector.hosts(),
        connector.database()
    )
}
