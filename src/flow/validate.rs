//! What a definition must be to be executed. All faults are found at once.

use std::collections::{HashMap, HashSet};

use super::definition::{
    FlowDefinition, Group, Interrupted, Node, OnFailure, ResultUse, RetryTerms, Step,
};
use super::flow_error::{FlowError, MissingCause, TermsFault};
use super::links;
use crate::text::suggest;

/// What stands for something else between the braces of a value.
const RESERVED: [&str; 4] = ["args", "each", "job", "var"];

/// Returns all that is wrong with a definition; nothing where it is valid.
pub(crate) fn errors(definition: &FlowDefinition) -> Vec<FlowError> {
    let mut check = Check::of(&definition.root);
    let root = List {
        group: &definition.root,
        busy: None,
        on_failure: definition.root.default_on_failure(),
    };
    check.terms("", "retry", &definition.root.retry);
    check.list(&root);
    check.reads(&definition.root, &HashMap::new());
    check.errors
}

/// The walk over a definition.
struct Check<'a> {
    errors: Vec<FlowError>,
    /// Every node, the first of each name.
    nodes: HashMap<&'a str, &'a Node>,
    /// What follows the failure of each step.
    on_failure: HashMap<&'a str, OnFailure>,
}

/// A list, and what the lists around it mean for it.
struct List<'a> {
    group: &'a Group,
    /// The innermost group around whose nodes may be in progress at the same time.
    busy: Option<&'a str>,
    /// What follows a failure where the nodes have no answer of their own.
    on_failure: OnFailure,
}

impl<'a> List<'a> {
    fn of(group: &'a Group, around: &List<'a>) -> Self {
        List {
            group,
            busy: around.busy_inside(),
            on_failure: group.on_failure.unwrap_or(around.on_failure),
        }
    }

    /// Returns the innermost group whose nodes may be in progress beside one of this list.
    fn busy_inside(&self) -> Option<&'a str> {
        let is_graph = self.group.nodes.iter().any(|node| !node.after().is_empty());
        let is_busy = self.group.parallel || is_graph;
        is_busy.then_some(self.group.name.as_str()).or(self.busy)
    }
}

impl<'a> Check<'a> {
    fn of(root: &'a Group) -> Self {
        let mut check = Check {
            errors: Vec::new(),
            nodes: HashMap::new(),
            on_failure: HashMap::new(),
        };
        check.names(root, &mut HashSet::new());
        check
    }

    fn names(&mut self, group: &'a Group, reported: &mut HashSet<&'a str>) {
        for node in &group.nodes {
            let name = node.name();
            if self.nodes.contains_key(name) {
                if reported.insert(name) {
                    let node = name.to_owned();
                    self.errors.push(FlowError::Duplicate { node });
                }
            } else {
                self.nodes.insert(name, node);
                self.name(name);
            }
            if let Node::Group(group) = node {
                self.names(group, reported);
            }
        }
    }

    fn name(&mut self, name: &str) {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let node = name.to_owned();
        if name.is_empty() || !name.chars().all(is_allowed) {
            self.errors.push(FlowError::Name { node });
        } else if RESERVED.contains(&name) {
            self.errors.push(FlowError::Reserved { node });
        }
    }

    fn list(&mut self, list: &List<'a>) {
        if list.group.nodes.is_empty() {
            let group = list.group.name.clone();
            self.errors.push(FlowError::Empty { group });
        }
        self.after(list.group);
        for node in &list.group.nodes {
            match node {
                Node::Step(step) => self.step(step, list),
                Node::Group(group) => {
                    self.terms(&group.name, "retry", &group.retry);
                    self.list(&List::of(group, list));
                }
            }
        }
    }

    fn after(&mut self, group: &Group) {
        let names: Vec<&str> = group.nodes.iter().map(Node::name).collect();
        for node in &group.nodes {
            let unknown = node.after().iter();
            let unknown = unknown.filter(|after| !names.contains(&after.as_str()));
            let errors = unknown.map(|after| FlowError::UnknownAfter {
                node: node.name().to_owned(),
                after: after.clone(),
                is_elsewhere: self.nodes.contains_key(after.as_str()),
                meant: suggest::nearest(after, names.iter().copied()).map(str::to_owned),
            });
            self.errors.extend(errors);
        }
        if let Some(places) = cycle(&links::needs(group)) {
            let nodes = places.into_iter().map(|place| names[place].to_owned());
            let nodes = nodes.collect();
            self.errors.push(FlowError::Cycle { nodes });
        }
    }

