//! Mails about jobs: each definition is to alerts what a task is in a chain, and the end of a job
//! what a run is.

use std::collections::BTreeMap;

use super::claimed_flow::ClaimedFlow;
use super::work_request::WorkRequest;
use crate::alert::fingerprint;
use crate::alert::memory::AlertMemory;
use crate::alert::policy::{ChainPolicy, ChainRules, TaskRules};
use crate::board::JobState;
use crate::chain::ChainName;
use crate::config::invocation::Call;
use crate::core::command_error::CommandError;
use crate::core::event::{Event, Observer, RunEnd, RunId, StopReason, TaskIndex};
use crate::core::failure::{Failure, FailureClass, Outcome};
use crate::core::hash::fnv1a;
use crate::core::settings::TaskSettings;
use crate::core::time::{Moment, Mono};
use crate::job::JobDefinition;
use crate::logging::{EventLog, Log};
use crate::mail::mailer::Mailer;
use crate::mute::on_disk::mute_file::MuteFile;
use crate::notify::alert_memory_file::{AlertMemoryFile, FoundMemory};
use crate::notify::alerter::Alerter;
use crate::notify::mail_composer::{MailComposer, MailLook, MailNames, SCHEDULES};
use crate::notify::mail_dispatch::MailDispatch;
use crate::notify::recipients::Recipients;
use crate::service::start_error::no_descriptor;
use crate::state::saved_memory::ChainIdentity;
use crate::task::TaskName;
use crate::unix::trusted_paths::PrivateDir;
use crate::unix::{boot, clock, self_exe};

/// The mails about jobs that this worker saw end.
#[derive(Debug)]
pub(crate) struct JobAlerts {
    alerter: Alerter,
    log: EventLog,
    places: BTreeMap<String, TaskIndex>,
}

impl JobAlerts {
    /// Prepares the mails of a worker of this name about these definitions.
    ///
    /// # Errors
    ///
    /// When the process has no descriptor left.
    pub(crate) fn new(
        request: &WorkRequest<'_>,
        name: &str,
        definitions: &[&JobDefinition],
        state_dir: PrivateDir,
        log: Log,
    ) -> Result<Self, CommandError> {
        let now = clock::now();
        let settings = &request.loaded.settings;
        let chain = memory_name(name);
        let schedules = &request.loaded.schedules;
        let jobs = definitions.iter().map(|job| job.name().to_owned());
        let of_schedules = schedules.keys().map(|name| schedule_label(name));
        let labels: Vec<String> = jobs.chain(of_schedules).collect();
        let of_jobs = definitions.iter().map(|job| task_settings(job));
        let of_schedules = schedules.values().map(|schedule| {
            let job = request.loaded.jobs.get(&schedule.spec.job);
            job.map_or_else(TaskSettings::default, |job| task_settings(&job.definition))
        });
        let tasks: Vec<TaskSettings> = of_jobs.chain(of_schedules).collect();
        let rules = labels.iter().zip(&tasks);
        let rules = rules.map(|(label, task)| TaskRules::of(task_name(label), task));
        let mut memory = AlertMemoryFile::new(state_dir, &chain, identity(&labels)?);
        let alerts = remembered(&mut memory, now);
        let policy = ChainPolicy::new(rules.collect(), ChainRules::of(&settings.mail), alerts, now);
        let mailer =
            Mailer::new(memory.state_dir(), settings.mail.clone()).map_err(no_descriptor)?;
        let names = MailNames {
            chain: chain.to_string(),
            labels: labels.clone(),
            call: Call::from_anywhere(request.inputs, request.loaded),
            look: MailLook::Jobs,
        };
        let recipients = Recipients::new(&settings.mail.to, labels.iter().zip(&tasks));
        let limits = tasks.iter().map(|_| None).collect();
        let host = request.inputs.hostname.clone();
        let born = policy.born();
        let composer = MailComposer::new(host, names, tasks, settings.clone(), now, born);
        let mutes = MuteFile::new(memory.state_dir().clone(), chain.as_str());
        let dispatch = MailDispatch::new(composer, recipients, mailer);
        let alerter = Alerter::new(policy, dispatch, memory, limits).with_mutes(mutes);
        let places = labels.iter().cloned().zip(0..).collect();
        let mut alerts = JobAlerts {
            alerter: alerter.with_log(log),
            log: EventLog::new(labels),
            places,
        };
        alerts.observe(&Event::Started { at: now });
        Ok(alerts)
    }

    /// Takes note of the end of a job.
    pub(crate) fn ended(
        &mut self,
        job: &ClaimedFlow,
        state: JobState,
        reason: Option<&str>,
        now: Moment,
    ) {
        let definition = job.definition.job.name();
        let Some(step) = self.places.get(definition).copied() else {
            return;
        };
        let outcome = match state {
            JobState::Succeeded => Outcome::Success,
            JobState::Cancelled => return,
            _ => Outcome::Failure(Box::new(failure(job, state, reason))),
        };
        let run = RunId::at(now);
        let (started, at) = (job.claimed, now);
        self.observe(&Event::RunStarted {
            step,
            run,
            at: started,
        });
        self.observe(&Event::RunEnded(RunEnd {
            step,
            run,
            started,
            at,
            outcome: &outcome,
        }));
    }

