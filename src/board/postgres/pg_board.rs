//! The board in a PostgreSQL database.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use super::board_bell::PgBell;
use super::calls::Calls;
use super::claim_hold::ClaimHold;
use super::lane_call::LaneCall;
use super::lane_marks::LaneMarks;
use super::migration;
use super::pg_opening::{calls_of, connector};
use crate::board::advance::{Advance, AdvanceAnswer, GiveBack, LaneWish, TransitionVerdict};
use crate::board::batch::{BatchPost, BatchReceipt, BatchRecord, BulkAnswer};
use crate::board::beat::{Beat, BeatAnswer, JobPosition, LookAnswer};
use crate::board::board_error::BoardError;
use crate::board::board_settings::{BoardClock, BoardSettings};
use crate::board::board_trait::{Board, BoardBell, BoardResult};
use crate::board::clock_offset::ClockOffset;
use crate::board::definition_entry::{DefinitionEntry, DefinitionRecord};
use crate::board::end_summary::EndSummary;
use crate::board::ended_job::{EndFilter, EndedJob};
use crate::board::host_identity::HostIdentity;
use crate::board::job_id::{BatchId, JobId, SessionId};
use crate::board::job_record::{JobFilter, JobOutcome, JobPage, JobRecord, StateCount};
use crate::board::job_request::{JobRequest, RequestAnswer};
use crate::board::keep_limits::{GcAnswer, KeepLimits};
use crate::board::next_post::{FollowedPost, NextRecord};
use crate::board::output_part::{OutputBatch, OutputPart};
use crate::board::pause::{PauseRecord, PauseScope};
use crate::board::post::{NextPost, Post, PostReceipt};
use crate::board::postgres_settings::PostgresSettings;
use crate::board::reap::{Reap, ReapAnswer};
use crate::board::session_request::{SessionRecord, SessionRequest, SessionTicket, SessionWish};
use crate::board::wait_facts::{CannotNow, WaitFacts};
use crate::core::time::{Mono, unix_millis};
use crate::flow::journal::JournalEntry;
use crate::postgres::PgConnector;
use crate::unix::clock;

/// Opens a board in a PostgreSQL database.
///
/// # Errors
///
/// Those of [`PostgresBoard::open`].
pub(crate) fn open(
    settings: &PostgresSettings,
    opening: &BoardSettings,
) -> BoardResult<Arc<dyn Board>> {
    Ok(Arc::new(PostgresBoard::open(settings, opening, None)?))
}

/// The board in a PostgreSQL database.
pub(super) struct PostgresBoard {
    pub(super) calls: Calls,
    listen: PgConnector,
    pub(super) is_listening: Arc<AtomicBool>,
    pub(super) hold: ClaimHold,
    pub(super) marks: LaneMarks,
    pub(super) offset: ClockOffset,
    /// The clock here.
    local: BoardClock,
    /// The clock of a test; `None`: that of the server.
    clock: Option<BoardClock>,
}

impl fmt::Debug for PostgresBoard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresBoard")
            .field("place", &self.calls.place)
            .finish_non_exhaustive()
    }
}

impl PostgresBoard {
    /// Opens a board; migrates its schema where no live session of an older program is in the way.
    ///
    /// # Errors
    ///
    /// [`BoardError::Refused`] for an address or a database that is not fit,
    /// [`BoardError::Unavailable`] and [`BoardError::NoAnswer`] for one that cannot be used now.
    pub(super) fn open(
        settings: &PostgresSettings,
        opening: &BoardSettings,
        clock: Option<BoardClock>,
    ) -> BoardResult<Self> {
        let calls = calls_of(settings, opening.deadline)?;
        migration::migrate(&calls, opening.missing)?;
        let listen = match &settings.listen {
            Some(address) => connector(address, settings)?,
            None => calls.pool.connector().clone(),
        };
        Ok(PostgresBoard {
            calls,
            listen,
            is_listening: Arc::default(),
            hold: ClaimHold::default(),
            marks: LaneMarks::default(),
            offset: ClockOffset::default(),
            local: opening.clock.clone(),
            clock,
        })
    }

