//! A checker of histories: what a definition allows, written down a second time, and in another
//! way than the interpreter has it. It knows nothing of plan, state and advice.

mod begins;
mod requested;
mod written;

use std::collections::HashMap;

use crate::flow::definition::{
    FlowDefinition, Group, Interrupted, Node, OnFailure, RetryTerms, Step,
};
use crate::flow::journal::Phase;
use crate::flow::{FlowEnd, FlowEvent, FlowHistory};

/// Checks a history. The text has what was not allowed.
pub(crate) fn check(
    definition: &FlowDefinition,
    slots: usize,
    history: &FlowHistory,
) -> Result<(), String> {
    let mut checker = Checker::of(definition, slots);
    for (at, event) in history.events.iter().enumerate() {
        let checked = checker.event(event);
        checked.map_err(|wrong| format!("event {at} ({event:?}): {wrong}"))?;
    }
    let rests = matches!(history.events.last(), Some(FlowEvent::Rested { .. }));
    require(history.end.is_some() && rests, "it does not end")
}

fn require(is_so: bool, wrong: &str) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(wrong.to_owned()) }
}

/// Where the job goes: on, back, or out.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    On,
    Back { cancelled: bool },
    Out { cancelled: bool },
}

/// A step in its place.
struct Place<'a> {
    step: &'a Step,
    /// From the list of top down: the list, and the place in it.
    lists: Vec<(&'a Group, usize)>,
}

/// What was seen of a step.
#[derive(Clone, Debug, Default)]
struct Seen {
    ended: bool,
    failed: bool,
    asked: bool,
    interrupted: bool,
    failures: [u32; 4],
    postponed: u32,
    executed: Option<u64>,
    executed_attempt: u32,
    not_before: Option<(Phase, i64)>,
    failed_at: Vec<String>,
    busy: Option<(Phase, u32)>,
    /// Whether a request to kill came while it was in progress.
    is_killed: bool,
}

#[derive(Clone, Debug)]
struct SeenGroup {
    round: u32,
    undoing: bool,
    not_before: i64,
}

struct Checker<'a> {
    definition: &'a FlowDefinition,
    slots: usize,
    places: HashMap<&'a str, Place<'a>>,
    steps: HashMap<&'a str, Seen>,
    groups: HashMap<&'a str, SeenGroup>,
    way: Way,
    paused: bool,
    /// Whether a revert ended since the job turned back, and whether one did its work.
    reverts: (bool, bool),
    /// Whether a request to kill cut off a revert, or came between two.
    held: bool,
    seq: u64,
    worker: String,
}

fn index(phase: Phase) -> usize {
    match phase {
        Phase::When => 0,
        Phase::Execute => 1,
        Phase::Check => 2,
        _ => 3,
    }
}

/// The shortest wait after so many tries.
fn least_wait(terms: &RetryTerms, tries: u32) -> i64 {
    let mut wait = terms.every.as_millis() as f64;
    for _ in 1..tries {
        wait = (wait * terms.factor).min(terms.max.as_millis() as f64);
    }
    (wait * 0.9) as i64 - 1
}

impl<'a> Checker<'a> {
    fn of(definition: &'a FlowDefinition, slots: usize) -> Self {
        let mut checker = Checker {
            definition,
            slots,
            places: HashMap::new(),
            steps: HashMap::new(),
            groups: HashMap::new(),
            way: Way::On,
            paused: false,
            reverts: (false, false),
            held: false,
            seq: 0,
            worker: String::new(),
        };
        checker.enter(&definition.root, &[]);
        checker
    }

