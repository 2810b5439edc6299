//! The board in a SQLite file.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::advances::advance;
use super::bell::BellFile;
use super::board_writer::BoardWriter;
use super::claim_rows::{ClaimRaw, ClaimRow, LaneRow};
use super::open_file::{check_place, open_to_write};
use super::posting::{self, PostRow};
use super::read_pool::ReadPool;
use super::sqlite_failure::SqliteFailure;
use super::transitions::TransitionRow;
use super::write_tx::{WriteTx, millis};
use super::{
    batches, ended_jobs, follow_ups, garbage, journal_rows, migration, next_posts, outputs, pages,
    pauses, queries, requests, session_ends, session_queries, sessions,
};
use crate::board::advance::{
    Advance, AdvanceAnswer, ClaimedJob, GiveBack, LaneWish, TransitionVerdict,
};
use crate::board::batch::{BatchPost, BatchReceipt, BatchRecord, BulkAnswer};
use crate::board::beat::{Beat, BeatAnswer, JobPosition, LookAnswer};
use crate::board::board_error::{BoardError, place_of};
use crate::board::board_settings::{BoardClock, BoardSettings};
use crate::board::board_trait::{Board, BoardBell, BoardResult};
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
use crate::board::reap::{Reap, ReapAnswer};
use crate::board::session_request::{SessionRecord, SessionRequest, SessionTicket, SessionWish};
use crate::board::wait_facts::{CannotNow, WaitFacts};
use crate::flow::journal::JournalEntry;

/// Opens a board in a SQLite file.
///
/// # Errors
///
/// Those of [`SqliteBoard::open`].
pub(crate) fn open(path: &Path, settings: &BoardSettings) -> BoardResult<Arc<dyn Board>> {
    Ok(Arc::new(SqliteBoard::open(path, settings)?))
}

/// The board in a SQLite file.
pub(crate) struct SqliteBoard {
    path: PathBuf,
    writer: BoardWriter,
    readers: ReadPool,
    bell: BellFile,
    clock: BoardClock,
}

impl fmt::Debug for SqliteBoard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteBoard")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl SqliteBoard {
    /// Opens a board; migrates its schema where no live session of an older program is in the way.
    ///
    /// # Errors
    ///
    /// [`BoardError::Refused`] for a place or a file that is not fit, [`BoardError::Unavailable`]
    /// for one that cannot be used now.
    pub(crate) fn open(path: &Path, settings: &BoardSettings) -> BoardResult<Self> {
        let path = check_place(path, settings.missing)?;
        let place = place_of(&path);
        let mut conn = open_to_write(&path)?;
        migration::migrate(&mut conn, millis((settings.clock)()), &place)?;
        let bell = BellFile::of(&path);
        let started = BoardWriter::start(
            conn,
            bell.clone(),
            settings.clock.clone(),
            settings.deadline,
            place.clone(),
        );
        let writer = started.map_err(|error| BoardError::Unavailable {
            place,
            why: error.to_string(),
        })?;
        Ok(SqliteBoard {
            readers: ReadPool::new(path.clone(), settings.deadline),
            writer,
            bell,
            clock: settings.clock.clone(),
            path,
        })
    }

    /// Returns the file.
    #[cfg(test)]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Has something done in a transaction of the writer.
    pub(super) fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&WriteTx<'_>) -> Result<T, SqliteFailure> + Send + 'static,
    ) -> BoardResult<T> {
        self.writer.call(work)
    }

    /// Has something done, and what follows from that.
    pub(super) fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&WriteTx<'_>) -> Result<T, SqliteFailure> + Send + 'static,
    ) -> BoardResult<T> {
        self.write(move |tx| {
            let answer = work(tx)?;
            follow_ups::carry_out(tx)?;
            Ok(answer)
        })
    }

    /// Returns the time, in milliseconds since 1970.
    pub(super) fn now(&self) -> i64 {
        millis((self.clock)())
    }

    /// Reads in one transaction.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T>,
    ) -> BoardResult<T> {
        self.readers.read(read)
    }
}

impl SqliteBoard {
    /// Reads in one transaction what rules of the board may refuse.
    fn look_at<T>(
        &self,
        look: impl FnOnce(&rusqlite::Connection) -> Result<T, SqliteFailure>,
    ) -> BoardResult<T> {
        let looked = self.read(|conn| Ok(look(conn)))?;
        looked.map_err(|failure| failure.at(&self.place()))
    }
}

impl Board for SqliteBoard {
    fn post(&self, post: &Post) -> BoardResult<PostReceipt> {
        let row = PostRow::of(post)?;
        self.change(move |tx| posting::post(tx, &row))
    }

