//! What is known of the board: its workers, and how the jobs of each definition fare.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::worker_presence::WorkerPresence;
use crate::board::{
    Board, BoardResult, EndSummary, HostIdentity, JobId, JobState, ScheduleRecord, SessionRecord,
};
use crate::core::time::{of_unix_millis, unix_millis};
use crate::metrics::board_metrics::{BoardMetrics, DefinitionMetrics, ScheduleMetrics, board_page};
use crate::text::terminal::plain;
use crate::unix::clock::{self, short};

/// For how long ends are counted.
const COUNTED_FOR: Duration = Duration::from_secs(24 * 3600);

/// The states of jobs that are not over, in the order in which they are shown.
pub(crate) const UNFINISHED: [JobState; 5] = [
    JobState::Stuck,
    JobState::Running,
    JobState::Paused,
    JobState::Limited,
    JobState::Waiting,
];

/// What is known of the board.
pub(crate) struct BoardStatus {
    /// Where the board is: its file.
    pub(crate) place: String,
    /// The workers that live; the error in words where the board cannot be looked at.
    pub(crate) workers: Result<Vec<SessionRecord>, String>,
    /// The names of workers that have died and have not been taken off the board.
    pub(crate) dead: Vec<String>,
    /// The definitions of which jobs are kept, by name.
    pub(crate) definitions: BTreeMap<String, DefinitionStatus>,
    /// The schedules, by name.
    pub(crate) schedules: Vec<ScheduleRecord>,
}

/// How the jobs of a definition fare.
#[derive(Clone, Debug, Default)]
pub(crate) struct DefinitionStatus {
    /// How many jobs are in each state, each counted to 10,001 at most.
    pub(crate) counts: BTreeMap<JobState, u64>,
    /// How many succeeded in 24 hours, counted so too.
    pub(crate) succeeded: u64,
    /// How many failed, were reverted or got stuck in 24 hours, counted so too.
    pub(crate) failed: u64,
    /// The last success.
    pub(crate) last_success: Option<SystemTime>,
    /// The last failure.
    pub(crate) last_failure: Option<LastFailure>,
}

/// The failure of a definition that is the last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LastFailure {
    /// The job.
    pub(crate) job: JobId,
    /// When it ended.
    pub(crate) at: SystemTime,
    /// Why.
    pub(crate) reason: Option<String>,
}

impl BoardStatus {
    /// Looks at a board, which is at this place.
    pub(crate) fn of(board: &dyn Board, place: String) -> Self {
        match read(board) {
            Ok(content) => BoardStatus {
                place,
                workers: Ok(content.workers),
                dead: content.dead,
                definitions: content.definitions,
                schedules: content.schedules,
            },
            Err(error) => BoardStatus::hidden(place, error.to_string()),
        }
    }

    /// Returns what is known of a board that cannot be looked at.
    pub(crate) fn hidden(place: String, why: String) -> Self {
        BoardStatus {
            place,
            workers: Err(why),
            dead: Vec::new(),
            definitions: BTreeMap::new(),
            schedules: Vec::new(),
        }
    }

    /// Returns whether workers are on the board.
    pub(crate) fn has_workers(&self) -> bool {
        self.workers.as_ref().is_ok_and(|all| !all.is_empty())
    }

    /// Returns how many jobs wait, for a worker or behind a limit.
    pub(crate) fn waiting(&self) -> u64 {
        let of = |state| self.definitions.values().map(move |one| one.count(state));
        of(JobState::Waiting).chain(of(JobState::Limited)).sum()
    }

    /// Returns how many schedules wait for their next slot.
    pub(crate) fn waiting_schedules(&self) -> u64 {
        let waits = |one: &&ScheduleRecord| one.pause.is_none() && one.next.is_some();
        self.schedules.iter().filter(waits).count() as u64
    }

    /// Returns whether jobs or schedules wait and nothing is there to do them.
    pub(crate) fn lacks_workers(&self) -> bool {
        let waiting = self.waiting() + self.waiting_schedules();
        self.workers.is_ok() && !self.has_workers() && waiting > 0
    }

    /// Returns the metrics of the board; `None` where it cannot be looked at.
    pub(crate) fn metrics_page(&self) -> Option<String> {
        let workers = self.workers.as_ref().ok()?;
        let slots = workers.iter().map(|worker| u64::from(worker.request.slots));
        let definitions = self.definitions.iter();
        let definitions = definitions.map(|(name, status)| DefinitionMetrics {
            name,
            jobs: UNFINISHED
                .map(|state| (state.word(), status.count(state)))
                .to_vec(),
            last_success: status.last_success,
            last_failure: status.last_failure.as_ref().map(|failure| failure.at),
        });
        Some(board_page(&BoardMetrics {
            place: &self.place,
            workers: workers.len() as u64,
            slots: slots.sum(),
            definitions: definitions.collect(),
            schedules: self.schedules.iter().map(schedule_metrics).collect(),
        }))
    }

