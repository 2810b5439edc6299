//! What stands for `serve` in a build without the feature.

use crate::cli::args::Common;
use crate::cli::args::serve::ServeArgs;
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::feature::feature_named;

/// Returns which feature is missing.
pub(crate) fn obey(_: &Common, _: &ServeArgs) -> CommandResult {
    Err(CommandError::without("`serve`", feature_named!("server")))
}
