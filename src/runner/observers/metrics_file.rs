//! The page of a chain for the node exporter, as its runner writes it: when the runner begins and
//! ends, and after runs, but not after each of many.
//!
//! A disk that hangs must hold up neither the chain nor the watcher, so a thread writes it, which
//! is there only while it does.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::super::request::RunRequest;
use crate::alert::memory::AlertMemory;
use crate::core::event::{Event, TaskIndex};
use crate::core::time::{Moment, Mono};
use crate::history::{ChainSummary, TaskSummary};
use crate::metrics::{AlertMetrics, RunnerMetrics};
use crate::mute::account::MuteAccount;
use crate::status::memory_label;
use crate::status::ongoing_outage::down_since;
use crate::unix::own_program;

pub(crate) use metrics_file_writer::MetricsFileWriter;
use metrics_file_writer::MetricsSnapshot;

/// How much time passes between two pages, unless the chain comes to rest earlier.
const PAUSE: Duration = Duration::from_secs(10);
/// How much later than planned a run may begin and a page be there, on a machine that is busy.
const MARGIN: Duration = Duration::from_secs(60);

/// Decides when the page is written, and what is in it.
#[derive(Debug)]
pub(crate) struct MetricsFile {
    writer: Arc<MetricsFileWriter>,
    /// How long a run of each task can take; `None`: for ever.
    limits: Vec<Option<Duration>>,
    began: Option<SystemTime>,
    is_up: bool,
    next_run: Option<SystemTime>,
    page_due: Option<SystemTime>,
    /// When the page was last written.
    written: Mono,
    /// Whether a run has ended since.
    has_news: bool,
    /// When the page is to be written without an event.
    due: Mono,
}

impl MetricsFile {
    /// Makes that of a chain whose configuration asks for one. `first` is when which run begins, if
    /// that is not at once.
    pub(crate) fn of(
        order: &RunRequest<'_>,
        first: Option<(TaskIndex, Mono)>,
        now: Moment,
    ) -> Option<Self> {
        let settings = &order.loaded.settings;
        let path = settings.metrics.textfile_of(order.name.as_str())?;
        let writer =
            MetricsFileWriter::new(path, order.name.to_string(), settings.state_dir.clone());
        let limits = order.tasks.iter();
        let limits =
            limits.map(|task| Some(task.settings.timeout? + task.settings.child.kill_grace));
        let mut metrics_file = MetricsFile::new(writer, limits.collect());
        metrics_file.writer.start();
        let (step, due) = first.unwrap_or((0, now.mono));
        metrics_file.expect(step, due, now);
        Some(metrics_file)
    }

    fn new(writer: MetricsFileWriter, limits: Vec<Option<Duration>>) -> Self {
        MetricsFile {
            writer: Arc::new(writer),
            limits,
            began: None,
            is_up: false,
            next_run: None,
            page_due: None,
            written: Mono::LONG_AGO,
            has_news: false,
            due: Mono::NEVER,
        }
    }

    /// Returns who writes it.
    pub(crate) fn writer(&self) -> Arc<MetricsFileWriter> {
        Arc::clone(&self.writer)
    }

    /// Takes note of an event. Returns whether the page is to be written now.
    pub(crate) fn note(&mut self, event: &Event<'_>) -> bool {
        match *event {
            Event::Started { at } => {
                self.began = Some(at.wall);
                self.is_up = true;
                true
            }
            Event::RunStarted { at, .. } => {
                self.next_run = None;
                if self.has_news {
                    self.want(at.mono);
                }
                false
            }
            Event::RunEnded(_) => {
                self.has_news = true;
                false
            }
            Event::Sleeping {
                next, at, until, ..
            } => {
                self.expect(next, until, at);
                let rests = until.since(at.mono) >= PAUSE || self.may_be_written(at.mono);
                if !rests {
                    self.want(at.mono);
                }
                rests
            }
            Event::Stopped { .. } => {
                self.is_up = false;
                (self.next_run, self.page_due) = (None, None);
                true
            }
            _ => false,
        }
    }

    /// Has the page written soon: something has happened without a run.
    pub(crate) fn want(&mut self, now: Mono) {
        if self.is_up {
            self.due = self.due.min(now.max(self.written + PAUSE));
        }
    }

    /// Returns when the page is to be written without an event.
    pub(crate) fn due(&self) -> Mono {
        self.due
    }

    /// Has the page written.
    pub(crate) fn write(&mut self, summary: &ChainSummary, memory: &AlertMemory, now: Mono) {
        let alerts = |past: &TaskSummary| {
            let mut memories = memory.tasks().iter();
            let memory = memories.find(|memory| memory_label::label_of(memory) == past.task);
            let account = memory.and_then(|memory| memory.muted.as_ref());
            let holding = account.filter(|account| !account.over);
            AlertMetrics {
                down_since: down_since(past, memory),
                muted_until: holding.map(|account| account.until),
                muted_mails: account.map_or(0, MuteAccount::total),
            }
        };
        self.writer.write(MetricsSnapshot {
            runner: self.is_up.then(|| RunnerMetrics {
                version: Some(own_program::version().to_owned()),
                began: self.began,
                next_run: self.next_run,
            }),
            page_due: self.page_due,
            summary: summary.clone(),
            alerts: summary.tasks.iter().map(alerts).collect(),
            held_back: memory.held_back(),
        });
        self.written = now;
        self.has_news = false;
        self.due = Mono::NEVER;
    }

    fn may_be_written(&self, now: Mono) -> bool {
        self.written + PAUSE <= now
    }

    /// The next page comes at the end of that run at the latest.
    fn expect(&mut self, next: TaskIndex, until: Mono, now: Moment) {
        let begins = now.at(until.max(now.mono)).wall;
        self.next_run = Some(begins);
        let limit = self.limits.get(next).copied().flatten();
        self.page_due = limit.and_then(|limit| begins.checked_add(limit.saturating_add(MARGIN)));
    }
}

pub(crate) mod metrics_file_writer;
#[cfg(test)]
#[path = "metrics_file_tests.rs"]
mod tests;
