//! Taking a job that was claimed.

use std::sync::Arc;

use super::super::claimed_flow::{ClaimedFlow, ClaimedFlowParts};
use super::super::wall_millis;
use super::WorkLoop;
use crate::board::{Advance, ClaimWish, ClaimedJob, JobState, Transition};
use crate::core::time::{Moment, Mono};
use crate::redact::Redactor;
use crate::service::secrets::PASSWORD;

impl WorkLoop {
    /// Takes a job that was claimed.
    pub(super) fn take(&mut self, claim: &ClaimedJob, sent: Mono, claimed: Moment) {
        let id = claim.position.id;
        let label = format!("{} {id}", claim.definition);
        match self.prepared(claim, sent) {
            Ok(parts) => {
                let verb = if claim.journal.is_empty() {
                    "Claimed"
                } else {
                    "Claimed, and goes on"
                };
                log::info!("[{label}] {verb}");
                let is_elsewhere = claim.last_host.as_ref() != Some(&self.parts.host);
                let mut job = ClaimedFlow::of(claim, parts);
                if is_elsewhere && !claim.journal.is_empty() {
                    job.came_from_another_host(wall_millis(claimed), &self.parts.name);
                }
                if let Some(request) = claim.request {
                    job.request(request, wall_millis(claimed), &self.parts.name);
                }
                self.jobs.insert(id, job);
            }
            Err(why) => {
                log::error!("[{label}] Stuck: {why}");
                let mut transition = Transition::begin(claim.position, Vec::new());
                transition.state = JobState::Stuck;
                transition.reason = Some(why);
                let advance = Advance {
                    session: self.parts.session,
                    transitions: vec![transition],
                    claim: ClaimWish::default(),
                };
                // Without an answer the job is given back by the next beat.
                let _ = self.parts.board.advance(&advance);
            }
        }
    }

    pub(super) fn prepared(
        &self,
        claim: &ClaimedJob,
        sent: Mono,
    ) -> Result<ClaimedFlowParts, String> {
        let definition = self.parts.definitions.get(&claim.definition);
        let definition = definition.ok_or("this worker does not know the job")?;
        let args = definition.job.schema.args.check(&claim.args);
        let args = args.map_err(|errors| format!("its arguments do not fit: {errors}"))?;
        let directory = self.parts.directories.of(claim.position.id);
        let directory =
            directory.map_err(|error| format!("its directory cannot be made: {error}"))?;
        let secrets: Vec<String> = definition.job.secrets(&args).collect();
        let redactor = match secrets.is_empty() {
            true => Arc::clone(&self.parts.redactor),
            false => {
                let own = self.parts.own_values.iter().cloned();
                let named = secrets
                    .into_iter()
                    .map(|value| (PASSWORD.to_owned(), value));
                Arc::new(Redactor::new(own.chain(named)))
            }
        };
        Ok(ClaimedFlowParts {
            definition: Arc::clone(definition),
            args,
            directory,
            redactor,
            deadlines: definition.deadlines(sent),
        })
    }
}
