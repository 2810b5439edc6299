//! How much each line of an output shows of what went wrong.

use super::record::{self, LineSeverity};
use super::{strip, words};

/// What sort of line a line is, from what explains nothing to what explains most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// A frame of a stack, a line of source code, a ruler, a caret.
    Frame,
    /// Advice, a note, a summary.
    Hint,
    /// A record of a log that is a warning or less.
    Quiet,
    /// Anything else.
    Plain,
    /// A line that shows no more than that something failed.
    Generic,
    /// A line with words of failure.
    Worded,
    /// A line with words of failure that begins with the name of a program or a file.
    Named,
    /// A line that is marked as an error.
    Marked,
    /// The line of an exception, or one that is marked and has words of failure.
    Error,
}

/// The ranks of the lines of an output.
pub(super) struct Ranks(Vec<Rank>);

impl Ranks {
    /// Ranks lines that are not blank.
    pub(super) fn of(lines: &[&str]) -> Self {
        let mut traceback = Traceback::None;
        let mut ranks: Vec<Rank> = Vec::with_capacity(lines.len());
        for (at, line) in lines.iter().enumerate() {
            let rank = match traceback.step(line) {
                TracebackPlace::Frame => Rank::Frame,
                TracebackPlace::Exception if line.contains("CalledProcessError: ") => Rank::Generic,
                TracebackPlace::Exception => Rank::Error,
                TracebackPlace::Outside if at > 0 && is_head_of_tcl_frame(lines[at - 1]) => {
                    Rank::Frame
                }
                TracebackPlace::Outside => of_line(line),
            };
            let source = at.checked_sub(1).filter(|_| is_caret(line));
            if let Some(before) = source.filter(|before| ranks[*before] < Rank::Marked) {
                ranks[before] = Rank::Frame;
            }
            ranks.push(rank);
        }
        Ranks(ranks)
    }

    /// Returns the place of the last line of the best rank.
    pub(super) fn best(&self) -> Option<usize> {
        let best = self.0.iter().max()?;
        self.0.iter().rposition(|rank| rank == best)
    }

    /// Returns the rank of a line.
    pub(super) fn at(&self, at: usize) -> Rank {
        self.0[at]
    }
}

/// Where a line stands in a Python traceback.
enum TracebackPlace {
    Frame,
    Exception,
    Outside,
}

/// A Python traceback: a head, frames with their code indented, then the exception.
#[derive(Clone, Copy)]
enum Traceback {
    None,
    Inside,
}

impl Traceback {
    fn step(&mut self, line: &str) -> TracebackPlace {
        let said = line.trim_start_matches(['|', '+', ' ', '\t', '-']);
        if said.starts_with("Traceback (most recent call last)")
            || (said.starts_with("File \"") && said.contains("\", line "))
        {
            *self = Traceback::Inside;
            return TracebackPlace::Frame;
        }
        match self {
            Traceback::None => TracebackPlace::Outside,
            Traceback::Inside if line.starts_with([' ', '\t']) => TracebackPlace::Frame,
            Traceback::Inside => {
                *self = Traceback::None;
                TracebackPlace::Exception
            }
        }
    }
}

/// Returns the rank of a line by its own words.
fn of_line(line: &str) -> Rank {
    let framed = strip::frame(line);
    if is_frame(line, framed) {
        return Rank::Frame;
    }
    if let Some(record) = record::parse(framed) {
        return match record.severity {
            LineSeverity::Error => Rank::Error,
            LineSeverity::Less => Rank::Quiet,
            LineSeverity::Unknown => Rank::Plain,
        };
    }
    let whole = strip::stamp(framed);
    let (severity, said) = level(whole);
    let lower = said.to_lowercase();
    if is_hint(&lower) {
        return Rank::Hint;
    }
    if is_banner(whole) || is_generic(&whole.to_lowercase()) && !is_exception(said) {
        return Rank::Generic;
    }
    let marked = severity == LineSeverity::Error || is_marked(said, &lower);
    match (marked, has_words_of_failure(&lower)) {
        _ if is_exception(said) || starts_as_error(&lower) => Rank::Error,
        (true, true) => Rank::Error,
        (true, false) => Rank::Marked,
        _ if severity == LineSeverity::Less => Rank::Quiet,
        (false, true) if is_named(said) => Rank::Named,
        (false, true) => Rank::Worded,
        (false, false) => Rank::Plain,
    }
}

