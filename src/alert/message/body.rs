//! The body of a mail, from the sentence that a phone shows down to the small print.

use std::time::SystemTime;

use super::super::alert_kind::AlertKind;
use super::super::{
    alert_facts::Alert,
    outage::{DeferredFailure, KindCount},
};
use super::essentials::{self, RULE};
use super::failure_text::error;
use super::lines::{command, fact, item, one_line, paragraph, sentence};
use super::mail_context::MailContext;
use super::sentences::{setting, what_comes_next};
use super::{mutes, output, summary};
use crate::core::failure::Failure;
use crate::core::time::in_words;
use crate::text::counts::{counted, grouped};
use crate::text::cut::floor;

const MOST_BYTES: usize = 64 * 1024;
const MOST_BYTES_MINIMAL: usize = 2 * 1024;
const MOST_OF_LIST: usize = 10 * 1024;
/// TEXT of an entry in a list of kinds, in characters.
const MOST_OF_ENTRY: usize = 160;

/// Returns the body, at most 64 KiB: output gets what the rest leaves, up to its 16 KiB.
pub(super) fn whole(alert: &Alert, failure: Option<&Failure>, context: &MailContext<'_>) -> String {
    let mut before = String::new();
    essentials::section(&mut before, alert, context);
    before.push_str(&format!("\n{RULE}\n"));
    facts(&mut before, alert, context);
    if let Some(failure) = failure.filter(|_| alert.sort != AlertKind::Healed) {
        error(&mut before, failure, &alert.text);
    }
    kinds(&mut before, alert, context);
    summary::tasks(&mut before, alert, context);
    let mut after = String::new();
    next(&mut after, alert, context);
    mutes::section(&mut after, alert, context);
    held_back(&mut after, alert, context);
    mail_path(&mut after, context);
    let room = MOST_BYTES.saturating_sub(before.len() + after.len() + 1024);
    if let Some(output) = failure.and_then(|failure| failure.output.as_ref()) {
        output::section(&mut before, output, room);
    }
    fit(before + &after, MOST_BYTES)
}

/// Returns what is sent when a server refuses the whole for its content: at most 2 KiB, nothing
/// that the task printed.
pub(super) fn minimal(alert: &Alert, context: &MailContext<'_>) -> String {
    let mut body = String::new();
    essentials::section(&mut body, alert, context);
    body.push('\n');
    sentence(
        &mut body,
        "The mail server refused the whole mail for its content; this is what is left of it.",
    );
    body.push('\n');
    fact(&mut body, "Task", &one_line(context.name(alert), 100));
    fact(&mut body, "Chain", &one_line(context.chain, 200));
    command(&mut body, "To look", context.look);
    fit(body, MOST_BYTES_MINIMAL)
}

/// Makes sure of the bound, and that no line is a lone dot or looks like the beginning of a mail in
/// a mailbox file.
fn fit(body: String, most: usize) -> String {
    let mut fitted = String::with_capacity(body.len());
    for line in body.lines() {
        if line.starts_with('.') || line.starts_with("From ") {
            fitted.push(' ');
        }
        fitted.push_str(line);
        fitted.push('\n');
    }
    if fitted.len() > most {
        fitted.truncate(floor(&fitted, most - 1));
        fitted.push('\n');
    }
    fitted
}

