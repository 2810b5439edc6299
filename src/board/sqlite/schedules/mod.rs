//! Schedules in the tables of SQLite.

mod schedule_files;
mod schedule_rows;
pub(super) mod schedule_schema;
mod slot_rows;

use crate::board::board_trait::BoardResult;
use crate::board::post::{Post, PostReceipt};
use crate::board::schedule_board::{ScheduleBoard, ScheduleRequest, ScheduleRequestAnswer};
use crate::board::schedule_file::{ScheduleFile, ScheduleFileAnswer};
use crate::board::schedule_record::ScheduleRecord;
use crate::board::schedule_slot::{ScheduleLook, ScheduleNews, SlotAnswer, SlotTaking};

use super::posting::PostRow;
use super::sqlite_board::SqliteBoard;

impl ScheduleBoard for SqliteBoard {
    fn apply_schedules(&self, file: &ScheduleFile) -> BoardResult<ScheduleFileAnswer> {
        let file = file.clone();
        self.write(move |tx| schedule_files::apply(tx, &file))
    }

    fn schedules(&self) -> BoardResult<Vec<ScheduleRecord>> {
        self.read(schedule_rows::all)
    }

    fn look_at_schedules(&self, at_most: u32) -> BoardResult<ScheduleLook> {
        let now = self.now();
        self.read(|conn| slot_rows::look(conn, now, at_most))
    }

    fn take_slot(&self, taking: &SlotTaking) -> BoardResult<SlotAnswer> {
        let taking = taking.clone();
        let post = taking.post.as_ref();
        let row = post.map(|(slot, post)| Ok((*slot, PostRow::of(post)?)));
        let row = row.transpose()?;
        self.change(move |tx| slot_rows::take(tx, &taking, row))
    }

    fn run_schedule(
        &self,
        name: &str,
        post: &Post,
        every_worker: bool,
    ) -> BoardResult<Option<PostReceipt>> {
        let (name, row) = (name.to_owned(), PostRow::of(post)?);
        self.change(move |tx| slot_rows::run(tx, &name, &row, every_worker))
    }

    fn request_of_schedule(
        &self,
        name: &str,
        request: &ScheduleRequest,
    ) -> BoardResult<ScheduleRequestAnswer> {
        let (name, request) = (name.to_owned(), request.clone());
        self.write(move |tx| Ok(schedule_rows::request(tx, &name, &request)?))
    }

    fn take_schedule_news(&self) -> BoardResult<Vec<ScheduleNews>> {
        self.write(|tx| Ok(slot_rows::news(tx)?))
    }
}
