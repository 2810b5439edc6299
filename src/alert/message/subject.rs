//! The headers of a mail, as far as their words are ours: nothing of a failure can make one.

use std::time::Duration;

use super::super::alert_kind::AlertKind;
use super::super::{alert_facts::Alert, outage::Outage};
use super::lines::{shortened, shortened_inside};
use super::mail_context::MailContext;
use super::mutes;
use crate::core::time::in_words;
use crate::text::counts::{counted, grouped};
use crate::text::terminal::{Piece, is_invisible, pieces};

const MOST_CHARS: usize = 100;
/// So that a long name of a host or task leaves room for what happened.
const MOST_OF_A_NAME: usize = 30;
/// TEXT in the log: a line that people can still read.
const MOST_OF_TEXT: usize = 500;

/// Returns the headline of an alert, in the words of subject and log.
pub(crate) fn headline(alert: &Alert) -> String {
    headline_of(alert, MOST_OF_TEXT)
}

/// As [`headline`], with so many characters for TEXT.
fn headline_of(alert: &Alert, most: usize) -> String {
    let text = header_text(&alert.text, usize::from(u16::MAX));
    let text = shortened_inside(&text, most);
    match alert.sort {
        AlertKind::First => format!("First exception caught: {text}"),
        AlertKind::New => format!("New exception caught: {text}"),
        AlertKind::Downtime { count } => {
            let again = if count > 1 { " again" } else { "" };
            let wrong = Some(text).filter(|text| !text.is_empty());
            let how = asks(alert).or_else(|| on_and_off(alert)).or(wrong);
            let how = how.map_or_else(String::new, |how| format!(": {how}"));
            format!("Non recoverable downtime reached{again}{how}")
        }
        AlertKind::StillRunning => match alert.running_since {
            Some(since) => {
                let long = in_words(alert.at.mono.since(since.mono));
                format!("Still running after {long}")
            }
            None => "Still running".to_owned(),
        },
        AlertKind::Healed => match alert.outage.as_ref().map(length) {
            Some(length) => format!("Process healed after {}", in_words(length)),
            None => "Process healed".to_owned(),
        },
        AlertKind::Summary => match &alert.summary {
            Some(summary) => super::summary::headline(summary),
            None => "Summary".to_owned(),
        },
        AlertKind::HeldBack => match held_back(alert) {
            0 => match mutes::held_back(alert) {
                1 => "1 mail was held back while muted".to_owned(),
                count => format!("{} mails were held back while muted", grouped(count)),
            },
            1 => "1 exception was held back".to_owned(),
            count => format!("{} exceptions were held back", grouped(count)),
        },
    }
}

/// Returns how often a task has asked for later that does nothing else.
pub(super) fn asks(alert: &Alert) -> Option<String> {
    let outage = alert.outage.as_ref().filter(|outage| outage.only_asks())?;
    let times = counted(outage.asks, "time", "times");
    let span = in_words(alert.at.mono.since(outage.started.mono));
    Some(format!(
        "has asked to be retried {times} in {span}, no run has succeeded or failed"
    ))
}

/// Returns how often a task has failed that fails on and off.
pub(super) fn on_and_off(alert: &Alert) -> Option<String> {
    let counted = alert.on_and_off?;
    Some(format!(
        "failed in {} of {} in the last {}",
        grouped(counted.failures),
        counted_runs(counted.runs),
        in_words(counted.span)
    ))
}

fn counted_runs(runs: u64) -> String {
    counted(runs, "run", "runs")
}

/// Returns how many failures were held back.
pub(super) fn held_back(alert: &Alert) -> u64 {
    alert.held_back.iter().map(|held| held.count).sum()
}

/// Returns how long an outage was, or how long it had lasted at its beginning if it goes on.
pub(super) fn length(outage: &Outage) -> Duration {
    let end = outage.ended.unwrap_or(outage.started);
    end.mono.since(outage.started.mono) + outage.lasted_before()
}

/// Returns `[host] [task] headline`, at most 100 characters.
pub(super) fn subject(alert: &Alert, context: &MailContext<'_>) -> String {
    let host = header_text(context.host, MOST_OF_A_NAME);
    let task = header_text(context.name(alert), MOST_OF_A_NAME);
    let place = format!("[{host}] [{task}] ");
    let whole = format!("{place}{}", headline(alert));
    let surplus = whole.chars().count().saturating_sub(MOST_CHARS);
    let text = alert.text.chars().count().min(MOST_OF_TEXT);
    let fewest = MOST_CHARS / 4;
    let headline = headline_of(alert, text.saturating_sub(surplus).max(fewest));
    header_text(&format!("{place}{headline}"), MOST_CHARS)
}

/// Returns a text that can stand in a header: one line, no control characters, no marks that cannot
/// be seen, nothing that a mail program would decode (`=?utf-8?q?…?=`, RFC 2047).
pub(super) fn header_text(text: &str, most: usize) -> String {
    let mut clean = String::new();
    for piece in pieces(text) {
        let Piece::Char(c) = piece else { continue };
        match c {
            c if c.is_whitespace() || c.is_control() => {
                if !clean.is_empty() && !clean.ends_with(' ') {
                    clean.push(' ');
                }
            }
            c if is_invisible(c) => {}
            '?' if clean.ends_with('=') => clean.push_str(" ?"),
            c => clean.push(c),
        }
        // Far more than is shown: bytes, of which a character has at most four.
        if clean.len() > most * 4 + 4 {
            break;
        }
    }
    shortened(clean.trim(), most)
}

/// Returns a value for `X-Run-Functions`, or a part of `List-Id` or `Message-ID`: characters that
/// need no quotes.
pub(super) fn plain(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "._:-".contains(c) {
                c
            } else {
                '_'
            }
        })
        .take(200)
        .collect()
}
