//! The cases of the table, one for each call and state.

use std::time::Duration;

use serde_json::json;

use super::arena::{BoardArena, TestWorker, check_journal, doing, ends, entry, fresh, lane, post};
use super::state_table::{Cell, Situation, TABLE, TableCall};
use crate::board::{
    Board, BoardError, ClaimWish, GiveBack, JobId, JobPosition, JobRequest, JobState, KeepLimits,
    KeyRule, LaneWish, LeftoverFate, Post, PostLimit, ReapAnswer, RequestAnswer, Transition,
    TransitionVerdict,
};
use crate::flow::journal::EntryOutcome;

/// A job in a situation, with the worker that held it last, and what that worker reported last.
struct Subject<'a> {
    id: JobId,
    post: Post,
    worker: TestWorker<'a>,
    at: JobPosition,
    last: Transition,
}

/// Runs all cases on fresh boards.
pub(crate) fn all(arena: impl Fn() -> Box<dyn BoardArena>) {
    for (call, cells) in TABLE {
        let arena = arena();
        for (situation, cell) in Situation::ALL.into_iter().zip(cells) {
            one(&*arena, call, situation, cell);
        }
    }
}

fn one(arena: &dyn BoardArena, call: TableCall, situation: Situation, cell: Cell) {
    let case = format!("{call:?} in {situation:?}");
    let board = arena.board();
    let subject = subject(arena, situation, lane_of(call));
    if call == TableCall::ReapWithStopAsked && situation == Situation::Running {
        let asked = board.request(subject.id, &JobRequest::Stop).unwrap();
        assert_eq!(asked, RequestAnswer::Asked, "{case}");
    }
    let before = board.job(subject.id).unwrap().unwrap();
    assert_eq!(before.state, situation.state(), "{case}: before");
    assert_eq!(answer(arena, &subject, call, situation), cell, "{case}");
    let after = board.job(subject.id).unwrap();
    let state = after.as_ref().map(|job| job.state);
    assert_eq!(state, cell.after(situation.state()), "{case}: after");
    if cell.changes_nothing() {
        assert_eq!(after, Some(before), "{case}");
    }
    if after.is_some() {
        check_journal(board, subject.id);
    }
}

fn lane_of(call: TableCall) -> LaneWish {
    LaneWish {
        max_crashes: if call == TableCall::ReapAtMostCrashes {
            1
        } else {
            3
        },
        ..lane(&fresh("d"))
    }
}

fn subject(arena: &dyn BoardArena, situation: Situation, lane: LaneWish) -> Subject<'_> {
    let board = arena.board();
    let worker = TestWorker::join(board);
    let is_limited = situation.state() == JobState::Limited;
    let limit = is_limited.then(|| PostLimit {
        key: lane.definition.clone(),
        most: 1,
    });
    let worker = match is_limited {
        true => worker.knows_with_limit(&lane.definition, 1),
        false => worker.knows(&[&lane.definition]),
    };
    if situation == Situation::Limited {
        fill_limit(board, &lane, limit.clone());
    }
    let post = Post {
        key: Some(fresh("key")),
        limit,
        ..Post::new(&lane.definition, json!({}), fresh("posting"))
    };
    let id = board.post(&post).unwrap().id;
    let at = JobPosition {
        id,
        fence: 0,
        seq: 0,
    };
    let last = ends(at, EntryOutcome::Succeeded, JobState::Succeeded);
    let mut subject = Subject {
        id,
        post,
        worker,
        at,
        last,
    };
    match situation {
        Situation::Waiting | Situation::Limited => {}
        Situation::LimitedBegun => {
            subject.held(lane.clone(), EntryOutcome::Failed, JobState::Stuck);
            fill_limit(board, &lane, subject.post.limit.clone());
            let retry = JobRequest::Retry { from: None };
            let answer = board.request(id, &retry).unwrap();
            assert_eq!(answer, RequestAnswer::Done(JobState::Limited));
        }
        Situation::Paused => pause(board, id),
        Situation::WaitingBegun => subject.held(lane, EntryOutcome::RetryLater, JobState::Waiting),
        Situation::PausedBegun => {
            subject.held(lane, EntryOutcome::RetryLater, JobState::Waiting);
            pause(board, id);
        }
        Situation::Running => subject.held(lane, EntryOutcome::Succeeded, JobState::Running),
        Situation::Succeeded => subject.held(lane, EntryOutcome::Succeeded, JobState::Succeeded),
        Situation::Failed => subject.held(lane, EntryOutcome::Failed, JobState::Failed),
        Situation::Reverted => subject.held(lane, EntryOutcome::Failed, JobState::Reverted),
        Situation::Cancelled => subject.held(lane, EntryOutcome::Killed, JobState::Cancelled),
        Situation::Stuck => subject.held(lane, EntryOutcome::Failed, JobState::Stuck),
    }
    subject
}

