//! The writer: from events to lines. It never fails and never waits for more than the page cache
//! takes.
//!
//! A healthy chain may run a million times a second; successes that come faster than ten in a
//! second are counted in memory, and written in one line.

use std::time::Duration;

use super::directory::directory_name;
use super::files::{HistoryFiles, Room, WriteFailure};
use super::history_reader::HistoryReader;
use super::record::{Mailed, Record, RecordedRun, RecordedRuns, Silent};
use super::summary::ChainSummary;
use super::values::{Began, RunResult, Stamp};
use crate::chain::ChainName;
use crate::core::event::{Event, RunEnd, StopReason};
use crate::core::failure::{Outcome, Output};
use crate::core::settings::HistorySettings;
use crate::core::time::{Moment, Mono};
use crate::unix::boot;
use crate::unix::own_program;
use crate::unix::trusted_paths::StateDir;

mod tally;
mod text;

use tally::{Counting, QUICK, QuickRuns};

/// After how many bytes of lines a summary is worth its place, and how much more than itself that
/// is.
const SUMMARY_EVERY: usize = 16 << 10;
const SUMMARY_SHARE: usize = 4;
/// How long a disk that refused is left alone.
const PATIENCE: Duration = Duration::from_secs(60);
/// Which part of all one output may be: half of a file.
const OUTPUT_SHARE: u64 = 16;

/// Writes the history of a chain.
#[derive(Debug)]
pub(crate) struct Writer {
    state_dir: StateDir,
    /// The name of its directory in there.
    name: String,
    limits: HistorySettings,
    kind_of: fn(&Outcome) -> Option<String>,
    tasks: Vec<TaskCounter>,
    /// How many tasks have runs that are counted and not written.
    counting: usize,
    summary: ChainSummary,
    /// How many bytes were written since the last summary, and how long that was.
    since_summary: usize,
    summary_length: usize,
    files: Option<HistoryFiles>,
    /// Lines that belong together, written at once.
    lines: Vec<u8>,
    /// The time of the latest line.
    latest: Mono,
    /// When a disk that refused is tried again.
    again: Mono,
    /// Since when the disk refuses, if it does: that is logged once.
    troubled: Option<Mono>,
}

#[derive(Debug)]
struct TaskCounter {
    label: String,
    tally: QuickRuns,
}

impl Writer {
    /// Makes the writer of a chain of tasks with these labels. Nothing is opened yet.
    pub(crate) fn new(
        state_dir: impl Into<StateDir>,
        limits: HistorySettings,
        chain: &ChainName,
        labels: Vec<String>,
        kind_of: fn(&Outcome) -> Option<String>,
    ) -> Self {
        let task = |label| TaskCounter {
            label,
            tally: QuickRuns::default(),
        };
        Writer {
            state_dir: state_dir.into(),
            name: directory_name(chain.as_str()),
            limits,
            kind_of,
            tasks: labels.into_iter().map(task).collect(),
            counting: 0,
            summary: ChainSummary::default(),
            since_summary: 0,
            summary_length: 0,
            files: None,
            lines: Vec::new(),
            latest: Mono::LONG_AGO,
            again: Mono::LONG_AGO,
            troubled: None,
        }
    }

    /// Takes note of an event, whose secrets are removed. `printed` is what a run printed that did
    /// not fail. The lines are written by [`Writer::commit`].
    pub(crate) fn note(&mut self, event: &Event<'_>, printed: Option<Output>) {
        match *event {
            Event::RunStarted { .. } | Event::Woken | Event::Mute { .. } => {}
            Event::RunEnded(end) => self.ended(&end, printed),
            Event::Sleeping { at, until, .. } if self.counting > 0 => {
                // A pause that is worth a line ends the counting: a reader must see then how
                // things stand.
                if until.since(at.mono) >= QUICK {
                    self.tell_counted(at);
                }
            }
            Event::Sleeping { .. } => {}
            Event::Started { at } => self.began(at),
            Event::StopAsked { at, .. } => self.tell_counted(at),
            Event::Stopped { at, reason } => {
                self.tell_counted(at);
                let why = self.reason(reason);
                let ended = Record::Ended {
                    at: Stamp::of(at.wall),
                    why,
                };
                self.add(&ended, at);
            }
            Event::Alerted { .. } | Event::NotAlerted { .. } => self.judged(event),
        }
    }

