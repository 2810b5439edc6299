//! What is in a directory of ours: files opened and checked, looked at, moved and removed.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, Flock, FlockArg, OFlag, RenameFlags, openat, renameat, renameat2};
use nix::sys::stat::{FileStat, Mode, fchmod, fstat, fstatat};
use nix::unistd::{UnlinkatFlags, unlinkat};

use super::super::fault_points::step;
use super::super::files::FileLockGuard;
use super::identity::{FileVersion, Identity};
use super::private_dir::{PrivateDir, TO_LIST};
use super::trust::{judge_file, judge_kind, judge_links};
use super::untrusted_path::{PathProblem, UntrustedPath};

pub(super) const OURS_ALONE: Mode = Mode::S_IRUSR.union(Mode::S_IWUSR);
/// O_NONBLOCK: a fifo must not make us wait.
const PLAINLY: OFlag = OFlag::O_NOFOLLOW
    .union(OFlag::O_NONBLOCK)
    .union(OFlag::O_CLOEXEC);

impl PrivateDir {
    /// Opens a file of ours for reading and writing; makes it, empty and with mode 0600, when it is
    /// missing.
    ///
    /// # Errors
    ///
    /// When what is there is not a regular file with one link that belongs to us. It is left as it
    /// is.
    pub(crate) fn open_file(&self, name: &str) -> Result<File, UntrustedPath> {
        // A file that somebody deletes right after it was opened has no link left: then the next
        // look finds another.
        for _ in 0..100 {
            if let Some(file) = self.open_linked(name, OFlag::O_RDWR | OFlag::O_CREAT)? {
                return Ok(file);
            }
        }
        Err(self.wrong(name, PathProblem::NeverStill))
    }

    /// Opens a file of ours for reading; `None` when it is missing.
    ///
    /// # Errors
    ///
    /// When it is not ours.
    pub(crate) fn open_existing_file(&self, name: &str) -> Result<Option<File>, UntrustedPath> {
        match self.open_linked(name, OFlag::O_RDONLY) {
            Err(error) if error.is_missing() => Ok(None),
            opened => opened,
        }
    }

    /// Opens and checks a file; `None` when its last name was taken away at that moment.
    fn open_linked(&self, name: &str, flags: OFlag) -> Result<Option<File>, UntrustedPath> {
        let file = self.open_plainly(name, flags)?;
        let stat = fstat(&file).map_err(|errno| self.wrong(name, PathProblem::Io(errno.into())))?;
        if stat.st_nlink == 0 {
            return Ok(None);
        }
        judge_file(&stat).map_err(|problem| self.wrong(name, problem))?;
        if stat.st_mode & 0o077 != 0 {
            // Whoever can open it can hold its lock. It is ours, so this cannot fail but on a
            // read-only disk, where the lock works still.
            let _ = fchmod(&file, OURS_ALONE);
        }
        Ok(Some(file))
    }

    /// Opens a regular file to append to, which is made with this mode if missing.
    ///
    /// # Errors
    ///
    /// When it is a link, has other names, or is not a regular file.
    pub(crate) fn open_to_append(&self, name: &OsStr, mode: Mode) -> Result<File, UntrustedPath> {
        let flags = OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_CREAT | PLAINLY;
        let io = |errno: Errno| match errno {
            Errno::ELOOP => self.wrong(name, PathProblem::Symlink),
            errno => self.wrong(name, PathProblem::of_opening(errno.into(), || None)),
        };
        let file = File::from(openat(&self.dir, name, flags, mode).map_err(io)?);
        let stat = fstat(&file).map_err(io)?;
        let judged = judge_kind(&stat).and(judge_links(&stat));
        judged.map_err(|problem| self.wrong(name, problem))?;
        Ok(file)
    }

    /// Opens a regular file for reading that another user may have put here: a message in the
    /// queue.
    ///
    /// # Errors
    ///
    /// When it is missing, a link, or not a regular file.
    pub(crate) fn open_regular(&self, name: impl AsRef<Path>) -> Result<File, UntrustedPath> {
        let name = name.as_ref();
        let file = self.open_plainly(name, OFlag::O_RDONLY)?;
        let stat = fstat(&file).map_err(|errno| self.wrong(name, PathProblem::Io(errno.into())))?;
        judge_kind(&stat).map_err(|problem| self.wrong(name, problem))?;
        Ok(file)
    }

    fn open_plainly(&self, name: impl AsRef<Path>, flags: OFlag) -> Result<File, UntrustedPath> {
        let name = name.as_ref();
        let errno = match openat(&self.dir, name, flags | PLAINLY, OURS_ALONE) {
            Ok(fd) => return Ok(File::from(fd)),
            Err(errno) => errno,
        };
        let problem = match errno {
            Errno::ELOOP => PathProblem::Symlink,
            Errno::EISDIR => PathProblem::NotAFile("a directory"),
            Errno::ENXIO => PathProblem::NotAFile("a socket"),
            // One that cannot be made is nobody's.
            errno => match self.stat(name).ok().flatten() {
                Some(stat) => PathProblem::of_opening(errno.into(), || Some(stat.st_uid)),
                None => PathProblem::Io(errno.into()),
            },
        };
        Err(self.wrong(name, problem))
    }

    /// Returns what a file of ours holds, at most `most` bytes; `None` when it is missing.
    ///
    /// # Errors
    ///
    /// When it is not ours, or cannot be read.
    pub(crate) fn read(&self, name: &str, most: u64) -> Result<Option<Vec<u8>>, UntrustedPath> {
        match self.open_existing_file(name)? {
            Some(file) => self.contents(file, name, most).map(Some),
            None => Ok(None),
        }
    }

