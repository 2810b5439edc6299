//! When something is tried again: waits that grow, with a jitter that is the same for everyone.

use std::time::Duration;

use super::definition::RetryTerms;
use super::journal::Phase;
use crate::core::hash;

/// The longest wait that is held with the job; a longer one gives the job back.
pub(crate) const LONGEST_HELD: i64 = 5_000;

/// The waits of what asked to be tried later, where the step has no waits of its own.
const LATER: RetryTerms = RetryTerms {
    times: u32::MAX,
    every: Duration::from_secs(10),
    factor: 2.0,
    max: Duration::from_secs(300),
};

/// How far a time may lie ahead of the clock before that clock, or the one that wrote the time, is
/// taken to be wrong.
const SKEW: i64 = 60_000;

/// A wait for the next try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RetryWait {
    /// From when on it is waited, in milliseconds since 1970.
    pub(crate) since: i64,
    /// What is tried again.
    pub(crate) phase: Phase,
    /// How many tries have ended.
    pub(crate) number: u32,
    /// Why it is waited.
    pub(crate) cause: WaitCause,
}

/// Why a wait is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitCause {
    /// A failure.
    Failure,
    /// The attempt asked to be tried later.
    Later,
    /// The attempt asked to be tried after so many milliseconds.
    LaterBy(i64),
}

impl RetryWait {
    /// Returns the time at which the wait is over, by the terms of its node.
    ///
    /// A wait that seems to begin in the future was written by a clock that was wrong. Nothing is
    /// known of when it ends, and it is taken to be over: better too early than never.
    pub(crate) fn due(&self, terms: &RetryTerms, seed: u64, node: &str, now: i64) -> i64 {
        if self.since > now.saturating_add(SKEW) {
            return now;
        }
        let delay = match self.cause {
            WaitCause::LaterBy(delay) => delay.max(0),
            WaitCause::Later if terms.every.is_zero() => self.delay(&LATER, seed, node),
            WaitCause::Failure | WaitCause::Later => self.delay(terms, seed, node),
        };
        self.since.saturating_add(delay)
    }

    /// Returns the wait in milliseconds, within 10 % of what the terms say and never over `max`.
    fn delay(&self, terms: &RetryTerms, seed: u64, node: &str) -> i64 {
        let earlier = i32::try_from(self.number.saturating_sub(1)).unwrap_or(i32::MAX);
        let max = terms.max.as_secs_f64();
        let base = (terms.every.as_secs_f64() * terms.factor.powi(earlier)).min(max);
        let wait = (base * self.jitter(seed, node)).min(max);
        // A cast of a number that is too large gives the largest there is.
        (wait * 1_000.0) as i64
    }

    /// Returns a factor from 0.9 to 1.1.
    fn jitter(&self, seed: u64, node: &str) -> f64 {
        let mut key = seed.to_le_bytes().to_vec();
        key.extend(self.number.to_le_bytes());
        key.push(self.phase as u8);
        key.extend(node.as_bytes());
        let hash = hash::fnv1a(&key);
        // The low bits of FNV-1a differ most between near keys.
        let part = ((hash ^ (hash >> 32)) & 0xffff_ffff) as f64 / f64::from(u32::MAX);
        0.9 + 0.2 * part
    }
}
