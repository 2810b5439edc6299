//! Why a directory or a file cannot be relied on, in words, with what to do.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;

use crate::exit;
use crate::process::reserve::{self, is_shortage};

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
    /// Of the kernel: nothing that is made there stays as it was made.
    KeepsNoFiles,
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

    /// Returns the exit code of a process that ends with it.
    pub(crate) fn exit_code(&self) -> u8 {
        match &self.problem {
            Problem::Io(error) => reserve::exit_code(error),
            _ => exit::UNSAFE_DIRECTORY,
        }
    }

    pub(super) fn is_missing(&self) -> bool {
        matches!(&self.problem, Problem::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

impl UnsafePath {
    /// Returns what is wrong, with its causes.
    pub(crate) fn why(&self) -> String {
        match &self.problem {
            Problem::Io(error) => format!("{}: {error}", self.what()),
            _ => self.what(),
        }
    }

    fn what(&self) -> String {
        let path = self.path.display();
        let ours = geteuid();
        match &self.problem {
            Problem::Io(_) => format!("cannot use `{path}`"),
            Problem::ForeignDirectory(uid) => {
                format!("`{path}` belongs to uid {uid}, not to us (uid {ours}) or root")
            }
            Problem::Closed(owner) => {
                let whose =
                    owner.map_or_else(String::new, |uid| format!(" belongs to uid {uid}, and"));
                format!("`{path}`{whose} is closed to us (uid {ours})")
            }
            Problem::WritableByOthers(mode) => format!(
                "`{path}` can be written by others (mode {mode:04o}), who could replace our files"
            ),
            Problem::KeepsNoFiles => {
                format!("`{path}` is on a file system of the kernel's own, which keeps no files")
            }
            Problem::Symlink => format!("`{path}` is a symbolic link, which is never followed"),
            Problem::NotAFile(kind) => format!("`{path}` is {kind}, not a regular file"),
            Problem::Links(links) => format!(
                "`{path}` has {links} names (hard links), so that it may be somebody else's file"
            ),
            Problem::ForeignFile(uid) => {
                format!("`{path}` belongs to uid {uid}, not to us (uid {ours})")
            }
            Problem::NeverStill => format!("`{path}` is deleted again and again while we open it"),
        }
    }

    /// Returns what to do about it, if that is known.
    pub(crate) fn remedy(&self) -> Option<String> {
        let ours = geteuid();
        let remedy = match &self.problem {
            Problem::Io(error) if is_shortage(error) => reserve::remedy(error),
            Problem::Io(_) => {
                return Some(format!(
                    "name a directory that uid {ours} may write, with `--run-root` for instance"
                ));
            }
            Problem::ForeignDirectory(_) => "choose another directory or `chown` it",
            Problem::Closed(_) => {
                "run as its user, or name another directory, with `--run-root` for instance"
            }
            Problem::WritableByOthers(_) => "`chmod go-w` it",
            Problem::KeepsNoFiles => "name another directory",
            Problem::Symlink | Problem::NotAFile(_) | Problem::Links(_) => "remove it",
            Problem::ForeignFile(_) => "run as that user, or remove it",
            Problem::NeverStill => return None,
        };
        Some(remedy.to_owned())
    }
}

impl fmt::Display for UnsafePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what())?;
        match self.remedy() {
            Some(remedy) => write!(f, "; {remedy}"),
            None => Ok(()),
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
