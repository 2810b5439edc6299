//! Steps and groups: the entries of `steps`.

use std::collections::BTreeSet;

use super::commands::{COMMAND_KEYS, CommandPlace};
use super::job_reader::{JobReader, ReadTable, TableKeys, is_surrounding};
use super::job_steps::JobSteps;
use crate::config::layer::Layer;
use crate::config::options::ConfigSection;
use crate::config::raw::{Raw, RawKey, Shape};
use crate::flow::definition::{Group, Interrupted, Node, OnFailure, ResultUse, RetryTerms, Step};
use crate::job::{CommandTemplate, NAMES, RESERVED, StepCommands, is_name, variable_form};

const EXAMPLE: &str = "steps = [{ name = \"hello\", command = [\"echo\", \"hello\"] }]";

/// Returns what is written to follow a failure.
pub(super) fn on_failure(layer: &Layer) -> Option<OnFailure> {
    let word: String = layer.get("on_failure")?;
    match word.as_str() {
        "revert" => Some(OnFailure::Revert),
        "stop" => Some(OnFailure::Stop),
        "continue" => Some(OnFailure::Continue),
        _ => None,
    }
}

impl JobReader<'_> {
    /// Reads a list of steps and groups.
    pub(super) fn nodes(&mut self, raw: &Raw, steps: &mut JobSteps<'_>) -> Vec<Node> {
        let mut nodes = Vec::new();
        for item in self.items("`steps`", raw, EXAMPLE).unwrap_or_default() {
            let Some(entries) = self.entries(
                "a step",
                item,
                "{ name = \"hello\", command = [\"echo\", \"hello\"] }",
            ) else {
                continue;
            };
            let is_group = entries.iter().any(|(key, _)| key.name == "steps");
            let node = match is_group {
                true => self.group(item, entries, steps).map(Node::Group),
                false => self.step(item, entries, steps).map(Node::Step),
            };
            nodes.extend(node);
        }
        nodes
    }

    fn group(
        &mut self,
        raw: &Raw,
        entries: &[(RawKey, Raw)],
        steps: &mut JobSteps<'_>,
    ) -> Option<Group> {
        let place = place("group", entries);
        let keys = [TableKeys::Section(ConfigSection::Group)];
        let table = self.table(&keys, entries, &raw.span, &place);
        let name = self.name(&table, &place, steps);
        let inner = table.raw("steps")?;
        let nodes = self.nodes(inner, steps);
        let retry = table.raw("retry").map(|raw| self.retry(raw, &place));
        Some(Group {
            name: name?,
            after: table.layer.get("after").unwrap_or_default(),
            parallel: table.layer.get("parallel").unwrap_or_default(),
            nodes,
            retry: retry.unwrap_or_default(),
            on_failure: on_failure(&table.layer),
        })
    }

    fn step(
        &mut self,
        raw: &Raw,
        entries: &[(RawKey, Raw)],
        steps: &mut JobSteps<'_>,
    ) -> Option<Step> {
        let place = place("step", entries);
        let keys = [
            TableKeys::Programs,
            TableKeys::Surroundings,
            TableKeys::Section(ConfigSection::Step),
        ];
        let table = self.table(&keys, entries, &raw.span, &place);
        let name = self.name(&table, &place, steps);
        let try_each = self.try_each(&table, &place);
        let retry = table.raw("retry").map(|raw| self.retry(raw, &place));
        if retry.is_some() && table.raw("try_each").is_some() {
            let span = table.raw("try_each").map_or(&raw.span, |raw| &raw.span);
            let message = format!("`retry` and `try_each` of {place} exclude each other");
            self.error(span, message, "keep one of them");
        }
        let (commands, revert) = self.commands(&table, &place, steps);
        let interrupted = self.interrupted(&table, &place);
        let (name, commands) = (name?, commands?);
        let reads = reads(&commands, &name);
        if reads.iter().any(|used| used.step == name) {
            let message = format!("{place} reads its own result");
            let help = "only its `revert` can: the result is there once the step has ended";
            self.error(&table.span, message, help);
        }
        let step = Step {
            after: table.layer.get("after").unwrap_or_default(),
            retry: retry.unwrap_or_default(),
            try_each: try_each.unwrap_or_default(),
            revert,
            on_failure: on_failure(&table.layer),
            interrupted,
            has_when: commands.when.is_some(),
            elsewhere: table.layer.get("elsewhere").unwrap_or_default(),
            reads,
            name: name.clone(),
        };
        steps.commands.insert(name, commands);
        Some(step)
    }

    /// Reads the name of a step or a group, unique within the job.
    fn name(
        &mut self,
        table: &ReadTable<'_>,
        place: &str,
        steps: &mut JobSteps<'_>,
    ) -> Option<String> {
        let Some(raw) = table.raw("name") else {
            if !table.layer.is_broken("name") {
                let message = format!("{place} has no `name`");
                self.error(&table.span, message, "add `name = \"…\"`");
            }
            return None;
        };
        let name: String = table.layer.get("name")?;
        if !is_name(&name) {
            let message = format!("`{name}` cannot be the name of a step or a group");
            self.error(&raw.span, message, NAMES);
            return None;
        }
        if RESERVED.contains(&name.as_str()) {
            let message = format!("`{name}` cannot be the name of a step or a group");
            let help = format!("`{{{name}…}}` in a command is something else; choose another");
            self.error(&raw.span, message, &help);
            return None;
        }
        let form = variable_form(&name);
        let same = steps
            .places
            .keys()
            .find(|other| variable_form(other) == form);
        if let Some(same) = same {
            let message = match *same == name {
                true => format!("`{name}` is there twice"),
                false => {
                    format!("`{same}` and `{name}` are the same as variables: `$RESULT_{form}_KEY`")
                }
            };
            self.error(
                &raw.span,
                message,
                "choose another name: what a step did is kept under it",
            );
            return None;
        }
        steps.places.insert(name.clone(), raw.span.clone());
        Some(name)
    }

    fn try_each(&mut self, table: &ReadTable<'_>, place: &str) -> Option<Vec<serde_json::Value>> {
        let raw = table.raw("try_each")?;
        let what = format!("`try_each` of {place}");
        let items = self.items(&what, raw, "try_each = [\"mirror1\", \"mirror2\"]")?;
        items.iter().map(|item| self.json(&what, item)).collect()
    }

    /// Reads the commands of a step, and the retries of its revert.
    fn commands(
        &mut self,
        table: &ReadTable<'_>,
        place: &str,
        steps: &JobSteps<'_>,
    ) -> (Option<StepCommands>, Option<RetryTerms>) {
        let has_each = table.raw("try_each").is_some();
        let at = |what: String, surroundings| CommandPlace {
            scope: steps.scope(has_each),
            surroundings,
            what,
        };
        let execute = self.command(table, &at(place.to_owned(), &steps.surroundings));
        let own = table.layer.only(is_surrounding);
        let around = own.over(&steps.surroundings);
        let mut is_wrong = false;
        let mut retry = None;
        let mut other = |reader: &mut Self, key: &str| -> Option<CommandTemplate> {
            let raw = table.raw(key)?;
            let what = format!("`{key}` of {place}");
            let mut keys = COMMAND_KEYS.to_vec();
            if key == "revert" {
                keys.push(TableKeys::OfStep(&["retry"]));
            }
            let inner = reader.command_table(&keys, raw, &what);
            if let (Some(inner), "revert") = (&inner, key) {
                let terms = inner
                    .raw("retry")
                    .map(|raw| reader.retry_of_revert(raw, &what));
                retry = Some(terms.unwrap_or(RetryTerms::OF_REVERTS));
            }
            let command = inner.and_then(|inner| reader.command(&inner, &at(what, &around)));
            is_wrong |= command.is_none();
            command
        };
        let revert = other(self, "revert");
        let when = other(self, "when");
        let check = other(self, "check");
        let commands = execute.filter(|_| !is_wrong).map(|execute| StepCommands {
            execute,
            revert,
            when,
            check,
        });
        (commands, retry)
    }

    fn interrupted(&mut self, table: &ReadTable<'_>, place: &str) -> Interrupted {
        let word: Option<String> = table.layer.get("interrupted");
        let span = table
            .raw("interrupted")
            .map_or(&table.span, |raw| &raw.span);
        let (interrupted, needed) = match word.as_deref() {
            Some("check") => (Interrupted::Check, Some("check")),
            Some("revert") => (Interrupted::Revert, Some("revert")),
            Some("hold") => (Interrupted::Hold, None),
            _ => (Interrupted::Again, None),
        };
        if let Some(needed) = needed.filter(|key| table.raw(key).is_none()) {
            let message = format!("{place} has `interrupted = \"{needed}\"` and no `{needed}`");
            let help = format!("add `{needed} = [\"program\", \"argument\"]`");
            self.error(span, message, &help);
        }
        if let Some(check) = table
            .raw("check")
            .filter(|_| interrupted != Interrupted::Check)
        {
            let message = format!("`check` of {place} has no effect");
            self.warning(
                &check.span,
                message,
                "write `interrupted = \"check\"` beside it",
            );
        }
        interrupted
    }
}

/// Returns the results that a step reads. That of its own is there when it is reverted.
fn reads(commands: &StepCommands, name: &str) -> BTreeSet<ResultUse> {
    let StepCommands {
        execute,
        revert,
        when,
        check,
    } = commands;
    let before = [Some(execute), when.as_ref(), check.as_ref()];
    let before = before
        .into_iter()
        .flatten()
        .flat_map(CommandTemplate::result_uses);
    let after = revert.iter().flat_map(CommandTemplate::result_uses);
    before
        .chain(after.filter(|used| used.step != name))
        .collect()
}

/// Returns a step or a group in words, by its name if it has one.
fn place(what: &str, entries: &[(RawKey, Raw)]) -> String {
    let name = entries.iter().find(|(key, _)| key.name == "name");
    match name.map(|(_, value)| &value.shape) {
        Some(Shape::Text(name)) => format!("{what} `{name}`"),
        _ => format!("a {what}"),
    }
}
