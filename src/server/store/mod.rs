//! The file of the server: tokens, logins, and what users have done. `STATE_DIR/server.sqlite`.

mod audit_rows;
mod login_rows;
mod secret_text;
mod server_store;
mod store_error;
mod token_record;
mod token_rows;

#[cfg(test)]
mod tests;

pub(crate) use secret_text::{SecretText, is_same_secret};
pub(crate) use server_store::ServerStore;
pub(crate) use store_error::StoreError;
pub(crate) use token_record::{NewToken, TokenRecord};
