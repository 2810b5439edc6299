//! A flow while it is built.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::step_context::StepContext;
use crate::flow::definition::{Group, Node, Step};
use crate::flow::journal::Phase;
use crate::job::drafted_job::StepTimeouts;
use crate::job::step_call::StepReply;
use crate::job::{NAMES, RESERVED, is_name};

/// A function of a step, whatever it takes and returns.
pub(super) type AnyFunction<A> = Rc<dyn Fn(&StepContext<A>) -> StepReply>;

/// A flow while it is built: its steps and groups by number, the list of top first.
pub(super) struct FlowDraft<A> {
    nodes: Vec<DraftNode<A>>,
    /// What is wrong.
    pub(super) errors: Vec<String>,
}

enum DraftNode<A> {
    Step(StepDraft<A>),
    Group(GroupDraft),
}

/// A step while it is built.
pub(super) struct StepDraft<A> {
    pub(super) step: Step,
    pub(super) timeouts: StepTimeouts,
    pub(super) functions: BTreeMap<Phase, AnyFunction<A>>,
    /// The steps whose results it reads, in the order in which its functions take them.
    pub(super) reads: Vec<String>,
    /// How many its function takes.
    pub(super) takes: usize,
    /// Whether `retry` was set.
    pub(super) has_retry: bool,
}

/// A group while it is built.
pub(super) struct GroupDraft {
    pub(super) group: Group,
    nodes: Vec<usize>,
}

impl<A> FlowDraft<A> {
    pub(super) fn new() -> Self {
        let root = GroupDraft {
            group: Group::default(),
            nodes: Vec::new(),
        };
        FlowDraft {
            nodes: vec![DraftNode::Group(root)],
            errors: Vec::new(),
        }
    }

    /// Adds a step to a list; returns its number.
    pub(super) fn add_step(&mut self, list: usize, name: &str, takes: usize) -> usize {
        self.check_name(name);
        let step = Step {
            name: name.to_owned(),
            ..Step::default()
        };
        self.add(
            list,
            DraftNode::Step(StepDraft {
                step,
                timeouts: StepTimeouts::default(),
                functions: BTreeMap::new(),
                reads: Vec::new(),
                takes,
                has_retry: false,
            }),
        )
    }

    /// Adds a group to a list; returns its number.
    pub(super) fn add_group(&mut self, list: usize, name: &str) -> usize {
        self.check_name(name);
        let group = Group {
            name: name.to_owned(),
            ..Group::default()
        };
        let nodes = Vec::new();
        self.add(list, DraftNode::Group(GroupDraft { group, nodes }))
    }

    fn add(&mut self, list: usize, node: DraftNode<A>) -> usize {
        let at = self.nodes.len();
        self.nodes.push(node);
        self.group(list).nodes.push(at);
        at
    }

    fn check_name(&mut self, name: &str) {
        let what = format!("`{name}` cannot be the name of a step or a group");
        if !is_name(name) {
            self.errors.push(format!("{what}; {NAMES}"));
        } else if RESERVED.contains(&name) {
            let help = "the word has a meaning of its own in commands, choose another";
            self.errors.push(format!("{what}; {help}"));
        }
    }

    /// Returns the step of a number that is one of a step.
    pub(super) fn step(&mut self, at: usize) -> &mut StepDraft<A> {
        match &mut self.nodes[at] {
            DraftNode::Step(step) => step,
            DraftNode::Group(_) => unreachable!("the number was given to a step"),
        }
    }

    /// Returns the group of a number that is one of a group.
    pub(super) fn group(&mut self, at: usize) -> &mut GroupDraft {
        match &mut self.nodes[at] {
            DraftNode::Group(group) => group,
            DraftNode::Step(_) => unreachable!("the number was given to a group"),
        }
    }

    /// Returns the name of a step or a group.
    pub(super) fn name(&self, at: usize) -> String {
        match &self.nodes[at] {
            DraftNode::Step(step) => step.step.name.clone(),
            DraftNode::Group(group) => group.group.name.clone(),
        }
    }

    /// Sets after which nodes a node begins.
    pub(super) fn add_after(&mut self, at: usize, after: String) {
        match &mut self.nodes[at] {
            DraftNode::Step(step) => step.step.after.push(after),
            DraftNode::Group(group) => group.group.after.push(after),
        }
    }

    /// Adds what is wrong with a setting of a node.
    pub(super) fn wrong(&mut self, at: usize, setting: &str, error: &str) {
        let name = self.name(at);
        self.errors
            .push(format!("`{setting}` of `{name}`: {error}"));
    }

    /// Returns all steps.
    pub(super) fn steps(&self) -> impl Iterator<Item = &StepDraft<A>> {
        self.nodes.iter().filter_map(|node| match node {
            DraftNode::Step(step) => Some(step),
            DraftNode::Group(_) => None,
        })
    }

    /// Returns the list of top with all that is in it.
    pub(super) fn root(&self) -> Group {
        self.laid_out(0)
    }

    fn laid_out(&self, at: usize) -> Group {
        let DraftNode::Group(list) = &self.nodes[at] else {
            return Group::default();
        };
        let nodes = list.nodes.iter().map(|at| match &self.nodes[*at] {
            DraftNode::Step(step) => Node::Step(step.step.clone()),
            DraftNode::Group(_) => Node::Group(self.laid_out(*at)),
        });
        Group {
            nodes: nodes.collect(),
            ..list.group.clone()
        }
    }
}
