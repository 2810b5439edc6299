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
use super::board_error::{BoardError, BoardResult};
use super::board_trait::{Board, BoardBell};
use super::definition_entry::{DefinitionEntry, DefinitionRecord};
use super::end_summary::EndSummary;
use super::ended_job::{EndFilter, EndedJob};
use super::host_identity::HostIdentity;
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

impl Board for CountingBoard<'_> {
    fn post(&self, post: &Post) -> BoardResult<PostReceipt> {
        self.count("post");
        self.board.post(post)
    }

    fn post_all(&self, posts: &[Post]) -> BoardResult<Vec<PostReceipt>> {
        self.count("post_all");
        self.board.post_all(posts)
    }

    fn post_batch(
        &self,
        batch: &BatchPost,
        posts: &[Post],
        is_whole: bool,
    ) -> BoardResult<BatchReceipt> {
        self.count("post_batch");
        self.board.post_batch(batch, posts, is_whole)
    }

    fn post_after(&self, after: FollowedPost, next: &NextPost) -> BoardResult<NextRecord> {
        self.count("post_after");
        self.board.post_after(after, next)
    }

    fn set_pause(&self, scope: &PauseScope, by: Option<&str>) -> BoardResult<bool> {
        self.count("set_pause");
        self.board.set_pause(scope, by)
    }

    fn request_all(&self, filter: &JobFilter, request: &JobRequest) -> BoardResult<BulkAnswer> {
        self.count("request_all");
        self.board.request_all(filter, request)
    }

    fn join(&self, request: &SessionRequest) -> BoardResult<SessionTicket> {
        self.count("join");
        self.board.join(request)
    }

    fn enter_definitions(
        &self,
        session: SessionId,
        definitions: &[DefinitionEntry],
    ) -> BoardResult<()> {
        self.count("enter_definitions");
        self.board.enter_definitions(session, definitions)
    }

    fn beat(&self, beat: &Beat) -> BoardResult<BeatAnswer> {
        self.count("beat");
        self.board.beat(beat)
    }

    fn advance(&self, advance: &Advance) -> BoardResult<AdvanceAnswer> {
        self.count("advance");
        self.board.advance(advance)
    }

    fn look(&self, session: SessionId, lanes: &[LaneWish]) -> BoardResult<LookAnswer> {
        self.count("look");
        self.board.look(session, lanes)
    }

    fn peek(
        &self,
        session: SessionId,
        lanes: &[LaneWish],
        at_most: u32,
    ) -> BoardResult<Vec<JobRecord>> {
        self.count("peek");
        self.board.peek(session, lanes, at_most)
    }

    fn give_back(
        &self,
        session: SessionId,
        jobs: &[GiveBack],
    ) -> BoardResult<Vec<TransitionVerdict>> {
        self.count("give_back");
        self.board.give_back(session, jobs)
    }

    fn leave(&self, session: SessionId) -> BoardResult<()> {
        self.count("leave");
        self.board.leave(session)
    }

    fn reap(&self, reap: &Reap) -> BoardResult<ReapAnswer> {
        self.count("reap");
        self.board.reap(reap)
    }

    fn reap_dead_on_this_host(
        &self,
        session: SessionId,
        here: &HostIdentity,
    ) -> BoardResult<ReapAnswer> {
        self.count("reap_dead_on_this_host");
        self.board.reap_dead_on_this_host(session, here)
    }

    fn request(&self, id: JobId, request: &JobRequest) -> BoardResult<RequestAnswer> {
        self.count("request");
        self.board.request(id, request)
    }

    fn request_of_worker(&self, session: SessionId, wish: SessionWish) -> BoardResult<bool> {
        self.count("request_of_worker");
        self.board.request_of_worker(session, wish)
    }

    fn set_cannot_now(&self, session: SessionId, cannot: &[CannotNow]) -> BoardResult<()> {
        self.count("set_cannot_now");
        self.board.set_cannot_now(session, cannot)
    }

    fn append_output(&self, batch: &OutputBatch) -> BoardResult<bool> {
        self.count("append_output");
        self.board.append_output(batch)
    }

    fn watch_output(&self, id: JobId, for_at_most: Duration) -> BoardResult<()> {
        self.count("watch_output");
        self.board.watch_output(id, for_at_most)
    }

    fn output(&self, id: JobId, after: Option<u64>) -> BoardResult<Vec<OutputPart>> {
        self.count("output");
        self.board.output(id, after)
    }

    fn gc(&self, limits: &KeepLimits) -> BoardResult<GcAnswer> {
        self.count("gc");
        self.board.gc(limits)
    }

    fn outcome_of(&self, positions: &[JobPosition]) -> BoardResult<Vec<Option<JobOutcome>>> {
        self.count("outcome_of");
        self.board.outcome_of(positions)
    }

    fn job(&self, id: JobId) -> BoardResult<Option<JobRecord>> {
        self.count("job");
        self.board.job(id)
    }

    fn jobs(&self, filter: &JobFilter) -> BoardResult<JobPage> {
        self.count("jobs");
        self.board.jobs(filter)
    }

    fn counts(&self) -> BoardResult<Vec<StateCount>> {
        self.count("counts");
        self.board.counts()
    }

    fn ends(&self, since: i64) -> BoardResult<Vec<EndSummary>> {
        self.count("ends");
        self.board.ends(since)
    }

    fn ended_jobs(&self, filter: &EndFilter) -> BoardResult<Vec<EndedJob>> {
        self.count("ended_jobs");
        self.board.ended_jobs(filter)
    }

    fn journal(&self, id: JobId) -> BoardResult<Vec<JournalEntry>> {
        self.count("journal");
        self.board.journal(id)
    }

    fn workers(&self) -> BoardResult<Vec<SessionRecord>> {
        self.count("workers");
        self.board.workers()
    }

    fn definitions(&self) -> BoardResult<Vec<DefinitionRecord>> {
        self.count("definitions");
        self.board.definitions()
    }

    fn batch(&self, id: BatchId) -> BoardResult<Option<BatchRecord>> {
        self.count("batch");
        self.board.batch(id)
    }

    fn what_follows(&self, after: FollowedPost) -> BoardResult<Vec<NextRecord>> {
        self.count("what_follows");
        self.board.what_follows(after)
    }

    fn followed_by(&self, id: JobId) -> BoardResult<Option<FollowedPost>> {
        self.count("followed_by");
        self.board.followed_by(id)
    }

    fn pauses(&self) -> BoardResult<Vec<PauseRecord>> {
        self.count("pauses");
        self.board.pauses()
    }

    fn wait_facts(&self, id: JobId) -> BoardResult<WaitFacts> {
        self.count("wait_facts");
        self.board.wait_facts(id)
    }

    fn bell(&self) -> Result<Box<dyn BoardBell>, BoardError> {
        self.count("bell");
        self.board.bell()
    }

    fn identity(&self) -> BoardResult<String> {
        self.count("identity");
        self.board.identity()
    }

    fn place(&self) -> String {
        self.count("place");
        self.board.place()
    }
}

