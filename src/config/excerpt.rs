//! One line of a file as it is shown below an error: tabs and wide characters under their carets,
//! secrets covered.

use std::ops::Range;

use super::secret;
use crate::text::cut::floor;
use crate::text::steers;

const TAB: usize = 4;

/// A line that can be printed as it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// From 1.
    pub(super) line: usize,
    /// The line, tabs as spaces, control characters replaced.
    pub(super) text: String,
    /// How many columns before the first caret.
    pub(super) indent: usize,
    /// How many carets; at least one.
    pub(super) carets: usize,
}

/// Returns the line in which `span` begins. Of a span of several lines, only the first is shown.
pub(super) fn of(text: &str, span: Range<usize>) -> Excerpt {
    let start = floor(text, span.start);
    let end = floor(text, span.end).max(start);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let line = text[line_start..line_end].trim_end_matches('\r');
    let (from, to) = (start - line_start, end.min(line_end) - line_start);
    let covered = secret::values_in(line);
    let (shown, columns) = draw(line, &covered);
    let column = |at: usize| columns[at.min(line.len())];
    Excerpt {
        line: text[..start].matches('\n').count() + 1,
        text: shown.trim_end().to_owned(),
        indent: column(from),
        carets: column(to).saturating_sub(column(from)).max(1),
    }
}

/// Returns what is shown of a line, and for each of its bytes (and its end) the column where it is
/// shown.
fn draw(line: &str, covered: &[Range<usize>]) -> (String, Vec<usize>) {
    const COVER: &str = "…";
    let mut shown = String::new();
    let mut columns = vec![0; line.len() + 1];
    let mut column = 0;
    for (at, c) in line.char_indices() {
        columns[at..at + c.len_utf8()].fill(column);
        match covered.iter().find(|range| range.contains(&at)) {
            Some(range) if range.start == at => {
                shown.push_str(COVER);
                column += 1;
            }
            Some(_) => {}
            None => column += draw_char(&mut shown, c, column),
        }
    }
    columns[line.len()] = column;
    (shown, columns)
}

/// Appends a character and returns how many columns it takes.
fn draw_char(shown: &mut String, c: char, column: usize) -> usize {
    let width = match c {
        '\t' => TAB - column % TAB,
        _ => width(c),
    };
    match c {
        '\t' => shown.extend(std::iter::repeat_n(' ', width)),
        c if steers(c) => shown.push('\u{fffd}'),
        c => shown.push(c),
    }
    width
}

/// The columns of a character on a terminal, coarsely after UAX #11 and the blocks of combining
/// marks.
fn width(c: char) -> usize {
    const NONE: [(u32, u32); 8] = [
        (0x0300, 0x036f),
        (0x0483, 0x0489),
        (0x0591, 0x05bd),
        (0x1ab0, 0x1aff),
        (0x200b, 0x200f),
        (0x20d0, 0x20ff),
        (0xfe00, 0xfe0f),
        (0xfe20, 0xfe2f),
    ];
    const WIDE: [(u32, u32); 11] = [
        (0x1100, 0x115f),
        (0x2e80, 0x303e),
        (0x3041, 0x33ff),
        (0x3400, 0x4dbf),
        (0x4e00, 0xa4cf),
        (0xa960, 0xa97f),
        (0xac00, 0xd7a3),
        (0xf900, 0xfaff),
        (0xfe30, 0xfe6f),
        (0xff00, 0xff60),
        (0x1f300, 0x3fffd),
    ];
    let code = u32::from(c);
    let within = |blocks: &[(u32, u32)]| blocks.iter().any(|&(a, b)| (a..=b).contains(&code));
    match () {
        () if within(&NONE) => 0,
        () if within(&WIDE) => 2,
        () => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str, marked: &str) -> String {
        let start = line.find(marked).unwrap();
        let excerpt = of(line, start..start + marked.len());
        let indent = " ".repeat(excerpt.indent);
        format!("{}\n{indent}{}", excerpt.text, "^".repeat(excerpt.carets))
    }

    #[test]
    fn carets_stand_under_tabs_and_wide_characters() {
        assert_eq!(shown("a\t= x", "x"), "a   = x\n      ^");
        assert_eq!(shown("\"日本\" = x", "x"), "\"日本\" = x\n         ^");
        assert_eq!(
            shown("é = \"日本\"", "\"日本\""),
            "é = \"日本\"\n    ^^^^^^"
        );
        assert_eq!(shown("e\u{301} = x", "x"), "e\u{301} = x\n    ^");
    }

    #[test]
    fn a_span_of_several_lines_is_marked_on_its_first() {
        let excerpt = of("x = [\r\n 1,\n]\n", 4..13);
        assert_eq!((excerpt.text.as_str(), excerpt.carets), ("x = [", 1));
    }

    #[test]
    fn secrets_and_escape_sequences_are_not_shown() {
        assert_eq!(
            shown("password = \"hunter2\" # x", "password"),
            "password = \"…\" # x\n^^^^^^^^"
        );
        assert_eq!(
            shown("env = { API_TOKEN = \"s\", B = 5 }", "5"),
            "env = { API_TOKEN = \"…\", B = 5 }\n                             ^"
        );
        assert_eq!(shown("a = \"\x1b[2J\"", "a"), "a = \"\u{fffd}[2J\"\n^");
    }
}
