//! The steps of a job while they are read.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::config::layer::Layer;
use crate::config::raw::{Raw, Shape};
use crate::flow::definition::Node;
use crate::job::{ArgumentSchema, StepCommands, TemplateScope};

/// The steps of a job while they are read, and what they all have in common.
pub(super) struct JobSteps<'a> {
    /// The arguments of the job.
    args: &'a ArgumentSchema,
    /// The variables of `[worker]`, if they are known.
    vars: Option<&'a BTreeMap<String, String>>,
    /// The names of all steps.
    pub(super) names: BTreeSet<String>,
    /// What surrounds the commands of all steps.
    pub(super) surroundings: Layer,
    /// Where each step and each group has its name.
    pub(super) places: BTreeMap<String, Range<usize>>,
    /// The steps and groups of the top.
    pub(super) nodes: Vec<Node>,
    /// The commands, by step.
    pub(super) commands: BTreeMap<String, StepCommands>,
}

impl<'a> JobSteps<'a> {
    /// Collects the names of all steps, which templates refer to.
    pub(super) fn new(
        args: &'a ArgumentSchema,
        steps: &Raw,
        surroundings: Layer,
        vars: Option<&'a BTreeMap<String, String>>,
    ) -> Self {
        let mut names = BTreeSet::new();
        collect_names(steps, &mut names);
        JobSteps {
            args,
            vars,
            names,
            surroundings,
            places: BTreeMap::new(),
            nodes: Vec::new(),
            commands: BTreeMap::new(),
        }
    }

    /// Returns what the templates of a step can refer to.
    pub(super) fn scope(&self, has_each: bool) -> TemplateScope<'_> {
        TemplateScope {
            args: self.args,
            steps: &self.names,
            vars: self.vars,
            has_each,
        }
    }
}

fn collect_names(steps: &Raw, names: &mut BTreeSet<String>) {
    let Shape::List(items) = &steps.shape else {
        return;
    };
    for item in items {
        let Shape::Table(entries) = &item.shape else {
            continue;
        };
        let value = |name: &str| entries.iter().find(|(key, _)| key.name == name);
        match (value("steps"), value("name")) {
            (Some((_, inner)), _) => collect_names(inner, names),
            (None, Some((_, name))) => {
                if let Shape::Text(name) = &name.shape {
                    names.insert(name.clone());
                }
            }
            (None, None) => {}
        }
    }
}