impl ScheduleBoard for CountingBoard<'_> {
    fn apply_schedules(&self, file: &ScheduleFile) -> BoardResult<ScheduleFileAnswer> {
        self.count("apply_schedules");
        self.board.apply_schedules(file)
    }

    fn schedules(&self) -> BoardResult<Vec<ScheduleRecord>> {
        self.count("schedules");
        self.board.schedules()
    }

    fn look_at_schedules(&self, at_most: u32) -> BoardResult<ScheduleLook> {
        self.count("look_at_schedules");
        self.board.look_at_schedules(at_most)
    }

    fn take_slot(&self, taking: &SlotTaking) -> BoardResult<SlotAnswer> {
        self.count("take_slot");
        self.board.take_slot(taking)
    }

    fn run_schedule(
        &self,
        name: &str,
        post: &Post,
        every_worker: bool,
    ) -> BoardResult<Option<PostReceipt>> {
        self.count("run_schedule");
        self.board.run_schedule(name, post, every_worker)
    }

    fn request_of_schedule(
        &self,
        name: &str,
        request: &ScheduleRequest,
    ) -> BoardResult<ScheduleRequestAnswer> {
        self.count("request_of_schedule");
        self.board.request_of_schedule(name, request)
    }

    fn take_schedule_news(&self) -> BoardResult<Vec<ScheduleNews>> {
        self.count("take_schedule_news");
        self.board.take_schedule_news()
    }
}

impl AlertBoard for CountingBoard<'_> {
    fn hold_alerts(&self, session: SessionId) -> BoardResult<AlertsHold> {
        self.count("hold_alerts");
        self.board.hold_alerts(session)
    }

    fn look_at_facts(&self, at_most: u32) -> BoardResult<AlertLook> {
        self.count("look_at_facts");
        self.board.look_at_facts(at_most)
    }

    fn look_at_conditions(&self) -> BoardResult<AlertConditions> {
        self.count("look_at_conditions");
        self.board.look_at_conditions()
    }

    fn has_open_jobs(&self, definition: &str, due_within: i64) -> BoardResult<bool> {
        self.count("has_open_jobs");
        self.board.has_open_jobs(definition, due_within)
    }

    fn record_alerts(&self, record: &AlertRecord) -> BoardResult<bool> {
        self.count("record_alerts");
        self.board.record_alerts(record)
    }

    fn alert_memory(&self, name: &str) -> BoardResult<Option<String>> {
        self.count("alert_memory");
        self.board.alert_memory(name)
    }

    fn replace_alert_memory(
        &self,
        name: &str,
        before: Option<&str>,
        after: &str,
    ) -> BoardResult<bool> {
        self.count("replace_alert_memory");
        self.board.replace_alert_memory(name, before, after)
    }

    fn set_delivers(&self, session: SessionId, delivers: bool) -> BoardResult<()> {
        self.count("set_delivers");
        self.board.set_delivers(session, delivers)
    }

    fn deliverers(&self) -> BoardResult<u64> {
        self.count("deliverers");
        self.board.deliverers()
    }

    fn claim_mails(
        &self,
        session: SessionId,
        at_most: u32,
        all: bool,
    ) -> BoardResult<Vec<ClaimedMail>> {
        self.count("claim_mails");
        self.board.claim_mails(session, at_most, all)
    }

    fn update_mail(
        &self,
        session: SessionId,
        id: u64,
        letter: &str,
        next: i64,
    ) -> BoardResult<bool> {
        self.count("update_mail");
        self.board.update_mail(session, id, letter, next)
    }

    fn remove_mail(&self, session: SessionId, id: u64) -> BoardResult<bool> {
        self.count("remove_mail");
        self.board.remove_mail(session, id)
    }

    fn release_mails(&self, session: SessionId) -> BoardResult<()> {
        self.count("release_mails");
        self.board.release_mails(session)
    }

    fn mails(&self) -> BoardResult<Vec<MailRecord>> {
        self.count("mails");
        self.board.mails()
    }

    fn next_mail(&self) -> BoardResult<Option<i64>> {
        self.count("next_mail");
        self.board.next_mail()
    }
}
