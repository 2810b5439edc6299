//! The form of a supervisord configuration: that of Python's `RawConfigParser` as supervisord sets
//! it up.
//!
//! A reader of our own, because every line has to be accounted for: those that there are forget on
//! which line a key stood, and differ in what they take for a comment (here `;` and `#` after a
//! blank, also in the middle of a command) and for the rest of a value (an indented line).

use std::collections::BTreeMap;

/// A configuration, section by section.
#[derive(Debug, Default)]
pub(super) struct Ini<'a> {
    /// In the order of the file; one that is there twice is there twice. The first has no name:
    /// what stands before any section.
    pub(super) sections: Vec<IniSection<'a>>,
}

/// A section.
#[derive(Debug, Default)]
pub(super) struct IniSection<'a> {
    /// What stands between the brackets; empty before the first section.
    pub(super) name: &'a str,
    /// On which line it begins, counted from 1.
    pub(super) line: usize,
    /// Every line of it, its own and blank ones included.
    pub(super) lines: Vec<Numbered<'a>>,
    /// Its keys in lower case. What is written twice is what was written last.
    pub(super) values: BTreeMap<String, String>,
    /// Lines that are nothing.
    pub(super) wrong: Vec<Numbered<'a>>,
}

/// A line with its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbered<'a> {
    pub(super) number: usize,
    pub(super) text: &'a str,
}

impl<'a> Ini<'a> {
    /// Reads a text.
    pub(super) fn parse(text: &'a str) -> Self {
        let mut ini = Ini::default();
        ini.sections.push(IniSection::default());
        let mut open = OpenKey::default();
        for (number, line) in (1..).zip(text.lines()) {
            ini.line(Numbered { number, text: line }, &mut open);
        }
        ini
    }

    fn line(&mut self, line: Numbered<'a>, open: &mut OpenKey) {
        let value = without_comment(line.text).trim();
        let indent = line.text.len() - line.text.trim_start().len();
        let continues = indent > open.indent && open.key.is_some();
        let header = value
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'));
        if let (Some((name, _)), false) = (header, continues) {
            *open = OpenKey::default();
            self.sections.push(IniSection {
                name: name.trim(),
                line: line.number,
                lines: vec![line],
                ..IniSection::default()
            });
            return;
        }
        let Some(section) = self.sections.last_mut() else {
            return;
        };
        section.lines.push(line);
        if value.is_empty() {
            return;
        }
        match (&open.key, continues) {
            (Some(key), true) => {
                let whole = section.values.entry(key.clone()).or_default();
                whole.push('\n');
                whole.push_str(value);
            }
            _ => {
                *open = OpenKey {
                    key: section.take(value, line),
                    indent,
                };
            }
        }
    }
}

impl<'a> IniSection<'a> {
    /// Takes a line with a key, and returns the key.
    fn take(&mut self, value: &str, line: Numbered<'a>) -> Option<String> {
        match value.split_once(['=', ':']) {
            Some((key, value)) if !key.trim().is_empty() && !self.name.is_empty() => {
                let key = key.trim().to_lowercase();
                self.values.insert(key.clone(), value.trim().to_owned());
                Some(key)
            }
            _ => {
                self.wrong.push(line);
                None
            }
        }
    }
}

/// The key whose value may go on.
#[derive(Debug, Default)]
struct OpenKey {
    key: Option<String>,
    indent: usize,
}

/// A comment begins with `;` or `#` at the start of a line or after a blank: the first of its sort
/// that does, and of the two the one of which fewer stand before it that do not (so Python looks
/// for them).
fn without_comment(line: &str) -> &str {
    let begins = |at: usize| {
        line[..at]
            .chars()
            .next_back()
            .is_none_or(char::is_whitespace)
    };
    let semicolons = line.match_indices(';').map(|(at, _)| at);
    let hashes = line.match_indices('#').map(|(at, _)| at);
    let first =
        |marks: &mut dyn Iterator<Item = usize>| marks.enumerate().find(|(_, at)| begins(*at));
    let found = [first(&mut { semicolons }), first(&mut { hashes })];
    let end = found.into_iter().flatten().min();
    end.map_or(line, |(_, at)| &line[..at])
}

/// Returns what of a line is taken for a comment though it stands behind a value.
pub(super) fn trailing_comment(line: &str) -> Option<&str> {
    let kept = without_comment(line);
    let has_value = kept.contains(['=', ':']) && kept.len() < line.len();
    has_value.then(|| line[kept.len()..].trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_that_supervisord_reads() {
        let text = "; head\n[program:a] ; x\nCommand=/bin/a --b=c ; comment\ndirectory : /srv # x\nenvironment=A=\"1;2\",\n  B=\"3\"\n\n\
                    [group:x]\nprograms=a\nnonsense\n";
        let ini = Ini::parse(text);
        let names: Vec<_> = ini.sections.iter().map(|section| section.name).collect();
        assert_eq!(names, ["", "program:a", "group:x"]);
        let program = &ini.sections[1];
        assert_eq!(program.values["command"], "/bin/a --b=c");
        assert_eq!(program.values["directory"], "/srv");
        assert_eq!(program.values["environment"], "A=\"1;2\",\nB=\"3\"");
        assert_eq!(program.lines.len(), 6);
        assert_eq!(
            ini.sections[2].wrong,
            [Numbered {
                number: 10,
                text: "nonsense"
            }]
        );
    }

    #[test]
    fn a_semicolon_in_a_command_cuts_it_as_it_does_there() {
        let ini = Ini::parse("[program:a]\ncommand=bash -c 'foo ; bar'\n");
        assert_eq!(ini.sections[1].values["command"], "bash -c 'foo");
        assert_eq!(
            trailing_comment("command=bash -c 'foo ; bar'"),
            Some("; bar'")
        );
        assert_eq!(trailing_comment("; command=x"), None);
        // As Python has it: the first `#` is found before the second `;` is looked for.
        assert_eq!(without_comment("a=b;c ;d #e"), "a=b;c ;d ");
    }
}
