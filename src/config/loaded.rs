//! A configuration as commands use it: nothing is wrong with it, or it was read in part.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::function_settings;
use super::layer::{Layer, LayerEntry};
use super::options::{self, ConfigSection};
use super::origin::Origin;
use super::report::{ConfigProblem, ConfigReport};
use super::server::ServerSettings;
use super::tasks::TaskDefinition;
use super::tasks::functions::{UNLINKED, sharing};
use crate::core::exit;
use crate::core::settings::{ChildSettings, Settings, WorkerSettings};
use crate::job::{JobDefinition, JobRegistration};
use crate::schedule::ScheduleSpec;
use crate::task::{FunctionNames, TaskName};
use crate::text::suggest::suggestions;

/// A job that the file or this program defines.
#[derive(Clone, Debug)]
pub(crate) struct LoadedJob {
    /// What the job does.
    pub(crate) definition: JobDefinition,
    /// A warning for `check` and `post --plan`, where nothing is written of `resume` and the job
    /// may not be able to go on at another host.
    pub(crate) resume_doubt: Option<ConfigProblem>,
    /// The section, or the function.
    pub(crate) defined: Origin,
    /// The function, where the job is written in Rust.
    pub(crate) function: Option<&'static JobRegistration>,
}

/// A schedule that the file has.
#[derive(Clone, Debug)]
pub(crate) struct LoadedSchedule {
    /// What is written.
    pub(crate) spec: ScheduleSpec,
}

/// What [`load`](crate::config::load()) returns.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    /// The settings of the runner.
    pub(crate) settings: Settings,
    /// Every task that is known.
    pub(crate) tasks: BTreeMap<TaskName, TaskDefinition>,
    /// The settings of a worker.
    pub(crate) worker: WorkerSettings,
    /// The settings of the server.
    pub(crate) server: ServerSettings,
    /// What surrounds the commands of `can`; `None`: there are none.
    pub(crate) can_child: Option<ChildSettings>,
    /// Every job that is defined, in the file or by this program.
    pub(crate) jobs: BTreeMap<String, LoadedJob>,
    /// Every schedule of the file.
    pub(crate) schedules: BTreeMap<String, LoadedSchedule>,
    /// The project to which the schedules belong: `project`, else the path of the file.
    pub(crate) project: String,
    /// The functions of this program, by name.
    pub(super) functions: Arc<FunctionNames>,
    /// What is odd, if anything.
    pub(crate) warnings: ConfigReport,
    /// What is wrong with the text, where a command that looks or stops has read it in part.
    pub(crate) wrong: Option<ConfigReport>,
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
    /// The values of `[metrics_push]`.
    pub(super) metrics_push: Layer,
    /// The values of `[lock]`.
    pub(super) lock: Layer,
    /// The values of `[liveness]`.
    pub(super) liveness: Layer,
    /// The values of `[board]`.
    pub(super) board: Layer,
    /// The values of `[server]`.
    pub(super) server_layer: Layer,
    /// The values of `[mail]`.
    pub(super) mail: Layer,
}

impl Loaded {
    /// Returns the values of a section outside of tasks, with their origins.
    pub(crate) fn section(&self, section: ConfigSection) -> Option<&Layer> {
        match section {
            ConfigSection::Root => Some(&self.root),
            ConfigSection::Log => Some(&self.log),
            ConfigSection::History => Some(&self.history),
            ConfigSection::Metrics => Some(&self.metrics),
            ConfigSection::MetricsPush => Some(&self.metrics_push),
            ConfigSection::Lock => Some(&self.lock),
            ConfigSection::Liveness => Some(&self.liveness),
            ConfigSection::Board => Some(&self.board),
            ConfigSection::Server => Some(&self.server_layer),
            ConfigSection::Mail => Some(&self.mail),
            _ => None,
        }
    }

    /// Returns whether the file names recipients of mail.
    pub(crate) fn names_recipients(&self) -> bool {
        !matches!(self.mail.origin("to"), Origin::Default | Origin::Nowhere)
    }

    /// Returns in one line what is wrong with the text, and what was made of it; `None` where
    /// nothing is wrong.
    pub(crate) fn read_in_part(&self) -> Option<String> {
        let wrong = self.wrong.as_ref()?.first_line();
        let run_root = self.settings.run_root.display();
        let state_dir = self.settings.state_dir.display();
        Some(format!(
            "the configuration is wrong and was read in part ({wrong}): run_root is `{run_root}`, state_dir is `{state_dir}`"
        ))
    }

    /// Returns where a value outside of sections comes from.
    pub(crate) fn origin(&self, key: &str) -> Origin {
        self.root.origin(key)
    }

    /// Returns whether a path outside of sections is what it is because of the file: then it does
    /// not change with the working directory, the command line and the environment.
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

    /// Finds the tasks that a command line names, in its order; one that is named twice is there
    /// twice.
    ///
    /// # Errors
    ///
    /// When a name is invalid, or unknown: all of them at once.
    pub(crate) fn resolve(&self, names: &[String]) -> Result<Vec<&TaskDefinition>, ConfigReport> {
        let mut found = Vec::new();
        let mut problems = Vec::new();
        for text in names {
            let task = TaskName::parse(text)
                .ok()
                .and_then(|name| self.tasks.get(&self.functions.resolved(&name)));
            match task {
                Some(task) => found.push(task),
                None => problems.push(self.unknown(text)),
            }
        }
        let Some(last) = problems.pop() else {
            let mut missing = ConfigReport::default();
            let each = found.iter().filter_map(|task| {
                let function = task.function.filter(|_| task.settings.settings.is_none())?;
                function_settings::missing(&task.name, function)
            });
            each.for_each(|problem| missing.add(problem));
            return match missing.has_errors() {
                true => Err(missing),
                false => Ok(found),
            };
        };
        let mut report = ConfigReport::default();
        problems.into_iter().for_each(|problem| report.add(problem));
        report.add(last.help(self.known()).help(UNLINKED));
        Err(report)
    }

    fn unknown(&self, text: &str) -> ConfigProblem {
        let name = TaskName::parse(text).ok();
        if let Some(message) = name.and_then(|name| sharing(&name, &self.functions)) {
            return ConfigProblem::error(&Origin::Nowhere, message).exit(exit::USAGE);
        }
        let problem = ConfigProblem::error(&Origin::Nowhere, format!("unknown task `{text}`"));
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
        section: ConfigSection,
        layer: &Layer,
    ) -> impl Iterator<Item = (&'static options::OptionSpec, Option<&LayerEntry>)> {
        options::of(section).map(|option| (option, layer.entry(option.key)))
    }
}
