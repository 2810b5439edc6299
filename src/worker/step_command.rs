//! The command of an attempt, with the data of its job in it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::job_directory::JobDirectory;
use super::step_slots::{StepCommandLine, StepProgram};
use super::worker_definition::WorkerDefinition;
use crate::board::JobPosition;
use crate::core::failure::{Failure, FailureClass};
use crate::flow::AttemptStart;
use crate::flow::journal::Phase;
use crate::job::step_result::{self, CONTROL_DIRECTORY};
use crate::job::{CommandTemplate, FunctionSteps, JobData, StepCall, StepFiles};
use crate::task::TaskName;

/// The data from which the command of an attempt is made.
#[derive(Debug)]
pub(crate) struct CommandData<'a> {
    /// The definition.
    pub(crate) definition: &'a WorkerDefinition,
    /// The job and its fence.
    pub(crate) position: JobPosition,
    /// The arguments.
    pub(crate) args: &'a Map<String, Value>,
    /// The results of the steps that have one.
    pub(crate) results: &'a BTreeMap<String, Value>,
    /// The text of the failure that a revert follows.
    pub(crate) error: Option<&'a str>,
    /// The variables of the worker.
    pub(crate) vars: &'a BTreeMap<String, String>,
    /// The directory of the job.
    pub(crate) directory: &'a JobDirectory,
}

/// What an attempt comes to.
#[derive(Debug)]
pub(crate) enum AttemptCommand {
    /// A command to be run.
    Run(Box<StepCommandLine>),
    /// Nothing: the step gave nothing that could be undone.
    NothingToUndo,
}

