//! The body of a mail, from the sentence that a phone shows down to the small print.

use std::time::SystemTime;

use super::lines::{
    block, command, counted, fact, floor, grouped, item, one_line, paragraph, sentence,
};
use super::sentences::{setting, what_comes_next, what_happened};
use super::{Context, mutes, output, summary};
use crate::alert::notice::{HeldBack, KindCount, Notice, Sort};
use crate::failure::{Failure, FailureClass};
use crate::time::in_words;

const MOST_BYTES: usize = 64 * 1024;
const MOST_BYTES_MINIMAL: usize = 2 * 1024;
const MOST_OF_MESSAGE: usize = 6 * 1024;
const MOST_OF_CAUSE: usize = 1024;
const MOST_OF_CAUSES: usize = 6 * 1024;
const MOST_OF_BACKTRACE: usize = 8 * 1024;
const MOST_OF_NOTES: usize = 3 * 1024;
const MOST_OF_LIST: usize = 10 * 1024;
/// TEXT of an entry in a list of kinds, in characters.
const MOST_OF_ENTRY: usize = 160;

/// Returns the body, at most 64 KiB: output gets what the rest leaves, up to its 16 KiB.
pub(super) fn whole(notice: &Notice, failure: Option<&Failure>, context: &Context<'_>) -> String {
    let mut before = String::new();
    sentence(&mut before, &what_happened(notice, context));
    facts(&mut before, notice, context);
    if let Some(failure) = failure {
        error(&mut before, failure);
    }
    kinds(&mut before, notice, context);
    summary::tasks(&mut before, notice, context);
    let mut after = String::new();
    next(&mut after, notice, context);
    mutes::section(&mut after, notice, context);
    held_back(&mut after, notice, context);
    mail_path(&mut after, context);
    let room = MOST_BYTES.saturating_sub(before.len() + after.len() + 1024);
    if let Some(output) = failure.and_then(|failure| failure.output.as_ref()) {
        output::section(&mut before, output, room);
    }
    fit(before + &after, MOST_BYTES)
}

/// Returns what is sent when a server refuses the whole for its content: at most 2 KiB, nothing that the task printed.
pub(super) fn minimal(notice: &Notice, context: &Context<'_>) -> String {
    let mut body = String::new();
    sentence(&mut body, &what_happened(notice, context));
    body.push('\n');
    sentence(
        &mut body,
        "The mail server refused the whole mail for its content; this is what is left of it.",
    );
    body.push('\n');
    fact(&mut body, "Task", &one_line(context.name(notice), 100));
    fact(&mut body, "Chain", &one_line(context.chain, 200));
    fact(&mut body, "Host", &one_line(context.host, 100));
    fact(&mut body, "When", &context.time(notice.at.wall));
    command(&mut body, "To look", context.look);
    fit(body, MOST_BYTES_MINIMAL)
}

/// Makes sure of the bound, and that no line is a lone dot or looks like the beginning of a mail in a mailbox file.
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

