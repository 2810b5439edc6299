//! Where the board is.

use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::board::{
    BOARD_FILE, Board, BoardError, BoardResult, BoardSettings, HttpSettings, MissingBoard,
    PostgresSettings, open_http, open_postgres, open_sqlite,
};
use crate::core::command_error::CommandError;
use crate::core::exit;
use crate::core::settings::{BoardHttp, BoardLocation, BoardServer, Settings};

/// Opens the board of a configuration.
///
/// # Errors
///
/// When the board cannot be used.
pub(crate) fn open(settings: &Settings, missing: MissingBoard) -> BoardResult<Arc<dyn Board>> {
    let opening = BoardSettings {
        missing,
        ..BoardSettings::default()
    };
    match BoardPlace::of(settings) {
        BoardPlace::File(path) => open_sqlite(&path, &opening),
        BoardPlace::Server(server) => open_postgres(&server, &opening),
        BoardPlace::Http(server) => open_http(&server, &opening),
    }
}

/// The place of a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BoardPlace {
    /// A SQLite file.
    File(PathBuf),
    /// A database of PostgreSQL.
    Server(PostgresSettings),
    /// A server of this program.
    Http(HttpSettings),
}

impl BoardPlace {
    /// Returns the place of the board of a configuration.
    pub(crate) fn of(settings: &Settings) -> Self {
        match &settings.board {
            BoardLocation::InStateDir => BoardPlace::File(settings.state_dir.join(BOARD_FILE)),
            BoardLocation::File(path) => BoardPlace::File(path.clone()),
            BoardLocation::Postgres(server) => BoardPlace::Server(of_server(server)),
            BoardLocation::Http(server) => BoardPlace::Http(of_http(server, settings)),
        }
    }

    /// Returns whether the board is reached through a server of this program.
    pub(crate) fn is_behind_server(&self) -> bool {
        matches!(self, BoardPlace::Http(_))
    }

    /// Returns the file for the token of a board behind a server.
    pub(crate) fn token_file(settings: &Settings) -> Option<PathBuf> {
        match &settings.board {
            BoardLocation::Http(server) => {
                let own = || settings.state_dir.join(TOKEN_FILE);
                Some(server.token_file.clone().unwrap_or_else(own))
            }
            _ => None,
        }
    }

    /// Returns whether a look shows that there is no board: a server has to be asked.
    pub(crate) fn is_missing(&self) -> bool {
        match self {
            BoardPlace::File(path) => !path.exists(),
            BoardPlace::Server(_) | BoardPlace::Http(_) => false,
        }
    }

    /// Returns how long the holder of a job may go on unheard, where its definition has no lease.
    /// A server that another host can reach is worth a short one; a file is not heard of elsewhere.
    pub(crate) fn usual_lease(&self) -> Duration {
        match self {
            BoardPlace::File(_) => Duration::from_secs(5 * 60),
            BoardPlace::Server(_) | BoardPlace::Http(_) => Duration::from_secs(60),
        }
    }
}

impl fmt::Display for BoardPlace {
    /// Prints the place for people; addresses have no password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BoardPlace::File(path) => write!(f, "{}", path.display()),
            BoardPlace::Server(server) => {
                let address = &server.address;
                f.write_str(address.split_once('?').map_or(address, |(place, _)| place))
            }
            BoardPlace::Http(server) => f.write_str(server.base()),
        }
    }
}

fn of_server(server: &BoardServer) -> PostgresSettings {
    let BoardServer {
        address,
        listen,
        username,
        password_file,
        ca_file,
    } = server.clone();
    PostgresSettings {
        address,
        listen,
        username,
        password_file,
        ca_file,
    }
}

/// The file in STATE_DIR with the token that a worker has got.
const TOKEN_FILE: &str = "board_token";

fn of_http(server: &BoardHttp, settings: &Settings) -> HttpSettings {
    let got = settings.state_dir.join(TOKEN_FILE);
    let written = server.token_file.clone();
    HttpSettings {
        address: server.address.clone(),
        // On loopback a server may ask for none.
        token_file: written.or_else(|| got.exists().then_some(got)),
        ca_file: server.ca_file.clone(),
    }
}

/// The file of an open board, by which a worker sees that it was removed or replaced.
#[derive(Clone, Debug)]
pub(crate) enum BoardFile {
    /// A file, with what it was when the board was opened.
    Local {
        /// Where the file is.
        path: PathBuf,
        /// Device and inode.
        identity: Option<(u64, u64)>,
    },
    /// No file: the board is a server's.
    Remote,
}

impl BoardFile {
    /// Remembers the file that is there now.
    pub(crate) fn of(settings: &Settings) -> Self {
        match BoardPlace::of(settings) {
            BoardPlace::File(path) => BoardFile::Local {
                identity: identity(&path),
                path,
            },
            BoardPlace::Server(_) | BoardPlace::Http(_) => BoardFile::Remote,
        }
    }

    /// Returns whether the same file is there still.
    pub(crate) fn is_in_its_place(&self) -> bool {
        match self {
            BoardFile::Local { path, identity: id } => id.is_some() && identity(path) == *id,
            BoardFile::Remote => true,
        }
    }
}

/// Returns device and inode of a file.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let found = std::fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

/// Returns the error of a command for that of a board.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(crate) fn refused(error: BoardError) -> CommandError {
    let code = match &error {
        BoardError::KeyTaken { .. } | BoardError::NoWorker(_) => exit::FAILED,
        BoardError::NoSuchJob(_) | BoardError::NoSuchBatch(_) | BoardError::Malformed(_) => {
            exit::USAGE
        }
        BoardError::NotAllowed { .. } => exit::NO_PERMISSION,
        _ => exit::UNAVAILABLE,
    };
    let refusal = CommandError::of(code, &error);
    match error.remedy() {
        Some(remedy) => refusal.hint(remedy),
        None => refusal,
    }
}
