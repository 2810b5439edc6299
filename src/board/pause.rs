//! Pauses: what is claimed by no worker until a person has it go on.

use serde::{Deserialize, Serialize};

/// What is paused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum PauseScope {
    /// The jobs of a definition.
    Definition(String),
    /// The jobs of all definitions of a project.
    Project(String),
    /// All that a worker of this name would claim, also after it was started again.
    Worker(String),
}

impl PauseScope {
    /// Returns the stored word and the name.
    pub(crate) fn parts(&self) -> (&'static str, &str) {
        match self {
            PauseScope::Definition(name) => ("definition", name),
            PauseScope::Project(name) => ("project", name),
            PauseScope::Worker(name) => ("worker", name),
        }
    }

    /// Returns the scope of a stored word and a name.
    pub(crate) fn of_parts(word: &str, name: String) -> Option<Self> {
        match word {
            "definition" => Some(PauseScope::Definition(name)),
            "project" => Some(PauseScope::Project(name)),
            "worker" => Some(PauseScope::Worker(name)),
            _ => None,
        }
    }
}

/// A pause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct PauseRecord {
    /// What is paused.
    pub(crate) scope: PauseScope,
    /// The user that paused it.
    pub(crate) by: String,
    /// Since when, in milliseconds since 1970.
    pub(crate) since: i64,
}
