//! The rules of the protocol that a board keeps, each with the story that follows without it
//! (`PROTOCOL.md` beside the model).

use std::time::Duration;

use super::arena::{
    BoardArena, TestWorker, check_journal, doing, ends, entry, identity, lane, post,
};
use crate::board::{
    Advance, Beat, BoardError, ClaimWish, GiveBack, JobPosition, JobRequest, JobState, LaneWish,
    LeftoverFate, PendingRequest, Reap, ReapAnswer, RequestAnswer, Transition, TransitionVerdict,
    lease_end,
};
use crate::flow::journal::{EntryOutcome, JournalEntry, Phase};

use TransitionVerdict::{Accepted, Repeated, Stale};

/// Makes a test of each rule for an engine.
macro_rules! protocol_rule_tests {
    ($arena:expr $(, #[$meta:meta])?) => {
        $crate::board::conformance::protocol_rules::protocol_rule_tests! {
            protocol_rules, $arena $(, #[$meta])? =>
            a_late_end_does_not_end_the_next_attempt
            a_stopped_worker_that_wakes_changes_nothing
            only_a_living_session_claims
            beats_revive_no_session_that_was_reaped
            an_advance_counts_as_a_beat
            a_reap_with_an_old_counter_takes_nothing
            the_early_reap_is_for_the_same_host_alone
            each_job_has_a_deadline_of_its_own
            an_idle_session_is_reaped_after_a_minute
            a_late_give_back_changes_nothing
            a_job_of_a_lost_answer_is_given_back_as_it_was
            fences_rise_with_each_claim
            a_stronger_request_replaces_a_weaker_and_its_entry_ends_it
            a_batch_takes_the_good_and_refuses_the_late
        }
        $crate::board::conformance::protocol_rules::protocol_rule_tests! {
            crash_rules, $arena $(, #[$meta])? =>
            crashes_at_the_same_steps_make_a_job_stuck
            crashes_at_other_steps_are_counted_anew
            the_end_of_a_step_ends_its_count_of_crashes
            a_reap_interrupts_each_attempt_in_progress
            a_late_begin_hides_no_attempt
            what_begins_with_the_claim_is_interrupted_by_a_reap
            a_stop_outlives_a_reap
            a_stop_of_what_never_began_ends_it_at_the_reap
            a_pause_outlives_a_reap
        }
    };
    ($module:ident, $arena:expr $(, #[$meta:meta])? => $($rule:ident)*) => {
        $crate::board::conformance::protocol_rules::protocol_rule_tests!(@each [$(#[$meta])?] $module, $arena => $($rule)*);
    };
    (@each $metas:tt $module:ident, $arena:expr => $($rule:ident)*) => {
        $(
            $crate::board::conformance::protocol_rules::protocol_rule_tests!(@one $metas $module, $arena => $rule);
        )*
    };
    (@one [$(#[$meta:meta])?] $module:ident, $arena:expr => $rule:ident) => {
            #[test]
            $(#[$meta])?
            fn $rule() {
                $crate::board::conformance::$module::$rule(&$arena);
            }
    };
}
pub(crate) use protocol_rule_tests;

pub(super) fn begun<'a>(
    arena: &'a dyn BoardArena,
    definition: &str,
) -> (TestWorker<'a>, JobPosition) {
    let worker = TestWorker::join(arena.board()).knows(&[definition]);
    let id = post(arena.board(), definition);
    let job = worker.claim(definition).unwrap();
    assert_eq!(job.position.id, id);
    let begin = Transition::begin(job.position, vec![doing("a")]);
    assert_eq!(worker.report(begin), Accepted);
    (worker, job.position)
}

pub(super) fn state(arena: &dyn BoardArena, at: JobPosition) -> JobState {
    arena.board().job(at.id).unwrap().unwrap().state
}

pub(super) fn outcomes(journal: &[JournalEntry]) -> Vec<(&str, EntryOutcome)> {
    let pairs = journal
        .iter()
        .map(|entry| (entry.step.as_str(), entry.outcome));
    pairs.collect()
}

pub(crate) fn a_late_end_does_not_end_the_next_attempt(arena: &dyn BoardArena) {
    let (worker, at) = begun(arena, "d");
    let first = Transition {
        doing: vec![doing("a")],
        ..ends(at, EntryOutcome::Failed, JobState::Running)
    };
    assert_eq!(worker.report(first.clone()), Accepted);
    assert_eq!(worker.report(first.clone()), Repeated);
    let second = Transition {
        doing: vec![doing("b")],
        ..ends(first.after(), EntryOutcome::Succeeded, JobState::Running)
    };
    assert_eq!(worker.report(second), Accepted);
    assert_eq!(worker.report(first), Stale);
    let journal = check_journal(arena.board(), at.id);
    let expected = [("a", EntryOutcome::Failed), ("a", EntryOutcome::Succeeded)];
    assert_eq!(outcomes(&journal), expected);
}

pub(crate) fn a_stopped_worker_that_wakes_changes_nothing(arena: &dyn BoardArena) {
    let (stopped, at) = begun(arena, "d");
    let one = Transition {
        doing: vec![doing("b")],
        ..ends(at, EntryOutcome::Succeeded, JobState::Running)
    };
    assert_eq!(stopped.report(one.clone()), Accepted);
    stopped.is_reaped();
    let other = TestWorker::join(arena.board()).knows(&["d"]);
    let job = other.claim("d").unwrap();
    let end = Transition {
        entries: vec![entry(job.position, "b", EntryOutcome::Succeeded)],
        ..ends(job.position, EntryOutcome::Succeeded, JobState::Succeeded)
    };
    assert_eq!(other.report(end), Accepted);
    let late = Advance {
        session: stopped.session,
        transitions: vec![ends(one.after(), EntryOutcome::Failed, JobState::Failed)],
        claim: ClaimWish::default(),
    };
    let refused = arena.board().advance(&late);
    assert_eq!(refused, Err(BoardError::SessionOver(stopped.session)));
    let journal = check_journal(arena.board(), at.id);
    let expected = [
        ("a", EntryOutcome::Succeeded),
        ("b", EntryOutcome::Interrupted),
        ("b", EntryOutcome::Succeeded),
    ];
    assert_eq!(outcomes(&journal), expected);
    assert_eq!(state(arena, at), JobState::Succeeded);
}

pub(crate) fn only_a_living_session_claims(arena: &dyn BoardArena) {
    let worker = TestWorker::join(arena.board()).knows(&["d"]);
    let id = post(arena.board(), "d");
    worker.is_reaped();
    let claim = Advance {
        session: worker.session,
        transitions: Vec::new(),
        claim: ClaimWish {
            at_most: 1,
            lanes: vec![lane("d")],
            only: Vec::new(),
        },
    };
    let refused = arena.board().advance(&claim);
    assert_eq!(refused, Err(BoardError::SessionOver(worker.session)));
    let job = arena.board().job(id).unwrap().unwrap();
    assert_eq!((job.state, job.owner), (JobState::Waiting, None));
}

pub(crate) fn beats_revive_no_session_that_was_reaped(arena: &dyn BoardArena) {
    let (worker, _) = begun(arena, "d");
    worker.is_reaped();
    let beat = Beat {
        session: worker.session,
        is_idle: true,
        ended: Vec::new(),
    };
    let over = Err(BoardError::SessionOver(worker.session));
    assert_eq!(arena.board().beat(&beat), over);
    assert_eq!(arena.board().beat(&beat), over);
    let workers = arena.board().workers().unwrap();
    assert!(workers.iter().all(|other| other.session != worker.session));
    assert_eq!(worker.is_reaped(), ReapAnswer::Gone);
}

pub(crate) fn an_advance_counts_as_a_beat(arena: &dyn BoardArena) {
    let worker = TestWorker::join(arena.board()).knows(&["d"]);
    let before = worker.counter();
    let answer = worker.advance(Vec::new(), ClaimWish::default());
    assert_eq!((answer.beat, worker.counter()), (before + 1, before + 1));
}

pub(crate) fn a_reap_with_an_old_counter_takes_nothing(arena: &dyn BoardArena) {
    let (worker, at) = begun(arena, "d");
    let seen = worker.counter();
    let beaten = worker.beat();
    assert_eq!(beaten.owned, [at]);
    let reap = Reap {
        session: worker.session,
        beat: seen,
        stood_for: Duration::from_secs(1_000_000),
    };
    let answer = arena.board().reap(&reap).unwrap();
    assert_eq!(answer, ReapAnswer::Alive(beaten.beat));
    assert_eq!(state(arena, at), JobState::Running);
}

pub(crate) fn the_early_reap_is_for_the_same_host_alone(arena: &dyn BoardArena) {
    let (worker, at) = begun(arena, "d");
    let mut elsewhere = identity("here", 9);
    elsewhere.pid_namespace = "pid:[2]".to_owned();
    let reap = |here| {
        arena
            .board()
            .reap_dead_on_this_host(worker.session, here)
            .unwrap()
    };
    assert_eq!(reap(&elsewhere), ReapAnswer::Alive(worker.counter()));
    assert_eq!(state(arena, at), JobState::Running);
    let answer = reap(&identity("here", 9));
    let released = vec![at.id];
    assert!(matches!(answer, ReapAnswer::Reaped { released: found, .. } if found == released));
    assert_eq!(state(arena, at), JobState::Waiting);
}

pub(crate) fn each_job_has_a_deadline_of_its_own(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = TestWorker::join(board).knows(&["money", "render"]);
    let (money, render) = (post(board, "money"), post(board, "render"));
    let leases = [("money", 5), ("render", 3600)];
    for (definition, secs) in leases {
        let lane = LaneWish {
            lease: Duration::from_secs(secs),
            ..lane(definition)
        };
        assert_eq!(worker.look(lane, 1).len(), 1);
    }
    let reap = |stood_for| {
        let reap = Reap {
            session: worker.session,
            beat: worker.counter(),
            stood_for,
        };
        board.reap(&reap).unwrap()
    };
    let end = lease_end(Duration::from_secs(5));
    let none = reap(end - Duration::from_millis(1));
    assert!(matches!(none, ReapAnswer::Reaped { released, kept: 2, .. } if released.is_empty()));
    let one = reap(end);
    assert!(matches!(one, ReapAnswer::Reaped { released, kept: 1, .. } if released == [money]));
    // The worker lives: what it holds goes on.
    let owned: Vec<_> = worker.beat().owned.iter().map(|at| at.id).collect();
    assert_eq!(owned, [render]);
}

pub(crate) fn an_idle_session_is_reaped_after_a_minute(arena: &dyn BoardArena) {
    let worker = TestWorker::join(arena.board());
    let reap = |secs| {
        let reap = Reap {
            session: worker.session,
            beat: worker.counter(),
            stood_for: Duration::from_secs(secs),
        };
        arena.board().reap(&reap).unwrap()
    };
    assert!(matches!(reap(60), ReapAnswer::Alive(_)));
    assert!(matches!(reap(61), ReapAnswer::Reaped { kept: 0, .. }));
    assert_eq!(reap(61), ReapAnswer::Gone);
}

pub(crate) fn a_late_give_back_changes_nothing(arena: &dyn BoardArena) {
    let (worker, at) = begun(arena, "d");
    let give_back = GiveBack {
        position: at,
        fate: LeftoverFate::Interrupted,
    };
    let give = || {
        arena
            .board()
            .give_back(worker.session, std::slice::from_ref(&give_back))
            .unwrap()
    };
    assert_eq!(give(), [Accepted]);
    let again = worker.claim("d").unwrap();
    assert!(again.position.fence > at.fence);
    let begin = Transition::begin(again.position, vec![doing("a")]);
    assert_eq!(worker.report(begin), Accepted);
    assert_eq!(give(), [Stale]);
    let job = arena.board().job(at.id).unwrap().unwrap();
    assert_eq!(
        (job.state, job.doing),
        (JobState::Running, vec![doing("a")])
    );
}

pub(crate) fn a_job_of_a_lost_answer_is_given_back_as_it_was(arena: &dyn BoardArena) {
    let worker = TestWorker::join(arena.board()).knows(&["d"]);
    post(arena.board(), "d");
    let first = LaneWish {
        first: vec![doing("a")],
        ..lane("d")
    };
    assert_eq!(worker.look(first.clone(), 1).len(), 1);
    // The answer is lost; the beat names the job.
    let owned = worker.beat().owned;
    let give_back = GiveBack {
        position: owned[0],
        fate: LeftoverFate::NeverStarted,
    };
    let answer = arena.board().give_back(worker.session, &[give_back]);
    assert_eq!(answer.unwrap(), [Accepted]);
    assert_eq!(check_journal(arena.board(), owned[0].id), []);
    let again = worker.look(first, 1).pop().unwrap();
    let step = again.doing[0].step.as_str();
    assert_eq!(
        (step, again.doing[0].since, again.crashes),
        ("a", arena.clock().millis(), 0)
    );
}

pub(crate) fn fences_rise_with_each_claim(arena: &dyn BoardArena) {
    let worker = TestWorker::join(arena.board()).knows(&["d"]);
    let id = post(arena.board(), "d");
    let mut last = 1 << 40;
    for _ in 0..5 {
        let at = worker.claim("d").unwrap().position;
        assert!(at.id == id && at.fence > last, "{at:?}");
        last = at.fence;
        let back = Transition {
            state: JobState::Waiting,
            ..Transition::begin(at, Vec::new())
        };
        assert_eq!(worker.report(back), Accepted);
    }
}

pub(crate) fn a_stronger_request_replaces_a_weaker_and_its_entry_ends_it(arena: &dyn BoardArena) {
    let (worker, at) = begun(arena, "d");
    let ask = |request| arena.board().request(at.id, &request).unwrap();
    assert_eq!(ask(JobRequest::Stop), RequestAnswer::Asked);
    assert_eq!(
        ask(JobRequest::Pause),
        RequestAnswer::AsBefore(JobState::Running)
    );
    assert_eq!(worker.beat().requests[0].request, PendingRequest::Stop);
    assert_eq!(ask(JobRequest::Kill), RequestAnswer::Asked);
    let request = |at: JobPosition, outcome| Transition {
        entries: vec![JournalEntry {
            phase: Phase::Request,
            ..entry(at, "", outcome)
        }],
        ..Transition::begin(at, vec![doing("a")])
    };
    // The worker has read the stop, and records it: the kill is still to be carried out.
    let stop = request(at, EntryOutcome::Stop);
    let answer = worker.advance(vec![stop.clone()], ClaimWish::default());
    assert_eq!(answer.requests[0].request, PendingRequest::Kill);
    let kill = request(stop.after(), EntryOutcome::Kill);
    let answer = worker.advance(vec![kill], ClaimWish::default());
    assert_eq!(
        (answer.verdicts[0], answer.requests),
        (Accepted, Vec::new())
    );
}

pub(crate) fn a_batch_takes_the_good_and_refuses_the_late(arena: &dyn BoardArena) {
    let board = arena.board();
    let worker = TestWorker::join(board).knows(&["d"]);
    let ids: Vec<_> = (0..3).map(|_| post(board, "d")).collect();
    let jobs = worker.look(lane("d"), 3);
    let mut late = jobs[1].position;
    late.fence -= 1;
    let all = [jobs[0].position, late, jobs[2].position];
    let all = all.map(|at| ends(at, EntryOutcome::Succeeded, JobState::Succeeded));
    let answer = worker.advance(all.to_vec(), ClaimWish::default());
    assert_eq!(answer.verdicts, [Accepted, Stale, Accepted]);
    let again = worker.advance(all.to_vec(), ClaimWish::default());
    assert_eq!(again.verdicts, [Repeated, Stale, Repeated]);
    let states = ids.iter().map(|id| board.job(*id).unwrap().unwrap().state);
    let expected = [JobState::Succeeded, JobState::Running, JobState::Succeeded];
    assert_eq!(states.collect::<Vec<_>>(), expected);
}
