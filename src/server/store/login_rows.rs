//! The rows of logins: what a cookie stands for.

use rusqlite::{Connection, OptionalExtension, params};

use super::secret_text::{SecretDigest, SecretText};
use super::server_store::ServerStore;
use super::store_error::StoreError;
use super::token_record::TokenRecord;
use super::token_rows::{COLUMNS, token_of};

/// How long a login holds, in milliseconds.
const HOLDS: i64 = 12 * 3600 * 1000;
/// More logins of one token end the oldest ones.
const MOST_OF_A_TOKEN: i64 = 50;

impl ServerStore {
    /// Records a login with a token; returns the secret of the cookie.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub(crate) fn add_login(&self, token: i64, now: i64) -> Result<SecretText, StoreError> {
        let secret = SecretText::random().map_err(|error| StoreError::Unusable {
            place: "/dev/urandom".to_owned(),
            why: error.to_string(),
        })?;
        self.write(|tx| {
            tx.execute("DELETE FROM login WHERE expires <= ?1", [now])?;
            tx.execute(
                "DELETE FROM login WHERE hash IN (SELECT hash FROM login WHERE token = ?1
                    ORDER BY created DESC LIMIT -1 OFFSET ?2)",
                params![token, MOST_OF_A_TOKEN - 1],
            )?;
            tx.execute(
                "INSERT INTO login (hash, token, created, expires) VALUES (?1, ?2, ?3, ?4)",
                params![secret.digest().bytes(), token, now, now + HOLDS],
            )
        })?;
        Ok(secret)
    }

    /// Returns the token of a login, if neither is over.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub(crate) fn login(
        &self,
        secret: &SecretText,
        now: i64,
    ) -> Result<Option<TokenRecord>, StoreError> {
        let digest = secret.digest();
        let found = self.remembered(&digest, |conn| of_login(conn, &digest))?;
        Ok(found.filter(|token| !token.is_over(now)))
    }

    /// Ends a login.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub(crate) fn end_login(&self, secret: &SecretText) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute(
                "DELETE FROM login WHERE hash = ?1",
                [secret.digest().bytes()],
            )
        })
        .map(drop)
    }
}

/// Reads the token of a login, which ends with the login.
fn of_login(conn: &Connection, digest: &SecretDigest) -> rusqlite::Result<Option<TokenRecord>> {
    let select = format!(
        "SELECT {COLUMNS}, login.hash, login.expires FROM login JOIN token ON token.id = login.token
         WHERE login.hash = ?1 AND token.revoked IS NULL"
    );
    let found = conn
        .prepare_cached(&select)?
        .query_row([digest.bytes()], |row| {
            let login_ends: i64 = row.get(9)?;
            let mut token = token_of(row)?;
            let ends = token.expires.unwrap_or(i64::MAX).min(login_ends);
            token.expires = Some(ends);
            Ok((token, row.get::<_, Vec<u8>>(8)?))
        })
        .optional()?;
    Ok(found.and_then(|(token, stored)| digest.is(&stored).then_some(token)))
}
