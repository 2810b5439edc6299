//! What changes the shape of a definition, and what does not.

use super::make::{definition, job, names, nodes, parallel, plain, reads, sequence, step, terms};
use crate::flow::definition::{FlowDefinition, Group, Interrupted, OnFailure, Step};

fn some() -> FlowDefinition {
    let fetch = Step {
        retry: terms(3, 10),
        ..step("fetch")
    };
    job(nodes![
        fetch,
        parallel("publish", nodes![step("cdn"), plain("index")])
    ])
}

#[test]
fn a_shape_is_the_same_in_every_release() {
    assert_eq!(some().shape(), "4341e9d9d277ed5d");
}

#[test]
fn what_a_journal_depends_on_changes_the_shape() {
    let a = || plain("a");
    let one = |step: Step| job(nodes![step, plain("b")]);
    let mut all = vec![
        some(),
        one(a()),
        one(step("a")),
        one(plain("c")),
        job(nodes![plain("b"), a()]),
        job(nodes![a(), plain("b"), plain("c")]),
        definition(parallel("", nodes![a(), plain("b")])),
        job(nodes![sequence("g", nodes![a(), plain("b")])]),
        job(nodes![sequence("g", nodes![a()]), plain("b")]),
        one(Step {
            retry: terms(2, 0),
            ..a()
        }),
        one(Step {
            retry: terms(2, 1),
            ..a()
        }),
        one(Step {
            revert: Some(terms(2, 1)),
            ..a()
        }),
        one(Step {
            try_each: vec![1.into(), 2.into()],
            ..a()
        }),
        one(Step {
            try_each: vec![2.into(), 1.into()],
            ..a()
        }),
        one(Step {
            on_failure: Some(OnFailure::Stop),
            ..a()
        }),
        one(Step {
            interrupted: Interrupted::Hold,
            ..a()
        }),
        one(Step {
            has_when: true,
            ..a()
        }),
        one(Step {
            elsewhere: true,
            ..a()
        }),
        job(nodes![
            a(),
            Step {
                after: names(&["a"]),
                ..plain("b")
            }
        ]),
        definition(Group {
            retry: terms(2, 0),
            ..sequence("", nodes![a(), plain("b")])
        }),
        FlowDefinition {
            name: "other".to_owned(),
            ..one(a())
        },
    ];
    let count = all.len();
    all.sort_by_key(FlowDefinition::shape);
    all.dedup_by_key(|definition| definition.shape());
    assert_eq!(all.len(), count);
}

#[test]
fn what_no_journal_depends_on_does_not() {
    let reader = Step {
        reads: [reads("a", false)].into(),
        ..plain("b")
    };
    let with = job(nodes![plain("a"), reader]);
    assert_eq!(with.shape(), job(nodes![plain("a"), plain("b")]).shape());
    let after = |others: &[&str]| {
        let c = Step {
            after: names(others),
            ..plain("c")
        };
        definition(parallel("", nodes![plain("a"), plain("b"), c])).shape()
    };
    assert_eq!(after(&["a", "b"]), after(&["b", "a"]));
}
