//! `[worker]`: what a worker has and how much it does at once.

use std::collections::BTreeMap;
use std::path::Path;

use super::layer::Layer;
use super::options::ConfigSection;
use super::report::{ConfigProblem, ConfigReport};
use crate::core::settings::WorkerSettings;
use crate::job::{NAMES, is_name, variable_form};

/// Puts the settings together, and fills what is open in the layer.
pub(super) fn settings(layer: &mut Layer, report: &mut ConfigReport) -> WorkerSettings {
    // Most files have no worker: what holds then needs no parsing.
    if *layer == Layer::default() {
        return WorkerSettings::default();
    }
    layer.fill_defaults(ConfigSection::Worker, Path::new(""));
    let settings = WorkerSettings {
        name: layer.get("name"),
        slots: layer
            .get::<i64>("slots")
            .and_then(|slots| slots.try_into().ok()),
        tags: layer.get("tags").unwrap_or_default(),
        can: layer.get("can").unwrap_or_default(),
        vars: layer.get("vars").unwrap_or_default(),
        drain_timeout: layer.need("drain_timeout"),
    };
    check_name(layer, &settings, report);
    check_tags(layer, "tags", &settings.tags, report);
    check_vars(layer, &settings, report);
    check_can(layer, &settings, report);
    settings
}

fn check_can(layer: &Layer, settings: &WorkerSettings, report: &mut ConfigReport) {
    let both = settings
        .can
        .keys()
        .filter(|tag| settings.tags.contains(tag));
    for tag in both {
        let message = format!("`{tag}` is in `tags` and in `can`");
        let problem = ConfigProblem::error(&layer.origin("can"), message);
        report.add(problem.help("leave it in `can`, whose command says when the worker has it"));
    }
    for (tag, command) in &settings.can {
        let Some(template) = command.iter().find_map(|word| template_in(word)) else {
            continue;
        };
        let message = format!("`{tag}` in `can` has `{template}`, which only steps replace");
        let problem = ConfigProblem::error(&layer.origin("can"), message);
        report.add(problem.help(
            "the command reads the job from `$ARG_NAME` and `$JOB_ID`, as in `[\"sh\", \"-c\", \"…\"]`",
        ));
    }
}

/// Returns what looks like a value of a job in a word.
fn template_in(word: &str) -> Option<&str> {
    let starts = ["{args.", "{job.", "{var."];
    let start = starts.iter().filter_map(|start| word.find(start)).min()?;
    let end = word[start..].find('}')?;
    Some(&word[start..=start + end])
}

/// The name is a part of the names of files, and is shown beside that of its host.
fn check_name(layer: &Layer, settings: &WorkerSettings, report: &mut ConfigReport) {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let is_wrong = |name: &&String| name.starts_with('.') || !name.chars().all(is_plain);
    if let Some(name) = settings.name.as_ref().filter(is_wrong) {
        let message = format!("`{name}` cannot be the name of a worker");
        let problem = ConfigProblem::error(&layer.origin("name"), message);
        report.add(problem.help("letters, digits, `.`, `_` and `-`, not beginning with `.`"));
    }
}

/// Two variables that differ in letter case alone would be one in the environment of a step.
fn check_vars(layer: &Layer, settings: &WorkerSettings, report: &mut ConfigReport) {
    let mut forms: BTreeMap<String, &str> = BTreeMap::new();
    for name in settings.vars.keys() {
        let form = variable_form(name);
        if let Some(other) = forms.get(&form) {
            let message = format!("`{other}` and `{name}` in `vars` are both `$VAR_{form}`");
            let problem = ConfigProblem::error(&layer.origin("vars"), message);
            report.add(problem.help("choose another name"));
        }
        forms.insert(form, name);
    }
}

/// Reports what cannot be a tag.
pub(super) fn check_tags(layer: &Layer, key: &str, tags: &[String], report: &mut ConfigReport) {
    for tag in tags.iter().filter(|tag| !is_name(tag)) {
        let message = format!("`{tag}` in `{key}` cannot be a tag");
        report.add(ConfigProblem::error(&layer.origin(key), message).help(NAMES));
    }
}
