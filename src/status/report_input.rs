//! What `status` knows, for a report.

use super::look::{self, Chain, Standing, Task};
use super::text::state;
use crate::cli::holding::Holding;
use crate::cli::screen::Refusal;
use crate::config::Loaded;
use crate::report::{ChainNow, Condition, Mute, Now, TaskNow, TaskState};
use crate::state::history::Stamp;
use crate::time::Moment;

/// Returns how all chains of RUN_ROOT fare, and when that was.
pub(crate) fn now(loaded: &Loaded) -> Result<(Moment, Now), Refusal> {
    let view = look::at(loaded, &[])?;
    let chains = view.chains.iter().map(|chain| of_chain(chain, view.now));
    let broken = view.mail.broken.as_ref();
    let now = Now {
        chains: chains.collect(),
        mail_trouble: broken.map(|broken| broken.trouble.line()),
    };
    Ok((view.now, now))
}

fn of_chain(chain: &Chain, now: Moment) -> ChainNow {
    let condition = match chain.standing {
        Standing::Runs(_) | Standing::Unseen => Condition::Runs,
        Standing::Stopped => Condition::Stopped,
        Standing::Hidden(_) => Condition::Hidden,
    };
    ChainNow {
        name: chain.name.as_str().to_owned(),
        condition,
        state: state(chain, now),
        muted: chain.mute(None).map(of_mute),
        tasks: chain
            .tasks
            .iter()
            .map(|task| of_task(task, chain))
            .collect(),
    }
}

fn of_mute(holding: &Holding) -> Mute {
    let mute = &holding.mute;
    Mute {
        until: Stamp::of(mute.until),
        by: mute.by.clone(),
        reason: mute.reason.clone(),
        held_back: holding.held_back,
    }
}

fn of_task(task: &Task, chain: &Chain) -> TaskNow {
    let past = &task.past;
    let state = match (&task.down, task.late) {
        (Some(down), _) => TaskState::Down {
            since: Stamp::of(down.since),
            failures: down.failures,
            asks: down.asks,
            text: down.latest.clone(),
            reminder: down.reminder.map(Stamp::of),
        },
        (None, Some(late)) => TaskState::Late {
            since: Stamp::of(late.since),
            text: chain.too_long(task).unwrap_or_default(),
        },
        (None, None) if past.asks > 0 => TaskState::Asks {
            since: past.asking_since,
            count: past.asks,
        },
        (None, None) if past.healthy_since.is_some() => TaskState::Healthy {
            since: past.healthy_since,
        },
        (None, None) => TaskState::Unknown,
    };
    TaskNow {
        label: task.label.clone(),
        state,
        muted: chain.mute(Some(&task.label)).map(of_mute),
    }
}
