//! The system calls for which neither std nor nix has a safe form.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde::{Deserialize, Serialize};

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    /// By itself, with this code.
    Exited(i32),
    /// Of a signal.
    Signaled {
        /// Its number.
        number: i32,
        /// Whether a core was dumped.
        core: bool,
    },
}

/// Which child a wait is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Whom<'a> {
    /// The one behind a descriptor.
    Pinned(BorrowedFd<'a>),
    /// The one with this number.
    Pid(i32),
    /// Any.
    Any,
}

/// What a wait that does not wait has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ChildState {
    /// There is no such child.
    NoChild,
    /// There is, and it lives.
    Alive,
    /// The process has ended.
    Ended(Status),
}

/// Looks how a child ended and leaves it as it is: a zombie, whose number nobody else can get.
pub(crate) fn peek(whom: Whom<'_>) -> io::Result<ChildState> {
    waitid(whom, libc::WNOWAIT)
}

/// Looks how a child ended; if it has, takes it away.
pub(crate) fn reap(whom: Whom<'_>) -> io::Result<ChildState> {
    waitid(whom, 0)
}

#[expect(unsafe_code, reason = "nix reads no status of a real-time signal")]
fn waitid(whom: Whom<'_>, flags: i32) -> io::Result<ChildState> {
    let (kind, id) = match whom {
        Whom::Pinned(fd) => (libc::P_PIDFD, fd.as_raw_fd()),
        Whom::Pid(pid) => (libc::P_PID, pid),
        Whom::Any => (libc::P_ALL, 0),
    };
    let flags = flags | libc::WEXITED | libc::WNOHANG | libc::__WALL;
    // SAFETY: all zeros is a valid `siginfo_t`: it is plain old data.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let id = libc::id_t::try_from(id).unwrap_or(0);
    // SAFETY: `info` outlives the call, which writes nothing else.
    let answer = unsafe { libc::waitid(kind, id, &mut info, flags) };
    if answer != 0 {
        let error = io::Error::last_os_error();
        return match error.raw_os_error() {
            Some(libc::ECHILD) => Ok(ChildState::NoChild),
            _ => Err(error),
        };
    }
    // SAFETY: waitid(2) fills these fields, or leaves the pid zero.
    let (pid, status) = unsafe { (info.si_pid(), info.si_status()) };
    Ok(match (pid, info.si_code) {
        (0, _) => ChildState::Alive,
        (_, libc::CLD_EXITED) => ChildState::Ended(Status::Exited(status)),
        (_, code) => ChildState::Ended(Status::Signaled {
            number: status,
            core: code == libc::CLD_DUMPED,
        }),
    })
}

fn checked(answer: libc::c_long) -> io::Result<libc::c_long> {
    if answer < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(answer)
    }
}

