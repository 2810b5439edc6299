//! From an alert to a mail with its headers.

use std::time::SystemTime;

use super::super::alert_facts::Alert;
use super::super::alert_kind::AlertKind;
use super::mail_context::MailContext;
use super::{body, subject};
use crate::core::admin_mail::{AdminMail, MailKey};
use crate::core::failure::Failure;
use crate::core::hash::fnv1a;

/// Returns the mail that reports `alert`.
pub(crate) fn compose(
    alert: &Alert,
    failure: Option<&Failure>,
    context: &MailContext<'_>,
) -> AdminMail {
    let name = context.name(alert);
    let sort = alert.sort.word();
    let kind = alert.kind.as_ref().map_or("", |kind| kind.0.as_str());
    let facts = [
        format!("event={sort}"),
        format!("task={}", subject::plain(name)),
        format!("chain={}", subject::plain(context.chain)),
        format!("kind={}", subject::plain(kind)),
    ];
    let unique = unique(alert, name, context);
    // The latest failure is from before the last success.
    let failure = failure.filter(|_| !alert.only_asks());
    AdminMail {
        subject: subject::subject(alert, context),
        date: alert.at.wall,
        message_id: format!("run_functions.{unique}@{}", subject::plain(context.domain)),
        thread: alert.thread.clone(),
        list_id: format!(
            "{}.{}",
            subject::plain(context.chain),
            subject::plain(context.host)
        ),
        facts: facts.join("; "),
        body: body::whole(alert, failure, context),
        minimal_body: body::minimal(alert, context),
        place: MailKey {
            sort: sort.to_owned(),
            chain: context.chain.to_owned(),
            task: alert.step.map_or_else(String::new, |_| name.to_owned()),
            outage: alert.outage.as_ref().map_or(0, |outage| outage.number),
        },
    }
}

/// Returns what names this mail among all: the same before and after a crash that lost the note
/// that it was made.
fn unique(alert: &Alert, name: &str, context: &MailContext<'_>) -> String {
    let nanos = |time: SystemTime| {
        let since = time.duration_since(SystemTime::UNIX_EPOCH);
        since.unwrap_or_default().as_nanos()
    };
    let outage = || {
        let number = alert.outage.as_ref().map_or(0, |outage| outage.number);
        number.to_string()
    };
    let (sort, which) = match alert.sort {
        // Once in the life of a memory. What was FIRST before a crash may be NEW after it, and its
        // outage another one.
        AlertKind::First | AlertKind::New => {
            let kind = alert.kind.as_ref().map_or("", |kind| &kind.0);
            (AlertKind::New, kind.to_owned())
        }
        AlertKind::Downtime { count } => (alert.sort, format!("{} {count}", outage())),
        AlertKind::Healed => (alert.sort, outage()),
        AlertKind::StillRunning => {
            let run = alert.run.map_or(0, |run| run.0);
            (alert.sort, run.to_string())
        }
        AlertKind::Summary => {
            let since = alert.summary.as_ref().map_or(alert.at.wall, |s| s.since);
            (alert.sort, nanos(since).to_string())
        }
        // What a digest named is not named by a later one.
        AlertKind::HeldBack => {
            let first = alert.held_back.iter().map(|held| nanos(held.first)).min();
            let muted = alert.mutes.iter().map(|told| nanos(told.muted.from));
            let first = first.or_else(|| muted.min());
            let first = first.unwrap_or_else(|| nanos(alert.at.wall));
            (alert.sort, first.to_string())
        }
    };
    let mut facts = vec![context.host, context.chain, name, sort.word(), &which];
    // The parts of a mail about several tasks are mails of their own.
    facts.extend(context.to_whom.filter(|_| alert.step.is_none()));
    let hash = fnv1a(facts.join("\0").as_bytes());
    format!("{:x}.{hash:016x}", nanos(context.memory_born))
}
