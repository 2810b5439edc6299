//! `board`: looks after the board itself.

use super::board_access::{open, refused};
use crate::board::KeepLimits;
use crate::cli::args::Common;
use crate::cli::args::jobs::BoardCommand;
use crate::cli::load::load_to_look;
use crate::cli::output::print;
use crate::core::command_error::CommandResult;
use crate::text::counts::counted_or_no;

/// Carries out what is asked of a board.
pub(crate) fn obey(common: &Common, command: &BoardCommand) -> CommandResult {
    let (_, loaded) = load_to_look(common)?;
    let board = open(&loaded.settings)?;
    match command {
        BoardCommand::Gc => {
            let mut jobs = 0;
            loop {
                let removed = board.gc(&KeepLimits::default()).map_err(refused)?;
                jobs += removed.jobs;
                if !removed.has_more {
                    break;
                }
            }
            print(&format!("Removed {}\n", counted_or_no(jobs, "job", "jobs")))
        }
    }
}
