//! What a runner knows of its tasks for people who ask: the table that SIGUSR1 puts into the log.

use std::time::Duration;

use crate::cli::late::Late;
use crate::event::{Event, Limit, RunEnd, Step};
use crate::failure::Outcome;
use crate::time::{Moment, Mono, in_words};

/// What is known of each task, and what happens now.
#[derive(Debug)]
pub(super) struct Board {
    tasks: Vec<Task>,
    now: Now,
}

#[derive(Debug)]
struct Task {
    label: String,
    last: Option<Last>,
    succeeded: u64,
    failed: u64,
}

#[derive(Debug)]
struct Last {
    result: &'static str,
    /// Whether it came to its own end, and that is no failure.
    well: bool,
    at: Mono,
    took: Duration,
}

#[derive(Clone, Copy, Debug)]
enum Now {
    Between,
    Running { step: Step, since: Moment },
    Sleeping { next: Step, until: Mono },
}

impl Board {
    /// Makes one for tasks with these labels.
    pub(super) fn new(labels: &[String]) -> Self {
        let task = |label: &String| Task {
            label: label.clone(),
            last: None,
            succeeded: 0,
            failed: 0,
        };
        Board {
            tasks: labels.iter().map(task).collect(),
            now: Now::Between,
        }
    }

    /// Takes note of an event.
    pub(super) fn note(&mut self, event: &Event<'_>) {
        match *event {
            Event::RunStarted { step, at, .. } => self.now = Now::Running { step, since: at },
            Event::Sleeping { next, until, .. } => self.now = Now::Sleeping { next, until },
            Event::RunEnded(end) => {
                self.now = Now::Between;
                self.tasks[end.step].note(&end);
            }
            _ => {}
        }
    }

    /// Returns whether the last run of each task has ended by itself, and not as a failure.
    pub(super) fn all_have_ended_well(&self) -> bool {
        let well = |task: &Task| task.last.as_ref().is_some_and(|last| last.well);
        self.tasks.iter().all(well)
    }

    /// Returns the running task and when its run began.
    pub(super) fn running(&self) -> Option<(Step, Moment)> {
        match self.now {
            Now::Running { step, since } => Some((step, since)),
            _ => None,
        }
    }

    /// Returns the table: a line for what happens now, one for each task, and one more for each that is muted, with these words.
    /// `limit` is that of the run that goes on.
    pub(super) fn table(
        &self,
        now: Moment,
        muted: &[Option<String>],
        limit: Option<Limit>,
    ) -> Vec<String> {
        let width = self
            .tasks
            .iter()
            .map(|task| task.label.len())
            .max()
            .unwrap_or(0);
        let mut lines = vec![self.what_happens(now)];
        lines.extend(self.too_long(now, muted, limit));
        for (step, task) in self.tasks.iter().enumerate() {
            lines.push(task.line(now.mono, width));
            let muted = muted.get(step).and_then(Option::as_ref);
            lines.extend(muted.map(|words| format!("{:width$}  {words}", task.label)));
        }
        lines
    }

    fn what_happens(&self, now: Moment) -> String {
        match self.now {
            Now::Between => "between two runs".to_owned(),
            Now::Running { step, since } => {
                format!(
                    "running {} for {}",
                    self.tasks[step].label,
                    in_words(now.mono.since(since.mono))
                )
            }
            Now::Sleeping { next, until } => {
                format!(
                    "sleeping: {} is next in {}",
                    self.tasks[next].label,
                    in_words(until.since(now.mono))
                )
            }
        }
    }
}

impl Board {
    /// Says that the run goes on for too long, if it does.
    fn too_long(
        &self,
        now: Moment,
        muted: &[Option<String>],
        limit: Option<Limit>,
    ) -> Option<String> {
        let (step, since) = self.running()?;
        let late = Late::of(since.mono, limit?, now)?;
        let muted = muted.get(step).and_then(Option::as_ref).map(|_| "muted");
        Some(format!("{}  {}", self.tasks[step].label, late.words(muted)))
    }
}

impl Task {
    fn note(&mut self, end: &RunEnd<'_>) {
        let outcome = end.outcome;
        let result = match outcome {
            Outcome::Success => "ok",
            Outcome::RetryLater { .. } => "to be tried again",
            Outcome::Failure(_) | Outcome::Fatal(_) => "failed",
            Outcome::Interrupted { .. } => "interrupted",
        };
        self.succeeded += u64::from(matches!(outcome, Outcome::Success));
        self.failed += u64::from(outcome.failure().is_some());
        let well = matches!(outcome, Outcome::Success | Outcome::RetryLater { .. });
        self.last = Some(Last {
            result,
            well,
            at: end.at.mono,
            took: end.took(),
        });
    }

    fn line(&self, now: Mono, width: usize) -> String {
        let Task {
            label,
            succeeded,
            failed,
            ..
        } = self;
        match &self.last {
            None => format!("{label:width$}  not run yet"),
            Some(Last {
                result, at, took, ..
            }) => format!(
                "{label:width$}  {result} {} ago, took {}; {succeeded} ok, {failed} failed since the start",
                in_words(now.since(*at)),
                in_words(*took),
            ),
        }
    }
}

/// Returns what the tasks of a chain are called on the screen: their names, with `#2` for the second place of one that is named twice.
pub(crate) fn labels<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut seen: Vec<&str> = Vec::new();
    let mut label = |name: &'a str| {
        seen.push(name);
        match seen.iter().filter(|other| **other == name).count() {
            1 => name.to_owned(),
            place => format!("{name}#{place}"),
        }
    };
    names.into_iter().map(&mut label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_named_twice_has_two_labels() {
        assert_eq!(labels(["a::b", "c::d", "a::b"]), ["a::b", "c::d", "a::b#2"]);
    }
}
