//! An outage of the board, as the log has it: once, from the first call that failed.

use std::time::Duration;

use crate::core::time::Mono;

/// Whether the board answers. A full disk lets reads pass and refuses each write: an outage that a
/// write has begun ends with a write that was taken.
#[derive(Debug, Default)]
pub(super) struct BoardOutage {
    since: Option<Mono>,
    is_of_write: bool,
}

impl BoardOutage {
    /// Takes note of a call that failed; returns whether the outage begins with it.
    pub(super) fn failed(&mut self, now: Mono, is_write: bool) -> bool {
        self.is_of_write |= is_write;
        let begins = self.since.is_none();
        self.since.get_or_insert(now);
        begins
    }

    /// Takes note of a read that was answered; returns how long the outage was that ends with it.
    pub(super) fn read(&mut self, now: Mono) -> Option<Duration> {
        match self.is_of_write {
            true => None,
            false => self.written(now),
        }
    }

    /// Takes note of a write that was taken; returns how long the outage was that ends with it.
    pub(super) fn written(&mut self, now: Mono) -> Option<Duration> {
        let ended = std::mem::take(self);
        ended.since.map(|since| now.since(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Mono {
        Mono::BOOT + Duration::from_secs(secs)
    }

    #[test]
    fn a_board_that_reads_and_does_not_write_does_not_answer_again() {
        let mut outage = BoardOutage::default();
        assert!(outage.failed(at(1), true));
        assert_eq!(outage.read(at(2)), None);
        assert!(!outage.failed(at(3), true), "once");
        assert_eq!(outage.written(at(5)), Some(Duration::from_secs(4)));
        assert_eq!(outage.written(at(6)), None, "once");
    }

    #[test]
    fn a_board_that_could_not_be_read_answers_again_with_a_read() {
        let mut outage = BoardOutage::default();
        assert!(outage.failed(at(1), false));
        assert_eq!(outage.read(at(2)), Some(Duration::from_secs(1)));
        assert!(outage.failed(at(3), false), "the next one");
    }
}
