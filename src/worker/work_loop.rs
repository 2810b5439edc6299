//! The loop of a worker: what has ended, what comes next, one call of the board for both.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use super::beat_thread::{BeatNews, BeatThread};
use super::held_job::{HeldJob, HeldJobParts};
use super::job_alerts::JobAlerts;
use super::job_directory::JobDirectories;
use super::rescue::Rescue;
use super::shutdown::{Leaving, LeavingStage};
use super::step_command::{AttemptCommand, CommandData};
use super::step_ending::StepEnding;
use super::step_slots::{EndedStep, StepSlots};
use super::worker_definition::WorkerDefinition;
use crate::board::{
    Advance, AdvanceAnswer, Board, BoardBell, BoardError, ClaimWish, ClaimedJob, EndCount,
    GiveBack, JobId, JobPosition, JobState, LaneWish, LeftoverFate, OutputBatch, OutputPart,
    SessionId, SessionWish, Transition, TransitionVerdict,
};
use crate::core::failure::Output;
use crate::core::time::{Moment, Mono};
use crate::flow::AttemptStart;
use crate::flow::journal::EntryOutcome;
use crate::lease::{LeaseDeadlines, LeaseTerms};
use crate::redact::Redactor;
use crate::service::secrets::PASSWORD;
use crate::unix::clock;
use crate::unix::signals::SignalReader;
use crate::unix::waiter::Waiter;

/// How often is looked for work, for requests and for the dead, whatever rings.
const LOOK: Duration = Duration::from_secs(1);
/// After a call that the board could not answer.
const AFTER_NO_ANSWER: Duration = Duration::from_millis(250);

/// What a worker works with.
pub(crate) struct WorkerParts {
    /// The board.
    pub(crate) board: Arc<dyn Board>,
    /// The session.
    pub(crate) session: SessionId,
    /// The name that the session has.
    pub(crate) name: String,
    /// What it can do.
    pub(crate) definitions: BTreeMap<String, Arc<WorkerDefinition>>,
    /// What this worker has that jobs may need.
    pub(crate) tags: Vec<String>,
    /// The variables of this worker.
    pub(crate) vars: BTreeMap<String, String>,
    /// Where the directories of jobs are.
    pub(crate) directories: JobDirectories,
    /// The slots.
    pub(crate) slots: StepSlots,
    /// The observer of other sessions.
    pub(crate) rescue: Rescue,
    /// The thread that beats.
    pub(crate) beats: BeatThread,
    /// What rings when a job may be due.
    pub(crate) bell: Box<dyn BoardBell>,
    /// The mails about jobs.
    pub(crate) alerts: JobAlerts,
    /// What takes the secrets of this process out of texts.
    pub(crate) redactor: Arc<Redactor>,
    /// The values of this process, some of which are secret, with their names.
    pub(crate) own_values: Vec<(String, String)>,
    /// Whether the worker ends when there is nothing to do.
    pub(crate) is_once: bool,
    /// How long steps may go on after the worker was asked to end.
    pub(crate) drain_timeout: Duration,
}

/// A worker at work.
pub(crate) struct WorkLoop {
    parts: WorkerParts,
    jobs: BTreeMap<JobId, HeldJob>,
    ended: HashMap<String, EndCount>,
    leaving: Leaving,
    is_asleep: bool,
    waiter: Waiter,
    /// When is looked for work and for requests.
    look_at: Mono,
    /// When the next job is due, as the board says; in milliseconds since 1970.
    next_due: Option<i64>,
    /// The lane that is looked at first.
    first_lane: usize,
    /// Since when the board does not answer.
    unanswered: Option<Mono>,
    /// Whether all jobs that ended here have succeeded.
    all_well: bool,
}

/// How a worker came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WorkEnd {
    /// Asked to end, or nothing left to do; whether all jobs that ended have succeeded.
    Done {
        /// Whether no job ended otherwise.
        all_well: bool,
    },
    /// The session is over: what ran was ended, and the worker joins anew.
    SessionOver,
}

impl WorkLoop {
    /// Prepares the loop.
    ///
    /// # Errors
    ///
    /// When the process has no descriptor left.
    pub(crate) fn new(parts: WorkerParts) -> io::Result<Self> {
        Ok(WorkLoop {
            leaving: Leaving::new(parts.drain_timeout),
            parts,
            jobs: BTreeMap::new(),
            ended: HashMap::new(),
            is_asleep: false,
            waiter: Waiter::new()?,
            look_at: Mono::BOOT,
            next_due: None,
            first_lane: 0,
            unanswered: None,
            all_well: true,
        })
    }

