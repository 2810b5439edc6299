//! Schedules in PostgreSQL.

use serde::Serialize;
use serde_json::json;

use super::pg_board::PostgresBoard;
use crate::board::board_trait::BoardResult;
use crate::board::post::{Post, PostReceipt};
use crate::board::schedule_board::{ScheduleBoard, ScheduleRequest, ScheduleRequestAnswer};
use crate::board::schedule_file::{ApplyMode, ScheduleEntry, ScheduleFile, ScheduleFileAnswer};
use crate::board::schedule_record::ScheduleRecord;
use crate::board::schedule_slot::{ScheduleLook, ScheduleNews, SlotAnswer, SlotTaking};

/// A schedule of a file, with the word of its rule for overlaps.
#[derive(Serialize)]
struct EntryCall<'a> {
    overlap: crate::schedule::SlotOverlap,
    #[serde(flatten)]
    entry: &'a ScheduleEntry,
}

impl ScheduleBoard for PostgresBoard {
    fn apply_schedules(&self, file: &ScheduleFile) -> BoardResult<ScheduleFileAnswer> {
        #[derive(Serialize)]
        struct FileCall<'a> {
            project: &'a str,
            content: &'a str,
            entries: Vec<EntryCall<'a>>,
            mode: ApplyMode,
        }
        let entries = file.entries.iter().map(|entry| EntryCall {
            overlap: entry.spec.overlap,
            entry,
        });
        let call = FileCall {
            project: &file.project,
            content: &file.content,
            entries: entries.collect(),
            mode: file.mode,
        };
        self.call("apply_schedules", &call)
    }

    fn schedules(&self) -> BoardResult<Vec<ScheduleRecord>> {
        self.call("schedules", &())
    }

    fn look_at_schedules(&self, at_most: u32) -> BoardResult<ScheduleLook> {
        self.call("look_at_schedules", &at_most)
    }

    fn take_slot(&self, taking: &SlotTaking) -> BoardResult<SlotAnswer> {
        self.call("take_slot", taking)
    }

    fn run_schedule(
        &self,
        name: &str,
        post: &Post,
        every_worker: bool,
    ) -> BoardResult<Option<PostReceipt>> {
        let request = json!({"name": name, "post": post, "every_worker": every_worker});
        self.call("run_schedule", &request)
    }

    fn request_of_schedule(
        &self,
        name: &str,
        request: &ScheduleRequest,
    ) -> BoardResult<ScheduleRequestAnswer> {
        let request = json!({"name": name, "request": request});
        self.call("request_of_schedule", &request)
    }

    fn take_schedule_news(&self) -> BoardResult<Vec<ScheduleNews>> {
        self.call("take_schedule_news", &())
    }
}
