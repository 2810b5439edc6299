//! What a command line comes to: the chain with its tasks, and what each of them executes.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::chain::ChainName;
use crate::config::program::{self, ProgramProblem, ProgramSearch};
use crate::config::{
    ConfigProblem, ConfigReport, Inputs, Loaded, Origin, TaskDefinition, cycle, interpreter,
};
use crate::core::settings::Program;
use crate::status::neighbours;
use crate::task::TaskName;
use crate::text::quoting::quoted;
use crate::unix::{child, service_environment};

mod directories;

/// What would be done.
#[derive(Debug)]
pub(crate) struct DryRunPlan<'a> {
    /// The whole configuration.
    pub(crate) loaded: &'a Loaded,
    /// The chain, if one is named.
    pub(crate) chain: Option<ChainName>,
    /// Its tasks in order; all known ones when no chain is named.
    pub(crate) tasks: Vec<&'a TaskDefinition>,
    path: Option<OsString>,
    cwd: PathBuf,
}

impl<'a> DryRunPlan<'a> {
    /// Plans a chain. A name given with `--name` stands in for the one made of the tasks.
    pub(crate) fn of_chain(
        loaded: &'a Loaded,
        tasks: Vec<&'a TaskDefinition>,
        name: Option<ChainName>,
        inputs: &Inputs,
    ) -> Self {
        let names: Vec<_> = tasks.iter().map(|task| task.name.clone()).collect();
        DryRunPlan {
            chain: Some(name.unwrap_or_else(|| ChainName::of(&names))),
            tasks,
            ..DryRunPlan::of_everything(loaded, inputs)
        }
    }

    /// Plans nothing: every task that is known, without a chain.
    pub(crate) fn of_everything(loaded: &'a Loaded, inputs: &Inputs) -> Self {
        let path = inputs.environment.get(&OsString::from("PATH"));
        DryRunPlan {
            loaded,
            chain: None,
            tasks: loaded.tasks.values().collect(),
            path: path.cloned(),
            cwd: inputs.cwd.clone(),
        }
    }

    /// Returns the pidfile of the chain.
    pub(crate) fn pidfile(&self) -> Option<PathBuf> {
        let name = self.chain.as_ref()?;
        Some(self.loaded.settings.run_root.join(format!("{name}.pid")))
    }

    /// Returns the file that the runner writes for the node exporter, if any.
    pub(crate) fn textfile(&self) -> Option<PathBuf> {
        let metrics = &self.loaded.settings.metrics;
        match &self.chain {
            Some(name) => metrics.textfile_of(name.as_str()),
            None => metrics.textfile.clone(),
        }
    }

    /// Returns what a task executes.
    pub(crate) fn executes(&self, task: &TaskDefinition) -> PlannedExecution {
        match &task.settings.program {
            None => PlannedExecution::function(task),
            Some(Program::Command(words)) => self.command(task, words),
            Some(Program::Shell(line)) if task.settings.child.pipefail == Some(true) => {
                PlannedExecution::with_pipefail(line)
            }
            Some(Program::Shell(line)) => PlannedExecution {
                sort: "shell",
                text: format!("/bin/sh -e -c {}", quoted(line)),
                program: Some(PathBuf::from("/bin/sh")),
                trouble: None,
            },
            Some(Program::Script(path)) => {
                let interpreter = interpreter(path).unwrap_or_default();
                PlannedExecution {
                    sort: "script",
                    text: format!("{interpreter} {}", quoted(&path.display().to_string())),
                    program: Some(path.clone()),
                    trouble: None,
                }
            }
        }
    }

    fn command(&self, task: &TaskDefinition, words: &[String]) -> PlannedExecution {
        let name = words.first().map(String::as_str).unwrap_or_default();
        let found = program::find(name, &task.settings.child, self.path.as_deref(), &self.cwd);
        let trouble = found.trouble(name);
        let program = match found {
            ProgramSearch::At(path) => Some(path),
            _ => None,
        };
        let shown = program.as_ref().map(|path| path.display().to_string());
        let first = quoted(&shown.unwrap_or_else(|| name.to_owned()));
        let rest = words.iter().skip(1).map(|word| quoted(word));
        let all: Vec<String> = std::iter::once(first).chain(rest).collect();
        PlannedExecution {
            sort: "command",
            text: all.join(" "),
            program,
            trouble,
        }
    }