    /// Works until the worker is asked to end.
    pub(crate) fn work(&mut self, signals: &SignalReader) -> WorkEnd {
        loop {
            let now = clock::now();
            for signal in signals.drain() {
                self.leaving.signal(signal, now.mono);
            }
            if let Some(news) = self.parts.beats.take_news()
                && let Some(end) = self.hear(news)
            {
                return end;
            }
            for ended in self.parts.slots.collect(now.mono) {
                self.step_ended(ended);
            }
            self.carry_out_leaving(now.mono);
            if let Some(end) = self.turn(clock::now()) {
                return end;
            }
            self.parts.alerts.poll(now);
            if let Some(end) = self.over() {
                return end;
            }
            self.wait(signals);
        }
    }

    /// Returns the end of a worker that has nothing to do any more.
    fn over(&self) -> Option<WorkEnd> {
        let is_idle = self.jobs.is_empty() && self.parts.slots.are_idle();
        let is_answered = self.unanswered.is_none();
        let none_is_due = self.next_due.is_none_or(|due| due > millis(clock::now()));
        let is_done = self.leaving.is_asked() || self.parts.is_once && is_answered && none_is_due;
        (is_idle && is_done).then_some(WorkEnd::Done {
            all_well: self.all_well,
        })
    }

    /// Asks the flows what comes next, and the board to record it. Goes on while there is more.
    fn turn(&mut self, now: Moment) -> Option<WorkEnd> {
        let mut now = now;
        loop {
            let advance = self.advance(now);
            let is_due = now.mono >= self.look_at || self.is_more_due(now);
            if advance.transitions.is_empty() && !is_due {
                return None;
            }
            self.parts.bell.clear();
            let sent = clock::mono();
            match self.parts.board.advance(&advance) {
                Ok(answer) => {
                    self.answered();
                    let goes_on = self.carry_out(&advance, answer, sent);
                    self.look_at = clock::mono() + LOOK;
                    self.look_after_the_dead();
                    if !goes_on {
                        return None;
                    }
                }
                Err(BoardError::SessionOver(_)) => return Some(self.session_over()),
                Err(error) => {
                    self.unanswered_by(&error);
                    return None;
                }
            }
            now = clock::now();
        }
    }

    fn is_more_due(&self, now: Moment) -> bool {
        let is_due = self.next_due.is_some_and(|due| due <= millis(now));
        is_due && self.may_claim() && self.free() > 0
    }

    fn may_claim(&self) -> bool {
        !self.is_asleep && !self.leaving.is_asked()
    }

    /// Returns how many slots no attempt has, or is about to have.
    fn free(&self) -> usize {
        let attempts: usize = self.jobs.values().map(HeldJob::attempts).sum();
        self.parts.slots.len().saturating_sub(attempts)
    }

    /// Returns all that the board is to know and to give.
    fn advance(&mut self, now: Moment) -> Advance {
        let mut free = self.free();
        let wall = millis(now);
        let mut transitions = Vec::new();
        for job in self.jobs.values_mut() {
            let begun = job.advise(wall, free, &self.parts.name);
            free -= begun.min(free);
            if let Some(avoid) = job.elsewhere()
                && !others_can(&*self.parts.board, job.position.id, avoid)
            {
                job.has_no_other_worker(wall, &self.parts.name);
                job.advise(wall, 0, &self.parts.name);
            }
            transitions.extend(job.transition());
        }
        Advance {
            session: self.parts.session,
            transitions,
            claim: self.claim_wish(free),
        }
    }

    fn claim_wish(&mut self, free: usize) -> ClaimWish {
        if free == 0 || !self.may_claim() {
            return ClaimWish::default();
        }
        let able = self.parts.definitions.values();
        let able = able.filter(|known| known.has_what_it_needs(&self.parts.tags));
        let mut lanes: Vec<LaneWish> = able.map(|known| known.lane()).collect();
        if !lanes.is_empty() {
            self.first_lane = (self.first_lane + 1) % lanes.len();
            lanes.rotate_left(self.first_lane);
        }
        ClaimWish {
            at_most: u32::try_from(free).unwrap_or(u32::MAX),
            lanes,
            only: Vec::new(),
        }
    }

