//! `history`: the runs of the past, and why each was mailed or not.

mod history_line;

use std::fmt::Write;

use serde_json::{Value, json};

use super::super::args::HistoryArgs;
use super::super::output::{print, print_folded, width};
use crate::alert::fingerprint;
use crate::config::invocation::Call;
use crate::core::command_error::CommandResult;
use crate::core::settings::Settings;
use crate::core::time::{Precision, exact, in_words, rfc3339};
use crate::history::{RecordedRun, RunResult, Stamp};
use crate::mail::outbox::{self, NotSent, Undelivered};
use crate::report::fitting;
use crate::runs::headline::headline;
use crate::runs::run_query::{QueryLine, RunEntry, RunFilter, RunQuery};
use crate::unix::clock::short;
use history_line::{HistoryLine, jobs, merged};

/// How wide the column of names is, and with it the indent of what is told below them.
const INDENT: usize = 13;

/// Prints what was asked for.
pub(crate) fn show(settings: &Settings, args: &HistoryArgs) -> CommandResult {
    let past = RunQuery::open(settings, RunFilter::of(args.what.as_deref()))?;
    let undelivered = outbox::report(&settings.state_dir).undelivered;
    show_past(settings, &past, &undelivered, args)?;
    past.ended()
}

fn show_past(
    settings: &Settings,
    past: &RunQuery,
    undelivered: &Undelivered,
    args: &HistoryArgs,
) -> CommandResult {
    if let Some(name) = &args.why {
        return print_folded(&explain(&past.run(name)?, undelivered));
    }
    let entries = past.latest(args.runs, |line| !args.failed || line.result().is_failure());
    let jobs = jobs(settings, args)?;
    let mut lines = merged(&entries, &jobs);
    let lines = lines.split_off(lines.len().saturating_sub(args.runs));
    if args.json {
        let data: Vec<Value> = lines.iter().map(|line| line.json(undelivered)).collect();
        return print(&format!("{:#}\n", Value::from(data)));
    }
    if lines.is_empty() {
        return print(&past.nothing()?);
    }
    if args.plot {
        return print(&plot(&lines, width()));
    }
    let mut text = String::new();
    for line in &lines {
        line.tell(&mut text, width());
    }
    print(&text)
}

fn tell(text: &mut String, entry: &RunEntry, width: Option<usize>) {
    let _ = writeln!(text, "{}", fitting(&headline(entry), width));
    if let QueryLine::One(run) = &entry.line
        && let Some(said) = &run.text
    {
        tell_text(text, said, width);
    }
}

fn tell_text(text: &mut String, said: &str, width: Option<usize>) {
    let indent = width.map_or(INDENT, |width| INDENT.min(width / 4));
    let room = width.map(|width| width - indent);
    let _ = writeln!(text, "{:indent$}{}", "", fitting(said, room));
}

/// Returns why a run was mailed, or was not mailed.
fn explain(entry: &RunEntry, undelivered: &Undelivered) -> String {
    let QueryLine::One(run) = &entry.line else {
        return String::new();
    };
    let mut text = String::new();
    tell(&mut text, entry, None);
    for mail in &entry.mails {
        let at = short(mail.at.time());
        match undelivered.find(&entry.chain, mail.at.time()) {
            None => writeln!(text, "Mailed {at}: {}", mail.headline),
            Some(why) => writeln!(
                text,
                "Not mailed ({}), queued {at}: {}",
                why.words(),
                mail.headline
            ),
        }
        .unwrap_or_default();
        let _ = writeln!(text, "  {}", reason_of(&mail.sort));
    }
    if let Some(why) = &entry.silent {
        let kind = run
            .kind
            .as_deref()
            .map(fingerprint::short)
            .unwrap_or_default();
        let why = why.replacen("same kind", &format!("same kind {kind}"), 1);
        let _ = writeln!(text, "Not mailed: {why}.");
    } else if entry.mails.is_empty() {
        let _ = writeln!(text, "Not mailed: {}.", silence(run));
    }
    if run.output.is_some() {
        let _ = writeln!(
            text,
            "What it printed: {}",
            Call::as_typed().line(format_args!("logs {} --run {}", run.task, run.id))
        );
    }
    text
}

