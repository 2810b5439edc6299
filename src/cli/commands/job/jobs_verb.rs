//! `jobs … VERB`: what is asked of many jobs at once, and pauses of definitions and projects.

use super::super::mute::user_name;
use super::board_access::refused;
use super::catalog::JobCatalog;
use super::time::of_millis;
use crate::board::{Board, BulkAnswer, JobFilter, JobRequest, JobState, PauseScope};
use crate::cli::args::jobs::{JobsVerb, PausedArgs};
use crate::cli::output::{plain, print};
use crate::config::Loaded;
use crate::config::invocation::Call;
use crate::core::command_error::{CommandError, CommandResult};
use crate::text::counts::{counted, counted_or_no};
use crate::text::suggest::did_you_mean;
use crate::unix::clock::short;

/// How many jobs that were reverted are counted.
const MOST_COUNTED: u32 = 1_000;

/// Carries out what is asked of the jobs that a filter finds.
pub(super) fn obey(
    loaded: &Loaded,
    board: &dyn Board,
    filter: &JobFilter,
    verb: &JobsVerb,
) -> CommandResult {
    let request = match verb {
        JobsVerb::Pause(what) => {
            check_is_known(loaded, board, what)?;
            return pause(board, what, Some(&user_name()));
        }
        JobsVerb::Resume(what) => return pause(board, what, None),
        JobsVerb::Stop { no_revert: false } => JobRequest::Stop,
        JobsVerb::Stop { no_revert: true } => JobRequest::StopNoRevert,
        JobsVerb::Kill => JobRequest::Kill,
        JobsVerb::Cancel => JobRequest::Cancel,
        JobsVerb::Retry { .. } => JobRequest::Retry { from: None },
        JobsVerb::Priority { class } => JobRequest::Priority(*class),
    };
    let is_filtered = !filter.states.is_empty()
        || filter.definition.is_some()
        || filter.batch.is_some()
        || filter.key.is_some()
        || filter.kind.is_some();
    if !is_filtered {
        let example = Call::as_typed().line("jobs --batch ID");
        return Err(
            CommandError::usage("this would be asked of every job on the board").hint(
                format_args!("write which jobs are meant, such as `{example}` or `--state failed`"),
            ),
        );
    }
    let mut filter = filter.clone();
    if filter.states.is_empty() {
        filter.states = match verb {
            JobsVerb::Retry { failed: true } => vec![JobState::Failed],
            JobsVerb::Retry { failed: false } => vec![JobState::Failed, JobState::Stuck],
            _ => Vec::new(),
        };
    }
    let reverted = match verb {
        JobsVerb::Retry { .. } if filter.states.contains(&JobState::Failed) => {
            reverted_note(board, &filter)?
        }
        _ => String::new(),
    };
    let all = ask_all(board, filter, &request)?;
    let mut text = format!("{} changed", counted_or_no(all.done, "job", "jobs"));
    if all.asked > 0 {
        let asked = counted(all.asked, "worker is", "workers are");
        text.push_str(&format!(", {asked} asked"));
    }
    if all.passed > 0 {
        text.push_str(&format!(", {} stay as they are", all.passed));
    }
    print(&format!("{text}\n{reverted}"))
}

/// Returns what is printed of jobs that were reverted: nothing is left that they could go on from.
fn reverted_note(board: &dyn Board, filter: &JobFilter) -> Result<String, CommandError> {
    let filter = JobFilter {
        states: vec![JobState::Reverted],
        limit: MOST_COUNTED,
        ..filter.clone()
    };
    let page = board.jobs(&filter).map_err(refused)?;
    let more = if page.next.is_some() {
        "more than "
    } else {
        ""
    };
    Ok(match page.jobs.len() as u64 {
        0 => String::new(),
        some => format!(
            "{more}{} reverted: what was done is undone, and nothing is left to go on from; post \
             them anew\n",
            counted(some, "job was", "jobs were")
        ),
    })
}

fn ask_all(
    board: &dyn Board,
    filter: JobFilter,
    request: &JobRequest,
) -> Result<BulkAnswer, CommandError> {
    let mut filter = filter;
    let mut all = BulkAnswer::default();
    loop {
        let answer = board.request_all(&filter, request).map_err(refused)?;
        all.done += answer.done;
        all.asked += answer.asked;
        all.passed += answer.passed;
        filter.before = answer.next;
        if answer.next.is_none() {
            return Ok(all);
        }
    }
}

/// Refuses to pause what no configuration and no worker knows: a slip of the pen.
fn check_is_known(loaded: &Loaded, board: &dyn Board, what: &PausedArgs) -> CommandResult {
    let catalog = JobCatalog::of(loaded, board)?;
    if let Some(definition) = &what.definition {
        return catalog.schema(definition).map(drop);
    }
    let Some(project) = &what.project else {
        return Ok(());
    };
    let projects = || {
        catalog
            .all()
            .filter_map(|(_, schema)| schema.project.as_deref())
    };
    if projects().any(|known| known == project) {
        return Ok(());
    }
    let error = CommandError::usage(format_args!("no job has the project `{project}`"));
    Err(match did_you_mean(project, projects()) {
        Some(meant) => error.hint(meant),
        None => error,
    })
}

fn pause(board: &dyn Board, what: &PausedArgs, by: Option<&str>) -> CommandResult {
    let scope = match (&what.definition, &what.project) {
        (_, Some(project)) => PauseScope::Project(project.clone()),
        (definition, None) => PauseScope::Definition(definition.clone().unwrap_or_default()),
    };
    let is_changed = board.set_pause(&scope, by).map_err(refused)?;
    let what = scope_words(&scope);
    print(&match (is_changed, by.is_some()) {
        (true, true) => format!("Paused {what}: what runs goes on, and no more is claimed\n"),
        (true, false) => format!("Resumed {what}\n"),
        (false, true) => format!("{what} is paused already\n"),
        (false, false) => format!("{what} is not paused\n"),
    })
}

/// Returns what is paused, in words.
fn scope_words(scope: &PauseScope) -> String {
    let (word, name) = scope.parts();
    match scope {
        PauseScope::Definition(_) => format!("`{name}`"),
        _ => format!("{word} `{name}`"),
    }
}

/// Returns a line for each pause.
///
/// # Errors
///
/// When the board cannot be read.
pub(super) fn pause_lines(board: &dyn Board) -> Result<String, CommandError> {
    let pauses = board.pauses().map_err(refused)?.into_iter();
    let line = |pause: crate::board::PauseRecord| {
        let since = short(of_millis(pause.since));
        let by = plain(&pause.by);
        format!(
            "Paused: {} by {by} since {since}\n",
            scope_words(&pause.scope)
        )
    };
    Ok(pauses.map(line).collect())
}
