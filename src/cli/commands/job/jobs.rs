//! `jobs`: the jobs of a board, the newest first.

use super::board_access::{open, open_existing, refused};
use super::chain::{batch_line, push_following};
use super::job_json::record_json;
use super::jobs_verb::{self, pause_lines};
use super::time::of_millis;
use super::wait_batch;
use crate::board::{
    BatchId, Board, BoardError, FollowedPost, JobFilter, JobId, JobRecord, JobState,
};
use crate::cli::args::Common;
use crate::cli::args::jobs::{JobsArgs, JobsVerb};
use crate::cli::load::load_to_look;
use crate::cli::output::{on_one_line, plain, print, width};
use crate::config::invocation::Call;
use crate::core::command_error::{CommandError, CommandResult};
use crate::report::fitting;
use crate::text::lists::one_of;
use crate::unix::clock::{self, short};
use crate::worker::board_place::BoardPlace;

/// Prints a page of jobs.
pub(crate) fn show(common: &Common, args: &JobsArgs) -> CommandResult {
    let (_, loaded) = load_to_look(common)?;
    let filter = filter(args)?;
    let board = match &args.verb {
        // There may be a pause before there is a job.
        Some(JobsVerb::Pause(_)) => Some(open(&loaded.settings)?),
        _ => open_existing(&loaded.settings)?,
    };
    let Some(board) = board else {
        return print(&no_job(&BoardPlace::of(&loaded.settings).to_string()));
    };
    let waits_for = filter.batch.filter(|_| args.wait);
    if let Some(verb) = &args.verb {
        jobs_verb::obey(&loaded, &*board, &filter, verb)?;
        return match waits_for {
            Some(id) => wait_batch::until_over(&*board, id, args.timeout, args.json),
            None => Ok(()),
        };
    }
    if let Some(id) = waits_for {
        return wait_batch::until_over(&*board, id, args.timeout, args.json);
    }
    if let Some(id) = filter.batch
        && board.batch(id).map_err(refused)?.is_none()
    {
        return Err(refused(BoardError::NoSuchBatch(id)));
    }
    let page = board.jobs(&filter).map_err(refused)?;
    if args.json {
        let jobs: Vec<_> = page.jobs.iter().map(record_json).collect();
        return print(&format!("{:#}\n", serde_json::Value::from(jobs)));
    }
    if page.jobs.is_empty() {
        return print(&nothing(args, &*board)?);
    }
    let mut text = head(args, &*board)?;
    for job in &page.jobs {
        text.push_str(fitting(&line(job), width()).trim_end());
        text.push('\n');
    }
    if let Some(next) = page.next {
        let more = Call::as_typed().line(format_args!("jobs --before {next}"));
        text.push_str(&format!("… and earlier ones: {more}\n"));
    }
    print(&text)
}

/// Returns what stands above the list: the pauses, or the batch.
fn head(args: &JobsArgs, board: &dyn Board) -> Result<String, CommandError> {
    let Some(id) = args.batch.map(BatchId) else {
        return pause_lines(board);
    };
    let Some(batch) = board.batch(id).map_err(refused)? else {
        return Ok(String::new());
    };
    let mut text = format!("{}\n", batch_line(&batch));
    push_following(board, FollowedPost::Batch(id), 0, &mut text)?;
    Ok(text)
}

fn filter(args: &JobsArgs) -> Result<JobFilter, CommandError> {
    let states = args.state.iter().map(|word| {
        JobState::of_word(word).ok_or_else(|| {
            let words = one_of(JobState::ALL.iter().map(|state| state.word()));
            CommandError::usage(format_args!("`{word}` is no state of a job"))
                .hint(format_args!("a job is {words}"))
        })
    });
    Ok(JobFilter {
        states: states.collect::<Result<_, _>>()?,
        definition: args.definition.clone(),
        key: args.key.clone(),
        batch: args.batch.map(BatchId),
        kind: args.kind.clone(),
        before: args.before.map(JobId),
        limit: args.limit,
        ..JobFilter::default()
    })
}

/// Returns what is printed where no job is found.
fn nothing(args: &JobsArgs, board: &dyn Board) -> Result<String, CommandError> {
    let is_filtered = args.definition.is_some()
        || !args.state.is_empty()
        || args.key.is_some()
        || args.batch.is_some()
        || args.kind.is_some()
        || args.before.is_some();
    let place = board.place();
    let any = !board.counts().map_err(refused)?.is_empty();
    Ok(match (is_filtered, any) {
        (true, true) => "No job of that sort is on the board.\n".to_owned(),
        _ => no_job(&place),
    })
}

fn no_job(place: &str) -> String {
    let post = Call::as_typed().line("post JOB");
    format!("No job is on {place}.\n`{post}` posts one.\n")
}

fn line(job: &JobRecord) -> String {
    let at = short(of_millis(job.ended.unwrap_or(job.posted)));
    let state = match job.state {
        JobState::Waiting | JobState::Limited if of_millis(job.run_at) > clock::wall() => {
            "scheduled"
        }
        state => state.word(),
    };
    let mut line = format!("{:>6}  {:<10} {at}  {}", job.id.0, state, job.definition);
    if let Some(key) = &job.key {
        line.push_str(&format!(" key={}", on_one_line(key)));
    }
    let steps: Vec<&str> = job.doing.iter().map(|doing| doing.step.as_str()).collect();
    if !steps.is_empty() {
        line.push_str(&format!("  at {}", steps.join(", ")));
    }
    if let Some(worker) = &job.worker {
        line.push_str(&format!(" on {worker}"));
    }
    if let Some(reason) = &job.reason {
        let reason = plain(reason);
        line.push_str(&format!("  {}", reason.lines().next().unwrap_or_default()));
    }
    line
}
