//! The command `serve`: the board over HTTP, and its page.
//!
//! ```text
//! launch ─► http (connections, limits) ─► routes ─┬─► access (tokens)   ─► store
//!                                                 ├─► api (calls) ─► board
//!                                                 └─► page (pages) ─► board
//! ```
//!
//! One thread has the runtime; what may block is called on a pool of threads that is bounded.

mod access;
mod api;
mod audit_entry;
mod board_watch;
mod first_token;
mod http;
pub(crate) mod launch;
mod page;
mod plain_page;
mod request_counters;
mod routes;
pub(crate) mod serve_request;
mod server_metrics;
mod server_shared;
mod signal_stream;
pub(crate) mod store;
mod viewer;

pub(crate) use audit_entry::{AuditEntry, AuditTrail};
pub(crate) use viewer::{Projects, Role};
