//! `mail queue`: what waits to leave and why, and what was given up.

use std::fmt::Write;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::steps::say;
use crate::cli::commands::job::board_access;
use crate::cli::output::{print as print_text, print_folded};
use crate::config::invocation::Call;
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::core::settings::{MailSettings, Settings};
use crate::core::time::{Precision, in_words, rfc3339};
use crate::mail::outbox::{self, ListedMail, Listing};
use crate::mail::{self, immediate, way};
use crate::text::counts::counted_or_no;
use crate::text::steers;
use crate::unix::clock::local_time;
use crate::unix::trusted_paths::{PrivateDir, UntrustedPath};
use crate::unix::{clock, resource_check};
use crate::worker::alerts::mail_flush;

/// How many of a place are listed.
const MOST_LINES: usize = 50;

/// Prints what waits. Changes nothing.
pub(crate) fn print(settings: &Settings) -> CommandResult {
    judge(settings)?;
    let listing = outbox::listing(&settings.state_dir);
    print_folded(&page(
        settings,
        &listing,
        &on_board(settings),
        clock::wall(),
    ))
}

/// Prints what waits as data. Changes nothing.
pub(crate) fn print_json(settings: &Settings) -> CommandResult {
    judge(settings)?;
    let listing = outbox::listing(&settings.state_dir);
    let report = outbox::report(&settings.state_dir);
    let broken = report.broken.as_ref();
    let items = |items: &[ListedMail]| items.iter().map(of_item).collect::<Vec<_>>();
    let data = json!({
        "way": way(&settings.mail),
        "ok": broken.is_none(),
        "broken_since": broken.map(|broken| time(broken.since)),
        "attempts": broken.map_or(0, |broken| broken.attempts),
        "next_attempt": broken.map(|broken| time(broken.next)),
        "trouble": broken.map(|broken| broken.trouble.line()),
        "dropped": report.dropped,
        "alerts": items(&listing.alerts),
        "board": items(&on_board(settings)),
        "queue": items(&listing.queue),
        "deferred": items(&listing.deferred),
        "failed": items(&listing.failed),
    });
    print_text(&format!("{data:#}\n"))
}

/// An outbox that we may not look into is not an empty one, and one that others can change says
/// nothing.
fn judge(settings: &Settings) -> CommandResult {
    match PrivateDir::open_existing(&settings.state_dir) {
        Err(error) if !error.is_foreign() => return Err(error.cannot_look()),
        _ => {}
    }
    if !outbox::is_closed(&settings.state_dir) {
        return Ok(());
    }
    let state_dir = settings.state_dir.display();
    let message = format!("the outbox in `{state_dir}` is another user's");
    Err(CommandError::new(exit::NO_PERMISSION, message).hint(UntrustedPath::ANOTHERS))
}

fn of_item(item: &ListedMail) -> Value {
    json!({
        "name": item.name,
        "to": item.to,
        "since": time(item.since),
        "attempts": item.attempts,
        "next_attempt": item.next.map(time),
        "why": item.why,
    })
}

fn time(time: SystemTime) -> String {
    rfc3339(time, Precision::Millis)
}

/// Tries everything that waits now, and prints what came of it.
pub(crate) fn flush(settings: &Settings) -> CommandResult {
    judge(settings)?;
    let before = outbox::listing(&settings.state_dir);
    let of_board = || on_board(settings).len();
    let waits = |listing: &Listing| {
        listing.alerts.len() + listing.queue.len() + listing.deferred.len() + of_board()
    };
    let waited = waits(&before);
    if waited == 0 {
        return print_text("Nothing waits.\n");
    }
    let mut troubles = Vec::new();
    if !before.alerts.is_empty() {
        flush_alerts(settings)?;
    }
    if before.queue.len() + before.deferred.len() > 0 {
        troubles.extend(flush_queue(settings));
    }
    flush_board(settings)?;
    let after = outbox::listing(&settings.state_dir);
    let failed = after.failed.len().saturating_sub(before.failed.len());
    let left = waited.saturating_sub(waits(&after) + failed);
    let mut text = format!("{} left.\n", counted_or_no(left as u64, "mail", "mails"));
    if waits(&after) + failed > 0 {
        text.push_str(&page(settings, &after, &on_board(settings), clock::wall()));
    }
    print_text(&text)?;
    if waits(&after) + failed == 0 {
        return Ok(());
    }
    let why = outbox::report(&settings.state_dir).broken;
    let why = why.map(|broken| broken.trouble.line()).or(troubles.pop());
    let why = why.unwrap_or_else(|| "the reasons are listed".to_owned());
    let message = format!("not every mail left: {why}");
    let hint = format!(
        "`{}` shows how far a mail comes",
        Call::as_typed().line("mail test")
    );
    Err(CommandError::new(exit::UNAVAILABLE, message).hint(hint))
}

