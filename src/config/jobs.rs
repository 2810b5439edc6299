//! `[jobs.NAME]`: from what is written to definitions of jobs. Read once all else is known, and
//! without any cost where the file has no job.

mod arguments;
pub(super) mod capability_surroundings;
mod commands;
mod exclude_reader;
pub(crate) mod functions;
mod job_reader;
mod job_schema;
mod job_steps;
mod json;
mod nodes;
mod retry;
mod schedule_reader;
pub(super) mod then;

use std::collections::{BTreeMap, BTreeSet};

use super::layer::Layer;
use super::loaded::{LoadedJob, LoadedSchedule};
use super::options::ConfigSection;
use super::origin::Origin;
use super::raw::RawKey;
use super::report::{ConfigProblem, ConfigReport};
use super::tasks::check_recipients;
use super::worker::check_tags;
use super::written::{WrittenConfig, WrittenJob};
use crate::flow::FlowPlan;
use crate::flow::definition::{FlowDefinition, Group};
use crate::job::{ArgumentSchema, JobDefinition, NAMES, is_name};
use job_reader::{JobReader, ReadTable, TableKeys, is_surrounding};
use job_steps::JobSteps;

pub(super) use job_reader::JobSurroundings;

/// Far more than is written by hand; what is checked of a flow grows faster than its steps.
const MOST_STEPS: usize = 1000;

/// Defines every job of the file. What is wrong goes to the report.
pub(super) fn define(
    written: &WrittenConfig,
    around: &JobSurroundings<'_>,
    report: &mut ConfigReport,
) -> BTreeMap<String, LoadedJob> {
    let mut jobs = BTreeMap::new();
    for job in &written.jobs {
        let origin = around.source.origin(job.name.span.clone());
        let mut reader = JobReader::new(around, report);
        if !is_name(&job.name.name) {
            let message = format!("`{}` cannot be the name of a job", job.name.name);
            reader.error(&job.name.span, message, NAMES);
            continue;
        }
        if let Some(definition) = reader.job(job, written) {
            let is_resume_written = job.entries.iter().any(|(key, _)| key.name == "resume");
            let doubt = resume_doubt(&definition, &origin).filter(|_| !is_resume_written);
            let loaded = LoadedJob {
                definition,
                resume_doubt: doubt,
                defined: origin,
                function: None,
            };
            jobs.insert(job.name.name.clone(), loaded);
        }
    }
    JobReader::new(around, report).check_then(&written.jobs, &jobs);
    jobs
}

/// Reads every schedule of the file, whose jobs are known. What is wrong goes to the report.
pub(super) fn schedules(
    written: &WrittenConfig,
    around: &JobSurroundings<'_>,
    jobs: &BTreeMap<String, LoadedJob>,
    report: &mut ConfigReport,
) -> BTreeMap<String, LoadedSchedule> {
    let mut schedules = BTreeMap::new();
    for schedule in &written.schedules {
        let mut reader = JobReader::new(around, report);
        if let Some(loaded) = reader.schedule(schedule, jobs) {
            schedules.insert(schedule.name.name.clone(), loaded);
        }
    }
    schedules
}

