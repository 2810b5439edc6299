//! What is wrong with a configuration, all of it at once, each with its place and remedy.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::{self, Write as _};

use super::excerpt;
use super::origin::Origin;
use super::source::SourceFile;
use crate::core::exit;
use crate::text::steers;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProblemSeverity {
    /// Nothing starts.
    Error,
    /// The configuration works, but perhaps not as meant.
    Warning,
}

/// A problem of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ConfigProblem {
    /// How bad.
    pub(crate) severity: ProblemSeverity,
    /// A lowercase fragment.
    pub(crate) message: String,
    /// What was written, and where.
    pub(crate) origin: Origin,
    /// What to do, a line each.
    pub(crate) help: Vec<String>,
    /// The exit code if this is all that is wrong.
    pub(crate) exit: u8,
}

impl ConfigProblem {
    /// Makes an error.
    pub(crate) fn error(origin: &Origin, message: impl Into<String>) -> Self {
        ConfigProblem {
            severity: ProblemSeverity::Error,
            message: message.into(),
            origin: origin.clone(),
            help: Vec::new(),
            exit: exit::CONFIG,
        }
    }

    /// Makes a warning.
    pub(crate) fn warning(origin: &Origin, message: impl Into<String>) -> Self {
        ConfigProblem {
            severity: ProblemSeverity::Warning,
            ..ConfigProblem::error(origin, message)
        }
    }

    /// Returns it on one line, for a log.
    pub(crate) fn line(&self) -> String {
        let help = self.help.iter().map(String::as_str);
        let parts: Vec<&str> = std::iter::once(self.message.as_str()).chain(help).collect();
        parts.join("; ")
    }

    /// Adds a line of help.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds a line of help if there is one.
    #[must_use]
    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help.extend(help);
        self
    }

    /// Sets the exit code.
    #[must_use]
    pub(crate) fn exit(mut self, code: u8) -> Self {
        self.exit = code;
        self
    }
}

/// Whether a text for people is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    /// Plain text.
    Plain,
    /// With ANSI escape sequences.
    Ansi,
}

impl Colour {
    fn paint(self, style: &str, text: &str) -> String {
        match self {
            Colour::Plain => text.to_owned(),
            Colour::Ansi => format!("\x1b[{style}m{text}\x1b[0m"),
        }
    }
}

const RED: &str = "1;31";
const YELLOW: &str = "1;33";
const CYAN: &str = "1;36";
const BLUE: &str = "1;34";

/// Everything that was found wrong, in the order in which it is written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ConfigReport {
    source: Option<SourceFile>,
    problems: Vec<ConfigProblem>,
    /// What distinguishes the problems: messages with their places.
    seen: BTreeSet<(usize, String)>,
}

/// How much of a report is shown: a file that is no configuration may have a mistake in each word.
const MOST_SHOWN: usize = 256 << 10;

impl ConfigReport {
    /// Makes an empty report on a file.
    pub(crate) fn on(source: Option<SourceFile>) -> Self {
        ConfigReport {
            source,
            ..ConfigReport::default()
        }
    }

    /// Makes a report of one problem that has no place in a file.
    pub(crate) fn of(problem: ConfigProblem) -> Self {
        let mut report = ConfigReport::default();
        report.add(problem);
        report
    }

    /// Adds a problem, unless the same is listed already: a value of `[defaults]` is checked once
    /// for each task.
    pub(crate) fn add(&mut self, problem: ConfigProblem) {
        let (offset, message) = (problem.origin.offset(), &problem.message);
        if self
            .seen
            .insert((offset, format!("{message} {}", problem.origin)))
        {
            self.problems.push(problem);
        }
    }

    /// Adds the problems of another report.
    pub(crate) fn extend(&mut self, other: ConfigReport) {
        other
            .problems
            .into_iter()
            .for_each(|problem| self.add(problem));
    }

    /// Returns the problems, in the order of the file; those without a place in it come last.
    pub(crate) fn problems(&self) -> Vec<&ConfigProblem> {
        let mut sorted: Vec<&ConfigProblem> = self.problems.iter().collect();
        sorted.sort_by_key(|problem| problem.origin.offset());
        sorted
    }

