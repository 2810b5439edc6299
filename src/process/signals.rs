//! Signals, turned at once into what they mean here, for readers who poll a descriptor.
//!
//! Handlers, not a blocked mask: std passes a blocked mask on to children. Any number of signals may come between two looks, and
//! none of a kind that counts (the second INT) is lost: a handler counts, and a byte in a pipe wakes who waits.
//!
//! There can be several [`Reader`]s, each of which is told everything: the main loop has one, and the thread that looks after a
//! function in this process another.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};
use nix::unistd::{pipe2, read};

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

/// Also the index of its counter; `Replace` shares the number of `Term`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Quit,
    Term,
    Int,
    Hangup,
    Status,
    Wake,
    Replace,
}

const KIND_COUNT: usize = Kind::Replace as usize + 1;

/// Bounds the work of a handler.
const MOST_READERS: usize = 16;

static SLOTS: [Slot; MOST_READERS] = [const { Slot::new() }; MOST_READERS];

/// Where handlers leave what one reader takes. Never freed, as a handler may be in it at any time.
#[derive(Debug)]
struct Slot {
    taken: AtomicBool,
    pending: AtomicBool,
    counts: [AtomicU32; KIND_COUNT],
    heir: AtomicI32,
    pipe: OnceLock<(OwnedFd, OwnedFd)>,
}

/// The handlers, installed.
#[derive(Debug)]
pub(crate) struct Signals(());

impl Signals {
    /// Installs the handlers for the whole process. HUP, INT and QUIT that are ignored stay ignored (nohup, `&`); SIGPIPE is ignored from now
    /// on, and none of ours is blocked.
    ///
    /// Signals that come before the first [`Signals::reader`] are lost; make one at once.
    ///
    /// # Errors
    ///
    /// Those of sigaction(2); none is known for these signals.
    pub(crate) fn install() -> io::Result<Self> {
        static INSTALLED: OnceLock<Result<(), i32>> = OnceLock::new();
        let installed =
            INSTALLED.get_or_init(|| install().map_err(|e| e.raw_os_error().unwrap_or(0)));
        match installed {
            Ok(()) => Ok(Signals(())),
            Err(errno) => Err(io::Error::from_raw_os_error(*errno)),
        }
    }

    /// Returns a reader who is told of every signal from now on, independently of other readers.
    ///
    /// # Errors
    ///
    /// When no descriptor is left, or there are 16 readers already.
    pub(crate) fn reader(&self) -> io::Result<Reader> {
        let free = SLOTS
            .iter()
            .find(|slot| !slot.taken.swap(true, Ordering::AcqRel));
        let slot = free.ok_or_else(|| io::Error::other("there are too many readers of signals"))?;
        // From here on the reader gives the slot back, whatever happens.
        let reader = Reader { slot };
        if slot.pipe.get().is_none() {
            let ends = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
            let _ = slot.pipe.set(ends);
        }
        reader.drain().for_each(drop);
        Ok(reader)
    }
}

/// One who is told of signals. Its descriptor is readable when there is something to [`drain`](Reader::drain).
#[derive(Debug)]
pub(crate) struct Reader {
    slot: &'static Slot,
}

impl Reader {
    /// Returns whether there may be something to drain. Costs a load, no system call.
    pub(crate) fn is_pending(&self) -> bool {
        self.slot.pending.load(Ordering::Acquire)
    }

    /// Takes what came since the last time, each signal as often as it came. Does not wait.
    pub(crate) fn drain(&self) -> impl Iterator<Item = Signal> + use<> {
        let slot = self.slot;
        // In this order: what comes in between leaves a byte and the flag, and at worst wakes us once for nothing.
        slot.empty_pipe();
        slot.pending.store(false, Ordering::Release);
        let replaced = slot.take(Kind::Replace);
        let heir = slot.heir.load(Ordering::Acquire);
        let told = KINDS.map(|(kind, _)| (kind, slot.take(kind)));
        let told = told
            .into_iter()
            .flat_map(|(kind, times)| (0..times).filter_map(move |_| kind.meaning()));
        let replace = Signal::Replace { by: heir };
        told.chain((0..replaced.min(1)).map(move |_| replace))
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
        self.slot.taken.store(false, Ordering::Release);
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
            Signal::Term | Signal::Replace { .. } => "SIGTERM",
            Signal::Int => "SIGINT",
            Signal::Quit => "SIGQUIT",
            Signal::Hangup => "SIGHUP",
            Signal::Status => "SIGUSR1",
            Signal::Wake => "SIGUSR2",
        }
    }

    /// Returns whether it asks the process to end, in one way or another.
    pub(crate) fn ends(self) -> bool {
        !matches!(self, Signal::Hangup | Signal::Status | Signal::Wake)
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
            Kind::Replace => None,
        }
    }
}

