//! What benches measure: a board, seen from outside.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::board::advance::{Advance, AdvanceAnswer, ClaimWish, ClaimedJob, LaneWish, Transition};
use crate::board::batch::BatchPost;
use crate::board::board_settings::BoardSettings;
use crate::board::board_trait::{Board, BoardBell};
use crate::board::definition_entry::DefinitionEntry;
use crate::board::host_identity::HostIdentity;
use crate::board::job_id::SessionId;
use crate::board::job_record::JobFilter;
use crate::board::job_state::JobState;
use crate::board::post::{Post, PostLimit};
use crate::board::postgres_settings::PostgresSettings;
use crate::board::session_request::{NameRule, SessionRequest};
use crate::board::sqlite::open;
use crate::core::time::Mono;
use crate::flow::journal::{Doing, EntryOutcome, JournalEntry, Phase};
use crate::unix::clock;
use crate::unix::waiter::Waiter;

/// A board whose calls are measured.
#[derive(Clone)]
pub struct MeasuredBoard(Arc<dyn Board>);

impl fmt::Debug for MeasuredBoard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MeasuredBoard")
            .field(&self.0.place())
            .finish()
    }
}

/// A worker of a board, whose steps do nothing.
pub struct MeasuredWorker {
    board: Arc<dyn Board>,
    session: SessionId,
    definition: String,
    held: Vec<ClaimedJob>,
    bell: Box<dyn BoardBell>,
    waiter: Waiter,
}

/// What a measured call may fail with, in words.
pub type Measured<T> = Result<T, String>;

fn words<T, E: ToString>(result: Result<T, E>) -> Measured<T> {
    result.map_err(|error| error.to_string())
}

impl MeasuredBoard {
    /// Opens a board.
    ///
    /// # Errors
    ///
    /// When the place is not fit.
    pub fn open(path: &Path) -> Measured<Self> {
        let settings = BoardSettings {
            deadline: Duration::from_secs(60),
            ..BoardSettings::default()
        };
        words(open(path, &settings)).map(MeasuredBoard)
    }

    /// Opens a board in a PostgreSQL database.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached.
    pub fn open_postgres(address: &str) -> Measured<Self> {
        let opening = BoardSettings {
            deadline: Duration::from_secs(60),
            ..BoardSettings::default()
        };
        let settings = PostgresSettings {
            address: address.to_owned(),
            ..PostgresSettings::default()
        };
        words(crate::board::open_postgres(&settings, &opening)).map(MeasuredBoard)
    }

    /// Posts jobs of a definition, numbered from `first`, in one transaction.
    ///
    /// # Errors
    ///
    /// Those of the board.
    pub fn post(&self, definition: &str, first: u64, jobs: u64) -> Measured<()> {
        let post = |number| {
            let posting = format!("{definition}-{number}");
            Post::new(
                definition,
                json!({"path": "/srv/a.png", "width": 800}),
                posting,
            )
        };
        let posts: Vec<Post> = (first..first + jobs).map(post).collect();
        words(self.0.post_all(&posts)).map(drop)
    }

    /// Posts jobs of a definition behind a limit of 1, numbered from `first`, in one transaction.
    ///
    /// # Errors
    ///
    /// Those of the board.
    pub fn post_limited(&self, definition: &str, first: u64, jobs: u64) -> Measured<()> {
        let limit = PostLimit {
            key: definition.to_owned(),
            most: 1,
        };
        let posts = (first..first + jobs).map(|number| Post {
            limit: Some(limit.clone()),
            ..Post::new(
                definition,
                json!({"path": "/srv/a.png", "width": 800}),
                format!("{definition}-{number}"),
            )
        });
        words(self.0.post_all(&posts.collect::<Vec<_>>())).map(drop)
    }

    /// Posts a batch as `post --from` does: lines are parsed and checked, a thousand jobs are one
    /// transaction.
    ///
    /// # Errors
    ///
    /// Those of the lines and of the board.
    pub fn post_batch(&self, definition: &str, lines: &str) -> Measured<u64> {
        let batch = BatchPost {
            posting: format!("{definition}-file"),
            name: "jobs.jsonl".to_owned(),
            ..BatchPost::default()
        };
        let mut posts = Vec::new();
        for (number, line) in lines.lines().enumerate() {
            let args = words(serde_json::from_str(line))?;
            let posting = format!("{definition}-file:{number}");
            posts.push(Post::new(definition, args, posting));
        }
        let chunks = posts.len().div_ceil(1_000);
        let mut jobs = 0;
        for (at, chunk) in posts.chunks(1_000).enumerate() {
            jobs = words(self.0.post_batch(&batch, chunk, at + 1 == chunks))?.jobs;
        }
        Ok(jobs)
    }

    /// Reads what a page that gives an overview shows: counts, and pages of jobs.
    ///
    /// # Errors
    ///
    /// Those of the board.
    pub fn overview(&self) -> Measured<()> {
        words(self.0.counts())?;
        for states in [
            vec![],
            vec![JobState::Waiting],
            vec![JobState::Running],
            vec![JobState::Failed, JobState::Stuck],
        ] {
            let filter = JobFilter {
                states,
                limit: 50,
                ..JobFilter::default()
            };
            words(self.0.jobs(&filter))?;
        }
        Ok(())
    }