/// Pins a process: the descriptor means it for ever, whoever gets its number (pidfd_open(2)). It
/// can be polled: readable when it ended.
#[expect(unsafe_code, reason = "no safe form in std or nix")]
pub(crate) fn pin(pid: i32) -> io::Result<OwnedFd> {
    // SAFETY: the call takes two numbers and gives a new descriptor.
    let fd = checked(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    let fd = RawFd::try_from(fd).map_err(io::Error::other)?;
    // SAFETY: it is new, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Returns whether a pinned process has ended.
pub(super) fn has_ended(process: BorrowedFd<'_>) -> io::Result<bool> {
    let mut polled = [PollFd::new(process, PollFlags::POLLIN)];
    match poll(&mut polled, PollTimeout::ZERO) {
        Ok(ready) => Ok(ready > 0),
        // It is asked again.
        Err(Errno::EINTR) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

/// Sends a signal to a pinned process (pidfd_send_signal(2)).
#[expect(unsafe_code, reason = "no safe form in std or nix")]
pub(crate) fn signal_pinned(process: BorrowedFd<'_>, signal: i32) -> io::Result<()> {
    let none = std::ptr::null::<libc::siginfo_t>();
    let fd = process.as_raw_fd();
    // SAFETY: the call takes numbers, and no information beside the signal.
    checked(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, signal, none, 0) })?;
    Ok(())
}

/// Sends a signal to each process of a group (kill(2)).
#[expect(unsafe_code, reason = "nix knows no real-time signals")]
pub(crate) fn signal_group(leader: i32, signal: i32) -> io::Result<()> {
    assert!(leader > 1, "0, 1 and -1 would mean others");
    // SAFETY: the call takes two numbers.
    checked(libc::c_long::from(unsafe { libc::kill(-leader, signal) }))?;
    Ok(())
}

/// Sends a signal to a child that was not reaped yet, so that its number is its own.
#[expect(unsafe_code, reason = "nix knows no real-time signals")]
pub(crate) fn signal_child(pid: i32, signal: i32) -> io::Result<()> {
    assert!(pid > 1, "0, 1 and -1 would mean others");
    // SAFETY: the call takes two numbers.
    checked(libc::c_long::from(unsafe { libc::kill(pid, signal) }))?;
    Ok(())
}

/// Makes sure that children can be waited for: who starts us with SIGCHLD ignored would have them
/// vanish.
#[expect(unsafe_code, reason = "nix offers no safe form either")]
pub(crate) fn mind_children() {
    // SAFETY: all zeros is a valid `sigaction`; the calls read and write what is passed, and the
    // default action runs no code of ours.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGCHLD, std::ptr::null(), &mut action);
        if action.sa_sigaction == libc::SIG_IGN {
            libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        }
    }
}

/// Gives all signals their default action again, less those in `keep`, and empties the mask.
#[expect(unsafe_code, reason = "nix knows no real-time signals")]
pub(super) fn reset_signals(keep: &[i32]) {
    const LAST: i32 = 64;
    const OF_THE_C_LIBRARY: [i32; 2] = [32, 33];
    const MASK_BYTES: usize = 8;
    // What the kernel calls `sigaction`: handler, flags, restorer, mask; all zeros is the default
    // action.
    let default = [0_u64; 4];
    let nowhere = std::ptr::null::<u64>();
    for signal in (1..=LAST).filter(|signal| !keep.contains(signal)) {
        // SAFETY: the default action runs no code of ours, and `default` outlives the call. KILL
        // and STOP refuse, as they should.
        unsafe {
            if OF_THE_C_LIBRARY.contains(&signal) {
                // The C library refuses these, and who started the runner may have ignored them.
                let call = libc::SYS_rt_sigaction;
                libc::syscall(call, signal, default.as_ptr(), nowhere, MASK_BYTES);
            } else {
                libc::signal(signal, libc::SIG_DFL);
            }
        }
    }
    let _ = nix::sys::signal::SigSet::empty().thread_set_mask();
}

/// Has a handler called for a signal, and system calls go on after it. Handlers, unlike ignored
/// signals, are not passed on to children.
#[expect(unsafe_code, reason = "nix knows no real-time signals")]
pub(super) fn handle_signal(signal: i32, handler: extern "C" fn(i32)) {
    // SAFETY: the handlers of this crate do what a handler may: nothing, or change one number. The
    // C library refuses its own signals, and KILL and STOP.
    unsafe { libc::signal(signal, handler as libc::sighandler_t) };
}

/// Installs handlers that let this process survive every signal that can be survived.
pub(crate) fn survive_signals() {
    // These are sent for a defect of this process, or end nothing.
    const LEFT_ALONE: [i32; 9] = [
        libc::SIGCONT,
        libc::SIGCHLD,
        libc::SIGILL,
        libc::SIGTRAP,
        libc::SIGABRT,
        libc::SIGBUS,
        libc::SIGFPE,
        libc::SIGSEGV,
        libc::SIGSYS,
    ];
    extern "C" fn nothing(_: i32) {}
    (1..=libc::SIGRTMAX())
        .filter(|signal| !LEFT_ALONE.contains(signal))
        .for_each(|signal| handle_signal(signal, nothing));
    let _ = nix::sys::signal::SigSet::empty().thread_set_mask();
}

/// Puts a descriptor under a number that stays open across exec.
#[expect(
    unsafe_code,
    reason = "nix gives the number an owner who would close it"
)]
pub(crate) fn place(fd: BorrowedFd<'_>, number: RawFd) -> io::Result<()> {
    let from = fd.as_raw_fd();
    // SAFETY: the launcher alone decides what its low numbers are, and holds no owner of `number`.
    let answer = unsafe {
        if from == number {
            libc::fcntl(number, libc::F_SETFD, 0)
        } else {
            libc::dup2(from, number)
        }
    };
    checked(libc::c_long::from(answer)).map(drop)
}

/// Sets the I/O class and level of this process (ioprio_set(2)).
#[expect(unsafe_code, reason = "no safe form in std or nix")]
pub(super) fn set_ioprio(class: u8, level: u8) -> io::Result<()> {
    const WHO_PROCESS: i32 = 1;
    const CLASS_SHIFT: u32 = 13;
    let value = (i32::from(class) << CLASS_SHIFT) | i32::from(level);
    // SAFETY: the call takes three numbers.
    checked(unsafe { libc::syscall(libc::SYS_ioprio_set, WHO_PROCESS, 0, value) }).map(drop)
}

/// Sets the niceness of this process (setpriority(2)).
#[expect(unsafe_code, reason = "no safe form in std or nix")]
pub(crate) fn set_nice(niceness: i32) -> io::Result<()> {
    // SAFETY: the call takes three numbers.
    let answer = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, niceness) };
    checked(libc::c_long::from(answer)).map(drop)
}

/// Returns the niceness of this process (getpriority(2)).
#[expect(unsafe_code, reason = "no safe form in std or nix")]
pub(crate) fn nice() -> i32 {
    // SAFETY: the call takes two numbers. Of this process it does not fail.
    unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) }
}

/// Sets a variable of this process's environment, or removes it.
#[expect(unsafe_code, reason = "a thread that reads the environment would race")]
pub(super) fn change_variable(name: &str, value: Option<&std::ffi::OsStr>) {
    // SAFETY: only the launcher calls this, and it has one thread.
    unsafe {
        match value {
            Some(value) => std::env::set_var(name, value),
            None => std::env::remove_var(name),
        }
    }
}

/// Sets the supplementary groups of this thread alone (setgroups(2)): the form of the C library
/// changes all threads.
#[expect(unsafe_code, reason = "no safe form in std or nix")]
pub(super) fn set_groups_of_this_thread(groups: &[nix::unistd::Gid]) -> io::Result<()> {
    #[cfg(target_pointer_width = "32")]
    const SET_GROUPS: libc::c_long = libc::SYS_setgroups32;
    #[cfg(not(target_pointer_width = "32"))]
    const SET_GROUPS: libc::c_long = libc::SYS_setgroups;
    let groups: Vec<libc::gid_t> = groups.iter().map(|gid| gid.as_raw()).collect();
    // SAFETY: the kernel reads as many numbers as there are, from memory that lives until it has.
    checked(unsafe { libc::syscall(SET_GROUPS, groups.len(), groups.as_ptr()) }).map(drop)
}
