//! What the history of a chain holds of its tasks: each run is in it, while the memory of alerts is
//! saved once a minute at most. After a crash or another start the mails would otherwise count
//! other runs than `status` does.

use std::time::{Duration, SystemTime};

use super::super::outage::EarlierPart;
use super::alert_memory::AlertMemory;
use super::task::TaskMemory;

/// The history keeps microseconds, the memory nanoseconds.
const FRACTION: Duration = Duration::from_millis(1);

/// What the history holds of a task.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Recorded {
    /// The full name of the task.
    pub(crate) name: String,
    /// How many tasks of this name come before it in the chain.
    pub(crate) occurrence: usize,
    /// The outage that goes on, if the task is down.
    pub(crate) down: Option<EarlierPart>,
    /// The end of the last success.
    pub(crate) last_success: Option<SystemTime>,
}

impl AlertMemory {
    /// Returns the memory with the counts of the history, for a runner that begins.
    pub(crate) fn corrected(mut self, recorded: &[Recorded]) -> Self {
        for recorded in recorded {
            let is_it = |task: &&mut TaskMemory| {
                task.name == recorded.name && task.occurrence == recorded.occurrence
            };
            if let Some(task) = self.tasks.iter_mut().find(is_it) {
                task.correct(recorded);
            }
        }
        self
    }
}

impl TaskMemory {
    fn correct(&mut self, recorded: &Recorded) {
        self.last_success = self.last_success.max(recorded.last_success);
        let Some(down) = recorded.down else {
            // A success that the memory has not seen ended the outage before.
            let is_over = |part: &mut EarlierPart| recorded.last_success > Some(part.started);
            self.earlier.take_if(is_over);
            return;
        };
        let ongoing = self.outage.as_mut();
        let Some(ongoing) = ongoing.filter(|ongoing| !ongoing.outage.only_asks()) else {
            let known = self.earlier.map_or(0, |part| part.failures);
            self.earlier = Some(EarlierPart {
                failures: down.failures.max(known),
                ..down
            });
            return;
        };
        let outage = &mut ongoing.outage;
        let missing = down.failures.saturating_sub(outage.all_failures());
        outage.failures = outage.failures.saturating_add(missing);
        if let [only] = outage.kinds.as_mut_slice() {
            only.count = only.count.saturating_add(missing);
        }
        let is_earlier = |began: SystemTime| {
            let gap = began.duration_since(down.started);
            gap.is_ok_and(|gap| gap > FRACTION)
        };
        if is_earlier(outage.began()) {
            let failures = outage.before.map_or(0, |before| before.failures);
            outage.before = Some(EarlierPart {
                started: down.started,
                failures,
            });
        }
    }
}