fn reason_of(sort: &str) -> &'static str {
    match sort {
        "first" => "It was the first failure of this task that the runner saw.",
        "new" => "The runner had not seen a failure of this kind before.",
        "downtime" => "The outage had lasted as long as non_recoverable_downtime.",
        "again" => "The outage had lasted for another non_recoverable_downtime.",
        "running" => "The run went on for longer than warn_after.",
        "healed" => "The outage was over, and healed = \"after-downtime\" is set.",
        "digest" => "It told what had been held back before.",
        _ => "A later version of this program knows why.",
    }
}

fn silence(run: &RecordedRun) -> &'static str {
    match run.result {
        RunResult::Ok => "it succeeded",
        RunResult::Later => {
            "it asked to be tried again later, which counts neither as success nor as failure"
        }
        RunResult::Interrupted => "the runner ended it because it was to end itself",
        RunResult::Failed | RunResult::Fatal => {
            "nothing is known of a reason; the runner died right after it, perhaps"
        }
    }
}

fn as_json(entry: &RunEntry, undelivered: &Undelivered) -> Value {
    let at = |stamp: Stamp| rfc3339(stamp.time(), Precision::Micros);
    match &entry.line {
        QueryLine::One(run) => json!({
            "run": run.id.to_string(),
            "chain": entry.chain,
            "task": run.task,
            "started": at(run.at),
            "seconds": run.took.as_secs_f64(),
            "result": run.result,
            "kind": run.kind,
            "text": run.text,
            "details": run.details,
            "output_bytes": run.output.map(|place| place.head + place.cut + place.tail),
            "mails": entry.mails.iter().map(|mail| json!({
                "at": at(mail.at),
                "not_sent": undelivered.find(&entry.chain, mail.at.time()).map(NotSent::words),
                "sort": mail.sort,
                "headline": mail.headline,
            })).collect::<Vec<_>>(),
            "not_mailed": entry.silent,
        }),
        QueryLine::Many(runs) => json!({
            "chain": entry.chain,
            "task": runs.task,
            "started": at(runs.at),
            "ended": at(runs.until),
            "count": runs.count,
            "seconds": runs.took.as_secs_f64(),
            "longest_seconds": runs.longest.as_secs_f64(),
            "result": runs.result,
        }),
    }
}

/// Draws how long runs took, a bar each, in the order of time, task by task.
fn plot(entries: &[HistoryLine<'_>], width: Option<usize>) -> String {
    const NARROWEST: usize = 8;
    let mut text = String::new();
    let mut tasks: Vec<&str> = entries.iter().map(HistoryLine::task).collect();
    tasks.sort_unstable();
    tasks.dedup();
    for task in tasks {
        let of_task = entries.iter().filter(|entry| entry.task() == task);
        let bars: Vec<_> = of_task
            .map(|entry| (entry.at(), entry.took(), entry.result()))
            .collect();
        let longest = bars
            .iter()
            .map(|(_, took, _)| *took)
            .max()
            .unwrap_or_default();
        let title = format!("{task}, at most {}", in_words(longest));
        let _ = writeln!(text, "{}", fitting(&title, width));
        // When it was, a mark, and how long it took have 30 columns.
        let room = width.unwrap_or(80).saturating_sub(30).max(NARROWEST);
        for (at, took, result) in bars {
            let share = took.as_secs_f64() / longest.as_secs_f64().max(f64::MIN_POSITIVE);
            let mark = if result.is_failure() { '✗' } else { ' ' };
            let (at, bar, took) = (short(at.time()), bar(share, room), exact(took));
            let _ = writeln!(text, "{at} {mark} {bar} {took}");
        }
    }
    text
}

/// Returns a bar of a length from 0 to 1 in eighths of a column, never empty.
fn bar(share: f64, room: usize) -> String {
    const EIGHTHS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of some columns"
    )]
    let eighths = ((share.clamp(0.0, 1.0) * room as f64 * 8.0) as usize).max(1);
    let mut bar = "█".repeat(eighths / 8);
    bar.extend((!eighths.is_multiple_of(8)).then(|| EIGHTHS[eighths % 8 - 1]));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_have_a_length_in_eighths() {
        assert_eq!(bar(1.0, 4), "████");
        assert_eq!(bar(0.0, 4), "▏");
        assert_eq!(bar(0.5, 1), "▌");
        assert_eq!(bar(f64::NAN, 4), "▏");
    }
}
