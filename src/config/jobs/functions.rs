//! The jobs that are functions of this program.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::{MOST_STEPS, inherited, job_schema};
use crate::config::child;
use crate::config::inputs::Inputs;
use crate::config::layer::Layer;
use crate::config::loaded::LoadedJob;
use crate::config::options::ConfigSection;
use crate::config::origin::Origin;
use crate::config::read::is_address;
use crate::config::report::{ConfigProblem, ConfigReport};
use crate::config::source::SourceFile;
use crate::config::tasks::check_recipients;
use crate::config::value::Value;
use crate::config::worker::check_tags;
use crate::config::written::WrittenConfig;
use crate::core::settings::ChildSettings;
use crate::flow::{FlowError, FlowPlan};
use crate::job::{DraftedJob, FunctionSteps, JobDefinition, JobOption, JobRegistration};

/// What is known beside the functions.
pub(in crate::config) struct FunctionSurroundings<'a> {
    /// What surrounds this process.
    pub(in crate::config) inputs: &'a Inputs,
    /// The file, if there is one.
    pub(in crate::config) source: Option<&'a SourceFile>,
    /// What is written.
    pub(in crate::config) written: &'a WrittenConfig,
    /// The `kill_grace` of the file.
    pub(in crate::config) kill_grace: Duration,
}

/// Adds every job of this program to those of the file. What is wrong goes to the report.
pub(in crate::config) fn define(
    jobs: &mut BTreeMap<String, LoadedJob>,
    around: &FunctionSurroundings<'_>,
    report: &mut ConfigReport,
) {
    let mut known: BTreeMap<&str, &JobRegistration> = BTreeMap::new();
    for function in around.inputs.registered_jobs.iter().copied() {
        let name = function.name();
        if let Some(other) = known.insert(name, function) {
            report.add(defined_twice(function, other));
            continue;
        }
        if let Some(problem) = defined_in_file(function, around) {
            report.add(problem);
            continue;
        }
        if let Some(definition) = definition(function, around, report) {
            let loaded = LoadedJob {
                definition,
                resume_doubt: None,
                defined: origin(function),
                function: Some(function),
            };
            jobs.insert(name.to_owned(), loaded);
        }
    }
}

fn origin(function: &JobRegistration) -> Origin {
    Origin::Attribute {
        file: function.file,
        line: function.line,
    }
}

fn defined_twice(function: &JobRegistration, other: &JobRegistration) -> ConfigProblem {
    let message = format!(
        "two functions are the job `{}`: {}:{} and {}:{}",
        function.name(),
        other.file,
        other.line,
        function.file,
        function.line
    );
    let help = "choose another name in an attribute, `#[run_functions::job(name = \"…\")]`";
    ConfigProblem::error(&origin(function), message).help(help)
}

/// Returns the problem that the file defines a job of the same name.
fn defined_in_file(
    function: &JobRegistration,
    around: &FunctionSurroundings<'_>,
) -> Option<ConfigProblem> {
    let mut jobs = around.written.jobs.iter();
    let job = jobs.find(|job| job.name.name == function.name())?;
    let place = around.source?.origin(job.name.span.clone());
    let message = format!(
        "`{}` is a job of this program already: {}:{}",
        function.name(),
        function.file,
        function.line
    );
    let help =
        "choose another name here, or in the attribute: `#[run_functions::job(name = \"…\")]`";
    Some(ConfigProblem::error(&place, message).help(help))
}

fn definition(
    function: &'static JobRegistration,
    around: &FunctionSurroundings<'_>,
    report: &mut ConfigReport,
) -> Option<JobDefinition> {
    let origin = origin(function);
    let layer = layer(function, &around.inputs.cwd);
    check_recipients(&layer.keep(&["to", "cc"]), &around.written.mail, report);
    match defined(function, &layer, child_settings(around)) {
        Ok(definition) => {
            check_tags(&layer, "needs", &definition.schema.needs, report);
            Some(definition)
        }
        Err(errors) => {
            for error in &errors {
                let (what, help) = error.split_once("; ").unwrap_or((error, ""));
                let message = format!("job `{}`: {what}", function.name());
                let help = Some(help.to_owned()).filter(|help| !help.is_empty());
                report.add(ConfigProblem::error(&origin, message).maybe_help(help));
            }
            None
        }
    }
}

