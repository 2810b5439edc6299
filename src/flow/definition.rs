//! The definition of a flow: steps, groups, retries, in the order in which they were written.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

/// What a job of a name does. Made by a program, or from `[jobs.NAME]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FlowDefinition {
    /// The name of the definition.
    pub(crate) name: String,
    /// The list of top, whose name is empty.
    pub(crate) root: Group,
}

/// A step or a list of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// A step.
    Step(Step),
    /// A list within a list.
    Group(Group),
}

impl Node {
    /// Returns the name.
    pub(crate) fn name(&self) -> &str {
        match self {
            Node::Step(step) => &step.name,
            Node::Group(group) => &group.name,
        }
    }

    /// Returns the nodes of the same list that must have ended before this one begins.
    pub(crate) fn after(&self) -> &[String] {
        match self {
            Node::Step(step) => &step.after,
            Node::Group(group) => &group.after,
        }
    }

    /// Returns the step, or those in the group and below, in the order in which they are written.
    pub(crate) fn steps(&self) -> Vec<&Step> {
        match self {
            Node::Step(step) => vec![step],
            Node::Group(group) => group.steps(),
        }
    }

    /// Returns the number of nodes, this one and all below.
    pub(crate) fn size(&self) -> usize {
        match self {
            Node::Step(_) => 1,
            Node::Group(group) => 1 + group.nodes.iter().map(Node::size).sum::<usize>(),
        }
    }
}

/// A list of steps and groups.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Group {
    /// Unique among the steps and groups of a definition.
    pub(crate) name: String,
    /// The nodes of the same list that must have ended before this one begins.
    pub(crate) after: Vec<String>,
    /// Whether nodes begin at once, those with `after` excepted; else one after the other.
    pub(crate) parallel: bool,
    /// Its steps and groups.
    pub(crate) nodes: Vec<Node>,
    /// How often, and when, the whole group is executed again: each time a round.
    pub(crate) retry: RetryTerms,
    /// What follows when one of its steps fails for good; `None`: as in the list above.
    pub(crate) on_failure: Option<OnFailure>,
}

impl Group {
    /// Returns the steps in it and in the groups below, in the order in which they are written.
    pub(crate) fn steps(&self) -> Vec<&Step> {
        self.nodes.iter().flat_map(Node::steps).collect()
    }

    /// Returns what follows a failure for which nothing is written: what was done is undone where
    /// anything can be.
    pub(crate) fn default_on_failure(&self) -> OnFailure {
        if self.steps().iter().any(|step| step.revert.is_some()) {
            OnFailure::Revert
        } else {
            OnFailure::Stop
        }
    }
}

/// A step of a flow.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Step {
    /// Unique among the steps and groups of a definition.
    pub(crate) name: String,
    /// The nodes of the same list that must have ended before this one begins.
    pub(crate) after: Vec<String>,
    /// How often, and when, it is executed again.
    pub(crate) retry: RetryTerms,
    /// The values of which each execution takes the next, until one succeeds. Excludes `retry`.
    pub(crate) try_each: Vec<Value>,
    /// How often a revert is tried; `None`: the step has no revert.
    pub(crate) revert: Option<RetryTerms>,
    /// What follows when it fails for good; `None`: as in the list above.
    pub(crate) on_failure: Option<OnFailure>,
    /// What is done with an execution that a crash has interrupted.
    pub(crate) interrupted: Interrupted,
    /// Whether it is asked first whether to run or to be skipped.
    pub(crate) has_when: bool,
    /// Whether the next try is made by another worker.
    pub(crate) elsewhere: bool,
    /// The steps whose results it reads.
    pub(crate) reads: BTreeSet<ResultUse>,
}

/// The use of a result by a later step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ResultUse {
    /// The step whose result is read.
    pub(crate) step: String,
    /// Whether a default stands in where the step was skipped.
    pub(crate) has_default: bool,
}

/// How often something is tried, and how long is waited between two tries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RetryTerms {
    /// The number of tries, the first among them; at least 1.
    pub(crate) times: u32,
    /// The wait before the second try.
    pub(crate) every: Duration,
    /// By which each wait is longer than the one before.
    pub(crate) factor: f64,
    /// The longest wait.
    pub(crate) max: Duration,
}

impl RetryTerms {
    /// A single try.
    pub(crate) const ONCE: RetryTerms = RetryTerms {
        times: 1,
        every: Duration::ZERO,
        factor: 1.0,
        max: Duration::MAX,
    };

    /// What holds for a step or a group that is tried again, where its terms leave something open.
    pub(crate) const OF_STEPS: RetryTerms = RetryTerms {
        every: Duration::from_secs(10),
        ..RetryTerms::ONCE
    };

    /// The terms of a revert without terms of its own: 5 tries, 10 s × 2.
    pub(crate) const OF_REVERTS: RetryTerms = RetryTerms {
        times: 5,
        every: Duration::from_secs(10),
        factor: 2.0,
        max: Duration::MAX,
    };
}

impl Default for RetryTerms {
    fn default() -> Self {
        RetryTerms::ONCE
    }
}

/// What follows when a step has failed for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// What was executed is reverted; the job is then `reverted`.
    Revert,
    /// The job ends as `failed`.
    Stop,
    /// The job goes on as if the step had been skipped.
    Continue,
}

/// What is done with an execution of which nothing is known but that it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interrupted {
    /// The execution begins again, and no attempt is counted.
    #[default]
    Again,
    /// A check finds out whether it was done; where it was not, it is executed again.
    Check,
    /// A revert, then the execution again; no attempt is counted.
    Revert,
    /// The job is stuck until a person has looked.
    Hold,
}
