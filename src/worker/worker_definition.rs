//! A definition as a worker uses it: with its plan and what it enters on the board.

use std::sync::Arc;
use std::time::Duration;

use crate::board::{DefinitionEntry, LaneWish};
use crate::core::hash::fnv1a;
use crate::core::time::Mono;
use crate::flow::FlowPlan;
use crate::flow::definition::Interrupted;
use crate::job::{JobDefinition, JobSchema, ResumeMode};
use crate::lease::{LeaseDeadlines, LeaseTerms};
use crate::unix::self_exe;

/// A definition as a worker uses it.
#[derive(Debug)]
pub(crate) struct WorkerDefinition {
    /// The definition in the configuration.
    pub(crate) job: JobDefinition,
    /// The flow, laid out for the interpreter.
    pub(crate) plan: Arc<FlowPlan>,
    /// What distinguishes this program and definition from others of the name.
    pub(crate) build: String,
    lease: Duration,
}

impl WorkerDefinition {
    /// Lays out a definition, which the configuration has found valid. One without a lease has the
    /// usual one of the board.
    pub(crate) fn of(job: JobDefinition, usual_lease: Duration) -> Option<Self> {
        let plan = FlowPlan::new(job.flow.clone()).ok()?;
        Some(WorkerDefinition {
            build: build_of(&job, &plan),
            lease: job.schema.lease.unwrap_or(usual_lease),
            plan: Arc::new(plan),
            job,
        })
    }

    /// Returns how long the holder of a job may go on unheard.
    pub(crate) fn lease(&self) -> Duration {
        self.lease
    }

    /// Returns the deadlines of a job after a request that was sent at a moment and acknowledged.
    pub(crate) fn deadlines(&self, sent: Mono) -> LeaseDeadlines {
        LeaseTerms::of_ttl(self.lease()).deadlines(sent)
    }

    /// Returns whether a next step may begin before the board has recorded the one before: nothing
    /// is to be undone or looked at where the record is missing in the end.
    pub(crate) fn may_go_on_unheard(&self) -> bool {
        self.plan.definition().root.steps().iter().all(|step| {
            step.revert.is_none() && step.interrupted == Interrupted::Again && !step.elsewhere
        })
    }

    /// Returns whether a worker with these tags may do its jobs.
    pub(crate) fn has_what_it_needs(&self, tags: &[String]) -> bool {
        let needs = &self.job.schema.needs;
        needs.iter().all(|need| tags.contains(need))
    }

    /// Returns what the worker enters on the board.
    pub(crate) fn entry(&self) -> DefinitionEntry {
        let schema = JobSchema {
            to: self.job.to.clone(),
            cc: self.job.cc.clone(),
            ..self.job.schema.clone()
        };
        DefinitionEntry {
            name: self.job.name().to_owned(),
            shape: self.plan.definition().shape(),
            help: schema.help.clone(),
            schema: serde_json::to_value(&schema).unwrap_or_default(),
            needs: schema.needs.clone(),
            limit: schema.limit,
            project: schema.project.clone(),
        }
    }

    /// Returns the lane of its jobs.
    pub(crate) fn lane(&self) -> LaneWish {
        LaneWish {
            definition: self.job.name().to_owned(),
            lease: self.lease(),
            max_crashes: self.job.schema.max_crashes,
            is_bound_to_host: self.job.schema.resume == ResumeMode::SameHost,
            time_limit: self.job.schema.time_limit,
            first: Vec::new(),
        }
    }
}

/// Returns what distinguishes a program and a definition from others of the name: the same on each
/// host that has the same.
fn build_of(job: &JobDefinition, plan: &FlowPlan) -> String {
    let parts = format!(
        "{:016x}\0{}\0{:?}",
        self_exe::content(),
        plan.definition().shape(),
        job.steps
    );
    format!("{:016x}", fnv1a(parts.as_bytes()))
}
