//! What a step executes, with templates in it.

use std::path::PathBuf;

use super::data_source::DataSource;
use super::job_data::JobData;
use super::render_errors::RenderError;
use super::template::ArgumentTemplate;
use crate::core::settings::Program;

/// What a step executes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ProgramTemplate {
    /// Program and arguments, no shell.
    Command(Vec<ArgumentTemplate>),
    /// A line for `/bin/sh -e -c`. Values of the job are in variables alone.
    Shell(String),
    /// A file that is run by its shebang. Absolute.
    Script(PathBuf),
}

impl ProgramTemplate {
    /// Returns the templates, in order.
    pub(crate) fn templates(&self) -> &[ArgumentTemplate] {
        match self {
            ProgramTemplate::Command(words) => words,
            ProgramTemplate::Shell(_) | ProgramTemplate::Script(_) => &[],
        }
    }

    /// Renders the program. What is wrong goes to `errors`.
    pub(super) fn render(&self, data: &JobData<'_>, errors: &mut Vec<RenderError>) -> Program {
        match self {
            ProgramTemplate::Shell(text) => Program::Shell(text.clone()),
            ProgramTemplate::Script(path) => Program::Script(path.clone()),
            ProgramTemplate::Command(words) => {
                let mut after_dashes = false;
                let mut rendered = Vec::new();
                for word in words {
                    match word.render_argument(data, after_dashes) {
                        Ok(argument) => rendered.push(argument),
                        Err(error) => errors.push(error),
                    }
                    after_dashes |= word.literal() == Some("--");
                }
                Program::Command(rendered)
            }
        }
    }
}

/// Programs that read an argument after `-c` or `-e` as code.
const INTERPRETERS: [&str; 14] = [
    "ash", "bash", "dash", "fish", "ksh", "lua", "mksh", "node", "perl", "php", "python",
    "python3", "ruby", "sh",
];
const ZSH: &str = "zsh";

/// Returns which element of a command would make code of a value: the program itself, or the text
/// after `sh -c`.
pub(crate) fn element_of_code(words: &[ArgumentTemplate]) -> Option<usize> {
    let has_data = |word: &ArgumentTemplate| {
        let mut references = word.references();
        references.any(|reference| !matches!(reference.source, DataSource::Variable(_)))
    };
    if words.first().is_some_and(has_data) {
        return Some(0);
    }
    let mut is_interpreted = false;
    let mut is_code = false;
    for (at, word) in words.iter().enumerate() {
        if is_code && has_data(word) {
            return Some(at);
        }
        let literal = word.literal().unwrap_or_default();
        is_code = is_interpreted && takes_code(literal);
        let name = literal.rsplit('/').next().unwrap_or_default();
        is_interpreted |= INTERPRETERS.contains(&name) || name == ZSH;
    }
    None
}

/// Returns whether an option is one after which code follows: `-c`, `-ec`, `-e`, `-r` of PHP.
fn takes_code(option: &str) -> bool {
    let letters = option.strip_prefix('-').unwrap_or_default();
    let is_short = !letters.is_empty() && letters.chars().all(|c| c.is_ascii_alphabetic());
    is_short && letters.ends_with(['c', 'e', 'r']) || matches!(option, "--eval" | "--command")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_in(words: &[&str]) -> Option<usize> {
        let words: Vec<ArgumentTemplate> = words
            .iter()
            .map(|word| ArgumentTemplate::parse(word).unwrap())
            .collect();
        element_of_code(&words)
    }

    #[test]
    fn a_value_is_no_program_and_no_text_of_a_shell() {
        assert_eq!(code_in(&["{args.x}", "a"]), Some(0));
        assert_eq!(code_in(&["sh", "-c", "echo {args.x}"]), Some(2));
        assert_eq!(code_in(&["nice", "/bin/bash", "-ec", "{a.b}"]), Some(3));
        assert_eq!(code_in(&["python3", "-c", "print({each})"]), Some(2));
        assert_eq!(code_in(&["{var.bin}/x", "{args.x}"]), None);
        assert_eq!(
            code_in(&["sh", "-c", "echo \"$1\"", "sh", "{args.x}"]),
            None
        );
        assert_eq!(code_in(&["convert", "-c", "{args.x}"]), None);
    }
}