/// Returns whether a line begins with the name of a program or of a file: `gzip: …`,
/// `a.sh: line 2: …`.
fn is_named(said: &str) -> bool {
    let is_name = |name: &str| !name.is_empty() && !name.contains([' ', '\t', '=', '{']);
    said.split_once(": ").is_some_and(|(name, _)| is_name(name))
}

/// Returns the severity that a line begins with, and what follows it: `[ERROR] …`, `ERROR: …`,
/// `root: CRITICAL …`, `npm ERR! …`.
fn level(line: &str) -> (LineSeverity, &str) {
    const MOST_WORDS: usize = 5;
    let mut rest = line;
    for _ in 0..MOST_WORDS {
        let (word, after) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let is_level = bare.len() < word.len() || bare.bytes().all(|c| c.is_ascii_uppercase());
        let is_npm = rest.len() < line.len() && line.starts_with("npm ") && bare == "error";
        let severity = record::word_severity(bare);
        if severity != LineSeverity::Unknown && (is_level || is_npm) && !bare.is_empty() {
            return (
                severity,
                after.trim_start_matches([' ', '\t', ':', '|', '-']),
            );
        }
        if after.is_empty() {
            break;
        }
        rest = after.trim_start();
    }
    (LineSeverity::Unknown, line)
}

/// Returns whether a line is a frame of a stack, a line of source, or has no words at all.
fn is_frame(line: &str, said: &str) -> bool {
    let indented = line.starts_with([' ', '\t']);
    let wordless = !said.chars().any(char::is_alphanumeric);
    let digits = said.bytes().take_while(u8::is_ascii_digit).count();
    let after = &said[digits..];
    let numbered_source = after.trim_start().starts_with('|');
    let numbered_frame = indented && digits > 0 && after.starts_with(": ");
    let php_frame = said.starts_with('#') && said[1..].starts_with(|c: char| c.is_ascii_digit());
    let go_place = line.starts_with('\t') && said.contains(".go:");
    let go_function =
        said.ends_with(')') && !said.contains(' ') && said.contains('(') && said.contains('.');
    let begins = |starts: &[&str]| starts.iter().any(|start| said.starts_with(start));
    wordless
        || numbered_source
        || numbered_frame
        || php_frame
        || go_place
        || go_function
        || (indented && begins(&["at ", "from ", "in ", "...", "… "]))
        || (indented && (is_head_of_tcl_frame(line) || said.contains(": in main chunk")))
        || is_more(said)
        || begins(&[
            "-->",
            ":::",
            "goroutine ",
            "created by ",
            "thrown in ",
            "Stack trace:",
            "stack backtrace:",
            "Call Stack",
            "--- End of",
            "--- at ",
            "Backtrace",
            "\u{2026}",
        ])
}

/// Returns whether a line is a heading between rulers: `==== ERROR STACK FOLLOWS ====`.
fn is_banner(line: &str) -> bool {
    const LEAST: usize = 4;
    let rulers = ['=', '*', '-', '#', '~', '_'];
    let end = line.trim_end().chars().next_back();
    end.filter(|end| rulers.contains(end)).is_some_and(|ruler| {
        let ruled = ruler.to_string().repeat(LEAST);
        let words = line.trim_end().trim_end_matches(ruler);
        line.trim_end().len() - words.len() >= LEAST && words.contains(&ruled)
    })
}

/// Above each frame of Tcl stands how it came to be called, below it what was called.
fn is_head_of_tcl_frame(line: &str) -> bool {
    matches!(line.trim(), "while executing" | "invoked from within")
}

/// `... 12 more`.
fn is_more(said: &str) -> bool {
    said.starts_with("...") && (said.ends_with("more") || said.ends_with("omitted"))
}

