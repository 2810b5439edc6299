//! Flows as text.

use std::time::Duration;

use super::make::{
    definition, history, job, names, nodes, parallel, plain, plan, sequence, step, terms,
};
use crate::flow::definition::{FlowDefinition, Group, Interrupted, OnFailure, RetryTerms, Step};
use crate::flow::journal::{Doing, EntryOutcome, JournalEntry, Phase};
use crate::flow::playback::PLAYED_AT;
use crate::flow::{ChosenEnds, FlowState};

/// The flow of a video, as the page shows it.
fn video() -> FlowDefinition {
    let retry = |times, secs| RetryTerms {
        factor: 2.0,
        max: Duration::from_secs(300),
        ..terms(times, secs)
    };
    let fetch = Step {
        retry: retry(3, 10),
        ..step("fetch")
    };
    let subtitles = Step {
        has_when: true,
        on_failure: Some(OnFailure::Continue),
        ..plain("subtitles")
    };
    let index = Step {
        after: names(&["cdn"]),
        interrupted: Interrupted::Check,
        revert: Some(terms(2, 1)),
        ..step("index")
    };
    let mirrors = Step {
        try_each: vec!["de".into(), "fr".into()],
        ..step("cdn")
    };
    let publish = Group {
        retry: terms(3, 30),
        ..parallel("publish", nodes![mirrors, index])
    };
    job(nodes![
        fetch,
        parallel("encode", nodes![plain("hd"), plain("uhd"), plain("audio")]),
        subtitles,
        publish,
        plain("notify")
    ])
}

#[test]
fn a_plan_is_a_tree_with_what_is_written_of_each_step() {
    insta::assert_snapshot!(plan(video()).picture(), @r"
    job           on failure: revert
    ├─ fetch      up to 3 tries, 10s apart, doubling, at most 5m; has a revert
    ├─ encode     in parallel
    │  ├─ hd
    │  ├─ uhd
    │  └─ audio
    ├─ subtitles  may be skipped; on failure: continue
    ├─ publish    in parallel; up to 3 rounds, 30s apart
    │  ├─ cdn     tries 2 values; has a revert
    │  └─ index   after cdn; has a revert (up to 2 tries, 1s apart); is checked when
    │             interrupted
    └─ notify
    ");
}

#[test]
fn a_job_shows_where_each_step_stands() {
    let ends = ChosenEnds::default()
        .fails("fetch", 1)
        .takes("uhd", 472_000)
        .ends("subtitles", Phase::When, &[EntryOutcome::Skipped])
        .fails("index", 1);
    let played = history(video(), ends);
    let last_but_two = played.journal.len() - 3;
    let journal = &played.journal[..last_but_two];
    let now = journal.last().expect("an entry").ended;
    let doing = Doing {
        step: "cdn".to_owned(),
        phase: Phase::Execute,
        attempt: 1,
        since: now,
    };
    let state = FlowState::of(&plan(video()), 0, journal, &[doing]);
    insta::assert_snapshot!(state.picture(now + 47_000), @r"
    job
    ├─ ✓ fetch      done in 1s (2 of 3)
    ├─ encode       in parallel
    │  ├─ ✓ hd      done in 1s
    │  ├─ ✓ uhd     done in 7m 52s
    │  └─ ✓ audio   done in 1s
    ├─ – subtitles  skipped
    ├─ publish      in parallel; round 2 of 3
    │  ├─ ▸ cdn     running for 47s (1 of 2)
    │  └─ · index   not begun
    └─ · notify     not begun
    ");
}

#[test]
fn a_job_that_is_stuck_shows_why() {
    let list = || {
        let b = Step {
            retry: terms(2, 60),
            ..step("b")
        };
        job(nodes![step("a"), sequence("inner", nodes![b]), plain("c")])
    };
    let ends = ChosenEnds::default().fails("b", 2).revert_fails("b", 5);
    let played = history(list(), ends);
    let state = FlowState::of(&plan(list()), 0, &played.journal, &[]);
    insta::assert_snapshot!(state.picture(PLAYED_AT + 3_600_000), @r"
    job        stuck: the revert of `b` failed 5 times
    ├─ ✓ a     done in 1s
    ├─ inner
    │  └─ ✗ b  its revert failed (5 of 5): it failed
    └─ · c     not begun
    ");
    let early = FlowState::of(&plan(list()), 0, &played.journal[..2], &[]);
    let now = played.journal[1].ended + 10_000;
    insta::assert_snapshot!(early.picture(now), @r"
    job
    ├─ ✓ a     done in 1s
    ├─ inner
    │  └─ ✗ b  failed after 1s (1 of 2), again in 52s: it failed
    └─ · c     not begun
    ");
}

#[test]
fn a_job_that_is_stuck_or_cancelled_is_tried_no_more() {
    let job = || job(nodes![step("a"), step("b")]);
    let ends = ChosenEnds::default().fails("b", 2).revert_fails("a", 5);
    let mut journal = history(job(), ends).journal;
    let last = journal.last().unwrap().clone();
    let picture = |journal: &[JournalEntry]| {
        let now = journal.last().unwrap().ended + 1;
        FlowState::of(&plan(job()), 0, journal, &[]).picture(now)
    };
    assert!(picture(&journal[..journal.len() - 1]).contains("again in"));
    assert!(
        !picture(&journal).contains("again in"),
        "{}",
        picture(&journal)
    );
    journal.push(JournalEntry {
        seq: last.seq + 1,
        step: String::new(),
        phase: Phase::Request,
        outcome: EntryOutcome::StopNoRevert,
        error: None,
        ..last.clone()
    });
    insta::assert_snapshot!(picture(&journal), @r"
    job     stuck: the revert of `a` failed 5 times
    ├─ ✗ a  its revert failed (5 of 5)
    └─ ↩ b  reverted in 1s: it failed
    ");
}

#[test]
fn nothing_is_wider_than_eighty_columns() {
    let long = "a-name-that-somebody-found-good-and-that-is-rather-long";
    let step = |name: &str| Step {
        has_when: true,
        elsewhere: true,
        interrupted: Interrupted::Hold,
        on_failure: Some(OnFailure::Stop),
        retry: RetryTerms {
            factor: 2.0,
            ..terms(9, 90)
        },
        ..step(name)
    };
    let inner = sequence(
        "inner",
        nodes![step("b"), sequence("last", nodes![step(long)])],
    );
    let picture = plan(definition(sequence("", nodes![step("a"), inner]))).picture();
    for line in picture.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    insta::assert_snapshot!(picture, @r"
    job         on failure: revert
    ├─ a        may be skipped; up to 9 tries, 1m 30s apart, doubling; each try on
    │           another worker; has a revert; holds the job when interrupted; on
    │           failure: stop
    └─ inner
       ├─ b     may be skipped; up to 9 tries, 1m 30s apart, doubling; each try on
       │        another worker; has a revert; holds the job when interrupted; on
       │        failure: stop
       └─ last
          └─ a-name-that-somebody-found-good-and-that-is-rather-long
                may be skipped; up to 9 tries, 1m 30s apart, doubling; each try on
                another worker; has a revert; holds the job when interrupted; on
                failure: stop
    ");
}
