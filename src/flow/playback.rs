//! Plays a flow in virtual time: the driver of the tests of this room, and of users' unit tests.
//!
//! The player stands for board and worker: it writes what the interpreter advises, begins it, and
//! writes how it ended. A script has how attempts
//! end, what is requested, and where a worker dies.

use std::sync::Arc;

use serde_json::Value;

use super::advice::{AttemptStart, FlowAdvice, FlowDecision, FlowEnd, FlowNext};
use super::flow_history::{FlowEvent, FlowHistory};
use super::flow_state::FlowState;
use super::journal::{EntryOutcome, JournalEntry, Phase};
use super::plan::FlowPlan;

/// When a played job is claimed first: 14 November 2023.
pub(crate) const PLAYED_AT: i64 = 1_700_000_000_000;

/// How long a dead worker is not missed.
const LEASE: i64 = 60_000;

/// What the outside does to a flow.
pub(crate) trait FlowScript {
    /// Returns how an attempt ends.
    fn end(&mut self, attempt: &AttemptStart) -> PlayedEnd;

    /// Takes note that an attempt has ended as it was to, and was not cut off.
    fn ended(&mut self, _attempt: &AttemptStart) {}

    /// Returns what intervenes at a point.
    fn intervene(&mut self, _point: PlayPoint<'_>) -> Option<Intervention> {
        None
    }

    /// Returns what is requested of a job that has ended, or rests: outcome and step.
    fn request_at_rest(&mut self, _end: &FlowEnd) -> Option<(EntryOutcome, String)> {
        None
    }

    /// Looks at the state, between any two things that happen.
    fn observe(&mut self, _state: &FlowState, _journal: &[JournalEntry]) {}
}

/// How an attempt ends.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlayedEnd {
    /// The outcome.
    pub(crate) outcome: EntryOutcome,
    /// How long it takes, in milliseconds.
    pub(crate) takes: i64,
    /// What it gives.
    pub(crate) result: Option<Value>,
    /// The text of a failure; `None`: `it failed`.
    pub(crate) error: Option<String>,
    /// Whether no other try is to be made.
    pub(crate) is_final: bool,
}

impl PlayedEnd {
    /// Returns an end that comes at once and gives nothing.
    pub(crate) fn plain(outcome: EntryOutcome) -> Self {
        PlayedEnd {
            outcome,
            takes: 0,
            result: None,
            error: None,
            is_final: false,
        }
    }
}

/// Where something may intervene.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum PlayPoint<'a> {
    /// Before an advice is asked for: attempts may be in progress.
    Between,
    /// The advice is there and not written.
    BeforeWrite(&'a FlowAdvice),
    /// The advice is written and nothing has begun.
    AfterWrite(&'a FlowAdvice),
    /// An attempt has ended and its end is not written.
    BeforeEnd(&'a AttemptStart),
}

/// What intervenes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Intervention {
    /// The worker dies.
    Crash,
    /// The worker ends what it does, by force, and gives the job back.
    Leave,
    /// A request comes, of a step where one is named; between two advices only.
    Request(EntryOutcome, String),
}

/// What a flow is played with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlayTerms {
    /// The slots of each worker.
    pub(crate) slots: usize,
    /// The workers.
    pub(crate) workers: usize,
    /// The seed of the job.
    pub(crate) seed: u64,
    /// After how many events the play is over.
    pub(crate) most_events: usize,
}

impl Default for PlayTerms {
    fn default() -> Self {
        PlayTerms {
            slots: 4,
            workers: 4,
            seed: 0,
            most_events: 10_000,
        }
    }
}

/// Plays a flow to its end.
pub(crate) fn play(
    plan: &Arc<FlowPlan>,
    terms: PlayTerms,
    script: &mut dyn FlowScript,
) -> FlowHistory {
    let mut player = Player::new(plan, terms);
    player.claim(&[]);
    let mut end = None;
    while end.is_none() && player.history.events.len() < terms.most_events {
        end = player.turn(script);
    }
    FlowHistory {
        end,
        ..player.history
    }
}

