//! What a chain does, in words.

use std::time::SystemTime;

use super::lock_status::LockStatus;
use super::trouble::hindered;
use super::view::{ChainStatus, Liveness};
use crate::core::time::{Moment, in_words};
use crate::unix::clock::short;
use crate::unix::live::Activity;

/// Returns whether it runs, and what it does.
pub(crate) fn state(chain: &ChainStatus, now: Moment) -> String {
    let doing = match chain.doing {
        Activity::Running { step, since, .. } => {
            let since = in_words(now.mono.since(since));
            format!("{} runs since {since}", chain.task(step))
        }
        Activity::Sleeping { step, until, .. } => {
            let left = in_words(until.since(now.mono));
            let at = short(now.at(until).wall);
            format!(
                "sleeping until {at} ({left}), the {}, then {}",
                cooldown(chain, step),
                chain.task_after(step)
            )
        }
        Activity::Nothing => "running".to_owned(),
    };
    let standby = chain.lock.as_ref().and_then(LockStatus::standby);
    let doing = match (standby, chain.doing) {
        (Some(_), Activity::Running { .. }) | (None, _) => doing,
        (Some(_), _) => "standby".to_owned(),
    };
    if let (Liveness::Runs(pid), Some(hindrance)) = (&chain.standing, chain.hindrance) {
        return hindered(*pid, hindrance, &doing, now);
    }
    match &chain.standing {
        Liveness::Runs(pid) => {
            let up = chain.began.map(|began| format!(", up {}", ago(began, now)));
            format!("{doing} (pid {pid}{})", up.unwrap_or_default())
        }
        Liveness::Unseen => "runs in a container that cannot be seen from here".to_owned(),
        Liveness::Hidden(why) => format!("cannot be looked at: {why}"),
        Liveness::Stopped => stopped(chain),
    }
}

fn stopped(chain: &ChainStatus) -> String {
    match (&chain.ended, chain.last_sign()) {
        (Some((at, why)), _) => format!("not running since {}: {why}", short(*at)),
        (None, Some(last)) => format!(
            "not running: killed, or the power failed, after {}",
            short(last)
        ),
        (None, None) => "not running".to_owned(),
    }
}

/// Returns for what a chain waits. Whether the pause after a success is a cooldown or an interval,
/// its runner alone knows.
fn cooldown(chain: &ChainStatus, step: usize) -> String {
    let last = chain
        .tasks
        .get(step)
        .and_then(|task| task.past.last.as_ref());
    let task = chain.task(step);
    match last.is_some_and(|last| last.result.is_failure()) {
        true => format!("fail_cooldown of {task}"),
        false => format!("pause after {task}"),
    }
}

pub(crate) fn ago(time: SystemTime, now: Moment) -> String {
    in_words(now.wall.duration_since(time).unwrap_or_default())
}