impl JobReader<'_> {
    fn job(&mut self, job: &WrittenJob, written: &WrittenConfig) -> Option<JobDefinition> {
        let before = self.report.errors();
        let place = format!("`[jobs.{}]`", job.name.name);
        let keys = [
            TableKeys::Section(ConfigSection::Job),
            TableKeys::Surroundings,
        ];
        let mut table = self.table(&keys, &job.entries, &job.name.span, &place);
        let args = match table.raw("args") {
            Some(raw) => self.arguments(raw),
            None => ArgumentSchema::default(),
        };
        let surroundings = table.layer.only(is_surrounding);
        let surroundings = surroundings.over(&inherited(&written.defaults));
        let steps = self.steps(&args, &table, job, surroundings)?;
        self.check_secrets(&args, &steps.commands, table.raw("args"));
        table
            .layer
            .fill_defaults(ConfigSection::Job, self.around.source.directory());
        let root = Group {
            nodes: steps.nodes.clone(),
            ..Group::default()
        };
        let flow = job_schema::flow(&job.name.name, root, &table.layer);
        // Steps that could not be read would be missing in it.
        if self.report.errors() == before {
            self.check_flow(&flow, &steps, &job.name);
        }
        let commands = steps.commands;
        let limit_by = self.limit_by(&args, &table);
        let schema = job_schema::of_layer(&table.layer, args, limit_by);
        let layer = &table.layer;
        check_tags(layer, "needs", &schema.needs, self.report);
        check_recipients(&layer.keep(&["to", "cc"]), &written.mail, self.report);
        Some(JobDefinition {
            flow,
            schema,
            steps: commands,
            functions: None,
            to: layer.get("to"),
            cc: layer.get("cc").unwrap_or_default(),
        })
    }

    /// Reads the steps; `None`: there are none.
    fn steps<'j>(
        &mut self,
        args: &'j ArgumentSchema,
        table: &ReadTable<'_>,
        job: &WrittenJob,
        surroundings: Layer,
    ) -> Option<JobSteps<'j>>
    where
        Self: 'j,
    {
        let Some(raw) = table.raw("steps") else {
            if !table.layer.is_broken("steps") {
                let message = format!("`[jobs.{}]` has no `steps`", job.name.name);
                let help =
                    "for example `steps = [{ name = \"hello\", command = [\"echo\", \"hello\"] }]`";
                self.error(&job.name.span, message, help);
            }
            return None;
        };
        let mut steps = JobSteps::new(args, raw, surroundings, self.around.vars);
        if steps.names.len() > MOST_STEPS {
            let message = format!(
                "`[jobs.{}]` has more than {MOST_STEPS} steps",
                job.name.name
            );
            self.error(&job.name.span, message, "make several jobs of it");
            return None;
        }
        steps.nodes = self.nodes(raw, &mut steps);
        Some(steps)
    }

    /// Reports what no flow can be: circles, results that are read before they are there.
    fn check_flow(&mut self, flow: &FlowDefinition, steps: &JobSteps<'_>, name: &RawKey) {
        for error in FlowPlan::new(flow.clone()).err().unwrap_or_default() {
            let span = steps.places.get(error.node()).unwrap_or(&name.span);
            let text = error.to_string();
            let (message, help) = text.split_once("; ").unwrap_or((&text, ""));
            self.error(span, message.to_owned(), help);
        }
    }

    /// Returns the argument that `limit_by` names.
    fn limit_by(&mut self, args: &ArgumentSchema, table: &ReadTable<'_>) -> Option<String> {
        let text: String = table.layer.get("limit_by")?;
        let span = table.raw("limit_by")?.span.clone();
        if !table.layer.mentions("limit") {
            let help = "write `limit = 1` beside it, or another number";
            self.error(
                &span,
                "`limit_by` has no effect without `limit`".to_owned(),
                help,
            );
        }
        let spec = text.strip_prefix("args.").and_then(|name| args.get(name));
        match spec {
            Some(spec) if spec.secret => {
                let message = format!("`limit_by` names `{text}`, which is secret");
                self.error(
                    &span,
                    message,
                    "name another argument: others see the value",
                );
                None
            }
            Some(spec) => Some(spec.name.clone()),
            None => {
                let names = args.specs.iter().map(|spec| format!("args.{}", spec.name));
                let names: BTreeSet<String> = names.collect();
                let message = format!("`limit_by` is no argument of the job: `{text}`");
                self.unknown_name(&span, message, &text, &names);
                None
            }
        }
    }
}

/// Returns the warning about a job whose later steps use what is on one host alone.
fn resume_doubt(definition: &JobDefinition, origin: &Origin) -> Option<ConfigProblem> {
    let (step, local) = definition.local_use()?;
    let name = definition.name();
    let message = format!(
        "step `{step}` of `{name}` uses `{local}`, which another host does not have when it goes on there"
    );
    let help = "write `resume = \"same-host\"` or `resume = \"restart\"`; `resume = \"anywhere\"` if all hosts have it";
    Some(ConfigProblem::warning(origin, message).help(help))
}

/// Returns what the steps of a job take over from `[defaults]`: all that surrounds a process but
/// where it runs and what it reads, which are those of the job.
fn inherited(defaults: &Layer) -> Layer {
    let own = ["working_dir", "stdin", "timeout"];
    defaults.only(|option| is_surrounding(option) && !own.contains(&option.key))
}