    fn post_all(&self, posts: &[Post]) -> BoardResult<Vec<PostReceipt>> {
        let rows: Vec<PostRow> = posts.iter().map(PostRow::of).collect::<Result<_, _>>()?;
        self.change(move |tx| rows.iter().map(|row| posting::post(tx, row)).collect())
    }

    fn post_batch(
        &self,
        batch: &BatchPost,
        posts: &[Post],
        is_whole: bool,
    ) -> BoardResult<BatchReceipt> {
        let rows: Vec<PostRow> = posts.iter().map(PostRow::of).collect::<Result<_, _>>()?;
        let for_all = posts.first().filter(|_| batch.every_worker).cloned();
        let batch = batch.clone();
        self.write(move |tx| {
            let receipt = match &for_all {
                Some(post) if batches::able_workers(tx.conn, &post.definition)?.is_empty() => {
                    return Err(BoardError::NoWorker(post.definition.clone()).into());
                }
                Some(post) => batches::post_for_every_worker(tx, &batch, post)?,
                None => batches::post(tx, &batch, &rows, is_whole)?,
            };
            follow_ups::carry_out(tx)?;
            Ok(receipt)
        })
    }

    fn post_after(&self, after: FollowedPost, next: &NextPost) -> BoardResult<NextRecord> {
        PostRow::of(&next.post)?;
        let next = next.clone();
        self.change(move |tx| follow_ups::post_after(tx, after, &next))
    }

    fn set_pause(&self, scope: &PauseScope, by: Option<&str>) -> BoardResult<bool> {
        let (scope, by) = (scope.clone(), by.map(str::to_owned));
        self.write(move |tx| Ok(pauses::set(tx, &scope, by.as_deref())?))
    }

    fn request_all(&self, filter: &JobFilter, request: &JobRequest) -> BoardResult<BulkAnswer> {
        let (filter, request) = (filter.clone(), request.clone());
        self.write(move |tx| requests::request_all(tx, &filter, &request))
    }

    fn join(&self, request: &SessionRequest) -> BoardResult<SessionTicket> {
        let request = request.clone();
        self.write(move |tx| sessions::join(tx, &request))
    }

    fn enter_definitions(
        &self,
        session: SessionId,
        definitions: &[DefinitionEntry],
    ) -> BoardResult<()> {
        let definitions = definitions.to_vec();
        self.write(move |tx| sessions::enter_definitions(tx, session, &definitions))
    }

    fn beat(&self, beat: &Beat) -> BoardResult<BeatAnswer> {
        let beat = beat.clone();
        self.write(move |tx| sessions::beat(tx, &beat))
    }

    fn advance(&self, request: &Advance) -> BoardResult<AdvanceAnswer> {
        let session = request.session;
        let transitions = request.transitions.iter().map(TransitionRow::of);
        let transitions: Vec<TransitionRow> = transitions.collect::<Result<_, _>>()?;
        let wish = ClaimRow::of(&request.claim);
        let raw = self
            .writer
            .call_checked_first(move |tx| advance(tx, session, &transitions, wish))?;
        let claimed: Vec<ClaimedJob> = raw.claims.jobs.into_iter().map(ClaimRaw::parsed).collect();
        Ok(AdvanceAnswer {
            beat: raw.heard.beat,
            verdicts: raw.verdicts,
            claimed,
            requests: raw.requests,
            wish: raw.heard.wish,
            next_due: raw.claims.next_due,
        })
    }

    fn peek(
        &self,
        session: SessionId,
        lanes: &[LaneWish],
        at_most: u32,
    ) -> BoardResult<Vec<JobRecord>> {
        let lanes: Vec<LaneRow> = lanes.iter().map(LaneRow::of).collect();
        let now = millis((self.clock)());
        let at_most = at_most as usize;
        self.look_at(|conn| session_queries::peek(conn, now, session, lanes, at_most))
    }

    fn look(&self, session: SessionId, lanes: &[LaneWish]) -> BoardResult<LookAnswer> {
        let lanes: Vec<LaneRow> = lanes.iter().map(LaneRow::of).collect();
        let now = millis((self.clock)());
        self.look_at(|conn| sessions::look(conn, now, session, lanes))
    }

    fn give_back(
        &self,
        session: SessionId,
        jobs: &[GiveBack],
    ) -> BoardResult<Vec<TransitionVerdict>> {
        let jobs = jobs.to_vec();
        self.change(move |tx| session_ends::give_back(tx, session, &jobs))
    }

    fn leave(&self, session: SessionId) -> BoardResult<()> {
        self.change(move |tx| session_ends::leave(tx, session))
    }

    fn reap(&self, reap: &Reap) -> BoardResult<ReapAnswer> {
        let reap = *reap;
        self.change(move |tx| session_ends::reap(tx, &reap))
    }

