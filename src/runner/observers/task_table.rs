//! What a runner knows of its tasks for people who ask: the table that SIGUSR1 puts into the log.

use std::time::Duration;

use crate::core::event::{Event, RunDeadlines, RunEnd, TaskIndex};
use crate::core::failure::Outcome;
use crate::core::time::{Moment, Mono, in_words};
use crate::status::overdue_run::OverdueRun;

/// What is known of each task, and what happens now.
#[derive(Debug)]
pub(crate) struct TaskTable {
    tasks: Vec<TableTask>,
    now: TaskActivity,
}

#[derive(Debug)]
struct TableTask {
    label: String,
    last: Option<TableRun>,
    succeeded: u64,
    failed: u64,
}

#[derive(Debug)]
struct TableRun {
    result: &'static str,
    /// Whether it came to its own end, and that is no failure.
    well: bool,
    at: Mono,
    took: Duration,
}

#[derive(Clone, Copy, Debug)]
enum TaskActivity {
    Between,
    Running { step: TaskIndex, since: Moment },
    Sleeping { next: TaskIndex, until: Mono },
}

impl TaskTable {
    /// Creates the table of tasks with these labels.
    pub(crate) fn new(labels: &[String]) -> Self {
        let task = |label: &String| TableTask {
            label: label.clone(),
            last: None,
            succeeded: 0,
            failed: 0,
        };
        TaskTable {
            tasks: labels.iter().map(task).collect(),
            now: TaskActivity::Between,
        }
    }

    /// Takes note of an event.
    pub(crate) fn note(&mut self, event: &Event<'_>) {
        match *event {
            Event::RunStarted { step, at, .. } => {
                self.now = TaskActivity::Running { step, since: at }
            }
            Event::Sleeping { next, until, .. } => {
                self.now = TaskActivity::Sleeping { next, until }
            }
            Event::RunEnded(end) => {
                self.now = TaskActivity::Between;
                self.tasks[end.step].note(&end);
            }
            _ => {}
        }
    }

    /// Returns whether the last run of each task has ended by itself, and not as a failure.
    pub(crate) fn all_have_ended_well(&self) -> bool {
        let well = |task: &TableTask| task.last.as_ref().is_some_and(|last| last.well);
        self.tasks.iter().all(well)
    }

    /// Returns the running task and when its run began.
    pub(crate) fn running(&self) -> Option<(TaskIndex, Moment)> {
        match self.now {
            TaskActivity::Running { step, since } => Some((step, since)),
            _ => None,
        }
    }

    /// Returns the table: a line for what happens now, one for each task, and one more for each
    /// that is muted, with these words. `limit` is that of the run that goes on.
    pub(crate) fn table(
        &self,
        now: Moment,
        muted: &[Option<String>],
        limit: Option<RunDeadlines>,
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
            TaskActivity::Between => "between two runs".to_owned(),
            TaskActivity::Running { step, since } => {
                format!(
                    "running {} for {}",
                    self.tasks[step].label,
                    in_words(now.mono.since(since.mono))
                )
            }
            TaskActivity::Sleeping { next, until } => {
                format!(
                    "sleeping: {} is next in {}",
                    self.tasks[next].label,
                    in_words(until.since(now.mono))
                )
            }
        }
    }
}

impl TaskTable {
    /// Returns the words about a run that goes on for too long.
    fn too_long(
        &self,
        now: Moment,
        muted: &[Option<String>],
        limit: Option<RunDeadlines>,
    ) -> Option<String> {
        let (step, since) = self.running()?;
        let late = OverdueRun::of(since.mono, limit?, now)?;
        let muted = muted.get(step).and_then(Option::as_ref).map(|_| "muted");
        Some(format!("{}  {}", self.tasks[step].label, late.words(muted)))
    }
}

impl TableTask {
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
        self.last = Some(TableRun {
            result,
            well,
            at: end.at.mono,
            took: end.took(),
        });
    }

    fn line(&self, now: Mono, width: usize) -> String {
        let TableTask {
            label,
            succeeded,
            failed,
            ..
        } = self;
        match &self.last {
            None => format!("{label:width$}  not run yet"),
            Some(TableRun {
                result, at, took, ..
            }) => format!(
                "{label:width$}  {result} {} ago, took {}; {succeeded} ok, {failed} failed since the start",
                in_words(now.since(*at)),
                in_words(*took),
            ),
        }
    }
}
