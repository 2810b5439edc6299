//! Signals, turned at once into what they mean here, for readers who poll a descriptor.
//!
//! Handlers, not a blocked mask: std passes a blocked mask on to children. Any number of signals may come between two looks, and
//! none of a kind that counts (the second INT) is lost: a handler counts, and a byte in a pipe wakes who waits.
//!
//! There can be several [`Reader`]s, each of which is told everything: the main loop has one, and the thread that looks after a
//! function in this process another.

mod slot;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::OnceLock;

use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};

use self::slot::Slot;
use super::pidfd;

/// What a signal means here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGTERM: finish the running task, start no other.
    Term,
    /// SIGTERM from an heir: as [`Signal::Term`], but taken back when no heir is there any more at the end.
    Replace {
        /// The newcomer; 0 when it cannot be seen from here.
        by: i32,
    },
    /// SIGTERM of somebody who does not want to wait: end the running task now.
    Now,
    /// SIGINT: the first as TERM, the second ends the running task, the third kills it.
    Int,
    /// SIGQUIT: kill the running task, and end.
    Quit,
    /// SIGHUP: open the log files again.
    Hangup,
    /// SIGUSR1: log a table of what runs and what is next.
    Status,
    /// SIGUSR2: skip the rest of this cooldown.
    Wake,
    /// SIGUSR2 from a runner that has left its chain to us; means nothing to a runner.
    Released,
    /// SIGCHLD, which only the first process of a container is told: a child has ended, perhaps one that nobody waits for.
    ChildEnded,
    /// SIGUSR2 from a command: what people wish of this runner has changed on disk.
    Look,
}

/// The order in which [`Reader::drain`] tells signals that came together: what ends a runner comes first.
const KINDS: [(Kind, libc::c_int); 6] = [
    (Kind::Quit, libc::SIGQUIT),
    (Kind::Term, libc::SIGTERM),
    (Kind::Int, libc::SIGINT),
    (Kind::Hangup, libc::SIGHUP),
    (Kind::Status, libc::SIGUSR1),
    (Kind::Wake, libc::SIGUSR2),
];

/// Also the index of its counter; `Replace` and `Now` share the number of `Term`, `Released` and `Look` that of `Wake`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Quit,
    Term,
    Int,
    Hangup,
    Status,
    Wake,
    Replace,
    Now,
    Released,
    ChildEnded,
    Look,
}

const KIND_COUNT: usize = Kind::Look as usize + 1;

/// The handlers, installed.
#[derive(Debug)]
pub(crate) struct Signals(());

impl Signals {
    /// Installs the handlers for the whole process, and returns the first reader, who misses nothing. HUP, INT and QUIT that are ignored
    /// stay ignored (nohup, `&`); SIGPIPE and SIGXFSZ are ignored from now on, and none of ours is blocked.
    ///
    /// To be called in the first thread, before there are others: a blocked signal is unblocked in the calling one only.
    ///
    /// # Errors
    ///
    /// When no descriptor is left; those of sigaction(2), of which none is known for these signals.
    pub(crate) fn install() -> io::Result<(Self, Reader)> {
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

    /// Returns one more reader, who is told of every signal from now on, independently of others.
    ///
    /// # Errors
    ///
    /// When no descriptor is left, or there are 16 readers already.
    pub(crate) fn reader(&self) -> io::Result<Reader> {
        Slot::claim().map(|slot| Reader { slot })
    }
}

/// One who is told of signals. Its descriptor is readable when there is something to [`drain`](Reader::drain).
#[derive(Debug)]
pub(crate) struct Reader {
    slot: &'static Slot,
}

impl Reader {
    /// Returns whether there may be something to drain.
    #[cfg(test)]
    pub(crate) fn is_pending(&self) -> bool {
        self.slot.is_pending()
    }

