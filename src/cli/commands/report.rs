//! `report`: the last 90 days, as a page or for the terminal.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::super::args::{ColorArg, ReportArgs};
use super::super::output::{print, screen};
use super::job::board_access::open_existing;
use super::job::ended::{as_run, began, ended_jobs};
use crate::board::{Board, EndFilter, EndedJob};
use crate::config::{Inputs, Loaded};
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::history::{HistoryReader, Record};
use crate::mail::outbox::{self, Undelivered};
use crate::report::{
    self, ChainNow, Condition, CurrentState, Gathering, Heading, HistoryReport, Period, ScheduleNow,
};
use crate::runs::run_query::{RunFilter, RunQuery};
use crate::status::board_status::{BoardStatus, is_given_up, schedule_words};
use crate::status::report_input;
use crate::text::counts::counted_or_no;
use crate::unix::clock;
use crate::unix::files::{self, Readers};
use crate::unix::own_program;
use crate::unix::terminal::print_to_stderr;
use crate::unix::trusted_paths::{PrivateDir, is_trusted};

/// What stands above the jobs of the board; no chain can be called so.
const JOBS: &str = "jobs of the board";
/// How many jobs a report is made of: those that ended last.
const MOST_JOBS: u32 = 50_000;

/// Writes what was asked for.
pub(crate) fn show(
    inputs: &Inputs,
    loaded: &Loaded,
    args: &ReportArgs,
    color: ColorArg,
) -> CommandResult {
    let past = RunQuery::open(&loaded.settings, RunFilter::of(args.what.as_deref()))?;
    let report = gathered(&past, inputs, loaded, args.what.as_deref())?;
    match &args.html {
        None => print(&report::text(&report, screen(color))),
        Some(path) if path == Path::new("-") => print(&page(&report)?),
        Some(path) => write(path, &page(&report)?),
    }?;
    past.ended()
}

fn page(report: &HistoryReport) -> Result<String, CommandError> {
    report::page(report).map_err(|feature| CommandError::without("`report --html`", feature))
}

fn write(path: &Path, page: &str) -> CommandResult {
    replace(path, page).map_err(|error| {
        let message = format!("the report cannot be written to `{}`: {error}", path.display());
        CommandError::new(exit::FAILED, message).hint(
            "it is replaced as a whole, so its directory must be there and ours to write; `--html -` prints it",
        )
    })?;
    let path = path.display();
    print_to_stderr(&format!(
        "Wrote the report to {path}; open it in any browser\n"
    ));
    Ok(())
}

/// Writes the page to where a link of ours leads, and never over what is no file.
fn replace(path: &Path, page: &str) -> io::Result<()> {
    let link = path.symlink_metadata().ok().filter(Metadata::is_symlink);
    if let Some(uid) = link
        .as_ref()
        .map(|link| link.uid())
        .filter(|uid| !is_trusted(*uid))
    {
        return Err(io::Error::other(format!(
            "it is a link of uid {uid}, which may lead anywhere"
        )));
    }
    if link.is_some() {
        // What lies above the link is not in the path that it leads to.
        PrivateDir::existing_to_drop(files::parent(path))?;
    }
    let path = match link {
        Some(_) => fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()),
        None => path.to_owned(),
    };
    if path.exists() && !path.is_file() {
        return Err(io::Error::other("what has this name is no file"));
    }
    files::replace(&path, page.as_bytes(), Readers::AsBefore)
}

/// Reads one part of the history after the other: only what is drawn stays in memory.
fn gathered(
    past: &RunQuery,
    inputs: &Inputs,
    loaded: &Loaded,
    what: Option<&str>,
) -> Result<HistoryReport, CommandError> {
    let (moment, now) = report_input::now(loaded)?;
    let board = open_existing(&loaded.settings)?;
    let jobs = jobs(board.as_deref(), past)?;
    let chains = now.chains.into_iter();
    let chains = chains.filter_map(|chain| wanted(chain, past)).collect();
    let mut now = CurrentState { chains, ..now };
    if let Some(board) = board.as_deref() {
        add_board(&mut now, board, past, !jobs.is_empty());
    }
    let first_job = jobs.iter().map(began).min();
    let earliest = past
        .shelves()
        .iter()
        .filter_map(|(_, shelf)| shelf.parts().first().copied());
    let earliest = earliest.min().into_iter().chain(first_job).min();
    let period = Period::new(moment.wall, clock::local_zone(), earliest);
    let mut gathering = Gathering::new(period);
    let undelivered = outbox::report(&loaded.settings.state_dir).undelivered;
    for (chain, shelf) in past.shelves() {
        gather(&mut gathering, chain, shelf, past, &undelivered);
    }
    for job in &jobs {
        let run = Record::Run(Box::new(as_run(job)));
        gathering.add(JOBS, &run, |_| true);
    }
    let heading = Heading {
        host: inputs.hostname.clone(),
        program: format!("{} {}", own_program::name(), own_program::version()),
    };
    let report = gathering.finish(heading, now);
    if report.chains.is_empty() && what.is_some() {
        // An error, unless what was asked for is known and has only nothing to tell.
        past.nothing()?;
    }
    Ok(report)
}

/// Returns the jobs that ended in the period and were asked for, the first of them first.
fn jobs(board: Option<&dyn Board>, past: &RunQuery) -> Result<Vec<EndedJob>, CommandError> {
    let Some(board) = board else {
        return Ok(Vec::new());
    };
    let filter = EndFilter {
        limit: MOST_JOBS,
        ..EndFilter::default()
    };
    let mut jobs = ended_jobs(board, &filter)?;
    jobs.retain(|job| past.is_of(JOBS, &job.definition));
    Ok(jobs)
}

/// Adds what the workers do, where any job was asked for, and the schedules that were.
fn add_board(now: &mut CurrentState, board: &dyn Board, past: &RunQuery, has_jobs: bool) {
    let status = BoardStatus::of(board, board.place());
    let workers = status.workers.as_ref().map_or(0, Vec::len) as u64;
    if has_jobs {
        now.chains.push(ChainNow {
            name: JOBS.to_owned(),
            condition: match (&status.workers, workers) {
                (Err(_), _) => Condition::Hidden,
                (Ok(_), 0) => Condition::Stopped,
                (Ok(_), _) => Condition::Runs,
            },
            state: counted_or_no(workers, "worker", "workers"),
            muted: None,
            tasks: Vec::new(),
        });
    }
    let schedules = status.schedules.iter();
    let wanted = schedules.filter(|one| past.is_of(JOBS, &one.spec.job));
    now.schedules.extend(wanted.map(|one| ScheduleNow {
        name: one.name.clone(),
        state: schedule_words(one),
        is_given_up: is_given_up(one),
    }));
}

/// Returns what is asked for of a chain, if anything is.
fn wanted(mut chain: ChainNow, past: &RunQuery) -> Option<ChainNow> {
    let is_named = past.is_of(&chain.name, "");
    chain
        .tasks
        .retain(|task| past.is_of(&chain.name, &task.label));
    (is_named || !chain.tasks.is_empty()).then_some(chain)
}

fn gather(
    gathering: &mut Gathering,
    chain: &str,
    shelf: &HistoryReader,
    past: &RunQuery,
    undelivered: &Undelivered,
) {
    for part in shelf.parts() {
        shelf.tell(part, |record| {
            // A mail that no server accepted is not a mail.
            if let Record::Mailed(mail) = &record
                && undelivered.find(chain, mail.at.time()).is_some()
            {
                return;
            }
            gathering.add(chain, &record, |task| past.is_of(chain, task));
        });
    }
}
