//! What std does not know of files: locks that end with their holder, renames that replace nothing, and whether somebody still writes.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, Flock, FlockArg, RenameFlags, renameat2};

use super::write_steps::step;

/// An exclusive lock on a file; it ends when dropped, or with the process.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held for its drop")] Flock<File>);

/// Takes the lock on a file, which is made if missing; `None`: somebody else has it.
///
/// # Errors
///
/// When the file cannot be opened for writing.
pub(crate) fn try_lock(path: &Path) -> io::Result<Option<Lock>> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(Some(Lock(lock))),
        Err((_, Errno::EWOULDBLOCK)) => Ok(None),
        Err((_, errno)) => Err(errno.into()),
    }
}

/// Makes a directory and those above it that only we may enter; one that is there stays as it is.
///
/// # Errors
///
/// Those of mkdir(2), less EEXIST.
pub(crate) fn private_dir(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

/// Writes a file so that after a power cut it is there whole or not at all: temporary file, fsync, rename, fsync of the directory.
///
/// # Errors
///
/// When the disk is full or read-only, or the directory is not ours to write; the temporary file is gone then.
pub(crate) fn write_durably(directory: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    write_file_durably(&directory.join(name), bytes)
}

/// As [`write_durably`], for a name that need not be text.
///
/// # Errors
///
/// The same; and when the path names no file.
pub(crate) fn write_file_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = temporary_name(path)?;
    let directory = path.parent().unwrap_or(path);
    let written = write_and_sync(&temporary, bytes)
        .and_then(|()| step(path))
        .and_then(|()| fs::rename(&temporary, path))
        .and_then(|()| sync_dir(directory));
    if written.is_err() {
        // Whatever is left of it helps nobody; that it cannot be removed either is no news.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Nobody but us.
    OursAlone,
    /// Everybody.
    All,
    /// Whoever might read the file that is there; of a new one whom the umask lets.
    AsBefore,
}

/// Writes a file so that whoever reads it sees the old or the new one, whole. It is not forced to the disk: not for what a power cut may take.
///
/// # Errors
///
/// When the disk is full or read-only, or the directory is not ours to write; the old file is still there then, the temporary one gone.
pub(crate) fn replace(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let temporary = temporary_name(path)?;
    let mode = match readers {
        Readers::OursAlone => Some(0o600),
        Readers::All => Some(0o644),
        Readers::AsBefore => {
            let former = fs::metadata(path).ok();
            former.map(|former| former.permissions().mode() & 0o777)
        }
    };
    let written = write_anew(&temporary, bytes, mode)
        .and_then(|()| step(path))
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Writes a file that is ours alone until it has its name, in a directory that perhaps is not. Without a mode the umask says who may read it.
fn write_anew(path: &Path, bytes: &[u8], mode: Option<u32>) -> io::Result<()> {
    step(path)?;
    remove(path)?;
    let mut file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(if mode.is_some() { 0o600 } else { 0o666 })
        .open(path)?;
    step(path)?;
    file.write_all(bytes)?;
    match mode {
        // Whatever our umask is.
        Some(mode) => file.set_permissions(Permissions::from_mode(mode)),
        None => Ok(()),
    }
}

/// Returns the hidden name under which a file is written before it has its own.
fn temporary_name(path: &Path) -> io::Result<PathBuf> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.tmp", std::process::id()));
    Ok(directory.join(hidden))
}

/// Checks that files can be written into a directory, by writing one and removing it.
///
/// # Errors
///
/// When they cannot.
pub(crate) fn try_write(directory: &Path) -> io::Result<()> {
    let temporary = directory.join(format!(".probe.{}.tmp", std::process::id()));
    write_and_sync(&temporary, b"probe")?;
    fs::remove_file(&temporary)
}

fn write_and_sync(path: &Path, bytes: &[u8]) -> io::Result<()> {
    step(path)?;
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path)?;
    step(path)?;
    file.write_all(bytes)?;
    step(path)?;
    file.sync_all()
}

/// Makes what was renamed or removed in a directory durable.
///
/// # Errors
///
/// When the directory cannot be opened.
pub(crate) fn sync_dir(directory: &Path) -> io::Result<()> {
    step(directory)?;
    File::open(directory)?.sync_all()
}

/// Removes a file; one that is not there is removed already.
///
/// # Errors
///
/// Those of unlink(2), less ENOENT.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    step(path)?;
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Renames a file unless the new name is taken. Returns whether it was free.
///
/// # Errors
///
/// Those of renameat2(2), less EEXIST.
pub(crate) fn rename_to_free_name(from: &Path, to: &Path) -> io::Result<bool> {
    step(to)?;
    match renameat2(AT_FDCWD, from, AT_FDCWD, to, RenameFlags::RENAME_NOREPLACE) {
        Ok(()) => Ok(true),
        Err(Errno::EEXIST) => Ok(false),
        // A file system without this flag (NFS, some FUSE): there only we write, so asking first must do.
        Err(Errno::EINVAL) if to.symlink_metadata().is_ok() => Ok(false),
        Err(Errno::EINVAL) => fs::rename(from, to).map(|()| true),
        Err(errno) => Err(errno.into()),
    }
}

/// Opens a file for reading, without following a symbolic link and without waiting for the other end of a pipe.
///
/// # Errors
///
/// Those of open(2).
pub(crate) fn open_plainly(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
}

/// Returns whether somebody has the file open for writing: the kernel grants a read lease only when nobody has (fcntl(2)). `false`
/// where it grants none to us at all (another's file, a file system without leases).
#[expect(unsafe_code, reason = "nix has no F_SETLEASE")]
pub(crate) fn being_written(file: &File) -> bool {
    // SAFETY: both are plain system calls on a descriptor that `file` keeps open.
    let granted = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLEASE, libc::F_RDLCK) };
    if granted == 0 {
        // Given back at once, so that no writer is ever held up.
        // SAFETY: as above.
        unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLEASE, libc::F_UNLCK) };
        return false;
    }
    Errno::last() == Errno::EAGAIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_has_one_holder() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let held = try_lock(&path).unwrap();
        assert!(held.is_some());
        assert!(try_lock(&path).unwrap().is_none());
        drop(held);
        assert!(try_lock(&path).unwrap().is_some());
    }

    #[test]
    fn a_file_that_is_open_for_writing_is_seen_so() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m.eml");
        let mut writer = File::create(&path).unwrap();
        writer.write_all(b"half").unwrap();
        assert!(being_written(&open_plainly(&path).unwrap()));
        drop(writer);
        assert!(!being_written(&open_plainly(&path).unwrap()));
    }

    #[test]
    fn a_file_is_replaced_whole_with_the_permissions_it_is_to_have() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("page.prom");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        replace(&path, b"one", Readers::OursAlone).unwrap();
        assert_eq!(mode(), 0o600);
        replace(&path, b"two", Readers::All).unwrap();
        assert_eq!((fs::read(&path).unwrap(), mode()), (b"two".to_vec(), 0o644));
        assert!(replace(&dir.path().join("none/page.prom"), b"", Readers::All).is_err());
        assert!(replace(Path::new("/"), b"", Readers::All).is_err());
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            1,
            "nothing is left"
        );
    }

    #[test]
    fn a_taken_name_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        write_durably(dir.path(), "a", b"1").unwrap();
        write_durably(dir.path(), "b", b"2").unwrap();
        assert!(!rename_to_free_name(&a, &b).unwrap());
        assert_eq!(fs::read(&b).unwrap(), b"2");
        assert!(rename_to_free_name(&a, &dir.path().join("c")).unwrap());
    }
}
