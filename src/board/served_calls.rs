//! The calls of a board as a server answers them.

use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::advance::{Advance, AdvanceAnswer, GiveBack, LaneWish, TransitionVerdict};
use super::alert_conditions::AlertConditions;
use super::alert_record::{AlertLook, AlertRecord, AlertsHold};
use super::batch::{BatchPost, BatchReceipt, BatchRecord, BulkAnswer};
use super::beat::{Beat, BeatAnswer, JobPosition, LookAnswer};
use super::call_arguments::{lent, request_type};
use super::call_reply::CallFault;
use super::call_scope::{CallScope, Visibility};
use super::call_table::{alerts_calls, board_calls, own_calls, schedules_calls};
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
use super::schedule_board::{ScheduleRequest, ScheduleRequestAnswer};
use super::schedule_file::{ScheduleFile, ScheduleFileAnswer};
use super::schedule_record::ScheduleRecord;
use super::schedule_slot::{ScheduleLook, ScheduleNews, SlotAnswer, SlotTaking};
use super::session_request::{SessionRecord, SessionRequest, SessionTicket, SessionWish};
use super::wait_facts::{CannotNow, WaitFacts};
use crate::flow::journal::JournalEntry;

/// Who may make a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallRole {
    /// Who looks.
    View,
    /// Who posts.
    Post,
    /// Who stops, retries, pauses.
    Operate,
    /// A worker.
    Worker,
}

/// A call as a server answers it.
pub(crate) struct ServedCall {
    /// The name, which is the last part of its path.
    pub(crate) name: &'static str,
    /// What the call does.
    pub(crate) about: &'static str,
    /// Who may make it.
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
                #[allow(unused_mut, reason = "some calls are not limited by what they ask for")]
                let CallRequest { $(mut $argument),* } = request(body)?;
                let visible = scope.$scope($(&mut $scoped),*)?;
                let answer = scope.board.$name($(lent!($kind, $argument)),*);
                json(&answer.map_err(|error| CallFault::of(&error))?, scope, visible)
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
        CallFault::new("bad_request", format!("the request: {error}"), Some(remedy))
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
    let unfit = |error: serde_json::Error| CallFault::new("refused", error.to_string(), None);
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