impl Slot {
    const fn new() -> Self {
        Slot {
            taken: AtomicBool::new(false),
            pending: AtomicBool::new(false),
            counts: [const { AtomicU32::new(0) }; KIND_COUNT],
            heir: AtomicI32::new(0),
            pipe: OnceLock::new(),
        }
    }

    /// Called by handlers: atomics and write(2) only (signal-safety(7)).
    fn tell(&self, kind: Kind, heir: Option<i32>) {
        if !self.taken.load(Ordering::Acquire) {
            return;
        }
        if let Some(heir) = heir {
            self.heir.store(heir, Ordering::Release);
        }
        self.counts[kind as usize].fetch_add(1, Ordering::AcqRel);
        self.pending.store(true, Ordering::Release);
        if let Some((_, writing)) = self.pipe.get() {
            // A full pipe wakes as well as one byte more would.
            let _ = nix::unistd::write(writing, &[0]);
        }
    }

    fn take(&self, kind: Kind) -> u32 {
        self.counts[kind as usize].swap(0, Ordering::AcqRel)
    }

    fn reading_end(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.get().map(|(reading, _)| reading.as_fd())
    }

    fn empty_pipe(&self) {
        let mut bytes = [0; 64];
        while let Some(reading) = self.reading_end() {
            match read(reading, &mut bytes) {
                Ok(count) if count == bytes.len() => {}
                Err(Errno::EINTR) => {}
                _ => return,
            }
        }
    }
}

fn install() -> io::Result<()> {
    ignore_broken_pipes()?;
    let mut ours = SigSet::empty();
    for (kind, number) in KINDS {
        if may_be_ignored(kind) && is_ignored(number)? {
            continue;
        }
        handle(kind, number)?;
        ours.add(nix::sys::signal::Signal::try_from(number)?);
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
        let kind = if heir.is_some() { Kind::Replace } else { kind };
        SLOTS.iter().for_each(|slot| slot.tell(kind, heir));
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

fn ignore_broken_pipes() -> io::Result<()> {
    use nix::sys::signal::{SigHandler, Signal, signal};
    #[expect(
        unsafe_code,
        reason = "changing a disposition concerns the whole process"
    )]
    // SAFETY: ignoring runs no code in a handler.
    unsafe { signal(Signal::SIGPIPE, SigHandler::SigIgn) }?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::clock;
    use crate::process::poll::Alarm;
    use nix::sys::signal::{Signal as Number, kill};
    use nix::unistd::getpid;
    use std::time::Duration;

    /// Waits until this reader was told all of these, in whatever portions.
    fn expect(reader: &Reader, signals: &[Signal]) {
        let mut missing = signals.to_vec();
        let mut alarm = Alarm::new().unwrap();
        let deadline = clock::mono() + Duration::from_secs(60);
        while !missing.is_empty() {
            assert!(clock::mono() < deadline, "never told of {missing:?}");
            alarm.wait([Some(reader.as_fd())], deadline).unwrap();
            for signal in reader.drain() {
                if let Some(at) = missing.iter().position(|wanted| *wanted == signal) {
                    missing.remove(at);
                }
            }
        }
    }

    // One test for all that is sent to this process: tests in other threads are told of it too.
    #[test]
    fn every_reader_is_told_every_signal_with_its_meaning() {
        let signals = Signals::install().unwrap();
        let (first, second) = (signals.reader().unwrap(), signals.reader().unwrap());
        let me = getpid();
        kill(me, Number::SIGUSR1).unwrap();
        kill(me, Number::SIGUSR2).unwrap();
        for reader in [&first, &second] {
            expect(reader, &[Signal::Status, Signal::Wake]);
        }
        kill(me, Number::SIGINT).unwrap();
        expect(&first, &[Signal::Int]);
        kill(me, Number::SIGINT).unwrap();
        expect(&first, &[Signal::Int]);
        expect(&second, &[Signal::Int, Signal::Int]);
    }

    #[test]
    fn a_term_of_an_heir_is_told_apart_from_any_other() {
        let signals = Signals::install().unwrap();
        let reader = signals.reader().unwrap();
        let me = getpid();
        let pinned = crate::process::pidfd::Pidfd::open(me.as_raw())
            .unwrap()
            .unwrap();
        pinned.ask_to_leave().unwrap();
        expect(&reader, &[Signal::Replace { by: me.as_raw() }]);
        kill(me, Number::SIGTERM).unwrap();
        expect(&reader, &[Signal::Term]);
    }

    #[test]
    fn whoever_drains_has_nothing_pending() {
        let signals = Signals::install().unwrap();
        let reader = signals.reader().unwrap();
        reader.slot.tell(Kind::Hangup, None);
        assert!(reader.is_pending());
        assert!(reader.drain().any(|signal| signal == Signal::Hangup));
    }
}
