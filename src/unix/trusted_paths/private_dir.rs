//! A directory that is ours, reached through its descriptor.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, fstatat, mkdirat, stat};

use super::absolute::absolute;
use super::identity::Identity;
use super::trust;
use super::untrusted_path::{PathProblem, UntrustedPath};
use super::way::{self, Missing};

/// Read, and not through a link.
pub(super) const TO_LIST: OFlag = OFlag::O_RDONLY
    .union(OFlag::O_DIRECTORY)
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_CLOEXEC);

/// A directory that nobody but us and root can change what we rely on in.
#[derive(Clone, Debug)]
pub(crate) struct PrivateDir {
    pub(super) dir: Arc<OwnedFd>,
    pub(super) path: Arc<Path>,
    /// The whole path, whatever our working directory is; `None`: the path does not lead here.
    pub(super) place: Option<Arc<Path>>,
}

impl PrivateDir {
    /// Opens the directory; makes it, and what is missing above it, with mode 0700.
    ///
    /// # Errors
    ///
    /// When it cannot be made or opened, belongs to neither us nor root, or can be written by
    /// others; to root the same is forbidden of every directory above it.
    pub(crate) fn open(path: &Path) -> Result<Self, UntrustedPath> {
        match PrivateDir::walk(path, Missing::Made)? {
            Some(root) => Ok(root),
            None => Err(UntrustedPath::new(
                path,
                PathProblem::Io(Errno::ENOENT.into()),
            )),
        }
    }

    /// Opens the directory if it is there; makes nothing.
    ///
    /// # Errors
    ///
    /// See [`PrivateDir::open`].
    pub(crate) fn open_existing(path: &Path) -> Result<Option<Self>, UntrustedPath> {
        PrivateDir::walk(path, Missing::Left)
    }

    /// Opens a directory into which files are put for others, whose own it may be: what is above it
    /// alone says which directory it is. Makes it when it is missing.
    ///
    /// # Errors
    ///
    /// When it cannot be made or opened; to root also when others can change a directory above it.
    pub(crate) fn open_to_drop(path: &Path) -> Result<Self, UntrustedPath> {
        PrivateDir::at(path, way::walk(path, Missing::Made)?.beyond_doubt()?)
    }

    /// As [`PrivateDir::open_to_drop`], of a directory that is there.
    ///
    /// # Errors
    ///
    /// The same; and when it is missing.
    pub(crate) fn existing_to_drop(path: &Path) -> Result<Self, UntrustedPath> {
        let end = way::walk(path, Missing::Left)?.beyond_doubt()?;
        match end.is_whole {
            true => PrivateDir::at(path, end),
            false => Err(UntrustedPath::new(
                path,
                PathProblem::Io(Errno::ENOENT.into()),
            )),
        }
    }

    fn walk(path: &Path, missing: Missing) -> Result<Option<Self>, UntrustedPath> {
        let end = way::walk(path, missing)?;
        if !end.is_whole {
            return Ok(None);
        }
        let judged = trust::judge_directory(&end.stat);
        judged.map_err(|problem| UntrustedPath::new(path, problem))?;
        PrivateDir::at(path, end.beyond_doubt()?).map(Some)
    }

    pub(super) fn at(path: &Path, end: way::WayEnd) -> Result<Self, UntrustedPath> {
        let wrong = |problem| UntrustedPath::new(path, problem);
        let dir = openat(&end.dir, ".", TO_LIST, Mode::empty());
        let owner = || Some(end.stat.st_uid);
        let dir = dir.map_err(|errno| wrong(PathProblem::of_opening(errno.into(), owner)))?;
        let leads_here = |place: &PathBuf| {
            let found = stat(place).map(|stat| Identity::of(&stat));
            found == Ok(Identity::of(&end.stat))
        };
        Ok(PrivateDir {
            dir: Arc::new(dir),
            path: path.into(),
            place: absolute(path).filter(leads_here).map(Into::into),
        })
    }