    /// Adds a worker that knows a definition.
    ///
    /// # Errors
    ///
    /// Those of the board.
    pub fn join(&self, definition: &str) -> Measured<MeasuredWorker> {
        self.join_as(definition, None)
    }

    /// Adds a worker that knows a definition with a limit of 1.
    ///
    /// # Errors
    ///
    /// Those of the board.
    pub fn join_limited(&self, definition: &str) -> Measured<MeasuredWorker> {
        self.join_as(definition, Some(1))
    }

    fn join_as(&self, definition: &str, limit: Option<u32>) -> Measured<MeasuredWorker> {
        let request = SessionRequest {
            name: "measured".to_owned(),
            if_taken: NameRule::NextNumber,
            identity: words(HostIdentity::of_this_process())?,
            version: String::new(),
            tags: Vec::new(),
            slots: 64,
        };
        let session = words(self.0.join(&request))?.session;
        let entry = DefinitionEntry {
            name: definition.to_owned(),
            shape: String::new(),
            help: String::new(),
            schema: json!({}),
            needs: Vec::new(),
            limit,
            project: None,
        };
        words(self.0.enter_definitions(session, &[entry]))?;
        Ok(MeasuredWorker {
            board: Arc::clone(&self.0),
            session,
            definition: definition.to_owned(),
            held: Vec::new(),
            bell: words(self.0.bell())?,
            waiter: words(Waiter::new())?,
        })
    }
}

impl MeasuredWorker {
    /// Reports the end of all jobs that are held, and claims others in the same transaction.
    /// Returns how many are held now.
    ///
    /// # Errors
    ///
    /// Those of the board.
    pub fn turn(&mut self, at_most: u32) -> Measured<usize> {
        let answer = self.advance(at_most)?;
        self.held = answer.claimed;
        Ok(self.held.len())
    }

    /// Reports the next entry of all jobs that are held, each of so many steps, which ends those
    /// whose last one it is; claims others in the same transaction. Returns how many are held now.
    ///
    /// # Errors
    ///
    /// Those of the board.
    pub fn turn_of(&mut self, at_most: u32, steps: u64) -> Measured<usize> {
        let held = std::mem::take(&mut self.held);
        let (last, others): (Vec<_>, Vec<_>) = held
            .into_iter()
            .partition(|job| job.position.seq + 1 >= steps);
        let mut transitions: Vec<Transition> = last.into_iter().map(end).collect();
        for mut job in others {
            let mut transition = end(job.clone());
            transition.state = JobState::Running;
            transition.doing = vec![doing()];
            job.position = transition.after();
            transitions.push(transition);
            self.held.push(job);
        }
        let free = at_most.saturating_sub(u32::try_from(self.held.len()).unwrap_or(u32::MAX));
        let answer = self.report(transitions, free)?;
        self.held.extend(answer.claimed);
        Ok(self.held.len())
    }

    /// Waits for the bell until a job is claimed. Returns when that was acknowledged.
    ///
    /// # Errors
    ///
    /// Those of the board.
    pub fn wait_for_job(&mut self) -> Measured<Mono> {
        loop {
            self.bell.clear();
            if self.turn(1)? > 0 {
                return Ok(clock::mono());
            }
            let until = clock::mono() + Duration::from_secs(1);
            words(self.waiter.wait([Some(self.bell.as_fd())], until))?;
        }
    }

    fn advance(&mut self, at_most: u32) -> Measured<AdvanceAnswer> {
        let ended: Vec<Transition> = self.held.drain(..).map(end).collect();
        self.report(ended, at_most)
    }

    fn report(&self, transitions: Vec<Transition>, at_most: u32) -> Measured<AdvanceAnswer> {
        let lane = LaneWish {
            definition: self.definition.clone(),
            lease: Duration::from_secs(300),
            max_crashes: 3,
            is_bound_to_host: false,
            time_limit: None,
            first: vec![doing()],
        };
        let advance = Advance {
            session: self.session,
            transitions,
            claim: ClaimWish {
                at_most,
                lanes: vec![lane],
                only: Vec::new(),
            },
        };
        words(self.board.advance(&advance))
    }
}

fn doing() -> Doing {
    Doing {
        step: "only".to_owned(),
        phase: Phase::Execute,
        attempt: 1,
        since: 0,
    }
}

fn end(job: ClaimedJob) -> Transition {
    let at = job.position;
    let entry = JournalEntry {
        seq: at.seq + 1,
        fence: at.fence,
        step: "only".to_owned(),
        phase: Phase::Execute,
        attempt: 1,
        outcome: EntryOutcome::Succeeded,
        started: 1_795_305_600_000,
        ended: 1_795_305_600_123,
        code: Some(0),
        kind: None,
        error: None,
        result: Some(json!({"file": "small.png"})),
        worker: "measured".to_owned(),
    };
    Transition {
        entries: vec![entry],
        state: JobState::Succeeded,
        ..Transition::begin(at, Vec::new())
    }
}
