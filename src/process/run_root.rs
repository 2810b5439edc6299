//! Directories that are ours: opened once, judged once, and then only reached through their descriptor.
//!
//! A path may be made to mean something else between two looks at it; a descriptor may not. Serves RUN_ROOT and STATE_DIR.

mod foresight;
mod unsafe_path;

use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, Flock, FlockArg, OFlag, openat, renameat};
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstat, fstatat};
use nix::unistd::{UnlinkatFlags, geteuid, unlinkat};

use super::write_steps::step;
pub(crate) use foresight::{Foreseen, foresee};
use unsafe_path::Problem;
pub(crate) use unsafe_path::UnsafePath;

const OURS_ALONE: Mode = Mode::S_IRUSR.union(Mode::S_IWUSR);

/// A directory that nobody but us and root can change what we rely on in.
#[derive(Clone, Debug)]
pub(crate) struct RunRoot {
    dir: Arc<OwnedFd>,
    path: Arc<Path>,
}

/// What makes a file that file, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The device that it is on.
    pub(crate) device: u64,
    /// Its number there.
    pub(crate) inode: u64,
}

/// What changes whenever somebody replaces a file or writes into it: numbers of files alone are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    identity: Identity,
    size: i64,
    changed: (i64, i64),
}

impl RunRoot {
    /// Opens the directory; makes it, and what is missing above it, with mode 0700.
    ///
    /// # Errors
    ///
    /// When it cannot be made or opened, belongs to neither us nor root, or can be written by others without the sticky bit.
    pub(crate) fn open(path: &Path) -> Result<Self, UnsafePath> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|error| UnsafePath::new(path, Problem::Io(error)))?;
        RunRoot::open_made(path)
    }

    /// Opens the directory if it is there; makes nothing.
    ///
    /// # Errors
    ///
    /// See [`RunRoot::open`].
    pub(crate) fn open_existing(path: &Path) -> Result<Option<Self>, UnsafePath> {
        match RunRoot::open_made(path) {
            Ok(root) => Ok(Some(root)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn open_made(path: &Path) -> Result<Self, UnsafePath> {
        let wrong = |problem| UnsafePath::new(path, problem);
        let dir = File::options()
            .read(true)
            .custom_flags(libc::O_DIRECTORY)
            .open(path)
            .map_err(|error| wrong(Problem::of_opening(error, || owner_of(path))))?;
        let stat = fstat(&dir).map_err(|errno| wrong(Problem::Io(errno.into())))?;
        judge_directory(&stat).map_err(wrong)?;
        Ok(RunRoot {
            dir: Arc::new(dir.into()),
            path: path.into(),
        })
    }

    /// Returns the path that it was opened by, for people.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the device and inode of the directory itself.
    pub(crate) fn identity(&self) -> io::Result<Identity> {
        Ok(Identity::of(&fstat(&self.dir)?))
    }

    /// Opens a file of ours for reading and writing; makes it, empty and with mode 0600, when it is missing.
    ///
    /// # Errors
    ///
    /// When what is there is not a regular file with one link that belongs to us. It is left as it is.
    pub(crate) fn open_file(&self, name: &str) -> Result<File, UnsafePath> {
        // A file that somebody deletes right after it was opened has no link left: then the next look finds another.
        for _ in 0..100 {
            if let Some(file) = self.open_linked(name, OFlag::O_RDWR | OFlag::O_CREAT)? {
                return Ok(file);
            }
        }
        Err(self.wrong(name, Problem::NeverStill))
    }

    /// Returns what a file of ours holds, at most `most` bytes; `None` when it is missing.
    ///
    /// # Errors
    ///
    /// When it is not ours, or cannot be read.
    pub(crate) fn read(&self, name: &str, most: u64) -> Result<Option<Vec<u8>>, UnsafePath> {
        let Some(file) = self.open_existing_file(name)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        match file.take(most).read_to_end(&mut bytes) {
            Ok(_) => Ok(Some(bytes)),
            Err(error) => Err(self.wrong(name, Problem::Io(error))),
        }
    }

    /// Opens a file of ours for reading; `None` when it is missing.
    ///
    /// # Errors
    ///
    /// When it is not ours.
    pub(crate) fn open_existing_file(&self, name: &str) -> Result<Option<File>, UnsafePath> {
        match self.open_linked(name, OFlag::O_RDONLY) {
            Err(error) if error.is_missing() => Ok(None),
            opened => opened,
        }
    }

    /// Returns the names of the files that end so, without the ending, in order.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read.
    pub(crate) fn stems(&self, ending: &str) -> Result<Vec<String>, UnsafePath> {
        let entries = std::fs::read_dir(&self.path);
        let entries = entries.map_err(|error| UnsafePath::new(&self.path, Problem::Io(error)))?;
        let names = entries
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok());
        let mut stems: Vec<String> = names
            .filter_map(|name| name.strip_suffix(ending).map(str::to_owned))
            .collect();
        stems.sort();
        Ok(stems)
    }

    /// Replaces a file by one with these bytes: a reader sees the old or the new one, whole. It is not forced to the disk.
    ///
    /// # Errors
    ///
    /// Those of writing; the old file is still there then.
    pub(crate) fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let draft = format!("{name}.draft");
        let replaced = self
            .draft(&draft, &self.path.join(name), bytes)
            .and_then(|()| Ok(renameat(&self.dir, draft.as_str(), &self.dir, name)?));
        if replaced.is_err() {
            // On a full disk every byte counts; that it cannot be removed either is no news.
            let _ = self.remove(&draft);
        }
        replaced
    }

    fn draft(&self, draft: &str, path: &Path, bytes: &[u8]) -> io::Result<()> {
        step(path)?;
        self.remove(draft)?;
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC;
        let mut file = File::from(openat(&self.dir, draft, flags, OURS_ALONE)?);
        step(path)?;
        file.write_all(bytes)?;
        step(path)
    }

    /// Takes the lock on the directory itself, for a change in several steps; `None`: somebody else has it. It ends when dropped.
    pub(crate) fn try_lock(&self) -> io::Result<Option<Flock<File>>> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let dir = File::from(openat(&self.dir, ".", flags, Mode::empty())?);
        match Flock::lock(dir, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Ok(Some(lock)),
            Err((_, Errno::EWOULDBLOCK)) => Ok(None),
            Err((_, errno)) => Err(errno.into()),
        }
    }

    /// Removes a file; one that is not there is removed already.
    ///
    /// # Errors
    ///
    /// Those of unlinkat(2), less ENOENT.
    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        match unlinkat(&self.dir, name, UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Returns which file has this name now; `None`: none has.
    pub(crate) fn look(&self, name: &str) -> io::Result<Option<Identity>> {
        match fstatat(&self.dir, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(Identity::of(&stat))),
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Returns which version of a file is there now; `None`: there is none.
    pub(crate) fn version(&self, name: &str) -> io::Result<Option<Version>> {
        match fstatat(&self.dir, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(Version {
                identity: Identity::of(&stat),
                size: stat.st_size,
                changed: (stat.st_ctime, stat.st_ctime_nsec),
            })),
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Returns an error about a file in this directory.
    pub(crate) fn io_error(&self, name: &str, error: io::Error) -> UnsafePath {
        self.wrong(name, Problem::Io(error))
    }

    /// Opens and judges a file; `None` when its last name was taken away at that moment.
    fn open_linked(&self, name: &str, flags: OFlag) -> Result<Option<File>, UnsafePath> {
        // O_NONBLOCK: a fifo must not make us wait.
        let flags = flags | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let file = match openat(&self.dir, name, flags, OURS_ALONE) {
            Ok(fd) => File::from(fd),
            Err(Errno::ELOOP) => return Err(self.wrong(name, Problem::Symlink)),
            Err(Errno::EISDIR) => return Err(self.wrong(name, Problem::NotAFile("a directory"))),
            Err(Errno::ENXIO) => return Err(self.wrong(name, Problem::NotAFile("a socket"))),
            // One that cannot be made is nobody's.
            Err(errno) => {
                let problem = match owner_of(&self.path.join(name)) {
                    Some(uid) => Problem::of_opening(errno.into(), || Some(uid)),
                    None => Problem::Io(errno.into()),
                };
                return Err(self.wrong(name, problem));
            }
        };
        let stat = fstat(&file).map_err(|errno| self.wrong(name, Problem::Io(errno.into())))?;
        if stat.st_nlink == 0 {
            return Ok(None);
        }
        judge_file(&stat).map_err(|problem| self.wrong(name, problem))?;
        if stat.st_mode & 0o077 != 0 {
            // Whoever can open it can hold its lock. It is ours, so this cannot fail but on a read-only disk, where the lock works still.
            let _ = fchmod(&file, OURS_ALONE);
        }
        Ok(Some(file))
    }

    fn wrong(&self, name: &str, problem: Problem) -> UnsafePath {
        UnsafePath::new(&self.path.join(name), problem)
    }
}

impl AsFd for RunRoot {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.dir.as_fd()
    }
}

impl Identity {
    pub(crate) fn of(stat: &FileStat) -> Self {
        Identity {
            device: stat.st_dev,
            inode: stat.st_ino,
        }
    }
}

fn owner_of(path: &Path) -> Option<u32> {
    Some(path.symlink_metadata().ok()?.uid())
}

fn judge_directory(stat: &FileStat) -> Result<(), Problem> {
    let (others_write, sticky) = (0o022, 0o1000);
    if stat.st_uid != 0 && stat.st_uid != geteuid().as_raw() {
        return Err(Problem::ForeignDirectory(stat.st_uid));
    }
    if stat.st_mode & others_write != 0 && stat.st_mode & sticky == 0 {
        return Err(Problem::WritableByOthers(stat.st_mode & 0o7777));
    }
    Ok(())
}

fn judge_file(stat: &FileStat) -> Result<(), Problem> {
    let kind = SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT;
    if kind != SFlag::S_IFREG {
        let kind = match kind {
            SFlag::S_IFIFO => "a fifo",
            SFlag::S_IFDIR => "a directory",
            _ => "a device",
        };
        return Err(Problem::NotAFile(kind));
    }
    if stat.st_uid != geteuid().as_raw() {
        return Err(Problem::ForeignFile(stat.st_uid));
    }
    match stat.st_nlink {
        1 => Ok(()),
        links => Err(Problem::Links(links)),
    }
}
