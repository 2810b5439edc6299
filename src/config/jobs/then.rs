//! What comes after jobs: jobs of the same file, in no circle, with defaults for all arguments.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::JobReader;
use crate::config::loaded::LoadedJob;
use crate::config::report::{ConfigProblem, ConfigReport};
use crate::config::written::WrittenJob;
use crate::job::{JobSchema, registered_jobs};
use crate::text::suggest::did_you_mean;

impl JobReader<'_> {
    /// Reports what is wrong with the jobs that `then` names.
    pub(super) fn check_then(
        &mut self,
        written: &[WrittenJob],
        jobs: &BTreeMap<String, LoadedJob>,
    ) {
        let schemas: BTreeMap<&str, &JobSchema> = jobs
            .iter()
            .map(|(name, job)| (name.as_str(), &job.definition.schema))
            .collect();
        for job in written {
            let name = &job.name.name;
            let Some(schema) = schemas.get(name.as_str()) else {
                continue;
            };
            let mut entries = job.entries.iter();
            let entry = entries.find(|(key, _)| key.name == "then");
            let span = entry.map_or(&job.name.span, |(_, raw)| &raw.span);
            for child in &schema.then {
                self.check_child(span, child, &schemas);
            }
            if let Some(circle) = circle(name, &schemas) {
                let message = format!("`{name}` comes after itself: {}", circle.join(", then "));
                self.error(span, message, "leave one of them out");
            }
        }
    }

    fn check_child(
        &mut self,
        span: &Range<usize>,
        child: &str,
        schemas: &BTreeMap<&str, &JobSchema>,
    ) {
        let Some(schema) = schemas.get(child) else {
            if registered_jobs().iter().any(|job| job.name() == child) {
                return;
            }
            let message = format!("`then` names `{child}`, which is no job of this file");
            let help = did_you_mean(child, schemas.keys().copied());
            return self.error(span, message, &help.unwrap_or_default());
        };
        let mut specs = schema.args.specs.iter();
        if let Some(spec) = specs.find(|spec| spec.default.is_none()) {
            let message = format!(
                "`then` names `{child}`, whose argument `{}` is missing",
                spec.name
            );
            self.error(span, message, "give the argument a default");
        }
    }
}

/// Reports the functions of this program that come after themselves, be it by way of a job of the
/// file.
pub(in crate::config) fn refuse_circles_of_functions(
    jobs: &BTreeMap<String, LoadedJob>,
    report: &mut ConfigReport,
) {
    let schemas = jobs.iter();
    let schemas = schemas.map(|(name, job)| (name.as_str(), &job.definition.schema));
    let schemas: BTreeMap<&str, &JobSchema> = schemas.collect();
    for (name, job) in jobs.iter().filter(|(_, job)| job.function.is_some()) {
        if let Some(circle) = circle(name, &schemas) {
            let message = format!("`{name}` comes after itself: {}", circle.join(", then "));
            let problem = ConfigProblem::error(&job.defined, message);
            report.add(problem.help("leave one of them out"));
        }
    }
}

/// Returns the way from a job back to itself.
fn circle<'a>(name: &'a str, schemas: &BTreeMap<&str, &'a JobSchema>) -> Option<Vec<&'a str>> {
    let mut known = BTreeSet::new();
    let mut ways = vec![vec![name]];
    while let Some(way) = ways.pop() {
        let last = way.last()?;
        for child in schemas.get(last).map_or(&[][..], |schema| &schema.then) {
            let mut longer = way.clone();
            longer.push(child);
            if child == name {
                return Some(longer);
            }
            if known.insert(child.as_str()) {
                ways.push(longer);
            }
        }
    }
    None
}
