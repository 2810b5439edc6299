//! The part of a board that keeps schedules.

use serde::{Deserialize, Serialize};

use super::board_error::BoardResult;
use super::post::{Post, PostReceipt};
use super::schedule_file::{ScheduleFile, ScheduleFileAnswer};
use super::schedule_record::ScheduleRecord;
use super::schedule_slot::{ScheduleLook, ScheduleNews, SlotAnswer, SlotTaking};

/// The part of a board that keeps schedules. Promises:
///
/// - A slot is posted once: `next` moves only in the transaction that posts.
/// - A content of a file that was replaced never comes back by itself.
/// - Pauses survive changes of the file, and the removal and return of a schedule.
/// - The ends of jobs are counted in the transaction that ends them.
pub(crate) trait ScheduleBoard {
    /// Applies the schedules of a file, if their content is new to the board.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn apply_schedules(&self, file: &ScheduleFile) -> BoardResult<ScheduleFileAnswer>;

    /// Returns all schedules, in the order of their names.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn schedules(&self) -> BoardResult<Vec<ScheduleRecord>>;

    /// Looks for schedules whose slot has come, so many at most, without a write.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn look_at_schedules(&self, at_most: u32) -> BoardResult<ScheduleLook>;

    /// Takes a slot: moves `next` on and posts the job, both or neither.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn take_slot(&self, taking: &SlotTaking) -> BoardResult<SlotAnswer>;

    /// Posts a job of a schedule by hand, or one for each live worker that can do it; the next slot
    /// stays. `None`: there is no such schedule, or no such worker.
    ///
    /// # Errors
    ///
    /// As for [`post`](super::Board::post).
    fn run_schedule(
        &self,
        name: &str,
        post: &Post,
        every_worker: bool,
    ) -> BoardResult<Option<PostReceipt>>;

    /// Pauses a schedule, or ends its pause.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn request_of_schedule(
        &self,
        name: &str,
        request: &ScheduleRequest,
    ) -> BoardResult<ScheduleRequestAnswer>;

    /// Returns what is to be mailed about schedules, each piece once.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn take_schedule_news(&self) -> BoardResult<Vec<ScheduleNews>>;
}

/// What a person asks of a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum ScheduleRequest {
    /// To post nothing.
    Pause {
        /// The user.
        by: String,
        /// The reason, for people.
        why: String,
    },
    /// To post again; slots of the pause are not made up for.
    Resume {
        /// The next slot from now on.
        next: Option<i64>,
    },
}

/// The answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum ScheduleRequestAnswer {
    /// Carried out.
    Done,
    /// The schedule is as requested already; nothing was changed.
    AsBefore,
    /// There is no such schedule.
    Missing,
}
