//! Each slot of a schedule is taken once.

use std::time::Duration;

use serde_json::json;

use super::arena::{BoardArena, TestWorker, ends, fresh};
use super::schedule_rules::{
    MINUTE, due, entry, file, is_posted, next_of, plain, record, scheduled, spec, take, taking,
};
use crate::board::schedule_board::ScheduleRequest;
use crate::board::schedule_slot::{DueSchedule, ScheduleNews, SlotAnswer, SlotTaking};
use crate::board::{Board, BoardError, JobFilter, JobState};
use crate::flow::journal::EntryOutcome;
use crate::schedule::SlotOverlap;

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
