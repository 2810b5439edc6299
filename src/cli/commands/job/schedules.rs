//! `schedules`: when jobs are posted by themselves, and what a person asks of a schedule.

use serde_json::Value;

use super::board_access::{open, open_existing, refused};
use super::catalog::JobCatalog;
use super::schedule_lines::{NEXT_TIMES, details, foreseen, lines, schedule_json};
use super::time::millis;
use crate::board::{
    ApplyMode, Board, BoardError, ScheduleFileAnswer, ScheduleRecord, ScheduleRequest,
    ScheduleRequestAnswer,
};
use crate::cli::args::Common;
use crate::cli::args::schedules::{SchedulesArgs, SchedulesVerb};
use crate::cli::load::{load, load_to_look};
use crate::cli::output::{print, print_folded};
use crate::config::Loaded;
use crate::config::invocation::Call;
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::text::suggest::suggestions;
use crate::unix::{clock, random};
use crate::worker::applied_schedules::{change_line, file_of, in_words, next_after, timestamp};
use crate::worker::job_post::ScheduledPost;

/// Shows schedules, or carries out what is asked of one.
pub(crate) fn obey(common: &Common, args: &SchedulesArgs) -> CommandResult {
    match &args.verb {
        Some(SchedulesVerb::Apply) => apply(common),
        Some(verb) => {
            let (_, loaded) = load_to_look(common)?;
            ask(&loaded, verb)
        }
        None => show(common, args),
    }
}

fn show(common: &Common, args: &SchedulesArgs) -> CommandResult {
    let (_, loaded) = load_to_look(common)?;
    let mut all = match open_existing(&loaded.settings)? {
        Some(board) => board.schedules().map_err(refused)?,
        None => Vec::new(),
    };
    if let Some(name) = &args.name {
        let Some(found) = all.iter().position(|schedule| schedule.name == *name) else {
            return Err(no_such_schedule(name, &all, &loaded));
        };
        all = vec![all.swap_remove(found)];
    }
    let times = usize::try_from(args.times).unwrap_or(NEXT_TIMES);
    if args.json {
        let data: Vec<Value> = all.iter().map(|one| schedule_json(one, times)).collect();
        let data = match (&args.name, data.as_slice()) {
            (Some(_), [one]) => one.clone(),
            _ => Value::from(data),
        };
        return print(&format!("{data:#}\n"));
    }
    let mut text: String = all.iter().map(|one| lines(one, times)).collect();
    if args.name.is_some() {
        text.extend(all.iter().map(details));
    }
    text.push_str(&not_applied(&loaded, &all));
    if text.is_empty() {
        text = "No schedule is on the board.\n".to_owned();
        text.push_str("Write a `[schedules.NAME]`, or begin with `init --template schedule`.\n");
    }
    print_folded(&text)
}

/// Returns the schedules of the file that no worker has brought to the board.
fn not_applied(loaded: &Loaded, all: &[ScheduleRecord]) -> String {
    if !all.is_empty() || loaded.schedules.is_empty() {
        return String::new();
    }
    let work = Call::as_typed().line("work");
    let mut text = format!("Not on the board yet; `{work}` brings them there:\n");
    for (name, schedule) in &loaded.schedules {
        let spec = &schedule.spec;
        let next = foreseen(spec, NEXT_TIMES).join(", ");
        text.push_str(&format!("{name}  {}\n  next     {next}\n", in_words(spec)));
    }
    text
}

fn apply(common: &Common) -> CommandResult {
    let (_, loaded) = load(common, None)?;
    let board = open(&loaded.settings)?;
    let file = file_of(&loaded, ApplyMode::Anyhow, clock::now());
    let answer = board.apply_schedules(&file).map_err(refused)?;
    let changes = match answer {
        ScheduleFileAnswer::Applied(changes) => changes,
        _ => Vec::new(),
    };
    if changes.is_empty() {
        return print("Nothing changes: the board has these schedules\n");
    }
    let lines = changes
        .iter()
        .map(|change| change_line(change, &loaded.schedules) + "\n");
    print_folded(&lines.collect::<String>())
}

