//! Processes held by a descriptor: a pid may be given to a stranger, a pidfd may not.

use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;

/// Marks a SIGTERM that an heir sends: `RUN` and a free byte, in the value that sigqueue(3) would
/// carry. What people, shells and init systems send has no such value.
const HEIR: usize = 0x5255_4e00;
/// Marks a SIGTERM of somebody who does not want to wait for the running task. SIGINT could say so
/// too, were it not ignored by what was started with `&` or nohup.
const URGENT: usize = 0x5255_4e01;
/// Marks a SIGUSR2 by which a runner notifies its heir that the chain is free.
const RELEASE: usize = 0x5255_4e02;
/// Marks a SIGUSR2 by which a command notifies a runner that what people wish of it has changed on
/// disk.
const LOOK: usize = 0x5255_4e03;

/// A process that stays the same one as long as this lives.
#[derive(Debug)]
pub(crate) struct Pidfd {
    fd: OwnedFd,
    pid: i32,
}

impl Pidfd {
    /// Pins a process; `None` when there is none of this number. The descriptor becomes readable
    /// when the process has ended.
    ///
    /// # Errors
    ///
    /// When the kernel has no pidfds (before Linux 5.3), or no descriptor is left.
    pub(crate) fn open(pid: i32) -> io::Result<Option<Self>> {
        #[expect(unsafe_code, reason = "neither std nor nix has pidfd_open")]
        // SAFETY: the call takes numbers only.
        let answer = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        let number = match Errno::result(answer) {
            Ok(number) => number,
            // EINVAL: the number of a thread, or none at all; of a thread it is ENOENT since Linux
            // 6.16.
            Err(Errno::ESRCH | Errno::EINVAL | Errno::ENOENT) => return Ok(None),
            Err(errno) => return Err(errno.into()),
        };
        let number = i32::try_from(number).map_err(|_| io::Error::from(Errno::EBADF))?;
        #[expect(unsafe_code, reason = "the kernel hands out a bare number")]
        // SAFETY: the number is a new descriptor that nobody else owns.
        let fd = unsafe { OwnedFd::from_raw_fd(number) };
        Ok(Some(Pidfd { fd, pid }))
    }

    /// Returns its number, for people.
    pub(crate) fn pid(&self) -> i32 {
        self.pid
    }