fn facts(body: &mut String, alert: &Alert, context: &MailContext<'_>) {
    body.push('\n');
    if alert.step.is_some() {
        fact(body, "Task", &one_line(context.name(alert), 200));
    }
    fact(body, "Chain", &one_line(context.chain, 200));
    let host = one_line(context.host, 100);
    let user = one_line(context.user, 100);
    fact(
        body,
        "Host",
        &format!("{host}, user {user}, pid {}", context.pid),
    );
    let version = one_line(context.version, 100);
    let build = match context.executable_from {
        Some(from) => format!("{version}, executable of {}", context.time(from)),
        None => version,
    };
    fact(body, "Build", &build);
    if let Some(duration) = context.run_duration.filter(|_| alert.run.is_some()) {
        let label = if alert.sort == AlertKind::StillRunning {
            "Running for"
        } else {
            "Run took"
        };
        fact(body, label, &in_words(duration));
    }
    if !matches!(alert.sort, AlertKind::HeldBack | AlertKind::Summary) {
        successes(body, alert, context);
    }
    if let Some(seen) = seen_before(alert) {
        let after = context.settings.and_then(|settings| settings.forget_after);
        let why = after.map_or_else(String::new, |after| {
            format!("; news again after {} (forget_after)", in_words(after))
        });
        fact(body, "Last seen", &format!("{}{why}", context.time(seen)));
    }
    if let Some(kind) = kind_of(alert, context) {
        fact(body, "Kind", &kind);
    }
    fact(body, "Runner since", &context.time(context.runner_started));
}

/// Returns the kind, and when the kind was mailed before.
fn kind_of(alert: &Alert, context: &MailContext<'_>) -> Option<String> {
    let kind = alert.kind.as_ref()?;
    let mut seen = alert.outage.iter().flat_map(|outage| &outage.kinds);
    let mailed = seen.find(|entry| entry.kind == *kind)?.mailed;
    let mailed = mailed.filter(|_| !matches!(alert.sort, AlertKind::First | AlertKind::New));
    let mailed = mailed.map_or_else(String::new, |at| format!(", mailed {}", context.time(at)));
    Some(format!("{}{mailed}", one_line(&kind.0, 100)))
}

/// Returns when a kind that is mailed as news was seen before this outage.
fn seen_before(alert: &Alert) -> Option<SystemTime> {
    if !matches!(alert.sort, AlertKind::First | AlertKind::New) {
        return None;
    }
    let kinds = &alert.outage.as_ref()?.kinds;
    let entry = kinds
        .iter()
        .find(|entry| Some(&entry.kind) == alert.kind.as_ref())?;
    entry.seen_before
}

fn successes(body: &mut String, alert: &Alert, context: &MailContext<'_>) {
    match alert.last_success {
        Some(last) => {
            let runs = counted(alert.successes_before, "successful run", "successful runs");
            if alert.successes_before == 0 || alert.sort == AlertKind::Healed {
                return fact(body, "Last success", &context.time(last));
            }
            fact(
                body,
                "Last success",
                &format!("{}, after {runs}", context.time(last)),
            );
        }
        None => fact(
            body,
            "Last success",
            "none since this runner started to count",
        ),
    }
}

/// Every kind of the outage, with what became of it; an outage of one kind needs no list.
fn kinds(body: &mut String, alert: &Alert, context: &MailContext<'_>) {
    let Some(outage) = alert
        .outage
        .as_ref()
        .filter(|outage| outage.kinds.len() > 1 || outage.kinds_forgotten > 0)
    else {
        return;
    };
    let failures = counted(outage.all_failures(), "failed run", "failed runs");
    let since = context.time(outage.began());
    body.push('\n');
    sentence(body, &format!("This outage, since {since}: {failures}."));
    let end = body.len() + MOST_OF_LIST;
    let mut shown = 0;
    for kind in &outage.kinds {
        if body.len() > end {
            break;
        }
        item(body, &kind_entry(kind, alert, context));
        shown += 1;
    }
    let rest = (outage.kinds.len() - shown) as u64;
    if rest > 0 {
        item(body, &format!("and {} more kinds", grouped(rest)));
    }
    if outage.kinds_forgotten > 0 {
        let count = counted(outage.kinds_forgotten, "kind was", "kinds were");
        item(
            body,
            &format!("{count} forgotten, because there are too many"),
        );
    }
}

