//! Why a directory or a file cannot be relied on, in words, with what to do.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{fmt, io};

use nix::unistd::geteuid;

use super::super::resource_check::{self, is_shortage};
use crate::core::command_error::CommandError;
use crate::core::exit;

/// A directory or a file that cannot be relied on; nothing was changed.
#[derive(Debug)]
pub(crate) struct UntrustedPath {
    path: PathBuf,
    problem: PathProblem,
}

#[derive(Debug)]
pub(super) enum PathProblem {
    Io(io::Error),
    ForeignDirectory(u32),
    /// Closed to us, by whom where that can be seen.
    Closed(Option<u32>),
    WritableByOthers(u32),
    /// A directory above this path belongs to another user.
    ForeignAbove(u32, PathBuf),
    /// A directory above this path can be written by others.
    OpenAbove(u32, PathBuf),
    /// The target of a link is not there.
    LinkToNothing,
    /// Of the kernel: nothing that is made there stays as it was made.
    KeepsNoFiles,
    Symlink,
    NotAFile(&'static str),
    Links(libc::nlink_t),
    ForeignFile(u32),
    NeverStill,
}

impl UntrustedPath {
    /// What to do about what is another's.
    pub(crate) const ANOTHERS: &'static str = "chains of another user are seen by that user alone: ask as that user, with `sudo -u` for instance";

    /// Returns the error of a command that cannot look at what is here: because it is another's, or
    /// because it cannot be relied on.
    pub(crate) fn cannot_look(&self) -> CommandError {
        if self.is_foreign() {
            CommandError::of(exit::NO_PERMISSION, self).hint(UntrustedPath::ANOTHERS)
        } else {
            CommandError::of(self.exit_code(), self)
        }
    }

    pub(super) fn new(path: &Path, problem: PathProblem) -> Self {
        UntrustedPath {
            path: path.to_owned(),
            problem,
        }
    }

    /// Returns whether it is another user's, who is to be asked.
    pub(crate) fn is_foreign(&self) -> bool {
        match &self.problem {
            PathProblem::ForeignDirectory(_)
            | PathProblem::ForeignFile(_)
            | PathProblem::Closed(_) => true,
            PathProblem::Io(error) => error.kind() == io::ErrorKind::PermissionDenied,
            _ => false,
        }
    }

    /// Returns the exit code of a process that ends with it.
    pub(crate) fn exit_code(&self) -> u8 {
        match &self.problem {
            PathProblem::Io(error) => resource_check::exit_code(error),
            _ => exit::UNSAFE_DIRECTORY,
        }
    }

    /// Returns whether it is no trouble of the disk: what is there must not be used.
    pub(crate) fn is_distrust(&self) -> bool {
        !matches!(&self.problem, PathProblem::Io(_) | PathProblem::NeverStill)
    }

    /// Returns whether what is there is no regular file: it was never written by us.
    pub(crate) fn is_no_file(&self) -> bool {
        matches!(
            &self.problem,
            PathProblem::Symlink | PathProblem::NotAFile(_)
        )
    }

    /// Returns whether it is a symbolic link.
    pub(crate) fn is_link(&self) -> bool {
        matches!(&self.problem, PathProblem::Symlink)
    }

