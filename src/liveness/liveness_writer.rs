//! Writes the record of a chain, in a thread that is there from the start: one that was made when
//! memory is short might end the runner.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::core::event::{Event, RunEnd};
use crate::core::failure::Outcome;
use crate::core::settings::{LivenessSettings, Settings};
use crate::core::time::Mono;
use crate::lock::{LockError, StoredValue};
use crate::unix::clock;
use crate::unix::trusted_paths::PrivateDir;

use super::liveness_record::LivenessRecord;
use super::record_places;

/// What a call to a server takes on the stack, TLS and the time zone included.
const STACK_BYTES: usize = 1 << 20;
/// How long a record that did not reach the server rests before it is tried again, at first and at
/// most.
const PAUSES: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(120)];

/// Writes the last success of a chain to all places.
#[derive(Debug)]
pub(crate) struct LivenessWriter {
    labels: Vec<String>,
    shared: Arc<WriterShared>,
}

#[derive(Debug)]
struct WriterShared {
    chain: String,
    host: String,
    state_dir: PathBuf,
    settings: LivenessSettings,
    work: Mutex<RecordWork>,
    /// Notified when there is something to write, and when all is written.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct RecordWork {
    /// What was last to be written, until a thread has begun with it.
    latest: Option<LivenessRecord>,
    has_thread: bool,
    is_busy: bool,
}

impl LivenessWriter {
    /// Creates the writer of a chain of tasks with these labels. Its thread begins with the first
    /// success; where none can be had, that is tried again with each success.
    pub(crate) fn of(chain: &str, host: &str, labels: Vec<String>, settings: &Settings) -> Self {
        LivenessWriter {
            labels,
            shared: Arc::new(WriterShared {
                chain: chain.to_owned(),
                host: host.to_owned(),
                state_dir: settings.state_dir.clone(),
                settings: settings.liveness.clone(),
                work: Mutex::default(),
                changed: Condvar::new(),
            }),
        }
    }

    /// Takes note of an event: after a success, the record is to be written. Of several that wait,
    /// only the last one is.
    pub(crate) fn note(&self, event: &Event<'_>) {
        let Event::RunEnded(end) = event else { return };
        if !matches!(end.outcome, Outcome::Success) {
            return;
        }
        let record = self.record(end);
        let mut work = self.shared.work();
        work.latest = Some(record);
        if !work.has_thread {
            self.start_thread(&mut work);
        }
        self.shared.changed.notify_all();
    }

    fn record(&self, end: &RunEnd<'_>) -> LivenessRecord {
        let shared = &self.shared;
        let label = self.labels.get(end.step).map_or("", String::as_str);
        let run = end.run.to_string();
        let local = clock::local_time(end.at.wall, "%Y-%m-%d %H:%M:%S %z");
        let names = [&shared.chain, label, &run, &shared.host];
        LivenessRecord::new(names, end.at.wall, local)
    }

    /// Waits until all is written, but not after `until`.
    pub(crate) fn finish(&self, until: Mono) {
        let left = until.since(clock::mono());
        let work = self.shared.work();
        drop(self.shared.changed.wait_timeout_while(work, left, |work| {
            work.has_thread && (work.is_busy || work.latest.is_some())
        }));
    }

    fn start_thread(&self, work: &mut RecordWork) {
        let shared = Arc::clone(&self.shared);
        let thread = thread::Builder::new()
            .name("liveness".to_owned())
            .stack_size(STACK_BYTES);
        match thread.spawn(move || shared.serve()) {
            Ok(_) => work.has_thread = true,
            Err(error) => log::error!("No success is recorded: no thread can be started: {error}"),
        }
    }
}

impl WriterShared {
    fn work(&self) -> MutexGuard<'_, RecordWork> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread.
    fn serve(&self) -> ! {
        let mut places = RecordWriting::default();
        loop {
            let mut work = self.work();
            work.is_busy = false;
            self.changed.notify_all();
            while work.latest.is_none() && !places.is_due(clock::mono()) {
                work = match places.again {
                    Some(again) => {
                        let wait = self.changed.wait_timeout(work, again.since(clock::mono()));
                        wait.unwrap_or_else(PoisonError::into_inner).0
                    }
                    None => {
                        let wait = self.changed.wait(work);
                        wait.unwrap_or_else(PoisonError::into_inner)
                    }
                };
            }
            let record = work.latest.take();
            work.is_busy = true;
            drop(work);
            let written = catch_unwind(AssertUnwindSafe(|| self.write(&mut places, record)));
            if written.is_err() {
                log::error!("The record of a success was not written: a defect of this program");
                places = RecordWriting::default();
            }
        }
    }

    fn write(&self, places: &mut RecordWriting, record: Option<LivenessRecord>) {
        if let Some(record) = record {
            let text = record.to_text();
            places.note_file(self.write_file(&text));
            places.unsent = self.settings.server.is_some().then_some(text);
        }
        if places.unsent.is_some() {
            places.send(&self.settings, &self.chain);
        }
    }

    fn write_file(&self, text: &str) -> io::Result<()> {
        let state_dir = PrivateDir::open_existing(&self.state_dir).map_err(io::Error::other)?;
        let state_dir = state_dir.ok_or(io::ErrorKind::NotFound)?;
        state_dir.replace(&record_places::file_name(&self.chain), text.as_bytes())
    }
}

/// What the thread knows of the places from one record to the next.
#[derive(Default)]
struct RecordWriting {
    server: Option<Box<dyn StoredValue>>,
    /// What the server does not have yet.
    unsent: Option<String>,
    /// When that is tried again.
    again: Option<Mono>,
    failed: u32,
    file_fails: bool,
}

impl RecordWriting {
    fn is_due(&self, now: Mono) -> bool {
        self.again.is_some_and(|again| again <= now)
    }

    /// Logs once that the file cannot be written, and once that it can again.
    fn note_file(&mut self, written: io::Result<()>) {
        match &written {
            Err(error) if !self.file_fails => log::error!(
                "the record of the last success cannot be written to STATE_DIR: {error}; going on without it"
            ),
            Ok(()) if self.file_fails => {
                log::info!("The record of the last success can be written again");
            }
            _ => {}
        }
        self.file_fails = written.is_err();
    }

    fn send(&mut self, settings: &LivenessSettings, chain: &str) {
        let Some(text) = self.unsent.take() else {
            return;
        };
        match self.try_to_send(settings, chain, &text) {
            Ok(()) => {
                if self.failed > 0 {
                    log::info!("The record of the last success reaches its server again");
                }
                (self.failed, self.again) = (0, None);
            }
            Err(error) => {
                if self.failed == 0 {
                    log::warn!(
                        "The record of the last success does not reach its server: {error}; it is tried again, and the chain goes on"
                    );
                }
                let [first, most] = PAUSES;
                let pause = first.saturating_mul(1 << self.failed.min(16)).min(most);
                self.failed += 1;
                self.again = Some(clock::mono() + pause);
                self.unsent = Some(text);
            }
        }
    }

    fn try_to_send(
        &mut self,
        settings: &LivenessSettings,
        chain: &str,
        text: &str,
    ) -> Result<(), LockError> {
        if self.server.is_none() {
            self.server = record_places::open(settings, chain)?;
        }
        match &mut self.server {
            Some(server) => server.store(text),
            None => Ok(()),
        }
    }
}