/// Tries every alert that waits, because a sample has just shown that the way is open. Says what
/// became of them; their troubles are no trouble of the sample.
pub(super) fn try_what_waits(settings: &Settings, mail: &MailSettings) {
    let waiting = outbox::report(&settings.state_dir).waiting;
    if waiting == 0 {
        return;
    }
    let mails = counted_or_no(waiting as u64, "mail", "mails");
    say(&format!(
        "Trying at once what waits in the outbox: {mails}\n"
    ));
    match immediate::flush(&settings.state_dir, mail) {
        Ok(Some(_)) => {
            let left = outbox::report(&settings.state_dir).waiting;
            let gone = waiting.saturating_sub(left) as u64;
            let still = match left {
                0 => String::new(),
                left => format!(
                    ", {left} still waiting: see `{}`",
                    Call::as_typed().line("mail queue")
                ),
            };
            say(&format!(
                "  {} settled{still}\n",
                counted_or_no(gone, "mail", "mails")
            ));
        }
        Ok(None) => say("  a runner is delivering them just now\n"),
        Err(error) => say(&format!("  the outbox cannot be used: {error}\n")),
    }
}

fn flush_alerts(settings: &Settings) -> CommandResult {
    match immediate::flush(&settings.state_dir, &settings.mail) {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(CommandError::new(
            exit::HELD,
            "another process is delivering this outbox just now",
        )
        .hint("a runner does so when a mail is due; try again in a moment")),
        Err(error) => Err(CommandError::new(
            resource_check::exit_code(&error),
            format!(
                "the outbox in `{}` cannot be used: {error}",
                settings.state_dir.display()
            ),
        )
        .hint("check that it is ours, and on a disk with room")),
    }
}

/// Returns what waits on the board, if there is one that answers.
fn on_board(settings: &Settings) -> Vec<ListedMail> {
    let board = board_access::open_existing(settings).ok().flatten();
    let mails = board.map(|board| mail_flush::waiting(&*board));
    mails.and_then(Result::ok).unwrap_or_default()
}

fn flush_board(settings: &Settings) -> CommandResult {
    match board_access::open_existing(settings)? {
        Some(board) if !on_board(settings).is_empty() => {
            mail_flush::flush(&*board, settings).map_err(board_access::refused)
        }
        _ => Ok(()),
    }
}

fn flush_queue(settings: &Settings) -> Option<String> {
    mail::install(settings.mail.clone(), &settings.state_dir);
    let back = mail::retry_all_deferred().err();
    let sent = mail::deliver_queue().err();
    sent.or(back).map(|error| error.to_string())
}

fn page(
    settings: &Settings,
    listing: &Listing,
    on_board: &[ListedMail],
    now: SystemTime,
) -> String {
    let report = outbox::report(&settings.state_dir);
    let mut text = format!("Mail leaves by {}.\n", way(&settings.mail));
    if let Some(broken) = &report.broken {
        let since = local_time(broken.since, "%a %d %b %H:%M");
        let attempts = counted_or_no(broken.attempts.into(), "attempt", "attempts");
        let next = when(broken.next, now);
        let _ = writeln!(
            text,
            "It has not left since {since}, {attempts}, the next {next}: {}",
            broken.trouble.line()
        );
    }
    if report.dropped > 0 {
        let dropped = counted_or_no(report.dropped, "mail", "mails");
        let _ = writeln!(text, "{dropped} found no room in the outbox.");
    }
    let places = [
        ("to the admin", listing.alerts.as_slice()),
        ("to the admin on the board", on_board),
        ("in the queue", listing.queue.as_slice()),
        ("put off", listing.deferred.as_slice()),
        ("given up", listing.failed.as_slice()),
    ];
    for (place, items) in places {
        section(&mut text, place, items, now);
    }
    if places.iter().all(|(_, items)| items.is_empty()) {
        text.push_str("Nothing waits, nothing was given up.\n");
    }
    text
}

fn section(text: &mut String, place: &str, items: &[ListedMail], now: SystemTime) {
    if items.is_empty() {
        return;
    }
    let count = counted_or_no(items.len() as u64, "mail", "mails");
    let _ = writeln!(text, "\n{count} {place}:");
    for item in items.iter().take(MOST_LINES) {
        line(text, item, now);
    }
    let more = items.len().saturating_sub(MOST_LINES);
    if more > 0 {
        let _ = writeln!(text, "  … and {more} more");
    }
}

fn line(text: &mut String, item: &ListedMail, now: SystemTime) {
    let since = local_time(item.since, "%a %d %b %H:%M");
    let to = if item.to.is_empty() {
        String::new()
    } else {
        format!(" to {}", item.to.join(", "))
    };
    let _ = writeln!(text, "  {since}  {}{to}", plain(&item.name));
    let mut facts = Vec::new();
    if item.attempts > 0 {
        let attempts = counted_or_no(item.attempts.into(), "attempt", "attempts");
        let next = item
            .next
            .map(|next| format!(", the next {}", when(next, now)));
        facts.push(format!("{attempts}{}", next.unwrap_or_default()));
    }
    facts.extend(item.why.as_deref().map(plain));
    if !facts.is_empty() {
        let _ = writeln!(text, "    {}", facts.join(": "));
    }
}

fn when(next: SystemTime, now: SystemTime) -> String {
    match next.duration_since(now) {
        Ok(left) if !left.is_zero() => format!("in {}", in_words(left)),
        _ => "is due".to_owned(),
    }
}

/// Names of files and answers of servers are other people's: they move no cursor.
fn plain(text: &str) -> String {
    let plain = |c: char| if steers(c) { '\u{fffd}' } else { c };
    text.chars().map(plain).collect()
}
