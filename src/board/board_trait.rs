//! The trait that each kind of board implements.

use std::os::fd::AsFd;
use std::time::Duration;

use super::advance::{Advance, AdvanceAnswer, GiveBack, LaneWish, TransitionVerdict};
use super::alert_board::AlertBoard;
use super::batch::{BatchPost, BatchReceipt, BatchRecord, BulkAnswer};
use super::beat::{Beat, BeatAnswer, JobPosition, LookAnswer};
use super::board_error::BoardError;
use super::definition_entry::{DefinitionEntry, DefinitionRecord};
use super::end_summary::EndSummary;
use super::ended_job::{EndFilter, EndedJob};
use super::host_identity::HostIdentity;
use super::job_id::{BatchId, JobId, SessionId};
use super::job_record::{JobFilter, JobOutcome, JobPage, JobRecord, StateCount};
use super::job_request::{JobRequest, RequestAnswer};
use super::keep_limits::{GcAnswer, KeepLimits};
use super::next_post::{FollowedPost, NextRecord};
use super::output_part::{OutputBatch, OutputPart};
use super::pause::{PauseRecord, PauseScope};
use super::post::{NextPost, Post, PostReceipt};
use super::reap::{Reap, ReapAnswer};
use super::schedule_board::ScheduleBoard;
use super::session_request::{SessionRecord, SessionRequest, SessionTicket, SessionWish};
use super::wait_facts::{CannotNow, WaitFacts};
use crate::flow::journal::JournalEntry;

pub(crate) use super::board_error::BoardResult;

/// The durable record of jobs, workers and journals.
///
/// Each call is one transaction, has a deadline, and may be called by many threads at once. When
/// it returns, what it answers is durable. Each write is idempotent: sent twice, it is done once;
/// after [`BoardError::NoAnswer`] its outcome is read back ([`outcome_of`](Board::outcome_of)) or
/// the same request is sent again.
///
/// Promises that workers rest on:
///
/// - A job has one holder, from the claim until a transition to another state than running, a
///   give-back, a leave or a reap. Each claim gives a fence above all earlier ones.
/// - A transition that is not guarded by the holder's session, fence and seq changes nothing.
/// - (job, seq) is unique in the journal, and its numbers have no gap.
/// - A session that was reaped or has left claims nothing and beats no more.
pub(crate) trait Board: ScheduleBoard + AlertBoard + Send + Sync {
    /// Posts a job; returns when it is durable.
    ///
    /// # Errors
    ///
    /// [`BoardError::KeyTaken`] as [`KeyRule`](super::KeyRule) has it.
    fn post(&self, post: &Post) -> BoardResult<PostReceipt>;

    /// Posts jobs, all in one transaction or none.
    ///
    /// # Errors
    ///
    /// As for [`post`](Board::post).
    fn post_all(&self, posts: &[Post]) -> BoardResult<Vec<PostReceipt>>;

    /// Posts members of a batch, all in one transaction or none. The batch is created by the first
    /// call with its posting. With `is_whole` no more members come, and what comes after the batch
    /// is posted as soon as none is left. A batch that is whole already stays as it is.
    ///
    /// # Errors
    ///
    /// As for [`post`](Board::post); [`BoardError::NoWorker`] where no live worker can do what
    /// each is to do.
    fn post_batch(
        &self,
        batch: &BatchPost,
        posts: &[Post],
        is_whole: bool,
    ) -> BoardResult<BatchReceipt>;

    /// Has a job posted when another job, or a batch, is over; at once if that is so already.
    ///
    /// # Errors
    ///
    /// [`BoardError::NoSuchJob`], [`BoardError::NoSuchBatch`].
    fn post_after(&self, after: FollowedPost, next: &NextPost) -> BoardResult<NextRecord>;

    /// Pauses, or resumes, a definition, a project or a worker: what waits is claimed by nothing.
    /// Returns whether that changed anything.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn set_pause(&self, scope: &PauseScope, by: Option<&str>) -> BoardResult<bool>;

    /// Asks something of the jobs that a filter finds, up to 500 in one transaction, from the
    /// newest on.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn request_all(&self, filter: &JobFilter, request: &JobRequest) -> BoardResult<BulkAnswer>;

    /// Adds a worker to the board. Not idempotent: after no answer the session that was not heard
    /// of holds nothing and is reaped by the next look.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn join(&self, request: &SessionRequest) -> BoardResult<SessionTicket>;

    /// Enters what the worker can do, in the place of what it entered before.
    ///
    /// # Errors
    ///
    /// [`BoardError::SessionOver`].
    fn enter_definitions(
        &self,
        session: SessionId,
        definitions: &[DefinitionEntry],
    ) -> BoardResult<()>;

    /// Moves the counter of a session on, then reads what the session owns.
    ///
    /// # Errors
    ///
    /// [`BoardError::SessionOver`].
    fn beat(&self, beat: &Beat) -> BoardResult<BeatAnswer>;

    /// Records transitions and claims jobs. Counts as a beat.
    ///
    /// # Errors
    ///
    /// [`BoardError::SessionOver`]: nothing was changed, all transitions are stale.
    fn advance(&self, advance: &Advance) -> BoardResult<AdvanceAnswer>;

    /// Looks whether there is something to do, without a write: what a worker asks once a second,
    /// and at each ring, before it claims by an [`advance`](Board::advance). No beat.
    ///
    /// # Errors
    ///
    /// [`BoardError::SessionOver`].
    fn look(&self, session: SessionId, lanes: &[LaneWish]) -> BoardResult<LookAnswer>;

