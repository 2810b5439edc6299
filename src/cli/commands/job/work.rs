//! `work`: a worker, until it is stopped.

use crate::cli::args::Common;
use crate::cli::args::jobs::WorkArgs;
use crate::cli::load::load;
use crate::core::command_error::{CommandError, CommandResult};
use crate::worker::work_request::WorkRequest;
use crate::worker::{launch, registration};

/// Works until the worker is asked to end.
pub(crate) fn work(common: &Common, args: WorkArgs) -> CommandResult {
    let (inputs, loaded) = load(common, None)?;
    let worker = &loaded.worker;
    let mut tags = worker.tags.clone();
    tags.extend(args.tags);
    tags.sort();
    tags.dedup();
    let name = args.name.or_else(|| worker.name.clone());
    name.as_deref().map_or(Ok(()), refuse_unfit_name)?;
    let slots = args
        .slots
        .or(worker.slots)
        .and_then(|slots| usize::try_from(slots).ok());
    let processors = || std::thread::available_parallelism().map_or(1, usize::from);
    let name = name.unwrap_or_else(|| inputs.hostname.clone());
    if let Some(file) = &args.register {
        registration::register(&loaded.settings, &name, file)?;
    }
    launch::work(&WorkRequest {
        name,
        slots: slots.unwrap_or_else(processors),
        tags,
        vars: worker.vars.clone(),
        drain_timeout: worker.drain_timeout,
        is_once: args.once,
        inputs: &inputs,
        loaded: &loaded,
    })
}

/// Refuses a name that would break a line of a log or name a directory.
fn refuse_unfit_name(name: &str) -> CommandResult {
    let is_fit = |c: char| c.is_alphanumeric() || "-_.@:".contains(c);
    if !name.is_empty() && name.chars().all(is_fit) && !name.starts_with(['-', '.']) {
        return Ok(());
    }
    Err(
        CommandError::usage(format_args!("{name:?} is no name of a worker"))
            .hint("a name has letters, digits, `-`, `_`, `.`, `@` and `:`"),
    )
}
