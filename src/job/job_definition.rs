//! The definition of a job: its flow, and the commands of its steps or what surrounds their
//! functions.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::command_template::CommandTemplate;
use super::drafted_job::StepTimeouts;
use super::job_schema::JobSchema;
use crate::core::settings::ChildSettings;
use crate::flow::definition::FlowDefinition;

/// What a job of a name does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct JobDefinition {
    /// The steps, their order and retries; its name is that of the job.
    pub(crate) flow: FlowDefinition,
    /// What a program needs to know to post the job.
    pub(crate) schema: JobSchema,
    /// The commands of the steps, by step; none where the job is written in Rust.
    pub(crate) steps: BTreeMap<String, StepCommands>,
    /// What surrounds the functions of the steps, where the job is written in Rust.
    pub(crate) functions: Option<FunctionSteps>,
    /// The recipients of mails about the job; `None`: those of `[mail]`.
    pub(crate) to: Option<Vec<String>>,
    /// Further recipients of mails about the job.
    pub(crate) cc: Vec<String>,
}

/// What surrounds the functions of the steps of a job.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FunctionSteps {
    /// How long the functions may take, by step.
    pub(crate) timeouts: BTreeMap<String, StepTimeouts>,
    /// What surrounds their processes.
    pub(crate) child: ChildSettings,
}

/// The commands of a step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StepCommands {
    /// What the step does.
    pub(crate) execute: CommandTemplate,
    /// What undoes it.
    pub(crate) revert: Option<CommandTemplate>,
    /// Whether the step runs: exit code 0, or is skipped: 1.
    pub(crate) when: Option<CommandTemplate>,
    /// Whether an interrupted execution was done: exit code 0, or not: 1.
    pub(crate) check: Option<CommandTemplate>,
}

impl StepCommands {
    /// Returns the commands that there are.
    pub(crate) fn all(&self) -> impl Iterator<Item = &CommandTemplate> {
        let others = [&self.revert, &self.when, &self.check];
        std::iter::once(&self.execute).chain(others.into_iter().flatten())
    }
}

impl JobDefinition {
    /// Returns the name of the job.
    pub(crate) fn name(&self) -> &str {
        &self.flow.name
    }

    /// Returns the variables that a worker must have in `vars` to do the job.
    pub(crate) fn vars(&self) -> BTreeSet<&str> {
        let commands = self.steps.values().flat_map(StepCommands::all);
        commands.flat_map(CommandTemplate::vars).collect()
    }

    /// Returns the first later step that uses what is on one host alone, and what that is: on
    /// another host the job could not go on there.
    pub(crate) fn local_use(&self) -> Option<(&str, String)> {
        let later = self.flow.root.steps().into_iter().skip(1);
        let mut uses = later.filter_map(|step| {
            let commands = self.steps.get(&step.name)?;
            let local = commands.all().find_map(CommandTemplate::local_use)?;
            Some((step.name.as_str(), local))
        });
        uses.next()
    }

    /// Returns the values that are to be shown nowhere.
    pub(crate) fn secrets<'a>(
        &'a self,
        args: &'a Map<String, Value>,
    ) -> impl Iterator<Item = String> + 'a {
        let secret = self.schema.args.specs.iter().filter(|spec| spec.secret);
        let values = secret.filter_map(|spec| args.get(&spec.name));
        values.flat_map(texts_in)
    }
}

/// Returns the texts within a value; of other values their JSON.
fn texts_in(value: &Value) -> Vec<String> {
    match value {
        Value::Null | Value::Bool(_) => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Array(items) => items.iter().flat_map(texts_in).collect(),
        Value::Object(entries) => entries.values().flat_map(texts_in).collect(),
    }
}
