//! The line of a run on a screen, the same for every command.

use super::run_query::{QueryLine, RunEntry};
use crate::alert::fingerprint;
use crate::core::time::{exact, in_words};
use crate::history::{RecordedRun, RunResult};
use crate::text::counts::grouped;
use crate::unix::clock::short;

/// Returns the line of an entry, without an end:
/// `mhx3k9ab2 22 Nov 01:10:33 tasks::a failed in 1s (kind 7f3a), mailed: first`.
pub(crate) fn headline(entry: &RunEntry) -> String {
    let at = short(entry.line.at().time());
    let task = entry.line.task();
    match &entry.line {
        QueryLine::One(run) => format!(
            "{:<11}  {at}  {task}  {}{}",
            run.id.to_string(),
            ending(run),
            mailed(entry)
        ),
        QueryLine::Many(runs) => format!(
            "{:<11}  {at}  {task}  {} {} times in {}, {} each, {} at most",
            "",
            runs.result.word(),
            grouped(runs.count),
            in_words(runs.until.since(runs.at)),
            exact(runs.average()),
            exact(runs.longest),
        ),
    }
}

fn ending(run: &RecordedRun) -> String {
    let took = exact(run.took);
    let word = match run.result {
        RunResult::Fatal => "failed and stopped the runner",
        result => result.word(),
    };
    match (run.result, &run.kind) {
        (RunResult::Later | RunResult::Interrupted, _) => format!("{word} after {took}"),
        (_, Some(kind)) => format!("{word} in {took} (kind {})", fingerprint::short(kind)),
        (_, None) => format!("{word} in {took}"),
    }
}

fn mailed(entry: &RunEntry) -> String {
    let sorts: Vec<&str> = entry.mails.iter().map(|mail| mail.sort.as_str()).collect();
    if sorts.is_empty() {
        String::new()
    } else {
        format!(", mailed: {}", sorts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn numbers_and_durations_are_short() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(exact(Duration::from_nanos(300)), "300ns");
        assert_eq!(exact(Duration::from_nanos(12_345)), "12µs");
        assert_eq!(exact(Duration::from_millis(1_250)), "1s 250ms");
    }
}
