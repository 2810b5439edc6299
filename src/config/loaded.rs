//! A configuration in which nothing is wrong.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::layer::Layer;
use super::options::{self, Section};
use super::origin::Origin;
use super::report::{Problem, Report};
use super::tasks::{TaskDefinition, UNLINKED};
use crate::exit;
use crate::settings::Settings;
use crate::task::{TaskName, suggestions};

/// What [`load`](super::load) returns.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    /// The settings of the runner.
    pub(crate) settings: Settings,
    /// Every task that is known.
    pub(crate) tasks: BTreeMap<TaskName, TaskDefinition>,
    /// What is odd, if anything.
    pub(crate) warnings: Report,
    /// The file that was read. Absolute.
    pub(crate) file: Option<PathBuf>,
    /// The values outside of sections, with their origins.
    pub(super) root: Layer,
    /// The values of `[log]`.
    pub(super) log: Layer,
    /// The values of `[history]`.
    pub(super) history: Layer,
    /// The values of `[metrics]`.
    pub(super) metrics: Layer,
    /// The values of `[mail]`.
    pub(super) mail: Layer,
}

impl Loaded {
    /// Returns the values of a section outside of tasks, with their origins.
    pub(crate) fn section(&self, section: Section) -> Option<&Layer> {
        match section {
            Section::Root => Some(&self.root),
            Section::Log => Some(&self.log),
            Section::History => Some(&self.history),
            Section::Metrics => Some(&self.metrics),
            Section::Mail => Some(&self.mail),
            Section::Task => None,
        }
    }

    /// Returns where a value outside of sections comes from.
    pub(crate) fn origin(&self, key: &str) -> Origin {
        self.root.origin(key)
    }

    /// Returns whether a path outside of sections is what it is because of the file: then it does not change with the working directory, the
    /// command line and the environment.
    pub(crate) fn is_the_same_anywhere(&self, key: &str) -> bool {
        match self.origin(key) {
            Origin::Default => self.file.is_some(),
            origin => !origin.overrides_the_file(),
        }
    }

    /// Returns the way of mail as it is written.
    pub(crate) fn transport(&self) -> String {
        self.mail.need("transport")
    }

    /// Finds the tasks that a command line names, in its order; one that is named twice is there twice.
    ///
    /// # Errors
    ///
    /// When a name is none, or unknown: all of them at once.
    pub(crate) fn resolve(&self, names: &[String]) -> Result<Vec<&TaskDefinition>, Report> {
        let mut found = Vec::new();
        let mut problems = Vec::new();
        for text in names {
            let task = TaskName::parse(text)
                .ok()
                .and_then(|name| self.tasks.get(&name));
            match task {
                Some(task) => found.push(task),
                None => problems.push(self.unknown(text)),
            }
        }
        let Some(last) = problems.pop() else {
            return Ok(found);
        };
        let mut report = Report::default();
        problems.into_iter().for_each(|problem| report.add(problem));
        report.add(last.help(self.known()).help(UNLINKED));
        Err(report)
    }

    fn unknown(&self, text: &str) -> Problem {
        let problem = Problem::error(&Origin::Nowhere, format!("unknown task `{text}`"));
        let near = suggestions(text, self.tasks.keys().map(TaskName::as_str));
        let meant = near.first().map(|name| format!("did you mean `{name}`?"));
        problem.exit(exit::USAGE).maybe_help(meant)
    }

    fn known(&self) -> String {
        const NONE: &str = "no task is known: \
             write `[tasks.NAME]` into `run_functions.toml`, or register a function";
        let names: Vec<&str> = self.tasks.keys().map(TaskName::as_str).collect();
        match names.as_slice() {
            [] => NONE.to_owned(),
            names => format!("known are {}", names.join(", ")),
        }
    }

    /// Returns every option of a section in order, with its value and origin where it has one.
    pub(crate) fn rows(
        section: Section,
        layer: &Layer,
    ) -> impl Iterator<Item = (&'static options::OptionSpec, Option<&super::Entry>)> {
        options::of(section).map(|option| (option, layer.entry(option.key)))
    }
}
