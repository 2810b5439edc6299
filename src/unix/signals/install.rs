//! The handlers: installed once, for the whole process.

use std::io;
use std::sync::OnceLock;

use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};

use super::guard;
use super::kind::{KINDS, SignalKind};
use super::reader::SignalReader;
use super::slot::{self, Slot};
use crate::unix::pidfd;

/// The handlers, installed.
#[derive(Debug)]
pub(crate) struct Signals(());

impl Signals {
    /// Installs the handlers for the whole process, and returns the first reader, who misses
    /// nothing. HUP, INT and QUIT that are ignored stay ignored (nohup, `&`); SIGPIPE and SIGXFSZ
    /// are ignored from now on, and none of ours is blocked.
    ///
    /// To be called in the first thread, before there are others: a blocked signal is unblocked in
    /// the calling one only.
    ///
    /// # Errors
    ///
    /// When no descriptor is left; those of sigaction(2), of which none is known for these signals.
    pub(crate) fn install() -> io::Result<(Self, SignalReader)> {
        static INSTALLED: OnceLock<Result<(), i32>> = OnceLock::new();
        let signals = Signals(());
        let reader = signals.reader()?;
        let installed =
            INSTALLED.get_or_init(|| install().map_err(|e| e.raw_os_error().unwrap_or(0)));
        match installed {
            Ok(()) => Ok((signals, reader)),
            Err(errno) => Err(io::Error::from_raw_os_error(*errno)),
        }
    }

    /// Returns one more reader, who receives every signal from now on, independently of others.
    ///
    /// # Errors
    ///
    /// When no descriptor is left, or there are 16 readers already.
    pub(crate) fn reader(&self) -> io::Result<SignalReader> {
        Slot::claim().map(|slot| SignalReader { slot })
    }
}

fn install() -> io::Result<()> {
    ignore_failing_writes()?;
    let mut ours = SigSet::empty();
    for (kind, number) in KINDS {
        if may_be_ignored(kind) && is_ignored(number)? {
            continue;
        }
        handle(kind, number)?;
        ours.add(nix::sys::signal::Signal::try_from(number)?);
    }
    // Elsewhere orphans go to another process, and a child that ends need not
    // wake anybody.
    if std::process::id() == 1 {
        handle(SignalKind::ChildEnded, libc::SIGCHLD)?;
        ours.add(nix::sys::signal::Signal::SIGCHLD);
    }
    guard::remember()?;
    pthread_sigmask(SigmaskHow::SIG_UNBLOCK, Some(&ours), None)?;
    Ok(())
}

fn may_be_ignored(kind: SignalKind) -> bool {
    matches!(
        kind,
        SignalKind::Hangup | SignalKind::Int | SignalKind::Quit
    )
}

fn handle(kind: SignalKind, number: libc::c_int) -> io::Result<()> {
    let action = move |info: &libc::siginfo_t| {
        let heir = match kind {
            SignalKind::Term => pidfd::asked_by_heir(info),
            _ => None,
        };
        let kind = match kind {
            SignalKind::Term if heir.is_some() => SignalKind::Replace,
            SignalKind::Term if pidfd::is_urgent(info) => SignalKind::Now,
            SignalKind::Wake if pidfd::is_release(info) => SignalKind::Released,
            SignalKind::Wake if pidfd::is_look(info) => SignalKind::Look,
            kind => kind,
        };
        slot::tell_all(kind, heir);
    };
    #[expect(
        unsafe_code,
        reason = "a handler must keep to what is async-signal-safe"
    )]
    // SAFETY: the action reads its argument, works on atomics and calls write(2), and signal-hook
    // puts errno back; it neither allocates nor locks nor panics.
    unsafe { signal_hook_registry::register_sigaction(number, action) }?;
    Ok(())
}

fn is_ignored(number: libc::c_int) -> io::Result<bool> {
    Ok(guard::action_of(number)?.sa_sigaction == libc::SIG_IGN)
}

/// A closed pipe (SIGPIPE) and a file that may not grow (SIGXFSZ, RLIMIT_FSIZE) are errors of a
/// write, not the end of a runner.
fn ignore_failing_writes() -> io::Result<()> {
    use nix::sys::signal::{SigHandler, Signal, signal};
    for failing in [Signal::SIGPIPE, Signal::SIGXFSZ] {
        #[expect(
            unsafe_code,
            reason = "changing a disposition concerns the whole process"
        )]
        // SAFETY: ignoring runs no code in a handler.
        unsafe { signal(failing, SigHandler::SigIgn) }?;
    }
    Ok(())
}
