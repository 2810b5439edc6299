//! Mutes that are on the board, so that they hold for the whole of it.

use std::time::SystemTime;

use crate::board::{Board, BoardResult, MUTES};
use crate::core::time::Moment;
use crate::mute::wish::Mute;
use crate::unix::clock;

/// How often a change is tried that another one gets in the way of.
const MOST_TRIES: u32 = 20;

/// Returns the names under which the alerter knows what is mailed about a job.
pub(crate) fn names_of_job(name: &str) -> [String; 3] {
    ["jobs", "stuck", "waiting"].map(|sort| format!("{sort}::{name}"))
}

/// Returns the mutes that hold at a time.
///
/// # Errors
///
/// Those of the board.
pub(crate) fn held(board: &dyn Board, now: SystemTime) -> BoardResult<Vec<Mute>> {
    let text = board.alert_memory(MUTES)?;
    Ok(holding(text.as_deref(), now))
}

/// Changes the mutes that hold. Returns whether the change is made: not while others change the
/// mutes all the time.
///
/// # Errors
///
/// Those of the board.
pub(crate) fn change(
    board: &dyn Board,
    mut change: impl FnMut(&mut Vec<Mute>, Moment),
) -> BoardResult<bool> {
    for _ in 0..MOST_TRIES {
        let now = clock::now();
        let before = board.alert_memory(MUTES)?;
        let mut mutes = holding(before.as_deref(), now.wall);
        change(&mut mutes, now);
        let after = serde_json::to_string(&mutes).unwrap_or_default();
        if board.replace_alert_memory(MUTES, before.as_deref(), &after)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn holding(text: Option<&str>, now: SystemTime) -> Vec<Mute> {
    let mut mutes: Vec<Mute> = serde_json::from_str(text.unwrap_or("[]")).unwrap_or_default();
    mutes.retain(|mute| mute.until > now);
    mutes
}