    /// Does what an answer allows. Returns whether the board is to be asked again at once.
    fn carry_out(&mut self, advance: &Advance, answer: AdvanceAnswer, sent: Mono) -> bool {
        let mut goes_on = !answer.claimed.is_empty();
        for job in self.jobs.values_mut() {
            job.deadlines = deadlines(&job.definition, sent);
            self.parts
                .slots
                .set_deadlines(job.position.id, job.deadlines);
        }
        for (transition, verdict) in advance.transitions.iter().zip(answer.verdicts) {
            goes_on |= self.recorded(transition, verdict);
        }
        let claimed = clock::now();
        for claim in answer.claimed {
            self.take(&claim, sent, claimed);
        }
        let wall = millis(claimed);
        for held in answer.requests {
            if let Some(job) = self.jobs.get_mut(&held.id) {
                goes_on |= job.request(held.request, wall, &self.parts.name);
            }
        }
        self.kill_killed(claimed.mono);
        self.hear_wish(answer.wish, claimed.mono);
        self.next_due = answer.next_due;
        self.tell_beats();
        goes_on
    }

    /// Does what the verdict on a transition allows. Returns whether something follows at once.
    fn recorded(&mut self, transition: &Transition, verdict: TransitionVerdict) -> bool {
        let id = transition.before.id;
        let Some(job) = self.jobs.get_mut(&id) else {
            return false;
        };
        if verdict == TransitionVerdict::Stale {
            log::warn!("Job {id} is another worker's by now; what ran of it here is ended");
            self.drop_job(id);
            return false;
        }
        match job.acknowledged() {
            Some(starts) => self.begin_all(id, starts),
            None => {
                self.left(id, transition);
                true
            }
        }
    }

    /// Begins attempts; returns whether one has ended already.
    fn begin_all(&mut self, id: JobId, starts: Vec<AttemptStart>) -> bool {
        let mut has_ended = false;
        for start in starts {
            has_ended |= self.begin(id, &start);
        }
        has_ended
    }

    /// Begins an attempt; returns whether it has ended already.
    fn begin(&mut self, id: JobId, start: &AttemptStart) -> bool {
        let Some(job) = self.jobs.get_mut(&id) else {
            return false;
        };
        let now = clock::now();
        let doing = start.doing(millis(now));
        let error = job.error_of(&start.step);
        let results = job.results();
        let data = CommandData {
            definition: &job.definition.job,
            position: job.position,
            args: &job.args,
            results: &results,
            error: error.as_deref(),
            vars: &self.parts.vars,
            directory: &job.directory,
        };
        let ending = match data.command(start) {
            Ok(AttemptCommand::Run(command)) => {
                let slots = &mut self.parts.slots;
                match slots.begin(id, doing.clone(), &command, job.deadlines, now) {
                    Ok(()) => return false,
                    Err(outcome) => StepEnding::of(
                        *outcome,
                        start.phase,
                        job.to_kill().contains(&start.step),
                        &start.step,
                        &job.directory,
                        0,
                    ),
                }
            }
            Ok(AttemptCommand::NothingToUndo) => StepEnding::plain(EntryOutcome::Succeeded),
            Err(failure) => StepEnding::failed(*failure),
        };
        job.ended(&doing, ending, millis(now), &self.parts.name);
        true
    }

    fn step_ended(&mut self, ended: EndedStep) {
        let EndedStep {
            job: id,
            doing,
            ended,
        } = ended;
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        let output = ended.output().clone();
        send_output(&*self.parts.board, job, &doing.step, doing.attempt, &output);
        let others = job.bytes_of_others(&doing.step);
        let ending = StepEnding::of(
            ended.outcome,
            doing.phase,
            job.to_kill().contains(&doing.step),
            &doing.step,
            &job.directory,
            others,
        );
        let label = format!("{} {id}", job.definition.job.name());
        log_ending(&label, &doing, &ending, &job.redactor);
        job.ended(&doing, ending, millis(clock::now()), &self.parts.name);
    }