    fn judged(&mut self, event: &Event<'_>) {
        match *event {
            Event::Alerted {
                step,
                at,
                headline,
                run,
                sort,
                ..
            } => {
                let mailed = Mailed {
                    at: Stamp::of(at.wall),
                    task: step.map(|step| self.tasks[step].label.clone()),
                    run,
                    sort: sort.to_owned(),
                    headline: text::line(headline),
                };
                self.add(&Record::Mailed(mailed), at);
            }
            Event::NotAlerted { run, at, why, .. } => {
                let why = why.to_owned();
                self.add(&Record::Silent(Silent { run, why }), at);
            }
            _ => {}
        }
    }

    /// Writes the lines of what was noted since the last time.
    pub(crate) fn commit(&mut self) {
        if self.lines.is_empty() {
            return;
        }
        self.since_summary += self.lines.len();
        if self.since_summary >= SUMMARY_EVERY.max(SUMMARY_SHARE * self.summary_length) {
            self.summarise();
        }
        let lines = std::mem::take(&mut self.lines);
        if let Some(files) = &mut self.files {
            let written = files.append(&lines);
            self.settle(written, self.latest);
        }
        self.lines = lines;
        self.lines.clear();
    }

    fn began(&mut self, at: Moment) {
        let began = Began {
            at: Stamp::of(at.wall),
            pid: std::process::id(),
            program: own_program::version().to_owned(),
            tasks: self.tasks.iter().map(|task| task.label.clone()).collect(),
            boot: boot::short(&boot::id()),
        };
        self.add(&Record::Began(began), at);
    }

    fn ended(&mut self, end: &RunEnd<'_>, printed: Option<Output>) {
        let result = result_of(end.outcome);
        let tally = &mut self.tasks[end.step].tally;
        match tally.take(result, end.started, end.at) {
            Counting::First => self.counting += 1,
            Counting::Counted => {}
            Counting::Enough => self.tell_counted(end.at),
            Counting::Not => {
                self.tell_counted(end.at);
                self.one(end, result, printed);
            }
        }
    }

    fn one(&mut self, end: &RunEnd<'_>, result: RunResult, printed: Option<Output>) {
        let failure = end.outcome.failure();
        let output = failure.and_then(|failure| failure.output.as_ref());
        let output = output.or(printed.as_ref());
        let output = output.filter(|output| !output.head.is_empty());
        let output =
            output.map(|output| text::bounded(output, self.limits.max_bytes / OUTPUT_SHARE));
        let length = |output: &Output| (output.head.len() + output.tail.len()) as u64;
        self.prepare(end.at, output.as_ref().map_or(0, length));
        let place = output.and_then(|output| {
            let kept = self.files.as_mut()?.append_output(&output);
            self.settle(kept, end.at.mono)
        });
        let run = RecordedRun {
            id: end.run,
            task: self.tasks[end.step].label.clone(),
            at: Stamp::of(end.started.wall),
            took: end.took(),
            result,
            kind: (self.kind_of)(end.outcome),
            text: text::of(end.outcome),
            details: failure.map(text::details).unwrap_or_default(),
            output: place,
        };
        self.push(&Record::Run(Box::new(run)));
    }

    fn tell_counted(&mut self, now: Moment) {
        if self.counting == 0 {
            return;
        }
        self.counting = 0;
        for step in 0..self.tasks.len() {
            if let Some(counted) = self.tasks[step].tally.empty() {
                let runs = RecordedRuns {
                    task: self.tasks[step].label.clone(),
                    at: Stamp::of(counted.first.wall),
                    until: Stamp::of(counted.last.wall),
                    count: counted.count,
                    took: counted.took,
                    longest: counted.longest,
                    result: counted.result,
                    spread: counted.spread,
                };
                self.add(&Record::Runs(runs), now);
            }
        }
    }

