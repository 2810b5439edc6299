//! Connections: accepted up to a limit, read under time limits, answered one request after the
//! other.
//!
//! ```text
//! listener ─► accept_loop ─► connection ─► hyper ─► routes
//!                 │              │ head_guard, timed_stream below it
//!            connection_table: how many, which of them wait
//! ```

mod accept_loop;
mod client;
mod connection;
mod connection_table;
mod head_guard;
mod host_check;
mod listener;
mod refusal;
mod request_body;
mod safe_path;
mod security_headers;
mod timed_stream;
mod tls;

pub(crate) use accept_loop::AcceptLoop;
pub(crate) use client::{ClientAddress, is_proxied};
pub(crate) use connection::{AnswerFuture, RequestAnswerer};
pub(crate) use connection_table::ConnectionTable;
pub(crate) use host_check::HostCheck;
pub(crate) use listener::ServerListener;
pub(crate) use refusal::HttpRefusal;
pub(crate) use request_body::{MOST_OF_CALL, MOST_OF_FORM, whole_body};
pub(crate) use safe_path::{decoded_pairs, decoded_path, is_own_path};
pub(crate) use security_headers::add_security_headers;
pub(crate) use tls::TlsAcceptance;
