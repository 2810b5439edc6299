//! Mutes of jobs, schedules and workers: they are on the board, so that they hold for the whole of
//! it.

use std::sync::Arc;

use crate::board::{Board, MUTES};
use crate::cli::commands::job::board_access::{open_existing, refused};
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::core::settings::Settings;
use crate::core::time::Moment;
use crate::mute::wish::Mute;
use crate::unix::clock;

/// What stands for all that is mailed about a board.
const BOARD: &str = "board";
/// How often a change is tried that another command gets in the way of.
const MOST_TRIES: u32 = 20;

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
            name if is_job => {
                let sorts = ["jobs", "stuck", "waiting"];
                Some(sorts.iter().map(|sort| format!("{sort}::{name}")).collect())
            }
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

    fn change(&self, mut change: impl FnMut(&mut Vec<Mute>, Moment)) -> CommandResult {
        for _ in 0..MOST_TRIES {
            let now = clock::now();
            let before = self.board.alert_memory(MUTES).map_err(refused)?;
            let text = before.as_deref().unwrap_or("[]");
            let mut mutes: Vec<Mute> = serde_json::from_str(text).unwrap_or_default();
            mutes.retain(|mute| mute.until > now.wall);
            change(&mut mutes, now);
            let after = serde_json::to_string(&mutes).unwrap_or_default();
            let replaced = self
                .board
                .replace_alert_memory(MUTES, before.as_deref(), &after);
            if replaced.map_err(refused)? {
                return Ok(());
            }
        }
        let message = "other commands change the mutes of the board all the time";
        Err(CommandError::new(exit::HELD, message))
    }
}