struct Player {
    terms: PlayTerms,
    state: FlowState,
    history: FlowHistory,
    running: Vec<Running>,
    now: i64,
    fence: u64,
    worker: usize,
}

struct Running {
    attempt: AttemptStart,
    since: i64,
    until: i64,
    end: PlayedEnd,
}

impl Player {
    fn new(plan: &Arc<FlowPlan>, terms: PlayTerms) -> Self {
        Player {
            terms,
            state: FlowState::new(plan, terms.seed),
            history: FlowHistory {
                events: Vec::new(),
                journal: Vec::new(),
                end: None,
            },
            running: Vec::new(),
            now: PLAYED_AT,
            fence: 0,
            worker: 0,
        }
    }

    fn name(&self) -> String {
        format!("worker-{}", self.worker + 1)
    }

    /// Does what comes next. Returns the end of the job, if that is it.
    fn turn(&mut self, script: &mut dyn FlowScript) -> Option<FlowEnd> {
        script.observe(&self.state, &self.history.journal);
        if let Some(intervention) = script.intervene(PlayPoint::Between) {
            self.intervene(intervention);
            return None;
        }
        let advice = self.state.advise(self.now, self.free(), &self.name());
        if let Some(intervention) = script.intervene(PlayPoint::BeforeWrite(&advice)) {
            self.intervene(intervention);
            return None;
        }
        let (now, worker) = (self.now, self.name());
        let entries = self.state.follow(&advice, now, self.fence, &worker);
        entries.into_iter().for_each(|entry| self.record(entry));
        script.observe(&self.state, &self.history.journal);
        if let Some(intervention) = script.intervene(PlayPoint::AfterWrite(&advice)) {
            self.intervene(intervention);
            return None;
        }
        self.begin(&advice, script);
        self.kill(&advice);
        if !advice.begin.is_empty() {
            return None;
        }
        match advice.next {
            FlowNext::End(end) => self.rest(end, script),
            FlowNext::GiveBack { run_at, avoid } => self.give_back(run_at, &avoid),
            FlowNext::Wait { until } => self.wait(until, script),
        }
    }

    fn free(&self) -> usize {
        self.terms.slots.saturating_sub(self.running.len())
    }

    fn record(&mut self, entry: JournalEntry) {
        self.history.events.push(FlowEvent::Wrote(entry.clone()));
        self.history.journal.push(entry);
    }

    fn write(&mut self, entry: JournalEntry) {
        self.state.apply(&entry);
        self.record(entry);
    }

    fn decide(&mut self, decision: &FlowDecision) {
        let entry = self.state.note(decision, self.fence, &self.name());
        self.record(entry);
    }

    fn intervene(&mut self, intervention: Intervention) {
        match intervention {
            Intervention::Request(outcome, step) => {
                self.now += 1;
                self.decide(&FlowDecision::request(outcome, &step, self.now));
            }
            Intervention::Leave => self.lose(0),
            Intervention::Crash => {
                self.history
                    .events
                    .push(FlowEvent::Crashed { at: self.now });
                self.lose(LEASE);
            }
        }
    }

    /// What was in progress is interrupted, and another worker claims the job.
    fn lose(&mut self, after: i64) {
        self.running.clear();
        self.now += after;
        for doing in self.state.doing().to_vec() {
            let attempt = AttemptStart {
                step: doing.step,
                phase: doing.phase,
                attempt: doing.attempt,
                each: None,
            };
            let end = PlayedEnd::plain(EntryOutcome::Interrupted);
            self.end(&attempt, doing.since, end);
        }
        self.claim(&[]);
    }

    /// Another worker that is not avoided claims the job, and reads the journal. Without one the
    /// same goes on.
    fn claim(&mut self, avoid: &[String]) {
        let workers = self.terms.workers.max(1);
        for _ in 0..workers {
            self.worker = (self.worker + 1) % workers;
            if !avoid.contains(&self.name()) {
                break;
            }
        }
        self.fence += 1;
        let (at, worker) = (self.now, self.name());
        self.history.events.push(FlowEvent::Claimed { at, worker });
        let plan = Arc::clone(self.state.plan());
        self.state = FlowState::of(&plan, self.terms.seed, &self.history.journal, &[]);
    }

