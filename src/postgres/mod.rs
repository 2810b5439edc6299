//! Connections to PostgreSQL, for locks and for the board: TLS where they leave the machine, errors
//! in words, LISTEN where no pooler stands between.

mod connection;
mod listener;
mod pg_error;

pub(crate) use connection::{PgAccess, PgConnection, PgConnector};
pub(crate) use listener::PgListener;
pub(crate) use pg_error::PgError;

use tokio_postgres::types::{ToSql, Type};

/// A value of a statement, with its type: so that nothing is prepared.
pub(crate) type PgParam<'a> = (&'a (dyn ToSql + Sync), Type);
