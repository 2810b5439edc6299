//! The tasks of the stock binary, one file each. They use the library only by its public API.

pub mod retry_deferred;
pub mod send_mail;