    fn begin(&mut self, advice: &FlowAdvice, script: &mut dyn FlowScript) {
        for attempt in &advice.begin {
            let end = script.end(attempt);
            self.history.events.push(FlowEvent::Began {
                at: self.now,
                attempt: attempt.clone(),
            });
            self.running.push(Running {
                attempt: attempt.clone(),
                since: self.now,
                until: self.now + end.takes.max(0),
                end,
            });
        }
    }

    fn kill(&mut self, advice: &FlowAdvice) {
        for running in &mut self.running {
            if advice.kill.contains(&running.attempt.step) && running.until > self.now {
                running.until = self.now;
                running.end.outcome = EntryOutcome::Killed;
                running.end.result = None;
            }
        }
    }

    fn rest(&mut self, end: FlowEnd, script: &mut dyn FlowScript) -> Option<FlowEnd> {
        self.history.events.push(FlowEvent::Rested {
            at: self.now,
            end: end.clone(),
        });
        let Some((outcome, step)) = script.request_at_rest(&end) else {
            return Some(end);
        };
        self.decide(&FlowDecision::request(outcome, &step, self.now));
        self.claim(&[]);
        None
    }

    fn give_back(&mut self, run_at: i64, avoid: &[String]) -> Option<FlowEnd> {
        let is_left = (0..self.terms.workers).any(|at| {
            let name = format!("worker-{}", at + 1);
            !avoid.contains(&name)
        });
        if let (false, Some(decision)) = (is_left, self.state.no_other_worker(self.now)) {
            self.decide(&decision);
            return None;
        }
        self.history.events.push(FlowEvent::GaveBack {
            at: self.now,
            run_at,
            avoid: avoid.to_vec(),
        });
        self.now = self.now.max(run_at);
        self.claim(avoid);
        None
    }

    /// Lets time pass until an attempt ends, or a wait is over.
    fn wait(&mut self, until: Option<i64>, script: &mut dyn FlowScript) -> Option<FlowEnd> {
        let running = self.running.iter().enumerate();
        let next = running.min_by_key(|(_, running)| running.until);
        let next = next.map(|(at, running)| (at, running.until));
        match (next, until) {
            (Some((at, end)), until) if until.is_none_or(|until| end <= until) => {
                self.now = self.now.max(end);
                let running = self.running.remove(at);
                let point = PlayPoint::BeforeEnd(&running.attempt);
                match script.intervene(point) {
                    Some(intervention) => self.intervene(intervention),
                    None => {
                        script.ended(&running.attempt);
                        self.end(&running.attempt, running.since, running.end);
                    }
                }
                None
            }
            (_, Some(until)) => {
                self.now = self.now.max(until);
                None
            }
            _ => Some(FlowEnd::Stuck {
                step: String::new(),
                reason: "the player has nothing to wait for".to_owned(),
            }),
        }
    }

    fn end(&mut self, attempt: &AttemptStart, started: i64, end: PlayedEnd) {
        let is_failure = end.outcome == EntryOutcome::Failed;
        let entry = JournalEntry {
            seq: self.state.last_seq() + 1,
            fence: self.fence,
            step: attempt.step.clone(),
            phase: attempt.phase,
            attempt: attempt.attempt,
            outcome: end.outcome,
            started,
            ended: self.now,
            code: (attempt.phase != Phase::Round && is_failure).then_some(1),
            kind: None,
            error: is_failure.then(|| end.error.unwrap_or_else(|| "it failed".to_owned())),
            result: end.result,
            worker: self.name(),
        };
        self.write(entry);
        if end.is_final && attempt.phase == Phase::Execute {
            self.decide(&FlowDecision {
                step: attempt.step.clone(),
                phase: Phase::Decision,
                attempt: attempt.attempt,
                outcome: EntryOutcome::Failed,
                error: None,
                at: self.now,
            });
        }
    }
}
