//! A line of `history`: a run of a chain, or a job of the board.

use std::fmt::Write;
use std::time::Duration;

use serde_json::Value;

use super::super::job::board_access::open_existing;
use super::super::job::ended::{self, ended_jobs, ended_json, ended_line};
use super::{as_json, tell, tell_text};
use crate::board::{EndFilter, EndedJob};
use crate::cli::args::HistoryArgs;
use crate::core::command_error::CommandError;
use crate::core::settings::Settings;
use crate::history::{RunResult, Stamp};
use crate::mail::outbox::Undelivered;
use crate::report::fitting;
use crate::runs::run_query::{QueryLine, RunEntry};

/// Returns the last jobs of the board that were asked for; none where there is no board.
pub(super) fn jobs(settings: &Settings, args: &HistoryArgs) -> Result<Vec<EndedJob>, CommandError> {
    let filter = EndFilter {
        definition: args.what.clone(),
        since: 0,
        is_of_failures: args.failed,
        limit: u32::try_from(args.runs).unwrap_or(u32::MAX),
    };
    match open_existing(settings)? {
        Some(board) => ended_jobs(&*board, &filter),
        None => Ok(Vec::new()),
    }
}

/// A run of a chain, or a job of the board.
pub(super) enum HistoryLine<'a> {
    Run(&'a RunEntry),
    Job(&'a EndedJob),
}

/// Returns runs and jobs by the time at which they began.
pub(super) fn merged<'a>(runs: &'a [RunEntry], jobs: &'a [EndedJob]) -> Vec<HistoryLine<'a>> {
    let runs = runs.iter().map(HistoryLine::Run);
    let mut all: Vec<_> = runs.chain(jobs.iter().map(HistoryLine::Job)).collect();
    all.sort_by_key(HistoryLine::at);
    all
}

impl HistoryLine<'_> {
    pub(super) fn at(&self) -> Stamp {
        match self {
            HistoryLine::Run(entry) => entry.line.at(),
            HistoryLine::Job(job) => ended::began(job),
        }
    }

    pub(super) fn tell(&self, text: &mut String, width: Option<usize>) {
        match self {
            HistoryLine::Run(entry) => tell(text, entry, width),
            HistoryLine::Job(job) => {
                let (line, reason) = ended_line(job);
                let _ = writeln!(text, "{}", fitting(&line, width));
                if let Some(reason) = &reason {
                    tell_text(text, reason, width);
                }
            }
        }
    }

    pub(super) fn json(&self, undelivered: &Undelivered) -> Value {
        match self {
            HistoryLine::Run(entry) => as_json(entry, undelivered),
            HistoryLine::Job(job) => ended_json(job),
        }
    }

    pub(super) fn task(&self) -> &str {
        match self {
            HistoryLine::Run(entry) => entry.line.task(),
            HistoryLine::Job(job) => &job.definition,
        }
    }

    pub(super) fn took(&self) -> Duration {
        match self {
            HistoryLine::Run(entry) => match &entry.line {
                QueryLine::One(run) => run.took,
                QueryLine::Many(runs) => runs.average(),
            },
            HistoryLine::Job(job) => ended::took(job),
        }
    }

    pub(super) fn result(&self) -> RunResult {
        match self {
            HistoryLine::Run(entry) => entry.line.result(),
            HistoryLine::Job(job) => ended::result(job),
        }
    }
}