fn ask(loaded: &Loaded, verb: &SchedulesVerb) -> CommandResult {
    let (SchedulesVerb::Pause { name, .. }
    | SchedulesVerb::Resume { name }
    | SchedulesVerb::Run { name, .. }) = verb
    else {
        return Ok(());
    };
    let board = open_existing(&loaded.settings)?;
    let all = match &board {
        Some(board) => board.schedules().map_err(refused)?,
        None => Vec::new(),
    };
    let found = all.iter().find(|schedule| schedule.name == *name);
    let (Some(board), Some(record)) = (board, found) else {
        return Err(no_such_schedule(name, &all, loaded));
    };
    let request = match verb {
        SchedulesVerb::Run { no_children, .. } => {
            let catalog = JobCatalog::of(loaded, &*board)?;
            return run(&*board, record, &catalog, *no_children);
        }
        SchedulesVerb::Pause { reason, .. } => ScheduleRequest::Pause {
            by: super::super::mute::user_name(),
            why: reason.clone(),
        },
        _ => ScheduleRequest::Resume {
            next: next_after(&record.spec, timestamp(now())),
        },
    };
    let answer = board.request_of_schedule(name, &request).map_err(refused)?;
    let is_pause = matches!(request, ScheduleRequest::Pause { .. });
    print(&match (answer, is_pause) {
        (ScheduleRequestAnswer::Done, true) => format!("{name} is paused\n"),
        (ScheduleRequestAnswer::Done, false) => {
            let next = foreseen(&record.spec, 1);
            format!(
                "{name} goes on: {}\n",
                next.first().map_or("never", |next| next)
            )
        }
        (ScheduleRequestAnswer::AsBefore, true) => format!("{name} is paused already\n"),
        (ScheduleRequestAnswer::AsBefore, false) => format!("{name} is not paused\n"),
        (ScheduleRequestAnswer::Missing, _) => {
            return Err(no_such_schedule(name, &all, loaded));
        }
    })
}

fn run(
    board: &dyn Board,
    record: &ScheduleRecord,
    catalog: &JobCatalog,
    no_children: bool,
) -> CommandResult {
    let posting = random::hex_id().map_err(|error| CommandError::of(exit::SHORTAGE, &error))?;
    let (name, spec) = (&record.name, &record.spec);
    let scheduled = ScheduledPost::of(spec, catalog.schemas());
    let base = scheduled.post;
    let mut post = base.of_schedule(name, &record.project, spec, posting, now());
    post.posted_by = super::super::mute::user_name();
    post.ignores_pauses = true;
    if no_children {
        post.then.clear();
    }
    let receipt = board.run_schedule(name, &post, scheduled.every_worker);
    match receipt.map_err(refused)? {
        None if scheduled.every_worker => Err(refused(BoardError::NoWorker(spec.job.clone()))),
        Some(receipt) => print(&format!("Posted job {} ({})\n", receipt.id, spec.job)),
        None => Err(CommandError::usage(format_args!(
            "there is no schedule `{name}`"
        ))),
    }
}

fn now() -> i64 {
    millis(clock::wall()).unwrap_or(0)
}

fn no_such_schedule(name: &str, all: &[ScheduleRecord], loaded: &Loaded) -> CommandError {
    let message = format!("no schedule is called `{name}`");
    if loaded.schedules.contains_key(name) {
        let work = Call::as_typed().line("work");
        let hint = format!("it is in the file, and `{work}` brings it to the board");
        return CommandError::usage(message).hint(hint);
    }
    let names = all.iter().map(|schedule| schedule.name.as_str());
    CommandError::usage(message).hint(match suggestions(name, names).first() {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("`{}` lists them", Call::as_typed().line("schedules")),
    })
}
