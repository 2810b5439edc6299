//! The registration of a worker at a server: a token that many workers share becomes one of its
//! own.

use std::io;
use std::path::Path;

use super::board_place::{self, BoardPlace, refused};
use crate::board::{BoardError, BoardResult, MissingBoard, register_worker};
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::core::settings::Settings;
use crate::unix::files::parent;
use crate::unix::secret_file;
use crate::unix::trusted_paths::PrivateDir;

/// Gets a token for a worker by a registration token in a file, unless the server knows the one
/// that the worker has already.
///
/// # Errors
///
/// When the server refuses, or the token cannot be written.
pub(crate) fn register(settings: &Settings, name: &str, file: &Path) -> CommandResult {
    let BoardPlace::Http(server) = BoardPlace::of(settings) else {
        let message = "`--register` is for a board behind a server, and `[board]` names none";
        return Err(CommandError::new(exit::USAGE, message)
            .hint("write `address = \"https://HOST:7400\"` in `[board]`"));
    };
    let Some(token_file) = BoardPlace::token_file(settings) else {
        return Ok(());
    };
    if token_file.exists() && is_known(settings).map_err(refused)? {
        return Ok(());
    }
    let registration = secret_file::read(file).map_err(|error| {
        let message = format!("the registration token cannot be read: {error}");
        CommandError::new(exit::NO_PERMISSION, message).hint(error.remedy())
    })?;
    let token = register_worker(&server, &registration, name).map_err(refused)?;
    write(&token_file, &token).map_err(|error| {
        let place = token_file.display();
        let message = format!("the token cannot be written to {place}: {error}");
        CommandError::new(exit::UNSAFE_DIRECTORY, message)
    })?;
    log::info!("Registered at {}", server.place());
    Ok(())
}

/// Writes a token so that its owner alone can read it, whole or not at all.
fn write(path: &Path, token: &str) -> io::Result<()> {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or(io::ErrorKind::InvalidInput)?;
    let dir = match parent(path).exists() {
        true => PrivateDir::existing_to_drop(parent(path)),
        // STATE_DIR of a worker that begins for the first time.
        false => PrivateDir::open(parent(path)),
    };
    let dir = dir.map_err(io::Error::other)?;
    dir.write_durably(name, format!("{token}\n").as_bytes())
}

/// Returns whether the server knows the token that the worker has.
fn is_known(settings: &Settings) -> BoardResult<bool> {
    let board = board_place::open(settings, MissingBoard::Refuse)?;
    match board.identity() {
        Ok(_) => Ok(true),
        Err(BoardError::NotAllowed { .. }) => Ok(false),
        // The server is away: it is asked again by the worker.
        Err(error) if error.may_pass() => Ok(true),
        Err(error) => Err(error),
    }
}