    /// Returns the first error with its place, on one line, and how many more there are.
    pub(crate) fn first_line(&self) -> String {
        let sorted = self.problems();
        let mut errors = sorted
            .iter()
            .filter(|problem| problem.severity == ProblemSeverity::Error);
        let Some(first) = errors.next() else {
            return String::new();
        };
        let place = match &first.origin {
            Origin::Nowhere | Origin::Default => String::new(),
            origin => format!("{origin}: "),
        };
        let message = first.message.lines().next().unwrap_or_default();
        let more = match errors.count() {
            0 => String::new(),
            count => format!("; and {count} more"),
        };
        clean(&format!("{place}{message}{more}"))
    }

    /// Returns whether nothing was found.
    pub(crate) fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// Returns whether there is an error among the problems.
    pub(crate) fn has_errors(&self) -> bool {
        self.errors() > 0
    }

    /// Returns how many errors there are among the problems.
    pub(super) fn errors(&self) -> usize {
        let is_error = |problem: &&ConfigProblem| problem.severity == ProblemSeverity::Error;
        self.problems.iter().filter(is_error).count()
    }

    /// Returns the exit code: that of the errors where they agree, else the one for a wrong
    /// configuration.
    pub(crate) fn exit_code(&self) -> u8 {
        let mut codes = self.problems.iter().filter_map(|problem| {
            let error = problem.severity == ProblemSeverity::Error;
            error.then_some(problem.exit)
        });
        let first = codes.next().unwrap_or(exit::CONFIG);
        if codes.all(|code| code == first) {
            first
        } else {
            exit::CONFIG
        }
    }

    /// Returns the exit code of the first warning that has one of its own.
    pub(crate) fn warned_exit_code(&self) -> Option<u8> {
        let mut codes = self.problems.iter().map(|problem| problem.exit);
        codes.find(|code| *code != exit::CONFIG)
    }

    /// Returns the report as people read it, a blank line between two problems.
    pub(crate) fn render(&self, colour: Colour) -> String {
        let problems = self.problems();
        let mut text = String::new();
        for (index, problem) in problems.iter().enumerate() {
            if index > 0 {
                text.push('\n');
            }
            if text.len() > MOST_SHOWN {
                let more = problems.len() - index;
                let _ = writeln!(text, "and {more} more: put these right first");
                break;
            }
            text.push_str(&self.render_one(problem, colour));
        }
        text
    }

    fn render_one(&self, problem: &ConfigProblem, colour: Colour) -> String {
        let title = match problem.severity {
            ProblemSeverity::Error => colour.paint(RED, "error"),
            ProblemSeverity::Warning => colour.paint(YELLOW, "warning"),
        };
        let mut text = format!("{title}: {}\n", clean(&problem.message));
        let arrow = colour.paint(BLUE, "-->");
        match (&problem.origin, &self.source) {
            (Origin::File(place), Some(source)) => {
                let _ = writeln!(text, " {arrow} {place}");
                text.push_str(&self.excerpt(source, place.span.clone(), colour));
            }
            (Origin::Nowhere | Origin::Default, _) => {}
            (origin, _) => {
                let _ = writeln!(text, " {arrow} {origin}");
            }
        }
        for help in &problem.help {
            let _ = writeln!(text, "{}: {}", colour.paint(CYAN, "help"), clean(help));
        }
        text
    }

    fn excerpt(&self, source: &SourceFile, span: std::ops::Range<usize>, colour: Colour) -> String {
        let excerpt = excerpt::of(&source.text, span);
        let number = excerpt.line.to_string();
        let margin = " ".repeat(number.len());
        let bar = colour.paint(BLUE, "|");
        let carets = colour.paint(RED, &"^".repeat(excerpt.carets));
        format!(
            "{margin} {bar}\n{} {bar} {}\n{margin} {bar} {}{carets}\n",
            colour.paint(BLUE, &number),
            excerpt.text,
            " ".repeat(excerpt.indent),
        )
    }
}

/// Replaces control characters: what is quoted from a file must not steer the terminal.
fn clean(text: &str) -> String {
    let plain = |c: char| if steers(c) { '\u{fffd}' } else { c };
    text.chars().map(plain).collect()
}

impl fmt::Display for ConfigReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Colour::Plain))
    }
}

impl Error for ConfigReport {}
