//! A chain whose runs take no time, for whoever measures what its history costs. Its clock goes as it is told.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Writer, directory};
use crate::chain::ChainName;
use crate::event::{Event, RunId};
use crate::failure::{Outcome, Output};
use crate::process::clock;
use crate::settings::HistorySettings;
use crate::state::history::Stamp;
use crate::time::Moment;

/// A chain that only writes its history.
#[derive(Debug)]
pub struct Chain {
    writer: Writer,
    directory: PathBuf,
    tasks: usize,
    step: usize,
    now: Moment,
}

impl Chain {
    /// Makes one of one task.
    pub fn new(state_dir: &Path, max_bytes: u64) -> Self {
        Chain::of(
            state_dir,
            "measured",
            vec!["tasks::measured".to_owned()],
            max_bytes,
        )
    }

    /// Makes one of these tasks, that began a day ago.
    ///
    /// # Panics
    ///
    /// When no chain can be called so.
    pub fn of(state_dir: &Path, name: &str, labels: Vec<String>, max_bytes: u64) -> Self {
        const DAY: Duration = Duration::from_secs(86_400);
        let limits = HistorySettings {
            max_bytes,
            max_age: 365 * DAY,
        };
        let chain = ChainName::parse(name).expect("the measure knows what chains are called");
        let now = clock::now();
        let now = now.at(now.mono - DAY);
        let tasks = labels.len();
        let mut writer = Writer::new(state_dir, limits, &chain, labels, |outcome| {
            Some(outcome.failure()?.text())
        });
        writer.note(&Event::Started { at: now }, None);
        writer.commit();
        Chain {
            writer,
            directory: directory(state_dir, name),
            tasks,
            step: 0,
            now,
        }
    }

    /// Lets the next task succeed and print this, so long after the one before.
    pub fn succeed(&mut self, pause: Duration, output: &str) {
        self.now = self.now.at(self.now.mono + pause);
        let printed = (!output.is_empty()).then(|| Output {
            head: output.to_owned(),
            ..Output::default()
        });
        let ended = Event::RunEnded {
            step: self.step,
            run: RunId(Stamp::of(self.now.wall).0),
            started: self.now,
            at: self.now,
            outcome: &Outcome::Success,
        };
        self.writer.note(&ended, printed);
        self.writer.commit();
        self.step = (self.step + 1) % self.tasks;
    }

    /// Returns where its history is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}
