//! `board`: looks after the board itself.

use std::path::Path;

use super::board_access::{open, refused};
use super::board_lines::{BoardMail, show_answer, show_check};
use crate::board::sqlite_maintenance::MovedFile;
use crate::board::{BOARD_FILE, BoardRole, BoardSettings, KeepLimits, MissingBoard, QueryLimits};
use crate::board::{postgres_maintenance, sqlite_maintenance};
use crate::cli::args::Common;
use crate::cli::args::jobs::{BoardCommand, BoardRoleArg};
use crate::cli::load::load_to_look;
use crate::cli::output::print;
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::core::settings::Settings;
use crate::text::counts::{counted_or_no, grouped};
use crate::worker::board_place::BoardPlace;

/// Carries out what is asked of a board.
pub(crate) fn obey(common: &Common, command: &BoardCommand) -> CommandResult {
    let (_, loaded) = load_to_look(common)?;
    let settings = &loaded.settings;
    let place = BoardPlace::of(settings);
    match command {
        BoardCommand::Check { json } => {
            let report = match &place {
                BoardPlace::File(path) => sqlite_maintenance::check(path),
                BoardPlace::Server(server) => postgres_maintenance::check(server),
                BoardPlace::Http(_) => return Err(of_the_server(&place, "check")),
            };
            let report = report.map_err(refused)?;
            show_check(&report, BoardMail::of(settings), &place, *json)
        }
        BoardCommand::Backup { file } => backup(&place, file),
        BoardCommand::Restore { file } => restore(&place, file),
        BoardCommand::Query { sql, json } => {
            let limits = QueryLimits::default();
            let answer = match &place {
                BoardPlace::File(path) => sqlite_maintenance::query(path, sql, &limits),
                BoardPlace::Server(server) => postgres_maintenance::query(server, sql, &limits),
                BoardPlace::Http(_) => return Err(of_the_server(&place, "query")),
            };
            show_answer(answer.map_err(refused)?, *json)
        }
        BoardCommand::Gc => gc(settings),
        BoardCommand::Migrate => migrate(&place),
        BoardCommand::Move { file } => move_file(settings, &place, file.as_deref()),
        BoardCommand::Grant { role, kind } => grant(&place, role, *kind),
    }
}

fn backup(place: &BoardPlace, file: &Path) -> CommandResult {
    let BoardPlace::File(path) = place else {
        return Err(of_the_database(place, "backup", BACKUP));
    };
    let copy = sqlite_maintenance::backup(path, file).map_err(refused)?;
    print(&format!(
        "Copied {} ({} bytes) to {}\n",
        counted_or_no(copy.jobs, "job", "jobs"),
        grouped(copy.bytes),
        file.display()
    ))
}

fn restore(place: &BoardPlace, file: &Path) -> CommandResult {
    let BoardPlace::File(path) = place else {
        return Err(of_the_database(place, "restore", RESTORE));
    };
    let copy = sqlite_maintenance::restore(path, file, &BoardSettings::default());
    let copy = copy.map_err(refused)?;
    print(&format!(
        "Restored {}; the epoch is {} now, and nothing is claimed until the longest lease has passed\n",
        counted_or_no(copy.jobs, "job", "jobs"),
        copy.epoch
    ))
}

fn move_file(settings: &Settings, place: &BoardPlace, file: Option<&Path>) -> CommandResult {
    let BoardPlace::Server(server) = place else {
        return Err(CommandError::new(
            exit::USAGE,
            "`[board]` names no database to move the board into",
        )
        .hint("write `address = \"postgres://USER@HOST/DATABASE\"` in `[board]`"));
    };
    let usual = settings.state_dir.join(BOARD_FILE);
    let path = file.unwrap_or(&usual);
    let opening = BoardSettings {
        missing: MissingBoard::Refuse,
        ..BoardSettings::default()
    };
    let mut source = MovedFile::begin(path, &opening).map_err(refused)?;
    let moved = postgres_maintenance::move_in(server, &mut source);
    let (jobs, epoch) = moved.map_err(refused)?;
    let left = source.leave().map_err(refused)?;
    print(&format!(
        "Moved {} to {place}; the epoch is {epoch} now\nThe file is left as {}\n",
        counted_or_no(jobs, "job", "jobs"),
        left.display()
    ))
}

fn grant(place: &BoardPlace, role: &str, kind: BoardRoleArg) -> CommandResult {
    if let BoardPlace::Http(_) = place {
        return Err(of_the_server(place, "grant"));
    }
    let BoardPlace::Server(server) = place else {
        let message = format!("{place} is a file, which has no roles");
        return Err(CommandError::new(exit::USAGE, message)
            .hint("who may use a file is a matter of its directory"));
    };
    let kind = match kind {
        BoardRoleArg::View => BoardRole::View,
        BoardRoleArg::Post => BoardRole::Post,
        BoardRoleArg::Worker => BoardRole::Worker,
        BoardRoleArg::Admin => BoardRole::Admin,
    };
    postgres_maintenance::grant(server, role, kind).map_err(refused)?;
    print(&format!("{role} may do on {place} what {kind} needs\n"))
}

/// What is to be done in the place of `board backup`.
const BACKUP: &str =
    "`pg_dump --schema=run_functions DATABASE > FILE` copies it while workers work";
/// What is to be done in the place of `board restore`.
const RESTORE: &str = "stop the workers, `DROP SCHEMA run_functions CASCADE`, `psql DATABASE < FILE`, \
     and raise the epoch above the one that \
     `board check` showed before: `UPDATE run_functions.board SET epoch = N, hold = longest_lease`";

/// Returns the error for what is done beside the board.
fn of_the_server(place: &BoardPlace, verb: &str) -> CommandError {
    let message =
        format!("`board {verb}` reads the board itself, and {place} is a server in front of one");
    CommandError::new(exit::USAGE, message)
        .hint("run it on the host of `run_functions serve`, with the configuration there")
}

/// Returns the error for what a server does itself.
fn of_the_database(place: &BoardPlace, verb: &str, remedy: &str) -> CommandError {
    if let BoardPlace::Http(_) = place {
        return of_the_server(place, verb);
    }
    let message = format!("`board {verb}` is for a board in a file, and {place} is a database");
    CommandError::new(exit::USAGE, message).hint(remedy)
}

fn migrate(place: &BoardPlace) -> CommandResult {
    let migrated = match place {
        BoardPlace::File(path) => sqlite_maintenance::migrate(path, &BoardSettings::default()),
        BoardPlace::Server(server) => postgres_maintenance::migrate(server),
        BoardPlace::Http(_) => return Err(of_the_server(place, "migrate")),
    };
    let (from, to) = migrated.map_err(refused)?;
    print(&match from {
        _ if from == to => format!("The board has schema {to} already\n"),
        0 => format!("The board is created, with schema {to}\n"),
        _ => format!("The board has schema {to} now, it was {from}\n"),
    })
}

fn gc(settings: &Settings) -> CommandResult {
    let board = open(settings)?;
    let mut jobs = 0;
    loop {
        let removed = board.gc(&KeepLimits::default()).map_err(refused)?;
        jobs += removed.jobs;
        if !removed.has_more {
            return print(&format!("Removed {}\n", counted_or_no(jobs, "job", "jobs")));
        }
    }
}
