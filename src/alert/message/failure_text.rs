//! What went wrong, in the body of a mail: the error with its causes, its place and its notes.

use super::lines::{block, one_line, paragraph, sentence};
use super::sentences::MOST_OF_TEXT;
use crate::core::failure::{Failure, FailureClass};
use crate::text::counts::counted;

const MOST_OF_BACKTRACE: usize = 8 * 1024;
const MOST_OF_MESSAGE: usize = 6 * 1024;
const MOST_OF_NOTES: usize = 3 * 1024;
const MOST_OF_CAUSES: usize = 6 * 1024;
const MOST_OF_CAUSE: usize = 1024;

/// Adds what the first sentence has no room for.
pub(super) fn error(body: &mut String, failure: &Failure, text: &str) {
    if !is_whole(failure, text) {
        body.push_str("\nError:\n");
        message(body, failure);
    }
    let mut around = String::new();
    circumstances(&mut around, failure);
    if !around.is_empty() {
        body.push('\n');
        body.push_str(&around);
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

/// Returns whether the first sentence, which shows `text`, contains all that the failure contains.
fn is_whole(failure: &Failure, text: &str) -> bool {
    let lines = [&failure.message].into_iter().chain(&failure.causes);
    text == failure.text()
        && text.chars().count() <= MOST_OF_TEXT
        && lines
            .into_iter()
            .all(|part| part.trim().lines().count() <= 1)
}

fn message(body: &mut String, failure: &Failure) {
    let words = failure.class.in_words();
    let message = failure.message.trim();
    let text = match (&words, message.is_empty()) {
        (Some(words), true) => words.clone(),
        (Some(words), false) => format!("{words}: {message}"),
        (None, true) => "an error without a message".to_owned(),
        (None, false) => message.to_owned(),
    };
    block(body, &text, MOST_OF_MESSAGE);
    causes(body, failure);
}

fn circumstances(body: &mut String, failure: &Failure) {
    if let FailureClass::Error { type_name } = &failure.class {
        paragraph(body, &format!("(type {})", one_line(type_name, 300)));
    }
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
