//! Jobs that need a tag of `can`: looked at, asked about, and then claimed by their number.

use std::collections::BTreeMap;

use super::super::capability_answers::UnclaimedJob;
use super::super::wall_millis;
use super::{LOOK, WorkEnd, WorkLoop};
use crate::board::{Advance, BoardError, ClaimWish, JobId, JobRecord, LaneWish};
use crate::core::time::{Moment, Mono};
use crate::job::{JobData, argument_variables};
use crate::unix::clock;

/// How many jobs that wait are looked at: those behind them wait until one of these is gone.
const MOST_JOBS: u32 = 100;

impl WorkLoop {
    /// Takes answers, claims the jobs that can be done now, and asks about others.
    pub(super) fn claim_capable(&mut self, now: Moment) -> Option<WorkEnd> {
        if self.parts.capabilities.is_empty() {
            return None;
        }
        if self.parts.capabilities.collect(now.mono) {
            self.peek_at = Mono::BOOT;
            // The slot that was kept free is free for any job.
            self.look_at = self.look_at.min(now.mono);
        }
        if !self.may_claim() {
            self.parts.capabilities.kill(now.mono);
            return None;
        }
        if self.is_unanswered {
            return None;
        }
        match self.claim_able(now) {
            Ok(()) => None,
            Err(BoardError::SessionOver(_)) => Some(self.session_over()),
            Err(error @ BoardError::Malformed(_)) => Some(self.refused(&error)),
            Err(error) => {
                self.unanswered_by(&error);
                None
            }
        }
    }

    fn claim_able(&mut self, now: Moment) -> Result<(), BoardError> {
        let lanes = self.lanes_to_ask();
        if lanes.is_empty() {
            return Ok(());
        }
        let free = self.free();
        let able = self.parts.capabilities.able(free, now.mono);
        if !able.is_empty() {
            self.claim_by_number(&lanes, able)?;
        }
        let is_due = now.mono >= self.peek_at.min(self.look_at);
        if is_due && self.free() > 0 {
            self.peek_at = now.mono + LOOK;
            self.peek(&lanes, now)?;
        }
        if self.free() > 0 {
            self.parts.capabilities.ask(now);
        }
        let cannot = self.parts.capabilities.cannot_now();
        if cannot != self.cannot_now {
            let session = self.parts.session;
            self.parts.board.set_cannot_now(session, &cannot)?;
            self.cannot_now = cannot;
        }
        Ok(())
    }

    /// Returns the lanes whose jobs are asked about before they are claimed.
    fn lanes_to_ask(&self) -> Vec<LaneWish> {
        let parts = &self.parts;
        let has = |need: &String| parts.tags.contains(need) || parts.capabilities.has(need);
        let able = parts.definitions.values().filter(|known| {
            let needs = &known.job.schema.needs;
            needs.iter().all(has) && !known.has_what_it_needs(&parts.tags)
        });
        able.map(|known| known.lane()).collect()
    }

    fn claim_by_number(&mut self, lanes: &[LaneWish], able: Vec<JobId>) -> Result<(), BoardError> {
        let advance = Advance {
            session: self.parts.session,
            transitions: Vec::new(),
            claim: ClaimWish {
                at_most: u32::try_from(able.len()).unwrap_or(u32::MAX),
                lanes: lanes.to_vec(),
                only: able.clone(),
            },
        };
        let sent = clock::mono();
        let mut answer = self.parts.board.advance(&advance)?;
        let claimed: Vec<JobId> = answer.claimed.iter().map(|job| job.position.id).collect();
        self.parts
            .capabilities
            .settle(&able, &claimed, clock::mono());
        // What is due in these lanes is not to be claimed without an answer.
        answer.next_due = self.next_due;
        self.carry_out(&advance, answer, sent);
        Ok(())
    }

    /// Looks which jobs wait in these lanes.
    fn peek(&mut self, lanes: &[LaneWish], now: Moment) -> Result<(), BoardError> {
        let session = self.parts.session;
        let mut found = self.parts.board.peek(session, lanes, MOST_JOBS)?;
        if found.is_empty() && self.is_change_due(lanes, now)? {
            // What is behind a limit is admitted by a claim.
            let advance = Advance {
                session,
                transitions: Vec::new(),
                claim: ClaimWish {
                    at_most: 0,
                    lanes: lanes.to_vec(),
                    only: Vec::new(),
                },
            };
            let sent = clock::mono();
            let mut answer = self.parts.board.advance(&advance)?;
            answer.next_due = self.next_due;
            self.carry_out(&advance, answer, sent);
            found = self.parts.board.peek(session, lanes, MOST_JOBS)?;
        }
        let jobs = found.iter().map(|job| self.unclaimed(job)).collect();
        self.parts.capabilities.consider(jobs);
        Ok(())
    }

    fn is_change_due(&self, lanes: &[LaneWish], now: Moment) -> Result<bool, BoardError> {
        let due = self.parts.board.look(self.parts.session, lanes)?.next_due;
        Ok(due.is_some_and(|due| due <= wall_millis(now)))
    }

    /// Returns what is asked about a job. A job whose arguments do not fit is asked about
    /// without them: after the claim they are found wrong.
    fn unclaimed(&self, job: &JobRecord) -> UnclaimedJob {
        let known = self.parts.definitions.get(&job.definition);
        let schema = known.map(|known| &known.job.schema);
        let needs = schema.map(|schema| schema.needs.as_slice());
        let asked = needs.unwrap_or_default().iter();
        let asked = asked.filter(|need| self.parts.capabilities.has(need));
        let variables = schema.and_then(|schema| {
            let args = schema.args.check(&job.args).ok()?;
            let data = JobData {
                job_id: &job.id.to_string(),
                args: &args,
                results: &BTreeMap::new(),
                each: None,
                vars: &self.parts.vars,
            };
            argument_variables(&schema.args, &data).ok()
        });
        UnclaimedJob {
            id: job.id,
            tags: asked.cloned().collect(),
            variables: variables.unwrap_or_default(),
        }
    }
}
