//! Schedules: whichever worker looks first takes a slot.

use std::collections::BTreeMap;

use super::super::applied_schedules::{rule_of, timestamp};
use super::super::job_post::{ScheduledPost, known_schemas};
use super::super::wall_millis;
use super::WorkLoop;
use crate::board::{BoardError, DueSchedule, ScheduleNews, SlotAnswer, SlotTaking};
use crate::core::time::{Moment, Mono};
use crate::job::JobSchema;
use crate::schedule::{SlotOverlap, SlotPlan};
use crate::unix::clock;

/// How many slots a look takes at most: jobs are claimed between two looks.
const MOST_SLOTS: u32 = 256;

impl WorkLoop {
    /// Takes the slots that have come; logs and mails the news of schedules.
    pub(super) fn fire(&mut self, now: Moment) {
        let is_due = self.next_slot.is_some_and(|slot| slot <= wall_millis(now));
        let is_asked = now.mono >= self.look_at.min(self.schedules_at) || is_due;
        let may_fire = self.fires_schedules && !self.leaving.is_asked();
        if !may_fire || !is_asked || self.is_unanswered {
            return;
        }
        // With the look for work, where that is not put off by what happens.
        self.schedules_at = now.mono + super::LOOK + super::AFTER_NO_ANSWER;
        match self.look_at_schedules(now) {
            Ok(()) => {}
            Err(error) => self.unanswered_by(&error),
        }
    }

    fn look_at_schedules(&mut self, now: Moment) -> Result<(), BoardError> {
        if let Some(schedules) = &self.parts.schedules {
            schedules.apply(&*self.parts.board)?;
            self.parts.schedules = None;
        }
        let look = self.parts.board.look_at_schedules(MOST_SLOTS)?;
        self.next_slot = look.next;
        let mut has_moved = false;
        if !look.due.is_empty() {
            let own = self.parts.definitions.iter();
            let own = own.map(|(name, known)| (name, &known.job.schema));
            let schemas = known_schemas(own, &*self.parts.board)?;
            for due in &look.due {
                has_moved |= self.take_slot(due, &schemas, now)?;
            }
        }
        if has_moved {
            // More may have come, and the slots that were planned now are not known yet.
            self.schedules_at = now.mono;
        }
        if look.has_news {
            for news in self.parts.board.take_schedule_news()? {
                self.log_news(&news);
            }
        }
        Ok(())
    }

    /// Takes a slot. Returns whether the schedule has moved on.
    fn take_slot(
        &mut self,
        due: &DueSchedule,
        schemas: &BTreeMap<String, JobSchema>,
        now: Moment,
    ) -> Result<bool, BoardError> {
        let Some(taking) = self.taking(due, schemas, wall_millis(now)) else {
            return Ok(false);
        };
        let name = &due.name;
        let answer = self.parts.board.take_slot(&taking)?;
        match answer {
            SlotAnswer::Posted(receipt) if receipt.is_new => {
                log::info!("[schedule {name}] Posted job {}", receipt.id);
                // This worker may claim the job at once.
                self.look_at = Mono::BOOT;
            }
            SlotAnswer::Skipped(job) => {
                log::info!("[schedule {name}] Skipped: job {job} is not over");
            }
            SlotAnswer::PassedOver if taking.missed > 0 => {
                log::info!("[schedule {name}] Missed, as no worker was there");
            }
            SlotAnswer::Posted(_)
            | SlotAnswer::PassedOver
            | SlotAnswer::Held(_)
            | SlotAnswer::Lost => {}
        }
        Ok(!matches!(answer, SlotAnswer::Held(_)))
    }

    /// Returns what is done with the slot of a schedule; `None`: its times cannot be understood
    /// here.
    fn taking(
        &mut self,
        due: &DueSchedule,
        schemas: &BTreeMap<String, JobSchema>,
        now: i64,
    ) -> Option<SlotTaking> {
        let spec = &due.spec;
        let rule = match rule_of(spec) {
            Ok(rule) => rule,
            Err(why) => {
                // Another worker may understand it: the slot stays.
                if self.not_understood.insert((due.name.clone(), due.version)) {
                    log::error!("[schedule {}] This worker posts no job: {why}", due.name);
                }
                return None;
            }
        };
        let plan = match due.slot > now {
            // The clock was ahead when this slot was planned.
            true => SlotPlan {
                post: None,
                missed: 0,
                next: rule.next_after(timestamp(now)),
            },
            false => {
                let waits = spec.overlap == SlotOverlap::Wait;
                let held_until = due.last_ended.filter(|_| waits).map(timestamp);
                let slot = timestamp(due.slot);
                SlotPlan::of(&rule, slot, timestamp(now), spec.missed, held_until)
            }
        };
        let scheduled = ScheduledPost::of(spec, schemas);
        let every_worker = scheduled.every_worker;
        let post = plan.post.map(|slot| {
            let slot = slot.as_millisecond();
            (slot, scheduled.post.of_slot(due, slot, now))
        });
        Some(SlotTaking {
            name: due.name.clone(),
            version: due.version,
            due: due.slot,
            post,
            every_worker,
            missed: plan.missed,
            next: plan.next.map(jiff::Timestamp::as_millisecond),
        })
    }

    /// Logs news of a schedule; the alerter mails what holds.
    fn log_news(&self, news: &ScheduleNews) {
        match news {
            ScheduleNews::Paused { name, failures } => {
                let why = format!("paused, since {failures} of its jobs in a row have failed");
                log::error!("[schedule {name}] {}", capital(&why));
            }
            ScheduleNews::Late { name, job, slot } => {
                let at = clock::short(timestamp(*slot).into());
                let why = format!("late: job {job} of {at} has not begun");
                log::warn!("[schedule {name}] {}", capital(&why));
            }
            ScheduleNews::InTime { .. } => {}
        }
    }
}

fn capital(text: &str) -> String {
    super::super::step_report::capitalised(text)
}