    /// Opens a directory in this one; makes it with mode 0700 when it is missing.
    ///
    /// # Errors
    ///
    /// When it is a link or no directory, belongs to neither us nor root, can be written by others,
    /// or cannot be made.
    pub(crate) fn below(&self, name: &str) -> Result<Self, UntrustedPath> {
        if let Some(there) = self.below_existing(name)? {
            return Ok(there);
        }
        match mkdirat(&self.dir, name, Mode::S_IRWXU) {
            Ok(()) | Err(Errno::EEXIST) => {}
            Err(errno) => return Err(self.wrong(name, PathProblem::Io(errno.into()))),
        }
        let gone = || self.wrong(name, PathProblem::NeverStill);
        self.below_existing(name)?.ok_or_else(gone)
    }

    /// Opens a directory in this one; `None` when it is missing.
    ///
    /// # Errors
    ///
    /// See [`PrivateDir::below`].
    pub(crate) fn below_existing(&self, name: &str) -> Result<Option<Self>, UntrustedPath> {
        let wrong = |problem| self.wrong(name, problem);
        let dir = match openat(&self.dir, name, TO_LIST, Mode::empty()) {
            Ok(dir) => dir,
            Err(Errno::ENOENT) => return Ok(None),
            Err(errno) => return Err(wrong(self.why_closed(name, errno))),
        };
        let stat = fstat(&dir).map_err(|errno| wrong(PathProblem::Io(errno.into())))?;
        trust::judge_directory(&stat).map_err(wrong)?;
        Ok(Some(PrivateDir {
            dir: Arc::new(dir),
            path: self.path.join(name).into(),
            place: self.place.as_ref().map(|place| place.join(name).into()),
        }))
    }

    /// Checks a directory in this one, if it is there. One that the disk keeps from us is no matter
    /// of trust.
    ///
    /// # Errors
    ///
    /// When it is a link, belongs to neither us nor root, or can be written by others.
    pub(crate) fn judge_below(&self, name: &str) -> Result<(), UntrustedPath> {
        match self.below_existing(name) {
            Err(error) if error.is_distrust() => Err(error),
            _ => Ok(()),
        }
    }

    fn why_closed(&self, name: &str, errno: Errno) -> PathProblem {
        let stat = fstatat(&self.dir, name, AtFlags::AT_SYMLINK_NOFOLLOW).ok();
        let is_link = |stat: FileStat| stat.st_mode & libc::S_IFMT == SFlag::S_IFLNK.bits();
        match stat.is_some_and(is_link) {
            true => PathProblem::Symlink,
            false => PathProblem::of_opening(errno.into(), || stat.map(|stat| stat.st_uid)),
        }
    }

    /// Returns the path that it was opened by, for people.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns whether the path still leads to this directory. A look that fails for another reason
    /// than that nothing is there proves nothing.
    pub(crate) fn is_in_its_place(&self) -> bool {
        let Some(place) = &self.place else {
            return true;
        };
        match stat(&**place) {
            Ok(found) => self
                .identity()
                .map_or(true, |ours| ours == Identity::of(&found)),
            // What was deleted is nowhere; its files say so themselves.
            Err(Errno::ENOENT | Errno::ENOTDIR) => {
                fstat(&self.dir).is_ok_and(|stat| stat.st_nlink == 0)
            }
            Err(_) => true,
        }
    }

    /// Opens what is in its place now.
    ///
    /// # Errors
    ///
    /// See [`PrivateDir::open`].
    pub(crate) fn now_in_its_place(&self) -> Result<Option<Self>, UntrustedPath> {
        PrivateDir::open_existing(self.place.as_deref().unwrap_or(&self.path))
    }

    /// Returns the device and inode of the directory itself.
    pub(crate) fn identity(&self) -> io::Result<Identity> {
        Ok(Identity::of(&fstat(&self.dir)?))
    }

    pub(super) fn wrong(&self, name: impl AsRef<Path>, problem: PathProblem) -> UntrustedPath {
        UntrustedPath::new(&self.path.join(name), problem)
    }
}

impl AsFd for PrivateDir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.dir.as_fd()
    }
}
