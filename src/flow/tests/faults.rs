//! What is wrong with definitions, one case for each fault.

use super::make::{
    definition, errors, job, names, nodes, parallel, plain, reads, sequence, step, terms,
};
use crate::flow::definition::{
    FlowDefinition, Group, Interrupted, Node, OnFailure, RetryTerms, Step,
};

/// Returns the texts of the faults, each with the node that it is about.
fn faults(definition: FlowDefinition) -> Vec<String> {
    let errors = errors(definition);
    let texts = errors
        .iter()
        .map(|error| format!("{}: {error}", error.node()));
    texts.collect()
}

fn after(name: &str, others: &[&str]) -> Step {
    Step {
        after: names(others),
        ..plain(name)
    }
}

fn reader(name: &str, read: &str) -> Step {
    Step {
        reads: [reads(read, false)].into(),
        ..plain(name)
    }
}

#[test]
fn a_job_and_its_groups_have_steps() {
    assert_eq!(faults(job(nodes![])), [": the job has no step"]);
    let empty = faults(job(nodes![plain("a"), sequence("g", nodes![])]));
    assert_eq!(empty, ["g: the group `g` has no step"]);
}

#[test]
fn names_are_unique_and_plain_words() {
    let found = faults(job(nodes![
        plain("a"),
        sequence("g", nodes![plain("a"), plain("b c"), plain("job")]),
        plain("")
    ]));
    let expected = [
        "a: two steps or groups are named `a`; rename one of them",
        "b c: `b c` cannot be a name: use letters, digits, `_` and `-`",
        "job: `job` cannot be a name: `{job}` stands for something else; choose another",
        ": `` cannot be a name: use letters, digits, `_` and `-`",
    ];
    assert_eq!(found, expected);
}

#[test]
fn after_names_nodes_of_the_same_list() {
    let found = faults(job(nodes![
        plain("fetch"),
        after("a", &["fetsh"]),
        after("b", &["inner"]),
        after("c", &["nothing-like-it"]),
        sequence("g", nodes![plain("inner")])
    ]));
    let expected = [
        "a: `a` is to begin after `fetsh`, which is unknown; did you mean `fetch`?",
        "b: `b` is to begin after `inner`, which is in another list; name the group in this one",
        "c: `c` is to begin after `nothing-like-it`, which is unknown; name a step or group of \
         this list",
    ];
    assert_eq!(found, expected);
}

#[test]
fn nodes_do_not_wait_for_each_other() {
    let beside = |nodes: Vec<Node>| faults(definition(parallel("", nodes)));
    let found = beside(nodes![
        plain("x"),
        after("a", &["x", "c"]),
        after("b", &["a"]),
        after("c", &["b"])
    ]);
    let expected = "a: `a` waits for `c` waits for `b` waits for `a`: change `after`";
    assert_eq!(found, [expected]);
    let found = beside(nodes![after("a", &["a"])]);
    assert_eq!(found, ["a: `a` waits for `a`: change `after`"]);
    // In a sequence the later one waits for all before.
    let found = faults(job(nodes![after("a", &["b"]), plain("b")]));
    assert_eq!(
        found,
        ["a: `a` waits for `b` waits for `a`: change `after`"]
    );
}

#[test]
fn terms_of_retries_mean_something() {
    let a = Step {
        retry: terms(0, 1),
        revert: Some(RetryTerms {
            factor: 0.5,
            ..terms(0, 1)
        }),
        ..plain("a")
    };
    let group = Group {
        retry: terms(0, 1),
        ..sequence("g", nodes![a])
    };
    let found = faults(definition(Group {
        retry: terms(0, 1),
        ..sequence("", nodes![group])
    }));
    let expected = [
        ": `retry.times` of the job is 0; 1 is a single try",
        "g: `retry.times` of `g` is 0; 1 is a single try",
        "a: `retry.times` of `a` is 0; 1 is a single try",
        "a: `revert.retry.times` of `a` is 0; 1 is a single try",
        "a: `revert.retry.factor` of `a` is less than 1",
    ];
    assert_eq!(found, expected);
}

