//! The telling line: of what a failed command printed, the line that explains best what went wrong.
//!
//! Most programs end with something else than the reason: a hint, a frame of the stack, a summary.
//! Each of the last lines gets a rank; of the best rank the last line counts. What a line announces
//! (`panicked at …:`, `Caused by:`) is joined to it. Which programs this is right for is held by a
//! corpus of real outputs (`tests/data/outputs`).

mod rank;
mod record;
mod strip;
mod words;

use super::cut::floor;
use super::terminal;

use rank::{Rank, Ranks};

/// So many lines that are not blank are looked at, from the end.
const MOST_LINES: usize = 80;
/// More of a line than this is not looked at.
const MOST_BYTES_OF_A_LINE: usize = 8 * 1024;
/// A text is joined of so many lines at most.
const MOST_JOINED: usize = 6;

/// Returns the text of the telling line of `output`, as a terminal shows the output; `None` where
/// nothing but blanks was printed.
pub(crate) fn telling_line(output: &str) -> Option<String> {
    let shown = terminal::plain(last_lines(output));
    let lines: Vec<&str> = shown
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| &line[..floor(line, MOST_BYTES_OF_A_LINE)])
        .collect();
    let lines = &lines[lines.len().saturating_sub(MOST_LINES)..];
    let ranks = Ranks::of(lines);
    let best = ranks.best()?;
    Some(joined(lines, &ranks, best))
}

/// Returns the end of an output in which the lines that count are: several megabytes need no look.
fn last_lines(output: &str) -> &str {
    const MOST_BYTES: usize = 256 * 1024;
    &output[floor(output, output.len().saturating_sub(MOST_BYTES))..]
}

/// Returns the line at `best` with what it announces.
fn joined(lines: &[&str], ranks: &Ranks, best: usize) -> String {
    let mut text = strip::text(lines[best]);
    let mut at = best + 1;
    let mut parts = 1;
    while parts < MOST_JOINED && at < lines.len() {
        let announces = text.ends_with(':') && !text.ends_with("::");
        let next = strip::text(lines[at]);
        if announces && ranks.at(at) == Rank::Frame && parts == 1 {
            // Between an announcement and its text there may be source code.
        } else if announces {
            text = format!("{text} {}", strip::bullet(&next));
            parts += 1;
        } else if next == "Caused by:" {
            let cause = causes(&lines[at + 1..]);
            if !cause.is_empty() {
                text = format!("{text}: {cause}");
            }
            break;
        } else {
            break;
        }
        at += 1;
    }
    text
}

/// Returns the causes below a line `Caused by:` as anyhow prints them: indented, numbered or not.
fn causes(lines: &[&str]) -> String {
    let indented = lines
        .iter()
        .take_while(|line| line.starts_with([' ', '\t']))
        .take(MOST_JOINED)
        .map(|line| strip::number(line.trim()));
    indented.collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests;
