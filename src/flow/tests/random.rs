//! Random definitions, played with random ends, requests and crashes.

use std::sync::Arc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::checker::check;
use crate::core::hash;
use crate::flow::definition::{
    FlowDefinition, Group, Interrupted, Node, OnFailure, RetryTerms, Step,
};
use crate::flow::journal::{EntryOutcome, JournalEntry, Phase};
use crate::flow::{
    AttemptStart, FlowEnd, FlowHistory, FlowPlan, FlowScript, FlowState, Intervention, PlayPoint,
    PlayTerms, PlayedEnd, play,
};

// ---- definitions ----

fn terms(most: u32) -> impl Strategy<Value = RetryTerms> {
    let every = select(vec![0, 1_000, 4_000, 20_000]);
    (1..=most, every, select(vec![1.0, 2.0])).prop_map(|(times, every, factor)| RetryTerms {
        times,
        every: if times == 1 {
            Duration::ZERO
        } else {
            Duration::from_millis(every)
        },
        factor: if times == 1 { 1.0 } else { factor },
        max: if times == 1 {
            Duration::MAX
        } else {
            Duration::from_secs(30)
        },
    })
}

fn answers() -> impl Strategy<Value = Option<OnFailure>> {
    let answers = vec![OnFailure::Revert, OnFailure::Stop, OnFailure::Continue];
    option::weighted(0.25, select(answers))
}

fn steps() -> impl Strategy<Value = Node> {
    let kinds = select(vec![
        Interrupted::Again,
        Interrupted::Again,
        Interrupted::Check,
        Interrupted::Revert,
        Interrupted::Hold,
    ]);
    let parts = (
        terms(3),
        option::weighted(0.7, terms(3)),
        answers(),
        kinds,
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.2),
        option::weighted(0.15, 1..4_usize),
    );
    parts.prop_map(
        |(retry, revert, on_failure, interrupted, has_when, elsewhere, each)| {
            let values = each.map_or(0, |each| each);
            Node::Step(Step {
                retry: if values > 0 { RetryTerms::ONCE } else { retry },
                try_each: (0..values).map(|value| value.into()).collect(),
                revert,
                on_failure,
                interrupted: match (interrupted, revert) {
                    (Interrupted::Revert, None) => Interrupted::Again,
                    (kind, _) => kind,
                },
                has_when,
                elsewhere,
                ..Step::default()
            })
        },
    )
}

fn lists(nodes: BoxedStrategy<Node>, most: usize) -> impl Strategy<Value = Group> {
    let nodes = vec((nodes, vec(any::<prop::sample::Index>(), 0..2)), 1..=most);
    let is_graph = prop::bool::weighted(0.3);
    (nodes, any::<bool>(), is_graph, terms(3), answers()).prop_map(
        |(nodes, parallel, is_graph, retry, on_failure)| Group {
            // The place of an earlier node of the list for now; names come later.
            nodes: nodes
                .into_iter()
                .enumerate()
                .map(|(at, (node, after))| {
                    let earlier = after.iter().filter(|_| is_graph && at > 0);
                    with_after(
                        node,
                        earlier.map(|other| other.index(at).to_string()).collect(),
                    )
                })
                .collect(),
            parallel,
            retry: if retry.times == 3 {
                RetryTerms { times: 2, ..retry }
            } else {
                RetryTerms::ONCE
            },
            on_failure,
            ..Group::default()
        },
    )
}

fn with_after(mut node: Node, after: Vec<String>) -> Node {
    match &mut node {
        Node::Step(step) => step.after = after,
        Node::Group(group) => group.after = after,
    }
    node
}

/// Valid definitions of up to about a dozen steps.
pub(crate) fn definitions() -> impl Strategy<Value = FlowDefinition> {
    let tree = steps().prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            2 => steps(),
            1 => lists(inner, 3).prop_map(Node::Group)
        ]
    });
    lists(tree.boxed(), 4).prop_map(|mut root| {
        name(&mut root, &mut 0, false);
        FlowDefinition {
            name: "random".to_owned(),
            root,
        }
    })
}

fn name(group: &mut Group, next: &mut usize, is_busy: bool) {
    for node in &mut group.nodes {
        *next += 1;
        match node {
            Node::Step(step) => step.name = format!("s{next}"),
            Node::Group(group) => group.name = format!("g{next}"),
        }
        if let Node::Group(inner) = node {
            name(inner, next, false);
        }
    }
    let names: Vec<String> = group
        .nodes
        .iter()
        .map(|node| node.name().to_owned())
        .collect();
    let is_graph = group.nodes.iter().any(|node| !node.after().is_empty());
    let is_busy = is_busy || group.parallel || is_graph;
    for node in &mut group.nodes {
        let places = node
            .after()
            .iter()
            .filter_map(|place| place.parse::<usize>().ok());
        let mut after: Vec<String> = places.map(|place| names[place].clone()).collect();
        after.dedup();
        if let Node::Group(group) = node {
            alone(group, is_busy);
        }
        if let Node::Step(step) = node {
            step.elsewhere &= !is_busy;
        }
        *node = with_after(node.clone(), after);
    }
}

