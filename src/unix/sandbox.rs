//! What the mail worker does to itself before it talks to anybody: limits that hold whatever a
//! hostile server makes it do.

use std::io;
use std::time::Duration;

use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigHandler, SigSet, SigmaskHow, Signal, signal, sigprocmask};
use nix::unistd::{Pid, getppid};

/// Makes this process end with the thread that started it, and leaves neither core dumps nor
/// inherited descriptors.
///
/// Called while the process has one thread, and nothing open but 0, 1 and 2 that it needs.
///
/// # Errors
///
/// When the parent is gone already, or the kernel refuses.
pub(crate) fn bind_to_parent(parent: i32) -> io::Result<()> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    // The parent may have ended before the line above; then nobody would ever send that signal.
    if getppid() != Pid::from_raw(parent) {
        return Err(io::Error::other(
            "the process that started this one is gone",
        ));
    }
    Ok(())
}

/// Closes every descriptor from 3 on, and forbids core dumps and being traced (the password is in
/// this memory).
///
/// # Errors
///
/// When the kernel refuses.
pub(crate) fn shed() -> io::Result<()> {
    close_from_three();
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    prctl::set_dumpable(false)?;
    Ok(())
}

/// Limits the address space: what a server could make us allocate without end ends in an abort of
/// this process alone.
///
/// # Errors
///
/// When the kernel refuses.
pub(crate) fn limit_memory(bytes: u64) -> io::Result<()> {
    setrlimit(Resource::RLIMIT_AS, bytes, bytes)?;
    Ok(())
}

/// Has the kernel kill this process when `after` has passed, also when it hangs in a name
/// resolution that nothing can cancel. Each call replaces the deadline of the former one.
///
/// # Errors
///
/// When the kernel refuses.
#[expect(
    unsafe_code,
    reason = "neither std nor nix has SIG_DFL or setitimer as a safe call"
)]
pub(crate) fn die_after(after: Duration) -> io::Result<()> {
    // SAFETY: the default action is no handler of ours, so nothing runs in a signal context.
    unsafe { signal(Signal::SIGALRM, SigHandler::SigDfl) }?;
    let mut alarm = SigSet::empty();
    alarm.add(Signal::SIGALRM);
    sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&alarm), None)?;
    let timer = libc::itimerval {
        it_interval: libc::timeval {
            tv_sec: 0,
            tv_usec: 0,
        },
        it_value: libc::timeval {
            tv_sec: libc::time_t::try_from(after.as_secs()).unwrap_or(libc::time_t::MAX),
            // A timer of zero would be none.
            tv_usec: libc::suseconds_t::from(after.subsec_micros().max(1)),
        },
    };
    // SAFETY: `timer` is a valid structure that lives through the call, and the old value is not
    // asked for.
    let done = unsafe { libc::setitimer(libc::ITIMER_REAL, &timer, std::ptr::null_mut()) };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Failure is no reason to stop: kernels before 5.9 lack the call, and our own descriptors are
/// close-on-exec anyway.
#[expect(unsafe_code, reason = "neither std nor nix has close_range")]
fn close_from_three() {
    // SAFETY: the caller has nothing open from 3 on that it will use; no Rust object owns one of
    // these descriptors.
    unsafe { libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, 0u32) };
}
