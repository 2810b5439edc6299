//! A chain that only writes its history, for benchmarks of what that costs, and of what reads a
//! past. Its clock goes as the caller sets it.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Stamp, Writer, directory_name};
use crate::chain::ChainName;
use crate::core::event::{Event, RunEnd, RunId};
use crate::core::failure::{Outcome, Output};
use crate::core::settings::HistorySettings;
use crate::core::time::Moment;
use crate::unix::clock;

const DAY: Duration = Duration::from_secs(86_400);

/// A chain that only writes its history.
#[derive(Debug)]
pub struct MeasuredChain {
    writer: Writer,
    directory: PathBuf,
    tasks: usize,
    step: usize,
    now: Moment,
    latest: Option<RunId>,
}

impl MeasuredChain {
    /// Creates the chain of one task.
    pub fn new(state_dir: &Path, max_bytes: u64) -> Self {
        MeasuredChain::of(
            state_dir,
            "measured",
            vec!["tasks::measured".to_owned()],
            max_bytes,
        )
    }

    /// Creates the chain of these tasks, which began a day ago.
    ///
    /// # Panics
    ///
    /// When no chain can be called so.
    pub fn of(state_dir: &Path, name: &str, labels: Vec<String>, max_bytes: u64) -> Self {
        MeasuredChain::begun(state_dir, name, labels, max_bytes, DAY)
    }

    /// Creates the chain of these tasks, which began so long ago. A failure whose kind is not set
    /// is of the kind of its text.
    ///
    /// # Panics
    ///
    /// When no chain can be called so.
    pub fn begun(
        state_dir: &Path,
        name: &str,
        labels: Vec<String>,
        max_bytes: u64,
        ago: Duration,
    ) -> Self {
        let limits = HistorySettings {
            max_bytes,
            max_age: 365 * DAY,
        };
        let chain = ChainName::parse(name).expect("the measure knows what chains are called");
        let now = clock::now();
        let now = now.at(now.mono - ago);
        let tasks = labels.len();
        let mut writer = Writer::new(state_dir, limits, &chain, labels, kind_of);
        writer.note(&Event::Started { at: now }, None);
        writer.commit();
        MeasuredChain {
            writer,
            directory: state_dir.join(directory_name(name)),
            tasks,
            step: 0,
            now,
            latest: None,
        }
    }

    /// Lets the next task succeed at once and print this, so long after the one before.
    pub fn succeed(&mut self, pause: Duration, output: &str) {
        let printed = (!output.is_empty()).then(|| Output {
            head: output.to_owned(),
            ..Output::default()
        });
        self.ended(pause, Duration::ZERO, &Outcome::Success, printed);
    }

    /// Lets the next task run for so long and end so, so long after the one before.
    pub fn run(&mut self, pause: Duration, took: Duration, outcome: &Outcome) {
        self.ended(pause, took, outcome, None);
    }

    /// Records a mail of this sort about the run before.
    pub fn mailed(&mut self, sort: &'static str, headline: &str) {
        let mailed = Event::Alerted {
            step: Some(self.former()),
            at: self.now,
            headline,
            run: self.latest,
            kind: None,
            sort,
        };
        self.note(&mailed, None);
    }

    /// Records why no mail is about the run before.
    pub fn silent(&mut self, why: &str) {
        let silent = Event::NotAlerted {
            step: self.former(),
            run: self.latest.unwrap_or(RunId(0)),
            at: self.now,
            kind: "",
            why,
        };
        self.note(&silent, None);
    }

    /// Returns the time of its clock.
    pub fn now(&self) -> SystemTime {
        self.now.wall
    }

    fn ended(
        &mut self,
        pause: Duration,
        took: Duration,
        outcome: &Outcome,
        printed: Option<Output>,
    ) {
        let started = self.now.at(self.now.mono + pause);
        self.now = started.at(started.mono + took);
        let run = RunId(Stamp::of(started.wall).0);
        self.latest = Some(run);
        let ended = Event::RunEnded(RunEnd {
            step: self.step,
            run,
            started,
            at: self.now,
            outcome,
        });
        self.step = (self.step + 1) % self.tasks;
        self.note(&ended, printed);
    }

    fn note(&mut self, event: &Event<'_>, printed: Option<Output>) {
        self.writer.note(event, printed);
        self.writer.commit();
    }

    /// Returns the place of the task that ran last.
    fn former(&self) -> usize {
        (self.step + self.tasks - 1) % self.tasks
    }

    /// Returns where its history is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

fn kind_of(outcome: &Outcome) -> Option<String> {
    let failure = outcome.failure()?;
    Some(failure.kind.clone().unwrap_or_else(|| failure.text()))
}
