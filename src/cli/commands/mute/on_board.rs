//! Mutes of jobs, schedules and workers: they are on the board, so that they hold for the whole of
//! it.

use std::sync::Arc;

use crate::board::Board;
use crate::cli::commands::job::board_access::{open_existing, refused};
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::core::settings::Settings;
use crate::core::time::Moment;
use crate::mute::wish::Mute;
use crate::worker::alerts::board_mutes;

/// What stands for all that is mailed about a board.
const BOARD: &str = "board";

/// What is muted on a board.
pub(super) struct BoardMute {
    board: Arc<dyn Board>,
    /// The names in the memory of the alerter; `None`: all.
    keys: Option<Vec<String>>,
}

impl BoardMute {
    /// Finds a job, a schedule or a worker on the board; `None`: nothing has that name.
    pub(super) fn find(settings: &Settings, whom: &str) -> Result<Option<Self>, CommandError> {
        let Some(board) = open_existing(settings)? else {
            return Ok(None);
        };
        let definitions = board.definitions().map_err(refused)?;
        let is_job = definitions.iter().any(|known| known.entry.name == whom);
        let is_other = ["schedules::", "workers::"]
            .iter()
            .any(|sort| whom.starts_with(sort));
        let keys = match whom {
            BOARD => None,
            name if is_job => Some(board_mutes::names_of_job(name).into()),
            name if is_other => Some(vec![name.to_owned()]),
            _ => return Ok(None),
        };
        Ok(Some(BoardMute { board, keys }))
    }

    /// Puts a mute in the place of those that there are.
    pub(super) fn mute(&self, mute: impl Fn(Moment, Option<String>) -> Mute) -> CommandResult {
        self.change(|mutes, now| {
            mutes.retain(|former| !self.is_about(former));
            match &self.keys {
                None => mutes.push(mute(now, None)),
                Some(keys) => mutes.extend(keys.iter().map(|key| mute(now, Some(key.clone())))),
            }
        })
    }

    /// Ends the mutes that there are. Returns whether there were any.
    pub(super) fn unmute(&self) -> Result<bool, CommandError> {
        let mut is_ended = false;
        self.change(|mutes, _| {
            let before = mutes.len();
            mutes.retain(|former| !self.is_about(former));
            is_ended = mutes.len() < before;
        })?;
        Ok(is_ended)
    }

    fn is_about(&self, mute: &Mute) -> bool {
        match (&self.keys, &mute.task) {
            (None, None) => true,
            (Some(keys), Some(task)) => keys.contains(task),
            _ => false,
        }
    }

    fn change(&self, change: impl FnMut(&mut Vec<Mute>, Moment)) -> CommandResult {
        match board_mutes::change(&*self.board, change).map_err(refused)? {
            true => Ok(()),
            false => {
                let message = "other commands change the mutes of the board all the time";
                Err(CommandError::new(exit::HELD, message))
            }
        }
    }
}
