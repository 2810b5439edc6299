//! `status`: what runs, what sleeps, and what fails. Liveness is the lock, never the number in a
//! file. Writes nothing.

use std::time::Duration;

use super::super::args::{ColorArg, StatusArgs};
use super::super::output::{pipe_reader, print, screen, width};
use super::job::board_access;
use crate::config::invocation::Call;
use crate::config::{Inputs, Loaded};
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::mail::mailer::Mailer;
use crate::mail::outbox::{self, KeptWhere};
use crate::status::board_status::BoardStatus;
use crate::status::snapshot::{self, Liveness, StatusSnapshot};
use crate::status::{self, status_mail};
use crate::unix::clock;
use crate::unix::live::UnwrittenData;
use crate::unix::terminal::print_to_stderr;
use crate::unix::waiter::Waiter;

/// How often `--watch` looks.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How much longer than one attempt the mail is waited for.
const MARGIN: Duration = Duration::from_secs(5);
/// Moves to the first place of a terminal and clears what is below.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// Prints what is known of one chain, or of all of RUN_ROOT. Exit code 3 when something does not
/// run, else 1 when something fails.
pub(crate) fn show(
    inputs: &Inputs,
    loaded: &Loaded,
    args: &StatusArgs,
    color: ColorArg,
) -> CommandResult {
    if args.watch {
        return watch(loaded, args, color);
    }
    let (view, board) = look(loaded, args)?;
    let board = board.as_ref();
    let written = print(&shown(&view, board, loaded, args, color));
    let Some(code) = verdict(&view, board) else {
        return written;
    };
    if args.mail_if_bad {
        send_mail(&view, board, inputs, loaded)?;
    }
    // Nobody reads, perhaps: the verdict is given all the same.
    Err(CommandError::said(code))
}

/// Looks at these chains; at all of them, and at the board, if none is named.
fn look(
    loaded: &Loaded,
    args: &StatusArgs,
) -> Result<(StatusSnapshot, Option<BoardStatus>), CommandError> {
    let board = match args.name {
        Some(_) => None,
        None => board_access::look(&loaded.settings),
    };
    Ok((snapshot::at(loaded, args.name.as_slice())?, board))
}

fn shown(
    view: &StatusSnapshot,
    board: Option<&BoardStatus>,
    loaded: &Loaded,
    args: &StatusArgs,
    color: ColorArg,
) -> String {
    if args.json {
        return format!(
            "{:#}\n",
            status::json::of(view, board, verdict(view, board))
        );
    }
    status::screen::of(view, board, loaded, &Call::as_typed(), screen(color))
}

/// Mails what `status` prints.
fn send_mail(
    view: &StatusSnapshot,
    board: Option<&BoardStatus>,
    inputs: &Inputs,
    loaded: &Loaded,
) -> Result<(), CommandError> {
    let settings = &loaded.settings;
    if loaded.wrong.is_some() && !loaded.names_recipients() {
        let message = "nothing was mailed: in the part of the configuration that could be read, `[mail]` names no recipient";
        return Err(CommandError::new(exit::CONFIG, message));
    }
    let no_descriptor = |error| CommandError::of(exit::SHORTAGE, &error);
    let mailer = Mailer::new(&settings.state_dir, settings.mail.clone()).map_err(no_descriptor)?;
    let mail = status_mail::compose(view, board, inputs, loaded);
    let kept = mailer.post(&mail, &settings.mail.to, view.now.wall);
    mailer.finish(clock::mono() + settings.mail.timeout + MARGIN);
    if let KeptWhere::InMemory(why) = kept {
        let message = format!("the mail was perhaps not sent, and could not be kept: {why}");
        return Err(CommandError::new(exit::FAILED, message));
    }
    if let Some(broken) = outbox::report(&settings.state_dir).broken {
        print_to_stderr(&format!(
            "The mail waits in the outbox: {}\n",
            broken.trouble.line()
        ));
    }
    Ok(())
}

/// Looks again and again, until it is interrupted or its reader stops.
fn watch(loaded: &Loaded, args: &StatusArgs, color: ColorArg) -> CommandResult {
    let no_descriptor = |error| CommandError::of(exit::FAILED, &error);
    let mut alarm = Waiter::new().map_err(no_descriptor)?;
    let reader = pipe_reader();
    loop {
        let (view, board) = look(loaded, args)?;
        let shown = shown(&view, board.as_ref(), loaded, args, color);
        match width() {
            Some(_) => print(&format!("{CLEAR}{shown}"))?,
            None => print(&format!("{shown}\n"))?,
        }
        let source = reader.as_ref().map(std::os::fd::AsFd::as_fd);
        let [is_gone] = alarm
            .wait([source], clock::mono() + LOOK_AGAIN)
            .map_err(no_descriptor)?;
        if is_gone {
            return Ok(());
        }
    }
}

/// Returns the exit code, unless all is well.
fn verdict(view: &StatusSnapshot, board: Option<&BoardStatus>) -> Option<u8> {
    let is_bad = |task: &snapshot::TaskStatus| task.down.is_some() || task.late.is_some();
    let fails = |chain: &snapshot::ChainStatus| chain.tasks.iter().any(is_bad);
    let is_unwell = |chain: &snapshot::ChainStatus| {
        chain.hindrance.is_some() || chain.unkept != UnwrittenData::default()
    };
    let is_missing = |chain: &snapshot::ChainStatus| matches!(chain.standing, Liveness::Stopped);
    let is_hidden = |chain: &snapshot::ChainStatus| matches!(chain.standing, Liveness::Hidden(_));
    // A chain that does not run comes before a task that fails: the failure is old.
    let is_empty = view.chains.is_empty() && board.is_none();
    let lacks_workers = board.is_some_and(BoardStatus::lacks_workers);
    let jobs_fail = board.is_some_and(|board| board.failing().next().is_some());
    let board_is_hidden = board.is_some_and(|board| board.workers.is_err());
    if is_empty || lacks_workers || view.chains.iter().any(is_missing) {
        Some(exit::NOT_RUNNING)
    } else if view
        .chains
        .iter()
        .any(|chain| fails(chain) || is_unwell(chain))
        || jobs_fail
        || !view.mail.is_well()
    {
        Some(exit::FAILED)
    } else if view.mail_is_hidden || board_is_hidden || view.chains.iter().any(is_hidden) {
        Some(exit::NO_PERMISSION)
    } else {
        None
    }
}