    /// Returns the definitions that fail or have jobs that are stuck, and the schedules that are
    /// paused because of failures.
    pub(crate) fn failing(&self) -> impl Iterator<Item = &str> {
        let bad = self.definitions.iter().filter(|(_, one)| one.is_bad());
        let paused = self.schedules.iter().filter(|one| is_given_up(one));
        let paused = paused.map(|one| one.name.as_str());
        bad.map(|(name, _)| name.as_str()).chain(paused)
    }
}

impl DefinitionStatus {
    /// Returns how many jobs are in a state.
    pub(crate) fn count(&self, state: JobState) -> u64 {
        self.counts.get(&state).copied().unwrap_or(0)
    }

    /// Returns the failure with which the last job ended that succeeded or failed.
    pub(crate) fn failure(&self) -> Option<&LastFailure> {
        let last = self.last_failure.as_ref()?;
        let is_last = self.last_success.is_none_or(|success| success < last.at);
        is_last.then_some(last)
    }

    /// Returns whether the last job failed, or any is stuck.
    pub(crate) fn is_bad(&self) -> bool {
        self.failure().is_some() || self.count(JobState::Stuck) > 0
    }

    fn add(&mut self, end: EndSummary) {
        let at = of_unix_millis(end.at);
        match end.state {
            JobState::Succeeded => {
                self.succeeded += end.jobs;
                self.last_success = Some(at);
            }
            JobState::Failed | JobState::Reverted | JobState::Stuck => {
                self.failed += end.jobs;
                let failure = LastFailure {
                    job: end.last,
                    at,
                    reason: end.reason,
                };
                let former = self.last_failure.take();
                let is_later = |former: &LastFailure| former.at > at;
                self.last_failure = Some(former.filter(is_later).unwrap_or(failure));
            }
            _ => {}
        }
    }
}

/// Returns whether a schedule is paused because its jobs failed too often in a row.
pub(crate) fn is_given_up(schedule: &ScheduleRecord) -> bool {
    let pause = schedule.pause.as_ref();
    pause.is_some_and(|pause| pause.by.is_none())
}

/// Returns when a schedule posts next, or since when the schedule is paused and by which user.
pub(crate) fn schedule_words(schedule: &ScheduleRecord) -> String {
    let Some(pause) = &schedule.pause else {
        let next = schedule.next.map(|next| short(of_unix_millis(next)));
        return next.map_or("never again".to_owned(), |next| format!("next {next}"));
    };
    let since = short(of_unix_millis(pause.since));
    let by = pause.by.as_deref().map(plain);
    let by = by.map(|by| format!(" by {by}")).unwrap_or_default();
    format!("PAUSED since {since}{by}")
}

fn schedule_metrics(schedule: &ScheduleRecord) -> ScheduleMetrics<'_> {
    let is_paused = schedule.pause.is_some();
    ScheduleMetrics {
        name: &schedule.name,
        is_paused,
        next: schedule.next.filter(|_| !is_paused).map(of_unix_millis),
        missed: schedule.missed,
        skipped: schedule.skipped,
    }
}

struct BoardContent {
    workers: Vec<SessionRecord>,
    dead: Vec<String>,
    definitions: BTreeMap<String, DefinitionStatus>,
    schedules: Vec<ScheduleRecord>,
}

fn read(board: &dyn Board) -> BoardResult<BoardContent> {
    let since = clock::wall().checked_sub(COUNTED_FOR);
    let since = since.map_or(0, unix_millis);
    let mut definitions: BTreeMap<String, DefinitionStatus> = BTreeMap::new();
    for count in board.counts()? {
        let status = definitions.entry(count.definition).or_default();
        status.counts.insert(count.state, count.jobs);
    }
    for end in board.ends(since)? {
        let status = definitions.entry(end.definition.clone()).or_default();
        status.add(end);
    }
    let (here, now) = (HostIdentity::of_this_process().ok(), clock::wall());
    let workers = board.workers()?.into_iter();
    let presence = |one: &SessionRecord| WorkerPresence::of(one, here.as_ref(), now);
    let is_alive = |one: &SessionRecord| presence(one) == WorkerPresence::Alive;
    let (workers, dead): (Vec<_>, Vec<_>) = workers.partition(is_alive);
    Ok(BoardContent {
        workers,
        dead: dead.into_iter().map(|one| one.request.name).collect(),
        definitions,
        schedules: board.schedules()?,
    })
}
