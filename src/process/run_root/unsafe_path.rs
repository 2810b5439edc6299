//! Why a directory or a file cannot be relied on, in words, with what to do.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;

/// A directory or a file that cannot be relied on; nothing was changed.
#[derive(Debug)]
pub(crate) struct UnsafePath {
    path: PathBuf,
    problem: Problem,
}

#[derive(Debug)]
pub(super) enum Problem {
    Io(io::Error),
    ForeignDirectory(u32),
    /// Closed to us, by whom where that can be seen.
    Closed(Option<u32>),
    WritableByOthers(u32),
    Symlink,
    NotAFile(&'static str),
    Links(libc::nlink_t),
    ForeignFile(u32),
    NeverStill,
}

impl UnsafePath {
    pub(super) fn new(path: &Path, problem: Problem) -> Self {
        UnsafePath {
            path: path.to_owned(),
            problem,
        }
    }

    /// Returns whether it is somebody else's, who is to be asked.
    pub(crate) fn is_foreign(&self) -> bool {
        match &self.problem {
            Problem::ForeignDirectory(_) | Problem::ForeignFile(_) | Problem::Closed(_) => true,
            Problem::Io(error) => error.kind() == io::ErrorKind::PermissionDenied,
            _ => false,
        }
    }

    pub(super) fn is_missing(&self) -> bool {
        matches!(&self.problem, Problem::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

impl fmt::Display for UnsafePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        let ours = geteuid();
        match &self.problem {
            Problem::Io(_) => write!(
                f,
                "cannot use `{path}`; name a directory that uid {ours} may write, with `--run-root` for instance"
            ),
            Problem::ForeignDirectory(uid) => write!(
                f,
                "`{path}` belongs to uid {uid}, not to us (uid {ours}) or root; choose another directory or `chown` it"
            ),
            Problem::Closed(owner) => {
                let whose =
                    owner.map_or_else(String::new, |uid| format!(" belongs to uid {uid}, and"));
                write!(
                    f,
                    "`{path}`{whose} is closed to us (uid {ours}); run as its user, or name another directory, with `--run-root` for instance"
                )
            }
            Problem::WritableByOthers(mode) => write!(
                f,
                "`{path}` can be written by others (mode {mode:04o}), who could replace our files; `chmod go-w` it"
            ),
            Problem::Symlink => write!(
                f,
                "`{path}` is a symbolic link, which is never followed; remove it"
            ),
            Problem::NotAFile(kind) => {
                write!(f, "`{path}` is {kind}, not a regular file; remove it")
            }
            Problem::Links(links) => write!(
                f,
                "`{path}` has {links} names (hard links), so that it may be somebody else's file; remove it"
            ),
            Problem::ForeignFile(uid) => write!(
                f,
                "`{path}` belongs to uid {uid}, not to us (uid {ours}); run as that user, or remove it"
            ),
            Problem::NeverStill => {
                write!(f, "`{path}` is deleted again and again while we open it")
            }
        }
    }
}

impl Problem {
    /// Tells what is closed to us because it is another's from what the disk refuses.
    pub(super) fn of_opening(error: io::Error, owner: impl FnOnce() -> Option<u32>) -> Self {
        if error.kind() != io::ErrorKind::PermissionDenied {
            return Problem::Io(error);
        }
        match owner() {
            Some(uid) if uid == geteuid().as_raw() => Problem::Io(error),
            owner => Problem::Closed(owner),
        }
    }
}

impl Error for UnsafePath {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.problem {
            Problem::Io(error) => Some(error),
            _ => None,
        }
    }
}