/// Has a job of the limit run, which holds the only place.
fn fill_limit(board: &dyn Board, lane: &LaneWish, limit: Option<PostLimit>) {
    let post = Post {
        limit,
        ..Post::new(&lane.definition, json!({}), fresh("posting"))
    };
    let holder = board.post(&post).unwrap().id;
    let worker = TestWorker::join(board).knows_with_limit(&lane.definition, 1);
    assert_eq!(worker.claim(&lane.definition).unwrap().position.id, holder);
}

fn pause(board: &dyn Board, id: JobId) {
    let answer = board.request(id, &JobRequest::Pause).unwrap();
    assert_eq!(answer, RequestAnswer::Done(JobState::Paused));
}

impl Subject<'_> {
    /// The worker claims the job and reports one entry.
    fn held(&mut self, lane: LaneWish, outcome: EntryOutcome, state: JobState) {
        let claimed = self.worker.look(lane, 1).pop().unwrap();
        self.last = ends(claimed.position, outcome, state);
        if state == JobState::Running {
            self.last.doing = vec![doing("b")];
        }
        let verdict = self.worker.report(self.last.clone());
        assert_eq!(verdict, TransitionVerdict::Accepted);
        self.at = self.last.after();
    }

    fn report(&self, at: JobPosition) -> Transition {
        Transition {
            entries: vec![entry(at, "b", EntryOutcome::Succeeded)],
            ..ends(at, EntryOutcome::Succeeded, JobState::Succeeded)
        }
    }
}

fn answer(
    arena: &dyn BoardArena,
    subject: &Subject<'_>,
    call: TableCall,
    situation: Situation,
) -> Cell {
    let board = arena.board();
    let at = subject.at;
    let older_fence = JobPosition {
        fence: at.fence.saturating_sub(1),
        ..at
    };
    let older_seq = JobPosition {
        seq: at.seq.wrapping_sub(1).min(at.seq + 5),
        ..at
    };
    match call {
        TableCall::PostSamePosting => posted(board, subject, KeyRule::Fail, false),
        TableCall::PostKeep => posted(board, subject, KeyRule::Keep, true),
        TableCall::PostReplace => posted(board, subject, KeyRule::Replace, true),
        TableCall::PostFail => posted(board, subject, KeyRule::Fail, true),
        TableCall::Claim => claimed(board, subject),
        TableCall::Advance => reported(&subject.worker, subject.report(at)),
        TableCall::AdvanceAgain => reported(&subject.worker, subject.last.clone()),
        TableCall::AdvanceStaleFence => reported(&subject.worker, subject.report(older_fence)),
        TableCall::AdvanceStaleSeq => reported(&subject.worker, subject.report(older_seq)),
        TableCall::AdvanceOtherSession => reported(&TestWorker::join(board), subject.report(at)),
        TableCall::GiveBack => given_back(board, subject),
        TableCall::Leave => {
            board.leave(subject.worker.session).unwrap();
            taken(board, subject, situation)
        }
        TableCall::Reap | TableCall::ReapAtMostCrashes | TableCall::ReapWithStopAsked => {
            let answer = subject.worker.is_reaped();
            assert!(
                matches!(answer, ReapAnswer::Reaped { kept: 0, .. }),
                "{answer:?}"
            );
            taken(board, subject, situation)
        }
        TableCall::Gc => removed(arena, subject),
        _ => requested(board, subject.id, call),
    }
}

fn posted(board: &dyn Board, subject: &Subject<'_>, if_there: KeyRule, is_other: bool) -> Cell {
    let posting = match is_other {
        true => fresh("posting"),
        false => subject.post.posting.clone(),
    };
    let post = Post {
        posting,
        if_there,
        ..subject.post.clone()
    };
    let state = |id| board.job(id).unwrap().unwrap().state;
    let before = state(subject.id);
    match board.post(&post) {
        Ok(receipt) if receipt.id == subject.id => {
            assert!(!receipt.is_new);
            Cell::There
        }
        Ok(receipt) => {
            let waits = [JobState::Waiting, JobState::Limited];
            assert!(receipt.is_new && waits.contains(&state(receipt.id)));
            match before == state(subject.id) {
                true => Cell::New,
                false => Cell::Replaced,
            }
        }
        Err(BoardError::KeyTaken { id, state }) => {
            assert_eq!((id, state), (subject.id, before));
            Cell::KeyTaken
        }
        Err(error) => panic!("{error}"),
    }
}

