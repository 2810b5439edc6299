//! The board behind a server.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::argument_type::argument_type;
use super::held_look::HeldLook;
use super::http_agent::HttpAgent;
use super::http_bell::HttpBell;
use crate::board::advance::{
    Advance, AdvanceAnswer, ClaimWish, GiveBack, LaneWish, TransitionVerdict,
};
use crate::board::alert_board::AlertBoard;
use crate::board::alert_conditions::AlertConditions;
use crate::board::alert_record::{AlertLook, AlertRecord, AlertsHold};
use crate::board::batch::{BatchPost, BatchReceipt, BatchRecord, BulkAnswer};
use crate::board::beat::{Beat, BeatAnswer, JobPosition, LookAnswer};
use crate::board::board_error::BoardError;
use crate::board::board_settings::{BoardClock, BoardSettings};
use crate::board::board_trait::{Board, BoardBell, BoardResult};
use crate::board::call_table::{alerts_calls, board_calls, schedules_calls};
use crate::board::clock_offset::ClockOffset;
use crate::board::definition_entry::{DefinitionEntry, DefinitionRecord};
use crate::board::end_summary::EndSummary;
use crate::board::ended_job::{EndFilter, EndedJob};
use crate::board::host_identity::HostIdentity;
use crate::board::http_settings::HttpSettings;
use crate::board::job_id::{BatchId, JobId, SessionId};
use crate::board::job_record::{JobFilter, JobOutcome, JobPage, JobRecord, StateCount};
use crate::board::job_request::{JobRequest, RequestAnswer};
use crate::board::keep_limits::{GcAnswer, KeepLimits};
use crate::board::mail_record::{ClaimedMail, MailRecord};
use crate::board::next_post::{FollowedPost, NextRecord};
use crate::board::output_part::{OutputBatch, OutputPart};
use crate::board::pause::{PauseRecord, PauseScope};
use crate::board::post::{NextPost, Post, PostReceipt};
use crate::board::reap::{Reap, ReapAnswer};
use crate::board::schedule_board::{ScheduleBoard, ScheduleRequest, ScheduleRequestAnswer};
use crate::board::schedule_file::{ScheduleFile, ScheduleFileAnswer};
use crate::board::schedule_record::ScheduleRecord;
use crate::board::schedule_slot::{ScheduleLook, ScheduleNews, SlotAnswer, SlotTaking};
use crate::board::session_request::{SessionRecord, SessionRequest, SessionTicket, SessionWish};
use crate::board::wait_facts::{CannotNow, WaitFacts};
use crate::core::time::unix_millis;
use crate::flow::journal::JournalEntry;

/// How long the list of a request is; the server takes four times as much.
const MOST_BYTES: usize = 1 << 20;

/// Opens a board behind a server; the server is not asked yet.
///
/// # Errors
///
/// [`BoardError::Refused`] and [`BoardError::NotAllowed`] for a file of authorities or a token
/// that is unfit.
pub(crate) fn open(
    settings: &HttpSettings,
    opening: &BoardSettings,
) -> BoardResult<Arc<dyn Board>> {
    Ok(Arc::new(HttpBoard::open(settings, opening)?))
}

/// The board behind a server.
pub(super) struct HttpBoard {
    agent: Arc<HttpAgent>,
    deadline: Duration,
    clock: BoardClock,
    offset: ClockOffset,
    /// The look that the server holds, once a bell was asked for.
    held: Mutex<Option<Arc<HeldLook>>>,
}

impl fmt::Debug for HttpBoard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpBoard")
            .field("place", &self.agent.place)
            .finish_non_exhaustive()
    }
}

impl HttpBoard {
    /// Opens a board.
    ///
    /// # Errors
    ///
    /// Those of [`open`].
    pub(super) fn open(settings: &HttpSettings, opening: &BoardSettings) -> BoardResult<Self> {
        Ok(HttpBoard {
            agent: Arc::new(HttpAgent::new(settings)?),
            deadline: opening.deadline,
            clock: opening.clock.clone(),
            offset: ClockOffset::default(),
            held: Mutex::default(),
        })
    }

    /// Makes a call.
    fn call<T: DeserializeOwned>(&self, name: &str, request: &impl Serialize) -> BoardResult<T> {
        let answered = self.agent.call(name, request, self.deadline)?;
        self.offset.seen(answered.now, self.wall());
        serde_json::from_value(answered.answer).map_err(|error| BoardError::Refused {
            place: self.place(),
            why: format!("what it answers to `{name}` is unknown here: {error}"),
            remedy: "install the same version of the program here and there".to_owned(),
        })
    }

    /// Returns the time of the clock here, in milliseconds since 1970.
    fn wall(&self) -> i64 {
        unix_millis((self.clock)().wall)
    }

