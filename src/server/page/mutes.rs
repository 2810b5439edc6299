//! Mutes of definitions: they are on the board, so that they hold for the whole of it.

use std::time::{Duration, SystemTime};

use crate::board::{Board, BoardError, BoardResult, MUTES};
use crate::core::time::of_unix_millis;
use crate::mute::wish::Mute;
use crate::unix::{boot, clock};

/// What is mailed about a definition.
const SORTS: [&str; 3] = ["jobs", "stuck", "waiting"];
/// How often a change is tried that another one gets in the way of.
const MOST_TRIES: u32 = 20;

/// Returns the mutes that hold.
///
/// # Errors
///
/// Those of the board.
pub(super) fn held(board: &dyn Board, now: i64) -> BoardResult<Vec<Mute>> {
    let text = board.alert_memory(MUTES)?;
    let mut mutes = parsed(text.as_deref());
    mutes.retain(|mute| mute.until > of_unix_millis(now));
    Ok(mutes)
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
    change(board, |mutes| {
        mutes.retain(|mute| !is_of(mute, name));
        mutes.extend(SORTS.iter().map(|sort| Mute {
            task: Some(format!("{sort}::{name}")),
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
    change(board, |mutes| {
        let before = mutes.len();
        mutes.retain(|mute| !is_of(mute, name));
        is_ended = mutes.len() < before;
    })?;
    Ok(is_ended)
}

fn is_of(mute: &Mute, name: &str) -> bool {
    let task = mute.task.as_deref().and_then(|task| task.split_once("::"));
    task.is_some_and(|(sort, of)| SORTS.contains(&sort) && of == name)
}

fn change(board: &dyn Board, mut change: impl FnMut(&mut Vec<Mute>)) -> BoardResult<()> {
    for _ in 0..MOST_TRIES {
        let before = board.alert_memory(MUTES)?;
        let mut mutes = parsed(before.as_deref());
        mutes.retain(|mute| mute.until > clock::wall());
        change(&mut mutes);
        let after = serde_json::to_string(&mutes).unwrap_or_default();
        if board.replace_alert_memory(MUTES, before.as_deref(), &after)? {
            return Ok(());
        }
    }
    Err(BoardError::Unavailable {
        place: board.place(),
        why: "others change the mutes all the time".to_owned(),
    })
}

fn parsed(text: Option<&str>) -> Vec<Mute> {
    serde_json::from_str(text.unwrap_or("[]")).unwrap_or_default()
}
