//! `report`: the last 90 days, as a page or for the terminal.

use std::fs;
use std::io;
use std::path::Path;

use jiff::tz::TimeZone;

use super::args::{ColorArg, ReportArgs};
use super::past::{Past, Whose};
use super::screen::{Ended, Refusal, print, screen, tell};
use super::status;
use crate::config::{Inputs, Loaded};
use crate::exit;
use crate::history::Shelf;
use crate::process::files::{self, Readers};
use crate::report::{self, ChainNow, Gathering, Heading, Now, Period, Report};

/// Writes what was asked for.
pub(crate) fn show(inputs: &Inputs, loaded: &Loaded, args: &ReportArgs, color: ColorArg) -> Ended {
    let past = Past::open(&loaded.settings, Whose::of(args.what.as_deref()))?;
    let report = gathered(&past, inputs, loaded, args.what.as_deref())?;
    match &args.html {
        None => print(&report::text(&report, screen(color))),
        Some(path) if path == Path::new("-") => print(&report::page(&report)),
        Some(path) => write(path, &report::page(&report)),
    }?;
    past.ended()
}

fn write(path: &Path, page: &str) -> Ended {
    replace(path, page).map_err(|error| {
        let message = format!("the report cannot be written to `{}`: {error}", path.display());
        Refusal::new(exit::FAILED, message).hint(
            "it is replaced as a whole, so its directory must be there and ours to write; `--html -` prints it",
        )
    })?;
    let path = path.display();
    tell(&format!(
        "Wrote the report to {path}; open it in any browser\n"
    ));
    Ok(())
}

/// Writes the page to where a link leads, and never over what is no file.
fn replace(path: &Path, page: &str) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if path.exists() && !path.is_file() {
        return Err(io::Error::other("what has this name is no file"));
    }
    files::replace(&path, page.as_bytes(), Readers::AsBefore)
}

/// Reads one part of the history after the other: only what is drawn stays in memory.
fn gathered(
    past: &Past,
    inputs: &Inputs,
    loaded: &Loaded,
    what: Option<&str>,
) -> Result<Report, Refusal> {
    let (moment, now) = status::now(loaded)?;
    let chains = now.chains.into_iter();
    let now = Now {
        chains: chains.filter_map(|chain| wanted(chain, past)).collect(),
        ..now
    };
    let earliest = past
        .shelves()
        .iter()
        .filter_map(|(_, shelf)| shelf.parts().first().copied());
    let period = Period::new(moment.wall, TimeZone::system(), earliest.min());
    let mut gathering = Gathering::new(period);
    for (chain, shelf) in past.shelves() {
        gather(&mut gathering, chain, shelf, past);
    }
    let heading = Heading {
        host: inputs.hostname.clone(),
        program: format!("run_functions {}", env!("CARGO_PKG_VERSION")),
    };
    let report = gathering.finish(heading, now);
    if report.chains.is_empty() && what.is_some() {
        // An error, unless what was asked for is known and has only nothing to tell.
        past.nothing()?;
    }
    Ok(report)
}

/// Returns what is asked for of a chain, if anything is.
fn wanted(mut chain: ChainNow, past: &Past) -> Option<ChainNow> {
    let is_named = past.is_of(&chain.name, "");
    chain
        .tasks
        .retain(|task| past.is_of(&chain.name, &task.label));
    (is_named || !chain.tasks.is_empty()).then_some(chain)
}

fn gather(gathering: &mut Gathering, chain: &str, shelf: &Shelf, past: &Past) {
    for part in shelf.parts() {
        shelf.tell(part, |record| {
            gathering.add(chain, &record, |task| past.is_of(chain, task));
        });
    }
}
