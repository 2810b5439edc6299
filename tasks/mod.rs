//! The tasks of the stock binary, one file each. They use the library only by its public API.

mod divide_by_zero;
pub(crate) mod retry_deferred;
pub(crate) mod send_mail;