    /// Takes note of what is wrong with a schedule; `kind` distinguishes failures of schedules.
    pub(crate) fn schedule_failed(
        &mut self,
        name: &str,
        kind: &str,
        why: String,
        notes: Vec<String>,
        now: Moment,
    ) {
        let class = FailureClass::Error {
            type_name: "schedule".to_owned(),
        };
        let mut failure = Failure::new(class, why);
        failure.kind = Some(kind.to_owned());
        failure.notes = notes;
        self.of_schedule(name, &Outcome::Failure(Box::new(failure)), now);
    }

    /// Takes note that a schedule is as it should be.
    pub(crate) fn schedule_is_well(&mut self, name: &str, now: Moment) {
        self.of_schedule(name, &Outcome::Success, now);
    }

    /// A schedule of another file has no place here: the log has it.
    fn of_schedule(&mut self, name: &str, outcome: &Outcome, now: Moment) {
        let Some(step) = self.places.get(&schedule_label(name)).copied() else {
            return;
        };
        let (run, at) = (RunId::at(now), now);
        self.observe(&Event::RunStarted { step, run, at });
        self.observe(&Event::RunEnded(RunEnd {
            step,
            run,
            started: at,
            at,
            outcome,
        }));
    }

    /// Returns when there is something to do without an event.
    pub(crate) fn due(&self) -> Mono {
        self.alerter.due()
    }

    /// Does what is due.
    pub(crate) fn poll(&mut self, now: Moment) {
        let log = &mut self.log;
        self.alerter.poll(now, &mut |event| note(log, event));
    }

    /// Lets the last mails leave, until `until`.
    pub(crate) fn finish(&mut self, now: Moment, until: Mono) {
        let reason = StopReason::Done;
        self.observe(&Event::Stopped {
            at: now,
            reason: &reason,
        });
        self.alerter.finish(until);
    }

    fn observe(&mut self, event: &Event<'_>) {
        let log = &mut self.log;
        self.alerter.observe(event, &mut |event| note(log, event));
    }
}

/// Logs what became of a failure; the ends of jobs are logged where they are recorded.
fn note(log: &mut EventLog, event: &Event<'_>) {
    if matches!(event, Event::Alerted { .. } | Event::Mute { .. }) {
        log.observe(event);
    }
}

/// Returns the failure of a job: that of its step, with where it happened.
fn failure(job: &ClaimedFlow, state: JobState, reason: Option<&str>) -> Failure {
    let id = job.position.id;
    let class = || FailureClass::Error {
        type_name: "job".to_owned(),
    };
    let mut failure = match (&job.failure, state) {
        (Some((step, failure)), JobState::Failed | JobState::Reverted) => {
            let kind = fingerprint::of(failure).0;
            let mut failure = failure.clone();
            if !step.is_empty() {
                failure.message = format!("{step}: {}", failure.message);
            }
            failure.kind.get_or_insert(format!("{step} {kind}"));
            failure
        }
        _ => Failure::new(
            class(),
            format!("stuck: {}", reason.unwrap_or("it needs a person")),
        ),
    };
    failure.notes.push(match state {
        JobState::Reverted => format!("Job {id}: what it had done is undone"),
        JobState::Failed => format!("Job {id}: nothing was undone"),
        _ => format!("Job {id} goes on when a person has decided: retry, skip, revert or cancel"),
    });
    failure
}

fn task_settings(job: &JobDefinition) -> TaskSettings {
    TaskSettings {
        to: job.to.clone(),
        cc: job.cc.clone(),
        timeout: None,
        ..TaskSettings::default()
    }
}

/// Returns under which name alerts have a schedule: no job has such a one.
fn schedule_label(name: &str) -> String {
    format!("{SCHEDULES}{name}")
}

fn task_name(label: &str) -> TaskName {
    let name = match label.contains("::") {
        true => label.to_owned(),
        false => format!("jobs::{label}"),
    };
    TaskName::parse(&name.replace('-', "_"))
        .unwrap_or_else(|_| TaskName::parse("jobs::job").expect("the name is a name"))
}

/// Returns under which name alerts of a worker are remembered.
fn memory_name(worker: &str) -> ChainName {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = worker.chars().map(plain).collect();
    ChainName::parse(&format!("worker-{name}"))
        .unwrap_or_else(|| ChainName::parse("worker").expect("the name is a name"))
}

fn identity(labels: &[String]) -> Result<ChainIdentity, CommandError> {
    let program = self_exe::identity().map_err(no_descriptor)?;
    let names: Vec<TaskName> = labels.iter().map(|label| task_name(label)).collect();
    let settings = fnv1a(labels.join("\0").as_bytes());
    Ok(ChainIdentity::new(
        program,
        names.iter(),
        format!("{settings:016x}"),
    ))
}

fn remembered(memory: &mut AlertMemoryFile, now: Moment) -> AlertMemory {
    let boot = boot::id();
    match memory.read() {
        FoundMemory::Crashed(alerts) => alerts.restored(now, &boot),
        FoundMemory::Former(alerts) => alerts.forgotten(now, &boot),
        FoundMemory::Nothing => AlertMemory::empty(now, &boot),
        FoundMemory::Damaged(why) => {
            log::error!("The memory of alerts is damaged and begins anew: {why}");
            AlertMemory::empty(now, &boot)
        }
    }
}
