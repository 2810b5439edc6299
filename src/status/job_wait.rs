//! Why a job waits, in words: one function for `job ID`, `post` and mails.

use crate::board::{JobState, WaitFacts, WorkerFacts};
use crate::core::time::of_unix_millis;
use crate::text::counts::counted;
use crate::unix::clock::short;

/// Returns why a job does not go on, a sentence each without a full stop; empty for a job that
/// nothing holds up.
pub(crate) fn why_waits(facts: &WaitFacts) -> Vec<String> {
    let mut reasons = Vec::new();
    match facts.job.state {
        JobState::Waiting => {}
        JobState::Limited => return vec!["it waits behind a limit".to_owned()],
        JobState::Paused => return vec!["it is paused".to_owned()],
        JobState::Stuck => {
            let reason = facts.job.reason.clone();
            return vec![reason.unwrap_or_else(|| "it needs a person".to_owned())];
        }
        _ => return reasons,
    }
    if facts.is_barred {
        reasons.push(
            "the board was restored, and nothing is claimed until the longest lease has passed"
                .to_owned(),
        );
    }
    if facts.job.run_at > facts.now {
        let at = of_unix_millis(facts.job.run_at);
        let what = if facts.job.has_begun {
            "its next try is"
        } else {
            "it is"
        };
        reasons.push(format!("{what} due at {}", short(at)));
    }
    reasons.extend(why_unclaimed(facts));
    reasons
}

/// Returns why no worker claims a job that is due.
fn why_unclaimed(facts: &WaitFacts) -> Option<String> {
    let name = &facts.job.definition;
    let workers = &facts.workers;
    if workers.is_empty() {
        return Some("no worker runs".to_owned());
    }
    let able: Vec<&WorkerFacts> = workers.iter().filter(|worker| is_able(worker)).collect();
    if able.is_empty() {
        return Some(why_none_is_able(facts));
    }
    let awake: Vec<_> = able.iter().filter(|worker| !worker.is_leaving).collect();
    if awake.is_empty() {
        let names = names(able.iter().copied());
        return Some(format!(
            "the workers that know `{name}` sleep or leave: {names}"
        ));
    }
    let is_busy = |worker: &&&&WorkerFacts| worker.holds >= u64::from(worker.slots);
    if awake.iter().filter(is_busy).count() == awake.len() {
        let names = names(awake.iter().map(|worker| **worker));
        return Some(format!("all slots are busy: {names}"));
    }
    match facts.before {
        0 => None,
        before => Some(format!(
            "{} before it",
            counted(before, "job is", "jobs are")
        )),
    }
}

fn is_able(worker: &WorkerFacts) -> bool {
    worker.knows_definition
        && !worker.is_older
        && worker.lacks.is_empty()
        && !worker.is_avoided
        && !worker.is_other_host
}

fn why_none_is_able(facts: &WaitFacts) -> String {
    let name = &facts.job.definition;
    let all = || facts.workers.iter();
    let knowing: Vec<_> = all().filter(|worker| worker.knows_definition).collect();
    if knowing.is_empty() {
        return format!("no worker knows `{name}`: {}", names(all()));
    }
    if knowing.iter().all(|worker| worker.is_older) {
        let names = names(knowing.iter().copied());
        return format!("it was begun by a later `{name}` than that of {names}");
    }
    if let Some(lacking) = knowing.iter().find(|worker| !worker.lacks.is_empty()) {
        let tags = lacking.lacks.join(", ");
        return format!(
            "no worker has the tag {tags}: {}",
            names(knowing.iter().copied())
        );
    }
    if knowing.iter().all(|worker| worker.is_other_host) {
        return "it goes on only on the host where it began, and no worker runs there".to_owned();
    }
    let names = names(knowing.iter().copied());
    format!("its next try is to be made by another worker than {names}")
}

fn names<'a>(workers: impl Iterator<Item = &'a WorkerFacts>) -> String {
    const MOST: usize = 8;
    let mut names: Vec<&str> = workers.map(|worker| worker.name.as_str()).collect();
    let more = names.len().saturating_sub(MOST);
    names.truncate(MOST);
    match more {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}