    fn add(&mut self, record: &Record, now: Moment) {
        self.prepare(now, 0);
        self.push(record);
    }

    fn push(&mut self, record: &Record) {
        self.summary.add(record);
        if self.files.is_some() {
            record.write_to(&mut self.lines);
        }
    }

    /// Opens what is not open, and makes room. Lines that belong together stay together.
    fn prepare(&mut self, now: Moment, bytes: u64) {
        const A_FEW_LINES: u64 = 4096;
        self.latest = now.mono;
        if !self.lines.is_empty() || now.mono < self.again {
            return;
        }
        if self.files.as_ref().is_some_and(HistoryFiles::are_gone) {
            self.files = None;
        }
        if self.files.is_none() {
            let opened = HistoryFiles::open(&self.state_dir, &self.name, self.limits, now);
            let Some((files, room)) = self.settle(opened, now.mono) else {
                return;
            };
            self.files = Some(files);
            self.opened(room, now);
        }
        if let Some(files) = &mut self.files {
            let room = files.make_room(bytes + A_FEW_LINES, now);
            if let Some(Room::New) = self.settle(room, now.mono) {
                self.head(now);
            }
        }
    }

    /// Goes on where the former runner ended, unless we know more.
    fn opened(&mut self, room: Room, now: Moment) {
        let knows_more = self.summary != ChainSummary::default();
        if !knows_more && let Some(files) = &self.files {
            self.summary = HistoryReader::of(files.directory()).summary();
        }
        match room {
            Room::New => self.head(now),
            // Of what came while the disk refused there are no lines, but what they come to is not
            // lost.
            Room::Here if knows_more => self.summarise(),
            Room::Here => {}
        }
    }

    /// Returns since when the disk refuses, if it does.
    pub(crate) fn troubled_since(&self) -> Option<Mono> {
        self.troubled
    }

    /// Returns what all lines so far come to.
    pub(crate) fn summary(&self) -> &ChainSummary {
        &self.summary
    }

    /// A reader of the newest file alone must know how things stand.
    fn head(&mut self, now: Moment) {
        self.summarise();
        let lines = std::mem::take(&mut self.lines);
        if let Some(files) = &mut self.files {
            let written = files.append_head(&lines);
            self.settle(written, now.mono);
        }
    }

    fn summarise(&mut self) {
        let before = self.lines.len();
        Record::Summary(self.summary.clone()).write_to(&mut self.lines);
        (self.since_summary, self.summary_length) = (0, self.lines.len() - before);
    }

    /// Returns what was achieved. Logs once that the disk refuses, and once that it does no more.
    fn settle<T>(&mut self, tried: core::result::Result<T, WriteFailure>, now: Mono) -> Option<T> {
        match tried {
            Ok(done) => {
                if self.troubled.take().is_some() {
                    log::info!("The history of runs can be written again");
                }
                Some(done)
            }
            Err(why) => {
                if self.troubled.is_none() {
                    let path = self.state_dir.path().join(&self.name);
                    let path = path.display();
                    log::error!(
                        "the history of runs cannot be written to `{path}`: {why}; going on without it"
                    );
                    self.troubled = Some(now);
                }
                self.files = None;
                self.again = now + PATIENCE;
                None
            }
        }
    }

    fn reason(&self, reason: &StopReason) -> String {
        match reason {
            StopReason::Asked { signal } => (*signal).to_owned(),
            StopReason::Replaced => "replaced by a newcomer".to_owned(),
            StopReason::Fatal { step } => format!("{} asked for it", self.tasks[*step].label),
            StopReason::Quit => "SIGQUIT".to_owned(),
            StopReason::Done => "all was done".to_owned(),
            StopReason::Lost(why) | StopReason::Defect(why) => text::line(why),
        }
    }
}

fn result_of(outcome: &Outcome) -> RunResult {
    match outcome {
        Outcome::Success => RunResult::Ok,
        Outcome::RetryLater { .. } => RunResult::Later,
        Outcome::Failure(_) => RunResult::Failed,
        Outcome::Fatal(_) => RunResult::Fatal,
        Outcome::Interrupted { .. } => RunResult::Interrupted,
    }
}
