//! Tasks: how functions are registered, what they are called, how they are run, and how they say
//! that they failed.

mod attributes;
mod backtrace;
mod call;
pub(crate) mod context;
mod error;
pub(crate) mod label;
mod name;
mod registry;
mod report;
mod resources;
mod settings_check;
mod settings_error;

pub use attributes::Attributes;
pub(crate) use call::{call, caught, install_hook, message_of};
pub use context::Context;
pub use error::TaskError;
pub use name::{InvalidName, TaskName};
pub(crate) use registry::FunctionNames;
pub use registry::{Registration, TaskFunction, registered};
pub use report::{IntoReport, Report};
pub use settings_check::{SettingsCheck, SettingsFault, WrittenSettings, check_settings};
pub use settings_error::SettingsError;

#[cfg(test)]
mod tests;
