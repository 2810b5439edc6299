//! Loading a configuration: every layer, put together.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::inputs::Inputs;
use super::loaded::Loaded;
use super::origin::Origin;
use super::report::{ConfigProblem, ConfigReport};
use super::source::SourceFile;
use super::written::WrittenConfig;
use super::{document, jobs, locate, pauses, runner, server, tasks, variables, worker};
use crate::task::FunctionNames;

/// Reads and checks the whole configuration. Nothing is created or changed.
///
/// # Errors
///
/// When the text is wrong: everything that is, at once. What the machine lacks is a warning.
pub(crate) fn load(inputs: &Inputs) -> Result<Loaded, ConfigReport> {
    let source = locate::find(inputs).map_err(ConfigReport::of)?;
    judge_source(source, inputs)
}

/// Reads a configuration for a command that looks at chains or stops them, which needs the
/// directories alone. A text that is wrong, or half saved, is read as far as it can be, and
/// [`Loaded::wrong`] is what is wrong with it.
///
/// # Errors
///
/// When there is a file that cannot be read at all, and neither command line nor environment names
/// the directory of the pidfiles.
pub(crate) fn load_to_look(inputs: &Inputs) -> Result<Loaded, ConfigReport> {
    let report = match load(inputs) {
        Ok(loaded) => return Ok(loaded),
        Err(report) => report,
    };
    let source = match locate::find_damaged(inputs) {
        Ok(source) => source,
        Err(_) if inputs.names_run_root() => None,
        Err(_) => return Err(report),
    };
    let written = source.as_ref().map(document::salvage);
    let scratch = ConfigReport::on(source.clone());
    let mut loaded = put_together(source, written.unwrap_or_default(), scratch, inputs);
    loaded.warnings = ConfigReport::default();
    loaded.wrong = Some(report);
    Ok(loaded)
}

/// Checks a text as if it were `run_functions.toml` in the working directory.
///
/// # Errors
///
/// When anything is wrong: everything that is, at once.
pub(crate) fn judge(text: &str, inputs: &Inputs) -> Result<Loaded, ConfigReport> {
    if text.len() as u64 > locate::MOST_BYTES {
        let message = "it is larger than 1 MiB, which no configuration may be";
        let problem = ConfigProblem::error(&Origin::Nowhere, message);
        return Err(ConfigReport::of(problem.help("make several files of it")));
    }
    let path = inputs.cwd.join(locate::NAME);
    judge_source(Some(SourceFile::new(path, &inputs.cwd, text)), inputs)
}

fn judge_source(source: Option<SourceFile>, inputs: &Inputs) -> Result<Loaded, ConfigReport> {
    let mut report = ConfigReport::on(source.clone());
    let written = match &source {
        Some(source) => document::read(source, &mut report),
        None => Some(WrittenConfig::default()),
    };
    let Some(written) = written else {
        return Err(report);
    };
    let loaded = put_together(source, written, report, inputs);
    if loaded.warnings.has_errors() {
        return Err(loaded.warnings);
    }
    Ok(loaded)
}

/// Lays everything together. What is wrong is in the warnings, errors included.
fn put_together(
    source: Option<SourceFile>,
    mut written: WrittenConfig,
    mut report: ConfigReport,
    inputs: &Inputs,
) -> Loaded {
    variables::apply(inputs, &mut written, &mut report);
    pauses::settle(&mut written, &mut report);
    written.overlay(&inputs.command_line, &inputs.cwd, &mut report);
    let base = source
        .as_ref()
        .map_or(inputs.cwd.as_path(), |source| source.directory());
    let settings = runner::settings(&mut written, base, inputs, &mut report);
    let surroundings = tasks::TaskSurroundings {
        inputs,
        settings: &settings,
        base,
        source: source.as_ref(),
    };
    let tasks = tasks::define(&written, &surroundings, &mut report);
    let worker = worker::settings(&mut written.worker, &mut report);
    let can_child = (!worker.can.is_empty()).then(|| {
        jobs::capability_surroundings::surroundings_of_can(&written.defaults, &inputs.cwd)
    });
    let around = source.as_ref().map(|source| jobs::JobSurroundings {
        source,
        inputs,
        kill_grace: settings.kill_grace,
        vars: written.has_worker.then_some(&worker.vars),
    });
    let mut jobs = match &around {
        Some(around) => jobs::define(&written, around, &mut report),
        None => BTreeMap::new(),
    };
    let of_functions = jobs::functions::FunctionSurroundings {
        inputs,
        source: source.as_ref(),
        written: &written,
        kill_grace: settings.kill_grace,
    };
    jobs::functions::define(&mut jobs, &of_functions, &mut report);
    jobs::then::refuse_circles_of_functions(&jobs, &mut report);
    let schedules = match &around {
        Some(around) => jobs::schedules(&written, around, &jobs, &mut report),
        None => BTreeMap::new(),
    };
    Loaded {
        settings,
        tasks,
        worker,
        server: server::settings(&mut written.server, base, &mut report),
        can_child,
        jobs,
        schedules,
        project: project(&written, source.as_ref()),
        functions: Arc::new(FunctionNames::of(&inputs.registered)),
        warnings: report,
        wrong: None,
        file: source.map(|source| source.path),
        root: written.root,
        log: written.log,
        history: written.history,
        metrics: written.metrics,
        metrics_push: written.metrics_push,
        lock: written.lock,
        liveness: written.liveness,
        board: written.board,
        server_layer: written.server,
        mail: written.mail,
    }
}

/// Returns to what the schedules of a file belong: what it names, else its path.
fn project(written: &WrittenConfig, source: Option<&SourceFile>) -> String {
    let path = source.map(|source| source.path.display().to_string());
    let project: Option<String> = written.root.get("project");
    project.or(path).unwrap_or_default()
}
