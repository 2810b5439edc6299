//! Tasks: how functions are registered, what they are called, and how they say that they failed.

mod error;
mod name;
mod registry;

pub use error::TaskError;
pub use name::{InvalidName, TaskName};
pub use registry::{Attributes, Registration, Report, registered};
