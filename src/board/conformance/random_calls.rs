//! Random calls to a board and to the model: the answers are the same, and so are the jobs.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::arena::{BoardArena, TestWorker, check_journal, definition, fresh, lane};
use super::model::{Model, ModelPost};
use super::model_job::{MAX_CRASHES, waiting};
pub(crate) use super::random_call::calls;
use super::random_call::{DEFINITIONS, RandomCall, WORKERS, report};
use crate::board::{
    Advance, BoardError, ClaimWish, DefinitionEntry, GiveBack, JobId, JobPosition, JobRequest,
    JobState, KeyRule, LaneWish, LeftoverFate, Post, PostLimit, ReapAnswer, RequestAnswer,
    Transition, TransitionVerdict,
};

/// How many jobs of a key of the second definition hold a place at once.
const MOST: u32 = 2;

struct Run<'a> {
    arena: &'a dyn BoardArena,
    model: Model,
    workers: Vec<TestWorker<'a>>,
    posts: Vec<(Post, KeyRule)>,
    positions: Vec<JobPosition>,
    reports: Vec<Transition>,
}

/// Does the calls on an empty board and on the model.
pub(crate) fn run(arena: &dyn BoardArena, calls: &[RandomCall]) {
    let mut run = Run {
        arena,
        model: Model::default(),
        workers: (0..WORKERS).map(|_| join(arena)).collect(),
        posts: Vec::new(),
        positions: Vec::new(),
        reports: Vec::new(),
    };
    for call in calls {
        run.model.now = arena.clock().millis();
        let before = run.places();
        run.one(call);
        run.admit(&before, matches!(call, RandomCall::Claim { .. }));
        run.compare();
    }
}

fn join(arena: &dyn BoardArena) -> TestWorker<'_> {
    let worker = TestWorker::join(arena.board());
    let entries = [
        definition(DEFINITIONS[0], "s"),
        DefinitionEntry {
            limit: Some(MOST),
            ..definition(DEFINITIONS[1], "s")
        },
    ];
    let entered = arena.board().enter_definitions(worker.session, &entries);
    entered.unwrap();
    worker
}

fn nth<T>(of: &[T], number: usize) -> Option<&T> {
    // The latest are the likeliest to matter.
    of.len()
        .checked_sub(1 + number % of.len().max(1))
        .and_then(|at| of.get(at))
}

/// What an admission depends on: of each job its key, its state, its time and its last entry.
type Places = BTreeMap<JobId, (Option<String>, JobState, i64, usize)>;