    fn enter(&mut self, group: &'a Group, lists: &[(&'a Group, usize)]) {
        let first = SeenGroup {
            round: 1,
            undoing: false,
            not_before: i64::MIN,
        };
        self.groups.insert(&group.name, first);
        for (at, node) in group.nodes.iter().enumerate() {
            let mut lists = lists.to_vec();
            lists.push((group, at));
            match node {
                Node::Group(group) => self.enter(group, &lists),
                Node::Step(step) => {
                    self.places.insert(&step.name, Place { step, lists });
                    self.steps.insert(&step.name, Seen::default());
                }
            }
        }
    }

    fn event(&mut self, event: &FlowEvent) -> Result<(), String> {
        match event {
            FlowEvent::Claimed { worker, .. } => {
                self.worker.clone_from(worker);
                require(
                    self.busy().is_empty(),
                    "claimed while something is in progress",
                )
            }
            FlowEvent::Began { at, attempt } => self.began(*at, attempt),
            FlowEvent::Wrote(entry) => self.wrote(entry),
            FlowEvent::Crashed { .. } => Ok(()),
            FlowEvent::GaveBack { at, run_at, avoid } => {
                require(
                    self.busy().is_empty(),
                    "given back while something is in progress",
                )?;
                require(avoid.len() <= 3, "more than three names to avoid")?;
                let is_long = run_at - at > 5_000;
                require(is_long || !avoid.is_empty(), "given back for a short wait")
            }
            FlowEvent::Rested { end, .. } => self.rested(end),
        }
    }

    fn ended(&self, node: &Node) -> bool {
        match node {
            Node::Step(step) => self.steps[&*step.name].ended,
            Node::Group(group) => {
                !self.groups[&*group.name].undoing
                    && group.nodes.iter().all(|node| self.ended(node))
            }
        }
    }

    /// Returns the nodes of a list that must have ended before the one at a place.
    fn before(group: &Group, at: usize) -> Vec<&Node> {
        let after = group.nodes[at].after();
        let nodes = group.nodes.iter().enumerate();
        let is_before = |(other, node): &(usize, &Node)| {
            if after.is_empty() {
                !group.parallel && *other < at
            } else {
                after.iter().any(|name| name == node.name())
            }
        };
        nodes.filter(is_before).map(|(_, node)| node).collect()
    }

    /// Returns whether a step is at or below a node, or must wait for it.
    fn follows(&self, step: &str, node: &str) -> bool {
        let lists = &self.places[step].lists;
        lists.iter().any(|(group, at)| {
            let mut found = vec![&group.nodes[*at]];
            let mut next = 0;
            while next < found.len() {
                let place = group.nodes.iter().position(|node| node == found[next]);
                for node in Self::before(group, place.expect("a node of the list")) {
                    if !found.contains(&node) {
                        found.push(node);
                    }
                }
                next += 1;
            }
            found
                .iter()
                .any(|found| found.name() == node || Self::contains(found, node, *at, group))
        })
    }

    /// A node that must end before, and in which the other is, must end with all that is in it; a
    /// node around the step itself has no meaning for what else is in it.
    fn contains(found: &Node, node: &str, at: usize, group: &Group) -> bool {
        let Node::Group(inner) = found else {
            return false;
        };
        let is_own = group.nodes[at].name() == found.name();
        !is_own
            && inner
                .nodes
                .iter()
                .any(|child| child.name() == node || Self::has(child, node))
    }

    fn has(node: &Node, name: &str) -> bool {
        match node {
            Node::Step(_) => false,
            Node::Group(group) => {
                let mut nodes = group.nodes.iter();
                nodes.any(|node| node.name() == name || Self::has(node, name))
            }
        }
    }

    fn is_undoing(&self, step: &str) -> bool {
        let mut lists = self.places[step].lists.iter();
        lists.any(|(group, _)| self.groups[&*group.name].undoing)
    }

    fn is_in(&self, step: &str, group: &str) -> bool {
        let mut lists = self.places[step].lists.iter();
        lists.any(|(around, _)| around.name == group)
    }

    fn busy(&self) -> Vec<(&'a str, Phase)> {
        let busy = self.steps.iter();
        busy.filter_map(|(name, seen)| Some((*name, seen.busy?.0)))
            .collect()
    }

    fn times(&self, step: &str) -> u32 {
        let step = self.places[step].step;
        match step.try_each.len() {
            0 => step.retry.times,
            values => values as u32,
        }
    }

    fn has_failed(&self, step: &str) -> bool {
        let seen = &self.steps[step];
        let of_when = seen.failures[0] >= self.places[step].step.retry.times;
        seen.failed || of_when || seen.failures[1] >= self.times(step)
    }

    /// Returns the last end of what is to be reverted of a step.
    fn left(&self, step: &str) -> Option<u64> {
        self.places[step].step.revert?;
        self.steps[step].executed
    }

    fn held(&self) -> bool {
        let mut steps = self.steps.iter();
        steps.any(|(name, seen)| {
            seen.interrupted && self.places[name].step.interrupted == Interrupted::Hold
        })
    }

    fn is_back(&self) -> bool {
        let mut names = self.steps.keys();
        let is_left = names.any(|name| self.left(name).is_some());
        matches!(self.way, Way::Back { .. }) && !is_left && !self.held()
    }

    fn exhausted(&self) -> bool {
        let mut steps = self.steps.iter();
        steps.any(|(name, seen)| {
            let terms = self.places[name].step.revert;
            terms.is_some_and(|terms| seen.failures[3] >= terms.times)
        })
    }

    fn is_stuck(&self) -> bool {
        let unchecked = self.steps.iter().any(|(name, seen)| {
            let step = self.places[name].step;
            let is_asked = self.way == Way::On && !self.is_undoing(name);
            is_asked
                && seen.interrupted
                && step.interrupted == Interrupted::Check
                && seen.failures[2] >= step.retry.times
        });
        let is_out = matches!(self.way, Way::Out { .. });
        !is_out && (self.held || self.held() || self.exhausted() || unchecked)
    }

    fn rested(&self, end: &FlowEnd) -> Result<(), String> {
        require(
            self.busy().is_empty(),
            "ended while something is in progress",
        )?;
        let is_left = self.steps.keys().any(|name| self.left(name).is_some());
        let is_right = match end {
            FlowEnd::Succeeded => {
                self.way == Way::On
                    && self
                        .definition
                        .root
                        .nodes
                        .iter()
                        .all(|node| self.ended(node))
            }
            FlowEnd::Failed => match self.way {
                Way::Out { cancelled } => !cancelled,
                Way::Back { cancelled } => !cancelled && !is_left && !self.reverts.1,
                Way::On => false,
            },
            FlowEnd::Reverted => {
                self.way == Way::Back { cancelled: false } && !is_left && self.reverts.1
            }
            FlowEnd::Cancelled => match self.way {
                Way::Out { cancelled } => cancelled,
                Way::Back { cancelled } => cancelled && !is_left,
                Way::On => false,
            },
            FlowEnd::Stuck { .. } => self.is_stuck(),
            FlowEnd::Paused => self.paused,
        };
        require(is_right, &format!("no such end: {:?}", self.way))
    }
}

/// What follows a failure.
#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Round(String),
    Of(OnFailure),
}

fn find<'a>(group: &'a Group, name: &str) -> Option<&'a Group> {
    groups(group).into_iter().find(|group| group.name == name)
}

/// Returns a group and all groups in it.
fn groups(group: &Group) -> Vec<&Group> {
    let inner = group.nodes.iter().filter_map(|node| match node {
        Node::Group(group) => Some(groups(group)),
        Node::Step(_) => None,
    });
    let mut all = vec![group];
    all.extend(inner.flatten());
    all
}
