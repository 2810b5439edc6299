//! What a command line comes to: the chain with its tasks, and what each of them executes.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::chain::ChainName;
use crate::config::options::Section;
use crate::config::program::{self, Found, Trouble};
use crate::config::{Inputs, Loaded, Origin, Problem, Report, TaskDefinition, cycle, interpreter};
use crate::process::run_root::foresee;
use crate::process::service_environment;
use crate::settings::Program;

/// What would be done.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    /// The whole configuration.
    pub(crate) loaded: &'a Loaded,
    /// The chain, if one is named.
    pub(crate) chain: Option<ChainName>,
    /// Its tasks in order; all known ones when no chain is named.
    pub(crate) tasks: Vec<&'a TaskDefinition>,
    path: Option<OsString>,
    cwd: PathBuf,
}

impl<'a> Plan<'a> {
    /// Plans a chain. A name given with `--name` stands in for the one made of the tasks.
    pub(crate) fn of_chain(
        loaded: &'a Loaded,
        tasks: Vec<&'a TaskDefinition>,
        name: Option<ChainName>,
        inputs: &Inputs,
    ) -> Self {
        let names: Vec<_> = tasks.iter().map(|task| task.name.clone()).collect();
        Plan {
            chain: Some(name.unwrap_or_else(|| ChainName::of(&names))),
            tasks,
            ..Plan::of_everything(loaded, inputs)
        }
    }

    /// Plans nothing: every task that is known, without a chain.
    pub(crate) fn of_everything(loaded: &'a Loaded, inputs: &Inputs) -> Self {
        let path = inputs.environment.get(&OsString::from("PATH"));
        Plan {
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
    pub(crate) fn executes(&self, task: &TaskDefinition) -> Executes {
        match &task.settings.program {
            None => Executes::function(task),
            Some(Program::Command(words)) => self.command(task, words),
            Some(Program::Shell(line)) => Executes {
                sort: "shell",
                text: format!("/bin/sh -e -c {}", quoted(line)),
                program: Some(PathBuf::from("/bin/sh")),
                trouble: None,
            },
            Some(Program::Script(path)) => {
                let interpreter = interpreter(path).unwrap_or_default();
                Executes {
                    sort: "script",
                    text: format!("{interpreter} {}", quoted(&path.display().to_string())),
                    program: Some(path.clone()),
                    trouble: None,
                }
            }
        }
    }

    fn command(&self, task: &TaskDefinition, words: &[String]) -> Executes {
        let name = words.first().map(String::as_str).unwrap_or_default();
        let found = program::find(name, &task.settings.child, self.path.as_deref(), &self.cwd);
        let trouble = found.trouble(name);
        let program = match found {
            Found::At(path) => Some(path),
            _ => None,
        };
        let shown = program.as_ref().map(|path| path.display().to_string());
        let first = quoted(&shown.unwrap_or_else(|| name.to_owned()));
        let rest = words.iter().skip(1).map(|word| quoted(word));
        let all: Vec<String> = std::iter::once(first).chain(rest).collect();
        Executes {
            sort: "command",
            text: all.join(" "),
            program,
            trouble,
        }
    }

    /// Returns everything that is odd: of the file, of the chain, and of the programs.
    pub(crate) fn warnings(&self) -> Report {
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
                .map_or(Origin::Nowhere, |entry| entry.origin.clone());
            let message = format!("`{}` cannot start: {}", task.name, trouble.why);
            report.add(Problem::warning(&origin, message).maybe_help(trouble.remedy));
        }
        report
    }

    /// Returns the directories that a start could not use: the same is judged as by a runner, and nothing is made.
    pub(crate) fn unusable_directories(&self) -> Report {
        let mut report = Report::default();
        let settings = &self.loaded.settings;
        let mut seen: Option<&Path> = None;
        for (option, path) in [
            ("run_root", settings.run_root.as_path()),
            ("state_dir", settings.state_dir.as_path()),
        ] {
            if seen.replace(path) == Some(path) {
                continue;
            }
            if let Err(error) = foresee(path) {
                let layer = self.loaded.section(Section::Root);
                let origin = layer.and_then(|layer| layer.entry(option));
                let origin = origin.map_or(Origin::Nowhere, |entry| entry.origin.clone());
                let message = format!("`{option}` cannot be used: {}", error.why());
                report.add(Problem::warning(&origin, message).maybe_help(error.remedy()));
            }
        }
        report
    }

    /// Returns the commands that are found with the PATH of whoever types this, and would not be with that of a service.
    pub(crate) fn only_at_a_login(&self) -> Report {
        let mut report = Report::default();
        let service = Some(OsStr::new(service_environment::PATH));
        for task in &self.tasks {
            let Some(Program::Command(words)) = &task.settings.program else {
                continue;
            };
            let name = words.first().map(String::as_str).unwrap_or_default();
            let find = |path| program::find(name, &task.settings.child, path, &self.cwd);
            let (Found::At(here), Found::Nowhere { searched }) =
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
            report.add(Problem::warning(&origin, message).help(format!(
                "write the whole path, or set PATH in `env`; `once --clean-env {}` runs it as a service would",
                task.name
            )));
        }
        report
    }
}

/// What a task executes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Executes {
    /// `function`, `command`, `shell` or `script`.
    pub(crate) sort: &'static str,
    /// In words, or as a shell would be told.
    pub(crate) text: String,
    /// The program, where there is one and it was found.
    pub(crate) program: Option<PathBuf>,
    /// Why it cannot start.
    pub(crate) trouble: Option<Trouble>,
}

impl Executes {
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
        Executes {
            sort: "function",
            text: format!("function{function}, {place}"),
            program: None,
            trouble: None,
        }
    }
}

/// Puts a word into quotation marks where a shell would need them.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let clean: String = word
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    format!("'{}'", clean.replace('\'', "'\\''"))
}