    /// Takes what came since the last time, each signal as often as it came. Does not wait.
    pub(crate) fn drain(&self) -> impl Iterator<Item = Signal> + use<> {
        let slot = self.slot;
        slot.clear();
        let replaced = slot.take(Kind::Replace);
        let heir = slot.heir();
        let urgent = slot.take(Kind::Now).min(1);
        let released = slot.take(Kind::Released).min(1);
        let children = slot.take(Kind::ChildEnded).min(1);
        let look = slot.take(Kind::Look).min(1);
        let told = KINDS.map(|(kind, _)| (kind, slot.take(kind)));
        let told = told
            .into_iter()
            .flat_map(|(kind, times)| (0..times).filter_map(move |_| kind.meaning()));
        let replace = Signal::Replace { by: heir };
        let urgent = (0..urgent).map(|_| Signal::Now);
        let replace = (0..replaced.min(1)).map(move |_| replace);
        let released = (0..released).map(|_| Signal::Released);
        let children = (0..children).map(|_| Signal::ChildEnded);
        let look = (0..look).map(|_| Signal::Look);
        told.chain(urgent)
            .chain(replace)
            .chain(released)
            .chain(children)
            .chain(look)
    }
}

impl AsFd for Reader {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.slot
            .reading_end()
            .expect("a reader is made with its pipe")
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.slot.give_back();
    }
}

impl fmt::Display for Signal {
    /// Prints the name that people know, such as `SIGTERM`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Signal {
    /// Returns the name that people know, such as `SIGTERM`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Signal::Term | Signal::Now | Signal::Replace { .. } => "SIGTERM",
            Signal::Int => "SIGINT",
            Signal::Quit => "SIGQUIT",
            Signal::Hangup => "SIGHUP",
            Signal::Status => "SIGUSR1",
            Signal::Wake | Signal::Released | Signal::Look => "SIGUSR2",
            Signal::ChildEnded => "SIGCHLD",
        }
    }

    /// Returns whether it asks the process to end, in one way or another.
    pub(crate) fn ends(self) -> bool {
        use Signal::{ChildEnded, Hangup, Look, Released, Status, Wake};
        !matches!(self, Hangup | Status | Wake | Released | ChildEnded | Look)
    }
}

impl Kind {
    fn meaning(self) -> Option<Signal> {
        match self {
            Kind::Quit => Some(Signal::Quit),
            Kind::Term => Some(Signal::Term),
            Kind::Int => Some(Signal::Int),
            Kind::Hangup => Some(Signal::Hangup),
            Kind::Status => Some(Signal::Status),
            Kind::Wake => Some(Signal::Wake),
            Kind::Replace | Kind::Now | Kind::Released | Kind::ChildEnded | Kind::Look => None,
        }
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
    // Elsewhere those whom nobody waits for go to somebody else, and a child that ends need not wake anybody.
    if std::process::id() == 1 {
        handle(Kind::ChildEnded, libc::SIGCHLD)?;
        ours.add(nix::sys::signal::Signal::SIGCHLD);
    }
    pthread_sigmask(SigmaskHow::SIG_UNBLOCK, Some(&ours), None)?;
    Ok(())
}

fn may_be_ignored(kind: Kind) -> bool {
    matches!(kind, Kind::Hangup | Kind::Int | Kind::Quit)
}

fn handle(kind: Kind, number: libc::c_int) -> io::Result<()> {
    let action = move |info: &libc::siginfo_t| {
        let heir = match kind {
            Kind::Term => pidfd::asked_by_heir(info),
            _ => None,
        };
        let kind = match kind {
            Kind::Term if heir.is_some() => Kind::Replace,
            Kind::Term if pidfd::is_urgent(info) => Kind::Now,
            Kind::Wake if pidfd::is_release(info) => Kind::Released,
            Kind::Wake if pidfd::is_look(info) => Kind::Look,
            kind => kind,
        };
        slot::tell_all(kind, heir);
    };
    #[expect(
        unsafe_code,
        reason = "a handler must keep to what is async-signal-safe"
    )]
    // SAFETY: the action reads its argument, works on atomics and calls write(2), and signal-hook puts errno back; it neither allocates nor locks nor panics.
    unsafe { signal_hook_registry::register_sigaction(number, action) }?;
    Ok(())
}

fn is_ignored(number: libc::c_int) -> io::Result<bool> {
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
    Ok(current.sa_sigaction == libc::SIG_IGN)
}

/// A closed pipe (SIGPIPE) and a file that may not grow (SIGXFSZ, RLIMIT_FSIZE) are errors of a write, not the end of a runner.
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
