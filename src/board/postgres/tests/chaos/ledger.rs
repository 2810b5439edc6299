//! Which worker is at which job at this moment, as the outer world would see it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::board::JobId;

/// The jobs that are worked at, and what was seen of two workers at one.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<Pages>);

#[derive(Debug, Default)]
struct Pages {
    at_work: BTreeMap<JobId, u32>,
    fences: BTreeMap<JobId, u64>,
    faults: Vec<String>,
}

impl Ledger {
    /// A worker begins to work at jobs, each with its fence.
    pub(super) fn begin(&self, worker: u32, jobs: &[(JobId, u64)]) {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (job, fence) in jobs {
            if let Some(other) = pages.at_work.insert(*job, worker) {
                pages.faults.push(format!("{job}: {worker} beside {other}"));
            }
            let last = pages.fences.insert(*job, *fence);
            if last.is_some_and(|last| last > *fence) {
                pages
                    .faults
                    .push(format!("{job}: fence {fence} after {last:?}"));
            }
        }
    }

    /// A worker has ended its work at jobs.
    pub(super) fn end(&self, jobs: &[(JobId, u64)]) {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (job, _) in jobs {
            pages.at_work.remove(job);
        }
    }

    /// Fails with what was seen of two workers at one job.
    pub(super) fn check(&self) {
        let pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(pages.faults.is_empty(), "{:#?}", pages.faults);
    }
}