    /// Returns everything that is odd: of the file, of the chain, and of the programs.
    pub(crate) fn warnings(&self) -> ConfigReport {
        let mut report = self.loaded.warnings.clone();
        if self.chain.is_some() {
            report.extend(cycle::warnings(&self.tasks));
        }
        for task in &self.tasks {
            let Some(trouble) = self.executes(task).trouble else {
                continue;
            };
            let origin = task
                .layer
                .entry("command")
                .or_else(|| task.layer.entry("pipefail"))
                .map_or(Origin::Nowhere, |entry| entry.origin.clone());
            let message = format!("`{}` cannot start: {}", task.name, trouble.why);
            report.add(ConfigProblem::warning(&origin, message).maybe_help(trouble.remedy));
        }
        report
    }

    /// Returns which of its tasks other chains run as well; nothing without a chain.
    pub(crate) fn neighbours(&self) -> ConfigReport {
        let root = &self.loaded.settings.run_root;
        let name = self.chain.as_ref();
        name.map_or_else(ConfigReport::default, |name| {
            neighbours::warnings(root, name, &self.names())
        })
    }

    /// Returns what a start of the chain would be refused for by the runner that is there; nothing
    /// without a chain.
    pub(crate) fn foreseen_refusals(&self) -> ConfigReport {
        let root = &self.loaded.settings.run_root;
        let name = self.chain.as_ref();
        name.map_or_else(ConfigReport::default, |name| {
            neighbours::foreseen(root, name, &self.names())
        })
    }

    fn names(&self) -> Vec<TaskName> {
        self.tasks.iter().map(|task| task.name.clone()).collect()
    }

    /// Returns the commands that are found with the PATH of whoever types this, and would not be
    /// with that of a service.
    pub(crate) fn only_at_a_login(&self) -> ConfigReport {
        let mut report = ConfigReport::default();
        let service = Some(OsStr::new(service_environment::PATH));
        for task in &self.tasks {
            let Some(Program::Command(words)) = &task.settings.program else {
                continue;
            };
            let name = words.first().map(String::as_str).unwrap_or_default();
            let find = |path| program::find(name, &task.settings.child, path, &self.cwd);
            let (ProgramSearch::At(here), ProgramSearch::Nowhere { searched }) =
                (find(self.path.as_deref()), find(service))
            else {
                continue;
            };
            let message = format!(
                "`{name}` is {} here, and a service would not find it: its PATH is {searched}",
                here.display()
            );
            let origin = task.layer.entry("command");
            let origin = origin.map_or(Origin::Nowhere, |entry| entry.origin.clone());
            report.add(ConfigProblem::warning(&origin, message).help(format!(
                "write the whole path, or set PATH in `env`; `once --clean-env {}` runs it as a service would",
                task.name
            )));
        }
        report
    }
}

/// What a task executes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlannedExecution {
    /// `function`, `command`, `shell` or `script`.
    pub(crate) sort: &'static str,
    /// In words, or as a shell would be told.
    pub(crate) text: String,
    /// The program, where there is one and it was found.
    pub(crate) program: Option<PathBuf>,
    /// Why it cannot start.
    pub(crate) trouble: Option<ProgramProblem>,
}

/// What helps where no shell knows `pipefail`.
const LET_THEM_PASS: &str =
    "`pipefail = false` runs it by `/bin/sh`, and only the last command of a pipeline counts";

impl PlannedExecution {
    fn with_pipefail(line: &str) -> Self {
        let shell = child::shell_with_pipefail();
        let trouble = shell.is_none().then(|| ProgramProblem {
            why: child::NO_PIPEFAIL.to_owned(),
            remedy: Some(LET_THEM_PASS.to_owned()),
        });
        let words = shell.unwrap_or_else(|| vec!["sh", "-o", "pipefail", "-c"]);
        PlannedExecution {
            sort: "shell",
            text: format!("{} {}", words.join(" "), quoted(line)),
            program: Some(PathBuf::from(words[0])),
            trouble,
        }
    }

    fn function(task: &TaskDefinition) -> Self {
        let place = if task.settings.isolate {
            "in a child process"
        } else {
            "inside the runner"
        };
        let function = task.function.map_or_else(String::new, |function| {
            format!(
                " `{}` of crate `{}`",
                function.function,
                function.crate_name()
            )
        });
        PlannedExecution {
            sort: "function",
            text: format!("function{function}, {place}"),
            program: None,
            trouble: None,
        }
    }
}
