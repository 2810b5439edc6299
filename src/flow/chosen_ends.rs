//! A script of chosen failures: how the attempts of a played flow end.

use std::collections::HashMap;

use serde_json::Value;

use super::advice::{AttemptStart, FlowEnd};
use super::journal::{EntryOutcome, Phase};
use super::playback::{FlowScript, Intervention, PlayPoint, PlayedEnd};

/// The chosen ends of attempts. What is not chosen succeeds within a second.
#[derive(Clone, Debug, Default)]
pub(crate) struct ChosenEnds {
    ends: HashMap<(String, Phase), Vec<EntryOutcome>>,
    results: HashMap<String, Value>,
    takes: HashMap<String, i64>,
    begun: HashMap<(String, Phase), usize>,
    /// What was cut off takes no chosen end away.
    ended: HashMap<(String, Phase), usize>,
    /// What intervenes while an attempt is in progress: step, phase, its place among those of the
    /// step and phase.
    meanwhile: Vec<(String, Phase, usize, Intervention)>,
    next: Vec<Intervention>,
    at_rest: Vec<(EntryOutcome, String)>,
}

impl ChosenEnds {
    /// Lets the first attempts of a phase of a step end so, one after the other.
    pub(crate) fn ends(mut self, step: &str, phase: Phase, outcomes: &[EntryOutcome]) -> Self {
        let key = (step.to_owned(), phase);
        self.ends.insert(key, outcomes.to_vec());
        self
    }

    /// Lets the first executions of a step fail.
    pub(crate) fn fails(self, step: &str, times: usize) -> Self {
        self.ends(step, Phase::Execute, &vec![EntryOutcome::Failed; times])
    }

    /// Lets the first reverts of a step fail.
    pub(crate) fn revert_fails(self, step: &str, times: usize) -> Self {
        self.ends(step, Phase::Revert, &vec![EntryOutcome::Failed; times])
    }

    /// Lets a step give this.
    pub(crate) fn gives(mut self, step: &str, result: Value) -> Self {
        self.results.insert(step.to_owned(), result);
        self
    }

    /// Lets each attempt of a step take so many milliseconds.
    pub(crate) fn takes(mut self, step: &str, millis: i64) -> Self {
        self.takes.insert(step.to_owned(), millis);
        self
    }

    /// Lets the worker die while the n-th attempt of a phase of a step, from 1, is in progress.
    pub(crate) fn crashes(self, step: &str, phase: Phase, number: usize) -> Self {
        self.meanwhile(step, phase, number, Intervention::Crash)
    }

    /// Lets a request come while the n-th execution of a step, from 1, is in progress.
    pub(crate) fn requested(self, outcome: EntryOutcome, step: &str, number: usize) -> Self {
        let request = Intervention::Request(outcome, String::new());
        self.meanwhile(step, Phase::Execute, number, request)
    }

    /// Lets something intervene while the n-th attempt of a phase of a step is in progress.
    pub(crate) fn meanwhile(
        mut self,
        step: &str,
        phase: Phase,
        number: usize,
        intervention: Intervention,
    ) -> Self {
        let meanwhile = (step.to_owned(), phase, number, intervention);
        self.meanwhile.push(meanwhile);
        self
    }

    /// Lets a person ask for this when the job has ended or rests; the first call first.
    pub(crate) fn then_requested(mut self, outcome: EntryOutcome, step: &str) -> Self {
        self.at_rest.push((outcome, step.to_owned()));
        self
    }
}

impl FlowScript for ChosenEnds {
    fn end(&mut self, attempt: &AttemptStart) -> PlayedEnd {
        let key = (attempt.step.clone(), attempt.phase);
        let number = self.begun.entry(key.clone()).or_default();
        *number += 1;
        let ended = self.ended.get(&key).copied().unwrap_or_default();
        let chosen = self.ends.get(&key).and_then(|ends| ends.get(ended));
        let outcome = chosen.copied().unwrap_or(EntryOutcome::Succeeded);
        let is_now = |(step, phase, at, _): &&(String, Phase, usize, Intervention)| {
            *step == attempt.step && *phase == attempt.phase && at == number
        };
        let meanwhile = self.meanwhile.iter().filter(is_now);
        let next: Vec<Intervention> = meanwhile.map(|(.., then)| then.clone()).collect();
        self.next.extend(next);
        let is_done = outcome == EntryOutcome::Succeeded && attempt.phase == Phase::Execute;
        PlayedEnd {
            takes: self.takes.get(&attempt.step).copied().unwrap_or(1_000),
            result: self.results.get(&attempt.step).filter(|_| is_done).cloned(),
            ..PlayedEnd::plain(outcome)
        }
    }

    fn ended(&mut self, attempt: &AttemptStart) {
        let key = (attempt.step.clone(), attempt.phase);
        *self.ended.entry(key).or_default() += 1;
    }

    fn intervene(&mut self, point: PlayPoint<'_>) -> Option<Intervention> {
        let is_between = point == PlayPoint::Between;
        (is_between && !self.next.is_empty()).then(|| self.next.remove(0))
    }

    fn request_at_rest(&mut self, _end: &FlowEnd) -> Option<(EntryOutcome, String)> {
        (!self.at_rest.is_empty()).then(|| self.at_rest.remove(0))
    }
}
