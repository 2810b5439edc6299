//! How long one pass over a chain takes at least, and what does not fit to that.

use std::time::Duration;

use super::duration::written;
use super::report::{ConfigProblem, ConfigReport};
use super::tasks::TaskDefinition;

/// The shortest time from one start of a task to its next: the sum of all cooldowns, or the longest
/// interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cycle {
    /// When all tasks succeed.
    pub(crate) success: Duration,
    /// When all tasks fail.
    pub(crate) failure: Duration,
}

impl Cycle {
    /// Adds the cooldowns of a chain up.
    pub(crate) fn of(tasks: &[&TaskDefinition]) -> Self {
        let sum = |pause: fn(&TaskDefinition) -> Duration| {
            let pauses = tasks.iter().map(|task| pause(task));
            pauses.fold(Duration::ZERO, Duration::saturating_add)
        };
        let every = tasks.iter().filter_map(|task| task.settings.every).max();
        let success = sum(|task| task.settings.success_cooldown);
        Cycle {
            success: success.max(every.unwrap_or_default()),
            failure: sum(|task| task.settings.fail_cooldown),
        }
    }
}

/// Returns what of a chain's settings will not do what one would think.
pub(crate) fn warnings(tasks: &[&TaskDefinition]) -> ConfigReport {
    let mut report = ConfigReport::default();
    let cycle = Cycle::of(tasks);
    for task in tasks {
        let downtime = task.settings.non_recoverable_downtime;
        if downtime < cycle.failure {
            let message = format!(
                "`non_recoverable_downtime` of `{}` ({}) is shorter than a cycle in which all fail ({}): \
                 it is reported as down before it could run again",
                task.name,
                written(downtime),
                written(cycle.failure),
            );
            let origin = task.layer.origin("non_recoverable_downtime");
            report.add(ConfigProblem::warning(&origin, message));
        }
    }
    report
}