/// What has steps beside it is not tried elsewhere.
fn alone(group: &mut Group, is_busy: bool) {
    for node in &mut group.nodes {
        match node {
            Node::Step(step) => step.elsewhere &= !is_busy,
            Node::Group(group) => alone(group, is_busy),
        }
    }
}

// ---- scripts ----

/// A script that is chosen by a seed.
#[derive(Clone, Debug)]
pub(crate) struct RandomScript {
    seed: u64,
    /// How many in a hundred attempts fail.
    failing: u64,
    /// How many crashes, give-backs, late answers and requests are left.
    budget: u32,
    count: u64,
    steps: Vec<String>,
    pub(crate) looks: usize,
}

impl RandomScript {
    pub(crate) fn new(definition: &FlowDefinition, seed: u64, failing: u64, budget: u32) -> Self {
        let steps = definition.root.steps().into_iter();
        RandomScript {
            seed,
            failing,
            budget,
            count: 0,
            steps: steps.map(|step| step.name.clone()).collect(),
            looks: 0,
        }
    }

    /// Returns a number below a bound.
    fn below(&mut self, bound: u64) -> u64 {
        self.count += 1;
        let key = [self.seed.to_le_bytes(), self.count.to_le_bytes()].concat();
        let hash = hash::fnv1a(&key);
        (hash ^ (hash >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15) % 1_000_003 % bound
    }

    fn is_one_in(&mut self, many: u64) -> bool {
        let is_one = self.budget > 0 && self.below(many) == 0;
        self.budget -= u32::from(is_one);
        is_one
    }

    fn some_step(&mut self) -> String {
        let at = self.below(self.steps.len() as u64);
        self.steps[at as usize].clone()
    }
}

impl FlowScript for RandomScript {
    fn end(&mut self, attempt: &AttemptStart) -> PlayedEnd {
        let outcome = if self.is_one_in(12) {
            EntryOutcome::RetryLater
        } else if self.below(100) < self.failing {
            EntryOutcome::Failed
        } else if matches!(attempt.phase, Phase::When | Phase::Check) && self.below(3) == 0 {
            EntryOutcome::Skipped
        } else {
            EntryOutcome::Succeeded
        };
        PlayedEnd {
            takes: self.below(4) as i64 * 1_000,
            ..PlayedEnd::plain(outcome)
        }
    }

    fn intervene(&mut self, point: PlayPoint<'_>) -> Option<Intervention> {
        use EntryOutcome::{Kill, Pause, Resume, Stop, StopNoRevert};
        if self.is_one_in(15) {
            return Some(Intervention::Crash);
        }
        if point == PlayPoint::Between && self.is_one_in(25) {
            let requests = [Stop, Kill, Kill, StopNoRevert, Pause, Resume];
            let at = self.below(requests.len() as u64) as usize;
            return Some(Intervention::Request(requests[at], String::new()));
        }
        self.is_one_in(30).then_some(Intervention::Leave)
    }

    fn request_at_rest(&mut self, end: &FlowEnd) -> Option<(EntryOutcome, String)> {
        use EntryOutcome::{Cancel, Kill, Resume, Retry, Revert, Skipped, Stop};
        let is_over = matches!(end, FlowEnd::Succeeded | FlowEnd::Cancelled);
        if is_over || self.budget == 0 {
            return None;
        }
        self.budget -= 1;
        let step = match end {
            FlowEnd::Stuck { step, .. } if !step.is_empty() && self.below(2) == 0 => step.clone(),
            _ => self.some_step(),
        };
        let requests: &[EntryOutcome] = match end {
            FlowEnd::Paused => &[Resume, Resume, Stop, Kill],
            _ => &[Retry, Retry, Skipped, Revert, Cancel],
        };
        let outcome = requests[self.below(requests.len() as u64) as usize];
        let is_whole = match outcome {
            Retry => self.below(2) == 0,
            Skipped => false,
            _ => true,
        };
        Some((outcome, if is_whole { String::new() } else { step }))
    }

    fn observe(&mut self, state: &FlowState, journal: &[JournalEntry]) {
        self.looks += 1;
        let folded = FlowState::of(state.plan(), 7, journal, state.doing());
        assert_eq!(folded, *state, "the fold of the journal is another state");
    }
}

/// Plays a definition, and checks what happened.
pub(crate) fn checked(
    definition: &FlowDefinition,
    slots: usize,
    script: &mut dyn FlowScript,
) -> Result<FlowHistory, String> {
    let plan = FlowPlan::new(definition.clone()).map_err(|errors| format!("{errors:?}"))?;
    let terms = PlayTerms {
        slots,
        workers: 2 + slots % 2,
        seed: 7,
        most_events: 20_000,
    };
    let history = play(&Arc::new(plan), terms, script);
    let checked = check(definition, slots, &history);
    checked.map_err(|wrong| format!("{wrong}\n{}", history.in_full()))?;
    Ok(history)
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_history_is_one_that_the_definition_allows(
        definition in definitions(),
        seed in any::<u64>(),
        failing in select(vec![0_u64, 15, 40, 80]),
        budget in 0..14_u32,
        slots in 1..5_usize,
    ) {
        let mut script = RandomScript::new(&definition, seed, failing, budget);
        let checked = checked(&definition, slots, &mut script);
        prop_assert!(checked.is_ok(), "{}", checked.err().unwrap_or_default());
    }
}
