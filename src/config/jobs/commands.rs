//! The commands of a step: `command`, `shell` or `script`, and what surrounds them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use super::job_reader::{JobReader, ReadTable, TableKeys, is_surrounding};
use crate::config::layer::Layer;
use crate::config::options::ConfigSection;
use crate::config::origin::Origin;
use crate::config::raw::{Raw, Shape};
use crate::config::value::Value;
use crate::config::{child, pipelines, tasks};
use crate::core::settings::Program;
use crate::job::{
    ArgumentTemplate, CommandTemplate, ProgramTemplate, STEP_TIMEOUT, SecretUse, TemplateProblem,
    TemplateScope, is_reserved_variable, step_variables, template_in_text, word_of_code,
};

/// The keys of a command that is written as a table.
pub(super) const COMMAND_KEYS: [TableKeys; 3] = [
    TableKeys::Programs,
    TableKeys::OfStep(&["input", "reads"]),
    TableKeys::Surroundings,
];
const EXAMPLE: &str = "[\"rm\", \"-f\", \"{fetch.file}\"]";

/// A command as it is being read.
pub(super) struct CommandPlace<'a> {
    /// What the templates can refer to.
    pub(super) scope: TemplateScope<'a>,
    /// What surrounds the command where its table has nothing else.
    pub(super) surroundings: &'a Layer,
    /// The command in words: step `fetch`.
    pub(super) what: String,
}

