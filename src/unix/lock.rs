//! Files whose lock says who is who. The kernel's lock is the truth; what is written in the file is
//! text for people.
//!
//! Two locks on each: flock(2), which excludes, and a POSIX record lock, whose holder the kernel
//! names (`F_GETLK`). The second kind is lost as soon as the process closes *any* descriptor of
//! that file: while it holds one, it must not open the file a second time.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::stat::fstat;
use nix::sys::uio::{pread, pwrite};
use nix::unistd::ftruncate;

use super::procfs;
use super::trusted_paths::{Identity, PrivateDir, UntrustedPath};

/// A file in RUN_ROOT that can be locked by one process. Dropping it gives the lock up.
#[derive(Debug)]
pub(crate) struct LockFile {
    file: File,
    identity: Identity,
}

impl LockFile {
    /// Opens it, without locking; makes it when it is missing.
    ///
    /// # Errors
    ///
    /// When what is there cannot be relied on.
    pub(crate) fn open(root: &PrivateDir, name: &str) -> Result<Self, UntrustedPath> {
        let file = root.open_file(name)?;
        let stat = fstat(&file).map_err(|errno| root.io_error(name, errno.into()))?;
        let identity = Identity::of(&stat);
        Ok(LockFile { file, identity })
    }

    /// Opens it to look who holds it; `None` when it is missing. Nothing is made, and nothing can
    /// be locked by this.
    ///
    /// # Errors
    ///
    /// When what is there cannot be relied on.
    pub(crate) fn open_existing(
        root: &PrivateDir,
        name: &str,
    ) -> Result<Option<Self>, UntrustedPath> {
        let Some(file) = root.open_existing_file(name)? else {
            return Ok(None);
        };
        let stat = fstat(&file).map_err(|errno| root.io_error(name, errno.into()))?;
        let identity = Identity::of(&stat);
        Ok(Some(LockFile { file, identity }))
    }

    /// Locks it unless somebody else has. Returns whether it is ours now.
    pub(crate) fn try_lock(&self) -> io::Result<bool> {
        if !try_flock(&self.file)? {
            return Ok(false);
        }
        if self.try_record_lock()? {
            return Ok(true);
        }
        unflock(&self.file)?;
        Ok(false)
    }

    /// Takes the record lock alone (again). Returns whether it is ours now.
    pub(crate) fn try_record_lock(&self) -> io::Result<bool> {
        match fcntl(&self.file, FcntlArg::F_SETLK(&whole_file())) {
            Ok(_) => Ok(true),
            Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Returns the process that holds the lock, as the kernel attests it; `None`: nobody, or nobody
    /// that can be seen from here (another pid namespace, or a process that is just about to lock
    /// or to end).
    pub(crate) fn holder(&self) -> io::Result<Option<i32>> {
        let mut lock = whole_file();
        fcntl(&self.file, FcntlArg::F_GETLK(&mut lock))?;
        if lock.l_type != libc::F_UNLCK as libc::c_short && lock.l_pid > 0 {
            return Ok(Some(lock.l_pid));
        }
        Ok(procfs::lock_holders(self.identity).into_iter().next())
    }

    /// Returns whether anybody holds the record lock, visible or not.
    pub(crate) fn is_held(&self) -> io::Result<bool> {
        let mut lock = whole_file();
        fcntl(&self.file, FcntlArg::F_GETLK(&mut lock))?;
        Ok(lock.l_type != libc::F_UNLCK as libc::c_short)
    }

    /// Returns which file this is.
    pub(crate) fn identity(&self) -> Identity {
        self.identity
    }

    /// Returns whether this file is still the one that has the name.
    pub(crate) fn is_named(&self, root: &PrivateDir, name: &str) -> io::Result<bool> {
        Ok(root.look(name)? == Some(self.identity))
    }

    /// Returns the first `most` bytes of what is written in it.
    pub(crate) fn text(&self, most: usize) -> io::Result<Vec<u8>> {
        read_text(&self.file, most)
    }

    /// Writes a short text into it, over what was there; at no moment is it empty.
    pub(crate) fn write_text(&self, text: &str) -> io::Result<()> {
        write_text(&self.file, text)
    }
}

/// Returns the first `most` bytes of a file.
pub(crate) fn read_text(file: &File, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; most];
    let mut filled = 0;
    while filled < most {
        let at = libc::off_t::try_from(filled).unwrap_or(libc::off_t::MAX);
        match pread(file, &mut bytes[filled..], at) {
            Ok(0) => break,
            Ok(more) => filled += more,
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// Writes a short text into a file, over what was there; at no moment is it empty.
pub(crate) fn write_text(file: &File, text: &str) -> io::Result<()> {
    let written = write_over(file, text)?;
    let end = libc::off_t::try_from(written).unwrap_or(libc::off_t::MAX);
    ftruncate(file, end)?;
    Ok(())
}

/// Locks an open file with flock(2) unless another open file description has. Returns whether it is
/// ours now.
pub(crate) fn try_flock(file: &File) -> io::Result<bool> {
    try_lock_as(file, libc::LOCK_EX)
}

/// Locks an open file with flock(2) together with others that share it, unless one has it alone.
/// Returns whether it did.
pub(crate) fn share_flock(file: &File) -> io::Result<bool> {
    try_lock_as(file, libc::LOCK_SH)
}

fn try_lock_as(file: &File, kind: libc::c_int) -> io::Result<bool> {
    match flock(file, kind | libc::LOCK_NB) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}

/// Gives up a lock of flock(2), whichever processes share its open file description.
pub(crate) fn unflock(file: &File) -> io::Result<()> {
    flock(file, libc::LOCK_UN)
}

/// nix's `Flock` unlocks when it is dropped, which would take the in-flight lock from children who
/// share it.
fn flock(file: &File, operation: libc::c_int) -> io::Result<()> {
    loop {
        #[expect(unsafe_code, reason = "no safe wrapper that leaves the lock to others")]
        // SAFETY: the descriptor is open as long as `file` is borrowed; no memory is passed.
        let answer = unsafe { libc::flock(file.as_raw_fd(), operation) };
        match Errno::result(answer) {
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// Writes a short text over the beginning of a file; what was longer before keeps its end.
pub(crate) fn write_over(file: &File, text: &str) -> io::Result<usize> {
    Ok(pwrite(file, text.as_bytes(), 0)?)
}

fn whole_file() -> libc::flock {
    libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    }
}

impl std::os::fd::AsFd for LockFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}
