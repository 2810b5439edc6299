//! The token of the first start, with which an administrator logs in.

use std::io;

use super::store::{NewToken, SecretText, ServerStore, StoreError};
use super::viewer::{Projects, Role};
use crate::config::server::ListenAddress;
use crate::core::time::unix_millis;
use crate::unix::clock;
use crate::unix::trusted_paths::PrivateDir;

/// The file with the token, in STATE_DIR.
const FILE: &str = "admin_token";
/// The name of the token.
const NAME: &str = "admin";

/// Creates the token of an administrator where there was never a token; returns its secret.
///
/// # Errors
///
/// When the file of the server, or that of the token, cannot be written.
pub(crate) fn create(
    store: &ServerStore,
    state_dir: &PrivateDir,
) -> Result<Option<SecretText>, StoreError> {
    if store.has_tokens()? {
        return Ok(None);
    }
    let token = NewToken {
        name: NAME.to_owned(),
        role: Role::Admin,
        projects: Projects::All,
        expires: None,
        made_by: "first start".to_owned(),
        is_registered: false,
    };
    let secret = match store.add_token(&token, unix_millis(clock::wall())) {
        Ok((_, secret)) => secret,
        // Another server has just started for the first time.
        Err(StoreError::NameTaken(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let place = state_dir.path().join(FILE);
    let content = format!("{}\n", secret.reveal());
    let written = state_dir.write_durably(FILE, content.as_bytes());
    written.map_err(|error: io::Error| StoreError::Unusable {
        place: place.display().to_string(),
        why: error.to_string(),
    })?;
    log::info!(
        "Created a token of the role admin: it is in {}",
        place.display()
    );
    Ok(Some(secret))
}

/// Returns what a person at the terminal is shown once.
pub(crate) fn invitation(secret: &SecretText, address: &ListenAddress, is_tls: bool) -> String {
    let token = secret.reveal();
    let scheme = if is_tls { "https" } else { "http" };
    match address {
        ListenAddress::Tcp(at) if at.ip().is_loopback() => {
            format!("\nLog in: {scheme}://{at}/login?token={token}\n\n")
        }
        _ => format!("\nLog in with this token: {token}\n\n"),
    }
}
