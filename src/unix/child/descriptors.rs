//! Passing descriptors to the launcher, and leaving it with those alone that it should have.
//!
//! std gives a child its descriptors 0 to 2 and no others. To clear the close-on-exec flag of a fourth one in the runner would leak it
//! into whatever another thread starts at that moment; so the others travel through a socket (`SCM_RIGHTS`, unix(7)).

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use nix::cmsg_space;
use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, UnixAddr, recvmsg, sendmsg};

use super::orders::IN_FLIGHT_FD;
use super::sys;

/// Where the launcher keeps its end of the socket; closed by exec.
const SOCKET_FD: RawFd = IN_FLIGHT_FD + 1;

/// Puts descriptors into the socket, for a launcher that is yet to be started.
pub(super) fn send(
    socket: &UnixStream,
    letter: BorrowedFd<'_>,
    in_flight: Option<BorrowedFd<'_>>,
) -> io::Result<()> {
    let mut all = vec![letter.as_raw_fd()];
    all.extend(in_flight.map(|fd| fd.as_raw_fd()));
    let message = [ControlMessage::ScmRights(&all)];
    let byte = [IoSlice::new(b"!")];
    let flags = MsgFlags::MSG_NOSIGNAL;
    sendmsg::<UnixAddr>(socket.as_raw_fd(), &byte, &message, flags, None)?;
    Ok(())
}

/// Takes the letter and the in-flight lock out of the socket.
#[expect(
    unsafe_code,
    reason = "the kernel gives received descriptors as numbers"
)]
pub(super) fn receive(socket: BorrowedFd<'_>) -> io::Result<(OwnedFd, Option<OwnedFd>)> {
    let mut byte = [0];
    let mut space = cmsg_space!([RawFd; 2]);
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let mut buffers = [IoSliceMut::new(&mut byte)];
    let message = recvmsg::<UnixAddr>(socket.as_raw_fd(), &mut buffers, Some(&mut space), flags)?;
    let mut received = Vec::new();
    for control in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(numbers) = control {
            // SAFETY: they were made for us by this call, and nobody else knows them.
            received.extend(
                numbers
                    .into_iter()
                    .map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }),
            );
        }
    }
    let mut received = received.into_iter();
    let letter = received.next().ok_or(io::ErrorKind::InvalidInput)?;
    Ok((letter, received.next()))
}

/// Puts the lock under its number and the socket, which is standard input so far, behind it, and closes all others.
#[expect(unsafe_code, reason = "numbers are what this is about")]
pub(super) fn arrange(in_flight: Option<OwnedFd>) -> io::Result<OwnedFd> {
    // Out of the way first: any of them may be where another one belongs.
    let socket = above(io::stdin().as_fd())?;
    let lock = in_flight.as_ref().map(|fd| above(fd.as_fd())).transpose()?;
    drop(in_flight);
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
