//! The configuration: from command line, environment, file, attributes and defaults to `settings`.
//!
//! ```text
//! locate ─► document ─► written ◄─ variables, command line    what has been written, and where
//!                          │
//!                          ▼
//!     runner, mail, tasks, child, worker, jobs ─► Loaded       layers put together and checked
//! ```
//!
//! All keys are in one table ([`options`]). Everything that is wrong is collected in a
//! [`ConfigReport`] and reported at once.
//!
//! What is more specific wins: `[tasks.NAME]` over `[defaults]` over the attribute over the
//! default. Each of the first two can be overridden by environment, which beats the file for that
//! section; the command line beats all.

mod function_settings;
mod inputs;
mod loaded;
pub(crate) mod options;
mod origin;
mod pauses;
#[cfg(feature = "ping")]
mod ping_url;
#[cfg(not(feature = "ping"))]
#[path = "ping_url/left_out.rs"]
mod ping_url;
mod pipelines;
mod places;
pub(crate) mod program;
mod report;
pub(crate) mod secret;

pub(crate) mod board;
mod child;
pub(crate) mod cycle;
pub(crate) mod defaults;
mod document;
mod duration;
mod excerpt;
pub(crate) mod invocation;
mod jobs;
mod json;
mod layer;
mod liveness;
pub(crate) mod load;
mod locate;
mod lock;
mod mail;
mod metrics;
mod metrics_push;
mod raw;
mod read;
pub(crate) mod reference;
mod runner;
mod script;
pub(crate) mod server;
mod source;
mod tasks;
mod value;
mod variables;
mod words;
mod worker;
mod written;

pub(crate) use duration::written as written_duration;
pub(crate) use inputs::{CommandLineLayers, Inputs};
pub(crate) use jobs::functions::definition_of;
pub(crate) use layer::Layer;
pub(crate) use load::{load, load_to_look};
pub(crate) use loaded::{Loaded, LoadedSchedule};
pub(crate) use locate::found_from_anywhere;
pub(crate) use origin::Origin;
pub(crate) use report::{Colour, ConfigProblem, ConfigReport, ProblemSeverity};
pub(crate) use script::interpreter;
pub(crate) use tasks::TaskDefinition;

#[cfg(test)]
pub(crate) mod tests;
