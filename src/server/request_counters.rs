//! How often the server was asked what, for its metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestKind {
    /// A call of the board.
    Call,
    /// A page.
    Page,
    /// Health or metrics.
    Watch,
}

/// The classes of answers that are counted: 2xx to 5xx.
const CLASSES: usize = 4;

/// Counts of requests, by kind and class of the answer.
#[derive(Debug, Default)]
pub(crate) struct RequestCounters {
    requests: [[AtomicU64; CLASSES]; 3],
    refused_logins: AtomicU64,
}

impl RequestCounters {
    /// Takes note of an answer.
    pub(crate) fn answered(&self, kind: RequestKind, status: u16) {
        let class = usize::from(status / 100).clamp(2, CLASSES + 1) - 2;
        self.requests[kind as usize][class].fetch_add(1, Ordering::Relaxed);
    }

    /// Takes note of a refused login.
    pub(crate) fn login_refused(&self) {
        self.refused_logins.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the counts as kind, class and number.
    pub(crate) fn requests(&self) -> Vec<(&'static str, &'static str, u64)> {
        let kinds = ["call", "page", "watch"].into_iter().zip(&self.requests);
        let counts = kinds.flat_map(|(kind, classes)| {
            let classes = ["2xx", "3xx", "4xx", "5xx"].into_iter().zip(classes);
            classes.map(move |(class, count)| (kind, class, count.load(Ordering::Relaxed)))
        });
        counts.collect()
    }

    /// Returns how many logins were refused.
    pub(crate) fn refused_logins(&self) -> u64 {
        self.refused_logins.load(Ordering::Relaxed)
    }
}
