//! Words that were typed where tasks are expected.

use super::args::Command;
use super::run_chain;
use crate::config::invocation::Call;
use crate::core::command_error::{CommandError, CommandResult};
use crate::text::suggest::suggestions;

/// Answers what can be no task before the configuration is read.
pub(super) fn refuse_words(tasks: &[String]) -> CommandResult {
    if tasks.is_empty() {
        return Err(
            CommandError::usage("no TASK is named, such as `tasks::send_mail`").hint(format_args!(
                "`{}` names those that there are; `--help` shows what else can be typed",
                Call::as_typed().line("list")
            )),
        );
    }
    let Some(word) = run_chain::no_task_among(tasks) else {
        return Ok(());
    };
    let commands = Command::names();
    let message =
        format!("`{word}` is neither a command nor the name of a task, such as `tasks::{word}`");
    Err(
        match suggestions(word, commands.iter().map(String::as_str)).first() {
            Some(meant) => {
                CommandError::usage(message).hint(format_args!("did you mean `{meant}`?"))
            }
            None => CommandError::usage(message).hint(format_args!(
                "`{}` names the tasks; `--help` shows the commands",
                Call::as_typed().line("list")
            )),
        },
    )
}