    /// Calls a function of the board.
    pub(super) fn call<T: serde::de::DeserializeOwned>(
        &self,
        name: &str,
        request: &impl Serialize,
    ) -> BoardResult<T> {
        let now = self.clock.as_ref().map(|clock| unix_millis(clock().wall));
        self.calls.call(name, now, request)
    }

    /// Returns the time of the clock here, in milliseconds since 1970.
    pub(super) fn wall(&self) -> i64 {
        unix_millis((self.local)().wall)
    }

    /// Returns the time on the boot clock.
    pub(super) fn mono(&self) -> Mono {
        self.clock
            .as_ref()
            .map_or_else(clock::mono, |clock| clock().mono)
    }
}

/// The schema that this program knows, as a session enters it.
#[derive(Serialize)]
struct JoinCall<'a> {
    schema_version: i64,
    #[serde(flatten)]
    request: &'a SessionRequest,
}

impl Board for PostgresBoard {
    fn post(&self, post: &Post) -> BoardResult<PostReceipt> {
        let receipts = self.post_all(std::slice::from_ref(post))?;
        let receipt = receipts.into_iter().next();
        receipt.ok_or_else(|| BoardError::Malformed("nothing was posted".to_owned()))
    }

    fn post_all(&self, posts: &[Post]) -> BoardResult<Vec<PostReceipt>> {
        self.call("post_all", &posts)
    }

    fn post_batch(
        &self,
        batch: &BatchPost,
        posts: &[Post],
        is_whole: bool,
    ) -> BoardResult<BatchReceipt> {
        let request = json!({"batch": batch, "posts": posts, "is_whole": is_whole});
        self.call("post_batch", &request)
    }

    fn post_after(&self, after: FollowedPost, next: &NextPost) -> BoardResult<NextRecord> {
        self.call("post_after", &json!({"after": after, "next": next}))
    }

    fn set_pause(&self, scope: &PauseScope, by: Option<&str>) -> BoardResult<bool> {
        self.call("set_pause", &json!({"scope": scope, "by": by}))
    }

    fn request_all(&self, filter: &JobFilter, request: &JobRequest) -> BoardResult<BulkAnswer> {
        self.call(
            "request_all",
            &json!({"filter": filter, "request": request}),
        )
    }

    fn join(&self, request: &SessionRequest) -> BoardResult<SessionTicket> {
        let schema_version = migration::SCHEMA_VERSION;
        self.call(
            "join",
            &JoinCall {
                schema_version,
                request,
            },
        )
    }

    fn enter_definitions(
        &self,
        session: SessionId,
        definitions: &[DefinitionEntry],
    ) -> BoardResult<()> {
        let request = json!({"session": session, "definitions": definitions});
        self.call("enter_definitions", &request)
    }

    fn beat(&self, beat: &Beat) -> BoardResult<BeatAnswer> {
        let request = json!({
            "session": beat.session,
            "is_idle": beat.is_idle,
            "ended": beat.ended,
            "waited": self.hold.waited(self.mono()),
        });
        let (hold, answer): (u64, BeatAnswer) = self.call("beat", &request)?;
        self.hold.seen(answer.epoch, hold, self.mono());
        Ok(answer)
    }

    fn advance(&self, request: &Advance) -> BoardResult<AdvanceAnswer> {
        self.advance_and_claim(request)
    }

    fn look(&self, session: SessionId, lanes: &[LaneWish]) -> BoardResult<LookAnswer> {
        self.look_or_wait(session, lanes)
    }

    fn peek(
        &self,
        session: SessionId,
        lanes: &[LaneWish],
        at_most: u32,
    ) -> BoardResult<Vec<JobRecord>> {
        let lanes = LaneCall::of_all(lanes, None);
        let request = json!({"session": session, "lanes": lanes, "at_most": at_most});
        self.call("peek", &request)
    }

    fn give_back(
        &self,
        session: SessionId,
        jobs: &[GiveBack],
    ) -> BoardResult<Vec<TransitionVerdict>> {
        self.call("give_back", &json!({"session": session, "jobs": jobs}))
    }

    fn leave(&self, session: SessionId) -> BoardResult<()> {
        self.call("leave", &session)
    }

