//! The numbers that functions in this process report, until their run has ended.

use std::sync::{Mutex, PoisonError};

use crate::core::own_metric::OwnMetric;
use crate::task::context;
use crate::unix::clock;

/// How many of one run are kept.
const MOST: usize = 1_000;

static REPORTED: Mutex<Vec<OwnMetric>> = Mutex::new(Vec::new());

/// Begins to keep what functions report.
pub(super) fn keep() {
    context::set_metric_sink(|metric| {
        let mut reported = REPORTED.lock().unwrap_or_else(PoisonError::into_inner);
        if reported.len() < MOST {
            let at = Some(clock::wall());
            reported.push(OwnMetric { at, ..metric });
        }
    });
}

/// Returns what was reported since the last call.
pub(super) fn take() -> Vec<OwnMetric> {
    std::mem::take(&mut REPORTED.lock().unwrap_or_else(PoisonError::into_inner))
}
