//! What did not happen, as failures of subjects.

use std::collections::BTreeMap;

use super::alert_subject::SubjectSort;
use crate::alert::failure_kind::FailureKind;
use crate::alert::fingerprint;
use crate::alert::jobs::FailedJobs;
use crate::board::{AlertConditions, Board, JobId};
use crate::core::time::{in_words, of_unix_millis};
use crate::status::job_wait::why_waits;
use crate::text::counts::counted;
use crate::unix::clock;

/// A worker that comes back within this time, in milliseconds, is no news: it was started again.
const COMES_BACK_IN: i64 = 30_000;

/// The conditions that hold, by subject.
pub(super) type HeldConditions = BTreeMap<(u8, String), (SubjectSort, Vec<FailedJobs>)>;

/// Returns the conditions that hold as failures of their subjects.
pub(super) fn held(found: &AlertConditions, board: &dyn Board, now: i64) -> HeldConditions {
    let mut held = HeldConditions::new();
    let mut add = |sort: SubjectSort, name: &str, failed: FailedJobs| {
        let key = (sort as u8, name.to_owned());
        let (_, of_name) = held.entry(key).or_insert_with(|| (sort, Vec::new()));
        match of_name.iter_mut().find(|one| one.kind == failed.kind) {
            Some(alike) => {
                alike.count += failed.count;
                alike.first = alike.first.min(failed.first);
            }
            None => of_name.push(failed),
        }
    };
    for late in &found.late {
        let at = clock::short(of_unix_millis(late.slot));
        let why = first_reason(board, late.job);
        let text = format!("late: job {} of {at} has not begun{why}", late.job);
        add(
            SubjectSort::Schedule,
            &late.schedule,
            one("late", text, late.slot, late.job.0),
        );
    }
    for paused in &found.paused {
        let count = paused.failures;
        let text = format!("paused, since {count} of its jobs in a row have failed");
        let kind = format!("paused {}", paused.since);
        add(
            SubjectSort::Schedule,
            &paused.schedule,
            one(&kind, text, paused.since, 0),
        );
    }
    for waiting in &found.waiting {
        let at_most = u64::try_from(waiting.at_most).unwrap_or(0);
        let at_most = in_words(std::time::Duration::from_millis(at_most));
        let why = first_reason(board, waiting.job);
        let text = format!(
            "job {} has waited for more than {at_most}{why}",
            waiting.job
        );
        add(
            SubjectSort::Waiting,
            &waiting.definition,
            one("waiting", text, waiting.since, waiting.job.0),
        );
    }
    for stuck in &found.stuck {
        let reason = stuck.reason.as_deref().unwrap_or("it needs a person");
        let kind = format!("stuck {}", fingerprint::normalise(reason));
        let text = format!("stuck: {reason}");
        add(
            SubjectSort::Stuck,
            &stuck.definition,
            one(&kind, text, stuck.since, stuck.job.0),
        );
    }
    let gone = found.lost.iter();
    for lost in gone.filter(|lost| lost.since.saturating_add(COMES_BACK_IN) <= now) {
        let jobs = counted(lost.jobs, "job was", "jobs were");
        let text = format!("not heard from while {jobs} its own, on host {}", lost.host);
        add(
            SubjectSort::Worker,
            &lost.name,
            one("not heard from", text, lost.since, 0),
        );
    }
    held
}

fn one(kind: &str, text: String, since: i64, job: u64) -> FailedJobs {
    FailedJobs {
        kind: FailureKind(kind.chars().take(100).collect()),
        text,
        count: 1,
        first: since,
        last: since,
        job,
        is_undone: false,
    }
}

/// Returns why a job waits, after a colon.
fn first_reason(board: &dyn Board, job: JobId) -> String {
    let facts = board.wait_facts(job).ok();
    let reason = facts.and_then(|facts| why_waits(&facts).into_iter().next());
    reason.map_or_else(String::new, |reason| format!(": {reason}"))
}
