//! The words of a report, on a page and in a terminal alike.

use super::model::{Condition, HistoryReport, MuteReport, RunCounts, TaskState};
use super::outages::{MailsOf, OutageEnd, ReportedOutage};
use super::period::Period;
use super::untrusted;
use crate::alert::fingerprint;
pub(super) use crate::core::time::{exact, in_words};
use crate::mute::words;
pub(super) use crate::text::counts::{counted, grouped};

/// Returns the name of a kind shortly: of a hash the beginning, as everywhere.
pub(super) fn kind(kind: &str) -> String {
    untrusted::name(fingerprint::short(kind))
}

/// Returns how all fares, in one sentence.
pub(super) fn verdict(report: &HistoryReport) -> String {
    let stopped = report.stopped();
    let mut troubles = Vec::new();
    let tasks = [
        (report.down(), "down"),
        (report.late(), "running for too long"),
    ];
    for (count, how) in tasks.into_iter().filter(|(count, _)| *count > 0) {
        let of = report.tasks().count() as u64;
        troubles.push(match of {
            1 => format!("the task is {how}"),
            of => format!(
                "{} of {} tasks {} {how}",
                grouped(count),
                grouped(of),
                is(count)
            ),
        });
    }
    if stopped > 0 {
        let chains = report.chains.len() as u64;
        troubles.push(match (stopped, chains) {
            (1, 1) => "the chain does not run".to_owned(),
            (stopped, chains) => {
                let verb = if stopped == 1 { "does" } else { "do" };
                format!(
                    "{} of {} chains {verb} not run",
                    grouped(stopped),
                    grouped(chains)
                )
            }
        });
    }
    let mut conditions = report.chains.iter().map(|chain| chain.condition);
    if conditions.any(|condition| condition == Condition::Hidden) {
        troubles.push("not every chain can be looked at".to_owned());
    }
    if report.mail_trouble.is_some() {
        troubles.push("mail does not leave".to_owned());
    }
    match troubles.is_empty() {
        true if report.chains.is_empty() => "Nothing was ever run here".to_owned(),
        true => "All is well".to_owned(),
        false => capitalised(&troubles.join(", ")),
    }
}

fn is(count: u64) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

/// Returns a text with a capital at its beginning.
pub(crate) fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().into_iter().flat_map(char::to_uppercase);
    first.chain(rest).collect()
}

/// Returns a share in percent; never 100 when something is missing, and never 0 when something is
/// there.
pub(super) fn percent(share: f64) -> String {
    let tenths = (share * 1000.0).round();
    if share < 1.0 && tenths >= 1000.0 {
        "> 99.9 %".to_owned()
    } else if share > 0.0 && tenths < 1.0 {
        "< 0.1 %".to_owned()
    } else if tenths >= 1000.0 {
        "100 %".to_owned()
    } else {
        format!("{:.1} %", tenths / 10.0)
    }
}

/// Returns the share of runs that succeeded.
pub(super) fn share(runs: RunCounts) -> String {
    runs.share_ok().map_or_else(|| "–".to_owned(), percent)
}

/// Returns how a task fares, without a mark.
pub(super) fn state(state: &TaskState, period: &Period) -> String {
    match state {
        TaskState::Unknown => "not known to be healthy".to_owned(),
        TaskState::Healthy { since: None } => "healthy".to_owned(),
        TaskState::Healthy { since: Some(since) } => {
            format!("healthy since {}", period.short(*since))
        }
        TaskState::Asks { since, count } => {
            let since = since.map_or_else(String::new, |since| {
                format!(" since {}", period.short(since))
            });
            format!(
                "asks for later{since} ({})",
                counted(*count, "time", "times")
            )
        }
        TaskState::Down {
            since,
            failures,
            asks,
            ..
        } => {
            let long = in_words(period.now().since(*since));
            let what = match (failures, asks) {
                (0, 0) => String::new(),
                (0, asks) => format!(
                    ", asked for later {}, no run succeeded or failed",
                    counted(*asks, "time", "times")
                ),
                (failures, _) => format!(", {}", counted(*failures, "failure", "failures")),
            };
            format!("down since {} ({long}){what}", period.short(*since))
        }
        TaskState::Late { since, .. } => {
            let long = in_words(period.now().since(*since));
            format!("running since {} ({long})", period.short(*since))
        }
        TaskState::WasHealthy => "healthy when it last ran".to_owned(),
        TaskState::Gone => "no longer in the chain".to_owned(),
    }
}

/// Returns what is shown of a mute.
pub(super) fn muted(mute: &MuteReport, period: &Period) -> String {
    let until = period.short(mute.until);
    words::muted(&until, &mute.by, &mute.reason, mute.held_back)
}

/// Returns from when to when an outage was.
pub(super) fn span(outage: &ReportedOutage, period: &Period) -> String {
    let since = period.short(outage.since);
    match outage.until {
        OutageEnd::Open => format!("{since} – now"),
        OutageEnd::Healed(until) => {
            let day = |at| period.local(at, "%F");
            if day(outage.since) == day(until) {
                format!("{since} – {}", period.local(until, "%H:%M"))
            } else {
                format!("{since} – {}", period.short(until))
            }
        }
        OutageEnd::Gone(until) => {
            format!("{since} – {} (taken out of the chain)", period.short(until))
        }
    }
}

/// Returns how long an outage was.
pub(super) fn length(outage: &ReportedOutage, period: &Period) -> String {
    let long = in_words(outage.length(period.now()));
    match outage.until {
        OutageEnd::Open => format!("{long} so far"),
        OutageEnd::Healed(_) | OutageEnd::Gone(_) => long,
    }
}

/// Returns what was mailed of an outage, or why nothing was.
pub(super) fn mails(outage: &ReportedOutage, period: &Period) -> String {
    if outage.mails.is_empty() {
        return match &outage.silent {
            Some(why) => format!("not mailed: {why}"),
            None => "not mailed".to_owned(),
        };
    }
    let mails = outage.mails.iter();
    let told: Vec<String> = mails.map(|mails| mails_of(mails, period)).collect();
    let count = counted(outage.mail_count(), "mail", "mails");
    format!("{count}: {}", told.join(", "))
}

fn mails_of(mails: &MailsOf, period: &Period) -> String {
    let word = match mails.sort.as_str() {
        "first" => "first failure",
        "new" => "new failure",
        "downtime" => "downtime reached",
        "again" => "reached again",
        "running" => "still running",
        "digest" => "held back before",
        other => other,
    };
    let first = period.short(mails.first);
    match mails.count {
        1 => format!("{word} {first}"),
        count => format!("{word} {first} to {} ({count} ×)", period.short(mails.last)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_share_is_rounded_to_all_or_nothing() {
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(percent(0.999_99), "> 99.9 %");
        assert_eq!(percent(0.9975), "99.8 %");
        assert_eq!(percent(0.000_01), "< 0.1 %");
        assert_eq!(percent(0.0), "0.0 %");
    }
}