impl JobReader<'_> {
    /// Returns the table of a command that may be a list alone.
    pub(super) fn command_table<'r>(
        &mut self,
        keys: &[TableKeys],
        raw: &'r Raw,
        what: &str,
    ) -> Option<ReadTable<'r>> {
        match &raw.shape {
            Shape::List(_) => Some(self.command_alone(raw)),
            Shape::Table(entries) => Some(self.table(keys, entries, &raw.span, what)),
            other => {
                let message = format!("{what} is a list or a table, not {}", other.in_words());
                self.error(&raw.span, message, &format!("for example `{EXAMPLE}`"));
                None
            }
        }
    }

    /// Makes a command of its table; `None`: something is wrong with it.
    pub(super) fn command(
        &mut self,
        table: &ReadTable<'_>,
        place: &CommandPlace<'_>,
    ) -> Option<CommandTemplate> {
        let layer = self.surroundings(table, place);
        let program = self.program(table, &layer, place);
        let input = self.input(table, place);
        self.check_env(table, place);
        self.check_plain(table, place);
        let program = program?;
        let reads: Vec<String> = table.layer.get("reads").unwrap_or_default();
        let mut problems = Vec::new();
        let variables = step_variables(&program, &reads, &place.scope, &mut problems);
        for problem in problems {
            let is_declared = !problem.message.starts_with("has `$");
            let key = if is_declared { "reads" } else { "shell" };
            let span = table.raw(key).map_or(&table.span, |raw| &raw.span);
            self.template_problem(span, key, place, problem);
        }
        Some(CommandTemplate {
            program,
            input,
            variables,
            timeout: layer.need::<Option<Duration>>("timeout"),
            child: child::settings(&layer),
        })
    }

    /// Lays what is written for the command over what surrounds all commands, and checks it against
    /// this machine.
    fn surroundings(&mut self, table: &ReadTable<'_>, place: &CommandPlace<'_>) -> Layer {
        let own = table.layer.only(is_surrounding);
        let mut layer = own.over(place.surroundings);
        let timeout = Value::Span(STEP_TIMEOUT);
        layer.fill("timeout", timeout, Origin::Default);
        let kill_grace = Value::Span(self.around.kill_grace);
        layer.fill("kill_grace", kill_grace, Origin::Default);
        layer.fill_defaults(ConfigSection::Task, &self.around.inputs.cwd);
        child::judge(&layer, self.around.inputs, self.report);
        layer
    }

    fn program(
        &mut self,
        table: &ReadTable<'_>,
        layer: &Layer,
        place: &CommandPlace<'_>,
    ) -> Option<ProgramTemplate> {
        let base = self.around.source.directory();
        let program = tasks::program(&table.layer, base, self.report);
        let pipefail = layer.get::<bool>("pipefail");
        if pipefail.is_none() {
            pipelines::judge(&place.what, &table.layer, program.as_ref(), self.report);
        }
        match program {
            Some(Program::Shell(text)) => {
                self.check_shell(table, &text, place);
                Some(ProgramTemplate::Shell(text))
            }
            Some(Program::Script(path)) => Some(ProgramTemplate::Script(path)),
            Some(Program::Command(words)) => self.words(table, layer, words, place),
            None => {
                let keys = ["command", "shell", "script"];
                if !keys.iter().any(|key| table.layer.is_broken(key)) {
                    let message = format!("{} has nothing to execute", place.what);
                    let help = "add `command = [\"program\", \"argument\"]`, `shell` or `script`";
                    self.error(&table.span, message, help);
                }
                None
            }
        }
    }

    fn words(
        &mut self,
        table: &ReadTable<'_>,
        layer: &Layer,
        mut words: Vec<String>,
        place: &CommandPlace<'_>,
    ) -> Option<ProgramTemplate> {
        // As it is written where it is found from the directory of the step, or by a variable.
        let written: Vec<String> = table.layer.get("command")?;
        let begins_with_value = written.first().is_some_and(|first| first.starts_with('{'));
        if begins_with_value || layer.mentions("working_dir") {
            words = written;
        }
        let list = table.raw("command")?;
        let span_of = |at: usize| match &list.shape {
            Shape::List(items) => items.get(at).map_or(&list.span, |item| &item.span),
            _ => &list.span,
        };
        let mut templates: Vec<ArgumentTemplate> = Vec::new();
        for (at, word) in words.iter().enumerate() {
            match place.scope.parse(word, SecretUse::Refused) {
                Ok(template) => templates.push(template),
                Err(problems) => problems.into_iter().for_each(|problem| {
                    self.template_problem(span_of(at), "command", place, problem)
                }),
            }
        }
        if templates.len() < words.len() {
            return None;
        }
        if let Some(at) = word_of_code(&templates) {
            let message = format!("`command` of {} would make code of a value", place.what);
            let help = match at {
                0 => "a program is written in this file, or is `{var.NAME}` of the worker",
                _ => {
                    "write `shell = \"…\"`, which sees values as \"$ARG_NAME\" and \"$RESULT_STEP_KEY\""
                }
            };
            self.error(span_of(at), message, help);
            return None;
        }
        Some(ProgramTemplate::Command(templates))
    }

    fn input(
        &mut self,
        table: &ReadTable<'_>,
        place: &CommandPlace<'_>,
    ) -> Option<ArgumentTemplate> {
        let text: String = table.layer.get("input")?;
        let span = &table.raw("input")?.span;
        if table.layer.get::<PathBuf>("stdin").is_some() {
            let message = "`stdin` and `input` exclude each other".to_owned();
            self.error(span, message, "keep one of them");
        }
        match place.scope.parse(&text, SecretUse::Allowed) {
            Ok(template) => Some(template),
            Err(problems) => {
                for problem in problems {
                    self.template_problem(span, "input", place, problem);
                }
                None
            }
        }
    }

    /// Reports a template in a text that nothing replaces it in.
    fn check_shell(&mut self, table: &ReadTable<'_>, text: &str, place: &CommandPlace<'_>) {
        let Some(raw) = table.raw("shell") else {
            return;
        };
        if let Some((written, variable)) = template_in_text(text, &place.scope) {
            let message = format!(
                "`shell` of {} has `{{{written}}}`, which nothing replaces there",
                place.what
            );
            self.error(&raw.span, message, &format!("write `\"{variable}\"`"));
        }
    }

    /// Reports a template in a text that is read as it stands.
    fn check_plain(&mut self, table: &ReadTable<'_>, place: &CommandPlace<'_>) {
        for key in [
            "script",
            "working_dir",
            "stdin",
            "output_file",
            "user",
            "group",
        ] {
            let Some(raw) = table.raw(key) else {
                continue;
            };
            let Shape::Text(text) = &raw.shape else {
                continue;
            };
            if let Some((written, variable)) = template_in_text(text, &place.scope) {
                let message = format!(
                    "`{key}` of {} has `{{{written}}}`, which nothing replaces there",
                    place.what
                );
                let help = format!("a `shell` sees the value as \"{variable}\"");
                self.error(&raw.span, message, &help);
            }
        }
    }

    /// Reports variables that only the worker sets, and templates in the values of others.
    fn check_env(&mut self, table: &ReadTable<'_>, place: &CommandPlace<'_>) {
        let variables: BTreeMap<String, String> = table.layer.get("env").unwrap_or_default();
        let Some(Shape::Table(entries)) = table.raw("env").map(|raw| &raw.shape) else {
            return;
        };
        for (key, value) in entries {
            if is_reserved_variable(&key.name) {
                let message = format!("variable `{}` in `env` is set by the worker", key.name);
                self.error(&key.span, message, "choose another name");
            }
            let text = variables.get(&key.name).map_or("", String::as_str);
            if let Some((written, variable)) = template_in_text(text, &place.scope) {
                let message = format!(
                    "variable `{}` in `env` has `{{{written}}}`, which nothing replaces there",
                    key.name
                );
                let help = format!("the step sees the value as `{variable}`");
                self.error(&value.span, message, &help);
            }
        }
    }

    fn template_problem(
        &mut self,
        span: &Range<usize>,
        key: &str,
        place: &CommandPlace<'_>,
        problem: TemplateProblem,
    ) {
        let message = format!("`{key}` of {} {}", place.what, problem.message);
        self.error(span, message, &problem.help);
    }
}
