//! Waits at the edges of numbers and clocks.

use std::time::Duration;

use crate::flow::definition::RetryTerms;
use crate::flow::journal::Phase;
use crate::flow::retry_wait::{RetryWait, WaitCause};

const NOW: i64 = 1_700_000_000_000;

fn wait(number: u32, cause: WaitCause) -> RetryWait {
    RetryWait {
        since: NOW,
        phase: Phase::Execute,
        number,
        cause,
    }
}

#[test]
fn no_wait_overflows() {
    let endless = RetryTerms {
        times: u32::MAX,
        every: Duration::MAX,
        factor: 1e300,
        max: Duration::MAX,
    };
    for number in [0, 1, 2, 1_000, u32::MAX] {
        let due = wait(number, WaitCause::Failure).due(&endless, 1, "a", NOW);
        assert!(due > NOW + 1_000_000_000_000, "{number}: {due}");
    }
    let asked = wait(1, WaitCause::LaterBy(i64::MAX));
    assert_eq!(asked.due(&RetryTerms::ONCE, 1, "a", NOW), i64::MAX);
    let back = wait(1, WaitCause::LaterBy(-5));
    assert_eq!(back.due(&RetryTerms::ONCE, 1, "a", NOW), NOW);
    let none = wait(3, WaitCause::Failure).due(&RetryTerms::ONCE, 1, "a", NOW);
    assert_eq!(none, NOW);
}

#[test]
fn jitter_spreads_the_waits_of_many_jobs() {
    let terms = RetryTerms {
        times: 2,
        every: Duration::from_secs(100),
        ..RetryTerms::ONCE
    };
    let delays = (0..1_000).map(|seed| {
        let due = wait(1, WaitCause::Failure).due(&terms, seed, "fetch", NOW);
        due - NOW
    });
    let mut tenths = [0_u32; 10];
    for delay in delays {
        assert!((90_000..=110_000).contains(&delay), "{delay}");
        tenths[((delay - 90_000) / 2_000).min(9) as usize] += 1;
    }
    assert!(tenths.iter().all(|count| *count > 60), "{tenths:?}");
}

#[test]
fn a_wait_from_the_future_is_over() {
    let hour = 3_600_000;
    let terms = RetryTerms {
        times: 2,
        every: Duration::from_secs(10),
        ..RetryTerms::ONCE
    };
    let due = |now| wait(1, WaitCause::Failure).due(&terms, 1, "a", now);
    assert_eq!(due(NOW - hour), NOW - hour);
    // A little ahead is what clocks of two hosts are.
    assert!(due(NOW - 5_000) > NOW);
}