    /// Takes a job that was claimed.
    fn take(&mut self, claim: &ClaimedJob, sent: Mono, claimed: Moment) {
        let id = claim.position.id;
        let label = format!("{} {id}", claim.definition);
        match self.prepared(claim, sent, claimed) {
            Ok(parts) => {
                let verb = if claim.journal.is_empty() {
                    "Claimed"
                } else {
                    "Claimed, and goes on"
                };
                log::info!("[{label}] {verb}");
                let mut job = HeldJob::of(claim, parts);
                if let Some(request) = claim.request {
                    job.request(request, millis(claimed), &self.parts.name);
                }
                self.jobs.insert(id, job);
            }
            Err(why) => {
                log::error!("[{label}] Stuck: {why}");
                let mut transition = Transition::begin(claim.position, Vec::new());
                transition.state = JobState::Stuck;
                transition.reason = Some(why);
                let advance = Advance {
                    session: self.parts.session,
                    transitions: vec![transition],
                    claim: ClaimWish::default(),
                };
                // Without an answer the job is given back by the next beat.
                let _ = self.parts.board.advance(&advance);
            }
        }
    }

    fn prepared(
        &self,
        claim: &ClaimedJob,
        sent: Mono,
        claimed: Moment,
    ) -> Result<HeldJobParts, String> {
        let definition = self.parts.definitions.get(&claim.definition);
        let definition = definition.ok_or("this worker does not know the job")?;
        let args = definition.job.schema.args.check(&claim.args);
        let args = args.map_err(|errors| format!("its arguments do not fit: {errors}"))?;
        let directory = self.parts.directories.of(claim.position.id);
        let directory =
            directory.map_err(|error| format!("its directory cannot be made: {error}"))?;
        let secrets: Vec<String> = definition.job.secrets(&args).collect();
        let redactor = match secrets.is_empty() {
            true => Arc::clone(&self.parts.redactor),
            false => {
                let own = self.parts.own_values.iter().cloned();
                let named = secrets
                    .into_iter()
                    .map(|value| (PASSWORD.to_owned(), value));
                Arc::new(Redactor::new(own.chain(named)))
            }
        };
        Ok(HeldJobParts {
            definition: Arc::clone(definition),
            args,
            directory,
            redactor,
            deadlines: deadlines(definition, sent),
            claimed,
        })
    }

    /// Lets go of a job that the board has taken back.
    fn left(&mut self, id: JobId, transition: &Transition) {
        let Some(job) = self.jobs.remove(&id) else {
            return;
        };
        let label = format!("{} {id}", job.definition.job.name());
        match transition.state {
            JobState::Waiting => log::info!("[{label}] Given back"),
            JobState::Succeeded => log::info!("[{label}] Succeeded"),
            state => {
                let why = transition.reason.as_deref().unwrap_or_default();
                let colon = if why.is_empty() { "" } else { ": " };
                log::warn!("[{label}] {}{colon}{why}", capitalised(state.word()));
            }
        }
        if transition.state.is_over() {
            let name = job.definition.job.name();
            let count = self
                .ended
                .entry(name.to_owned())
                .or_insert_with(|| EndCount {
                    definition: name.to_owned(),
                    succeeded: 0,
                    failed: 0,
                });
            match transition.state {
                JobState::Succeeded => count.succeeded += 1,
                _ => count.failed += 1,
            }
            if let Err(error) = self.parts.directories.remove(id) {
                log::warn!("[{label}] Its directory cannot be removed: {error}");
            }
        }
        let is_end = transition.state.is_over() || transition.state == JobState::Stuck;
        self.all_well &= !is_end || transition.state == JobState::Succeeded;
        if is_end {
            let reason = transition.reason.as_deref();
            self.parts
                .alerts
                .ended(&job, transition.state, reason, clock::now());
        }
    }

    /// Ends what runs of a job, and forgets the job.
    fn drop_job(&mut self, id: JobId) {
        self.parts.slots.kill(id, clock::mono());
        self.jobs.remove(&id);
    }

    /// Lets the last mails leave, until `until`.
    pub(crate) fn finish(&mut self, until: Mono) {
        self.parts.alerts.finish(clock::now(), until);
    }

