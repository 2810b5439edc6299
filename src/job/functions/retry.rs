//! How often a step or a group is tried.

use super::span;
use crate::flow::definition::RetryTerms;

/// How often a step, a revert or a group is tried, and how long is waited between two tries.
///
/// ```
/// use run_functions::jobs::Retry;
///
/// // After 10 s, 20 s and 40 s; each wait varies by a tenth.
/// let retry = Retry::times(4).every("10s").factor(2.0).max("5m");
/// # let _ = retry;
/// ```
///
/// What cannot be read is an error when the job is loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    times: u32,
    every: Option<String>,
    factor: Option<f64>,
    max: Option<String>,
}

impl Retry {
    /// Returns terms of so many tries, the first among them. The second is made after 10 s, and
    /// each further one after the same wait; of a revert, after a wait twice as long as the one
    /// before.
    pub fn times(times: u32) -> Self {
        Retry {
            times,
            every: None,
            factor: None,
            max: None,
        }
    }

    /// Sets the wait before the second try, such as `"10s"`.
    #[must_use]
    pub fn every(mut self, wait: &str) -> Self {
        self.every = Some(wait.to_owned());
        self
    }

    /// Sets by which each wait is longer than the one before: 1 or more.
    #[must_use]
    pub fn factor(mut self, factor: f64) -> Self {
        self.factor = Some(factor);
        self
    }

    /// Sets the longest wait, such as `"5m"`.
    #[must_use]
    pub fn max(mut self, wait: &str) -> Self {
        self.max = Some(wait.to_owned());
        self
    }

    /// Returns the terms, over those that hold where nothing is set.
    pub(super) fn terms(&self, usual: RetryTerms) -> Result<RetryTerms, String> {
        let span = |text: &Option<String>, usual| match text {
            Some(text) => span::parse(text),
            None => Ok(usual),
        };
        Ok(RetryTerms {
            times: self.times,
            every: span(&self.every, usual.every)?,
            factor: self.factor.unwrap_or(usual.factor),
            max: span(&self.max, usual.max)?,
        })
    }
}
