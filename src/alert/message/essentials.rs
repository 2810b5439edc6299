//! The essentials of a mail: at most fifteen lines of 42 columns, which a phone shows whole.

use super::super::alert_facts::Alert;
use super::super::alert_kind::AlertKind;
use super::lines::{narrow_fact, narrow_sentence, one_line};
use super::mail_context::MailContext;
use super::sentences::{MOST_OF_NAME, what_happened};
use crate::core::time::in_words;
use crate::text::counts::counted;

/// What separates the essentials from the details.
pub(super) const RULE: &str = "------------------------------------------";
/// Adds what failed and why, where, since when, how often, and when a reminder comes.
pub(super) fn section(body: &mut String, alert: &Alert, context: &MailContext<'_>) {
    narrow_sentence(body, &what_happened(alert, context));
    body.push('\n');
    if let Some(news) = news(alert) {
        narrow_fact(body, "News", news);
    }
    narrow_fact(body, "Host", &one_line(context.host, MOST_OF_NAME));
    narrow_fact(body, "When", &context.time(alert.at.wall));
    if let Some(down) = down(alert, context) {
        narrow_fact(body, "Down", &down);
    }
    if let Some(next) = next(alert, context) {
        narrow_fact(body, "Next", &next);
    }
}

fn news(alert: &Alert) -> Option<&'static str> {
    match alert.sort {
        _ if alert.ends_runner => Some("has stopped its runner"),
        AlertKind::First => Some("the first failure"),
        AlertKind::New => Some("a failure of a new kind"),
        _ => None,
    }
}

/// `since …, 13 failed runs`: the outage that the mail is about.
fn down(alert: &Alert, context: &MailContext<'_>) -> Option<String> {
    let outage = alert.outage.as_ref()?;
    let since = context.time(outage.began());
    let count = if outage.only_asks() {
        counted(outage.asks, "request to retry", "requests to retry")
    } else {
        counted(outage.all_failures(), "failed run", "failed runs")
    };
    Some(match outage.ended {
        Some(ended) => format!("from {since} to {}; {count}", context.time(ended.wall)),
        None => format!("since {since}; {count}"),
    })
}

fn next(alert: &Alert, context: &MailContext<'_>) -> Option<String> {
    if alert.ends_runner {
        return Some("nothing runs until it is started again".to_owned());
    }
    let mailed = matches!(
        alert.sort,
        AlertKind::First | AlertKind::New | AlertKind::Downtime { .. }
    );
    let next = alert.next_reminder.as_ref().filter(|_| mailed)?;
    let every = alert.reminder_interval.map(in_words);
    let every = every.map_or_else(String::new, |every| format!(", then every {every}"));
    Some(format!("reminder {}{every}", context.time(next.wall)))
}