    fn reap_dead_on_this_host(
        &self,
        session: SessionId,
        here: &HostIdentity,
    ) -> BoardResult<ReapAnswer> {
        let here = here.clone();
        self.change(move |tx| session_ends::reap_dead(tx, session, &here))
    }

    fn request(&self, id: JobId, request: &JobRequest) -> BoardResult<RequestAnswer> {
        let request = request.clone();
        self.write(move |tx| requests::request(tx, id, &request))
    }

    fn request_of_worker(&self, session: SessionId, wish: SessionWish) -> BoardResult<bool> {
        self.write(move |tx| Ok(sessions::wish(tx, session, wish)?))
    }

    fn set_cannot_now(&self, session: SessionId, cannot: &[CannotNow]) -> BoardResult<()> {
        let cannot = cannot.to_vec();
        self.change(move |tx| sessions::set_cannot_now(tx, session, &cannot))
    }

    fn append_output(&self, batch: &OutputBatch) -> BoardResult<bool> {
        let batch = batch.clone();
        self.write(move |tx| Ok(outputs::append(tx, &batch)?))
    }

    fn watch_output(&self, id: JobId, for_at_most: Duration) -> BoardResult<()> {
        self.write(move |tx| Ok(outputs::watch(tx, id, for_at_most)?))
    }

    fn output(&self, id: JobId, after: Option<u64>) -> BoardResult<Vec<OutputPart>> {
        self.read(|conn| outputs::read(conn, id, after))
    }

    fn gc(&self, limits: &KeepLimits) -> BoardResult<GcAnswer> {
        let (limits, now) = (*limits, millis((self.clock)()));
        let jobs = self.read(|conn| garbage::find(conn, &limits, now))?;
        self.write(move |tx| garbage::remove(tx, &limits, &jobs))
    }

    fn outcome_of(&self, positions: &[JobPosition]) -> BoardResult<Vec<Option<JobOutcome>>> {
        self.read(|conn| {
            positions
                .iter()
                .map(|at| queries::outcome(conn, *at))
                .collect()
        })
    }

    fn job(&self, id: JobId) -> BoardResult<Option<JobRecord>> {
        self.read(|conn| queries::job(conn, id))
    }

    fn jobs(&self, filter: &JobFilter) -> BoardResult<JobPage> {
        self.read(|conn| pages::jobs(conn, filter))
    }

    fn counts(&self) -> BoardResult<Vec<StateCount>> {
        self.read(queries::counts)
    }

    fn ends(&self, since: i64) -> BoardResult<Vec<EndSummary>> {
        self.read(|conn| ended_jobs::end_summaries(conn, since))
    }

    fn ended_jobs(&self, filter: &EndFilter) -> BoardResult<Vec<EndedJob>> {
        self.read(|conn| ended_jobs::ended_jobs(conn, filter))
    }

    fn journal(&self, id: JobId) -> BoardResult<Vec<JournalEntry>> {
        self.read(|conn| journal_rows::journal(conn, id))
    }

    fn workers(&self) -> BoardResult<Vec<SessionRecord>> {
        self.read(session_queries::workers)
    }

    fn definitions(&self) -> BoardResult<Vec<DefinitionRecord>> {
        self.read(session_queries::definitions)
    }

    fn batch(&self, id: BatchId) -> BoardResult<Option<BatchRecord>> {
        self.read(|conn| batches::batch(conn, id))
    }

    fn what_follows(&self, after: FollowedPost) -> BoardResult<Vec<NextRecord>> {
        self.read(|conn| next_posts::what_follows(conn, after))
    }

    fn followed_by(&self, id: JobId) -> BoardResult<Option<FollowedPost>> {
        self.read(|conn| next_posts::followed_by(conn, id))
    }

    fn pauses(&self) -> BoardResult<Vec<PauseRecord>> {
        self.read(pauses::all)
    }

    fn wait_facts(&self, id: JobId) -> BoardResult<WaitFacts> {
        let now = millis((self.clock)());
        let facts = self.read(|conn| session_queries::wait_facts(conn, id, now))?;
        facts.ok_or(BoardError::NoSuchJob(id))
    }

    fn bell(&self) -> BoardResult<Box<dyn BoardBell>> {
        let watch = self.bell.watch().map_err(|error| BoardError::Unavailable {
            place: self.place(),
            why: error.to_string(),
        })?;
        Ok(Box::new(watch))
    }

    fn identity(&self) -> BoardResult<String> {
        self.read(|conn| conn.query_row("SELECT id FROM board", [], |row| row.get(0)))
    }

    fn place(&self) -> String {
        place_of(&self.path)
    }
}