    fn step(&mut self, step: &'a Step, list: &List<'a>) {
        let node = || step.name.clone();
        self.terms(&step.name, "retry", &step.retry);
        if let Some(terms) = &step.revert {
            self.terms(&step.name, "revert.retry", terms);
        }
        if !step.try_each.is_empty() && step.retry != RetryTerms::ONCE {
            self.errors
                .push(FlowError::TryEachAndRetry { node: node() });
        }
        if let (true, Some(group)) = (step.elsewhere, list.busy_inside()) {
            let group = group.to_owned();
            self.errors.push(FlowError::Elsewhere {
                node: node(),
                group,
            });
        }
        if step.interrupted == Interrupted::Revert && step.revert.is_none() {
            self.errors
                .push(FlowError::NothingToRevert { node: node() });
        }
        let on_failure = step.on_failure.unwrap_or(list.on_failure);
        self.on_failure.insert(&step.name, on_failure);
    }

    fn terms(&mut self, node: &str, setting: &'static str, terms: &RetryTerms) {
        let faults = [
            (terms.times == 0, TermsFault::Times),
            (
                !terms.factor.is_finite() || terms.factor < 1.0,
                TermsFault::Factor,
            ),
        ];
        let errors = faults.into_iter().filter(|(is_wrong, _)| *is_wrong);
        let errors = errors.map(|(_, fault)| FlowError::Terms {
            node: node.to_owned(),
            setting,
            fault,
        });
        self.errors.extend(errors);
    }

    /// Checks what the steps of a list read. `earlier` has the steps that have ended before the
    /// list begins.
    fn reads(&mut self, group: &'a Group, earlier: &HashMap<&'a str, &'a Step>) {
        let reachable = links::reachable(&links::needs(group));
        for (node, before) in group.nodes.iter().zip(reachable) {
            if node.steps().iter().all(|step| step.reads.is_empty()) {
                continue;
            }
            let mut known = earlier.clone();
            let ended = group.nodes.iter().zip(before);
            for (other, _) in ended.filter(|(_, is_before)| *is_before) {
                known.extend(other.steps().into_iter().map(|step| (&*step.name, step)));
            }
            match node {
                Node::Group(group) => self.reads(group, &known),
                Node::Step(step) => {
                    for read in &step.reads {
                        self.read(step, read, &known);
                    }
                }
            }
        }
    }

    fn read(&mut self, step: &Step, read: &ResultUse, earlier: &HashMap<&str, &Step>) {
        let (node, name) = (step.name.clone(), read.step.clone());
        let error = match (self.nodes.get(&*read.step), earlier.get(&*read.step)) {
            (None, _) => Some(FlowError::UnknownResult {
                node,
                read: name,
                meant: suggest::nearest(&read.step, earlier.keys().copied()).map(str::to_owned),
            }),
            (Some(Node::Group(_)), _) => Some(FlowError::ResultOfGroup { node, read: name }),
            (_, None) => Some(FlowError::NotEarlier { node, read: name }),
            (_, Some(_)) if read.has_default => None,
            (_, Some(given)) => {
                let cause = self.missing(given);
                cause.map(|cause| FlowError::MayBeMissing {
                    node,
                    read: name,
                    cause,
                })
            }
        };
        self.errors.extend(error);
    }

    fn missing(&self, step: &Step) -> Option<MissingCause> {
        if step.has_when {
            return Some(MissingCause::When);
        }
        let on_failure = self.on_failure.get(&*step.name);
        (on_failure == Some(&OnFailure::Continue)).then_some(MissingCause::Continue)
    }
}

/// Returns nodes of which each waits for the next, and the last for the first.
fn cycle(needs: &[Vec<usize>]) -> Option<Vec<usize>> {
    let reachable = links::reachable(needs);
    let first = (0..needs.len()).find(|at| reachable[*at][*at])?;
    let mut nodes = vec![first];
    let mut at = first;
    loop {
        // A need of a node in a circle that leads back to it is in the circle too.
        let back = |next: &&usize| **next == first || reachable[**next][first];
        at = *needs[at].iter().find(back)?;
        if at == first {
            return Some(nodes);
        }
        if nodes.contains(&at) {
            // A smaller circle was met on the way.
            let start = nodes.iter().position(|node| *node == at)?;
            return Some(nodes.split_off(start));
        }
        nodes.push(at);
    }
}
