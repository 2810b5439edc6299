//! Tasks: how functions are registered, what they are called, how they are run, and how they say that they failed.

mod attributes;
mod backtrace;
mod call;
mod error;
mod name;
mod registry;
mod report;
mod suggest;

pub use attributes::Attributes;
pub(crate) use call::{call, install_hook, message_of};
pub use error::TaskError;
pub use name::{InvalidName, TaskName};
pub use registry::{Registration, registered};
pub use report::{IntoReport, Report};
pub(crate) use suggest::suggestions;

#[cfg(test)]
mod tests;