fn kind_entry(kind: &KindCount, alert: &Alert, context: &MailContext<'_>) -> String {
    let when = seen(kind.count, kind.first, kind.last, context);
    // A kind counts as mailed when its mail is in the outbox, and this one is still being written.
    let told_here = matches!(alert.sort, AlertKind::First | AlertKind::New)
        && alert.kind.as_ref() == Some(&kind.kind);
    let mailed = match kind.mailed {
        Some(at) => format!("mailed {}", context.time(at)),
        None if told_here => "told by this mail".to_owned(),
        None => "not mailed by itself".to_owned(),
    };
    let is_this = alert.kind.as_ref() == Some(&kind.kind) && kind.text == alert.text;
    let text = match is_this {
        true => "this failure".to_owned(),
        false => one_line(&kind.text, MOST_OF_ENTRY),
    };
    format!(
        "{text} (kind {}; {when}; {mailed})",
        one_line(&kind.kind.0, 100)
    )
}

fn next(body: &mut String, alert: &Alert, context: &MailContext<'_>) {
    body.push_str("\nWhat comes next:\n");
    paragraph(body, &what_comes_next(alert, context));
    body.push('\n');
    command(body, "To look", context.look);
    fact(body, "Why this mail", &setting(alert, context));
}

fn held_back(body: &mut String, alert: &Alert, context: &MailContext<'_>) {
    if alert.held_back.is_empty() {
        return;
    }
    body.push('\n');
    let why = if mutes::held_back(alert) > 0 {
        "Held back since the last mail, because of the mute or because too many were due:"
            .to_owned()
    } else {
        format!(
            "Held back since the last mail, because too many were due (at most {} in an hour, and a few for each task):",
            context.max_per_hour
        )
    };
    sentence(body, &why);
    let end = body.len() + MOST_OF_LIST;
    for (at, held) in alert.held_back.iter().enumerate() {
        if body.len() > end {
            let rest = &alert.held_back[at..];
            let failures = rest.iter().map(|held| held.count).sum();
            let failures = counted(failures, "failure", "failures");
            return item(
                body,
                &format!("and {} more kinds, {failures}", grouped(rest.len() as u64)),
            );
        }
        item(body, &held_entry(held, context));
    }
}

/// Returns how often a failure was seen, and when.
fn seen(count: u64, first: SystemTime, last: SystemTime, context: &MailContext<'_>) -> String {
    let times = counted(count, "time", "times");
    let first = context.time(first);
    if count > 1 {
        format!("{times}, first {first}, last {}", context.time(last))
    } else {
        format!("{times}, {first}")
    }
}

fn held_entry(held: &DeferredFailure, context: &MailContext<'_>) -> String {
    let task = context
        .tasks
        .get(held.step)
        .map_or(context.chain, String::as_str);
    let when = seen(held.count, held.first, held.last, context);
    let text = one_line(&held.text, MOST_OF_ENTRY);
    let kind = one_line(&held.kind.0, 100);
    format!("{}: {text} (kind {kind}; {when})", one_line(task, 100))
}

fn mail_path(body: &mut String, context: &MailContext<'_>) {
    let mail = &context.mail;
    let troubled = mail.waiting > 0 || mail.dropped > 0 || mail.down_since.is_some();
    if troubled {
        body.push('\n');
        sentence(body, &mail_trouble(context));
    }
    for note in mail.notes.iter().take(8) {
        body.push('\n');
        sentence(body, &one_line(note, 600));
    }
}

fn mail_trouble(context: &MailContext<'_>) -> String {
    let mail = &context.mail;
    let mut text = match mail.down_since {
        Some(since) => format!("Mail has been delayed since {}", context.time(since)),
        None => "Mail has been delayed".to_owned(),
    };
    if let Some(reason) = mail.reason {
        text.push_str(&format!(": {}", one_line(reason, 400)));
    }
    text.push_str(&format!(
        ". {} waiting",
        counted(mail.waiting, "mail is", "mails are")
    ));
    if mail.dropped > 0 {
        text.push_str(&format!(
            "; {} given up",
            counted(mail.dropped, "mail was", "mails were")
        ));
    }
    text.push('.');
    text
}
