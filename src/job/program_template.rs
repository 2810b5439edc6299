//! What a step executes, with templates in it.

use std::path::PathBuf;

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
