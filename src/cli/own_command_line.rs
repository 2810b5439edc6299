//! The command line under the name of this program, which that of a user has.

use std::sync::OnceLock;

use clap::CommandFactory;

use super::args::ParsedArgs;
use crate::unix::own_program;

/// Returns the command line as it can be typed: under the name of this program, which a user's has.
pub(crate) fn program() -> clap::Command {
    static TEXTS: OnceLock<[String; 2]> = OnceLock::new();
    let program = ParsedArgs::command();
    if !own_program::is_of_a_user() {
        return program;
    }
    let name = own_program::name();
    let [usage, after] = TEXTS.get_or_init(|| {
        [
            format!("{name} [OPTIONS] TASK [TASK…]\n       {name} COMMAND …"),
            format!(
                "Starting the same chain again replaces its runner: that is how code is upgraded.\n\
                 Stop it with `{name} stop NAME`, Ctrl-C or SIGTERM."
            ),
        ]
    });
    program
        .name(name)
        .bin_name(name)
        .version(own_program::version())
        .override_usage(usage.as_str())
        .after_help(after.as_str())
}
