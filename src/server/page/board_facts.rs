//! What a page knows of the board as a whole: workers, schedules, pauses, mails, mutes.

use super::board_figures::BoardFigures;
use super::mutes;
use super::visit::Visit;
use crate::alert::jobs::JobMemory;
use crate::alert::outage::Outage;
use crate::board::{
    ALERTER, BoardResult, HostIdentity, PauseRecord, PauseScope, ScheduleRecord, SessionRecord,
    SessionWish,
};
use crate::core::time::of_unix_millis;
use crate::mute::wish::Mute;
use crate::status::worker_presence::WorkerPresence;

/// What a page knows of the board as a whole.
pub(super) struct BoardFacts {
    /// The jobs.
    pub(super) figures: BoardFigures,
    /// The workers on the board, by name, each with whether it lives.
    pub(super) workers: Vec<SeenWorker>,
    /// The schedules, by name.
    pub(super) schedules: Vec<ScheduleRecord>,
    /// The pauses that may be seen.
    pub(super) pauses: Vec<PauseRecord>,
    /// The mutes that hold.
    pub(super) mutes: Vec<Mute>,
    memory: Option<JobMemory>,
}

/// A worker, and whether it lives.
pub(super) struct SeenWorker {
    /// The worker.
    pub(super) record: SessionRecord,
    /// Whether it lives, as far as that can be seen from here.
    pub(super) presence: WorkerPresence,
}

impl SeenWorker {
    /// Returns whether the worker claims jobs.
    pub(super) fn serves(&self) -> bool {
        self.presence == WorkerPresence::Alive && self.record.wish == SessionWish::Work
    }

    /// Returns its name.
    pub(super) fn name(&self) -> &str {
        &self.record.request.name
    }

    /// Returns whether it has all these tags.
    pub(super) fn has(&self, needs: &[String]) -> bool {
        needs
            .iter()
            .all(|need| self.record.request.tags.contains(need))
    }
}

/// Returns the workers on the board, by name.
///
/// # Errors
///
/// Those of the board.
pub(super) fn workers(visit: &Visit<'_>) -> BoardResult<Vec<SeenWorker>> {
    let here = HostIdentity::of_this_process().ok();
    let now = of_unix_millis(visit.clock.now);
    let all = visit.sight.board().workers()?.into_iter();
    let mut seen: Vec<SeenWorker> = all
        .map(|record| SeenWorker {
            presence: WorkerPresence::of(&record, here.as_ref(), now),
            record,
        })
        .collect();
    seen.sort_by(|one, other| one.name().cmp(other.name()));
    Ok(seen)
}

/// Returns the pauses that a user may see.
///
/// # Errors
///
/// Those of the board.
pub(super) fn pauses(visit: &Visit<'_>) -> BoardResult<Vec<PauseRecord>> {
    let definitions = visit.sight.definitions()?;
    let mut all = visit.sight.board().pauses()?;
    all.retain(|pause| match &pause.scope {
        PauseScope::Definition(name) => visit.sees_all() || definitions.contains_key(name),
        PauseScope::Project(name) => visit.sight.allows(Some(name)),
        PauseScope::Worker(_) => true,
    });
    Ok(all)
}

impl BoardFacts {
    /// Reads all.
    ///
    /// # Errors
    ///
    /// Those of the board.
    pub(super) fn of(visit: &Visit<'_>) -> BoardResult<Self> {
        let board = visit.sight.board();
        let memory = board.alert_memory(ALERTER)?;
        let memory = memory.and_then(|text| serde_json::from_str(&text).ok());
        Ok(BoardFacts {
            figures: BoardFigures::of_the_day(&visit.sight, visit.clock.now)?,
            workers: workers(visit)?,
            schedules: visit.sight.schedules()?,
            pauses: pauses(visit)?,
            mutes: mutes::held(board, visit.clock.now)?,
            memory,
        })
    }

    /// Returns the outage of a definition, as the alerter knows it.
    pub(super) fn outage(&self, definition: &str) -> Option<&Outage> {
        let task = self.remembered(definition)?;
        task.outage.as_ref().map(|ongoing| &ongoing.outage)
    }

    fn remembered(&self, definition: &str) -> Option<&crate::alert::memory::TaskMemory> {
        let key = format!("jobs::{definition}");
        let tasks = self.memory.as_ref()?.alerts.tasks();
        tasks.iter().find(|task| task.name == key)
    }

    /// Returns whether a definition is down: as the alerter has it, else by its last end.
    pub(super) fn is_down(&self, definition: &str) -> bool {
        match self.remembered(definition) {
            Some(task) => task.outage.is_some(),
            None => {
                let known = self.figures.definitions.get(definition);
                known.is_some_and(|one| one.failure().is_some())
            }
        }
    }

    /// Returns the pause of a definition, or of its project.
    pub(super) fn pause_of(&self, definition: &str, project: Option<&str>) -> Option<&PauseRecord> {
        self.pauses.iter().find(|pause| match &pause.scope {
            PauseScope::Definition(name) => name == definition,
            PauseScope::Project(name) => Some(name.as_str()) == project,
            PauseScope::Worker(_) => false,
        })
    }

    /// Returns how many slots workers that serve have.
    pub(super) fn slots(&self) -> u64 {
        let serving = self.workers.iter().filter(|worker| worker.serves());
        serving
            .map(|worker| u64::from(worker.record.request.slots))
            .sum()
    }
}
