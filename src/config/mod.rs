//! The configuration: from command line, environment, file, attributes and defaults to `settings`.
//!
//! ```text
//! locate ─► document ─► written ◄─ variables, command line        what has been written, with its places
//!                          │
//!                          ▼
//!            runner, mail, tasks, child ─► Loaded                  layers put together and judged
//! ```
//!
//! All keys are in one table ([`options`]). Everything that is wrong is collected in a [`Report`] and told at once.
//!
//! What is more specific wins: `[tasks.NAME]` over `[defaults]` over the attribute over the default. Each of the first two can be
//! overridden by environment, which beats the file for that section; the command line beats all.

mod inputs;
mod loaded;
pub(crate) mod options;
mod origin;
pub(crate) mod program;
mod report;
pub(crate) mod secret;

mod child;
pub(crate) mod cycle;
mod document;
mod duration;
mod excerpt;
mod layer;
mod locate;
mod mail;
mod metrics;
mod raw;
mod read;
pub(crate) mod reference;
mod runner;
mod script;
mod source;
mod suggest;
mod tasks;
mod value;
mod variables;
mod words;
mod written;

pub(crate) use duration::written as written_duration;
pub(crate) use inputs::{CommandLine, Inputs};
pub(crate) use layer::{Entry, Layer};
pub(crate) use loaded::Loaded;
pub(crate) use locate::found_from_anywhere;
pub(crate) use origin::Origin;
pub(crate) use report::{Colour, Problem, Report, Severity};
pub(crate) use script::interpreter;

pub(crate) use tasks::TaskDefinition;

use source::SourceFile;
use written::Written;

/// Reads and judges the whole configuration. Nothing is created or changed.
///
/// # Errors
///
/// When anything is wrong: everything that is, at once.
pub(crate) fn load(inputs: &Inputs) -> Result<Loaded, Report> {
    let source = locate::find(inputs).map_err(Report::of)?;
    put_together(source, inputs)
}

/// Judges a text as if it were `run_functions.toml` in the working directory.
///
/// # Errors
///
/// When anything is wrong: everything that is, at once.
pub(crate) fn judge(text: &str, inputs: &Inputs) -> Result<Loaded, Report> {
    if text.len() as u64 > locate::MOST_BYTES {
        let message = "it is larger than 1 MiB, which no configuration may be";
        let problem = Problem::error(&Origin::Nowhere, message);
        return Err(Report::of(problem.help("make several files of it")));
    }
    let path = inputs.cwd.join(locate::NAME);
    put_together(Some(SourceFile::new(path, &inputs.cwd, text)), inputs)
}

fn put_together(source: Option<SourceFile>, inputs: &Inputs) -> Result<Loaded, Report> {
    let mut report = Report::on(source.clone());
    let written = match &source {
        Some(source) => document::read(source, &mut report),
        None => Some(Written::default()),
    };
    let Some(mut written) = written else {
        return Err(report);
    };
    variables::apply(inputs, &mut written, &mut report);
    written.overlay(&inputs.command_line, &inputs.cwd);
    let base = source
        .as_ref()
        .map_or(inputs.cwd.as_path(), |source| source.directory());
    let settings = runner::settings(&mut written, base, inputs, &mut report);
    let surroundings = tasks::Surroundings {
        inputs,
        settings: &settings,
        base,
    };
    let tasks = tasks::define(&written, &surroundings, &mut report);
    if report.has_errors() {
        return Err(report);
    }
    Ok(Loaded {
        settings,
        tasks,
        warnings: report,
        file: source.map(|source| source.path),
        root: written.root,
        log: written.log,
        history: written.history,
        metrics: written.metrics,
        mail: written.mail,
    })
}

#[cfg(test)]
pub(crate) mod tests;
