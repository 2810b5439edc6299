//! The rows of tokens.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::secret_text::{SecretDigest, SecretText};
use super::server_store::ServerStore;
use super::store_error::StoreError;
use super::token_record::{NOTED_EACH, NewToken, TokenRecord};
use crate::server::viewer::{Projects, Role};

pub(super) const COLUMNS: &str =
    "token.id, token.name, token.role, token.projects, token.created, token.expires, token.made_by,
     token.last_used";
/// A token of a registration that was not used for so long ends, in milliseconds.
const UNUSED: i64 = 7 * 24 * 3600 * 1000;
/// How long a revoked token is kept, in milliseconds.
const KEPT: i64 = 90 * 24 * 3600 * 1000;

impl ServerStore {
    /// Creates a token; returns its number and its secret, which is stored nowhere.
    ///
    /// # Errors
    ///
    /// [`StoreError::NameTaken`].
    pub(crate) fn add_token(
        &self,
        token: &NewToken,
        now: i64,
    ) -> Result<(i64, SecretText), StoreError> {
        let secret = SecretText::random().map_err(|error| StoreError::Unusable {
            place: "/dev/urandom".to_owned(),
            why: error.to_string(),
        })?;
        let projects = match &token.projects {
            Projects::All => None,
            Projects::Only(names) => Some(serde_json::json!(names).to_string()),
        };
        let id = self.write(|tx| {
            tx.execute(
                "UPDATE token SET revoked = ?1 WHERE revoked IS NULL AND expires <= ?1",
                [now],
            )?;
            tx.execute(
                "UPDATE token SET revoked = ?1 WHERE revoked IS NULL AND is_registered = 1
                    AND coalesce(last_used, created) < ?2",
                [now, now - UNUSED],
            )?;
            tx.execute("DELETE FROM token WHERE revoked < ?1", [now - KEPT])?;
            let added = tx.execute(
                "INSERT INTO token (name, hash, role, projects, created, expires, made_by,
                    is_registered)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (name) WHERE revoked IS NULL DO NOTHING",
                params![
                    token.name,
                    secret.digest().bytes(),
                    token.role.word(),
                    projects,
                    now,
                    token.expires,
                    token.made_by,
                    token.is_registered
                ],
            )?;
            Ok((added == 1).then(|| tx.last_insert_rowid()))
        })?;
        match id {
            Some(id) => Ok((id, secret)),
            None => Err(StoreError::NameTaken(token.name.clone())),
        }
    }

    /// Revokes the token of a name and ends its logins, at once. Returns whether there was one.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub(crate) fn revoke_token(&self, name: &str, now: i64) -> Result<bool, StoreError> {
        self.write(|tx| {
            tx.execute(
                "DELETE FROM login WHERE token IN
                    (SELECT id FROM token WHERE name = ?1 AND revoked IS NULL)",
                [name],
            )?;
            let revoked = tx.execute(
                "UPDATE token SET revoked = ?2 WHERE name = ?1 AND revoked IS NULL",
                params![name, now],
            )?;
            Ok(revoked > 0)
        })
    }

    /// Returns the tokens that are not revoked, by name.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub(crate) fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError> {
        self.read(|conn| {
            let select =
                format!("SELECT {COLUMNS} FROM token WHERE revoked IS NULL ORDER BY token.name");
            let mut statement = conn.prepare(&select)?;
            let rows = statement.query_map([], token_of)?;
            rows.collect()
        })
    }

    /// Notes that a token is used, unless that was noted in the last hour.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub(crate) fn note_use(&self, token: i64, now: i64) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute(
                "UPDATE token SET last_used = ?2 WHERE id = ?1 AND coalesce(last_used, 0) <= ?3",
                params![token, now, now - NOTED_EACH],
            )
        })
        .map(drop)
    }

    /// Returns whether there was ever a token.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub(crate) fn has_tokens(&self) -> Result<bool, StoreError> {
        self.read(|conn| {
            conn.query_row("SELECT EXISTS (SELECT 1 FROM token)", [], |row| row.get(0))
        })
    }

    /// Returns the token of a secret, if it is neither revoked nor over.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub(crate) fn token(
        &self,
        secret: &SecretText,
        now: i64,
    ) -> Result<Option<TokenRecord>, StoreError> {
        let digest = secret.digest();
        let found = self.remembered(&digest, |conn| of_digest(conn, &digest))?;
        Ok(found.filter(|token| !token.is_over(now)))
    }
}

fn of_digest(conn: &Connection, digest: &SecretDigest) -> rusqlite::Result<Option<TokenRecord>> {
    let select =
        format!("SELECT {COLUMNS}, token.hash FROM token WHERE hash = ?1 AND revoked IS NULL");
    let found = conn
        .prepare_cached(&select)?
        .query_row([digest.bytes()], |row| {
            Ok((token_of(row)?, row.get::<_, Vec<u8>>(8)?))
        })
        .optional()?;
    Ok(found.and_then(|(token, stored)| digest.is(&stored).then_some(token)))
}

/// Reads a token from the first columns of a row.
pub(super) fn token_of(row: &Row<'_>) -> rusqlite::Result<TokenRecord> {
    let unfit = |at, why: &str| {
        let kind = rusqlite::types::Type::Text;
        rusqlite::Error::FromSqlConversionFailure(at, kind, why.into())
    };
    let role: String = row.get(2)?;
    let projects: Option<String> = row.get(3)?;
    let projects = match projects {
        None => Projects::All,
        Some(names) => Projects::Only(
            serde_json::from_str(&names).map_err(|_| unfit(3, "no list of projects"))?,
        ),
    };
    Ok(TokenRecord {
        id: row.get(0)?,
        name: row.get(1)?,
        role: Role::of_word(&role).ok_or_else(|| unfit(2, "an unknown role"))?,
        projects,
        created: row.get(4)?,
        expires: row.get(5)?,
        made_by: row.get(6)?,
        last_used: row.get(7)?,
    })
}
