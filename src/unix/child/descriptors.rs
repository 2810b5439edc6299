//! Passing descriptors to the launcher, and leaving it with those alone that it should have.
//!
//! std gives a child its descriptors 0 to 2 and no others. To clear the close-on-exec flag of a
//! fourth one in the runner would leak it into whatever another thread starts at that moment; so
//! the others travel through a socket.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use nix::fcntl::{FcntlArg, fcntl};

use super::super::fd_passing;
use super::launch_request::IN_FLIGHT_FD;
use super::spec::StandardStreams;
use super::sys;

/// Where the launcher keeps its end of the socket; closed by exec.
const SOCKET_FD: RawFd = IN_FLIGHT_FD + 1;

/// Puts descriptors into the socket, for a launcher that is yet to be started.
pub(super) fn send(
    socket: &UnixStream,
    letter: BorrowedFd<'_>,
    in_flight: Option<BorrowedFd<'_>>,
    standard: Option<StandardStreams<'_>>,
) -> io::Result<()> {
    let standard = standard.into_iter().flatten();
    let all: Vec<_> = std::iter::once(letter)
        .chain(standard)
        .chain(in_flight)
        .collect();
    fd_passing::send(socket.as_fd(), b"!", &all)
}

/// What came through the socket.
pub(super) struct ReceivedDescriptors {
    /// The orders.
    pub(super) letter: OwnedFd,
    /// The others, in the order in which they were sent.
    pub(super) others: std::vec::IntoIter<OwnedFd>,
}

/// Takes the descriptors out of the socket.
pub(super) fn receive(socket: BorrowedFd<'_>) -> io::Result<ReceivedDescriptors> {
    let (_, received) = fd_passing::receive(socket, &mut [0])?;
    let mut others = received.into_iter();
    let letter = others.next().ok_or(io::ErrorKind::InvalidInput)?;
    Ok(ReceivedDescriptors { letter, others })
}

/// Puts the lock under its number and the socket, which is standard input so far, behind it; puts
/// `standard`, if there are any, under 0 to 2; and closes all others.
#[expect(unsafe_code, reason = "numbers are what this is about")]
pub(crate) fn arrange(in_flight: Option<OwnedFd>, standard: Vec<OwnedFd>) -> io::Result<OwnedFd> {
    // Out of the way first: any of them may be where another one belongs.
    let socket = above(io::stdin().as_fd())?;
    let lock = in_flight.as_ref().map(|fd| above(fd.as_fd())).transpose()?;
    drop(in_flight);
    for (number, fd) in (0..).zip(standard) {
        sys::place(fd.as_fd(), number)?;
    }
    match &lock {
        Some(lock) => sys::place(lock.as_fd(), IN_FLIGHT_FD)?,
        // SAFETY: nothing in this process, which has just begun, owns that number.
        None => drop(unsafe { libc::close(IN_FLIGHT_FD) }),
    }
    sys::place(socket.as_fd(), SOCKET_FD)?;
    // Closed below, by number.
    let _ = (socket.into_raw_fd(), lock.map(IntoRawFd::into_raw_fd));
    close_from(SOCKET_FD + 1);
    // SAFETY: it was placed there above, and has no other owner.
    let socket = unsafe { OwnedFd::from_raw_fd(SOCKET_FD) };
    let flag = nix::fcntl::FdFlag::FD_CLOEXEC;
    fcntl(&socket, FcntlArg::F_SETFD(flag))?;
    Ok(socket)
}

#[expect(unsafe_code, reason = "fcntl gives the copy as a number")]
fn above(fd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let copy = fcntl(fd, FcntlArg::F_DUPFD_CLOEXEC(SOCKET_FD + 1))?;
    // SAFETY: it is new.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}

/// Closes every descriptor from `first` on.
#[expect(unsafe_code, reason = "no safe form in std or nix")]
fn close_from(first: RawFd) {
    // SAFETY: nobody in this process uses these: it has just begun.
    let answer = unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, 0) };
    if answer == 0 {
        return;
    }
    // Linux before 5.9.
    let listed = std::fs::read_dir("/proc/self/fd");
    let open = listed.into_iter().flatten().flatten();
    let numbers = open.filter_map(|entry| entry.file_name().to_str()?.parse::<RawFd>().ok());
    for fd in numbers.filter(|fd| *fd >= first).collect::<Vec<_>>() {
        // SAFETY: as above; the number of the listing itself is closed already and refuses.
        unsafe { libc::close(fd) };
    }
}