    fn reap(&self, reap: &Reap) -> BoardResult<ReapAnswer> {
        self.call("reap", reap)
    }

    fn reap_dead_on_this_host(
        &self,
        session: SessionId,
        here: &HostIdentity,
    ) -> BoardResult<ReapAnswer> {
        let request = json!({"session": session, "here": here});
        self.call("reap_dead_on_this_host", &request)
    }

    fn request(&self, id: JobId, request: &JobRequest) -> BoardResult<RequestAnswer> {
        self.call("request", &json!({"id": id, "request": request}))
    }

    fn request_of_worker(&self, session: SessionId, wish: SessionWish) -> BoardResult<bool> {
        let request = json!({"session": session, "wish": wish});
        self.call("request_of_worker", &request)
    }

    fn set_cannot_now(&self, session: SessionId, cannot: &[CannotNow]) -> BoardResult<()> {
        let request = json!({"session": session, "cannot": cannot});
        self.call("set_cannot_now", &request)
    }

    fn append_output(&self, batch: &OutputBatch) -> BoardResult<bool> {
        self.call("append_output", batch)
    }

    fn watch_output(&self, id: JobId, for_at_most: Duration) -> BoardResult<()> {
        let request = json!({"id": id, "for_at_most": for_at_most});
        self.call("watch_output", &request)
    }

    fn output(&self, id: JobId, after: Option<u64>) -> BoardResult<Vec<OutputPart>> {
        self.call("output", &json!({"id": id, "after": after}))
    }

    fn gc(&self, limits: &KeepLimits) -> BoardResult<GcAnswer> {
        self.call("gc", limits)
    }

    fn outcome_of(&self, positions: &[JobPosition]) -> BoardResult<Vec<Option<JobOutcome>>> {
        self.call("outcome_of", &positions)
    }

    fn job(&self, id: JobId) -> BoardResult<Option<JobRecord>> {
        self.call("job", &id)
    }

    fn jobs(&self, filter: &JobFilter) -> BoardResult<JobPage> {
        self.call("jobs", filter)
    }

    fn counts(&self) -> BoardResult<Vec<StateCount>> {
        self.call("counts", &())
    }

    fn ends(&self, since: i64) -> BoardResult<Vec<EndSummary>> {
        self.call("ends", &since)
    }

    fn ended_jobs(&self, filter: &EndFilter) -> BoardResult<Vec<EndedJob>> {
        self.call("ended_jobs", filter)
    }

    fn journal(&self, id: JobId) -> BoardResult<Vec<JournalEntry>> {
        self.call("journal", &id)
    }

    fn workers(&self) -> BoardResult<Vec<SessionRecord>> {
        self.call("workers", &())
    }

    fn definitions(&self) -> BoardResult<Vec<DefinitionRecord>> {
        self.call("definitions", &())
    }

    fn batch(&self, id: BatchId) -> BoardResult<Option<BatchRecord>> {
        self.call("batch", &id)
    }

    fn what_follows(&self, after: FollowedPost) -> BoardResult<Vec<NextRecord>> {
        self.call("what_follows", &after)
    }

    fn followed_by(&self, id: JobId) -> BoardResult<Option<FollowedPost>> {
        self.call("followed_by", &id)
    }

    fn pauses(&self) -> BoardResult<Vec<PauseRecord>> {
        self.call("pauses", &())
    }

    fn wait_facts(&self, id: JobId) -> BoardResult<WaitFacts> {
        self.call("wait_facts", &id)
    }

    fn bell(&self) -> BoardResult<Box<dyn BoardBell>> {
        let connector = self.listen.clone();
        let is_listening = Arc::clone(&self.is_listening);
        let bell = PgBell::new(connector, self.calls.deadline, is_listening);
        let (bell, listening) = bell.map_err(|error| BoardError::Unavailable {
            place: self.place(),
            why: error.to_string(),
        })?;
        self.calls.pool.spawn(listening);
        Ok(Box::new(bell))
    }

    fn identity(&self) -> BoardResult<String> {
        self.call("identity", &())
    }

    fn place(&self) -> String {
        self.calls.place.clone()
    }
}
