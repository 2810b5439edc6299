//! Which job is asked about, and which is claimed.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{ASK_AGAIN, CapabilityAnswers, UnclaimedJob};
use crate::board::JobId;
use crate::core::time::Mono;

fn job(id: u64, tags: &[&str], port: &str) -> UnclaimedJob {
    UnclaimedJob {
        id: JobId(id),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        variables: BTreeMap::from([("ARG_PORT".to_owned(), port.to_owned())]),
    }
}

#[test]
fn a_no_holds_for_all_jobs_with_the_same_arguments_and_is_asked_again_later() {
    let jobs = [
        job(1, &["free"], "80"),
        job(2, &["free"], "80"),
        job(3, &["free"], "81"),
    ];
    let mut answers = CapabilityAnswers::default();
    answers.consider(jobs.to_vec());
    let now = Mono::BOOT + Duration::from_secs(100);
    assert_eq!(answers.next_question("free", now), Some(&jobs[0]));
    answers.answered("free", &jobs[0], false, now);
    assert_eq!(answers.next_question("free", now), Some(&jobs[2]));
    let cannot: Vec<JobId> = answers.cannot_now().iter().map(|no| no.job).collect();
    assert_eq!(cannot, [JobId(1), JobId(2)]);
    answers.answered("free", &jobs[2], false, now);
    assert_eq!(answers.next_question("free", now), None);
    assert_eq!(answers.due(), Some(now + ASK_AGAIN));
    assert_eq!(
        answers.next_question("free", now + ASK_AGAIN),
        Some(&jobs[0])
    );
}

#[test]
fn a_job_is_claimed_when_all_of_its_tags_hold_and_a_yes_is_used_once() {
    let jobs = [job(1, &["a", "b"], "80"), job(2, &["a"], "80")];
    let mut answers = CapabilityAnswers::default();
    answers.consider(jobs.to_vec());
    let now = Mono::BOOT + Duration::from_secs(100);
    answers.answered("a", &jobs[0], true, now);
    assert!(answers.able(9, now).is_empty());
    answers.answered("b", &jobs[0], true, now);
    assert_eq!(answers.able(9, now), [JobId(1)]);
    answers.settle(&[JobId(1)], &[JobId(1)], now);
    assert!(answers.able(9, now).is_empty());
    assert_eq!(answers.next_question("a", now), Some(&jobs[1]));
    answers.answered("a", &jobs[1], true, now);
    // Another worker was faster.
    answers.settle(&[JobId(2)], &[], now);
    assert_eq!(answers.next_question("a", now), None);
    let later = now + Duration::from_secs(1);
    assert_eq!(answers.next_question("a", later), Some(&jobs[1]));
}
