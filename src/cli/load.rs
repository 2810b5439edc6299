//! The configuration, read for a command: whole, or as far as looking and stopping needs it.

use super::args::{Common, LockArgs, LogFormatArg, RunArgs};
use super::output::colours_errors;
use super::run_chain;
use crate::config::invocation::Call;
use crate::config::{self, Colour, ConfigReport, Inputs, Loaded};
use crate::core::command_error::CommandError;
use crate::core::settings::LogFormat;
use crate::unix::terminal::print_to_stderr;

/// Reads the configuration.
pub(super) fn load(
    common: &Common,
    run: Option<&RunArgs>,
) -> Result<(Inputs, Loaded), CommandError> {
    let lock = run.map(|run| &run.lock);
    let inputs = inputs(common, run, lock)?;
    let loaded = config::load(&inputs).map_err(|report| refused(&report, common))?;
    Ok((inputs, loaded))
}

/// Reads the configuration for a command that uses the lock of a chain.
pub(super) fn load_with_lock(
    common: &Common,
    lock: &LockArgs,
) -> Result<(Inputs, Loaded), CommandError> {
    let inputs = inputs(common, None, Some(lock))?;
    let loaded = config::load(&inputs).map_err(|report| refused(&report, common))?;
    Ok((inputs, loaded))
}

/// Reads the configuration for a command that looks or stops. What is wrong with it is one line.
pub(super) fn load_to_look(common: &Common) -> Result<(Inputs, Loaded), CommandError> {
    let inputs = inputs(common, None, None)?;
    let loaded = config::load_to_look(&inputs).map_err(|report| refused(&report, common))?;
    if let Some(wrong) = loaded.read_in_part() {
        let check = Call::as_typed().line("check");
        print_to_stderr(&format!("warning: {wrong}; `{check}` shows all of it\n"));
    }
    Ok((inputs, loaded))
}

fn inputs(
    common: &Common,
    run: Option<&RunArgs>,
    lock: Option<&LockArgs>,
) -> Result<Inputs, CommandError> {
    let kept = run.is_some_and(|run| run.no_kill_concurrent);
    let line = config::CommandLineLayers {
        config: common.config.clone(),
        run_root: common.run_root.clone(),
        kill_concurrent: kept.then_some(false),
        log_format: common.log_format.map(|format| match format {
            LogFormatArg::Text => LogFormat::Text,
            LogFormatArg::Json => LogFormat::Json,
        }),
        log_level: run_chain::log_level(common.verbosity()),
        lock: lock.and_then(|lock| lock.lock.clone()),
        keep_lock: lock.is_some_and(|lock| lock.keep_lock),
        no_lock: lock.is_some_and(|lock| lock.no_lock),
    };
    run_chain::inputs(line)
}

/// Returns whether errors have colours.
pub(super) fn colour(common: &Common) -> Colour {
    if colours_errors(common.color) {
        Colour::Ansi
    } else {
        Colour::Plain
    }
}

/// Makes a refusal of what is wrong with the configuration.
pub(super) fn refused(report: &ConfigReport, common: &Common) -> CommandError {
    run_chain::refused(report, colour(common))
}
