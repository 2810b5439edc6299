//! Why a statement did not succeed.

use tokio_postgres::error::SqlState;

use crate::unix::authorities;

/// What to do about a server without TLS.
const NO_TLS: &str = "set `ssl = on` on the server; or, where the network between is trusted, add \
     `?sslmode=disable` to `address`";

/// Why a statement did not succeed.
#[derive(Debug)]
pub(crate) enum PgError {
    /// No answer in time, or none that was whole: the statement may have been carried out.
    NoAnswer(String),
    /// No connection: nothing was sent.
    Unreachable(String),
    /// The server answered with an error.
    Answer {
        /// The code of the error.
        state: SqlState,
        /// The error in the words of the server.
        message: String,
        /// What a function of ours adds for programs.
        detail: Option<String>,
    },
    /// The certificate of the server is not trusted.
    Certificate(String),
    /// The server offers no TLS.
    NoTls(String),
    /// The password cannot be read.
    Secret {
        /// The reason.
        why: String,
        /// What to do about it.
        remedy: String,
    },
    /// The call was interrupted.
    Interrupted,
}

impl PgError {
    /// Returns whether the tables are missing.
    pub(crate) fn lacks_schema(&self) -> bool {
        let PgError::Answer { state, .. } = self else {
            return false;
        };
        [SqlState::UNDEFINED_TABLE, SqlState::INVALID_SCHEMA_NAME].contains(state)
    }

    /// Returns whether another program created the same table at the same moment.
    pub(crate) fn is_there_already(&self) -> bool {
        let PgError::Answer { state, .. } = self else {
            return false;
        };
        [
            SqlState::UNIQUE_VIOLATION,
            SqlState::DUPLICATE_SCHEMA,
            SqlState::DUPLICATE_TABLE,
            SqlState::DUPLICATE_OBJECT,
        ]
        .contains(state)
    }

    /// Returns whether another statement is changing the row at this moment.
    pub(crate) fn is_of_locked_row(&self) -> bool {
        matches!(self, PgError::Answer { state, .. } if *state == SqlState::LOCK_NOT_AVAILABLE)
    }

    /// Returns whether the connection is of no further use.
    pub(crate) fn breaks_connection(&self) -> bool {
        match self {
            PgError::Answer { state, .. } => {
                // A server that is a standby by now is the wrong one.
                is_outage(state) || *state == SqlState::READ_ONLY_SQL_TRANSACTION
            }
            _ => true,
        }
    }

    /// Returns the error in words.
    pub(crate) fn words(self) -> String {
        match self {
            PgError::NoAnswer(why)
            | PgError::Unreachable(why)
            | PgError::Certificate(why)
            | PgError::NoTls(why) => why,
            PgError::Answer { message, .. } => message,
            PgError::Secret { why, .. } => why,
            PgError::Interrupted => "interrupted".to_owned(),
        }
    }

    /// Returns what a person has to do, where nothing else helps.
    pub(crate) fn remedy(&self) -> Option<&str> {
        match self {
            PgError::NoAnswer(_) | PgError::Unreachable(_) | PgError::Interrupted => None,
            PgError::Certificate(_) => Some(authorities::REMEDY),
            PgError::NoTls(_) => Some(NO_TLS),
            PgError::Secret { remedy, .. } => Some(remedy),
            PgError::Answer { state, .. } => remedy(state),
        }
    }
}

impl From<tokio_postgres::Error> for PgError {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(answer) = error.as_db_error() {
            return PgError::Answer {
                state: answer.code().clone(),
                message: answer.message().to_owned(),
                detail: answer.detail().map(str::to_owned),
            };
        }
        let mut words = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            let cause_words = cause.to_string();
            if !words.contains(&cause_words) {
                words = format!("{words}: {cause_words}");
            }
            source = cause.source();
        }
        if words.contains("does not support TLS") {
            return PgError::NoTls(words);
        }
        match words.contains("certificate") {
            true => PgError::Certificate(words),
            false => PgError::NoAnswer(words),
        }
    }
}

/// The classes of errors that pass: connection, shortage, intervention, system.
fn is_outage(state: &SqlState) -> bool {
    ["08", "53", "57", "58", "XX"]
        .iter()
        .any(|class| state.code().starts_with(class))
}

/// Returns what a person has to do, where nothing else helps.
fn remedy(state: &SqlState) -> Option<&'static str> {
    let code = state.code();
    match code {
        "28P01" | "28000" => {
            Some("check `username` and `password_file`, and pg_hba.conf of the server")
        }
        "3D000" => Some("create the database, or name another one in `address`"),
        "42501" => Some(
            "GRANT CREATE ON DATABASE … TO the user once, or let its owner create the schema \
             `run_functions` and GRANT USAGE on it, and SELECT, INSERT, UPDATE on its tables",
        ),
        "42703" | "42804" | "42P10" => Some(
            "the schema `run_functions` is of another version, or of another program: name \
             another database, or start the newest version first",
        ),
        _ if code.starts_with("42") || code.starts_with("0A") => {
            Some("use PostgreSQL 12 or newer; something else answers at this address")
        }
        _ => None,
    }
}
