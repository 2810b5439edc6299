//! Schedules: files that are applied once, pauses that stay.

use std::time::Duration;

use serde_json::json;

use super::arena::{BoardArena, fresh};
use crate::board::schedule_board::{ScheduleRequest, ScheduleRequestAnswer};
use crate::board::schedule_file::{
    ApplyMode, ScheduleChangeKind, ScheduleEntry, ScheduleFile, ScheduleFileAnswer,
};
use crate::board::schedule_record::ScheduleRecord;
use crate::board::schedule_slot::{DueSchedule, SlotAnswer, SlotTaking};
use crate::board::{Board, Post};
use crate::schedule::{ScheduleSpec, SlotOverlap, SlotTimes};

pub(super) const MINUTE: i64 = 60_000;

/// Makes a test of each rule for an engine.
macro_rules! schedule_rule_tests {
    ($arena:expr $(, #[$meta:meta])?) => {
        $crate::board::conformance::protocol_rules::protocol_rule_tests! {
            schedule_rules, $arena $(, #[$meta])? =>
            an_old_content_never_comes_back_by_itself
            a_change_of_times_alone_moves_the_next_slot
            pauses_survive_the_file
            a_schedule_of_another_project_is_left_alone
        }
        $crate::board::conformance::protocol_rules::protocol_rule_tests! {
            slot_rules, $arena $(, #[$meta])? =>
            a_slot_is_taken_once_whoever_looks
            a_slot_moves_only_with_its_post
            a_schedule_that_has_changed_is_not_taken_as_it_was
            a_slot_waits_until_the_job_before_is_over
            a_slot_is_skipped_while_the_job_before_is_there
            all_slots_are_posted_where_overlap_is_allowed
            failures_in_a_row_pause_and_are_reported_once
            a_job_that_has_not_begun_in_time_is_reported_once
            a_clock_that_is_set_back_makes_no_schedule_silent
            a_run_by_hand_moves_no_slot
            the_look_finds_the_next_slot
        }
    };
}
pub(crate) use schedule_rule_tests;

pub(super) fn spec(job: &str) -> ScheduleSpec {
    ScheduleSpec {
        job: job.to_owned(),
        args: json!({}),
        times: SlotTimes {
            every: Some(60_000),
            ..SlotTimes::default()
        },
        overlap: SlotOverlap::Allow,
        ..ScheduleSpec::default()
    }
}

pub(super) fn entry(name: &str, spec: &ScheduleSpec, next: i64) -> ScheduleEntry {
    ScheduleEntry {
        name: name.to_owned(),
        spec: spec.clone(),
        next: Some(next),
    }
}

pub(super) fn file(project: &str, content: &str, entries: &[ScheduleEntry]) -> ScheduleFile {
    ScheduleFile {
        project: project.to_owned(),
        content: content.to_owned(),
        entries: entries.to_vec(),
        mode: ApplyMode::WhenNew,
    }
}

/// Puts a schedule on the board whose slot comes in a minute, and returns its name.
pub(super) fn scheduled(arena: &dyn BoardArena, change: impl Fn(&mut ScheduleSpec)) -> String {
    let name = fresh("schedule");
    let mut spec = spec(&name);
    change(&mut spec);
    let next = arena.clock().millis() + MINUTE;
    let entries = [entry(&name, &spec, next)];
    let applied = arena.board().apply_schedules(&file(&name, "1", &entries));
    assert!(matches!(applied, Ok(ScheduleFileAnswer::Applied(_))));
    name
}

pub(super) fn record(board: &dyn Board, name: &str) -> Option<ScheduleRecord> {
    let all = board.schedules().unwrap();
    all.into_iter().find(|schedule| schedule.name == name)
}

pub(super) fn next_of(board: &dyn Board, name: &str) -> Option<i64> {
    record(board, name).unwrap().next
}

pub(super) fn due(board: &dyn Board, name: &str) -> Option<DueSchedule> {
    let look = board.look_at_schedules(100).unwrap();
    look.due.into_iter().find(|due| due.name == name)
}

/// Returns the post of a job whose definition adds nothing.
pub(super) fn plain(spec: &ScheduleSpec) -> Post {
    Post::new(&spec.job, spec.args.clone(), String::new())
}

/// Takes the slot of a schedule that is due, and plans the next a minute later.
pub(super) fn taking(due: &DueSchedule, now: i64) -> SlotTaking {
    SlotTaking {
        name: due.name.clone(),
        version: due.version,
        due: due.slot,
        post: Some((due.slot, plain(&due.spec).of_slot(due, due.slot, now))),
        every_worker: false,
        missed: 0,
        next: Some(due.slot + MINUTE),
    }
}

pub(super) fn take(arena: &dyn BoardArena, name: &str) -> SlotAnswer {
    arena.clock().pass(Duration::from_secs(60));
    let due = due(arena.board(), name).unwrap();
    let taking = taking(&due, arena.clock().millis());
    arena.board().take_slot(&taking).unwrap()
}

pub(super) fn is_posted(answer: SlotAnswer) -> bool {
    matches!(answer, SlotAnswer::Posted(receipt) if receipt.is_new)
}

pub(crate) fn an_old_content_never_comes_back_by_itself(arena: &dyn BoardArena) {
    let board = arena.board();
    let (first, second) = (spec("a"), spec("b"));
    let name = fresh("schedule");
    let old = file(&name, "old", &[entry(&name, &first, 5)]);
    let new = file(&name, "new", &[entry(&name, &second, 6)]);
    let kinds = |answer| match answer {
        ScheduleFileAnswer::Applied(changes) => {
            changes.into_iter().map(|change| change.kind).collect()
        }
        _ => Vec::new(),
    };
    let applied = board.apply_schedules(&old).unwrap();
    assert_eq!(kinds(applied), [ScheduleChangeKind::Added]);
    assert_eq!(
        board.apply_schedules(&old).unwrap(),
        ScheduleFileAnswer::AsBefore
    );
    let before = Box::new(first.clone());
    let applied = board.apply_schedules(&new).unwrap();
    assert_eq!(kinds(applied), [ScheduleChangeKind::Changed { before }]);
    let at = arena.clock().millis();
    assert_eq!(
        board.apply_schedules(&old).unwrap(),
        ScheduleFileAnswer::Replaced { at }
    );
    assert_eq!(record(board, &name).unwrap().spec, second);
    // A person may want it back; then the other one is the old one.
    let wanted = ScheduleFile {
        mode: ApplyMode::Anyhow,
        ..old
    };
    let before = Box::new(second);
    let applied = board.apply_schedules(&wanted).unwrap();
    assert_eq!(kinds(applied), [ScheduleChangeKind::Changed { before }]);
    assert_eq!(record(board, &name).unwrap().spec, first);
    assert_eq!(
        board.apply_schedules(&new).unwrap(),
        ScheduleFileAnswer::Replaced { at }
    );
    // Without its schedule, it is removed.
    let empty = board.apply_schedules(&file(&name, "empty", &[])).unwrap();
    assert_eq!(kinds(empty), [ScheduleChangeKind::Removed]);
    assert_eq!(record(board, &name), None);
    // A project that never had one leaves no trace.
    let none = board.apply_schedules(&file(&fresh("project"), "empty", &[]));
    assert_eq!(none.unwrap(), ScheduleFileAnswer::AsBefore);
}

pub(crate) fn a_change_of_times_alone_moves_the_next_slot(arena: &dyn BoardArena) {
    let board = arena.board();
    let name = scheduled(arena, |_| ());
    let next = next_of(board, &name);
    let mut changed = spec("other");
    board
        .apply_schedules(&file(&name, "2", &[entry(&name, &changed, 99)]))
        .unwrap();
    assert_eq!(next_of(board, &name), next);
    changed.times.every = Some(120_000);
    board
        .apply_schedules(&file(&name, "3", &[entry(&name, &changed, 99)]))
        .unwrap();
    assert_eq!(next_of(board, &name), Some(99));
}

pub(crate) fn pauses_survive_the_file(arena: &dyn BoardArena) {
    let board = arena.board();
    let name = scheduled(arena, |_| ());
    let pause = ScheduleRequest::Pause {
        by: "anna".to_owned(),
        why: "move".to_owned(),
    };
    let ask = |request| board.request_of_schedule(&name, request).unwrap();
    assert_eq!(ask(&pause), ScheduleRequestAnswer::Done);
    assert_eq!(ask(&pause), ScheduleRequestAnswer::AsBefore);
    board.apply_schedules(&file(&name, "2", &[])).unwrap();
    assert_eq!(ask(&pause), ScheduleRequestAnswer::Missing);
    let entries = [entry(&name, &spec("other"), 7)];
    board.apply_schedules(&file(&name, "3", &entries)).unwrap();
    let pause = record(board, &name).unwrap().pause.unwrap();
    assert_eq!(
        (pause.by.as_deref(), pause.why.as_str()),
        (Some("anna"), "move")
    );
    arena.clock().pass(Duration::from_secs(3600));
    assert_eq!(due(board, &name), None, "a paused schedule posts nothing");
    let next = arena.clock().millis() + MINUTE;
    let resume = ScheduleRequest::Resume { next: Some(next) };
    assert_eq!(ask(&resume), ScheduleRequestAnswer::Done);
    assert_eq!(ask(&resume), ScheduleRequestAnswer::AsBefore);
    assert_eq!(
        (due(board, &name), next_of(board, &name)),
        (None, Some(next))
    );
    assert!(is_posted(take(arena, &name)));
}

pub(crate) fn a_schedule_of_another_project_is_left_alone(arena: &dyn BoardArena) {
    let board = arena.board();
    let name = scheduled(arena, |_| ());
    let stranger = fresh("project");
    let mut theirs = file(&stranger, "1", &[entry(&name, &spec("theirs"), 7)]);
    let answer = board.apply_schedules(&theirs).unwrap();
    let ScheduleFileAnswer::Applied(changes) = answer else {
        panic!("{answer:?}");
    };
    let project = name.clone();
    assert_eq!(changes[0].kind, ScheduleChangeKind::OfAnother { project });
    assert_eq!(record(board, &name).unwrap().project, name);
    theirs.mode = ApplyMode::Anyhow;
    board.apply_schedules(&theirs).unwrap();
    let record = record(board, &name).unwrap();
    assert_eq!(
        (record.project, record.spec.job),
        (stranger, "theirs".to_owned())
    );
}
