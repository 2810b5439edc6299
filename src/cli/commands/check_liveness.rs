//! `check-liveness`: whether chains have succeeded lately, for a monitor.

use std::time::Duration;

use super::super::args::CheckLivenessArgs;
use super::super::output::{on_one_line, print};
use crate::chain::ChainName;
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::core::settings::Settings;
use crate::core::time::in_words;
use crate::liveness::{self, FoundRecord, LivenessAge, LivenessRecord};
use crate::service::start_error::unsafe_directory;
use crate::unix::clock;
use crate::unix::terminal::print_to_stderr;
use crate::unix::trusted_paths::PrivateDir;

/// Prints a line for each chain.
///
/// # Errors
///
/// 1 when a success is too old, 3 when there is no record, 69 when the server that may have a fresh
/// one does not answer.
pub(crate) fn show(settings: &Settings, args: &CheckLivenessArgs) -> CommandResult {
    let max_age = parse_age(&args.max_age)?;
    let mut worst = exit::OK;
    for chain in chains(settings, args.chain.as_deref())? {
        let found = liveness::find(settings, &chain).map_err(unsafe_directory)?;
        let (line, code) = judged(&chain, &found, max_age);
        if let Some(error) = &found.unasked {
            print_to_stderr(&format!("warning: {error}\n"));
        }
        print(&format!("{}\n", on_one_line(&line)))?;
        worst = worse(worst, code);
    }
    match worst {
        exit::OK => Ok(()),
        code => Err(CommandError::said(code)),
    }
}

fn parse_age(text: &str) -> Result<Duration, CommandError> {
    humantime::parse_duration(text).map_err(|error| {
        CommandError::usage(format_args!("`--max-age {text}` is no duration: {error}"))
            .hint("write `10m` or `2h`, for instance")
    })
}

/// Returns the chain that is named, or those that have a record in STATE_DIR.
fn chains(settings: &Settings, named: Option<&str>) -> Result<Vec<String>, CommandError> {
    if let Some(name) = named {
        return Ok(vec![ChainName::typed(name)?.to_string()]);
    }
    let state_dir = PrivateDir::open_existing(&settings.state_dir).map_err(unsafe_directory)?;
    let chains = match state_dir {
        Some(state_dir) => state_dir
            .stems(liveness::ENDING)
            .map_err(unsafe_directory)?,
        None => Vec::new(),
    };
    if chains.is_empty() {
        print("FAIL: no chain has a record of a success\n")?;
        return Err(CommandError::said(exit::NOT_RUNNING));
    }
    Ok(chains)
}

/// Returns the line about a chain, and the exit code that it asks for.
fn judged(chain: &str, found: &FoundRecord, max_age: Duration) -> (String, u8) {
    let age = |record: &LivenessRecord| Some(LivenessAge::of(record.at()?, clock::wall(), max_age));
    let Some(record) = &found.record else {
        return match (&found.damaged, &found.unasked) {
            (_, Some(error)) => (format!("FAIL {chain}: {error}"), exit::UNAVAILABLE),
            (Some(why), None) => (
                format!("FAIL {chain}: its record cannot be read: {why}"),
                exit::FAILED,
            ),
            (None, None) => (
                format!("FAIL {chain}: there is no record of a success"),
                exit::NOT_RUNNING,
            ),
        };
    };
    let limit = in_words(max_age);
    // What the server has may be newer.
    let failed = match found.unasked {
        Some(_) => exit::UNAVAILABLE,
        None => exit::FAILED,
    };
    let last = format!(
        "{} on {} at {} ({}), run {}",
        record.task, record.host, record.utc, record.local, record.run
    );
    match age(record) {
        Some(LivenessAge::Fresh(age)) => (
            format!(
                "PASS {chain}: {} old, at most {limit}: {last}",
                in_words(age)
            ),
            exit::OK,
        ),
        Some(LivenessAge::Stale(age)) => (
            format!(
                "FAIL {chain}: {} old, at most {limit}: {last}",
                in_words(age)
            ),
            failed,
        ),
        Some(LivenessAge::Ahead(ahead)) => (
            format!(
                "FAIL {chain}: {} ahead of the clock of this machine: {last}",
                in_words(ahead)
            ),
            failed,
        ),
        None => (format!("FAIL {chain}: its record has no time"), failed),
    }
}

/// Returns the code of several chains: a missing record goes before an old one, and what cannot be
/// known before both.
fn worse(one: u8, other: u8) -> u8 {
    let rank = |code: &u8| match *code {
        exit::OK => 0,
        exit::FAILED => 1,
        exit::NOT_RUNNING => 2,
        _ => 3,
    };
    [one, other].into_iter().max_by_key(rank).unwrap_or(one)
}