fn is_caret(line: &str) -> bool {
    line.contains('^') && line.bytes().all(|c| b" \t^~-|.".contains(&c))
}

fn is_hint(lower: &str) -> bool {
    words::HINTS.iter().any(|start| lower.starts_with(start))
        || words::HINTS_INSIDE.iter().any(|part| lower.contains(part))
        || is_summary(lower)
}

/// Counts: `3 errors generated.`, `1 failed, 2 passed in 0.1s`, `web1 : ok=1 changed=0 failed=1`.
fn is_summary(lower: &str) -> bool {
    const COUNTED: [&str; 9] = [
        "error",
        "failed",
        "failure",
        "passed",
        "warning",
        "test",
        "problem",
        "example",
        "vulnerabilit",
    ];
    let lower = lower.trim_matches(|c: char| !c.is_alphanumeric());
    let (number, rest) = lower.split_once(' ').unwrap_or((lower, ""));
    let counts = number.bytes().all(|c| c.is_ascii_digit())
        && COUNTED.iter().any(|word| rest.starts_with(word));
    counts
        || (lower.contains("ok=") && lower.contains("failed="))
        || lower.starts_with("tests run:")
        || (lower.starts_with("found ") && lower.contains(" error"))
        || lower.starts_with("ran ")
        || lower.starts_with("failed (")
}

fn is_generic(lower: &str) -> bool {
    let is_make =
        lower.contains("*** [") || (lower.starts_with("make") && lower.contains("] error "));
    is_make || words::GENERIC.iter().any(|part| lower.contains(part))
}

/// Returns whether a line begins as programs begin their errors.
fn starts_as_error(lower: &str) -> bool {
    [
        "error: ",
        "error[",
        "fatal: ",
        "panic: ",
        "e: ",
        "caused by: ",
        "fatal error: ",
        "parse error: ",
    ]
    .iter()
    .any(|start| lower.starts_with(start))
}

/// Returns whether a line is marked as an error somewhere in it.
fn is_marked(said: &str, lower: &str) -> bool {
    const INSIDE: &[&str] = &[
        ": error:",
        ": fatal:",
        ": fatal error:",
        ": error ",
        " error:",
        " error : ",
        "panicked at",
        "[error]",
        "[fatal]",
        "(error)",
        "fatal error",
        "segmentation fault",
        "what went wrong:",
    ];
    starts_as_error(lower)
        || INSIDE.iter().any(|mark| lower.contains(mark))
        || said.starts_with("E   ")
        || said.starts_with("FAILED ")
        || said.starts_with("error")
        || said.starts_with("Error")
        || said.starts_with("ERROR")
}

/// Returns whether a line is that of an exception: `ValueError: …`, `java.io.IOException: …`,
/// `Unhandled exception. System.Exception: …`, `x.rb:1:in 'f': no (RuntimeError)`.
fn is_exception(said: &str) -> bool {
    const ENDS: [&str; 4] = ["Error", "Exception", "Panic", "Fault"];
    let is_type = |name: &str| {
        let last = name.rsplit(['.', ':', '\\', '$']).next().unwrap_or(name);
        ENDS.iter().any(|end| last.ends_with(end))
            && last.starts_with(|c: char| c.is_ascii_uppercase())
    };
    let name = said.split(": ").next().unwrap_or(said);
    let last_word = name.rsplit(' ').next().unwrap_or(name);
    let words = name.split(' ').count();
    let ruby = said
        .strip_suffix(')')
        .and_then(|said| said.rsplit_once('('))
        .is_some_and(|(_, name)| is_type(name));
    (words <= 5
        && is_type(last_word.trim_matches(['[', ']', '(', ')', ':']))
        && said.len() > name.len())
        || (words == 1 && is_type(name))
        || ruby
}

fn has_words_of_failure(lower: &str) -> bool {
    const INNOCENT: [&str; 6] = [
        "0 error",
        "no error",
        "without error",
        "0 failed",
        "failed=0",
        "0 failures",
    ];
    !INNOCENT.iter().any(|part| lower.contains(part))
        && words::FAILURES.iter().any(|part| lower.contains(part))
}
