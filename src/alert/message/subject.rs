//! The headers of a letter, as far as their words are ours: nothing of a failure can make one.

use std::time::Duration;

use super::lines::{counted, grouped, is_invisible, shortened};
use super::{Context, mutes};
use crate::alert::notice::{Notice, Outage, Sort};
use crate::time::in_words;

const MOST_CHARS: usize = 100;
/// So that a long name of a host or task leaves room for what happened.
const MOST_OF_A_NAME: usize = 30;
/// TEXT in the log: a line that people can still read.
const MOST_OF_TEXT: usize = 500;

/// Returns what a notice says, in the words of subject and log.
pub(crate) fn headline(notice: &Notice) -> String {
    let text = header_text(&notice.text, MOST_OF_TEXT);
    match notice.sort {
        Sort::First => format!("First exception caught: {text}"),
        Sort::New => format!("New exception caught: {text}"),
        Sort::Downtime { count } => {
            let again = if count > 1 { " again" } else { "" };
            let asks = asks(notice).map_or_else(String::new, |asks| format!(": {asks}"));
            format!("Non recoverable downtime reached{again}{asks}")
        }
        Sort::StillRunning => match notice.running_since {
            Some(since) => {
                let long = in_words(notice.at.mono.since(since.mono));
                format!("Still running after {long}")
            }
            None => "Still running".to_owned(),
        },
        Sort::Healed => match notice.outage.as_ref().map(length) {
            Some(length) => format!("Process healed after {}", in_words(length)),
            None => "Process healed".to_owned(),
        },
        Sort::Summary => match &notice.summary {
            Some(summary) => super::summary::headline(summary),
            None => "Summary".to_owned(),
        },
        Sort::HeldBack => match held_back(notice) {
            0 => match mutes::held_back(notice) {
                1 => "1 mail was held back while muted".to_owned(),
                count => format!("{} mails were held back while muted", grouped(count)),
            },
            1 => "1 exception was held back".to_owned(),
            count => format!("{} exceptions were held back", grouped(count)),
        },
    }
}

/// Says how often a task has asked for later that does nothing else.
pub(super) fn asks(notice: &Notice) -> Option<String> {
    let outage = notice.outage.as_ref().filter(|outage| outage.only_asks())?;
    let times = counted(outage.asks, "time", "times");
    let span = in_words(notice.at.mono.since(outage.started.mono));
    Some(format!(
        "has asked to be retried {times} in {span}, no run has succeeded or failed"
    ))
}

/// Returns how many failures were held back.
pub(super) fn held_back(notice: &Notice) -> u64 {
    notice.held_back.iter().map(|held| held.count).sum()
}

/// Returns how long an outage was, or how long it had lasted at its beginning if it goes on.
pub(super) fn length(outage: &Outage) -> Duration {
    let end = outage.ended.unwrap_or(outage.started);
    end.mono.since(outage.started.mono)
}

/// Returns `[host] [task] headline`, at most 100 characters.
pub(super) fn subject(notice: &Notice, context: &Context<'_>) -> String {
    let host = header_text(context.host, MOST_OF_A_NAME);
    let task = header_text(context.name(notice), MOST_OF_A_NAME);
    let text = format!("[{host}] [{task}] {}", headline(notice));
    header_text(&text, MOST_CHARS)
}

/// Returns a text that can stand in a header: one line, no control characters, no marks that cannot be seen, nothing that a mail program would
/// decode (`=?utf-8?q?…?=`, RFC 2047).
pub(super) fn header_text(text: &str, most: usize) -> String {
    let mut clean = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            crate::alert::terminal::ESC => crate::alert::terminal::skip_sequence(&mut rest),
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

/// Returns a value for `X-Run-Functions`, or a part of `List-Id` or `Message-ID`: characters that need no quotes.
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