    /// Returns whether it has ended.
    pub(crate) fn has_ended(&self) -> io::Result<bool> {
        let mut polled = [PollFd::new(self.fd.as_fd(), PollFlags::POLLIN)];
        loop {
            match poll(&mut polled, PollTimeout::ZERO) {
                Ok(ready) => return Ok(ready > 0),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// Sends a signal. A process that has ended takes none, which is no error.
    ///
    /// # Errors
    ///
    /// EPERM when it is another user's.
    pub(crate) fn send(&self, signal: Signal) -> io::Result<()> {
        self.call(signal as i32, None)
    }

    /// Asks, without doing anything, whether a signal may be sent.
    ///
    /// # Errors
    ///
    /// EPERM when it is another user's.
    pub(crate) fn may_send(&self) -> io::Result<()> {
        self.call(0, None)
    }

    /// Sends SIGTERM with the mark that an heir asks: see [`asked_by_heir`].
    ///
    /// # Errors
    ///
    /// EPERM when it is another user's.
    pub(crate) fn ask_to_leave(&self) -> io::Result<()> {
        self.send_marked(libc::SIGTERM, HEIR)
    }

    /// Sends SIGTERM with the mark that the running task is not to be waited for: [`is_urgent`]
    /// tells.
    ///
    /// # Errors
    ///
    /// EPERM when it is another user's.
    pub(crate) fn ask_to_leave_now(&self) -> io::Result<()> {
        self.send_marked(libc::SIGTERM, URGENT)
    }

    /// Sends SIGUSR2 with the mark that the chain is free: see [`is_release`].
    ///
    /// # Errors
    ///
    /// EPERM when it is another user's.
    pub(crate) fn tell_release(&self) -> io::Result<()> {
        self.send_marked(libc::SIGUSR2, RELEASE)
    }

    /// Sends SIGUSR2 with the mark that what people wish has changed on disk: see [`is_look`].
    ///
    /// # Errors
    ///
    /// EPERM when it is another user's.
    pub(crate) fn tell_to_look(&self) -> io::Result<()> {
        self.send_marked(libc::SIGUSR2, LOOK)
    }

    fn send_marked(&self, signal: i32, mark: usize) -> io::Result<()> {
        let info = SignalInfo {
            signal,
            errno: 0,
            code: libc::SI_QUEUE,
            sender: Sender {
                pid: nix::unistd::getpid().as_raw(),
                uid: nix::unistd::getuid().as_raw(),
                value: mark,
            },
            rest: [0; 128],
        };
        self.call(signal, Some(&info))
    }

    fn call(&self, signal: i32, info: Option<&SignalInfo>) -> io::Result<()> {
        let info: *const SignalInfo = info.map_or(std::ptr::null(), |info| info);
        #[expect(unsafe_code, reason = "neither std nor nix has pidfd_send_signal")]
        // SAFETY: `info` is null or points to a living record that is no shorter than siginfo_t and
        // begins like it.
        let answer = unsafe {
            let fd = self.fd.as_raw_fd();
            libc::syscall(libc::SYS_pidfd_send_signal, fd, signal, info, 0)
        };
        match Errno::result(answer) {
            Ok(_) | Err(Errno::ESRCH) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }
}

impl AsFd for Pidfd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Returns the pid of the heir that sent this signal; `None` when somebody else did.
///
/// Async-signal-safe: it only reads.
pub(crate) fn asked_by_heir(info: &libc::siginfo_t) -> Option<i32> {
    let (value, pid) = mark_and_sender(info)?;
    (value == HEIR).then_some(pid)
}

/// Returns whether the sender of this signal does not want the running task to be waited for.
///
/// Async-signal-safe: it only reads.
pub(crate) fn is_urgent(info: &libc::siginfo_t) -> bool {
    mark_and_sender(info).is_some_and(|(value, _)| value == URGENT)
}

/// Returns whether this signal of a runner means that its chain is free.
///
/// Async-signal-safe: it only reads.
pub(crate) fn is_release(info: &libc::siginfo_t) -> bool {
    mark_and_sender(info).is_some_and(|(value, _)| value == RELEASE)
}

/// Returns whether this signal of a command means that what people wish has changed on disk.
///
/// Async-signal-safe: it only reads.
pub(crate) fn is_look(info: &libc::siginfo_t) -> bool {
    mark_and_sender(info).is_some_and(|(value, _)| value == LOOK)
}

fn mark_and_sender(info: &libc::siginfo_t) -> Option<(usize, i32)> {
    if info.si_code != libc::SI_QUEUE {
        return None;
    }
    #[expect(unsafe_code, reason = "siginfo_t is a C union")]
    // SAFETY: signals of this code have exactly these two fields (sigaction(2)).
    Some(unsafe { (info.si_value().sival_ptr as usize, info.si_pid()) })
}

/// siginfo_t as the kernel reads it: libc's type can only be read by field, not made.
#[repr(C)]
struct SignalInfo {
    signal: i32,
    errno: i32,
    code: i32,
    sender: Sender,
    rest: [u8; 128],
}

/// The part of the union for signals that carry a value. The width of `value` places it where C has
/// it.
#[repr(C)]
struct Sender {
    pid: i32,
    uid: u32,
    value: usize,
}

const _: () = assert!(size_of::<SignalInfo>() >= size_of::<libc::siginfo_t>());

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_process_that_is_gone_cannot_be_pinned() {
        let mut child = Command::new("true").spawn().unwrap();
        let pid = child.id() as i32;
        let pinned = Pidfd::open(pid).unwrap().unwrap();
        child.wait().unwrap();
        assert!(pinned.has_ended().unwrap());
        assert!(pinned.send(Signal::SIGKILL).is_ok());
        assert!(Pidfd::open(pid).unwrap().is_none());
    }

    #[test]
    fn a_marked_term_ends_who_does_not_care_about_marks() {
        use std::os::unix::process::ExitStatusExt;
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let pinned = Pidfd::open(child.id() as i32).unwrap().unwrap();
        assert!(!pinned.has_ended().unwrap());
        pinned.may_send().unwrap();
        pinned.ask_to_leave().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGTERM));
    }
}
