//! The board: the durable record of jobs, workers and journals.
//!
//! A [`Board`] is a serialisation point: each call is one transaction. Workers join, claim jobs
//! under a lease, report what happened, and beat; observers time the counters of others and reap
//! the dead. The table below is what the cases of the conformance suite are made from.
//!
#![doc = include_str!("STATES.md")]

mod advance;
mod alert_board;
mod alert_conditions;
mod alert_record;
mod batch;
mod beat;
mod board_error;
mod board_role;
mod board_settings;
mod board_trait;
#[cfg(any(feature = "board-http", feature = "server"))]
mod call_reply;
#[cfg(any(feature = "board-http", feature = "server"))]
mod call_table;
#[cfg(any(feature = "board-http", feature = "board-postgres"))]
mod clock_offset;
#[cfg(test)]
#[cfg(any(feature = "board-postgres", feature = "board-sqlite"))]
pub(crate) mod conformance;
#[cfg(test)]
#[cfg(all(feature = "board-http", feature = "board-sqlite", feature = "server"))]
mod counting_board;
mod definition_entry;
mod end_summary;
mod ended_job;
mod host_identity;
#[cfg(feature = "board-http")]
mod http;
#[cfg(not(feature = "board-http"))]
#[path = "http/left_out.rs"]
mod http;
mod http_settings;
mod job_id;
mod job_record;
mod job_request;
mod job_state;
mod keep_limits;
#[cfg(any(feature = "board-http", feature = "server"))]
mod look_news;
mod mail_record;
mod maintenance;
pub mod measured;
mod next_post;
mod output_part;
mod pause;
mod post;
#[cfg(feature = "board-postgres")]
mod postgres;
#[cfg(not(feature = "board-postgres"))]
#[path = "postgres/left_out.rs"]
mod postgres;
mod postgres_settings;
mod reap;
mod row_source;
mod schedule_board;
mod schedule_file;
mod schedule_record;
mod schedule_slot;
#[cfg(feature = "server")]
pub(crate) mod served;
mod session_request;
#[cfg(feature = "board-sqlite")]
mod sqlite;
#[cfg(not(feature = "board-sqlite"))]
#[path = "sqlite/left_out.rs"]
mod sqlite;
#[cfg(any(feature = "board-postgres", feature = "board-sqlite"))]
mod transition_facts;
mod wait_facts;

pub(crate) use advance::{
    Advance, AdvanceAnswer, ClaimWish, ClaimedJob, GiveBack, LaneWish, LeftoverFate, Transition,
    TransitionVerdict,
};
#[cfg(test)]
#[cfg(feature = "board-sqlite")]
pub(crate) use alert_board::AlertBoard;
pub(crate) use alert_conditions::AlertConditions;
pub(crate) use alert_record::{
    ALERTER, AlertLook, AlertRecord, AlertsHold, EndFact, EndFailure, MUTES,
};
pub(crate) use batch::{BatchPost, BatchReceipt, BatchRecord, BulkAnswer};
pub(crate) use beat::{Beat, BeatAnswer, JobPosition};
pub(crate) use board_error::BoardError;
pub(crate) use board_role::BoardRole;
pub(crate) use board_settings::{BOARD_FILE, BoardSettings, MissingBoard};
pub(crate) use board_trait::{Board, BoardBell, BoardResult};
#[cfg(test)]
#[cfg(all(feature = "board-http", feature = "board-sqlite", feature = "server"))]
pub(crate) use counting_board::CountingBoard;
pub(crate) use definition_entry::DefinitionEntry;
pub(crate) use end_summary::EndSummary;
pub(crate) use ended_job::{EndFilter, EndedJob};
pub(crate) use host_identity::HostIdentity;
pub(crate) use http::{open as open_http, register as register_worker};
pub(crate) use http_settings::HttpSettings;
pub(crate) use job_id::{BatchId, JobId, SessionId};
pub(crate) use job_record::{JobFilter, JobRecord};
pub(crate) use job_request::{HeldRequest, JobRequest, PendingRequest, RequestAnswer};
pub(crate) use job_state::JobState;
pub(crate) use keep_limits::KeepLimits;
pub(crate) use mail_record::{ClaimedMail, NewMail};
pub(crate) use maintenance::{CheckReport, QueryAnswer, QueryLimits};
pub(crate) use next_post::{FollowedPost, NextRecord};
pub(crate) use output_part::{OutputBatch, OutputPart};
pub(crate) use pause::{PauseRecord, PauseScope};
pub(crate) use post::{KeyRule, NextPost, Post, PostLimit, PostReceipt, ThenRule};
pub(crate) use postgres::maintenance as postgres_maintenance;
pub(crate) use postgres::open as open_postgres;
pub(crate) use postgres_settings::PostgresSettings;
pub(crate) use reap::{IDLE_LEASE, Reap, ReapAnswer, lease_end};
pub(crate) use schedule_board::{ScheduleRequest, ScheduleRequestAnswer};
pub(crate) use schedule_file::{
    ApplyMode, ScheduleChange, ScheduleChangeKind, ScheduleEntry, ScheduleFile, ScheduleFileAnswer,
};
pub(crate) use schedule_record::{ScheduleRecord, ScheduledJob};
pub(crate) use schedule_slot::{DueSchedule, ScheduleNews, SlotAnswer, SlotTaking};
pub(crate) use session_request::{
    EndCount, NameRule, SessionRecord, SessionRequest, SessionTicket, SessionWish,
};
pub(crate) use sqlite::maintenance as sqlite_maintenance;
pub(crate) use sqlite::open as open_sqlite;
pub(crate) use wait_facts::{CannotNow, LimitFacts, WaitFacts, WorkerFacts};
