//! Definitions in few words.

use std::sync::Arc;
use std::time::Duration;

use crate::flow::definition::{FlowDefinition, Group, Node, ResultUse, RetryTerms, Step};
use crate::flow::{ChosenEnds, FlowError, FlowHistory, FlowPlan, PlayTerms, play};

/// A step that can be reverted.
pub(crate) fn step(name: &str) -> Step {
    Step {
        revert: Some(RetryTerms::OF_REVERTS),
        ..plain(name)
    }
}

/// A step without a revert.
pub(crate) fn plain(name: &str) -> Step {
    Step {
        name: name.to_owned(),
        ..Step::default()
    }
}

pub(crate) fn sequence(name: &str, nodes: Vec<Node>) -> Group {
    Group {
        name: name.to_owned(),
        nodes,
        ..Group::default()
    }
}

pub(crate) fn parallel(name: &str, nodes: Vec<Node>) -> Group {
    Group {
        parallel: true,
        ..sequence(name, nodes)
    }
}

pub(crate) fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

pub(crate) fn reads(step: &str, has_default: bool) -> ResultUse {
    let step = step.to_owned();
    ResultUse { step, has_default }
}

pub(crate) fn terms(times: u32, secs: u64) -> RetryTerms {
    RetryTerms {
        times,
        every: Duration::from_secs(secs),
        ..RetryTerms::ONCE
    }
}

pub(crate) fn definition(root: Group) -> FlowDefinition {
    FlowDefinition {
        name: "job".to_owned(),
        root,
    }
}

/// The definition of a job whose steps are in sequence.
pub(crate) fn job(nodes: Vec<Node>) -> FlowDefinition {
    definition(sequence("", nodes))
}

pub(crate) fn plan(definition: FlowDefinition) -> Arc<FlowPlan> {
    Arc::new(FlowPlan::new(definition).expect("a valid definition"))
}

pub(crate) fn errors(definition: FlowDefinition) -> Vec<FlowError> {
    FlowPlan::new(definition).err().unwrap_or_default()
}

pub(crate) fn history(definition: FlowDefinition, mut script: ChosenEnds) -> FlowHistory {
    play(&plan(definition), PlayTerms::default(), &mut script)
}

/// Plays a job, and returns what happened in short, with the end.
pub(crate) fn played(definition: FlowDefinition, script: ChosenEnds) -> String {
    let history = history(definition, script);
    let end = match &history.end {
        Some(end) => format!("{end:?}"),
        None => "no end".to_owned(),
    };
    let end = end.split_whitespace().next().unwrap_or_default();
    format!("{}: {}", history.in_short(), end.to_lowercase())
}

impl From<Step> for Node {
    fn from(step: Step) -> Node {
        Node::Step(step)
    }
}

impl From<Group> for Node {
    fn from(group: Group) -> Node {
        Node::Group(group)
    }
}

/// Returns the nodes of a list, steps and groups mixed.
macro_rules! nodes {
    ($($node:expr),* $(,)?) => { vec![$($node.into()),*] };
}
pub(crate) use nodes;
