//! A command of a step with the data of a job in it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::step_result;
use crate::core::settings::{ChildSettings, Program};

/// A command with the data of a job in it.
#[derive(Clone, PartialEq)]
pub(crate) struct RenderedCommand {
    /// What is executed.
    pub(crate) program: Program,
    /// The variables to set, on top of those of [`ChildSettings::env`].
    pub(crate) variables: BTreeMap<String, String>,
    /// What the command reads as standard input, in place of [`ChildSettings::stdin`]. The worker
    /// writes it into a file.
    pub(crate) input: Option<String>,
}

impl fmt::Debug for RenderedCommand {
    /// Prints no values of variables, and no input: they may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RenderedCommand")
            .field("program", &self.program)
            .field("variables", &self.variables.keys())
            .field("input", &self.input.as_ref().map(String::len))
            .finish()
    }
}

/// The files of a step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepFiles<'a> {
    /// The directory of the job. Absolute.
    pub(crate) job_dir: &'a Path,
    /// The file that the step writes its result to. Absolute.
    pub(crate) result_file: &'a Path,
    /// The file with [`RenderedCommand::input`], if there is any. Absolute.
    pub(crate) input: Option<&'a Path>,
}

impl RenderedCommand {
    /// Returns what surrounds the process: the settings of the command, with the variables of the
    /// job, its directory and its input.
    pub(crate) fn surroundings(
        &self,
        child: &ChildSettings,
        files: StepFiles<'_>,
    ) -> ChildSettings {
        let mut child = child.clone();
        let text = |path: &Path| path.display().to_string();
        let variables = self.variables.iter();
        let variables = variables.map(|(name, value)| (name.clone(), value.clone()));
        child.env.extend(variables);
        child.env.insert("JOB_DIR".to_owned(), text(files.job_dir));
        let variable = step_result::VARIABLE.to_owned();
        child.env.insert(variable, text(files.result_file));
        child
            .working_dir
            .get_or_insert_with(|| files.job_dir.to_owned());
        if let Some(input) = files.input {
            child.stdin = Some(input.to_owned());
        }
        child
    }
}
