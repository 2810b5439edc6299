//! `job ID`: one job, and what a person asks of it.

use std::sync::Arc;

use super::board_access::{no_such_job, open_existing, refused};
use super::chain::chain_lines;
use super::entry_line::entry_line;
use super::job_json::job_json;
use super::time::of_millis;
use crate::board::{Board, JobId, JobRecord, JobRequest, JobState, RequestAnswer};
use crate::cli::args::Common;
use crate::cli::args::jobs::{JobArgs, JobVerb};
use crate::cli::load::load_to_look;
use crate::cli::output::{plain, print, print_folded};
use crate::config::Loaded;
use crate::config::invocation::Call;
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::flow::{FlowPlan, FlowState};
use crate::status::job_wait::why_waits;
use crate::unix::clock::short;

/// Prints a job, or carries out what is asked of it.
pub(crate) fn obey(common: &Common, args: &JobArgs) -> CommandResult {
    let (_, loaded) = load_to_look(common)?;
    let id = JobId(args.id);
    let board = open_existing(&loaded.settings)?.ok_or_else(|| no_such_job(id))?;
    let job = board.job(id).map_err(refused)?;
    let job = job.ok_or_else(|| no_such_job(id))?;
    match &args.verb {
        Some(JobVerb::Output) => output(&*board, &job),
        Some(verb) => ask(&*board, &job, &request(verb)),
        None if args.json => print(&format!("{:#}\n", job_json(&*board, &job)?)),
        None => print_folded(&told(&loaded, &*board, &job)?),
    }
}

fn request(verb: &JobVerb) -> JobRequest {
    match verb.clone() {
        JobVerb::Stop { no_revert: false } => JobRequest::Stop,
        JobVerb::Stop { no_revert: true } => JobRequest::StopNoRevert,
        JobVerb::Kill => JobRequest::Kill,
        JobVerb::Pause => JobRequest::Pause,
        JobVerb::Resume => JobRequest::Resume,
        JobVerb::Retry { from } => JobRequest::Retry { from },
        JobVerb::Skip { step } => JobRequest::Skip { step },
        JobVerb::Revert => JobRequest::Revert,
        JobVerb::Cancel | JobVerb::Output => JobRequest::Cancel,
        JobVerb::Priority { class } => JobRequest::Priority(class),
    }
}

fn ask(board: &dyn Board, job: &JobRecord, request: &JobRequest) -> CommandResult {
    let id = job.id;
    let failed = |message: String| Err(CommandError::new(exit::FAILED, message));
    match board.request(id, request).map_err(refused)? {
        RequestAnswer::Done(state) => print(&format!("Job {id} is {state} now\n")),
        RequestAnswer::Asked => {
            let worker = job.worker.as_deref().unwrap_or("its worker");
            let look = Call::as_typed().line(format_args!("job {id}"));
            print(&format!(
                "Asked: {worker} carries it out within a second; `{look}` shows it\n"
            ))
        }
        RequestAnswer::AsBefore(state) => print(&format!("Job {id} is {state} as before\n")),
        RequestAnswer::Over(JobState::Reverted) if matches!(request, JobRequest::Retry { .. }) => {
            let message = format!("job {id} is over: it was reverted");
            let post = Call::as_typed().line(format_args!("post {}", job.definition));
            let hint = format!("nothing is left to go on from; `{post}` begins anew");
            Err(CommandError::new(exit::FAILED, message).hint(hint))
        }
        RequestAnswer::Over(state) => failed(format!("job {id} is over: it {}", is(state))),
        RequestAnswer::Impossible(state) => {
            failed(format!("job {id} cannot do this while it {}", is(state)))
        }
        RequestAnswer::KeyTaken(other) => failed(format!(
            "job {other}, which is not over, has the key of job {id}"
        )),
        RequestAnswer::Missing => Err(no_such_job(id)),
    }
}

fn is(state: JobState) -> String {
    match state {
        JobState::Succeeded | JobState::Failed => state.word().to_owned(),
        JobState::Reverted | JobState::Cancelled => format!("was {state}"),
        _ => format!("is {state}"),
    }
}

fn output(board: &dyn Board, job: &JobRecord) -> CommandResult {
    let mut after = None;
    loop {
        let parts = board.output(job.id, after).map_err(refused)?;
        let Some(last) = parts.last() else {
            return Ok(());
        };
        after = Some(last.part);
        let mut text = String::new();
        for part in &parts {
            if part.omitted > 0 {
                text.push_str(&format!("… {} bytes left out …\n", part.omitted));
            }
            text.push_str(&plain(&part.text));
        }
        print(&text)?;
    }
}

fn told(loaded: &Loaded, board: &dyn Board, job: &JobRecord) -> Result<String, CommandError> {
    let journal = board.journal(job.id).map_err(refused)?;
    let facts = board.wait_facts(job.id).map_err(refused)?;
    let mut text = format!("Job {} ({}) {}\n", job.id, job.definition, is(job.state));
    let posted = short(of_millis(job.posted));
    text.push_str(&format!("Posted {posted} by {}\n", plain(&job.posted_by)));
    if let Some(ended) = job.ended.filter(|_| job.state.is_over()) {
        text.push_str(&format!("Ended {}\n", short(of_millis(ended))));
    }
    if let Some(worker) = &job.worker {
        text.push_str(&format!("Held by {worker}\n"));
    }
    if let Some(reason) = &job.reason {
        text.push_str(&format!("Why: {}\n", plain(reason)));
    }
    if job.state != JobState::Stuck {
        for why in why_waits(&facts) {
            text.push_str(&format!("It waits: {}\n", plain(&why)));
        }
    } else {
        text.push_str(&ways_out(job.id));
    }
    text.push_str(&chain_lines(board, job)?);
    let own = loaded.jobs.get(&job.definition);
    if let Some(own) = own {
        text.push('\n');
        if let Ok(plan) = FlowPlan::new(own.definition.flow.clone()) {
            let state = FlowState::of(&Arc::new(plan), job.id.0, &journal, &job.doing);
            text.push_str(&state.picture(facts.now));
        }
    }
    if !journal.is_empty() {
        text.push_str("\nJournal:\n");
    }
    for entry in &journal {
        let at = short(of_millis(entry.ended));
        text.push_str(&format!("  {at}  {}\n", entry_line(entry)));
    }
    Ok(text)
}

/// Returns what a person can do about a stuck job.
fn ways_out(id: JobId) -> String {
    let call = Call::as_typed();
    let line = |verb: &str| call.line(format_args!("job {id} {verb}"));
    format!(
        "\nTo go on:\n  {}  # try again where it is stuck\n  {}  # that step was done or undone by hand\n  \
         {}  # undo what was done\n  {}  # leave it as it is\n",
        line("retry"),
        line("skip STEP"),
        line("revert"),
        line("cancel"),
    )
}
