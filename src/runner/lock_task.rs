//! The lock as alerts see it: one more task of the chain, whose failures are those of the lock
//! server. The admin hears of them as of an outage of any other task, and of their end.

use crate::config::TaskDefinition;
use crate::core::failure::{Failure, FailureClass, Outcome};
use crate::core::settings::TaskSettings;
use crate::task::TaskName;

/// What the lock is called on the screen.
pub(crate) const LABEL: &str = "lock";
/// The name under which alerts remember it.
pub(crate) const NAME: &str = "run_functions::lock";
/// The kind of all its failures.
const KIND: &str = "lock";

/// Returns the name under which alerts remember the lock.
pub(crate) fn name() -> TaskName {
    TaskName::parse(NAME).expect("the name is a name")
}

/// Returns the settings of the lock as a task: the strictest downtime of the chain holds for it.
pub(crate) fn settings(tasks: &[&TaskDefinition]) -> TaskSettings {
    let downtimes = tasks
        .iter()
        .map(|task| task.settings.non_recoverable_downtime);
    let defaults = TaskSettings::default();
    TaskSettings {
        non_recoverable_downtime: downtimes.min().unwrap_or(defaults.non_recoverable_downtime),
        ..defaults
    }
}

/// Returns the failure of the lock that is described in `message`.
pub(crate) fn failure(message: String, remedy: Option<String>) -> Outcome {
    let class = FailureClass::Error {
        type_name: "run_functions::lock::LockError".to_owned(),
    };
    let mut failure = Failure::new(class, message);
    failure.kind = Some(KIND.to_owned());
    failure.notes.extend(remedy);
    Outcome::Failure(Box::new(failure))
}
