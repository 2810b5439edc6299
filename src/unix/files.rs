//! What std does not know of files: locks that end with their holder, files replaced whole, and
//! whether somebody still writes.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::Flock;

use super::trusted_paths::PrivateDir;

/// An exclusive lock on a file; it ends when dropped, or with the process.
#[derive(Debug)]
pub(crate) struct FileLockGuard(#[expect(dead_code, reason = "held for its drop")] Flock<File>);

impl FileLockGuard {
    pub(super) fn of(lock: Flock<File>) -> Self {
        FileLockGuard(lock)
    }
}

/// The users that may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Everybody.
    All,
    /// Whoever might read the file that is there; of a new one whom the umask lets.
    AsBefore,
}

/// Writes a file so that whoever reads it sees the old or the new one, whole. The file is not
/// forced to the disk: not for what a power cut may take.
///
/// # Errors
///
/// When the disk is full or read-only, or the directory is not ours to write; as root also when
/// others can change a directory above. The old file is still there then, the temporary one gone.
pub(crate) fn replace(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    PrivateDir::existing_to_drop(parent(path))?.publish(name, bytes, readers)
}

/// Returns the directory that a file is in.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => path,
    }
}

/// Returns whether somebody has the file open for writing: the kernel grants a read lease only when
/// nobody has (fcntl(2)). `false` where it grants none to us at all (another's file, a file system
/// without leases).
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
    use std::fs::{self, Permissions};
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_that_is_open_for_writing_is_seen_so() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m.eml");
        let mut writer = File::create(&path).unwrap();
        writer.write_all(b"half").unwrap();
        assert!(being_written(&File::open(&path).unwrap()));
        drop(writer);
        assert!(!being_written(&File::open(&path).unwrap()));
    }

    #[test]
    fn a_file_is_replaced_whole_with_the_permissions_it_is_to_have() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("page.prom");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        replace(&path, b"one", Readers::All).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        replace(&path, b"one", Readers::AsBefore).unwrap();
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
}
