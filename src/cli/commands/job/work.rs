//! `work`: a worker, until it is stopped.

use crate::cli::args::Common;
use crate::cli::args::jobs::WorkArgs;
use crate::cli::load::load;
use crate::core::command_error::CommandResult;
use crate::worker::launch;
use crate::worker::work_request::WorkRequest;

/// Works until the worker is asked to end.
pub(crate) fn work(common: &Common, args: WorkArgs) -> CommandResult {
    let (inputs, loaded) = load(common, None)?;
    let worker = &loaded.worker;
    let mut tags = worker.tags.clone();
    tags.extend(args.tags);
    tags.sort();
    tags.dedup();
    let name = args.name.or_else(|| worker.name.clone());
    let slots = args
        .slots
        .or(worker.slots)
        .and_then(|slots| usize::try_from(slots).ok());
    let processors = || std::thread::available_parallelism().map_or(1, usize::from);
    launch::work(&WorkRequest {
        name: name.unwrap_or_else(|| inputs.hostname.clone()),
        slots: slots.unwrap_or_else(processors),
        tags,
        vars: worker.vars.clone(),
        drain_timeout: worker.drain_timeout,
        is_once: args.once,
        inputs: &inputs,
        loaded: &loaded,
    })
}
