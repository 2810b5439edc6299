//! The checker refuses histories that are not allowed: each is one that was played, with a fault
//! put in.

use super::checker::check;
use super::make::{definition, history, job, nodes, parallel, plain, step, terms};
use crate::flow::definition::{FlowDefinition, Group, Step};
use crate::flow::journal::{EntryOutcome, Phase};
use crate::flow::{ChosenEnds, FlowEnd, FlowEvent, FlowHistory};

fn list() -> FlowDefinition {
    let b = Step {
        retry: terms(2, 10),
        ..step("b")
    };
    job(nodes![step("a"), b, plain("c"), step("d")])
}

fn failing() -> FlowHistory {
    history(list(), ChosenEnds::default().fails("b", 1).fails("d", 1))
}

/// Returns what the checker has against a history in which something was changed.
fn verdict(
    definition: &FlowDefinition,
    mut history: FlowHistory,
    change: impl FnOnce(&mut Vec<FlowEvent>),
) -> String {
    assert_eq!(check(definition, 4, &history), Ok(()));
    change(&mut history.events);
    check(definition, 4, &history).err().unwrap_or_default()
}

fn began(events: &[FlowEvent], step: &str, phase: Phase) -> usize {
    let is_it = |event: &FlowEvent| match event {
        FlowEvent::Began { attempt, .. } => attempt.step == step && attempt.phase == phase,
        _ => false,
    };
    events.iter().position(is_it).expect("it began")
}

#[test]
fn reverts_in_the_wrong_order() {
    let wrong = verdict(&list(), failing(), |events| {
        let (of_b, of_a) = (
            began(events, "b", Phase::Revert),
            began(events, "a", Phase::Revert),
        );
        events.swap(of_b, of_a);
    });
    assert!(
        wrong.contains("reverted before what ended later"),
        "{wrong}"
    );
}

#[test]
fn a_revert_that_is_left_out() {
    let wrong = verdict(&list(), failing(), |events| {
        let at = began(events, "a", Phase::Revert);
        events.drain(at..at + 2);
    });
    assert!(wrong.contains("no such end"), "{wrong}");
}

#[test]
fn a_step_that_begins_early_twice_or_late() {
    let wrong = verdict(&list(), failing(), |events| {
        let (a, c) = (
            began(events, "a", Phase::Execute),
            began(events, "c", Phase::Execute),
        );
        let early = events.remove(c);
        events.insert(a + 1, early);
    });
    assert!(wrong.contains("`a` has not ended"), "{wrong}");
    let wrong = verdict(&list(), failing(), |events| {
        let a = began(events, "a", Phase::Execute);
        events.insert(a, events[a].clone());
    });
    assert!(wrong.contains("while it is in progress"), "{wrong}");
    let wrong = verdict(&list(), failing(), |events| {
        let a = began(events, "a", Phase::Execute);
        let again = events[a].clone();
        let decided = events.iter().position(|event| match event {
            FlowEvent::Wrote(entry) => entry.phase == Phase::Decision,
            _ => false,
        });
        events.insert(decided.expect("a decision") + 1, again);
    });
    assert!(wrong.contains("after the job had turned"), "{wrong}");
}

#[test]
fn a_wait_that_is_cut_short() {
    let wrong = verdict(&list(), failing(), |events| {
        for event in events {
            if let FlowEvent::Began { at, attempt } = event
                && attempt.step == "b"
                && attempt.attempt == 2
            {
                *at -= 3_000;
            }
        }
    });
    assert!(wrong.contains("before its wait was over"), "{wrong}");
}

#[test]
fn a_journal_with_a_gap() {
    let wrong = verdict(&list(), failing(), |events| {
        for event in events {
            if let FlowEvent::Wrote(entry) = event {
                entry.seq += u64::from(entry.seq > 2);
            }
        }
    });
    assert!(wrong.contains("the journal has a gap"), "{wrong}");
}

#[test]
fn an_end_that_is_not_the_right_one() {
    for end in [FlowEnd::Succeeded, FlowEnd::Failed, FlowEnd::Cancelled] {
        let wrong = verdict(&list(), failing(), |events| {
            if let Some(FlowEvent::Rested { end: known, .. }) = events.last_mut() {
                *known = end;
            }
        });
        assert!(wrong.contains("no such end"), "{wrong}");
    }
}

#[test]
fn a_round_that_begins_before_the_last_was_reverted() {
    let group = Group {
        retry: terms(2, 0),
        ..parallel("g", nodes![step("a"), step("b")])
    };
    let rounds = definition(parallel("", nodes![group, plain("c")]));
    let played = || history(rounds.clone(), ChosenEnds::default().fails("b", 1));
    let wrong = verdict(&rounds, played(), |events| {
        let at = began(events, "a", Phase::Revert);
        let wrote = |event: &FlowEvent| match event {
            FlowEvent::Wrote(entry) => entry.phase == Phase::Revert && entry.step == "a",
            _ => false,
        };
        let end = events.iter().position(wrote).expect("it ended");
        events.remove(end);
        events.remove(at);
        let mut seq = 0;
        for event in events {
            if let FlowEvent::Wrote(entry) = event {
                seq += 1;
                entry.seq = seq;
            }
        }
    });
    assert!(wrong.contains("before the last was reverted"), "{wrong}");
    let wrong = verdict(&rounds, played(), |events| {
        for event in events {
            if let FlowEvent::Wrote(entry) = event
                && entry.phase == Phase::Round
                && entry.outcome == EntryOutcome::Revert
            {
                entry.attempt = 3;
            }
        }
    });
    assert!(wrong.contains("rounds have gaps"), "{wrong}");
}
