//! What beats bring, and what the board wishes of the worker.

use super::super::beat_thread::BeatNews;
use super::super::shutdown::ShutdownStage;
use super::super::wall_millis;
use super::{WorkEnd, WorkLoop};
use crate::board::{
    BoardError, GiveBack, HeldRequest, JobId, JobPosition, LeftoverFate, SessionWish,
};
use crate::core::time::{Moment, Mono};
use crate::unix::clock;

impl WorkLoop {
    /// Hears what a beat has brought.
    pub(super) fn hear(&mut self, news: BeatNews) -> Option<WorkEnd> {
        let answer = match news.answer {
            Ok(answer) => answer,
            Err(BoardError::SessionOver(_)) => return Some(self.session_over()),
            Err(error) => {
                self.unanswered_by(&error);
                return None;
            }
        };
        self.written();
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
                job.deadlines = job.definition.deadlines(news.sent);
                self.parts.slots.set_deadlines(position.id, job.deadlines);
            }
        }
        self.give_back_unknown(&news.held, &answer.owned);
        let now = clock::now();
        self.hear_requests(&answer.requests, now);
        self.hear_wish(answer.wish, now.mono);
        self.tell_beats();
        None
    }

    /// Hears what jobs of this worker are asked for; returns whether any of it is new.
    pub(super) fn hear_requests(&mut self, requests: &[HeldRequest], now: Moment) -> bool {
        let mut is_new = false;
        for held in requests {
            if let Some(job) = self.jobs.get_mut(&held.id) {
                is_new |= job.request(held.request, wall_millis(now), &self.parts.name);
            }
        }
        self.kill_killed(now.mono);
        is_new
    }

    /// Gives back jobs whose claim was answered to nobody: they were never begun.
    pub(super) fn give_back_unknown(&self, held: &[JobPosition], owned: &[JobPosition]) {
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

    pub(super) fn hear_wish(&mut self, wish: SessionWish, now: Mono) {
        self.is_asleep = wish == SessionWish::Sleep;
        match wish {
            SessionWish::Work | SessionWish::Sleep => {}
            SessionWish::Drain | SessionWish::Quit => self.leaving.ask(ShutdownStage::Finish, now),
            SessionWish::QuitNow => self.leaving.ask(ShutdownStage::Terminate, now),
        }
    }

    /// Does what a request to end the worker asks for.
    pub(super) fn carry_out_leaving(&mut self, now: Mono) {
        let Some(stage) = self.leaving.stage(now) else {
            return;
        };
        for (id, job) in &mut self.jobs {
            job.leave();
            match stage {
                ShutdownStage::Finish => {}
                ShutdownStage::Terminate => self.parts.slots.terminate(*id, now),
                ShutdownStage::Kill => self.parts.slots.kill(*id, now),
            }
        }
    }

    /// Ends all that runs: nothing of it is this worker's any more.
    pub(super) fn session_over(&mut self) -> WorkEnd {
        log::error!(
            "The board has taken this worker off: it was not heard of for too long, or the board was restored"
        );
        self.drop_all();
        WorkEnd::SessionOver
    }

    /// Ends all that runs: the board of these jobs is no longer where others look for it.
    pub(super) fn board_is_gone(&mut self) -> WorkEnd {
        let place = self.parts.board.place();
        log::error!("The file of {place} was removed or replaced: what ran is ended");
        self.drop_all();
        WorkEnd::SessionOver
    }

    /// Ends all that runs, and leaves: the board has refused what this worker sent.
    pub(super) fn refused(&mut self, error: &BoardError) -> WorkEnd {
        log::error!("{error}, which is a defect of this program; its jobs are given back");
        self.drop_all();
        // A session that could not leave is reaped.
        let _ = self.parts.board.leave(self.parts.session);
        WorkEnd::SessionOver
    }

    fn drop_all(&mut self) {
        let ids: Vec<JobId> = self.jobs.keys().copied().collect();
        for id in ids {
            self.drop_job(id);
        }
    }

    pub(super) fn tell_beats(&self) {
        let held = self.jobs.values().map(|job| job.position).collect();
        let leases = self.jobs.values().map(|job| job.definition.lease());
        let ended = self.ended.values().cloned().collect();
        self.parts.beats.hold(held, leases.min(), ended);
    }
}
