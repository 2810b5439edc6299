//! Runs that a test starts itself, without a runner. No test in here starts a runner, unless in a process of its own: a run ends what is left
//! below the process that started it.
#![cfg(test)]

#[path = "../child_support/mod.rs"]
mod child_support;
#[path = "../support/mod.rs"]
mod support;

mod cgroup;
mod commands;
mod deadlines;
mod fork_bombs;
mod keeper;
mod keeper_deadlines;
mod no_descriptors;
mod output;
mod soak;
mod start_failures;
mod trees;
mod upgrade;