/// Returns the definition of a job of this program, where no file has a say.
///
/// # Errors
///
/// Everything that is wrong with it, a fragment each.
pub(crate) fn definition_of(
    function: &'static JobRegistration,
) -> Result<JobDefinition, Vec<String>> {
    let layer = layer(function, Path::new(""));
    defined(function, &layer, ChildSettings::default())
}

fn defined(
    function: &'static JobRegistration,
    layer: &Layer,
    child: ChildSettings,
) -> Result<JobDefinition, Vec<String>> {
    let drafted = (function.define)();
    let limit_by = limit_by(layer, &drafted);
    let mut errors = drafted.errors;
    errors.extend(limit_by.as_ref().err().cloned());
    errors.extend(not_mailed(layer));
    let flow = job_schema::flow(function.name(), drafted.root, layer);
    if flow.root.steps().len() > MOST_STEPS {
        errors.push(format!(
            "there are more than {MOST_STEPS} steps; make several jobs of them"
        ));
    }
    if errors.is_empty() {
        let faults = FlowPlan::new(flow.clone()).err().unwrap_or_default();
        errors.extend(faults.iter().map(in_words));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let schema = job_schema::of_layer(layer, drafted.args, limit_by.unwrap_or_default());
    Ok(JobDefinition {
        flow,
        schema,
        steps: BTreeMap::new(),
        functions: Some(FunctionSteps {
            timeouts: drafted.timeouts,
            child,
        }),
        to: layer.get("to"),
        cc: layer.get("cc").unwrap_or_default(),
    })
}

/// Returns what the attribute sets, over the defaults.
fn layer(function: &'static JobRegistration, base: &Path) -> Layer {
    let mut layer = Layer::default();
    let help = Value::Text(function.help.to_owned());
    layer.set("help", help, origin(function));
    for (key, option) in function.options {
        let value = match *option {
            JobOption::Span(span) => Value::Span(span),
            JobOption::Text(text) => Value::Text(text.to_owned()),
            JobOption::Texts(texts) => {
                Value::Texts(texts.iter().map(ToString::to_string).collect())
            }
            JobOption::Number(number) => Value::Number(number),
            JobOption::Flag(flag) => Value::Flag(flag),
        };
        layer.set(key, value, origin(function));
    }
    layer.fill_defaults(ConfigSection::Job, base);
    layer
}

/// Returns the argument that `limit_by` names.
fn limit_by(layer: &Layer, drafted: &DraftedJob) -> Result<Option<String>, String> {
    let Some(text) = layer.get::<String>("limit_by") else {
        return Ok(None);
    };
    let named = text.strip_prefix("args.");
    match named.and_then(|name| drafted.args.get(name)) {
        Some(spec) if spec.secret => Err(format!(
            "`limit_by` names `{text}`, which is secret; name another argument, others see the value"
        )),
        Some(spec) => Ok(Some(spec.name.clone())),
        None => Err(format!("`limit_by` is no argument of the job: `{text}`")),
    }
}

/// Returns what is wrong with the recipients.
fn not_mailed(layer: &Layer) -> Vec<String> {
    let texts = ["to", "cc"].map(|key| layer.get::<Vec<String>>(key).unwrap_or_default());
    let wrong = texts.into_iter().flatten().filter(|text| !is_address(text));
    wrong
        .map(|text| format!("`{text}` is not a mail address"))
        .collect()
}

/// Returns a fault of a flow as one of its functions.
fn in_words(error: &FlowError) -> String {
    let text = error.to_string();
    match (error, text.split_once("; ")) {
        (FlowError::MayBeMissing { node, read, .. }, Some((what, _))) => format!(
            "{what}; let the function of `{node}` take the result of `{read}` as an `Option`"
        ),
        _ => text,
    }
}

/// Returns what surrounds the processes of the steps: what `[defaults]` has for all commands.
fn child_settings(around: &FunctionSurroundings<'_>) -> ChildSettings {
    let mut layer = inherited(&around.written.defaults);
    let kill_grace = Value::Span(around.kill_grace);
    layer.fill("kill_grace", kill_grace, Origin::Default);
    layer.fill_defaults(ConfigSection::Task, &around.inputs.cwd);
    child::settings(&layer)
}
