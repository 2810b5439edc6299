//! Handlers of ours that other code has replaced. A function that runs in this process may install
//! its own (`ctrlc::set_handler`, sigaction(2)); then the runner would hear nothing any more, and
//! could not be stopped. So they are looked at again, and put back.

use std::io;
use std::sync::OnceLock;

use nix::errno::Errno;
use nix::sys::signal::Signal;

use super::kind::KINDS;

/// What is done with each signal that concerns a runner, as it was when the handlers had been
/// installed.
static OURS: OnceLock<Vec<(libc::c_int, libc::sigaction)>> = OnceLock::new();

/// Takes note of what is done with signals now.
pub(super) fn remember() -> io::Result<()> {
    let failing = [libc::SIGPIPE, libc::SIGXFSZ];
    let mut numbers: Vec<_> = KINDS.map(|(_, number)| number).into();
    numbers.extend(failing);
    if std::process::id() == 1 {
        numbers.push(libc::SIGCHLD);
    }
    let ours: io::Result<Vec<_>> = numbers
        .into_iter()
        .map(|number| Ok((number, action_of(number)?)))
        .collect();
    let _ = OURS.set(ours?);
    Ok(())
}

/// Puts back what other code has replaced since; returns the names of these signals.
pub(crate) fn put_back() -> Vec<&'static str> {
    let replaced = |(number, ours): &(libc::c_int, libc::sigaction)| {
        let now = action_of(*number).ok()?;
        if now.sa_sigaction == ours.sa_sigaction {
            return None;
        }
        set_action(*number, ours).ok()?;
        Some(Signal::try_from(*number).map_or("a signal", Signal::as_str))
    };
    let ours = OURS.get().map_or(&[][..], Vec::as_slice);
    ours.iter().filter_map(replaced).collect()
}

/// Lets the signals that end a runner end this process at once, as they end any other: no reader is
/// left. The first process of a container keeps its handlers, since the system ignores there what
/// has none.
pub(crate) fn end_by_default() {
    if std::process::id() == 1 {
        return;
    }
    let ours = OURS.get().map_or(&[][..], Vec::as_slice);
    for (number, action) in ours {
        let ends = [libc::SIGTERM, libc::SIGINT, libc::SIGQUIT].contains(number);
        if ends && action.sa_sigaction != libc::SIG_IGN {
            let mut default = *action;
            default.sa_sigaction = libc::SIG_DFL;
            default.sa_flags = 0;
            let _ = set_action(*number, &default);
        }
    }
}

/// Returns what is done with a signal.
pub(super) fn action_of(number: libc::c_int) -> io::Result<libc::sigaction> {
    let mut current = std::mem::MaybeUninit::<libc::sigaction>::uninit();
    #[expect(unsafe_code, reason = "nix cannot ask without setting")]
    // SAFETY: no new action is given; the kernel fills in the old one where the call succeeds.
    let current = unsafe {
        Errno::result(libc::sigaction(
            number,
            std::ptr::null(),
            current.as_mut_ptr(),
        ))?;
        current.assume_init()
    };
    Ok(current)
}

fn set_action(number: libc::c_int, action: &libc::sigaction) -> io::Result<()> {
    #[expect(unsafe_code, reason = "nix cannot set what another call has returned")]
    // SAFETY: the action is one that the system returned for a handler of this program, or asks for
    // the default.
    let answer = unsafe { libc::sigaction(number, action, std::ptr::null_mut()) };
    Errno::result(answer)?;
    Ok(())
}
