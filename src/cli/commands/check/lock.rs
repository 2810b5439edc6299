//! The lock of a chain, and whether its server answers.

use std::io::{self, Write};

use super::line::line;
use crate::cli::output::print;
use crate::config::written_duration;
use crate::core::command_error::CommandResult;
use crate::core::settings::Settings;
use crate::lock::{self, Lock};
use crate::plan::dry_run_plan::DryRunPlan;
use crate::runner::chain_lock::lock_request::refused;
use crate::runner::request::is_locked;
use crate::status::lock_status::held_by;

/// What a lock is called that is asked for without a chain.
const ANY: &str = "NAME";

/// Prints what the lock of the chain does.
pub(super) fn print_lock(out: &mut dyn Write, plan: &DryRunPlan<'_>) -> io::Result<()> {
    let settings = &plan.loaded.settings;
    if !is_locked(settings) {
        return Ok(());
    }
    let chain = plan.chain.as_ref().map_or(ANY, |chain| chain.as_str());
    let Ok(lock) = lock::open(&settings.lock, chain) else {
        return line(out, "Lock", "cannot be opened");
    };
    line(out, "Lock", &in_words(settings, lock.as_ref()))
}

fn in_words(settings: &Settings, lock: &dyn Lock) -> String {
    let held = match (settings.lock.keep, settings.lock.release_on_error) {
        (true, false) => "held from the first run to the end of the runner",
        (true, true) => "held from the first run to the first that fails",
        (false, _) => "held by one runner at a time, for each run anew",
    };
    let terms = lock.terms();
    let place = lock.place();
    if terms.is_endless() {
        return format!("{place}; {held}");
    }
    let (term, kill) = (
        written_duration(terms.term_after),
        written_duration(terms.kill_after),
    );
    format!(
        "{place}; {held}. When its server is away, nothing begins; what runs gets TERM {term} after \
         the last beat that was acknowledged, and KILL after {kill}"
    )
}

/// Asks the lock server for the holder of the lock.
///
/// # Errors
///
/// When the server does not answer, or refuses.
pub(crate) fn connect(settings: &Settings, plan: &DryRunPlan<'_>) -> CommandResult {
    if !is_locked(settings) {
        return Ok(());
    }
    let chain = plan.chain.as_ref().map_or(ANY, |chain| chain.as_str());
    let mut lock = lock::open(&settings.lock, chain).map_err(refused)?;
    let holder = lock.holder().map_err(refused)?;
    let standing = holder.map_or_else(
        || "the lock is free".to_owned(),
        |holder| held_by(Some(&holder)),
    );
    print(&format!(
        "The lock answers: {}: {standing}.\n",
        lock.place()
    ))
}