    /// Hears what a beat has brought.
    fn hear(&mut self, news: BeatNews) -> Option<WorkEnd> {
        let answer = match news.answer {
            Ok(answer) => answer,
            Err(BoardError::SessionOver(_)) => return Some(self.session_over()),
            Err(error) => {
                self.unanswered_by(&error);
                return None;
            }
        };
        self.answered();
        let key = |position: &JobPosition| (position.id, position.fence);
        let owned: Vec<_> = answer.owned.iter().map(key).collect();
        let lost = news
            .held
            .iter()
            .map(key)
            .filter(|held| !owned.contains(held));
        for (id, fence) in lost {
            if self
                .jobs
                .get(&id)
                .is_some_and(|job| job.position.fence == fence)
            {
                log::warn!("Job {id} is no longer this worker's; what ran of it here is ended");
                self.drop_job(id);
            }
        }
        for position in &answer.owned {
            if let Some(job) = self.jobs.get_mut(&position.id) {
                job.deadlines = deadlines(&job.definition, news.sent);
                self.parts.slots.set_deadlines(position.id, job.deadlines);
            }
        }
        self.give_back_unknown(&news.held, &answer.owned);
        let now = clock::now();
        for held in answer.requests {
            if let Some(job) = self.jobs.get_mut(&held.id) {
                job.request(held.request, millis(now), &self.parts.name);
            }
        }
        self.kill_killed(now.mono);
        self.hear_wish(answer.wish, now.mono);
        self.tell_beats();
        None
    }

    /// Gives back jobs whose claim was answered to nobody: they were never begun.
    fn give_back_unknown(&self, held: &[JobPosition], owned: &[JobPosition]) {
        let is_known = |position: &JobPosition| {
            let was_held = held.iter().any(|held| held.id == position.id);
            was_held || self.jobs.contains_key(&position.id)
        };
        let unknown = owned.iter().filter(|position| !is_known(position));
        let unknown: Vec<GiveBack> = unknown
            .map(|position| GiveBack {
                position: *position,
                fate: LeftoverFate::NeverStarted,
            })
            .collect();
        if !unknown.is_empty() {
            // Without an answer the next beat finds them again.
            let _ = self.parts.board.give_back(self.parts.session, &unknown);
        }
    }

    fn hear_wish(&mut self, wish: SessionWish, now: Mono) {
        self.is_asleep = wish == SessionWish::Sleep;
        match wish {
            SessionWish::Work | SessionWish::Sleep => {}
            SessionWish::Drain | SessionWish::Quit => self.leaving.ask(LeavingStage::Finish, now),
            SessionWish::QuitNow => self.leaving.ask(LeavingStage::Terminate, now),
        }
    }

    /// Does what a request to end the worker asks for.
    fn carry_out_leaving(&mut self, now: Mono) {
        let Some(stage) = self.leaving.stage(now) else {
            return;
        };
        for (id, job) in &mut self.jobs {
            job.leave();
            match stage {
                LeavingStage::Finish => {}
                LeavingStage::Terminate => self.parts.slots.terminate(*id, now),
                LeavingStage::Kill => self.parts.slots.kill(*id, now),
            }
        }
    }

    fn kill_killed(&mut self, now: Mono) {
        for (id, job) in &self.jobs {
            for step in job.to_kill() {
                self.parts.slots.terminate_step(*id, &step, now);
            }
        }
    }

    fn look_after_the_dead(&mut self) {
        match self.parts.rescue.look(&*self.parts.board, clock::mono()) {
            Ok(()) => {}
            Err(error) => self.unanswered_by(&error),
        }
    }

    /// Ends all that runs: nothing of it is this worker's any more.
    fn session_over(&mut self) -> WorkEnd {
        log::error!("The board has taken this worker off: it was not heard of for too long");
        let ids: Vec<JobId> = self.jobs.keys().copied().collect();
        for id in ids {
            self.drop_job(id);
        }
        while !self.parts.slots.are_idle() {
            let now = clock::mono();
            self.parts.slots.collect(now);
            let until = self.parts.slots.due().min(now + LOOK);
            let _ = self.waiter.wait([Some(self.parts.slots.source())], until);
        }
        WorkEnd::SessionOver
    }

    fn answered(&mut self) {
        if let Some(since) = self.unanswered.take() {
            let span = crate::core::time::in_words(clock::mono().since(since));
            log::info!("The board answers again, after {span}");
        }
    }