fn facts(body: &mut String, notice: &Notice, context: &Context<'_>) {
    body.push('\n');
    if notice.step.is_some() {
        fact(body, "Task", &one_line(context.name(notice), 200));
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
    fact(body, "When", &context.time(notice.at.wall));
    if let Some(duration) = context.run_duration.filter(|_| notice.run.is_some()) {
        let label = if notice.sort == Sort::StillRunning {
            "Running for"
        } else {
            "Run took"
        };
        fact(body, label, &in_words(duration));
    }
    if !matches!(notice.sort, Sort::HeldBack | Sort::Summary) {
        successes(body, notice, context);
    }
    fact(body, "Runner since", &context.time(context.runner_started));
}

fn successes(body: &mut String, notice: &Notice, context: &Context<'_>) {
    match notice.last_success {
        Some(last) => {
            let runs = counted(notice.successes_before, "successful run", "successful runs");
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

fn error(body: &mut String, failure: &Failure) {
    body.push_str("\nError:\n");
    let words = failure.class.in_words();
    let message = failure.message.trim();
    let text = match (&words, message.is_empty()) {
        (Some(words), true) => words.clone(),
        (Some(words), false) => format!("{words}: {message}"),
        (None, true) => "an error without a message".to_owned(),
        (None, false) => message.to_owned(),
    };
    block(body, &text, MOST_OF_MESSAGE);
    if let FailureClass::Error { type_name } = &failure.class {
        paragraph(body, &format!("(type {})", one_line(type_name, 300)));
    }
    causes(body, failure);
    if let Some(place) = &failure.place {
        let verb = if failure.class == FailureClass::Panic {
            "Panicked"
        } else {
            "Happened"
        };
        sentence(body, &format!("{verb} at {}", one_line(place, 400)));
    }
    let end = body.len() + MOST_OF_NOTES;
    for note in &failure.notes {
        if body.len() < end {
            sentence(body, &one_line(note, 600));
        }
    }
    if let Some(backtrace) = failure
        .backtrace
        .as_deref()
        .filter(|text| !text.trim().is_empty())
    {
        body.push_str("\nBacktrace:\n");
        block(body, backtrace, MOST_OF_BACKTRACE);
    }
}

fn causes(body: &mut String, failure: &Failure) {
    let end = body.len() + MOST_OF_CAUSES;
    for (at, cause) in failure.causes.iter().enumerate() {
        if body.len() > end {
            let rest = (failure.causes.len() - at) as u64;
            return sentence(
                body,
                &format!("and {} more", counted(rest, "cause", "causes")),
            );
        }
        body.push_str("Caused by:\n");
        block(body, cause, MOST_OF_CAUSE);
    }
}

/// Every kind of the outage, with what became of it.
fn kinds(body: &mut String, notice: &Notice, context: &Context<'_>) {
    let Some(outage) = notice
        .outage
        .as_ref()
        .filter(|outage| !outage.kinds.is_empty())
    else {
        return;
    };
    let failures = counted(outage.failures, "failed run", "failed runs");
    let since = context.time(outage.started.wall);
    body.push('\n');
    sentence(body, &format!("This outage, since {since}: {failures}."));
    let end = body.len() + MOST_OF_LIST;
    let mut shown = 0;
    for kind in &outage.kinds {
        if body.len() > end {
            break;
        }
        item(body, &kind_entry(kind, notice, context));
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

fn kind_entry(kind: &KindCount, notice: &Notice, context: &Context<'_>) -> String {
    let when = seen(kind.count, kind.first, kind.last, context);
    // A kind counts as mailed when its mail is in the outbox, and this one is still being written.
    let told_here =
        matches!(notice.sort, Sort::First | Sort::New) && notice.kind.as_ref() == Some(&kind.kind);
    let mailed = match kind.mailed {
        Some(at) => format!("mailed {}", context.time(at)),
        None if told_here => "told by this mail".to_owned(),
        None => "not mailed by itself".to_owned(),
    };
    let text = one_line(&kind.text, MOST_OF_ENTRY);
    format!(
        "{text} (kind {}; {when}; {mailed})",
        one_line(&kind.kind.0, 100)
    )
}

fn next(body: &mut String, notice: &Notice, context: &Context<'_>) {
    body.push_str("\nWhat comes next:\n");
    paragraph(body, &what_comes_next(notice, context));
    body.push('\n');
    command(body, "To look", context.look);
    fact(body, "Why this mail", &setting(notice, context));
}

fn held_back(body: &mut String, notice: &Notice, context: &Context<'_>) {
    if notice.held_back.is_empty() {
        return;
    }
    body.push('\n');
    let why = if mutes::held_back(notice) > 0 {
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
    for (at, held) in notice.held_back.iter().enumerate() {
        if body.len() > end {
            let rest = &notice.held_back[at..];
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

/// Says how often a failure was seen, and when.
fn seen(count: u64, first: SystemTime, last: SystemTime, context: &Context<'_>) -> String {
    let times = counted(count, "time", "times");
    let first = context.time(first);
    if count > 1 {
        format!("{times}, first {first}, last {}", context.time(last))
    } else {
        format!("{times}, {first}")
    }
}

fn held_entry(held: &HeldBack, context: &Context<'_>) -> String {
    let task = context
        .tasks
        .get(held.step)
        .map_or(context.chain, String::as_str);
    let when = seen(held.count, held.first, held.last, context);
    let text = one_line(&held.text, MOST_OF_ENTRY);
    let kind = one_line(&held.kind.0, 100);
    format!("{}: {text} (kind {kind}; {when})", one_line(task, 100))
}

fn mail_path(body: &mut String, context: &Context<'_>) {
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

fn mail_trouble(context: &Context<'_>) -> String {
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
