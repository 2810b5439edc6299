//! A change of the mutes of a chain by a command.

use std::io;
use std::time::Duration;

use super::mutes_form;
use crate::core::time::Moment;
use crate::mute::wish::Mute;
use crate::unix::files::FileLockGuard;
use crate::unix::trusted_paths::{PrivateDir, UntrustedPath};
use crate::unix::waiter::Waiter;
use crate::unix::{boot, clock};

/// How long another command may take that changes the same.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Why nothing was changed.
#[derive(Debug)]
pub(crate) enum MuteChangeError {
    /// The directory or a file of it cannot be used.
    Path(UntrustedPath),
    /// The machine has nothing left to wait with.
    Machine(io::Error),
    /// Another command changes the same all the time.
    Busy,
}

/// Changes the mutes of a chain; those that are over go. Returns why the former ones could not be
/// read, where that was so: then they are lost.
///
/// # Errors
///
/// When nothing was changed.
pub(crate) fn apply(
    state_dir: &PrivateDir,
    chain: &str,
    change: impl FnOnce(&mut Vec<Mute>, Moment),
) -> Result<Option<String>, MuteChangeError> {
    let _lock = lock(state_dir)?;
    // After the lock: what another command wrote just before must not lie ahead.
    let now = clock::now();
    let (mut all, unread) = match mutes_form::read(state_dir, chain) {
        Ok(all) => (all, None),
        Err(why) => (Vec::new(), Some(why)),
    };
    let boot = boot::id();
    all.retain(|mute| mute.ends(now, &boot).is_some());
    change(&mut all, now);
    let name = mutes_form::file_name(chain);
    let written = state_dir.replace(&name, &mutes_form::encode(all));
    written.map_err(|error| MuteChangeError::Path(state_dir.io_error(&name, error)))?;
    Ok(unread)
}

/// Two commands at once must not lose what one of them wished.
fn lock(state_dir: &PrivateDir) -> Result<FileLockGuard, MuteChangeError> {
    let end = clock::mono() + PATIENCE;
    let mut waiter = Waiter::new().map_err(MuteChangeError::Machine)?;
    loop {
        let lock = state_dir.try_lock(mutes_form::LOCK);
        match lock.map_err(MuteChangeError::Path)? {
            Some(lock) => return Ok(lock),
            None if clock::mono() < end => {
                let look = clock::mono() + LOOK_AGAIN;
                waiter
                    .wait([None], look)
                    .map_err(MuteChangeError::Machine)?;
            }
            None => return Err(MuteChangeError::Busy),
        }
    }
}
