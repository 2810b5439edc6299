//! What stands for `import` in a build without the feature.

use crate::cli::args::{ColorArg, ImportCommand};
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::feature::feature_named;

/// Returns which feature is missing.
pub(crate) fn print_configuration(_: &ImportCommand, _: ColorArg) -> CommandResult {
    Err(CommandError::without("`import`", feature_named!("import")))
}
