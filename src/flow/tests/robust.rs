//! States that no flow of this definition has led to: of other definitions, and of journals that
//! were made up.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::random::{RandomScript, checked, definitions};
use crate::flow::journal::{EntryOutcome, JournalEntry, Phase};
use crate::flow::playback::PLAYED_AT;
use crate::flow::{FlowEnd, FlowEvent, FlowNext, FlowPlan, FlowState};

fn entries() -> impl Strategy<Value = JournalEntry> {
    use EntryOutcome::{
        Cancel, Failed, Interrupted, Kill, Killed, Pause, Resume, Retry, RetryLater, Revert,
        Skipped, Stop, StopNoRevert, Succeeded,
    };
    let phases = [
        Phase::When,
        Phase::Execute,
        Phase::Check,
        Phase::Revert,
        Phase::Round,
        Phase::Request,
        Phase::Decision,
    ];
    let outcomes = [
        Cancel,
        Failed,
        Interrupted,
        Kill,
        Killed,
        Pause,
        Resume,
        Retry,
        RetryLater,
        Revert,
        Skipped,
        Stop,
        StopNoRevert,
        Succeeded,
    ];
    let names = ["", "s1", "s2", "s3", "s4", "g1", "g2", "g3", "gone"];
    let parts = (
        select(phases.to_vec()),
        select(outcomes.to_vec()),
        select(names.to_vec()),
        0..4_u32,
        any::<i32>(),
    );
    parts.prop_map(|(phase, outcome, step, attempt, time)| JournalEntry {
        seq: 0,
        fence: 1,
        step: step.to_owned(),
        phase,
        attempt,
        outcome,
        started: PLAYED_AT,
        ended: PLAYED_AT + i64::from(time),
        code: None,
        kind: None,
        error: None,
        result: Some(time.into()),
        worker: format!("worker-{attempt}"),
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_journal_has_a_state_and_an_advice(
        definition in definitions(),
        mut journal in vec(entries(), 0..40),
        now in any::<i32>(),
    ) {
        for (entry, seq) in journal.iter_mut().zip(1..) {
            entry.seq = seq;
        }
        let plan = Arc::new(FlowPlan::new(definition).expect("a valid definition"));
        let mut state = FlowState::of(&plan, 7, &journal, &[]);
        let now = PLAYED_AT + i64::from(now);
        let advice = state.advise(now, 4, "worker-1");
        prop_assert!(advice.begin.len() <= 4);
        let is_end = matches!(advice.next, FlowNext::End(_));
        prop_assert!(!is_end || advice.begin.is_empty());
        let entries = state.follow(&advice, now, 1, "worker-1");
        prop_assert_eq!(entries.len(), advice.decisions.len());
        // What was decided is not decided again.
        prop_assert_eq!(state.advise(now, 4, "worker-1").decisions, []);
        let picture = state.picture(now);
        prop_assert!(picture.lines().count() > plan.definition().root.steps().len());
    }

    #[test]
    fn a_journal_of_another_definition_leads_somewhere(
        old in definitions(),
        new in definitions(),
        seed in any::<u64>(),
    ) {
        let mut script = RandomScript::new(&old, seed, 30, 4);
        let journal = checked(&old, 4, &mut script).expect("an allowed history").journal;
        let new = Arc::new(FlowPlan::new(new).expect("a valid definition"));
        for length in 0..=journal.len() {
            let state = FlowState::of(&new, 7, &journal[..length], &[]);
            let advice = state.advise(PLAYED_AT, 4, "worker-1");
            let waits = matches!(advice.next, FlowNext::Wait { until: None });
            prop_assert!(!waits || !advice.begin.is_empty(), "it waits for nothing");
        }
    }
}

#[test]
fn random_histories_reach_whatever_a_flow_can_do() {
    let mut runner = TestRunner::deterministic();
    let mut reached = BTreeSet::new();
    for seed in 0..400 {
        let tree = definitions().new_tree(&mut runner).expect("a definition");
        let definition = tree.current();
        let mut script = RandomScript::new(&definition, seed, 30, 10);
        let history = checked(&definition, 2, &mut script).expect("an allowed history");
        assert!(script.looks > 1);
        for event in &history.events {
            reached.insert(word(event));
        }
    }
    let expected = [
        "cancelled",
        "check failed",
        "check interrupted",
        "check skipped",
        "check succeeded",
        "decision failed",
        "decision revert",
        "decision skipped",
        "decision stopnorevert",
        "execute failed",
        "execute interrupted",
        "execute killed",
        "execute retrylater",
        "execute succeeded",
        "failed",
        "given back",
        "given back elsewhere",
        "paused",
        "request cancel",
        "request kill",
        "request pause",
        "request resume",
        "request retry",
        "request revert",
        "request skipped",
        "request stop",
        "request stopnorevert",
        "revert failed",
        "revert interrupted",
        "revert killed",
        "revert retrylater",
        "revert succeeded",
        "reverted",
        "round retry",
        "round revert",
        "stuck",
        "succeeded",
        "when failed",
        "when interrupted",
        "when killed",
        "when retrylater",
        "when skipped",
        "when succeeded",
    ];
    let missing: Vec<&str> = expected
        .into_iter()
        .filter(|word| !reached.contains(*word))
        .collect();
    assert_eq!(missing, [""; 0], "of {reached:?}");
}

fn word(event: &FlowEvent) -> String {
    match event {
        FlowEvent::Wrote(entry) => format!("{:?} {:?}", entry.phase, entry.outcome).to_lowercase(),
        FlowEvent::GaveBack { avoid, .. } if avoid.is_empty() => "given back".to_owned(),
        FlowEvent::GaveBack { .. } => "given back elsewhere".to_owned(),
        FlowEvent::Rested { end, .. } => match end {
            FlowEnd::Stuck { .. } => "stuck".to_owned(),
            end => format!("{end:?}").to_lowercase(),
        },
        FlowEvent::Claimed { .. } => "claimed".to_owned(),
        FlowEvent::Began { .. } => "began".to_owned(),
        FlowEvent::Crashed { .. } => "crashed".to_owned(),
    }
}