impl Run<'_> {
    fn places(&self) -> Places {
        let jobs = self.model.jobs.iter();
        jobs.map(|(id, job)| {
            let key = job.limit.as_ref().map(|(key, _)| key.clone());
            (*id, (key, job.state, job.run_at, job.journal.len()))
        })
        .collect()
    }

    /// Has the model admit what the call of a board admits: of each key of which a job was changed.
    fn admit(&mut self, before: &Places, is_look: bool) {
        let changed = self
            .places()
            .into_iter()
            .filter(|(id, place)| place.1 != JobState::Running && before.get(id) != Some(place));
        let keys: Vec<String> = changed.filter_map(|(_, place)| place.0).collect();
        self.model.admit((!is_look).then_some(&keys));
    }

    fn one(&mut self, call: &RandomCall) {
        match call {
            RandomCall::Post {
                definition,
                key,
                rule,
                priority,
                delay,
                limit,
            } => {
                let post = Post {
                    key: (*key < 3).then(|| format!("key{key}")),
                    priority: *priority,
                    run_at: self.model.now + delay,
                    if_there: *rule,
                    limit: (*definition == 1).then(|| PostLimit {
                        key: format!("e:customer={limit}"),
                        most: MOST,
                    }),
                    ..Post::new(DEFINITIONS[*definition], json!({}), fresh("posting"))
                };
                self.posts.push((post.clone(), *rule));
                self.post(post, *rule);
            }
            RandomCall::PostAgain(number) => {
                if let Some((post, rule)) = nth(&self.posts, *number).cloned() {
                    self.post(post, rule);
                }
            }
            RandomCall::Claim { worker, at_most } => self.claim(*worker, *at_most),
            RandomCall::Report {
                worker,
                position,
                kind,
                step,
            } => {
                if let Some(at) = nth(&self.positions, *position).copied() {
                    let report = report(at, *kind, ["a", "b", "c"][*step], self.model.now);
                    self.reports.push(report.clone());
                    self.report(*worker, &report);
                }
            }
            RandomCall::Again { worker, report } => {
                if let Some(report) = nth(&self.reports, *report).cloned() {
                    self.report(*worker, &report);
                }
            }
            RandomCall::GiveBack { worker, position } => {
                if let Some(at) = nth(&self.positions, *position).copied() {
                    self.give_back(*worker, at);
                }
            }
            RandomCall::Leave(worker) => self.leave(*worker),
            RandomCall::Reap { worker, is_late } => self.reap(*worker, *is_late),
            RandomCall::Request { job, request } => self.request(*job, *request),
            RandomCall::Pass(millis) => self.arena.clock().pass(Duration::from_millis(*millis)),
        }
    }

    fn post(&mut self, post: Post, rule: KeyRule) {
        let mut job = waiting(&post.definition, post.posting.clone(), post.key.clone());
        job.priority = post.priority;
        job.run_at = post.run_at.max(self.model.now);
        if let Some(limit) = &post.limit {
            job.limit = Some((limit.key.clone(), limit.most as usize));
            job.state = JobState::Limited;
        }
        let expected = self.model.post(&job, rule);
        match (self.arena.board().post(&post), expected) {
            (Ok(receipt), ModelPost::New) if receipt.is_new => self.model.add(receipt.id, job),
            (Ok(receipt), ModelPost::There(id)) if !receipt.is_new => assert_eq!(receipt.id, id),
            (Err(BoardError::KeyTaken { id, state }), ModelPost::KeyTaken(there, found)) => {
                assert_eq!((id, state), (there, found));
            }
            (found, expected) => panic!("{post:?}: {found:?} for {expected:?}"),
        }
    }

    fn claim(&mut self, worker: usize, at_most: u32) {
        let lanes = DEFINITIONS.map(|name| LaneWish {
            max_crashes: MAX_CRASHES,
            ..lane(name)
        });
        let claim = ClaimWish {
            at_most,
            lanes: lanes.to_vec(),
            only: Vec::new(),
        };
        let answer = self.workers[worker].advance(Vec::new(), claim);
        let found: Vec<_> = answer.claimed.iter().map(|job| job.position).collect();
        let lanes = DEFINITIONS.map(str::to_owned);
        self.model.admit(None);
        assert_eq!(found, self.model.claim(worker, &lanes, at_most as usize));
        for job in &answer.claimed {
            assert_eq!(job.journal, self.model.jobs[&job.position.id].journal);
        }
        self.positions.extend(found);
    }

    fn report(&mut self, worker: usize, report: &Transition) {
        let advance = Advance {
            session: self.workers[worker].session,
            transitions: vec![report.clone()],
            claim: ClaimWish::default(),
        };
        let answer = self.arena.board().advance(&advance).unwrap();
        let expected = self.model.report(worker, report);
        // An advance is a look.
        self.model.admit(None);
        assert_eq!(answer.verdicts, [expected], "{report:?}");
        if expected == TransitionVerdict::Accepted {
            self.positions.push(report.after());
        }
    }

    fn give_back(&mut self, worker: usize, at: JobPosition) {
        let session = self.workers[worker].session;
        let job = GiveBack {
            position: at,
            fate: LeftoverFate::Interrupted,
        };
        let verdicts = self.arena.board().give_back(session, &[job]).unwrap();
        let name = self.workers[worker].name.clone();
        let now = self.model.now;
        let job = self.model.jobs.get_mut(&at.id).unwrap();
        let is_right = job.owner == Some(worker)
            && job.fence == at.fence
            && job.journal.len() as u64 == at.seq;
        let expected = match is_right {
            true => {
                job.release(&name, false, now);
                TransitionVerdict::Accepted
            }
            false => TransitionVerdict::Stale,
        };
        assert_eq!(verdicts, [expected]);
    }

    fn release_all(&mut self, worker: usize, is_crash: bool) -> [Vec<JobId>; 3] {
        let name = self.workers[worker].name.clone();
        let now = self.model.now;
        let mut after = [Vec::new(), Vec::new(), Vec::new()];
        for (id, job) in &mut self.model.jobs {
            if job.owner == Some(worker) {
                let which = match job.release(&name, is_crash, now) {
                    JobState::Waiting => 0,
                    JobState::Stuck => 1,
                    _ => 2,
                };
                after[which].push(*id);
            }
        }
        after
    }

    fn leave(&mut self, worker: usize) {
        self.arena
            .board()
            .leave(self.workers[worker].session)
            .unwrap();
        self.release_all(worker, false);
        self.workers[worker] = join(self.arena);
    }

    fn reap(&mut self, worker: usize, is_late: bool) {
        if is_late {
            let beat = self.workers[worker].counter();
            self.workers[worker].beat();
            let reap = crate::board::Reap {
                session: self.workers[worker].session,
                beat,
                stood_for: Duration::from_secs(100_000),
            };
            let answer = self.arena.board().reap(&reap).unwrap();
            assert_eq!(answer, ReapAnswer::Alive(beat + 1));
            return;
        }
        let answer = self.workers[worker].is_reaped();
        let [released, stuck, settled] = self.release_all(worker, true);
        let kept = 0;
        let expected = ReapAnswer::Reaped {
            released,
            stuck,
            settled,
            kept,
        };
        assert_eq!(answer, expected);
        self.workers[worker] = join(self.arena);
    }

    fn request(&mut self, job: usize, request: usize) {
        let ids: Vec<JobId> = self.model.jobs.keys().copied().collect();
        let Some(id) = nth(&ids, job).copied() else {
            return;
        };
        let request = match request {
            0 => JobRequest::Stop,
            1 => JobRequest::StopNoRevert,
            2 => JobRequest::Kill,
            3 => JobRequest::Pause,
            4 | 5 => JobRequest::Resume,
            6 => JobRequest::Retry { from: None },
            7 => JobRequest::Skip {
                step: "a".to_owned(),
            },
            8 => JobRequest::Revert,
            _ => JobRequest::Priority(1),
        };
        let answer = self.arena.board().request(id, &request).unwrap();
        let before = self.places();
        let mut expected = self.model.request(id, &request);
        self.admit(&before, false);
        if let RequestAnswer::Done(state) = &mut expected {
            *state = self.model.jobs[&id].state;
        }
        assert_eq!(answer, expected, "{request:?}");
    }

    fn compare(&self) {
        for (id, job) in &self.model.jobs {
            let found = self.arena.board().job(*id).unwrap().unwrap();
            let owner = job.owner.map(|owner| self.workers[owner].session);
            assert_eq!(
                (found.state, found.owner),
                (job.state, owner),
                "{found:?} {job:?}"
            );
            assert_eq!(
                (found.fence, &found.doing),
                (job.fence, &job.doing),
                "{found:?}"
            );
            assert_eq!(
                (found.crashes, found.request),
                (job.crashes, job.want),
                "{found:?}"
            );
            assert_eq!(found.has_begun, job.has_begun, "{found:?} {job:?}");
            if matches!(job.state, JobState::Waiting | JobState::Limited) {
                assert_eq!(found.run_at, job.run_at, "{found:?}");
            }
            assert_eq!(check_journal(self.arena.board(), *id), job.journal);
        }
    }
}