    /// Returns up to `at_most` jobs that these lanes would bring, without claiming them: id,
    /// definition and arguments in the order of claims.
    ///
    /// # Errors
    ///
    /// [`BoardError::SessionOver`].
    fn peek(
        &self,
        session: SessionId,
        lanes: &[LaneWish],
        at_most: u32,
    ) -> BoardResult<Vec<JobRecord>>;

    /// Gives jobs back that the worker does not know or cannot go on with; no crash is counted.
    /// Sent after their trees are dead, and never taken back after a time-out.
    ///
    /// # Errors
    ///
    /// [`BoardError::SessionOver`].
    fn give_back(
        &self,
        session: SessionId,
        jobs: &[GiveBack],
    ) -> BoardResult<Vec<TransitionVerdict>>;

    /// Ends a session. What it still owns is given back as interrupted, without count. A session
    /// that is over already stays so.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn leave(&self, session: SessionId) -> BoardResult<()>;

    /// Takes the jobs of a session whose counter has stood for their leases.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn reap(&self, reap: &Reap) -> BoardResult<ReapAnswer>;

    /// Takes all jobs of a session whose process the caller has seen dead on its own host, and
    /// whose trees it has ended and seen gone. Refused with [`ReapAnswer::Alive`] when the session
    /// does not share the host with `here`.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn reap_dead_on_this_host(
        &self,
        session: SessionId,
        here: &HostIdentity,
    ) -> BoardResult<ReapAnswer>;

    /// Asks something of a job, as the table of states has it.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn request(&self, id: JobId, request: &JobRequest) -> BoardResult<RequestAnswer>;

    /// Asks something of a worker. Returns whether the session lives.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn request_of_worker(&self, session: SessionId, wish: SessionWish) -> BoardResult<bool>;

    /// Sets which jobs a session cannot do now, and for want of which tag; replaces what was set
    /// before. For people: no rule reads it. No beat.
    ///
    /// # Errors
    ///
    /// [`BoardError::SessionOver`].
    fn set_cannot_now(&self, session: SessionId, cannot: &[CannotNow]) -> BoardResult<()>;

    /// Stores what a job printed. Returns whether it was stored: not when its fence is no longer
    /// that of the job.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn append_output(&self, batch: &OutputBatch) -> BoardResult<bool>;

    /// Asks the holder of a job to send its output as it comes, for this long.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn watch_output(&self, id: JobId, for_at_most: Duration) -> BoardResult<()>;

    /// Returns the output of a job after a part, 256 parts at most.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn output(&self, id: JobId, after: Option<u64>) -> BoardResult<Vec<OutputPart>>;

    /// Removes what is kept no longer, 500 rows at most in one transaction; called again while
    /// there is more.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn gc(&self, limits: &KeepLimits) -> BoardResult<GcAnswer>;

    /// Returns what became of writes, one for each position: `None`: there is no such job.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn outcome_of(&self, positions: &[JobPosition]) -> BoardResult<Vec<Option<JobOutcome>>>;

    /// Returns a job.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn job(&self, id: JobId) -> BoardResult<Option<JobRecord>>;

    /// Returns a page of jobs.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn jobs(&self, filter: &JobFilter) -> BoardResult<JobPage>;

    /// Returns how many jobs of each definition are in each state.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn counts(&self) -> BoardResult<Vec<StateCount>>;

    /// Returns how the jobs of each definition have ended since a moment, in milliseconds since
    /// 1970, for each state in which any has.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn ends(&self, since: i64) -> BoardResult<Vec<EndSummary>>;

    /// Returns jobs that have ended, the last one first.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn ended_jobs(&self, filter: &EndFilter) -> BoardResult<Vec<EndedJob>>;

    /// Returns the journal of a job, the oldest entry first.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn journal(&self, id: JobId) -> BoardResult<Vec<JournalEntry>>;

    /// Returns the live sessions: what observers time the counters of.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn workers(&self) -> BoardResult<Vec<SessionRecord>>;

    /// Returns the definitions that workers have entered, the newest shape of each name.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn definitions(&self) -> BoardResult<Vec<DefinitionRecord>>;

    /// Returns a batch.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn batch(&self, id: BatchId) -> BoardResult<Option<BatchRecord>>;

    /// Returns what comes after a job or a batch.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn what_follows(&self, after: FollowedPost) -> BoardResult<Vec<NextRecord>>;

    /// Returns what a job was posted after; `None`: it was posted by itself.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn followed_by(&self, id: JobId) -> BoardResult<Option<FollowedPost>>;

    /// Returns the pauses.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn pauses(&self) -> BoardResult<Vec<PauseRecord>>;

    /// Returns what decides why a job waits.
    ///
    /// # Errors
    ///
    /// [`BoardError::NoSuchJob`].
    fn wait_facts(&self, id: JobId) -> BoardResult<WaitFacts>;

    /// Returns what becomes readable when a job may have become due. A look each second covers a
    /// lost ring.
    ///
    /// # Errors
    ///
    /// When the kernel has no watch left.
    fn bell(&self) -> Result<Box<dyn BoardBell>, BoardError>;

    /// Returns the identity that the board was created with: no other board has it.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn identity(&self) -> BoardResult<String>;

    /// Returns where the board is, for messages. No secrets.
    fn place(&self) -> String;
}

/// What rings when a job may have become due.
pub(crate) trait BoardBell: AsFd + Send {
    /// Takes note of all rings so far: called before the look for work, so that no ring is lost.
    fn clear(&self);

    /// Returns whether a request to end a job rings, too: then a worker hears it while all its
    /// slots are busy.
    fn rings_for_requests(&self) -> bool {
        false
    }
}
