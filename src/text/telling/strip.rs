//! What stands before the words of a line: frames of boxes, times, levels, names of programs.

use super::record;

/// Returns the content of a line: without indentation, frame, time stamp; of a record in JSON or
/// logfmt its message.
pub(super) fn text(line: &str) -> String {
    let line = frame(line);
    if let Some(record) = record::parse(line) {
        return record.message;
    }
    let line = stamp(line);
    ["[ERROR] ", "[error] ", "[FATAL] "]
        .iter()
        .find_map(|level| line.strip_prefix(level))
        .unwrap_or(line)
        .trim_start()
        .to_owned()
}

/// Returns a line without indentation and without what draws a box around it, or a meter.
pub(super) fn frame(line: &str) -> &str {
    let line = line
        .trim()
        .trim_start_matches([
            '│', '┃', '║', '╷', '╵', '┌', '└', '├', '─', '╭', '╰', '×', '✖', '✗', '•',
        ])
        .trim();
    // The meter of curl has no end of its own.
    match line.rsplit_once("--:--:-- ") {
        Some((_, after)) => after.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit()),
        None => line,
    }
}

/// Returns a line without the times, dates and process numbers that it begins with.
pub(super) fn stamp(line: &str) -> &str {
    let mut rest = line;
    for _ in 0..4 {
        let Some((word, after)) = rest.split_once([' ', '\t']) else {
            break;
        };
        let is_stamp = is_stamp(word) || (rest.len() < line.len() && is_zone(word));
        if !is_stamp || after.trim().is_empty() {
            break;
        }
        rest = after.trim_start();
    }
    rest
}

/// Returns whether a word is a date or a time of day: at least four digits and two separators.
fn is_stamp(word: &str) -> bool {
    let word = word.trim_matches(['[', ']', '(', ')', ',']);
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let separators = word.bytes().filter(|c| b"-:/.".contains(c)).count();
    let others = word
        .bytes()
        .filter(|c| !c.is_ascii_digit() && !b"-:/.,TZ+".contains(c));
    digits >= 4 && separators >= 2 && others.count() == 0 && !is_address(word)
}

/// Four groups between dots are an address.
fn is_address(word: &str) -> bool {
    word.bytes().filter(|c| *c == b'.').count() >= 3
}

fn is_zone(word: &str) -> bool {
    let word = word.trim_matches(['[', ']', '(', ')', ',']);
    matches!(word, "UTC" | "GMT" | "CET" | "CEST" | "Z")
        || ((word.len() == 5 || word.len() == 6)
            && word.starts_with(['+', '-'])
            && word[1..].bytes().all(|c| c.is_ascii_digit() || c == b':'))
}

/// Returns a line without the `1: ` of a list of causes.
pub(super) fn number(line: &str) -> &str {
    match line.split_once(": ") {
        Some((number, rest)) if number.bytes().all(|c| c.is_ascii_digit()) => rest,
        _ => line,
    }
}

/// Returns a line without the `> ` or `- ` of a list.
pub(super) fn bullet(line: &str) -> &str {
    line.strip_prefix("> ")
        .or_else(|| line.strip_prefix("- "))
        .or_else(|| line.strip_prefix("* "))
        .unwrap_or(line)
}
