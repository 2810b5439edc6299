//! The command `serve`: the board over HTTP, and its page.

mod api;
mod audit_entry;
mod page;
mod viewer;

pub(crate) use viewer::{Projects, Role, Viewer};
