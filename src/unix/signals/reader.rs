//! A reader of signals: takes what handlers have left for it.

use std::os::fd::{AsFd, BorrowedFd};

use super::kind::{KINDS, SignalKind};
use super::signal::Signal;
use super::slot::Slot;

/// One who is told of signals. Its descriptor is readable when there is something to
/// [`drain`](SignalReader::drain).
#[derive(Debug)]
pub(crate) struct SignalReader {
    pub(super) slot: &'static Slot,
}

impl SignalReader {
    /// Returns whether there may be something to drain.
    #[cfg(test)]
    pub(crate) fn is_pending(&self) -> bool {
        self.slot.is_pending()
    }

    /// Takes what came since the last time, each signal as often as it came. Does not wait.
    pub(crate) fn drain(&self) -> impl Iterator<Item = Signal> + use<> {
        let slot = self.slot;
        slot.clear();
        let replaced = slot.take(SignalKind::Replace);
        let heir = slot.heir();
        let urgent = slot.take(SignalKind::Now).min(1);
        let released = slot.take(SignalKind::Released).min(1);
        let children = slot.take(SignalKind::ChildEnded).min(1);
        let look = slot.take(SignalKind::Look).min(1);
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

impl AsFd for SignalReader {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.slot
            .reading_end()
            .expect("a reader is made with its pipe")
    }
}

impl Drop for SignalReader {
    fn drop(&mut self) {
        self.slot.give_back();
    }
}
