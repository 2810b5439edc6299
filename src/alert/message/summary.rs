//! The text of the regular summary.

use super::super::alert_facts::Alert;
use super::lines::{item, one_line, sentence};
use super::mail_context::MailContext;
use crate::alert::tally::{SummaryContent, SummaryCounts};
use crate::core::time::in_words;
use crate::text::counts::{counted, grouped};

/// Returns its headline for subject and log.
pub(super) fn headline(summary: &SummaryContent) -> String {
    let (runs, failures) = (summary.runs(), summary.failures());
    let failed = match (runs, failures) {
        (0, _) if summary.asks() > 0 => "no run succeeded or failed".to_owned(),
        (0, _) => "nothing ran".to_owned(),
        (_, 0) => counted(runs, "run", "runs"),
        _ => format!("{} of {} runs failed", grouped(failures), grouped(runs)),
    };
    match summary.down() {
        0 if runs > 0 && failures == 0 => format!("Summary: all is well, {failed}"),
        0 => format!("Summary: {failed}"),
        down => {
            let down = counted(down as u64, "task is down", "tasks are down");
            format!("Summary: {down}, {failed}")
        }
    }
}

/// Returns it in one sentence.
pub(super) fn sentence_of(alert: &Alert, who: &str) -> String {
    let Some(summary) = &alert.summary else {
        return format!("{who}: nothing was counted.");
    };
    let headline = headline(summary);
    let words = headline.trim_start_matches("Summary: ");
    format!("{who}: {words}.")
}

/// Lists the tasks.
pub(super) fn tasks(body: &mut String, alert: &Alert, context: &MailContext<'_>) {
    let Some(summary) = &alert.summary else {
        return;
    };
    body.push('\n');
    let since = context.time(summary.since);
    sentence(body, &format!("Since {since}:"));
    for (step, tally) in &summary.tasks {
        let name = context
            .tasks
            .get(*step)
            .map_or(context.chain, String::as_str);
        let line = format!("{}: {}", one_line(name, 100), line(tally, context));
        item(body, &line);
    }
}

fn line(tally: &SummaryCounts, context: &MailContext<'_>) -> String {
    let mut parts = vec![counted(tally.runs, "run", "runs")];
    if tally.failures > 0 {
        let outages = counted(tally.outages, "outage", "outages");
        let longest = if tally.longest.is_zero() {
            String::new()
        } else {
            format!(", the longest that ended {}", in_words(tally.longest))
        };
        parts.push(format!(
            "{} failed in {outages}{longest}",
            grouped(tally.failures)
        ));
        parts.push(counted(tally.mails, "mail", "mails"));
    } else {
        parts.push("none failed".to_owned());
    }
    if tally.asks > 0 {
        let asks = grouped(tally.asks);
        parts.push(format!("{asks} asked to be tried again later"));
    }
    if tally.held_back > 0 {
        let held = counted(tally.held_back, "failure", "failures");
        parts.push(format!("{held} held back (max_per_hour)"));
    }
    if tally.flaps() {
        parts.push("it flaps: it fails and heals again and again".to_owned());
    }
    if let Some(since) = tally.down_since {
        parts.push(format!("down since {}", context.time(since)));
    }
    parts.join("; ")
}