#[test]
fn try_each_and_retry_exclude_each_other() {
    let found = faults(job(nodes![Step {
        try_each: vec![1.into()],
        retry: terms(2, 1),
        ..plain("a")
    }]));
    let expected = "a: `a` has both `try_each` and `retry`; repeat values in `try_each` instead";
    assert_eq!(found, [expected]);
}

#[test]
fn elsewhere_is_not_for_steps_beside_others() {
    let elsewhere = |name: &str| Step {
        elsewhere: true,
        retry: terms(2, 0),
        ..plain(name)
    };
    assert_eq!(faults(job(nodes![elsewhere("a")])), [""; 0]);
    let inner = sequence("inner", nodes![elsewhere("a")]);
    let found = faults(job(nodes![parallel("g", nodes![inner, plain("b")])]));
    let expected = "a: `a` has `elsewhere`, but steps of `g` may be in progress beside it; put \
                    them in sequence";
    assert_eq!(found, [expected]);
    let found = faults(job(nodes![plain("x"), elsewhere("a"), after("b", &["x"])]));
    let expected = "a: `a` has `elsewhere`, but steps of the job may be in progress beside it; \
                    put them in sequence";
    assert_eq!(found, [expected]);
}

#[test]
fn what_is_reverted_when_interrupted_has_a_revert() {
    let interrupted = |step| Step {
        interrupted: Interrupted::Revert,
        ..step
    };
    assert_eq!(faults(job(nodes![interrupted(step("a"))])), [""; 0]);
    let found = faults(job(nodes![interrupted(plain("a"))]));
    let expected = "a: `a` is to be reverted when interrupted, and has no `revert`; add one";
    assert_eq!(found, [expected]);
}

#[test]
fn a_step_reads_what_an_earlier_step_gives() {
    let group = sequence("g", nodes![plain("inner")]);
    let fine = job(nodes![
        plain("a"),
        reader("b", "a"),
        group,
        reader("c", "inner")
    ]);
    assert_eq!(faults(fine), [""; 0]);
    let beside = definition(parallel(
        "",
        nodes![
            plain("a"),
            reader("b", "a"),
            reader("c", "g"),
            reader("d", "ab"),
            sequence("g", nodes![reader("self", "self")])
        ],
    ));
    let expected = [
        "b: `b` reads the result of `a`, which need not have ended by then; add `after`",
        "c: `c` reads the result of `g`, which is a group; name one of its steps",
        "d: `d` reads the result of `ab`, which is unknown; name an earlier step",
        "self: `self` reads the result of `self`, which need not have ended by then; add `after`",
    ];
    assert_eq!(faults(beside), expected);
    let graph = definition(parallel(
        "",
        nodes![
            plain("a"),
            after("b", &["a"]),
            Step {
                after: names(&["b"]),
                ..reader("c", "a")
            }
        ],
    ));
    assert_eq!(faults(graph), [""; 0]);
}

#[test]
fn a_result_that_may_be_missing_has_a_default() {
    let asked = Step {
        has_when: true,
        ..plain("a")
    };
    let found = faults(job(nodes![asked.clone(), reader("b", "a")]));
    let expected = "b: `b` reads the result of `a`, which may be skipped; write a default: \
                    `{a.KEY|default}`";
    assert_eq!(found, [expected]);
    let with_default = Step {
        reads: [reads("a", true)].into(),
        ..plain("b")
    };
    assert_eq!(faults(job(nodes![asked, with_default])), [""; 0]);
    let group = Group {
        on_failure: Some(OnFailure::Continue),
        ..sequence("g", nodes![plain("a")])
    };
    let found = faults(job(nodes![group, reader("b", "a")]));
    let expected = "b: `b` reads the result of `a`, which may fail without ending the job; write \
                    a default: `{a.KEY|default}`";
    assert_eq!(found, [expected]);
}
