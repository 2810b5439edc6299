//! What a reap makes of the jobs of a worker that crashed.

use super::arena::{BoardArena, TestWorker, check_journal, doing, ends, lane, post};
use super::protocol_rules::{begun, outcomes, state};
use crate::board::{
    JobRequest, JobState, LaneWish, ReapAnswer, RequestAnswer, Transition, TransitionVerdict,
};
use crate::flow::journal::{EntryOutcome, Phase};

use TransitionVerdict::{Accepted, Stale};

/// A worker claims the job, begins these steps and dies.
fn crash(arena: &dyn BoardArena, steps: &[&str]) -> ReapAnswer {
    let worker = TestWorker::join(arena.board()).knows(&["d"]);
    let job = worker.claim("d").unwrap();
    let doing = steps.iter().map(|step| doing(step)).collect();
    assert_eq!(
        worker.report(Transition::begin(job.position, doing)),
        Accepted
    );
    worker.is_reaped()
}

pub(crate) fn crashes_at_the_same_steps_make_a_job_stuck(arena: &dyn BoardArena) {
    let id = post(arena.board(), "d");
    for _ in 0..2 {
        let answer = crash(arena, &["a", "b"]);
        assert!(matches!(answer, ReapAnswer::Reaped { released, .. } if released == [id]));
    }
    let answer = crash(arena, &["b", "a"]);
    assert!(matches!(answer, ReapAnswer::Reaped { stuck, .. } if stuck == [id]));
    let job = arena.board().job(id).unwrap().unwrap();
    assert_eq!((job.state, job.crashes), (JobState::Stuck, 3));
    assert!(job.reason.is_some() && job.ended.is_some());
    // A person looks: the count begins anew.
    let retry = JobRequest::Retry { from: None };
    let answer = arena.board().request(id, &retry).unwrap();
    assert_eq!(answer, RequestAnswer::Done(JobState::Waiting));
    assert_eq!(arena.board().job(id).unwrap().unwrap().crashes, 0);
}

pub(crate) fn crashes_at_other_steps_are_counted_anew(arena: &dyn BoardArena) {
    let id = post(arena.board(), "d");
    for steps in [&["a"][..], &["b"], &["a"], &["a", "b"], &["a"]] {
        let answer = crash(arena, steps);
        assert!(matches!(answer, ReapAnswer::Reaped { released, .. } if released == [id]));
        assert_eq!(arena.board().job(id).unwrap().unwrap().crashes, 1);
    }
}

pub(crate) fn the_end_of_a_step_ends_its_count_of_crashes(arena: &dyn BoardArena) {
    let id = post(arena.board(), "d");
    crash(arena, &["a"]);
    crash(arena, &["a"]);
    let worker = TestWorker::join(arena.board()).knows(&["d"]);
    let job = worker.claim("d").unwrap();
    assert_eq!(job.crashes, 2);
    let failed = ends(job.position, EntryOutcome::Failed, JobState::Waiting);
    assert_eq!(worker.report(failed), Accepted);
    assert_eq!(arena.board().job(id).unwrap().unwrap().crashes, 0);
}

pub(crate) fn a_reap_interrupts_each_attempt_in_progress(arena: &dyn BoardArena) {
    let id = post(arena.board(), "d");
    let worker = TestWorker::join(arena.board()).knows(&["d"]);
    let at = worker.claim("d").unwrap().position;
    let mut revert = doing("c");
    revert.phase = Phase::Revert;
    revert.attempt = 4;
    let begin = Transition::begin(at, vec![doing("a"), doing("b"), revert]);
    assert_eq!(worker.report(begin), Accepted);
    worker.is_reaped();
    let journal = check_journal(arena.board(), id);
    let expected = ["a", "b", "c"].map(|step| (step, EntryOutcome::Interrupted));
    assert_eq!(outcomes(&journal), expected);
    let last = &journal[2];
    assert_eq!(
        (last.phase, last.attempt, last.started),
        (Phase::Revert, 4, 5)
    );
    assert_eq!((&last.worker, last.fence), (&worker.name, at.fence));
    assert_eq!(last.ended, arena.clock().millis());
}

pub(crate) fn a_late_begin_hides_no_attempt(arena: &dyn BoardArena) {
    let (worker, at) = begun(arena, "d");
    let both = Transition::begin(at, vec![doing("a"), doing("b")]);
    assert_eq!(worker.report(both), Accepted);
    let late = Transition::begin(at, vec![doing("a")]);
    assert_eq!(worker.report(late), Stale);
    worker.is_reaped();
    let journal = check_journal(arena.board(), at.id);
    let expected = ["a", "b"].map(|step| (step, EntryOutcome::Interrupted));
    assert_eq!(outcomes(&journal), expected);
}

pub(crate) fn what_begins_with_the_claim_is_interrupted_by_a_reap(arena: &dyn BoardArena) {
    let worker = TestWorker::join(arena.board()).knows(&["d"]);
    let id = post(arena.board(), "d");
    let first = LaneWish {
        first: vec![doing("a")],
        ..lane("d")
    };
    let job = worker.look(first.clone(), 1).pop().unwrap();
    assert_eq!(job.doing[0].since, arena.clock().millis());
    worker.is_reaped();
    let expected = [("a", EntryOutcome::Interrupted)];
    assert_eq!(outcomes(&check_journal(arena.board(), id)), expected);
    // Only an empty journal begins so.
    let other = TestWorker::join(arena.board()).knows(&["d"]);
    let job = other.look(first, 1).pop().unwrap();
    assert_eq!((job.doing, job.journal.len()), (Vec::new(), 1));
}

pub(crate) fn a_stop_outlives_a_reap(arena: &dyn BoardArena) {
    let (worker, at) = begun(arena, "d");
    let asked = arena.board().request(at.id, &JobRequest::Stop).unwrap();
    assert_eq!(asked, RequestAnswer::Asked);
    worker.is_reaped();
    let other = TestWorker::join(arena.board()).knows(&["d"]);
    let job = other.claim("d").unwrap();
    let expected = [("a", EntryOutcome::Interrupted), ("", EntryOutcome::Stop)];
    assert_eq!(outcomes(&job.journal), expected);
    assert_eq!(job.journal[1].phase, Phase::Request);
    assert_eq!(job.position.seq, 2);
}

pub(crate) fn a_stop_of_what_never_began_ends_it_at_the_reap(arena: &dyn BoardArena) {
    let worker = TestWorker::join(arena.board()).knows(&["d"]);
    let id = post(arena.board(), "d");
    worker.claim("d").unwrap();
    arena.board().request(id, &JobRequest::Kill).unwrap();
    let answer = worker.is_reaped();
    assert!(matches!(answer, ReapAnswer::Reaped { settled, .. } if settled == [id]));
    let job = arena.board().job(id).unwrap().unwrap();
    assert_eq!((job.state, job.request), (JobState::Cancelled, None));
}

pub(crate) fn a_pause_outlives_a_reap(arena: &dyn BoardArena) {
    let (worker, at) = begun(arena, "d");
    arena.board().request(at.id, &JobRequest::Pause).unwrap();
    worker.is_reaped();
    assert_eq!(state(arena, at), JobState::Paused);
    let other = TestWorker::join(arena.board()).knows(&["d"]);
    assert_eq!(other.claim("d"), None);
    arena.board().request(at.id, &JobRequest::Resume).unwrap();
    assert_eq!(other.claim("d").unwrap().position.id, at.id);
}
