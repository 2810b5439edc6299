//! What `status` knows, for a report.

use super::snapshot::{self, ChainStatus, Liveness, TaskStatus};
use super::words::state;
use crate::config::Loaded;
use crate::core::command_error::CommandError;
use crate::core::time::Moment;
use crate::history::Stamp;
use crate::mute::on_disk::active_mute::ActiveMute;
use crate::report::{ChainNow, Condition, CurrentState, MuteReport, TaskNow, TaskState};

/// Returns how all chains of RUN_ROOT fare, and when that was.
pub(crate) fn now(loaded: &Loaded) -> Result<(Moment, CurrentState), CommandError> {
    let view = snapshot::at(loaded, &[])?;
    let chains = view.chains.iter().map(|chain| of_chain(chain, view.now));
    let broken = view.mail.broken.as_ref();
    let now = CurrentState {
        chains: chains.collect(),
        schedules: Vec::new(),
        mail_trouble: broken.map(|broken| broken.trouble.line()),
    };
    Ok((view.now, now))
}

fn of_chain(chain: &ChainStatus, now: Moment) -> ChainNow {
    let condition = match chain.standing {
        Liveness::Runs(_) | Liveness::Unseen => Condition::Runs,
        Liveness::Stopped => Condition::Stopped,
        Liveness::Hidden(_) => Condition::Hidden,
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

fn of_mute(holding: &ActiveMute) -> MuteReport {
    let mute = &holding.mute;
    MuteReport {
        until: Stamp::of(mute.until),
        by: mute.by.clone(),
        reason: mute.reason.clone(),
        held_back: holding.held_back,
    }
}

fn of_task(task: &TaskStatus, chain: &ChainStatus) -> TaskNow {
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
