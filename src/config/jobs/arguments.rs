//! `args.NAME = { type = "path", help = "the picture" }`.

use std::collections::BTreeMap;

use super::job_reader::{JobReader, ReadTable, TableKeys};
use crate::config::options::ConfigSection;
use crate::config::raw::{Raw, RawKey, Shape};
use crate::job::{
    ArgumentKind, ArgumentSchema, ArgumentSpec, DataSource, NAMES, StepCommands, is_name,
    variable_form,
};

const EXAMPLE: &str = "args.width = { type = \"integer\", default = 800 }";

impl JobReader<'_> {
    /// Reads the arguments of a job.
    pub(super) fn arguments(&mut self, raw: &Raw) -> ArgumentSchema {
        let mut schema = ArgumentSchema::default();
        for (key, value) in self.entries("`args`", raw, EXAMPLE).unwrap_or_default() {
            if !is_name(&key.name) {
                let message = format!("`{}` cannot be the name of an argument", key.name);
                self.error(&key.span, message, NAMES);
                continue;
            }
            if let Some(same) = schema.get_plain(&key.name) {
                let message = format!(
                    "the arguments `{}` and `{}` are the same as variables: `$ARG_{}`",
                    same.name,
                    key.name,
                    variable_form(&key.name)
                );
                self.error(&key.span, message, "choose another name");
                continue;
            }
            let spec = self.argument(key, value);
            schema.specs.push(spec);
        }
        schema
    }

    fn argument(&mut self, key: &RawKey, raw: &Raw) -> ArgumentSpec {
        let mut spec = ArgumentSpec {
            name: key.name.clone(),
            ..ArgumentSpec::default()
        };
        let what = format!("`args.{}`", key.name);
        let example = format!("args.{} = {{ type = \"string\" }}", key.name);
        let Some(entries) = self.entries(&what, raw, &example) else {
            return spec;
        };
        let keys = [TableKeys::Section(ConfigSection::Argument)];
        let table = self.table(&keys, entries, &raw.span, &what);
        let word: Option<String> = table.layer.get("type");
        let kind = word.and_then(|word| ArgumentKind::of_word(&word));
        spec.kind = kind.unwrap_or_default();
        spec.help = table.layer.get("help").unwrap_or_default();
        spec.secret = table.layer.get("secret").unwrap_or_default();
        if table.layer.is_broken("type") {
            return spec;
        }
        self.choices(&mut spec, &table, &what);
        self.default(&mut spec, &table, &what);
        spec
    }

    fn choices(&mut self, spec: &mut ArgumentSpec, table: &ReadTable<'_>, what: &str) {
        let Some(raw) = table.raw("one_of") else {
            return;
        };
        let what = format!("`one_of` of {what}");
        let items = self.items(&what, raw, "one_of = [\"small\", \"large\"]");
        let mut choices = Vec::new();
        for item in items.unwrap_or_default() {
            let Some(value) = self.json(&what, item) else {
                continue;
            };
            match spec.check(&value) {
                Ok(value) => choices.push(value),
                Err(wrong) => self.error(&item.span, format!("{what}: {wrong}"), ""),
            }
        }
        spec.one_of = choices;
    }

    fn default(&mut self, spec: &mut ArgumentSpec, table: &ReadTable<'_>, what: &str) {
        let Some(raw) = table.raw("default") else {
            return;
        };
        let what = format!("`default` of {what}");
        if spec.secret && !matches!(&raw.shape, Shape::Text(text) if text.is_empty()) {
            let message = format!("{what} would be a secret in this file");
            self.error(
                &raw.span,
                message,
                "an empty text may be the default of a secret, or none",
            );
            return;
        }
        let Some(value) = self.json(&what, raw) else {
            return;
        };
        match spec.check(&value) {
            Ok(value) => spec.default = Some(value),
            Err(wrong) => self.error(&raw.span, format!("{what}: {wrong}"), ""),
        }
    }

    /// Warns of a secret that no step sees: its value has to be asked for.
    pub(super) fn check_secrets(
        &mut self,
        args: &ArgumentSchema,
        commands: &BTreeMap<String, StepCommands>,
        raw: Option<&Raw>,
    ) {
        let all = || commands.values().flat_map(StepCommands::all);
        for spec in args.specs.iter().filter(|spec| spec.secret) {
            let source = DataSource::Argument(spec.name.clone());
            let place = raw.and_then(|raw| key_span(raw, &spec.name));
            let Some(place) = place.filter(|_| all().all(|command| !command.reads(&source))) else {
                continue;
            };
            let message = format!("no step reads the secret argument `{}`", spec.name);
            let help = format!(
                "write `reads = [\"args.{}\"]` at the step that needs it as `$ARG_{}`",
                spec.name,
                variable_form(&spec.name)
            );
            self.warning(&place, message, &help);
        }
    }
}

fn key_span(raw: &Raw, name: &str) -> Option<std::ops::Range<usize>> {
    let Shape::Table(entries) = &raw.shape else {
        return None;
    };
    let entry = entries.iter().find(|(key, _)| key.name == name);
    entry.map(|(key, _)| key.span.clone())
}
