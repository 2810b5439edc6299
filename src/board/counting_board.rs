//! A board that counts its calls, for tests of what a page costs.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use super::advance::{Advance, AdvanceAnswer, GiveBack, LaneWish, TransitionVerdict};
use super::alert_board::AlertBoard;
use super::alert_conditions::AlertConditions;
use super::alert_record::{AlertLook, AlertRecord, AlertsHold};
use super::batch::{BatchPost, BatchReceipt, BatchRecord, BulkAnswer};
use super::beat::{Beat, BeatAnswer, JobPosition, LookAnswer};
use super::board_error::BoardResult;
use super::board_trait::{Board, BoardBell};
use super::call_table::{alerts_calls, board_calls, schedules_calls};
use super::definition_entry::{DefinitionEntry, DefinitionRecord};
use super::end_summary::EndSummary;
use super::ended_job::{EndFilter, EndedJob};
use super::host_identity::HostIdentity;
use super::http::argument_type::argument_type;
use super::job_id::{BatchId, JobId, SessionId};
use super::job_record::{JobFilter, JobOutcome, JobPage, JobRecord, StateCount};
use super::job_request::{JobRequest, RequestAnswer};
use super::keep_limits::{GcAnswer, KeepLimits};
use super::mail_record::{ClaimedMail, MailRecord};
use super::next_post::{FollowedPost, NextRecord};
use super::output_part::{OutputBatch, OutputPart};
use super::pause::{PauseRecord, PauseScope};
use super::post::{NextPost, Post, PostReceipt};
use super::reap::{Reap, ReapAnswer};
use super::schedule_board::{ScheduleBoard, ScheduleRequest, ScheduleRequestAnswer};
use super::schedule_file::{ScheduleFile, ScheduleFileAnswer};
use super::schedule_record::ScheduleRecord;
use super::schedule_slot::{ScheduleLook, ScheduleNews, SlotAnswer, SlotTaking};
use super::served::own_calls::own_calls;
use super::session_request::{SessionRecord, SessionRequest, SessionTicket, SessionWish};
use super::wait_facts::{CannotNow, WaitFacts};
use crate::flow::journal::JournalEntry;

/// A board that counts its calls.
pub(crate) struct CountingBoard<'a> {
    board: &'a dyn Board,
    calls: Mutex<BTreeMap<&'static str, u64>>,
}

impl<'a> CountingBoard<'a> {
    /// Creates a board in front of another one.
    pub(crate) fn new(board: &'a dyn Board) -> Self {
        CountingBoard {
            board,
            calls: Mutex::default(),
        }
    }

    /// Returns how often each call was made since this was asked last.
    pub(crate) fn take_calls(&self) -> BTreeMap<&'static str, u64> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    fn count(&self, call: &'static str) {
        *self.calls.lock().unwrap().entry(call).or_default() += 1;
    }
}

/// Makes the methods: each is counted, and handed on.
macro_rules! counted {
    ($($role:ident, $scope:ident($($scoped:ident),*), $doc:literal:
        $name:ident($($argument:ident: $kind:ident($type:ty)),*) -> $answer:ty;)*) => {$(
        fn $name(&self, $($argument: argument_type!($kind, $type)),*) -> BoardResult<$answer> {
            self.count(stringify!($name));
            self.board.$name($($argument),*)
        }
    )*};
}

impl Board for CountingBoard<'_> {
    board_calls!(counted);
    own_calls!(counted);

    fn post(&self, post: &Post) -> BoardResult<PostReceipt> {
        self.count("post");
        self.board.post(post)
    }

    fn bell(&self) -> BoardResult<Box<dyn BoardBell>> {
        self.count("bell");
        self.board.bell()
    }

    fn place(&self) -> String {
        self.count("place");
        self.board.place()
    }
}

impl ScheduleBoard for CountingBoard<'_> {
    schedules_calls!(counted);
}

impl AlertBoard for CountingBoard<'_> {
    alerts_calls!(counted);
}
