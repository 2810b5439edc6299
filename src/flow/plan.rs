//! A definition that was found valid, laid out for the interpreter: every node has a number.

use std::collections::HashMap;

use super::definition::{FlowDefinition, Group, Node, OnFailure, RetryTerms, Step};
use super::flow_error::FlowError;
use super::validate;

/// The number of the list of top.
pub(crate) const ROOT: usize = 0;

/// A valid definition. Nodes are numbered in the order in which they are written, a group before
/// what is in it, so that what is below a group is one range of numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FlowPlan {
    definition: FlowDefinition,
    nodes: Vec<PlanNode>,
    places: HashMap<String, usize>,
    on_failure: OnFailure,
}

/// A step or a group in its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlanNode {
    /// The name; that of the list of top is empty.
    pub(crate) name: String,
    /// The number of the group around it; of the list of top: its own.
    pub(crate) parent: usize,
    /// The first number that is no longer below it.
    pub(crate) end: usize,
    /// The nodes of the same list that must have ended before this one begins.
    pub(crate) needs: Needs,
    /// How often it is executed.
    pub(crate) retry: RetryTerms,
    /// What follows a failure, where this node has an answer of its own.
    pub(crate) on_failure: Option<OnFailure>,
    /// The step; `None`: a group.
    pub(crate) step: Option<Step>,
    /// Whether the nodes of a group may be in progress at the same time.
    pub(crate) is_parallel: bool,
}

/// For which nodes of its list a node waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// For all that stand before it.
    AllBefore,
    /// For these.
    These(Vec<usize>),
}

impl Needs {
    /// Returns the numbers of the nodes that are named.
    pub(crate) fn named(&self) -> &[usize] {
        match self {
            Needs::AllBefore => &[],
            Needs::These(needs) => needs,
        }
    }
}

impl FlowPlan {
    /// Creates the plan of a definition, or returns all that is wrong with the definition.
    pub(crate) fn new(definition: FlowDefinition) -> Result<Self, Vec<FlowError>> {
        let errors = validate::errors(&definition);
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut nodes = Vec::new();
        add_group(&mut nodes, &definition.root, ROOT, Needs::AllBefore);
        let numbered = nodes.iter().enumerate();
        let places = numbered.map(|(at, node)| (node.name.clone(), at)).collect();
        let on_failure = definition.root.default_on_failure();
        Ok(FlowPlan {
            definition,
            nodes,
            places,
            on_failure,
        })
    }

    /// Returns the definition.
    pub(crate) fn definition(&self) -> &FlowDefinition {
        &self.definition
    }

    /// Returns the step of this name, if the definition has one.
    pub(crate) fn step_named(&self, name: &str) -> Option<&Step> {
        self.nodes[self.place(name)?].step.as_ref()
    }

    /// Returns the number of a node.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    /// Returns all nodes, in the order of their numbers.
    pub(crate) fn nodes(&self) -> &[PlanNode] {
        &self.nodes
    }

    /// Returns the node of a number.
    pub(crate) fn node(&self, at: usize) -> &PlanNode {
        &self.nodes[at]
    }

    /// Returns the step of a number that is one of a step.
    pub(crate) fn step(&self, at: usize) -> &Step {
        let step = self.nodes[at].step.as_ref();
        step.expect("the number is one of a step")
    }

    /// Returns the numbers of the steps at or below a node.
    pub(crate) fn steps_in(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        (at..self.nodes[at].end).filter(|at| self.nodes[*at].step.is_some())
    }

    /// Returns the numbers of the nodes of a list.
    pub(crate) fn children(&self, group: usize) -> impl Iterator<Item = usize> + '_ {
        let end = self.nodes[group].end;
        let first = (group + 1 < end).then_some(group + 1);
        std::iter::successors(first, move |at| {
            let next = self.nodes[*at].end;
            (next < end).then_some(next)
        })
    }

    /// Returns the groups around a node, from within, the list of top last.
    pub(crate) fn groups_around(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        let around = |at: usize| (at != ROOT).then(|| self.nodes[at].parent);
        std::iter::successors(around(at), move |at| around(*at))
    }

    /// Returns what follows a failure where no node around the step has an answer.
    pub(crate) fn default_on_failure(&self) -> OnFailure {
        self.on_failure
    }
}

fn add_group(nodes: &mut Vec<PlanNode>, group: &Group, parent: usize, needs: Needs) {
    let at = nodes.len();
    nodes.push(PlanNode {
        name: group.name.clone(),
        parent,
        end: 0,
        needs,
        retry: group.retry,
        on_failure: group.on_failure,
        step: None,
        is_parallel: group.parallel,
    });
    // A node may need one that stands after it, so that the numbers come first.
    let mut numbers = Vec::with_capacity(group.nodes.len());
    let mut next = at + 1;
    for node in &group.nodes {
        numbers.push(next);
        next += node.size();
    }
    for node in &group.nodes {
        let place = |name: &String| group.nodes.iter().position(|node| node.name() == name);
        let after = node.after().iter().filter_map(place);
        let after: Vec<usize> = after.map(|place| numbers[place]).collect();
        let needs = match after.is_empty() && !group.parallel {
            true => Needs::AllBefore,
            false => Needs::These(after),
        };
        match node {
            Node::Step(step) => add_step(nodes, step, at, needs),
            Node::Group(group) => add_group(nodes, group, at, needs),
        }
    }
    nodes[at].end = nodes.len();
}

fn add_step(nodes: &mut Vec<PlanNode>, step: &Step, parent: usize, needs: Needs) {
    nodes.push(PlanNode {
        name: step.name.clone(),
        parent,
        end: nodes.len() + 1,
        needs,
        retry: step.retry,
        on_failure: step.on_failure,
        step: Some(step.clone()),
        is_parallel: false,
    });
}
