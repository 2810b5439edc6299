//! The attempts of steps: begun once the board has recorded them, and recorded when they end.

use super::super::step_command::{AttemptCommand, CommandData};
use super::super::step_ending::StepEnding;
use super::super::step_report::{log_ending, send_lines, send_output};
use super::super::step_slots::EndedStep;
use super::super::wall_millis;
use super::WorkLoop;
use crate::board::JobId;
use crate::core::time::Mono;
use crate::flow::AttemptStart;
use crate::flow::journal::EntryOutcome;
use crate::unix::clock;

impl WorkLoop {
    /// Begins attempts; returns whether one has ended already.
    pub(super) fn begin_all(&mut self, id: JobId, starts: Vec<AttemptStart>) -> bool {
        let mut has_ended = false;
        for start in starts {
            has_ended |= self.begin(id, &start);
        }
        has_ended
    }

    /// Begins an attempt; returns whether it has ended already.
    pub(super) fn begin(&mut self, id: JobId, start: &AttemptStart) -> bool {
        let Some(job) = self.jobs.get_mut(&id) else {
            return false;
        };
        let now = clock::now();
        let doing = start.doing(wall_millis(now));
        let error = job.error_of(&start.step);
        let results = job.results();
        let data = CommandData {
            definition: &job.definition,
            position: job.position,
            args: &job.args,
            results: &results,
            error: error.as_deref(),
            vars: &self.parts.vars,
            directory: &job.directory,
        };
        let ending = match data.command(start) {
            Ok(AttemptCommand::Run(command)) => {
                let slots = &mut self.parts.slots;
                match slots.begin(id, doing.clone(), &command, job.deadlines, now) {
                    Ok(()) => return false,
                    Err(outcome) => StepEnding::of(
                        *outcome,
                        start.phase,
                        job.to_kill().contains(&start.step),
                        &start.step,
                        &job.directory,
                        0,
                    ),
                }
            }
            Ok(AttemptCommand::NothingToUndo) => StepEnding::plain(EntryOutcome::Succeeded),
            Err(failure) => StepEnding::failed(*failure),
        };
        job.ended(&doing, ending, wall_millis(now), &self.parts.name);
        true
    }

    pub(super) fn step_ended(&mut self, ended: EndedStep) {
        let EndedStep {
            job: id,
            doing,
            ended,
            sent,
        } = ended;
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        let output = ended.output().clone();
        send_output(
            &*self.parts.board,
            &mut self.unsent,
            job,
            &doing,
            &output,
            sent,
        );
        let others = job.bytes_of_others(&doing.step);
        let ending = StepEnding::of(
            ended.outcome,
            doing.phase,
            job.to_kill().contains(&doing.step),
            &doing.step,
            &job.directory,
            others,
        );
        let label = format!("{} {id}", job.definition.job.name());
        log_ending(&label, &doing, &ending, &job.redactor);
        job.ended(&doing, ending, wall_millis(clock::now()), &self.parts.name);
    }

    pub(super) fn kill_killed(&mut self, now: Mono) {
        for (id, job) in &self.jobs {
            for step in job.to_kill() {
                self.parts.slots.terminate_step(*id, &step, now);
            }
        }
    }

    /// Sends what the steps of jobs have printed whose output is looked at.
    pub(super) fn send_watched(&mut self, watched: &[JobId]) {
        for id in watched {
            if let Some(job) = self.jobs.get_mut(id) {
                for lines in self.parts.slots.take_printed(*id) {
                    send_lines(&*self.parts.board, &mut self.unsent, job, lines);
                }
            }
        }
    }
}
