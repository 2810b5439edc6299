//! The calls of a board as a server answers them.

use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::arguments::{lent, request_type};
use super::call_scope::{CallScope, Visibility};
use super::faults::{fault, fault_of};
use super::own_calls::own_calls;
use crate::board::advance::{Advance, AdvanceAnswer, GiveBack, LaneWish, TransitionVerdict};
use crate::board::alert_conditions::AlertConditions;
use crate::board::alert_record::{AlertLook, AlertRecord, AlertsHold};
use crate::board::batch::{BatchPost, BatchReceipt, BatchRecord, BulkAnswer};
use crate::board::beat::{Beat, BeatAnswer, JobPosition, LookAnswer};
use crate::board::call_reply::CallFault;
use crate::board::call_table::{alerts_calls, board_calls, schedules_calls};
use crate::board::definition_entry::{DefinitionEntry, DefinitionRecord};
use crate::board::end_summary::EndSummary;
use crate::board::ended_job::{EndFilter, EndedJob};
use crate::board::host_identity::HostIdentity;
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
use crate::board::schedule_board::{ScheduleRequest, ScheduleRequestAnswer};
use crate::board::schedule_file::{ScheduleFile, ScheduleFileAnswer};
use crate::board::schedule_record::ScheduleRecord;
use crate::board::schedule_slot::{ScheduleLook, ScheduleNews, SlotAnswer, SlotTaking};
use crate::board::session_request::{SessionRecord, SessionRequest, SessionTicket, SessionWish};
use crate::board::wait_facts::{CannotNow, WaitFacts};
use crate::flow::journal::JournalEntry;

/// The role that a call takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallRole {
    /// To look.
    View,
    /// To post.
    Post,
    /// To stop, retry and pause.
    Operate,
    /// To work.
    Worker,
}

/// A call as a server answers it.
pub(crate) struct ServedCall {
    /// The name, which is the last part of its path.
    pub(crate) name: &'static str,
    /// What the call does.
    pub(crate) about: &'static str,
    /// The role that it takes.
    pub(crate) role: CallRole,
    /// Answers a request: JSON in, JSON out.
    pub(crate) answer: fn(&CallScope<'_>, &[u8]) -> Result<String, CallFault>,
    /// Returns the schema of the request.
    pub(crate) request_schema: fn(&mut SchemaGenerator) -> Schema,
    /// Returns the schema of what the call returns.
    pub(crate) answer_schema: fn(&mut SchemaGenerator) -> Schema,
}

/// Makes the rows.
macro_rules! served {
    ($($role:ident, $scope:ident($($scoped:ident),*), $about:literal:
        $name:ident($($argument:ident: $kind:ident($type:ty)),*) -> $answer:ty;)*) => {
        &[$({
            #[derive(Deserialize, JsonSchema)]
            #[schemars(inline)]
            struct CallRequest { $($argument: request_type!($kind, $type)),* }

            fn answer(scope: &CallScope<'_>, body: &[u8]) -> Result<String, CallFault> {
                // Some calls ask for nothing, and some are not limited by what they ask for.
                let _asked: &mut CallRequest = &mut request(body)?;
                let visible = scope.$scope($(&mut _asked.$scoped),*)?;
                let answer = scope.board.$name($(lent!($kind, _asked.$argument)),*);
                json(&answer.map_err(|error| fault_of(&error))?, scope, visible)
            }

            ServedCall {
                name: stringify!($name),
                about: $about,
                role: CallRole::$role,
                answer,
                request_schema: |schemas| CallRequest::json_schema(schemas),
                answer_schema: |schemas| schemas.subschema_for::<$answer>(),
            }
        }),*]
    };
}

const OF_JOBS: &[ServedCall] = board_calls!(served);
const OF_WORKERS: &[ServedCall] = own_calls!(served);
const OF_SCHEDULES: &[ServedCall] = schedules_calls!(served);
const OF_ALERTS: &[ServedCall] = alerts_calls!(served);

/// Returns all calls.
pub(crate) fn served_calls() -> impl Iterator<Item = &'static ServedCall> {
    let all = [OF_JOBS, OF_WORKERS, OF_SCHEDULES, OF_ALERTS];
    all.into_iter().flatten()
}

/// Reads a request.
///
/// # Errors
///
/// For what is not JSON of its form.
fn request<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, CallFault> {
    serde_json::from_slice(body).map_err(|error| {
        let remedy = "the document of the calls is at /api/v1/openapi.json";
        fault("bad_request", format!("the request: {error}"), Some(remedy))
    })
}

/// Returns the JSON text of an answer, without what the user may not see.
///
/// # Errors
///
/// When it has none.
fn json(
    answer: &impl Serialize,
    scope: &CallScope<'_>,
    visible: Visibility,
) -> Result<String, CallFault> {
    let unfit = |error: serde_json::Error| fault("refused", error.to_string(), None);
    match (visible, scope.projects) {
        (Visibility::OfProjects, Some(projects)) => {
            let mut list = serde_json::to_value(answer).map_err(unfit)?;
            if let Value::Array(items) = &mut list {
                items.retain(|item| {
                    let project = item["project"].as_str();
                    project.is_some_and(|it| projects.iter().any(|name| name == it))
                });
            }
            serde_json::to_string(&list).map_err(unfit)
        }
        _ => serde_json::to_string(answer).map_err(unfit),
    }
}
