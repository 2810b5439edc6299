//! The writer: from events to lines. It never fails and never waits for more than the page cache takes.
//!
//! A healthy chain may run a million times a second; successes that come faster than ten in a second are counted in memory, and
//! told in one line.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::files::{Files, Room, Trouble};
use crate::chain::ChainName;
use crate::event::{Event, RunEnd, StopReason};
use crate::failure::{Outcome, Output};
use crate::process::boot;
use crate::settings::HistorySettings;
use crate::state::history::{Began, Mailed, Record, Result, Run, Runs, Silent, Stamp, Summary};
use crate::time::{Moment, Mono};

mod tally;
mod text;

use tally::{Taken, Tally};

/// Runs that come faster than this are counted together …
const QUICK: Duration = Duration::from_millis(100);
/// … and told once in this time.
const TOGETHER: Duration = Duration::from_secs(10);
/// After how many bytes of lines a summary is worth its place, and how much more than itself that is.
const SUMMARY_EVERY: usize = 16 << 10;
const SUMMARY_SHARE: usize = 4;
/// How long a disk that refused is left alone.
const PATIENCE: Duration = Duration::from_secs(60);
/// Which part of all one output may be: half of a file.
const OUTPUT_SHARE: u64 = 16;

/// Writes the history of a chain.
#[derive(Debug)]
pub(crate) struct Writer {
    path: PathBuf,
    limits: HistorySettings,
    kind_of: fn(&Outcome) -> Option<String>,
    tasks: Vec<Task>,
    /// How many tasks have runs that are counted and not told.
    counting: usize,
    summary: Summary,
    /// How many bytes were written since the last summary, and how long that was.
    since_summary: usize,
    summary_length: usize,
    files: Option<Files>,
    /// Lines that belong together, written at once.
    lines: Vec<u8>,
    /// The time of the latest line.
    latest: Mono,
    /// When a disk that refused is tried again.
    again: Mono,
    /// Whether the disk refuses: that is told once.
    is_troubled: bool,
}

#[derive(Debug)]
struct Task {
    label: String,
    tally: Tally,
}

impl Writer {
    /// Makes the writer of a chain of tasks with these labels. Nothing is opened yet.
    pub(crate) fn new(
        state_dir: &Path,
        limits: HistorySettings,
        chain: &ChainName,
        labels: Vec<String>,
        kind_of: fn(&Outcome) -> Option<String>,
    ) -> Self {
        let task = |label| Task {
            label,
            tally: Tally::default(),
        };
        Writer {
            path: super::directory(state_dir, chain.as_str()),
            limits,
            kind_of,
            tasks: labels.into_iter().map(task).collect(),
            counting: 0,
            summary: Summary::default(),
            since_summary: 0,
            summary_length: 0,
            files: None,
            lines: Vec::new(),
            latest: Mono::LONG_AGO,
            again: Mono::LONG_AGO,
            is_troubled: false,
        }
    }

    /// Takes note of an event, whose secrets are removed. `printed` is what a run printed that did not fail. The lines are written by
    /// [`Writer::commit`].
    pub(crate) fn note(&mut self, event: &Event<'_>, printed: Option<Output>) {
        match *event {
            Event::RunStarted { .. } | Event::Woken | Event::Mute { .. } => {}
            Event::RunEnded(end) => self.ended(&end, printed),
            Event::Sleeping { at, until, .. } if self.counting > 0 => {
                // A pause that is worth a line ends the counting: whoever looks then must see how things stand.
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
            program: env!("CARGO_PKG_VERSION").to_owned(),
            tasks: self.tasks.iter().map(|task| task.label.clone()).collect(),
            boot: boot::short(&boot::id()),
        };
        self.add(&Record::Began(began), at);
    }

    fn ended(&mut self, end: &RunEnd<'_>, printed: Option<Output>) {
        let result = result_of(end.outcome);
        let tally = &mut self.tasks[end.step].tally;
        match tally.take(result, end.started, end.at) {
            Taken::First => self.counting += 1,
            Taken::Counted => {}
            Taken::Enough => self.tell_counted(end.at),
            Taken::Not => {
                self.tell_counted(end.at);
                self.one(end, result, printed);
            }
        }
    }

    fn one(&mut self, end: &RunEnd<'_>, result: Result, printed: Option<Output>) {
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
        let run = Run {
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
                let runs = Runs {
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
        if self.files.as_ref().is_some_and(Files::are_gone) {
            self.files = None;
        }
        let at = Stamp::of(now.wall);
        if self.files.is_none() {
            let opened = Files::open(&self.path, self.limits, at);
            let Some((files, room)) = self.settle(opened, now.mono) else {
                return;
            };
            self.files = Some(files);
            self.opened(room, now);
        }
        if let Some(files) = &mut self.files {
            let room = files.make_room(bytes + A_FEW_LINES, at);
            if let Some(Room::New) = self.settle(room, now.mono) {
                self.head(now);
            }
        }
    }

    /// Goes on where the former runner ended, unless we know more.
    fn opened(&mut self, room: Room, now: Moment) {
        let knows_more = self.summary != Summary::default();
        if !knows_more && let Some(shelf) = super::Shelf::at(&self.path) {
            self.summary = shelf.summary();
        }
        match room {
            Room::New => self.head(now),
            // Of what came while the disk refused there are no lines, but what they come to is not lost.
            Room::Here if knows_more => self.summarise(),
            Room::Here => {}
        }
    }

    /// Returns what all lines so far come to.
    pub(crate) fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Whoever reads the newest file alone must know how things stand.
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

    /// Returns what was achieved. Says once that the disk refuses, and once that it does no more.
    fn settle<T>(&mut self, tried: core::result::Result<T, Trouble>, now: Mono) -> Option<T> {
        match tried {
            Ok(done) => {
                if self.is_troubled {
                    log::info!("The history of runs can be written again");
                    self.is_troubled = false;
                }
                Some(done)
            }
            Err(why) => {
                if !self.is_troubled {
                    let path = self.path.display();
                    log::error!(
                        "the history of runs cannot be written to `{path}`: {why}; going on without it"
                    );
                    self.is_troubled = true;
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

fn result_of(outcome: &Outcome) -> Result {
    match outcome {
        Outcome::Success => Result::Ok,
        Outcome::RetryLater { .. } => Result::Later,
        Outcome::Failure(_) => Result::Failed,
        Outcome::Fatal(_) => Result::Fatal,
        Outcome::Interrupted { .. } => Result::Interrupted,
    }
}
