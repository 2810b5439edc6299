//! What is wrong with a runner that runs: what keeps it from working, and what no disk takes.

use super::snapshot::{ChainStatus, Hindrance};
use crate::core::time::{Moment, in_words};
use crate::text::counts::counted_or_no;
use crate::unix::clock::short;

/// Returns the sentence about what keeps a runner from going on.
pub(crate) fn hindered(pid: i32, hindrance: Hindrance, doing: &str, now: Moment) -> String {
    match hindrance {
        Hindrance::Stopped => format!(
            "does nothing: pid {pid} is stopped (SIGSTOP, or a debugger), `kill -CONT {pid}` lets it go on; {doing}"
        ),
        Hindrance::Overdue(until) => {
            let (late, at) = (in_words(now.mono.since(until)), short(now.at(until).wall));
            format!(
                "overdue: pid {pid} should have gone on at {at}, {late} ago; look at it with `ps -o pid,stat,wchan,args -p {pid}`"
            )
        }
    }
}

/// Returns sentences about what the runner keeps in memory only, because the disk refuses.
pub(crate) fn unkept(chain: &ChainStatus, now: Moment) -> Vec<String> {
    let unkept = chain.unkept;
    let since = |since| short(now.at(since).wall);
    let history = unkept.history.map(|at| {
        format!(
            "the history of runs cannot be written since {}: the runs since then are in the log alone",
            since(at)
        )
    });
    let memory = unkept.memory.map(|at| {
        format!(
            "the memory of alerts cannot be written since {}: a crash would forget what was mailed",
            since(at)
        )
    });
    let mails = (unkept.mails > 0).then(|| {
        let mails = counted_or_no(unkept.mails, "mail waits", "mails wait");
        format!("{mails} in the memory of the runner alone, since the outbox cannot be written")
    });
    let mut lines: Vec<String> = history.into_iter().chain(memory).chain(mails).collect();
    if !lines.is_empty() {
        let why = "is the disk of `state_dir` full, read-only, or out of reach? its log says why";
        lines.push(why.to_owned());
    }
    lines
}
