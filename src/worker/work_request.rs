//! What a worker is started with, when everything has been read and nothing has been done.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::{Inputs, Loaded};

/// What a worker is started with.
pub(crate) struct WorkRequest<'a> {
    /// What surrounds this process.
    pub(crate) inputs: &'a Inputs,
    /// The configuration.
    pub(crate) loaded: &'a Loaded,
    /// The wanted name.
    pub(crate) name: String,
    /// How many steps at once.
    pub(crate) slots: usize,
    /// What it has that jobs may need.
    pub(crate) tags: Vec<String>,
    /// Its variables.
    pub(crate) vars: BTreeMap<String, String>,
    /// How long steps may go on after it was asked to end.
    pub(crate) drain_timeout: Duration,
    /// Whether it ends when there is nothing to do.
    pub(crate) is_once: bool,
}
