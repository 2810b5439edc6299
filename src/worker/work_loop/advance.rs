//! The call of the board: what is reported and wished for, and what the answer allows.

use super::super::step_report::capitalised;
use super::super::wall_millis;
use super::{LOOK, WorkLoop};
use crate::board::{
    Advance, AdvanceAnswer, Board, ClaimWish, EndCount, JobId, JobState, LaneWish, Transition,
    TransitionVerdict,
};
use crate::core::time::{Moment, Mono};
use crate::unix::clock;

impl WorkLoop {
    /// Returns all that the board is to know and to give.
    pub(super) fn advance(&mut self, now: Moment) -> Advance {
        let mut free = self.free();
        let wall = wall_millis(now);
        let mut transitions = Vec::new();
        self.end_in_time(now);
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

    /// Ends what is in progress of jobs whose time is over.
    fn end_in_time(&mut self, now: Moment) {
        let mut are_over = false;
        for (id, job) in &mut self.jobs {
            if job.end_in_time(wall_millis(now), &self.parts.name) {
                let name = job.definition.job.name();
                log::warn!("[{name} {id}] Its time limit is over: what is in progress is ended");
                are_over = true;
            }
        }
        if are_over {
            self.kill_killed(now.mono);
        }
    }

    pub(super) fn claim_wish(&mut self, free: usize) -> ClaimWish {
        let free = free.saturating_sub(self.parts.capabilities.reserved(clock::mono()));
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
    pub(super) fn carry_out(
        &mut self,
        advance: &Advance,
        answer: AdvanceAnswer,
        sent: Mono,
    ) -> bool {
        let mut goes_on = !answer.claimed.is_empty();
        for job in self.jobs.values_mut() {
            job.deadlines = job.definition.deadlines(sent);
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
        goes_on |= self.hear_requests(&answer.requests, claimed);
        self.hear_wish(answer.wish, claimed.mono);
        self.next_due = answer.next_due;
        self.tell_beats();
        goes_on
    }

    /// Does what the verdict on a transition allows. Returns whether something follows at once.
    pub(super) fn recorded(&mut self, transition: &Transition, verdict: TransitionVerdict) -> bool {
        let id = transition.before.id;
        let Some(job) = self.jobs.get_mut(&id) else {
            return false;
        };
        if verdict == TransitionVerdict::Stale {
            log::warn!("Job {id} is another worker's by now; what ran of it here is ended");
            self.drop_job(id);
            return false;
        }
        self.unsent.answered(transition);
        match job.acknowledged() {
            Some(starts) => {
                let has_more = job.has_more_to_send();
                self.begin_all(id, starts) || has_more
            }
            None => {
                self.left(id, transition);
                true
            }
        }
    }

    /// Does what may be done though the board has not answered: keeps what was reported, and goes
    /// on where nothing can be left half done.
    pub(super) fn unheard(&mut self, advance: &Advance) {
        for transition in &advance.transitions {
            self.unsent.keep(transition);
        }
        if self.parts.spool.is_none() {
            return;
        }
        let now = clock::mono();
        let ids: Vec<JobId> = self.jobs.keys().copied().collect();
        for id in ids {
            let Some(job) = self.jobs.get_mut(&id) else {
                continue;
            };
            for transition in job.unanswered() {
                self.unsent.keep(transition);
            }
            let starts = job.begin_unheard(now);
            self.begin_all(id, starts);
        }
    }

    /// Lets go of a job that the board has taken back.
    pub(super) fn left(&mut self, id: JobId, transition: &Transition) {
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
    }

    /// Forgets a job, and sees what runs of it dead: it may be claimed again by this very worker.
    pub(super) fn drop_job(&mut self, id: JobId) {
        self.jobs.remove(&id);
        self.parts.slots.kill(id, clock::mono());
        while self.parts.slots.has(id) {
            let now = clock::mono();
            for ended in self.parts.slots.collect(now) {
                self.step_ended(ended);
            }
            if self.parts.slots.has(id) {
                let until = self.parts.slots.due().min(now + LOOK);
                let _ = self.waiter.wait([Some(self.parts.slots.source())], until);
            }
        }
    }
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
