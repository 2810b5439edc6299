//! The kinds of signals that are counted apart.

use super::signal::Signal;

/// The order in which [`SignalReader::drain`](super::SignalReader::drain) distinguishes signals
/// that came together: what ends a runner comes first.
pub(super) const KINDS: [(SignalKind, libc::c_int); 6] = [
    (SignalKind::Quit, libc::SIGQUIT),
    (SignalKind::Term, libc::SIGTERM),
    (SignalKind::Int, libc::SIGINT),
    (SignalKind::Hangup, libc::SIGHUP),
    (SignalKind::Status, libc::SIGUSR1),
    (SignalKind::Wake, libc::SIGUSR2),
];

/// Also the index of its counter; `Replace` and `Now` share the number of `Term`, `Released` and
/// `Look` that of `Wake`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignalKind {
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

/// How many kinds there are.
pub(super) const KIND_COUNT: usize = SignalKind::Look as usize + 1;

impl SignalKind {
    /// Returns what a signal of this kind means, where its number alone says that.
    pub(super) fn meaning(self) -> Option<Signal> {
        match self {
            SignalKind::Quit => Some(Signal::Quit),
            SignalKind::Term => Some(Signal::Term),
            SignalKind::Int => Some(Signal::Int),
            SignalKind::Hangup => Some(Signal::Hangup),
            SignalKind::Status => Some(Signal::Status),
            SignalKind::Wake => Some(Signal::Wake),
            SignalKind::Replace
            | SignalKind::Now
            | SignalKind::Released
            | SignalKind::ChildEnded
            | SignalKind::Look => None,
        }
    }
}
