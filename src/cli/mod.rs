//! The command line: reads arguments, carries out commands, prints.
//!
//! [`main()`] is the entry of a process, [`entry`] that of a command line. `args` is what can be
//! typed, `commands` has a file for each verb, `output` prints. A build without the feature `cli`
//! has another [`entry`], by which a chain can be run and nothing else.

#[cfg(feature = "cli")]
mod args;
#[cfg(feature = "cli")]
pub(crate) mod commands;
#[cfg(feature = "cli")]
mod entry;
#[cfg(not(feature = "cli"))]
#[path = "entry/without_commands.rs"]
mod entry;
#[cfg(feature = "cli")]
mod load;
mod main;
#[cfg(feature = "cli")]
mod output;
#[cfg(feature = "cli")]
mod own_command_line;
mod run_chain;
#[cfg(feature = "cli")]
mod typed;

pub use main::{main, main_from, main_of};
