//! What happens in a runner, as one closed set: log, alerts, history, status and metrics see the
//! runner only through it.

use std::fmt;
use std::time::Duration;

use super::failure::Outcome;
use super::time::{Moment, Mono};

/// The place of a task in its chain, from 0. The same task named twice has two.
pub(crate) type TaskIndex = usize;

/// The name of one run: unique within a chain, later runs have greater ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub u64);

impl RunId {
    /// Returns the name of something that happened at a moment and is no run.
    pub(crate) fn at(now: Moment) -> Self {
        let since_epoch = now.wall.duration_since(std::time::UNIX_EPOCH);
        let micros = since_epoch.unwrap_or_default().as_micros();
        RunId(u64::try_from(micros).unwrap_or(0))
    }

    /// Reads it as people see it; `None` for any other text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digit = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase();
        if !text.bytes().all(digit) {
            return None;
        }
        u64::from_str_radix(text, 36).ok().map(RunId)
    }
}

impl fmt::Display for RunId {
    /// Prints it in base 36, such as `mhx3k9ab2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
        let mut text = [b'0'; 13];
        let mut at = text.len();
        let mut rest = self.0;
        loop {
            at -= 1;
            text[at] = DIGITS[(rest % 36) as usize];
            rest /= 36;
            if rest == 0 {
                break;
            }
        }
        f.pad(std::str::from_utf8(&text[at..]).expect("the digits are ASCII"))
    }
}

/// How long a run may go on, as points in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunDeadlines {
    /// From when on it has gone on for too long.
    pub(crate) late: Mono,
    /// When that is to be mailed unless it is muted: not before it is late.
    pub(crate) mail: Mono,
    /// When it was mailed.
    pub(crate) mailed: Option<Mono>,
}

/// Why a runner ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StopReason {
    /// A signal asked the runner to stop, and the runner has finished cleanly.
    Asked {
        /// Such as `SIGTERM`.
        signal: &'static str,
    },
    /// A newcomer has its chain.
    Replaced,
    /// A task asked for it.
    Fatal {
        /// Which one.
        step: TaskIndex,
    },
    /// SIGQUIT: at once.
    Quit,
    /// Each task was run as often as asked (`once`).
    Done,
    /// The runner lost its pidfile or its directory and cannot go on safely.
    Lost(String),
    /// The program itself panicked: the message of the panic.
    Defect(String),
}

/// The end of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunEnd<'a> {
    /// Of which task.
    pub(crate) step: TaskIndex,
    /// Which run.
    pub(crate) run: RunId,
    /// When it began.
    pub(crate) started: Moment,
    /// When it ended.
    pub(crate) at: Moment,
    /// How.
    pub(crate) outcome: &'a Outcome,
}

impl RunEnd<'_> {
    /// Returns how long the run took.
    pub(crate) fn took(&self) -> Duration {
        self.at.mono.since(self.started.mono)
    }
}

/// Something that happened in a runner.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub(crate) enum Event<'a> {
    /// The runner holds its chain and begins.
    Started {
        /// When.
        at: Moment,
    },
    /// A run begins.
    RunStarted {
        /// Of which task.
        step: TaskIndex,
        /// Which run.
        run: RunId,
        /// When.
        at: Moment,
    },
    /// A run has ended.
    RunEnded(RunEnd<'a>),
    /// The cooldown of a task begins.
    Sleeping {
        /// Whose cooldown it is.
        step: TaskIndex,
        /// Which task runs when it has passed.
        next: TaskIndex,
        /// When it began.
        at: Moment,
        /// When it will have passed.
        until: Mono,
    },
    /// A user asked to skip the rest of a cooldown.
    Woken,
    /// A signal or a user asked the runner to stop.
    StopAsked {
        /// Such as `SIGTERM`.
        signal: &'static str,
        /// When.
        at: Moment,
    },
    /// The runner has ended its chain.
    Stopped {
        /// When.
        at: Moment,
        /// Why.
        reason: &'a StopReason,
    },
    /// A mail to the admin is safely in the outbox.
    Alerted {
        /// About which task; `None`: about the chain.
        step: Option<TaskIndex>,
        /// When.
        at: Moment,
        /// The headline, in the words of subject and log, already redacted:
        /// `First exception caught: TEXT`.
        headline: &'a str,
        /// Which run it is about, if one.
        run: Option<RunId>,
        /// The fingerprint of the failure that it is about, if one.
        kind: Option<&'a str>,
        /// The sort of mail: `first`, `new`, `downtime`, `again`, `running`, `healed`, `digest`,
        /// `summary`.
        sort: &'static str,
    },
    /// Mails are held back from now on, as a user asked for; or are not any more.
    Mute {
        /// The task or chain, the user, and how many mails were held back, in words.
        words: &'a str,
    },
    /// A failure was not mailed, and this is why.
    NotAlerted {
        /// Of which task.
        step: TaskIndex,
        /// Which run.
        run: RunId,
        /// When.
        at: Moment,
        /// The fingerprint.
        kind: &'a str,
        /// The policy's reason: `same kind already mailed 21 Nov 22:46; downtime 3h < 12h`.
        why: &'a str,
    },
}

/// An observer, which receives every event, in order.
pub(crate) trait Observer {
    /// Takes note of an event. Must not fail, and must not wait for anything slow.
    fn observe(&mut self, event: &Event<'_>);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_ids_read_in_base_36() {
        assert_eq!(RunId(0).to_string(), "0");
        assert_eq!(RunId(36).to_string(), "10");
        assert_eq!(RunId(u64::MAX).to_string(), "3w5e11264sgsf");
        assert_eq!(RunId::parse("3w5e11264sgsf"), Some(RunId(u64::MAX)));
        for wrong in ["", "3w5e11264sgsg", "A", "+1", "-1", "a b"] {
            assert_eq!(RunId::parse(wrong), None, "{wrong}");
        }
    }
}