fn claimed(board: &dyn Board, subject: &Subject<'_>) -> Cell {
    let definition = &subject.post.definition;
    let worker = TestWorker::join(board);
    let worker = match subject.post.limit {
        Some(_) => worker.knows_with_limit(definition, 1),
        None => worker.knows(&[definition]),
    };
    let Some(job) = worker.claim(definition) else {
        return Cell::NotClaimed;
    };
    assert_eq!(job.position.id, subject.id);
    assert!(job.position.fence > subject.at.fence && job.position.seq == subject.at.seq);
    assert_eq!(job.journal, board.journal(subject.id).unwrap());
    Cell::Claimed
}

fn reported(worker: &TestWorker<'_>, transition: Transition) -> Cell {
    let stale = |worker: &TestWorker<'_>| {
        let workers = worker.board.workers().unwrap();
        let found = workers.iter().find(|other| other.session == worker.session);
        found.unwrap().stale
    };
    let before = stale(worker);
    let verdict = worker
        .advance(vec![transition], ClaimWish::default())
        .verdicts[0];
    let counted = stale(worker) - before;
    assert_eq!(counted, u64::from(verdict == TransitionVerdict::Stale));
    match verdict {
        TransitionVerdict::Accepted => Cell::Accepted,
        TransitionVerdict::Repeated => Cell::Repeated,
        TransitionVerdict::Stale => Cell::Stale,
    }
}

fn given_back(board: &dyn Board, subject: &Subject<'_>) -> Cell {
    let job = GiveBack {
        position: subject.at,
        fate: LeftoverFate::Interrupted,
    };
    let verdicts = board.give_back(subject.worker.session, &[job]).unwrap();
    match verdicts[..] {
        [TransitionVerdict::Stale] => Cell::Stale,
        _ => {
            let job = board.job(subject.id).unwrap().unwrap();
            assert_eq!(job.crashes, 0, "a give-back is no crash");
            Cell::Released(job.state)
        }
    }
}

fn taken(board: &dyn Board, subject: &Subject<'_>, situation: Situation) -> Cell {
    let job = board.job(subject.id).unwrap().unwrap();
    if situation != Situation::Running {
        return Cell::NothingTaken;
    }
    let journal = board.journal(subject.id).unwrap();
    let cut_off = journal
        .iter()
        .filter(|entry| entry.outcome == EntryOutcome::Interrupted);
    assert_eq!(
        cut_off.map(|entry| entry.step.as_str()).collect::<Vec<_>>(),
        ["b"]
    );
    assert_eq!((job.owner, job.doing), (None, Vec::new()));
    Cell::Released(job.state)
}

fn requested(board: &dyn Board, id: JobId, call: TableCall) -> Cell {
    let request = match call {
        TableCall::Stop => JobRequest::Stop,
        TableCall::StopNoRevert => JobRequest::StopNoRevert,
        TableCall::Kill => JobRequest::Kill,
        TableCall::Pause => JobRequest::Pause,
        TableCall::Resume => JobRequest::Resume,
        TableCall::Retry => JobRequest::Retry { from: None },
        TableCall::Skip => JobRequest::Skip {
            step: "a".to_owned(),
        },
        TableCall::Revert => JobRequest::Revert,
        TableCall::Cancel => JobRequest::Cancel,
        TableCall::Priority => JobRequest::Priority(1),
        other => panic!("{other:?} is no request"),
    };
    match board.request(id, &request).unwrap() {
        RequestAnswer::Done(state) => Cell::Done(state),
        RequestAnswer::Asked => Cell::Asked,
        RequestAnswer::AsBefore(_) => Cell::AsBefore,
        RequestAnswer::Over(_) => Cell::Over,
        RequestAnswer::Impossible(_) => Cell::Impossible,
        other => panic!("{other:?}"),
    }
}

fn removed(arena: &dyn BoardArena, subject: &Subject<'_>) -> Cell {
    let board = arena.board();
    // A job that is posted now is kept, whatever its end.
    let fresh_job = post(board, &subject.post.definition);
    arena.clock().pass(Duration::from_secs(91 * 86_400));
    while board.gc(&KeepLimits::default()).unwrap().has_more {}
    assert!(board.job(fresh_job).unwrap().is_some());
    match board.job(subject.id).unwrap() {
        None => {
            assert_eq!(board.journal(subject.id).unwrap(), []);
            Cell::Removed
        }
        Some(_) => Cell::Kept,
    }
}
