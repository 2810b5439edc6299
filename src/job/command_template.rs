//! A command of a step: what is executed, what it sees, and what surrounds it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::data_source::DataSource;
use super::job_data::JobData;
use super::names::variable_form;
use super::program_template::ProgramTemplate;
use super::render_errors::{RenderError, RenderErrors};
use super::rendered_command::RenderedCommand;
use super::step_variables::StepVariable;
use super::template::ArgumentTemplate;
use super::template_reference::TemplateReference;
use crate::core::settings::ChildSettings;
use crate::flow::definition::ResultUse;

/// A command of a step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CommandTemplate {
    /// What is executed.
    pub(crate) program: ProgramTemplate,
    /// What the command reads as standard input.
    pub(crate) input: Option<ArgumentTemplate>,
    /// The variables with values of the job, by name.
    pub(crate) variables: BTreeMap<String, StepVariable>,
    /// How long the command may take; `None`: for ever.
    pub(crate) timeout: Option<Duration>,
    /// What surrounds the process. Without `working_dir` it runs in the directory of the job.
    pub(crate) child: ChildSettings,
}

impl CommandTemplate {
    /// Renders the command with the data of a job.
    ///
    /// # Errors
    ///
    /// Everything that keeps it from being made.
    pub(crate) fn render(&self, data: &JobData<'_>) -> Result<RenderedCommand, RenderErrors> {
        let mut errors: Vec<RenderError> = Vec::new();
        let program = self.program.render(data, &mut errors);
        let input = self.input.as_ref().map(|input| input.render_text(data));
        let input = input.transpose().unwrap_or_else(|error| {
            errors.push(error);
            None
        });
        let mut variables = surroundings(data);
        for (name, variable) in &self.variables {
            match variable.render(data) {
                Ok(Some(value)) => {
                    variables.insert(name.clone(), value);
                }
                Ok(None) => {}
                Err(error) if errors.contains(&error) => {}
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() {
            Ok(RenderedCommand {
                program,
                variables,
                input,
            })
        } else {
            Err(RenderErrors { errors })
        }
    }

    /// Returns every reference to a value, with whether the command does without.
    fn references(&self) -> impl Iterator<Item = (&TemplateReference, bool)> {
        let templates = self.program.templates().iter().chain(&self.input);
        let in_templates = templates
            .flat_map(ArgumentTemplate::references)
            .map(|reference| (reference, reference.default.is_some()));
        let in_variables = self.variables.values().map(|variable| {
            let is_optional = variable.is_optional || variable.reference.default.is_some();
            (&variable.reference, is_optional)
        });
        in_templates.chain(in_variables)
    }

    /// Returns the results that the command reads.
    pub(crate) fn result_uses(&self) -> BTreeSet<ResultUse> {
        let uses = self.references().filter_map(|(reference, has_default)| {
            let DataSource::Result(step) = &reference.source else {
                return None;
            };
            Some(ResultUse {
                step: step.clone(),
                has_default,
            })
        });
        uses.collect()
    }

    /// Returns what in the command is on one host alone, if anything is: the directory of the job,
    /// a relative path, a file that an earlier step gave.
    pub(crate) fn local_use(&self) -> Option<String> {
        let in_shell = match &self.program {
            ProgramTemplate::Shell(text) => ["$JOB_DIR", "${JOB_DIR"]
                .iter()
                .any(|name| text.contains(name)),
            ProgramTemplate::Command(_) | ProgramTemplate::Script(_) => false,
        };
        if in_shell {
            return Some("$JOB_DIR".to_owned());
        }
        let results = self.references().find_map(|(reference, _)| {
            let key = reference.path.last()?.to_ascii_lowercase();
            let is_file = ["file", "path", "dir"]
                .iter()
                .any(|part| key.contains(part));
            let is_result = matches!(reference.source, DataSource::Result(_));
            (is_file && is_result).then(|| format!("{{{}}}", reference.written()))
        });
        let words = self.program.templates().iter().skip(1);
        let mut literals = words.filter_map(ArgumentTemplate::literal);
        results.or_else(|| {
            literals
                .find(|word| is_relative_path(word))
                .map(str::to_owned)
        })
    }

    /// Returns whether the command reads a value of this source.
    pub(crate) fn reads(&self, source: &DataSource) -> bool {
        let mut references = self.references();
        references.any(|(reference, _)| reference.source == *source)
    }

    /// Returns the variables that the worker must have.
    pub(crate) fn vars(&self) -> impl Iterator<Item = &str> {
        self.references()
            .filter_map(|(reference, has_default)| match &reference.source {
                DataSource::Variable(name) if !has_default => Some(name.as_str()),
                _ => None,
            })
    }
}

/// Returns whether a word is most probably a path that begins where the step runs.
fn is_relative_path(word: &str) -> bool {
    let is_other = word.starts_with(['-', '/']) || word.contains("://");
    let extension = word.rsplit_once('.').map_or("", |(_, extension)| extension);
    let is_extension = (1..=4).contains(&extension.len())
        && extension.starts_with(|c: char| c.is_ascii_alphabetic())
        && extension.chars().all(|c| c.is_ascii_alphanumeric());
    !is_other && !word.contains(' ') && (word.contains('/') || is_extension)
}

/// Returns the variables that every command has: the number of the job, the value of `try_each`,
/// the variables of the worker.
fn surroundings(data: &JobData<'_>) -> BTreeMap<String, String> {
    let vars = data.vars.iter();
    let vars = vars.map(|(name, value)| (format!("VAR_{}", variable_form(name)), value.clone()));
    let mut variables: BTreeMap<String, String> = vars.collect();
    variables.insert("JOB_ID".to_owned(), data.job_id.to_owned());
    let each = TemplateReference::to(DataSource::Each, Vec::new());
    if let Ok((each, _)) = data.text(&each) {
        variables.insert("EACH".to_owned(), each.into_owned());
    }
    variables
}

#[cfg(test)]
#[path = "command_template_tests.rs"]
mod tests;
