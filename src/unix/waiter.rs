//! The one way to wait: for descriptors and for a deadline on the boot clock, with no wake-up in
//! between.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

use super::clock;
use crate::core::time::Mono;

/// A timer on `CLOCK_BOOTTIME` with an absolute deadline: suspend counts, jumps of the wall clock
/// do not.
#[derive(Debug)]
pub(crate) struct Waiter {
    timer: TimerFd,
    set: Mono,
}

impl Waiter {
    /// Makes a timer that is not set.
    ///
    /// # Errors
    ///
    /// When the process has no descriptor left.
    pub(crate) fn new() -> io::Result<Self> {
        let flags = TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK;
        let timer = TimerFd::new(ClockId::CLOCK_BOOTTIME, flags)?;
        Ok(Waiter {
            timer,
            set: Mono::NEVER,
        })
    }

    /// Sets it; [`Mono::NEVER`] unsets it. Setting it to what it is set to costs nothing.
    fn set(&mut self, until: Mono) -> io::Result<()> {
        if until == self.set {
            return Ok(());
        }
        self.set = until;
        if until == Mono::NEVER {
            self.timer.unset()?;
        } else {
            let (secs, nanos) = until.secs_and_nanos();
            // A time of (0, 0) would unset the timer.
            let at = TimeSpec::new(secs, nanos.max(1));
            self.timer.set(
                Expiration::OneShot(at),
                TimerSetTimeFlags::TFD_TIMER_ABSTIME,
            )?;
        }
        Ok(())
    }

    /// Waits until one of `sources` can be read (or is closed), or `until` is reached. Returns
    /// which of them are ready, in their order; all `false` when the deadline was reached.
    ///
    /// A deadline in the past, or of now, asks the sources without waiting.
    ///
    /// # Errors
    ///
    /// Those of ppoll(2), less EINTR: a signal without a descriptor among the sources wakes nobody.
    pub(crate) fn wait<const N: usize>(
        &mut self,
        sources: [Option<BorrowedFd<'_>>; N],
        until: Mono,
    ) -> io::Result<[bool; N]> {
        self.set(until)?;
        loop {
            let passed = clock::mono() >= until;
            let mut ready = [false; N];
            // Absent sources are left out: ppoll(2) has no descriptor for "none" that nix could
            // express.
            let mut polled: Vec<PollFd<'_>> = Vec::with_capacity(N + 1);
            polled.push(PollFd::new(self.timer.as_fd(), PollFlags::POLLIN));
            for fd in sources.iter().flatten() {
                polled.push(PollFd::new(*fd, PollFlags::POLLIN));
            }
            let at_once = passed.then(|| TimeSpec::new(0, 0));
            match ppoll(&mut polled, at_once, None) {
                Ok(_) => {}
                Err(Errno::EINTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let mut answers = polled[1..].iter().map(|fd| fd.any().unwrap_or(true));
            for (ready, source) in ready.iter_mut().zip(&sources) {
                *ready = source.is_some() && answers.next().unwrap_or(false);
            }
            if passed || ready.contains(&true) {
                return Ok(ready);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_deadline_is_never_early_and_a_past_one_does_not_wait() {
        let mut alarm = Waiter::new().unwrap();
        for millis in [0, 1, 5] {
            let until = clock::mono() + Duration::from_millis(millis);
            assert_eq!(alarm.wait([None], until).unwrap(), [false]);
            assert!(clock::mono() >= until);
        }
        assert_eq!(
            alarm.wait([None, None], Mono::BOOT).unwrap(),
            [false, false]
        );
    }

    #[test]
    fn a_readable_source_ends_the_wait() {
        let (reader, writer) = std::io::pipe().unwrap();
        let mut alarm = Waiter::new().unwrap();
        drop(writer);
        let ready = alarm
            .wait([None, Some(reader.as_fd())], Mono::NEVER)
            .unwrap();
        assert_eq!(ready, [false, true]);
    }
}