impl CommandData<'_> {
    /// Makes the command of an attempt.
    ///
    /// # Errors
    ///
    /// The failure of the attempt, for which nothing was started.
    pub(crate) fn command(&self, start: &AttemptStart) -> Result<AttemptCommand, Box<Failure>> {
        if let Some(functions) = &self.definition.job.functions {
            return self.function(start, functions);
        }
        let template = self.template(start).ok_or_else(|| {
            let message = format!("this program has no {:?} of `{}`", start.phase, start.step);
            not_started(message.to_lowercase())
        })?;
        let data = JobData {
            job_id: &self.position.id.to_string(),
            args: self.args,
            results: self.results,
            each: self.each(start),
            vars: self.vars,
        };
        let rendered = match template.render(&data) {
            Ok(rendered) => rendered,
            Err(errors)
                if start.phase == Phase::Revert && errors.lack_only_result_of(&start.step) =>
            {
                return Ok(AttemptCommand::NothingToUndo);
            }
            Err(errors) => return Err(not_started(errors.to_string())),
        };
        let user = template.child.user.as_deref();
        let result_file = self.prepared(start, user)?;
        let input = rendered.input.as_ref();
        let input = input
            .map(|input| self.write_input(start, input))
            .transpose();
        let input = input.map_err(|error| {
            not_started(format!(
                "standard input of the step cannot be written: {error}"
            ))
        })?;
        let files = StepFiles {
            job_dir: self.directory.path(),
            result_file: &result_file,
            input: input.as_deref(),
        };
        let mut settings = rendered.surroundings(&template.child, files);
        settings.env.extend(self.variables(start));
        Ok(AttemptCommand::Run(Box::new(StepCommandLine {
            program: StepProgram::Command(rendered.program),
            settings,
            timeout: template.timeout,
            task: self.task(&start.step),
            fence: self.position.fence,
        })))
    }

    /// Makes the call of a function of a job that is written in Rust.
    fn function(
        &self,
        start: &AttemptStart,
        functions: &FunctionSteps,
    ) -> Result<AttemptCommand, Box<Failure>> {
        let mut settings = functions.child.clone();
        let result_file = self.prepared(start, settings.user.as_deref())?;
        let text = |path: &Path| path.display().to_string();
        let job_dir = self.directory.path();
        settings.env.extend(self.variables(start));
        settings.env.extend([
            ("JOB_ID".to_owned(), self.position.id.to_string()),
            ("JOB_DIR".to_owned(), text(job_dir)),
            (step_result::VARIABLE.to_owned(), text(&result_file)),
        ]);
        settings.working_dir = Some(job_dir.to_owned());
        let call = serde_json::to_string(&self.call(start)).map_err(|error| {
            not_started(format!(
                "the data of the job cannot be written as JSON: {error}"
            ))
        })?;
        let timeouts = functions.timeouts.get(&start.step).copied();
        let timeouts = timeouts.unwrap_or_default();
        Ok(AttemptCommand::Run(Box::new(StepCommandLine {
            program: StepProgram::Function(call),
            settings,
            timeout: match start.phase {
                Phase::Revert => timeouts.revert,
                _ => timeouts.execute,
            },
            task: self.task(&start.step),
            fence: self.position.fence,
        })))
    }

    fn call(&self, start: &AttemptStart) -> StepCall {
        let step = self.definition.plan.step_named(&start.step);
        let reads = step.iter().flat_map(|step| &step.reads);
        let read: Vec<&str> = reads.map(|read| read.step.as_str()).collect();
        let is_read = |name: &str| name == start.step || read.contains(&name);
        let results = self.results.iter().filter(|(name, _)| is_read(name));
        StepCall {
            job: self.definition.job.name().to_owned(),
            job_id: self.position.id.0,
            step: start.step.clone(),
            phase: start.phase,
            attempt: start.attempt,
            args: self.args.clone(),
            results: results
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            each: self.each(start).cloned(),
            error: self
                .error
                .filter(|_| start.phase == Phase::Revert)
                .map(str::to_owned),
            job_dir: self.directory.path().to_owned(),
        }
    }

    /// Prepares the directory of the job; returns the file for the result.
    fn prepared(&self, start: &AttemptStart, user: Option<&str>) -> Result<PathBuf, Box<Failure>> {
        let result_file = self.directory.prepare(&start.step, user);
        result_file.map_err(|error| {
            not_started(format!("the directory of the job cannot be used: {error}"))
        })
    }

    fn template(&self, start: &AttemptStart) -> Option<&CommandTemplate> {
        let step = self.definition.job.steps.get(&start.step)?;
        match start.phase {
            Phase::Execute => Some(&step.execute),
            Phase::Revert => step.revert.as_ref(),
            Phase::When => step.when.as_ref(),
            Phase::Check => step.check.as_ref(),
            Phase::Round | Phase::Request | Phase::Decision => None,
        }
    }

    fn each(&self, start: &AttemptStart) -> Option<&Value> {
        let step = self.definition.plan.step_named(&start.step)?;
        step.try_each.get(start.each?)
    }

    /// Returns the variables by which a step knows where it is.
    fn variables(&self, start: &AttemptStart) -> Vec<(String, String)> {
        let mut variables = vec![
            ("JOB_STEP".to_owned(), start.step.clone()),
            ("JOB_ATTEMPT".to_owned(), start.attempt.to_string()),
            ("JOB_STEP_ID".to_owned(), self.step_id(start)),
        ];
        if let (Phase::Revert, Some(error)) = (start.phase, self.error) {
            variables.push(("STEP_ERROR".to_owned(), error.replace('\0', " ")));
        }
        variables
    }

    /// Returns a text that is the same for each execution of a step of a job: what a service that
    /// the step asks can know a second request by.
    fn step_id(&self, start: &AttemptStart) -> String {
        format!("{}-{}", self.position.id, start.step)
    }

    fn write_input(&self, start: &AttemptStart, input: &str) -> io::Result<PathBuf> {
        let name = format!("input-{}", start.step);
        let path = self.directory.path().join(CONTROL_DIRECTORY).join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = fs::File::options();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        io::Write::write_all(&mut file, input.as_bytes())?;
        Ok(path)
    }

    /// Returns the name by which the process of a step knows what it is.
    fn task(&self, step: &str) -> TaskName {
        let plain = |text: &str| text.replace('-', "_");
        let name = format!(
            "jobs::{}::{}",
            plain(self.definition.job.name()),
            plain(step)
        );
        TaskName::parse(&name)
            .unwrap_or_else(|_| TaskName::parse("jobs::step").expect("the name is a name"))
    }
}

fn not_started(message: String) -> Box<Failure> {
    Box::new(Failure::new(FailureClass::NotStarted, message))
}
