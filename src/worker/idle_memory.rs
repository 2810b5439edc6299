//! Memory that a worker needed to begin or to work, and does not need while it waits for jobs.

use std::time::Duration;

use crate::core::time::Mono;
use crate::unix::memory_trim::MemoryTrim;

/// How long a worker has had nothing to do when it gives memory back.
const IDLE_FOR: Duration = Duration::from_secs(5);

/// Gives memory back, once in each pause that is long enough.
#[derive(Debug, Default)]
pub(super) struct IdleMemory {
    trim: MemoryTrim,
    /// Since when nothing is done; [`Mono::NEVER`] after memory was given back.
    idle_since: Option<Mono>,
}

impl IdleMemory {
    /// Takes note of whether the worker has anything to do. Returns whether memory was given back.
    pub(super) fn note(&mut self, is_idle: bool, now: Mono) -> bool {
        if !is_idle {
            self.idle_since = None;
            return false;
        }
        let since = *self.idle_since.get_or_insert(now);
        if since == Mono::NEVER || now < since + IDLE_FOR {
            return false;
        }
        self.idle_since = Some(Mono::NEVER);
        self.trim.rest(Duration::MAX);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_given_back_once_in_each_long_pause() {
        let mut memory = IdleMemory::default();
        let mut at = |is_idle, secs| memory.note(is_idle, Mono::BOOT + Duration::from_secs(secs));
        assert!(!at(true, 0) && !at(true, 4) && at(true, 5));
        assert!(!at(true, 6) && !at(true, 3600));
        assert!(!at(false, 3601) && !at(true, 3602) && !at(true, 3606) && at(true, 3607));
    }
}
