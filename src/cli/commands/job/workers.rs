//! `workers`: who is on the board, and what a person asks of a worker.

use serde_json::{Value, json};

use super::super::mute::user_name;
use super::board_access::{open_existing, refused};
use super::job_json::time;
use super::time::of_millis;
use crate::board::{Board, HostIdentity, PauseScope, SessionRecord, SessionWish};
use crate::cli::args::Common;
use crate::cli::args::jobs::{WorkersArgs, WorkersVerb};
use crate::cli::load::load_to_look;
use crate::cli::output::{print, print_folded};
use crate::config::invocation::Call;
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::status::worker_presence::WorkerPresence;
use crate::text::counts::{counted, counted_or_no};
use crate::text::suggest::suggestions;
use crate::unix::clock::{self, short};

/// Prints the workers, or asks one something.
pub(crate) fn obey(common: &Common, args: &WorkersArgs) -> CommandResult {
    let (_, loaded) = load_to_look(common)?;
    let board = open_existing(&loaded.settings)?;
    let workers = match &board {
        Some(board) => board.workers().map_err(refused)?,
        None => Vec::new(),
    };
    if let Some(verb) = &args.verb {
        return match wish(verb) {
            (name, Some(wish)) => ask(board.as_deref(), &workers, name, wish),
            (name, None) => forget(board.as_deref(), &workers, name),
        };
    }
    if args.json {
        let data: Vec<Value> = workers.iter().map(worker_json).collect();
        return print(&format!("{:#}\n", Value::from(data)));
    }
    if workers.is_empty() {
        let start = Call::as_typed().line("work");
        return print(&format!(
            "No worker is on the board.\n`{start}` starts one.\n"
        ));
    }
    let here = HostIdentity::of_this_process().ok();
    let lines = workers.iter().map(|worker| line(worker, here.as_ref()));
    let lines: String = lines.collect();
    print_folded(&lines)
}

/// Returns the worker and what it is asked for; `None`: nothing, as it is gone.
fn wish(verb: &WorkersVerb) -> (&str, Option<SessionWish>) {
    match verb {
        WorkersVerb::Forget(worker) => (&worker.name, None),
        WorkersVerb::Drain(worker) => (&worker.name, Some(SessionWish::Drain)),
        WorkersVerb::Sleep(worker) => (&worker.name, Some(SessionWish::Sleep)),
        WorkersVerb::Wake(worker) => (&worker.name, Some(SessionWish::Work)),
        WorkersVerb::Quit { worker, now: false } => (&worker.name, Some(SessionWish::Quit)),
        WorkersVerb::Quit { worker, now: true } => (&worker.name, Some(SessionWish::QuitNow)),
    }
}

fn ask(
    board: Option<&dyn Board>,
    workers: &[SessionRecord],
    name: &str,
    wish: SessionWish,
) -> CommandResult {
    let of_name = workers.iter().filter(|worker| worker.request.name == name);
    let mut asked = 0;
    let mut is_paused = false;
    if let (Some(board), SessionWish::Sleep | SessionWish::Work) = (board, wish) {
        let by = (wish == SessionWish::Sleep).then(user_name);
        let scope = PauseScope::Worker(name.to_owned());
        // A worker that is not there now sleeps when it comes only if it was asked before.
        if by.is_none() || workers.iter().any(|worker| worker.request.name == name) {
            is_paused = board.set_pause(&scope, by.as_deref()).map_err(refused)?;
        }
    }
    for worker in of_name {
        if let Some(board) = board {
            let lives = board.request_of_worker(worker.session, wish);
            asked += u64::from(lives.map_err(refused)?);
        }
    }
    if asked > 0 {
        return print(&format!(
            "Asked {}: it is carried out within a second\n",
            counted(asked, "worker", "workers")
        ));
    }
    if is_paused {
        return print(&format!("{name} works when it starts again\n"));
    }
    Err(no_such_worker(workers, name))
}

/// Takes a worker off the board that cannot be seen from here and was not heard of for its lease.
fn forget(board: Option<&dyn Board>, workers: &[SessionRecord], name: &str) -> CommandResult {
    let of_name: Vec<_> = workers
        .iter()
        .filter(|worker| worker.request.name == name)
        .collect();
    let (Some(board), false) = (board, of_name.is_empty()) else {
        return Err(no_such_worker(workers, name));
    };
    let here = HostIdentity::of_this_process().ok();
    for worker in &of_name {
        let (why, remedy) = match WorkerPresence::of(worker, here.as_ref(), clock::wall()) {
            WorkerPresence::Unheard => continue,
            WorkerPresence::Dead => (
                format!("`{name}` died on this host, and what it has left may live"),
                format!(
                    "`{}` ends that and takes its jobs over",
                    Call::as_typed().line("work")
                ),
            ),
            WorkerPresence::Alive => (
                format!(
                    "`{name}` may live: it was heard of {}",
                    short(of_millis(worker.last_heard))
                ),
                format!(
                    "`{}` ends it",
                    Call::as_typed().line(format_args!("workers quit {name}"))
                ),
            ),
        };
        return Err(CommandError::new(exit::FAILED, why).hint(remedy));
    }
    for worker in of_name {
        board.leave(worker.session).map_err(refused)?;
    }
    print(&format!(
        "{name} is off the board, and its jobs go on elsewhere\n"
    ))
}

fn no_such_worker(workers: &[SessionRecord], name: &str) -> CommandError {
    let names = workers.iter().map(|worker| worker.request.name.as_str());
    let refusal = CommandError::new(
        exit::NOT_RUNNING,
        format_args!("no worker is called `{name}`"),
    );
    match suggestions(name, names).first() {
        Some(meant) => refusal.hint(format_args!("did you mean `{meant}`?")),
        None => refusal.hint(format_args!(
            "`{}` lists them",
            Call::as_typed().line("workers")
        )),
    }
}

fn line(worker: &SessionRecord, here: Option<&HostIdentity>) -> String {
    let request = &worker.request;
    let doing = match worker.wish {
        _ if WorkerPresence::of(worker, here, clock::wall()) == WorkerPresence::Dead => {
            "DIED".to_owned()
        }
        SessionWish::Work if worker.holds == 0 => "idle".to_owned(),
        SessionWish::Work => format!("holds {}", counted(worker.holds, "job", "jobs")),
        SessionWish::Drain => format!(
            "drains, {} left",
            counted_or_no(worker.holds, "job", "jobs")
        ),
        SessionWish::Sleep => "sleeps".to_owned(),
        SessionWish::Quit | SessionWish::QuitNow => "ends".to_owned(),
    };
    let mut line = format!(
        "{}  {doing}; {}, process {} on {}, version {}, heard of {}",
        request.name,
        counted(u64::from(request.slots), "slot", "slots"),
        request.identity.pid,
        request.identity.host,
        request.version,
        short(of_millis(worker.last_heard)),
    );
    if !request.tags.is_empty() {
        line.push_str(&format!(", tags {}", request.tags.join(", ")));
    }
    line.push('\n');
    line
}

fn worker_json(worker: &SessionRecord) -> Value {
    let request = &worker.request;
    json!({
        "session": worker.session,
        "name": request.name,
        "host": request.identity.host,
        "pid": request.identity.pid,
        "version": request.version,
        "tags": request.tags,
        "slots": request.slots,
        "beat": worker.beat,
        "joined": time(worker.joined),
        "last_heard": time(worker.last_heard),
        "is_idle": worker.is_idle,
        "wish": worker.wish,
        "holds": worker.holds,
        "stale": worker.stale,
        "ended": worker.ended,
    })
}
