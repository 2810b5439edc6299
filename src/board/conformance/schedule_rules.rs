//! Schedules: each slot once, files that are applied once, pauses that stay.

use std::time::Duration;

use serde_json::json;

use super::arena::{BoardArena, TestWorker, ends, fresh};
use crate::board::schedule_board::{ScheduleRequest, ScheduleRequestAnswer};
use crate::board::schedule_file::{
    ApplyMode, ScheduleChangeKind, ScheduleEntry, ScheduleFile, ScheduleFileAnswer,
};
use crate::board::schedule_record::ScheduleRecord;
use crate::board::schedule_slot::{DueSchedule, ScheduleNews, SlotAnswer, SlotTaking};
use crate::board::{Board, BoardError, JobFilter, JobState, Post};
use crate::flow::journal::EntryOutcome;
use crate::schedule::{ScheduleSpec, SlotOverlap, SlotTimes};

const MINUTE: i64 = 60_000;

/// Makes a test of each rule for an engine.
macro_rules! schedule_rule_tests {
    ($arena:expr) => {
        $crate::board::conformance::protocol_rules::protocol_rule_tests! {
            schedule_rules, $arena =>
            an_old_content_never_comes_back_by_itself
            a_change_of_times_alone_moves_the_next_slot
            pauses_survive_the_file
            a_schedule_of_another_project_is_left_alone
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

fn spec(job: &str) -> ScheduleSpec {
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

fn entry(name: &str, spec: &ScheduleSpec, next: i64) -> ScheduleEntry {
    ScheduleEntry {
        name: name.to_owned(),
        spec: spec.clone(),
        next: Some(next),
    }
}

fn file(project: &str, content: &str, entries: &[ScheduleEntry]) -> ScheduleFile {
    ScheduleFile {
        project: project.to_owned(),
        content: content.to_owned(),
        entries: entries.to_vec(),
        mode: ApplyMode::WhenNew,
    }
}

/// Puts a schedule on the board whose slot comes in a minute, and returns its name.
fn scheduled(arena: &dyn BoardArena, change: impl Fn(&mut ScheduleSpec)) -> String {
    let name = fresh("schedule");
    let mut spec = spec(&name);
    change(&mut spec);
    let next = arena.clock().millis() + MINUTE;
    let entries = [entry(&name, &spec, next)];
    let applied = arena.board().apply_schedules(&file(&name, "1", &entries));
    assert!(matches!(applied, Ok(ScheduleFileAnswer::Applied(_))));
    name
}

fn record(board: &dyn Board, name: &str) -> Option<ScheduleRecord> {
    let all = board.schedules().unwrap();
    all.into_iter().find(|schedule| schedule.name == name)
}

fn next_of(board: &dyn Board, name: &str) -> Option<i64> {
    record(board, name).unwrap().next
}

fn due(board: &dyn Board, name: &str) -> Option<DueSchedule> {
    let look = board.look_at_schedules(100).unwrap();
    look.due.into_iter().find(|due| due.name == name)
}

/// Returns the post of a job whose definition adds nothing.
fn plain(spec: &ScheduleSpec) -> Post {
    Post::new(&spec.job, spec.args.clone(), String::new())
}

/// Takes the slot of a schedule that is due, and plans the next a minute later.
fn taking(due: &DueSchedule, now: i64) -> SlotTaking {
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

fn take(arena: &dyn BoardArena, name: &str) -> SlotAnswer {
    arena.clock().pass(Duration::from_secs(60));
    let due = due(arena.board(), name).unwrap();
    let taking = taking(&due, arena.clock().millis());
    arena.board().take_slot(&taking).unwrap()
}

fn is_posted(answer: SlotAnswer) -> bool {
    matches!(answer, SlotAnswer::Posted(receipt) if receipt.is_new)
}

fn end(worker: &TestWorker<'_>, definition: &str, state: JobState) {
    let job = worker.claim(definition).unwrap();
    let outcome = match state {
        JobState::Succeeded => EntryOutcome::Succeeded,
        _ => EntryOutcome::Failed,
    };
    worker.report(ends(job.position, outcome, state));
}

fn jobs(board: &dyn Board, definition: &str) -> usize {
    let filter = JobFilter {
        definition: Some(definition.to_owned()),
        limit: 100,
        ..JobFilter::default()
    };
    board.jobs(&filter).unwrap().jobs.len()
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

pub(crate) fn a_slot_is_taken_once_whoever_looks(arena: &dyn BoardArena) {
    let board = arena.board();
    let name = scheduled(arena, |_| ());
    assert_eq!(due(board, &name), None);
    arena.clock().pass(Duration::from_secs(60));
    let due = due(board, &name).unwrap();
    let one = taking(&due, arena.clock().millis());
    let other = SlotTaking {
        next: Some(due.slot + 5 * MINUTE),
        ..one.clone()
    };
    let SlotAnswer::Posted(first) = board.take_slot(&one).unwrap() else {
        panic!("the slot was free");
    };
    assert!(first.is_new);
    let SlotAnswer::Posted(second) = board.take_slot(&other).unwrap() else {
        panic!("a lost answer is read back");
    };
    assert_eq!((second.id, second.is_new), (first.id, false));
    let passed_over = SlotTaking { post: None, ..one };
    assert_eq!(board.take_slot(&passed_over).unwrap(), SlotAnswer::Lost);
    assert_eq!(next_of(board, &name), Some(due.slot + MINUTE));
    assert_eq!(jobs(board, &name), 1);
    let record = record(board, &name).unwrap();
    assert_eq!((record.posted, record.last_slot), (1, Some(due.slot)));
    assert_eq!(
        (record.jobs[0].id, record.jobs[0].slot),
        (first.id, Some(due.slot))
    );
}

pub(crate) fn a_slot_moves_only_with_its_post(arena: &dyn BoardArena) {
    let board = arena.board();
    let name = scheduled(arena, |_| ());
    arena.clock().pass(Duration::from_secs(60));
    let due = due(board, &name).unwrap();
    let mut taking = taking(&due, arena.clock().millis());
    if let Some((_, post)) = &mut taking.post {
        post.definition = "x".repeat(1000);
    }
    assert!(matches!(
        board.take_slot(&taking),
        Err(BoardError::Malformed(_))
    ));
    assert_eq!(next_of(board, &name), Some(due.slot));
    assert_eq!(jobs(board, &name), 0);
}

pub(crate) fn a_schedule_that_has_changed_is_not_taken_as_it_was(arena: &dyn BoardArena) {
    let board = arena.board();
    let name = scheduled(arena, |_| ());
    arena.clock().pass(Duration::from_secs(60));
    let old = due(board, &name).unwrap();
    let mut changed = spec(&name);
    changed.args = json!({"n": 2});
    let entries = [entry(&name, &changed, 7)];
    board.apply_schedules(&file(&name, "2", &entries)).unwrap();
    let now = arena.clock().millis();
    assert_eq!(
        board.take_slot(&taking(&old, now)).unwrap(),
        SlotAnswer::Lost
    );
    let fresh = due(board, &name).unwrap();
    assert_eq!(fresh.slot, old.slot);
    assert!(is_posted(board.take_slot(&taking(&fresh, now)).unwrap()));
}

pub(crate) fn a_slot_waits_until_the_job_before_is_over(arena: &dyn BoardArena) {
    let board = arena.board();
    let name = scheduled(arena, |spec| spec.overlap = SlotOverlap::Wait);
    let worker = TestWorker::join(board).knows(&[&name]);
    assert!(is_posted(take(arena, &name)));
    arena.clock().pass(Duration::from_secs(60));
    assert_eq!(due(board, &name), None, "the job before is not over");
    let record = record(board, &name).unwrap();
    let held = DueSchedule {
        name: name.clone(),
        project: name.clone(),
        version: record.version,
        spec: record.spec,
        slot: record.next.unwrap(),
        last_ended: None,
    };
    let now = arena.clock().millis();
    let answer = board.take_slot(&taking(&held, now)).unwrap();
    assert!(matches!(answer, SlotAnswer::Held(_)), "{answer:?}");
    end(&worker, &name, JobState::Succeeded);
    let free = due(board, &name).unwrap();
    assert_eq!((free.slot, free.last_ended), (held.slot, Some(now)));
    assert!(is_posted(board.take_slot(&taking(&free, now)).unwrap()));
}

pub(crate) fn a_slot_is_skipped_while_the_job_before_is_there(arena: &dyn BoardArena) {
    let name = scheduled(arena, |spec| spec.overlap = SlotOverlap::Skip);
    let worker = TestWorker::join(arena.board()).knows(&[&name]);
    assert!(is_posted(take(arena, &name)));
    assert!(matches!(take(arena, &name), SlotAnswer::Skipped(_)));
    let skipped = record(arena.board(), &name).unwrap();
    assert_eq!((skipped.posted, skipped.skipped), (1, 1));
    end(&worker, &name, JobState::Failed);
    assert!(is_posted(take(arena, &name)));
}

pub(crate) fn all_slots_are_posted_where_overlap_is_allowed(arena: &dyn BoardArena) {
    let name = scheduled(arena, |_| ());
    for _ in 0..3 {
        assert!(is_posted(take(arena, &name)));
    }
    assert_eq!(jobs(arena.board(), &name), 3);
}

pub(crate) fn failures_in_a_row_pause_and_are_reported_once(arena: &dyn BoardArena) {
    let board = arena.board();
    let name = scheduled(arena, |spec| spec.pause_after = Some(2));
    let worker = TestWorker::join(board).knows(&[&name]);
    for state in [JobState::Failed, JobState::Succeeded, JobState::Reverted] {
        assert!(is_posted(take(arena, &name)));
        end(&worker, &name, state);
    }
    assert_eq!(record(board, &name).unwrap().failures, 1);
    assert!(is_posted(take(arena, &name)));
    end(&worker, &name, JobState::Failed);
    let paused = record(board, &name).unwrap();
    let pause = paused.pause.unwrap();
    assert_eq!(
        (pause.by, pause.why.as_str()),
        (None, "2 jobs in a row have failed")
    );
    assert!(board.look_at_schedules(1).unwrap().has_news);
    let news = board.take_schedule_news().unwrap();
    assert_eq!(
        news,
        [ScheduleNews::Paused {
            name: name.clone(),
            failures: 2
        }]
    );
    assert_eq!(board.take_schedule_news().unwrap(), []);
    assert!(!board.look_at_schedules(1).unwrap().has_news);
    arena.clock().pass(Duration::from_secs(600));
    assert_eq!(due(board, &name), None);
    let next = Some(arena.clock().millis() + MINUTE);
    let resume = ScheduleRequest::Resume { next };
    board.request_of_schedule(&name, &resume).unwrap();
    assert_eq!(record(board, &name).unwrap().failures, 0);
}

pub(crate) fn a_job_that_has_not_begun_in_time_is_reported_once(arena: &dyn BoardArena) {
    let board = arena.board();
    let name = scheduled(arena, |spec| spec.late_after = Some(90_000));
    let SlotAnswer::Posted(receipt) = take(arena, &name) else {
        panic!("the slot was free");
    };
    let slot = record(board, &name).unwrap().last_slot.unwrap();
    // The slot after it does not hide it.
    assert!(is_posted(take(arena, &name)));
    assert_eq!(board.take_schedule_news().unwrap(), []);
    arena.clock().pass(Duration::from_secs(30));
    let late = ScheduleNews::Late {
        name: name.clone(),
        job: receipt.id,
        slot,
    };
    assert!(board.look_at_schedules(1).unwrap().has_news);
    assert_eq!(board.take_schedule_news().unwrap(), [late]);
    assert_eq!(board.take_schedule_news().unwrap(), []);
    arena.clock().pass(Duration::from_secs(30));
    let due = due(board, &name).unwrap();
    let taking = taking(&due, arena.clock().millis());
    assert!(is_posted(board.take_slot(&taking).unwrap()));
    let worker = TestWorker::join(board).knows(&[&name]);
    for _ in 0..3 {
        end(&worker, &name, JobState::Succeeded);
    }
    arena.clock().pass(Duration::from_secs(90));
    assert_eq!(
        board.take_schedule_news().unwrap(),
        [ScheduleNews::InTime { name }]
    );
}

pub(crate) fn a_clock_that_is_set_back_makes_no_schedule_silent(arena: &dyn BoardArena) {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let board = arena.board();
    arena.clock().pass(DAY);
    let name = scheduled(arena, |_| ());
    let right = arena.clock().millis();
    arena.clock().pass(DAY);
    let ahead = due(board, &name).unwrap();
    let now = arena.clock().millis();
    let taking = SlotTaking {
        post: Some((now, plain(&ahead.spec).of_slot(&ahead, now, now))),
        next: Some(now + MINUTE),
        ..taking(&ahead, now)
    };
    assert!(is_posted(board.take_slot(&taking).unwrap()));
    arena.clock().set(right + MINUTE);
    let planned_anew = due(board, &name).unwrap();
    assert_eq!(planned_anew.slot, now + MINUTE);
    let anew = SlotTaking {
        due: planned_anew.slot,
        version: planned_anew.version,
        post: None,
        next: Some(right + 2 * MINUTE),
        ..taking
    };
    assert_eq!(board.take_slot(&anew).unwrap(), SlotAnswer::PassedOver);
    assert!(is_posted(take(arena, &name)));
    // An hour is no correction: no slot comes twice.
    arena.clock().set(right - 60 * MINUTE);
    assert_eq!(due(board, &name), None);
}

pub(crate) fn a_run_by_hand_moves_no_slot(arena: &dyn BoardArena) {
    let board = arena.board();
    let name = scheduled(arena, |_| ());
    let next = next_of(board, &name);
    let pause = ScheduleRequest::Pause {
        by: "anna".to_owned(),
        why: String::new(),
    };
    board.request_of_schedule(&name, &pause).unwrap();
    let post = || plain(&spec(&name)).of_schedule(&name, &name, &spec(&name), fresh("by hand"), 5);
    let receipt = board.run_schedule(&name, &post(), false).unwrap().unwrap();
    let after = record(board, &name).unwrap();
    assert_eq!((after.next, after.posted), (next, 0));
    assert_eq!((after.jobs[0].id, after.jobs[0].slot), (receipt.id, None));
    assert_eq!(
        board
            .run_schedule("no such schedule", &post(), false)
            .unwrap(),
        None
    );
}

pub(crate) fn the_look_finds_the_next_slot(arena: &dyn BoardArena) {
    let board = arena.board();
    let name = scheduled(arena, |_| ());
    let next = next_of(board, &name);
    let look = board.look_at_schedules(10).unwrap();
    assert_eq!((look.due.len(), look.next), (0, next));
    arena.clock().pass(Duration::from_secs(60));
    let look = board.look_at_schedules(10).unwrap();
    assert_eq!((look.due.len(), look.next), (1, None));
    assert!(is_posted(take(arena, &name)));
    let look = board.look_at_schedules(10).unwrap();
    assert_eq!(look.due.len(), 1, "a minute more has passed");
}
