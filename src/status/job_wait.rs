//! Why a job waits, in words: one function for `job ID`, `post` and mails.

use crate::board::{JobState, LimitFacts, PauseRecord, PauseScope, WaitFacts, WorkerFacts};
use crate::core::time::of_unix_millis;
use crate::text::counts::counted;
use crate::unix::clock::short;

/// How many holders of a limit a board names.
const MOST_HOLDERS: usize = 8;

/// Returns why a job does not go on, a sentence each without a full stop; empty for a job that
/// nothing holds up.
pub(crate) fn why_waits(facts: &WaitFacts) -> Vec<String> {
    let mut reasons = Vec::new();
    match facts.job.state {
        JobState::Waiting => {}
        JobState::Limited => return why_limited(facts),
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
    match facts.pauses.as_slice() {
        pauses if !pauses.is_empty() && !facts.job.ignores_pauses => {
            reasons.extend(pauses.iter().map(why_paused));
        }
        _ => reasons.extend(why_unclaimed(facts)),
    }
    reasons
}

/// Returns behind which limit a job waits, and which jobs hold its places.
fn why_limited(facts: &WaitFacts) -> Vec<String> {
    let name = &facts.job.definition;
    let mut reasons = Vec::new();
    if facts.job.run_at > facts.now {
        reasons.push(format!(
            "it is due at {}",
            short(of_unix_millis(facts.job.run_at))
        ));
    }
    reasons.extend(facts.pauses.iter().map(why_paused));
    let Some(LimitFacts {
        most: Some(most),
        holders,
        before,
    }) = &facts.limit
    else {
        reasons.push(format!("it is about to be admitted to `{name}`"));
        return reasons;
    };
    let key = facts.job.limit_key.as_deref().unwrap_or(name);
    let mut why = format!("it is behind the limit {most} of {key}");
    let mut ids: Vec<String> = holders.iter().map(ToString::to_string).collect();
    if usize::try_from(*most).is_ok_and(|most| most > ids.len()) && ids.len() >= MOST_HOLDERS {
        ids.push("…".to_owned());
    }
    if !ids.is_empty() {
        why.push_str(&format!("; its places have: {}", ids.join(", ")));
    }
    if *before > 0 {
        why.push_str(&format!(
            "; {} before it",
            counted(*before, "job is", "jobs are")
        ));
    }
    reasons.push(why);
    reasons
}

fn why_paused(pause: &PauseRecord) -> String {
    let (word, name) = pause.scope.parts();
    let what = match pause.scope {
        PauseScope::Definition(_) => format!("`{name}`"),
        _ => format!("{word} `{name}`"),
    };
    let since = short(of_unix_millis(pause.since));
    format!("{what} is paused by {} since {since}", pause.by)
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
        return Some(
            format!("the workers that know `{name}` sleep or leave: {names}") + &asleep(&able),
        );
    }
    let can = |worker: &&&&WorkerFacts| worker.cannot_now.is_empty();
    if awake.iter().filter(can).count() == 0 {
        return Some(why_none_can_now(&awake));
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

/// Returns by which users workers were sent to sleep, and since when.
fn asleep(able: &[&WorkerFacts]) -> String {
    let pauses = able.iter().filter_map(|worker| worker.pause.as_ref());
    let words: Vec<String> = pauses.map(why_paused).collect();
    match words.is_empty() {
        true => String::new(),
        false => format!(" ({})", words.join("; ")),
    }
}

fn is_able(worker: &WorkerFacts) -> bool {
    worker.knows_definition
        && !worker.is_older
        && worker.lacks.is_empty()
        && !worker.is_avoided
        && !worker.is_other_host
        && !worker.is_for_other
}

fn why_none_is_able(facts: &WaitFacts) -> String {
    let name = &facts.job.definition;
    let all = || facts.workers.iter();
    if let Some(only) = &facts.job.for_worker
        && all().all(|worker| worker.is_for_other)
    {
        return format!("it is for worker {only}, which is not on the board");
    }
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

/// Returns which workers cannot do a job now, and for want of which tags.
fn why_none_can_now(workers: &[&&WorkerFacts]) -> String {
    const MOST: usize = 8;
    let named = workers.iter().take(MOST);
    let named = named.map(|worker| format!("{} ({})", worker.name, worker.cannot_now.join(", ")));
    let mut named: Vec<String> = named.collect();
    if workers.len() > MOST {
        named.push(format!("{} more", workers.len() - MOST));
    }
    format!("it cannot be done now by {}", named.join(", "))
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