    /// Returns what a regular file holds that another user may have put here, at most `most` bytes;
    /// `None` when it is missing.
    ///
    /// # Errors
    ///
    /// When it is no regular file, or cannot be read.
    pub(crate) fn read_regular(
        &self,
        name: impl AsRef<Path>,
        most: u64,
    ) -> Result<Option<Vec<u8>>, UntrustedPath> {
        match self.open_regular(name.as_ref()) {
            Ok(file) => self.contents(file, name, most).map(Some),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn contents(
        &self,
        file: File,
        name: impl AsRef<Path>,
        most: u64,
    ) -> Result<Vec<u8>, UntrustedPath> {
        let mut bytes = Vec::new();
        match file.take(most).read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) => Err(self.wrong(name, PathProblem::Io(error))),
        }
    }

    /// Returns the names of all that is in the directory, in order.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read.
    pub(crate) fn names(&self) -> Result<Vec<OsString>, UntrustedPath> {
        let wrong = |errno: Errno| UntrustedPath::new(&self.path, PathProblem::Io(errno.into()));
        let dir = openat(&self.dir, ".", TO_LIST, Mode::empty()).and_then(Dir::from_fd);
        let mut names = Vec::new();
        for entry in dir.map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            let name = entry.file_name().to_bytes();
            if !matches!(name, b"." | b"..") {
                names.push(OsStr::from_bytes(name).to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// Returns the names of the files that end so, without the ending, in order.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read.
    pub(crate) fn stems(&self, ending: &str) -> Result<Vec<String>, UntrustedPath> {
        let names = self.names()?.into_iter();
        let names = names.filter_map(|name| name.into_string().ok());
        let stems = names.filter_map(|name| name.strip_suffix(ending).map(str::to_owned));
        let mut stems: Vec<String> = stems.collect();
        stems.sort();
        Ok(stems)
    }

    /// Takes the lock on a file of ours, which is made if missing; `None`: another process has it.
    /// It ends when dropped.
    ///
    /// # Errors
    ///
    /// When the file is not ours, or cannot be opened for writing.
    pub(crate) fn try_lock(&self, name: &str) -> Result<Option<FileLockGuard>, UntrustedPath> {
        match Flock::lock(self.open_file(name)?, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Ok(Some(FileLockGuard::of(lock))),
            Err((_, Errno::EWOULDBLOCK)) => Ok(None),
            Err((_, errno)) => Err(self.wrong(name, PathProblem::Io(errno.into()))),
        }
    }

    /// Removes a file; one that is not there is removed already.
    ///
    /// # Errors
    ///
    /// Those of unlinkat(2), less ENOENT.
    pub(crate) fn remove(&self, name: impl AsRef<Path>) -> io::Result<()> {
        let name = name.as_ref();
        step(&self.path.join(name))?;
        match unlinkat(&self.dir, name, UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Renames a file within the directory.
    ///
    /// # Errors
    ///
    /// Those of renameat(2).
    pub(crate) fn rename(&self, from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
        Ok(renameat(&self.dir, from.as_ref(), &self.dir, to.as_ref())?)
    }

    /// Moves a file to another directory unless the new name is taken. Returns whether it was free.
    ///
    /// # Errors
    ///
    /// Those of renameat2(2), less EEXIST.
    pub(crate) fn move_to(&self, from: &OsStr, other: &PrivateDir, to: &OsStr) -> io::Result<bool> {
        step(&other.path.join(to))?;
        match renameat2(
            &self.dir,
            from,
            &other.dir,
            to,
            RenameFlags::RENAME_NOREPLACE,
        ) {
            Ok(()) => Ok(true),
            Err(Errno::EEXIST) => Ok(false),
            // A file system without this flag (NFS, some FUSE): there only we write, so asking
            // first must do.
            Err(Errno::EINVAL) if other.stat(to)?.is_some() => Ok(false),
            Err(Errno::EINVAL) => {
                renameat(&self.dir, from, &other.dir, to)?;
                Ok(true)
            }
            Err(errno) => Err(errno.into()),
        }
    }

    /// Returns what is known of a file, a link not followed; `None`: there is none.
    pub(crate) fn stat(&self, name: impl AsRef<Path>) -> io::Result<Option<FileStat>> {
        match fstatat(&self.dir, name.as_ref(), AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Returns when a file was last written to; one that cannot be looked at was long ago.
    pub(crate) fn written(&self, name: impl AsRef<Path>) -> SystemTime {
        let stat = self.stat(name).ok().flatten();
        stat.and_then(|stat| {
            let seconds = Duration::from_secs(u64::try_from(stat.st_mtime).ok()?);
            let nanos = Duration::from_nanos(u64::try_from(stat.st_mtime_nsec).ok()?);
            SystemTime::UNIX_EPOCH
                .checked_add(seconds)?
                .checked_add(nanos)
        })
        .unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// Returns which file has this name now; `None`: none has.
    pub(crate) fn look(&self, name: &str) -> io::Result<Option<Identity>> {
        Ok(self.stat(name)?.map(|stat| Identity::of(&stat)))
    }

    /// Returns which version of a file is there now; `None`: there is none.
    pub(crate) fn version(&self, name: &str) -> io::Result<Option<FileVersion>> {
        Ok(self.stat(name)?.map(|stat| FileVersion {
            identity: Identity::of(&stat),
            size: stat.st_size,
            changed: (stat.st_ctime, stat.st_ctime_nsec),
        }))
    }

    /// Returns an error about a file in this directory.
    pub(crate) fn io_error(&self, name: &str, error: io::Error) -> UntrustedPath {
        self.wrong(name, PathProblem::Io(error))
    }
}
