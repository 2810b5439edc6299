//! What is kept of the texts of a run: enough to recognise it, never without bound.

use crate::core::failure::{Failure, Outcome, Output};
use crate::text::cut::floor;
use crate::text::steers;

const MOST_TEXT: usize = 1024;
const MOST_DETAILS: usize = 24;

/// Returns the text of an outcome, on one line.
pub(super) fn of(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Success => None,
        Outcome::RetryLater { reason } => Some(line(reason)),
        Outcome::Interrupted { how } => Some(line(how)),
        Outcome::Failure(failure) | Outcome::Fatal(failure) => Some(line(&failure.text())),
    }
}

/// Returns what else is known of a failure, a line each.
pub(super) fn details(failure: &Failure) -> Vec<String> {
    let place = failure.place.iter().map(|place| format!("at {place}"));
    let causes = failure
        .causes
        .iter()
        .map(|cause| format!("caused by: {cause}"));
    let rest = failure.message.lines().skip(1).map(str::to_owned);
    let all = place
        .chain(rest)
        .chain(causes)
        .chain(failure.notes.iter().cloned());
    all.map(|text| line(&text)).take(MOST_DETAILS).collect()
}

/// Returns the beginning of a text, on one line.
pub(super) fn line(text: &str) -> String {
    let text = text.trim();
    let shown = text.chars().map(|c| if steers(c) { ' ' } else { c });
    shown.take(MOST_TEXT).collect()
}

/// Returns an output of at most so many bytes: the first 20 %, the last 80 %.
pub(super) fn bounded(output: &Output, most: u64) -> Output {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let (head, tail) = (output.head.as_str(), output.tail.as_str());
    let length = head.len() + tail.len();
    if length <= most {
        return output.clone();
    }
    let first = floor(head, most / 5);
    let last = most - most / 5;
    // What is kept of the end may begin in what was the beginning.
    let (of_head, of_tail) = match tail.len().checked_sub(last) {
        Some(skipped) => (head.len(), ceiling(tail, skipped)),
        None => (
            ceiling(head, (head.len() + tail.len()).saturating_sub(last)),
            0,
        ),
    };
    let of_head = of_head.max(first);
    let kept = format!("{}{}", &head[of_head..], &tail[of_tail..]);
    Output {
        head: head[..first].to_owned(),
        cut: output.cut + (length - first - kept.len()) as u64,
        tail: kept,
    }
}

fn ceiling(text: &str, at: usize) -> usize {
    let all = text.len();
    (at..all)
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_cut_to_its_bound_and_all_is_counted() {
        let whole = Output {
            head: "ä".repeat(300),
            cut: 7,
            tail: "ö".repeat(700),
        };
        for most in [10, 99, 500, 1000, 1401, 1999, 2000, 5000] {
            let kept = bounded(&whole, most);
            let length = (kept.head.len() + kept.tail.len()) as u64;
            assert!(length <= most, "{length} of {most}");
            assert_eq!(length + kept.cut, 2007, "{most}");
        }
        assert_eq!(bounded(&whole, 2000), whole);
    }

    #[test]
    fn a_text_is_one_line_whatever_is_in_it() {
        assert_eq!(line("a\nb\x1b[0m\0c\n"), "a b [0m c");
        assert_eq!(line(&"ü".repeat(5000)).chars().count(), MOST_TEXT);
    }
}
