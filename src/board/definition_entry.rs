//! What a worker enters about the definitions that it knows.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A definition as a worker enters it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct DefinitionEntry {
    /// The name.
    pub(crate) name: String,
    /// The hash of steps, order, groups and retries.
    pub(crate) shape: String,
    /// What it does, in a sentence.
    pub(crate) help: String,
    /// The schema of the arguments.
    pub(crate) schema: Value,
    /// The tags that a worker must have.
    pub(crate) needs: Vec<String>,
    /// How many jobs of one limit key run at once: takes the place of what was entered before.
    pub(crate) limit: Option<u32>,
    /// The project that the definition belongs to.
    pub(crate) project: Option<String>,
}

/// A definition as the board knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub(crate) struct DefinitionRecord {
    /// What was entered.
    pub(crate) entry: DefinitionEntry,
    /// The order in which the board saw shapes: a later one may continue the jobs of an earlier.
    pub(crate) order: u64,
    /// When the shape was first seen, in milliseconds since 1970.
    pub(crate) first_seen: i64,
    /// How many live sessions have entered it.
    pub(crate) sessions: u64,
}