    pub(crate) fn is_missing(&self) -> bool {
        matches!(&self.problem, PathProblem::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

impl UntrustedPath {
    /// Returns what is wrong, with its causes.
    pub(crate) fn why(&self) -> String {
        match &self.problem {
            PathProblem::Io(error) => format!("{}: {error}", self.what()),
            _ => self.what(),
        }
    }

    fn what(&self) -> String {
        let path = self.path.display();
        let ours = geteuid();
        match &self.problem {
            PathProblem::Io(_) => format!("cannot use `{path}`"),
            PathProblem::ForeignDirectory(uid) => {
                format!("`{path}` belongs to uid {uid}, not to us (uid {ours}) or root")
            }
            PathProblem::Closed(owner) => {
                let whose =
                    owner.map_or_else(String::new, |uid| format!(" belongs to uid {uid}, and"));
                format!("`{path}`{whose} is closed to us (uid {ours})")
            }
            PathProblem::WritableByOthers(mode) => format!(
                "`{path}` can be written by others (mode {mode:04o}), who could replace our files"
            ),
            PathProblem::ForeignAbove(uid, below) => format!(
                "`{path}` belongs to uid {uid}, not to us (uid {ours}) or root, and decides what `{}` is",
                below.display()
            ),
            PathProblem::OpenAbove(mode, below) => format!(
                "`{path}` can be written by others (mode {mode:04o}), who decide what `{}` is",
                below.display()
            ),
            PathProblem::LinkToNothing => {
                format!("`{path}` leads through a link to a directory that is not there")
            }
            PathProblem::KeepsNoFiles => {
                format!("`{path}` is on a file system of the kernel's own, which keeps no files")
            }
            PathProblem::Symlink => format!("`{path}` is a symbolic link, which is never followed"),
            PathProblem::NotAFile(kind) => format!("`{path}` is {kind}, not a regular file"),
            PathProblem::Links(links) => format!(
                "`{path}` has {links} names (hard links), so that it may be somebody else's file"
            ),
            PathProblem::ForeignFile(uid) => {
                format!("`{path}` belongs to uid {uid}, not to us (uid {ours})")
            }
            PathProblem::NeverStill => {
                format!("`{path}` is deleted again and again while we open it")
            }
        }
    }

    /// Returns what to do about it, if that is known.
    pub(crate) fn remedy(&self) -> Option<String> {
        let ours = geteuid();
        let remedy = match &self.problem {
            PathProblem::Io(error) if is_shortage(error) => resource_check::remedy(error),
            PathProblem::Io(_) => {
                return Some(format!(
                    "name a directory that uid {ours} may write, with `--run-root` for instance"
                ));
            }
            PathProblem::ForeignDirectory(_) => "choose another directory or `chown` it",
            PathProblem::Closed(_) => {
                "run as its user, or name another directory, with `--run-root` for instance"
            }
            PathProblem::WritableByOthers(mode) if mode & 0o1000 != 0 => {
                "name a directory of its own in it, or `chmod go-w` it if nothing else uses it"
            }
            PathProblem::OpenAbove(mode, _) if mode & 0o1000 != 0 => {
                "name another directory: what another user made there stays the other's"
            }
            PathProblem::WritableByOthers(_) | PathProblem::OpenAbove(..) => "`chmod go-w` it",
            PathProblem::ForeignAbove(..) => {
                "name a directory with only root's above it, as in /var/lib, or `chown` that one"
            }
            PathProblem::LinkToNothing => "make that directory, or remove the link",
            PathProblem::KeepsNoFiles => "name another directory",
            PathProblem::Symlink | PathProblem::NotAFile(_) | PathProblem::Links(_) => "remove it",
            PathProblem::ForeignFile(_) => "run as that user, or remove it",
            PathProblem::NeverStill => return None,
        };
        Some(remedy.to_owned())
    }
}

impl fmt::Display for UntrustedPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what())?;
        match self.remedy() {
            Some(remedy) => write!(f, "; {remedy}"),
            None => Ok(()),
        }
    }
}

impl PathProblem {
    /// Tells what is closed to us because it is another's from what the disk refuses.
    pub(super) fn of_opening(error: io::Error, owner: impl FnOnce() -> Option<u32>) -> Self {
        if error.kind() != io::ErrorKind::PermissionDenied {
            return PathProblem::Io(error);
        }
        match owner() {
            Some(uid) if uid == geteuid().as_raw() => PathProblem::Io(error),
            owner => PathProblem::Closed(owner),
        }
    }
}

impl From<UntrustedPath> for io::Error {
    fn from(error: UntrustedPath) -> Self {
        match error.problem {
            PathProblem::Io(error) => error,
            _ => io::Error::other(error),
        }
    }
}

impl Error for UntrustedPath {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.problem {
            PathProblem::Io(error) => Some(error),
            _ => None,
        }
    }
}
