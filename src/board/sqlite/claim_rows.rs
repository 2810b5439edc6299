//! What a claim asks and brings, as the writer's thread has it.

use rusqlite::Row;

use crate::board::advance::{ClaimWish, ClaimedJob, LaneWish};
use crate::board::beat::JobPosition;
use crate::board::job_id::JobId;
use crate::core::time::whole_millis;
use crate::flow::journal::{Doing, JournalEntry, Phase};

/// A lane as the writer needs it.
#[derive(Debug)]
pub(super) struct LaneRow {
    pub(super) definition: String,
    pub(super) lease: i64,
    pub(super) max_crashes: u32,
    pub(super) is_bound: bool,
    pub(super) time_limit: Option<i64>,
    pub(super) first: Vec<Doing>,
    pub(super) has_begun: bool,
}

impl LaneRow {
    /// Turns a lane into a row.
    pub(super) fn of(lane: &LaneWish) -> Self {
        LaneRow {
            definition: lane.definition.clone(),
            lease: whole_millis(lane.lease),
            max_crashes: lane.max_crashes,
            is_bound: lane.is_bound_to_host,
            time_limit: lane.time_limit.map(whole_millis),
            first: lane.first.clone(),
            has_begun: lane.first.iter().any(|doing| doing.phase == Phase::Execute),
        }
    }
}

/// What to claim, as the writer needs it.
#[derive(Debug)]
pub(super) struct ClaimRow {
    pub(super) at_most: usize,
    pub(super) lanes: Vec<LaneRow>,
    pub(super) only: Vec<JobId>,
}

impl ClaimRow {
    /// Turns a wish into a row.
    pub(super) fn of(wish: &ClaimWish) -> Self {
        ClaimRow {
            at_most: wish.at_most as usize,
            lanes: wish.lanes.iter().map(LaneRow::of).collect(),
            only: wish.only.clone(),
        }
    }
}

/// A job that was claimed: its arguments are parsed by the caller's thread.
#[derive(Debug)]
pub(super) struct ClaimRaw {
    pub(super) run_at: i64,
    pub(super) position: JobPosition,
    definition: String,
    args: String,
    pub(super) doing: Vec<Doing>,
    pub(super) journal: Vec<JournalEntry>,
    priority: i8,
    crashes: u32,
    avoid: Option<String>,
    last_host: Option<String>,
    key: Option<String>,
    project: Option<String>,
    posted_by: String,
    posted: i64,
    pub(super) ends_by: Option<i64>,
}

impl ClaimRaw {
    /// Returns the job as its holder gets it.
    pub(super) fn parsed(self) -> ClaimedJob {
        let avoid = self.avoid.and_then(|text| serde_json::from_str(&text).ok());
        ClaimedJob {
            position: self.position,
            definition: self.definition,
            args: serde_json::from_str(&self.args).unwrap_or_default(),
            journal: self.journal,
            doing: self.doing,
            request: None,
            priority: self.priority,
            crashes: self.crashes,
            avoid: avoid.unwrap_or_default(),
            last_host: self.last_host,
            key: self.key,
            project: self.project,
            posted_by: self.posted_by,
            posted: self.posted,
            ends_by: self.ends_by,
        }
    }
}

impl ClaimRaw {
    /// Reads what the look for work has found.
    pub(super) fn of_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let position = JobPosition {
            id: JobId(row.get(0)?),
            fence: row.get(1)?,
            seq: row.get(2)?,
        };
        Ok(ClaimRaw {
            position,
            args: row.get(3)?,
            run_at: row.get(4)?,
            crashes: row.get(5)?,
            avoid: row.get(6)?,
            last_host: row.get(7)?,
            key: row.get(8)?,
            project: row.get(9)?,
            posted_by: row.get(10)?,
            posted: row.get(11)?,
            definition: row.get(12)?,
            priority: row.get(13)?,
            ends_by: row.get(14)?,
            doing: Vec::new(),
            journal: Vec::new(),
        })
    }
}
