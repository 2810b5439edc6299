//! The command of a line: what cron makes of `%` and `\`, and how it is written for us.

use toml::Value;

use crate::import::page::{text, texts};
use crate::text::pipeline::{self, Pipelines};

/// The shell of cron, and of `shell = …`.
const SH: &str = "/bin/sh";

/// A command with what it reads.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CronCommand {
    /// The line for a shell.
    pub(super) line: String,
    /// What comes on standard input.
    pub(super) input: Option<String>,
}

impl CronCommand {
    /// Takes a command apart as cron does: at the first `%` that has no `\` before it.
    pub(super) fn parse(command: &str) -> Self {
        let mut line = String::new();
        let mut rest = command.chars();
        let mut has_input = false;
        while let Some(c) = rest.next() {
            match c {
                '\\' => match rest.next() {
                    Some(next @ ('%' | '\\')) => line.push(next),
                    Some(next) => line.extend(['\\', next]),
                    None => line.push('\\'),
                },
                '%' => {
                    has_input = true;
                    break;
                }
                c => line.push(c),
            }
        }
        CronCommand {
            line: line.trim_end().to_owned(),
            input: has_input.then(|| input(rest.as_str())),
        }
    }

    /// Returns the key and the value that execute it, with notes about that.
    pub(super) fn written(&self, shell: &str) -> WrittenCommand {
        let line = match &self.input {
            Some(input) => here_document(&self.line, input),
            None => self.line.clone(),
        };
        let whole = needs_whole_line(&self.line);
        if shell == SH && !whole {
            return WrittenCommand {
                key: "shell",
                value: text(line),
                note: None,
            };
        }
        let note = (shell == SH).then_some(
            "As cron does it: when one of these commands fails, the next ones run, and only the last decides. \
             With `shell = \"…\"` the first failure would end the run and be mailed.",
        );
        WrittenCommand {
            key: "command",
            value: texts([shell, "-c", &line].map(str::to_owned)),
            note,
        }
    }

    /// Returns whether it begins with a question, and answers "no" with a failure: cron does not
    /// look at exit codes.
    pub(super) fn fails_when_there_is_nothing_to_do(&self) -> bool {
        let asks = ["[ ", "[[ ", "test "]
            .into_iter()
            .any(|word| self.line.starts_with(word));
        asks && self.line.contains("&&") && !self.line.contains("||")
    }

    /// Returns what makes the failures count that its pipelines hide, if it has any.
    pub(super) fn remedy_of_pipelines(&self, shell: &str) -> Option<&'static str> {
        if pipeline::of_text(&self.line) != Pipelines::Hiding {
            return None;
        }
        Some(match self.written(shell).key {
            "shell" => "`pipefail = true` makes any of them count",
            _ => {
                "`set -o pipefail;` at its beginning makes any of them count (bash, or a newer dash)"
            }
        })
    }

    /// Returns whether it leaves something running.
    pub(super) fn leaves_something(&self) -> bool {
        let mut before = ' ';
        let mut rest = self.line.chars().peekable();
        while let Some(c) = rest.next() {
            let doubled = before == '&' || rest.peek() == Some(&'&');
            let of_a_stream = before == '>' || before == '<' || rest.peek() == Some(&'>');
            if c == '&' && !doubled && !of_a_stream {
                return true;
            }
            before = c;
        }
        false
    }
}

/// How a command is written.
#[derive(Debug, PartialEq)]
pub(super) struct WrittenCommand {
    /// `shell` or `command`.
    pub(super) key: &'static str,
    /// What it is set to.
    pub(super) value: Value,
    /// Notes for the user.
    pub(super) note: Option<&'static str>,
}

/// `shell` is `/bin/sh -e`, and cron's is not: that is the same as long as there is one command, or
/// a list of `&&` and `||`, or one branch.
fn needs_whole_line(line: &str) -> bool {
    const GOES_ON: [&str; 4] = ["then", "else", "fi", "}"];
    let lone = line.replace("&&", "").replace(">&", "").replace("&>", "");
    let after_semicolons = line.split(';').skip(1).map(str::trim_start);
    let mut others = after_semicolons.filter(|rest| {
        let word = rest.split([' ', '\t', ')']).next().unwrap_or_default();
        !rest.is_empty() && !GOES_ON.contains(&word)
    });
    others.next().is_some() || lone.contains(['&', '\n'])
}

fn input(text: &str) -> String {
    let mut input = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '%' => input.push('\n'),
            '\\' if rest.as_str().starts_with('%') => {
                input.push('%');
                rest.next();
            }
            c => input.push(c),
        }
    }
    if !input.ends_with('\n') {
        input.push('\n');
    }
    input
}

/// A task reads a file or nothing; so what cron would write to it is put into the line.
fn here_document(line: &str, input: &str) -> String {
    let mut end = "END".to_owned();
    while input.lines().any(|line| line == end) {
        end.push('_');
    }
    format!("{{ {line}\n}} <<'{end}'\n{input}{end}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(command: &str) -> (String, Option<String>) {
        let CronCommand { line, input } = CronCommand::parse(command);
        (line, input)
    }

    #[test]
    fn a_percent_sign_ends_the_command_and_begins_its_input() {
        let cases = [
            ("date +\\%F", "date +%F", None),
            (
                "mail -s hi root%Dear root,%%bye",
                "mail -s hi root",
                Some("Dear root,\n\nbye\n"),
            ),
            ("cat%50\\% off\\n", "cat", Some("50% off\\n\n")),
            ("cat%", "cat", Some("\n")),
            ("printf 'a\\nb'", "printf 'a\\nb'", None),
            ("echo a\\\\%b", "echo a\\", Some("b\n")),
        ];
        for (command, line, input) in cases {
            let expected = (line.to_owned(), input.map(str::to_owned));
            assert_eq!(parsed(command), expected, "{command}");
        }
    }

    #[test]
    fn a_list_that_dash_e_would_end_early_is_left_to_a_shell_without_it() {
        let key = |line: &str| CronCommand::parse(line).written(SH).key;
        assert_eq!(key("cd / && run-parts --report /etc/cron.hourly"), "shell");
        assert_eq!(key("backup >/dev/null 2>&1"), "shell");
        assert_eq!(key("backup &>/dev/null || true"), "shell");
        assert_eq!(key("test -x /a || { cd / && b; }"), "shell");
        assert_eq!(key("if [ -x /a ]; then /a; fi"), "shell");
        assert_eq!(key("if [ -x /a ]; then /a; /b; fi"), "command");
        assert_eq!(key("for i in 1 2; do x; done"), "command");
        assert_eq!(key("false; backup"), "command");
        assert_eq!(key("daemon & true"), "command");
        assert_eq!(CronCommand::parse("x").written("/bin/bash").key, "command");
    }

    #[test]
    fn what_is_left_running_is_noticed() {
        let leaves = |line: &str| CronCommand::parse(line).leaves_something();
        assert!(leaves("/opt/worker &"));
        assert!(leaves("(a & b)"));
        for line in ["a && b", "a >/dev/null 2>&1", "a &>/dev/null", "a <&3"] {
            assert!(!leaves(line), "{line}");
        }
    }

    #[test]
    fn an_input_that_names_its_own_end_is_whole() {
        let command = CronCommand::parse("cat%END%x");
        let Value::String(line) = command.written(SH).value else {
            panic!("one line");
        };
        assert_eq!(line, "{ cat\n} <<'END_'\nEND\nx\nEND_\n");
    }
}
