//! What a worker works with.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::applied_schedules::PendingSchedules;
use super::beat_thread::BeatThread;
use super::board_place::BoardFile;
use super::capabilities::Capabilities;
use super::job_directory::JobDirectories;
use super::rescue::Rescue;
use super::step_slots::StepSlots;
use super::unsent::SpoolPlace;
use super::worker_definition::WorkerDefinition;
use crate::board::{Board, BoardBell, SessionId};
use crate::logging::Log;
use crate::redact::Redactor;

/// What a worker works with.
pub(crate) struct WorkerParts {
    /// The board.
    pub(crate) board: Arc<dyn Board>,
    /// The file of the board.
    pub(crate) board_file: BoardFile,
    /// The session.
    pub(crate) session: SessionId,
    /// The name that the session has.
    pub(crate) name: String,
    /// What it can do.
    pub(crate) definitions: BTreeMap<String, Arc<WorkerDefinition>>,
    /// The host.
    pub(crate) host: String,
    /// What this worker has that jobs may need.
    pub(crate) tags: Vec<String>,
    /// The variables of this worker.
    pub(crate) vars: BTreeMap<String, String>,
    /// Where the directories of jobs are.
    pub(crate) directories: JobDirectories,
    /// The slots.
    pub(crate) slots: StepSlots,
    /// The commands that are asked before a job is claimed.
    pub(crate) capabilities: Capabilities,
    /// The observer of other sessions.
    pub(crate) rescue: Rescue,
    /// The thread that beats.
    pub(crate) beats: BeatThread,
    /// What rings when a job may be due.
    pub(crate) bell: Box<dyn BoardBell>,
    /// The log.
    pub(crate) log: Log,
    /// What takes the secrets of this process out of texts.
    pub(crate) redactor: Arc<Redactor>,
    /// The values of this process, some of which are secret, with their names.
    pub(crate) own_values: Vec<(String, String)>,
    /// The schedules of the file, until they are on the board.
    pub(crate) schedules: Option<PendingSchedules>,
    /// Where what the board has not taken is kept; `None`: in memory alone.
    pub(crate) spool: Option<SpoolPlace>,
    /// Whether the worker ends when there is nothing to do.
    pub(crate) is_once: bool,
    /// How long steps may go on after the worker was asked to end.
    pub(crate) drain_timeout: Duration,
}
