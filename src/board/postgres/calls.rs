//! Calls of the functions of a board.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::pg_pool::PgPool;
use crate::board::board_error::{BoardError, BoardResult};
use crate::board::job_id::{BatchId, JobId, SessionId};
use crate::postgres::{PgError, PgParam};
use crate::unix::clock;
use crate::unix::waiter::Waiter;

/// Between two tries of a call that met another one at the same rows.
const PAUSE: Duration = Duration::from_millis(5);

/// Calls functions of a board.
pub(super) struct Calls {
    pub(super) pool: PgPool,
    pub(super) deadline: Duration,
    pub(super) place: String,
}

impl Calls {
    /// Calls a function by its name, at a time in milliseconds since 1970; `None`: that of the
    /// server.
    ///
    /// # Errors
    ///
    /// Those of the rules of the board, and of the board itself.
    pub(super) fn call<T: DeserializeOwned>(
        &self,
        name: &str,
        now: Option<i64>,
        request: &impl Serialize,
    ) -> BoardResult<T> {
        let sql = format!("SELECT run_functions.call_{name}($1, $2::text::jsonb)::text");
        let request = self.json(request)?;
        let until = clock::mono() + self.deadline;
        loop {
            let within = until.since(clock::mono());
            let params: [PgParam<'_>; 2] = [(&now, Type::INT8), (&request, Type::TEXT)];
            match self.pool.query(&sql, &params, within) {
                Ok(rows) => {
                    let text = rows.first().map(|row| row.try_get::<_, Option<String>>(0));
                    let text = text.transpose().map_err(|e| self.failed(e.into()))?;
                    let text = text.flatten().unwrap_or_else(|| "null".to_owned());
                    return serde_json::from_str(&text).map_err(|error| self.unknown(name, &error));
                }
                Err(error) if met_another(&error) && clock::mono() + PAUSE < until => {
                    let _ = Waiter::new().map(|mut w| w.wait([None], clock::mono() + PAUSE));
                }
                Err(error) => return Err(self.failed(error)),
            }
        }
    }

    /// Returns the JSON text of a request, without what PostgreSQL stores in no text.
    ///
    /// # Errors
    ///
    /// When it has none.
    pub(super) fn json(&self, request: &impl Serialize) -> BoardResult<String> {
        let request = serde_json::to_string(request);
        let request = request.map_err(|error| BoardError::Malformed(error.to_string()))?;
        Ok(without_nul(request))
    }

    fn unknown(&self, name: &str, error: &serde_json::Error) -> BoardError {
        BoardError::Refused {
            place: self.place.clone(),
            why: format!("what it answers to `{name}` is unknown here: {error}"),
            remedy: "install the program of the version that migrated it last".to_owned(),
        }
    }

    /// Returns the error of the board for that of a statement.
    pub(super) fn failed(&self, error: PgError) -> BoardError {
        let place = self.place.clone();
        if let PgError::Answer {
            state,
            message,
            detail,
        } = &error
        {
            if let Some(rule) = of_rule(state.code(), message, detail.as_deref()) {
                return rule;
            }
            if lacks_board(state) {
                return no_board(place);
            }
            if *state == SqlState::INSUFFICIENT_PRIVILEGE {
                return not_allowed(place, message);
            }
        }
        let remedy = error.remedy().map(str::to_owned);
        match (error, remedy) {
            (PgError::NoAnswer(_), _) => BoardError::NoAnswer { place },
            (error, Some(remedy)) => BoardError::Refused {
                place,
                why: error.words(),
                remedy,
            },
            (error, None) => BoardError::Unavailable {
                place,
                why: error.words(),
            },
        }
    }
}

/// Returns the error for a database without a board.
pub(super) fn no_board(place: String) -> BoardError {
    BoardError::NoBoard { place }
}

/// Returns the error for what the role of this program may not do.
fn not_allowed(place: String, message: &str) -> BoardError {
    let is_owners = message.contains("must be owner") || message.contains("for database");
    let remedy = match is_owners {
        true => {
            "let the owner of the board do it: `run_functions board migrate`; the first time its user \
             needs `GRANT CREATE ON DATABASE`"
        }
        false => {
            "as the owner of the board: `run_functions board grant ROLE KIND`, where KIND is view, post, \
             worker or admin"
        }
    };
    BoardError::Refused {
        place,
        why: message.to_owned(),
        remedy: remedy.to_owned(),
    }
}

/// Returns whether the functions, or the tables, are missing.
fn lacks_board(state: &SqlState) -> bool {
    [
        SqlState::UNDEFINED_TABLE,
        SqlState::UNDEFINED_FUNCTION,
        SqlState::INVALID_SCHEMA_NAME,
    ]
    .contains(state)
}

/// Returns whether a statement was taken back because it met another one: nothing of it is kept.
fn met_another(error: &PgError) -> bool {
    let PgError::Answer { state, .. } = error else {
        return false;
    };
    [
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::LOCK_NOT_AVAILABLE,
    ]
    .contains(state)
}

/// Returns the error of a rule of the board, by the code that its functions raise.
fn of_rule(code: &str, message: &str, detail: Option<&str>) -> Option<BoardError> {
    let detail: Value = serde_json::from_str(detail.unwrap_or("null")).unwrap_or_default();
    let number = |key: &str| detail[key].as_u64().unwrap_or(0);
    let error = match code {
        "RF001" => BoardError::SessionOver(SessionId(number("session"))),
        "RF002" => BoardError::KeyTaken {
            id: JobId(number("id")),
            state: serde_json::from_value(detail["state"].clone()).ok()?,
        },
        "RF003" => BoardError::Malformed(message.to_owned()),
        "RF004" => BoardError::NoSuchJob(JobId(number("id"))),
        "RF005" => BoardError::NoSuchBatch(BatchId(number("id"))),
        "RF006" => BoardError::NoWorker(detail["definition"].as_str()?.to_owned()),
        _ => return None,
    };
    Some(error)
}

/// Returns a JSON text without NUL, which PostgreSQL stores in no text: `␀` stands for each.
fn without_nul(json: String) -> String {
    const NUL: &str = "\\u0000";
    if !json.contains(NUL) {
        return json;
    }
    let mut text = String::with_capacity(json.len());
    let mut rest = json.as_str();
    while let Some(at) = rest.find('\\') {
        let escape = &rest[at..];
        let (stands, length) = match escape.starts_with(NUL) {
            true => ("\u{2400}", NUL.len()),
            false => (&escape[..2], 2),
        };
        text.push_str(&rest[..at]);
        text.push_str(stands);
        rest = &escape[length..];
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_becomes_its_picture_and_nothing_else_does() {
        let text = serde_json::to_string(&["a\0b", "\\u0000", "é\n\"\0"]).unwrap();
        let read: Vec<String> = serde_json::from_str(&without_nul(text)).unwrap();
        assert_eq!(read, ["a\u{2400}b", "\\u0000", "é\n\"\u{2400}"]);
    }
}
