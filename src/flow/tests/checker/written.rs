//! What may be written, and what follows from it.

use super::{Answer, Checker, Seen, SeenGroup, Way, find, groups, index, least_wait, require};
use crate::flow::definition::{OnFailure, RetryTerms};
use crate::flow::journal::{EntryOutcome, JournalEntry, Phase};

impl Checker<'_> {
    pub(super) fn wrote(&mut self, entry: &JournalEntry) -> Result<(), String> {
        self.seq += 1;
        require(entry.seq == self.seq, "the journal has a gap")?;
        match entry.phase {
            Phase::Round => self.round(entry),
            Phase::Decision => self.decided(entry),
            Phase::Request => {
                self.requested(entry);
                Ok(())
            }
            _ => self.attempt_ended(entry),
        }
    }

    fn attempt_ended(&mut self, entry: &JournalEntry) -> Result<(), String> {
        let step = self.places.get(&*entry.step).ok_or("no such step")?.step;
        let seen = self.steps.get_mut(&*entry.step).ok_or("no such step")?;
        let busy = seen.busy.take();
        let is_interrupted = entry.outcome == EntryOutcome::Interrupted;
        // What was written and not begun is interrupted too.
        let is_known = busy == Some((entry.phase, entry.attempt));
        require(
            is_known || busy.is_none() && is_interrupted,
            "ended without a beginning",
        )?;
        let is_killed = std::mem::take(&mut seen.is_killed);
        let may = is_killed || entry.outcome != EntryOutcome::Killed;
        require(may, "killed without a request")?;
        seen.not_before = None;
        let terms = match entry.phase {
            Phase::Revert => step.revert.ok_or("it has no revert")?,
            _ => step.retry,
        };
        match entry.outcome {
            EntryOutcome::Failed => {
                let failures = &mut seen.failures[index(entry.phase)];
                *failures += 1;
                let due = entry.ended + least_wait(&terms, *failures);
                seen.not_before = Some((entry.phase, due));
            }
            EntryOutcome::RetryLater => {
                seen.postponed += 1;
                let later = RetryTerms {
                    every: std::time::Duration::from_secs(10),
                    factor: 2.0,
                    max: std::time::Duration::from_secs(300),
                    ..terms
                };
                let terms = if terms.every.is_zero() { later } else { terms };
                let due = entry.ended + least_wait(&terms, seen.postponed);
                seen.not_before = Some((entry.phase, due));
            }
            _ => {}
        }
        if !matches!(
            entry.outcome,
            EntryOutcome::RetryLater | EntryOutcome::Interrupted
        ) {
            seen.postponed = 0;
        }
        match entry.phase {
            Phase::When => Self::when_ended(seen, entry.outcome),
            Phase::Execute => Self::execution_ended(seen, entry),
            Phase::Check => Self::check_ended(seen, entry.outcome),
            _ => self.revert_ended(entry),
        }
        Ok(())
    }

    fn when_ended(seen: &mut Seen, outcome: EntryOutcome) {
        seen.asked |= outcome == EntryOutcome::Succeeded;
        seen.ended |= outcome == EntryOutcome::Skipped;
        seen.failed |= outcome == EntryOutcome::Killed;
    }

    fn execution_ended(seen: &mut Seen, entry: &JournalEntry) {
        seen.executed = Some(entry.seq);
        seen.executed_attempt = entry.attempt;
        seen.failures[2] = 0;
        seen.failures[3] = 0;
        seen.ended = entry.outcome == EntryOutcome::Succeeded;
        seen.failed = entry.outcome == EntryOutcome::Killed;
        seen.interrupted = entry.outcome == EntryOutcome::Interrupted;
        if entry.outcome == EntryOutcome::Failed {
            seen.failed_at.retain(|worker| *worker != entry.worker);
            seen.failed_at.push(entry.worker.clone());
        }
    }

    fn check_ended(seen: &mut Seen, outcome: EntryOutcome) {
        let is_answer = matches!(outcome, EntryOutcome::Succeeded | EntryOutcome::Skipped);
        seen.ended = outcome == EntryOutcome::Succeeded;
        seen.interrupted = !is_answer;
    }

    fn revert_ended(&mut self, entry: &JournalEntry) {
        let is_done = entry.outcome == EntryOutcome::Succeeded;
        if matches!(self.way, Way::Back { .. }) {
            self.reverts = (true, self.reverts.1 || is_done);
        }
        self.held |= entry.outcome == EntryOutcome::Killed;
        if is_done {
            self.undone(&entry.step);
        }
    }

    pub(super) fn undone(&mut self, step: &str) {
        if let Some(seen) = self.steps.get_mut(step) {
            seen.executed = None;
            seen.failures[3] = 0;
            seen.interrupted = false;
            seen.ended = false;
            // A step that was reverted because it was interrupted has not failed.
            seen.not_before = None;
        }
    }

    fn round(&mut self, entry: &JournalEntry) -> Result<(), String> {
        require(self.way == Way::On, "a round of a job that has turned")?;
        let group = self.groups.get(&*entry.step).ok_or("no such group")?;
        let terms = self.terms_of(&entry.step).ok_or("no such group")?;
        if entry.outcome == EntryOutcome::Revert {
            require(!group.undoing, "a round within a round")?;
            require(entry.attempt == group.round + 1, "rounds have gaps")?;
            require(
                entry.attempt <= terms.times,
                "more rounds than there may be",
            )?;
            let names: Vec<&str> = self.steps.keys().copied().collect();
            let failed = names.iter().any(|name| {
                let is_one = self.is_in(name, &entry.step) && self.has_failed(name);
                is_one && self.answer(name) == Answer::Round(entry.step.clone())
            });
            require(failed, "a round without a failure")?;
            let known = SeenGroup {
                round: entry.attempt,
                undoing: true,
                not_before: entry.ended + least_wait(&terms, entry.attempt - 1),
            };
            self.put(&entry.step, known);
            return Ok(());
        }
        require(
            !self.is_inside_undoing(&entry.step),
            "a round in a group that is reverted",
        )?;
        require(
            group.undoing && entry.attempt == group.round,
            "no round is to begin",
        )?;
        let names: Vec<&str> = self.steps.keys().copied().collect();
        for name in names {
            if !self.is_in(name, &entry.step) {
                continue;
            }
            require(
                self.left(name).is_none(),
                "a round begins before the last was reverted",
            )?;
            require(
                self.steps[name].busy.is_none(),
                "a round begins in the midst of the last",
            )?;
            *self.steps.get_mut(name).ok_or("no such step")? = Seen::default();
        }
        let known = SeenGroup {
            undoing: false,
            ..self.groups[&*entry.step].clone()
        };
        self.settle(&entry.step);
        self.put(&entry.step, known);
        Ok(())
    }

    /// Returns whether a group stands in one that is being reverted.
    fn is_inside_undoing(&self, group: &str) -> bool {
        let outer = groups(&self.definition.root).into_iter();
        let mut undoing = outer.filter(|outer| self.groups[&*outer.name].undoing);
        undoing.any(|outer| outer.name != group && find(outer, group).is_some())
    }

    fn put(&mut self, group: &str, known: SeenGroup) {
        if let Some(group) = self.groups.get_mut(group) {
            *group = known;
        }
    }

    /// All groups in a group are in their first round.
    fn settle(&mut self, group: &str) {
        let found = find(&self.definition.root, group);
        for inner in found.into_iter().flat_map(groups) {
            let first = SeenGroup {
                round: 1,
                undoing: false,
                not_before: i64::MIN,
            };
            self.put(&inner.name, first);
        }
    }

    fn terms_of(&self, group: &str) -> Option<RetryTerms> {
        find(&self.definition.root, group).map(|group| group.retry)
    }

    fn answer(&self, step: &str) -> Answer {
        let place = &self.places[step];
        let mut answer = {
            let mut steps = self.places.values();
            let is_any = steps.any(|place| place.step.revert.is_some());
            Answer::Of(if is_any {
                OnFailure::Revert
            } else {
                OnFailure::Stop
            })
        };
        // From the outside in: what stands further in goes before.
        for (group, _) in &place.lists {
            if let Some(on_failure) = group.on_failure {
                answer = Answer::Of(on_failure);
            }
            if self.groups[&*group.name].round < group.retry.times {
                answer = Answer::Round(group.name.clone());
            }
        }
        place.step.on_failure.map_or(answer, Answer::Of)
    }

    fn decided(&mut self, entry: &JournalEntry) -> Result<(), String> {
        require(self.way == Way::On, "decided after the job had turned")?;
        let name = entry.step.as_str();
        if entry.outcome == EntryOutcome::Failed {
            self.steps.get_mut(name).ok_or("no such step")?.failed = true;
            return Ok(());
        }
        require(self.has_failed(name), "decided without a failure")?;
        require(
            !self.is_undoing(name),
            "decided in a group that is reverted",
        )?;
        let on_failure = match entry.outcome {
            EntryOutcome::Revert => OnFailure::Revert,
            EntryOutcome::StopNoRevert => OnFailure::Stop,
            _ => OnFailure::Continue,
        };
        let answer = self.answer(name);
        require(
            answer == Answer::Of(on_failure),
            &format!("the answer is {answer:?}"),
        )?;
        let seen = self.steps.get_mut(name).ok_or("no such step")?;
        seen.failed = true;
        match on_failure {
            OnFailure::Continue => seen.ended = true,
            OnFailure::Stop => self.turn(Way::Out { cancelled: false }),
            OnFailure::Revert => self.turn(Way::Back { cancelled: false }),
        }
        Ok(())
    }
}
