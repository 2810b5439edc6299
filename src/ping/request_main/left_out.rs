//! What stands for the worker in a build without the feature `ping`. The configuration refuses the
//! setting `ping` there, so that no worker is started.

use std::process::ExitCode;

/// Ends without an answer.
pub(crate) fn main() -> ExitCode {
    ExitCode::from(crate::core::exit::USAGE)
}
