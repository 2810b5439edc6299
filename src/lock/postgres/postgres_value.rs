//! A text in PostgreSQL: a row.

use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::lock_failure::lock_error;
use super::pg_client::PgClient;
use super::statements;
use crate::core::settings::LockSettings;
use crate::lock::error::LockError;
use crate::lock::stored_value::StoredValue;
use crate::postgres::PgParam;

/// How long a call may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// A text in PostgreSQL.
pub(super) struct PostgresValue {
    client: PgClient,
    name: String,
}

impl PostgresValue {
    /// Creates the access to a row. Nothing is sent.
    ///
    /// # Errors
    ///
    /// When the settings are unfit for PostgreSQL.
    pub(super) fn new(settings: &LockSettings, name: &str) -> Result<Self, LockError> {
        Ok(PostgresValue {
            client: PgClient::new(settings, name, DEADLINE)?,
            name: name.to_owned(),
        })
    }

    fn query(&mut self, sql: &'static str, params: &[PgParam<'_>]) -> Result<Vec<Row>, LockError> {
        let result = match self.client.query(sql, params) {
            Err(error) if error.lacks_schema() => {
                self.create_table()?;
                self.client.query(sql, params)
            }
            result => result,
        };
        result.map_err(|error| lock_error(error, self.client.place()))
    }

    fn create_table(&mut self) -> Result<(), LockError> {
        for statement in statements::TABLE_OF_TEXTS {
            match self.client.query(statement, &[]) {
                Err(error) if !error.is_there_already() => {
                    return Err(lock_error(error, self.client.place()));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl StoredValue for PostgresValue {
    fn store(&mut self, text: &str) -> Result<(), LockError> {
        let (name, text) = (self.name.clone(), text.to_owned());
        let params: [PgParam<'_>; 2] = [(&name, Type::TEXT), (&text, Type::TEXT)];
        self.query(statements::STORE_TEXT, &params).map(drop)
    }

    fn load(&mut self) -> Result<Option<String>, LockError> {
        let name = self.name.clone();
        let rows = self.query(statements::LOAD_TEXT, &[(&name, Type::TEXT)])?;
        Ok(rows.first().and_then(|row| row.get(0)))
    }

    fn place(&self) -> String {
        self.client.place()
    }
}
