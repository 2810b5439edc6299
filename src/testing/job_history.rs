//! What came of a job that was played.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::flow::journal::{EntryOutcome, JournalEntry, Phase};
use crate::flow::{FlowEnd, FlowEvent, FlowHistory, Took, what_happened};

/// What came of a job: how it ended, and what was executed and reverted, in its order.
#[derive(Clone, Debug, PartialEq)]
pub struct JobHistory {
    end: FlowEnd,
    journal: Vec<JournalEntry>,
    begun: Vec<(String, Phase)>,
    results: BTreeMap<String, Value>,
    printed: Vec<String>,
    took: Duration,
}

impl JobHistory {
    pub(super) fn of(
        history: FlowHistory,
        end: FlowEnd,
        results: BTreeMap<String, Value>,
        printed: Vec<String>,
    ) -> Self {
        let times: Vec<i64> = history.events.iter().filter_map(time).collect();
        let first = times.first().copied().unwrap_or_default();
        let last = times.last().copied().unwrap_or_default();
        let begun = history.events.iter().filter_map(|event| match event {
            FlowEvent::Began { attempt, .. } => Some((attempt.step.clone(), attempt.phase)),
            _ => None,
        });
        JobHistory {
            end,
            begun: begun.collect(),
            journal: history.journal,
            results,
            printed,
            took: Duration::from_millis(u64::try_from(last - first).unwrap_or_default()),
        }
    }

    /// Returns the state in which the job ended: `succeeded`, `failed`, `reverted`, `cancelled`,
    /// `paused` or `stuck`.
    pub fn state(&self) -> &'static str {
        match self.end {
            FlowEnd::Succeeded => "succeeded",
            FlowEnd::Failed => "failed",
            FlowEnd::Reverted => "reverted",
            FlowEnd::Cancelled => "cancelled",
            FlowEnd::Paused => "paused",
            FlowEnd::Stuck { .. } => "stuck",
        }
    }

    /// Returns why: of a job that failed or was reverted the step and its failure, of a stuck one
    /// what a person has to look at.
    pub fn reason(&self) -> Option<String> {
        match &self.end {
            FlowEnd::Stuck { step, reason } if step.is_empty() => Some(reason.clone()),
            FlowEnd::Stuck { step, reason } => Some(format!("{step}: {reason}")),
            FlowEnd::Failed | FlowEnd::Reverted => {
                let mut failures = self.journal.iter().rev().filter(|entry| {
                    entry.phase == Phase::Execute && entry.outcome == EntryOutcome::Failed
                });
                let failure = failures.next()?;
                let error = failure.error.as_deref().unwrap_or_default();
                Some(format!("{}: {error}", failure.step))
            }
            FlowEnd::Succeeded | FlowEnd::Cancelled | FlowEnd::Paused => None,
        }
    }

    /// Returns what happened, a line each, as `job ID` has it in its journal, without times:
    /// `fetch: done`, `cdn: failed (try 2): it fails`, `fetch: reverted`.
    pub fn lines(&self) -> Vec<String> {
        self.journal.iter().map(line).collect()
    }

    /// Returns how often an execution of a step began, after crashes too.
    pub fn executions(&self, step: &str) -> usize {
        let begun = self.begun.iter();
        let is_it = |(begun, phase): &&(String, Phase)| begun == step && *phase == Phase::Execute;
        begun.filter(is_it).count()
    }

    /// Returns what a step gave, if it has a result at the end; a reverted one has none.
    ///
    /// # Panics
    ///
    /// When the result is of another type.
    #[track_caller]
    pub fn result_of<T: DeserializeOwned>(&self, step: &str) -> Option<T> {
        let value = self.results.get(step)?.clone();
        match serde_json::from_value(value) {
            Ok(result) => Some(result),
            Err(error) => panic!("the result of `{step}` is of another type: {error}"),
        }
    }

    /// Returns the lines of [progress](crate::jobs::StepContext::progress) that the steps have
    /// printed.
    pub fn printed(&self) -> &[String] {
        &self.printed
    }

    /// Returns how much virtual time passed from the first claim to the end: waits between tries,
    /// what steps [take](super::Job::takes), and the lease of a worker that died.
    pub fn took(&self) -> Duration {
        self.took
    }
}

impl fmt::Display for JobHistory {
    /// Prints a line for each thing that happened, and the state.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.lines() {
            writeln!(f, "{line}")?;
        }
        writeln!(f, "{}", self.state())
    }
}

fn time(event: &FlowEvent) -> Option<i64> {
    match event {
        FlowEvent::Claimed { at, .. }
        | FlowEvent::Began { at, .. }
        | FlowEvent::Crashed { at }
        | FlowEvent::GaveBack { at, .. }
        | FlowEvent::Rested { at, .. } => Some(*at),
        FlowEvent::Wrote(_) => None,
    }
}

fn line(entry: &JournalEntry) -> String {
    let what = what_happened(entry, Took::LeftOut);
    let mut line = match entry.step.as_str() {
        "" => what,
        step => format!("{step}: {what}"),
    };
    if let Some(error) = &entry.error {
        line.push_str(": ");
        line.push_str(error.lines().next().unwrap_or_default());
    }
    line
}