    fn held(&self) -> Option<Arc<HeldLook>> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.clone()
    }

    /// Has the server hold a look from now on, where an advance has left nothing to do.
    fn hold_after(&self, request: &Advance, answer: &AdvanceAnswer) {
        let found = LookAnswer {
            next_due: answer.next_due,
            requests: answer.requests.clone(),
            watched: Vec::new(),
            wish: answer.wish,
        };
        let is_whole = request.claim.only.is_empty() && !found.brings_something(self.wall());
        if let Some(held) = self.held().filter(|_| is_whole) {
            held.hold(request.session, &request.claim.lanes, &found);
        }
    }

    fn look_directly(&self, session: SessionId, lanes: &[LaneWish]) -> BoardResult<LookAnswer> {
        let mut found: LookAnswer =
            self.call("look", &json!({"session": session, "lanes": lanes}))?;
        found.next_due = found.next_due.map(|due| self.offset.here(due));
        Ok(found)
    }
}

/// Returns how many of these fit into a request: one at least, where there is any.
///
/// # Errors
///
/// For what has no JSON.
fn fitting(items: &[impl Serialize]) -> BoardResult<usize> {
    let mut bytes = 0;
    for (at, item) in items.iter().enumerate() {
        let text = serde_json::to_vec(item);
        bytes += text
            .map_err(|error| BoardError::Malformed(error.to_string()))?
            .len();
        if bytes > MOST_BYTES && at > 0 {
            return Ok(at);
        }
    }
    Ok(items.len())
}

/// Makes the methods of the client.
macro_rules! client_methods {
    ($($role:ident, $scope:ident($($scoped:ident),*), $doc:literal:
        $name:ident($($argument:ident: $kind:ident($type:ty)),*) -> $answer:ty;)*) => {$(
        fn $name(&self, $($argument: argument_type!($kind, $type)),*) -> BoardResult<$answer> {
            self.call(stringify!($name), &json!({$(stringify!($argument): $argument),*}))
        }
    )*};
}

impl Board for HttpBoard {
    board_calls!(client_methods);

    fn post(&self, post: &Post) -> BoardResult<PostReceipt> {
        let receipts = self.post_all(std::slice::from_ref(post))?;
        let receipt = receipts.into_iter().next();
        receipt.ok_or_else(|| BoardError::Malformed("nothing was posted".to_owned()))
    }

    fn post_batch(
        &self,
        batch: &BatchPost,
        posts: &[Post],
        is_whole: bool,
    ) -> BoardResult<BatchReceipt> {
        let mut posted = 0;
        let mut rest = posts;
        loop {
            let (piece, further) = rest.split_at(fitting(rest)?);
            let is_last = further.is_empty();
            let request = json!({
                "batch": batch, "posts": piece, "is_whole": is_whole && is_last,
            });
            let receipt: BatchReceipt = self.call("post_batch", &request)?;
            posted += receipt.posted;
            if is_last {
                return Ok(BatchReceipt { posted, ..receipt });
            }
            rest = further;
        }
    }

    fn advance(&self, request: &Advance) -> BoardResult<AdvanceAnswer> {
        let mut transitions = request.transitions.clone();
        for transition in &mut transitions {
            transition.run_at = self.offset.there(transition.run_at);
        }
        let mut verdicts = Vec::new();
        let mut rest = transitions.as_slice();
        let mut answer = loop {
            let (piece, further) = rest.split_at(fitting(rest)?);
            let is_last = further.is_empty();
            let sent = Advance {
                session: request.session,
                transitions: piece.to_vec(),
                claim: if is_last {
                    request.claim.clone()
                } else {
                    ClaimWish::default()
                },
            };
            let answer: AdvanceAnswer = self.call("advance", &json!({"advance": sent}))?;
            verdicts.extend_from_slice(&answer.verdicts);
            if is_last {
                break AdvanceAnswer { verdicts, ..answer };
            }
            rest = further;
        };
        answer.next_due = answer.next_due.map(|due| self.offset.here(due));
        for job in &mut answer.claimed {
            job.ends_by = job.ends_by.map(|end| self.offset.here(end));
        }
        self.hold_after(request, &answer);
        Ok(answer)
    }

    fn look(&self, session: SessionId, lanes: &[LaneWish]) -> BoardResult<LookAnswer> {
        let Some(held) = self.held() else {
            return self.look_directly(session, lanes);
        };
        if let Some(found) = held.found(session, lanes, self.wall()) {
            return Ok(found);
        }
        let found = self.look_directly(session, lanes)?;
        if !found.brings_something(self.wall()) {
            held.hold(session, lanes, &found);
        }
        Ok(found)
    }

    fn bell(&self) -> BoardResult<Box<dyn BoardBell>> {
        let no_bell = |error: std::io::Error| BoardError::Unavailable {
            place: self.place(),
            why: error.to_string(),
        };
        let held = Arc::new(HeldLook::new().map_err(no_bell)?);
        let (theirs, agent) = (Arc::clone(&held), Arc::clone(&self.agent));
        let thread = std::thread::Builder::new().name("held look".to_owned());
        thread
            .spawn(move || theirs.ask_until_over(&agent))
            .map_err(no_bell)?;
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&held));
        Ok(Box::new(HttpBell(held)))
    }

    fn place(&self) -> String {
        self.agent.place.clone()
    }
}

impl ScheduleBoard for HttpBoard {
    schedules_calls!(client_methods);
}

impl AlertBoard for HttpBoard {
    alerts_calls!(client_methods);
}