    /// Logs an outage of the board once.
    fn unanswered_by(&mut self, error: &BoardError) {
        let now = clock::mono();
        self.look_at = now + AFTER_NO_ANSWER;
        if self.unanswered.is_none() {
            self.unanswered = Some(now);
            let remedy = error.remedy().map(|remedy| format!("; {remedy}"));
            log::error!("{error}{}; it is tried again", remedy.unwrap_or_default());
        }
    }

    fn tell_beats(&self) {
        let held = self.jobs.values().map(|job| job.position).collect();
        let leases = self.jobs.values().map(|job| job.definition.lease());
        let ended = self.ended.values().cloned().collect();
        self.parts.beats.hold(held, leases.min(), ended);
    }

    fn wait(&mut self, signals: &SignalReader) {
        let now = clock::now();
        let mut until = self.look_at.min(self.parts.slots.due());
        until = until.min(self.leaving.due()).min(self.parts.alerts.due());
        let waits = self.jobs.values().filter_map(HeldJob::wait_until);
        let dues = waits.chain(self.next_due.filter(|_| self.may_claim()));
        if let Some(due) = dues.min().filter(|_| self.free() > 0) {
            let span = u64::try_from(due.saturating_sub(millis(now))).unwrap_or(0);
            until = until.min(now.mono + Duration::from_millis(span));
        }
        let rings = self.may_claim() && self.free() > 0;
        let sources = [
            Some(signals.as_fd()),
            Some(self.parts.slots.source()),
            Some(self.parts.beats.bell().fd()),
            Some(self.parts.rescue.source()),
            rings.then(|| self.parts.bell.as_fd()),
        ];
        let Ok([_, _, _, has_died, has_rung]) = self.waiter.wait(sources, until) else {
            return;
        };
        if has_died || has_rung {
            self.look_at = now.mono;
        }
    }
}

fn deadlines(definition: &WorkerDefinition, sent: Mono) -> LeaseDeadlines {
    LeaseTerms::of_ttl(definition.lease()).deadlines(sent)
}

/// Returns whether another worker could make the next try of a job.
fn others_can(board: &dyn Board, id: JobId, avoid: &[String]) -> bool {
    let Ok(facts) = board.wait_facts(id) else {
        return true;
    };
    facts.workers.iter().any(|worker| {
        worker.knows_definition
            && !worker.is_older
            && worker.lacks.is_empty()
            && !worker.is_leaving
            && !avoid.contains(&worker.name)
    })
}

/// Sends what a step has printed. Without an answer it is lost: the journal is not.
fn send_output(board: &dyn Board, job: &mut HeldJob, step: &str, attempt: u32, output: &Output) {
    let redacted = job.redactor.output(output);
    let at = millis(clock::now());
    let mut parts = Vec::new();
    let pieces = [(redacted.head, 0), (redacted.tail, redacted.cut)];
    for (text, omitted) in pieces {
        if text.is_empty() {
            continue;
        }
        parts.push(OutputPart {
            part: job.next_part,
            step: step.to_owned(),
            attempt,
            at,
            omitted,
            text,
        });
        job.next_part += 1;
    }
    if parts.is_empty() {
        return;
    }
    let batch = OutputBatch {
        id: job.position.id,
        fence: job.position.fence,
        parts,
    };
    if let Err(error) = board.append_output(&batch) {
        log::warn!("The output of job {} is not kept: {error}", batch.id);
    }
}

fn log_ending(
    label: &str,
    doing: &crate::flow::journal::Doing,
    ending: &StepEnding,
    redactor: &Redactor,
) {
    let step = &doing.step;
    let what = match doing.phase {
        crate::flow::journal::Phase::Revert => "Revert",
        crate::flow::journal::Phase::When => "Condition",
        crate::flow::journal::Phase::Check => "Check",
        _ => "Execution",
    };
    match (&ending.outcome, &ending.failure) {
        (EntryOutcome::Failed, Some(failure)) => {
            let text = redactor.failure(failure).text();
            log::error!("[{label}] {step}: {what} failed: {text}");
        }
        (EntryOutcome::Succeeded, _) => log::info!("[{label}] {step}: {what} successful"),
        (outcome, _) => log::info!("[{label}] {step}: {what} {outcome:?}"),
    }
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}

/// Returns the wall clock in milliseconds since 1970.
fn millis(now: Moment) -> i64 {
    let since = now.wall.duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
}
