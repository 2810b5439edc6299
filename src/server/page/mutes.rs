//! Mutes of definitions: they are on the board, so that they hold for the whole of it.

use std::time::{Duration, SystemTime};

use crate::board::{Board, BoardError, BoardResult};
use crate::core::time::{Moment, of_unix_millis};
use crate::mute::wish::Mute;
use crate::unix::{boot, clock};
use crate::worker::alerts::board_mutes;

/// Returns the mutes that hold.
///
/// # Errors
///
/// Those of the board.
pub(super) fn held(board: &dyn Board, now: i64) -> BoardResult<Vec<Mute>> {
    board_mutes::held(board, of_unix_millis(now))
}

/// Returns the mute of a definition, or of all that is mailed about the board.
pub(super) fn of_definition<'a>(mutes: &'a [Mute], name: &str) -> Option<&'a Mute> {
    let key = format!("jobs::{name}");
    mutes.iter().find(|mute| mute.is_about(&key))
}

/// Holds back the mails about a definition for so long.
///
/// # Errors
///
/// Those of the board.
pub(super) fn mute(
    board: &dyn Board,
    name: &str,
    span: Duration,
    by: &str,
    reason: &str,
) -> BoardResult<SystemTime> {
    let now = clock::now();
    let until = now.wall.checked_add(span).unwrap_or(now.wall);
    let names = board_mutes::names_of_job(name);
    change(board, |mutes, _| {
        mutes.retain(|mute| !is_of(mute, &names));
        mutes.extend(names.iter().map(|name| Mute {
            task: Some(name.clone()),
            from: now.wall,
            until,
            by: by.to_owned(),
            reason: reason.to_owned(),
            boot: boot::id(),
            made: now.mono,
        }));
    })?;
    Ok(until)
}

/// Ends the mute of a definition. Returns whether there was one.
///
/// # Errors
///
/// Those of the board.
pub(super) fn unmute(board: &dyn Board, name: &str) -> BoardResult<bool> {
    let mut is_ended = false;
    let names = board_mutes::names_of_job(name);
    change(board, |mutes, _| {
        let before = mutes.len();
        mutes.retain(|mute| !is_of(mute, &names));
        is_ended = mutes.len() < before;
    })?;
    Ok(is_ended)
}

fn change(board: &dyn Board, change: impl FnMut(&mut Vec<Mute>, Moment)) -> BoardResult<()> {
    match board_mutes::change(board, change)? {
        true => Ok(()),
        false => Err(BoardError::Unavailable {
            place: board.place(),
            why: "others change the mutes all the time".to_owned(),
        }),
    }
}

fn is_of(mute: &Mute, names: &[String]) -> bool {
    mute.task.as_ref().is_some_and(|task| names.contains(task))
}
