//! Writes the page. What is said of the outbox is what is there at that moment: mails leave between
//! two runs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use std::{io, thread};

use crate::alert::alert_kind::AlertKind;
use crate::core::time::Mono;
use crate::history::ChainSummary;
use crate::mail::outbox;
use crate::metrics;
use crate::metrics::{AlertMetrics, ChainMetrics, MailMetrics, RunnerMetrics, TaskMetrics};
use crate::state::saved_memory;
use crate::status::metrics_input::mail;
use crate::unix::files::Readers;
use crate::unix::trusted_paths::PrivateDir;
use crate::unix::{clock, files};

/// What it puts together takes a few frames; memory that is not touched costs nothing.
const STACK_BYTES: usize = 512 << 10;

/// What is known of a chain at a moment, but for its outbox.
#[derive(Clone, Debug)]
pub(super) struct MetricsSnapshot {
    /// What is known of its runner, unless that has ended.
    pub(super) runner: Option<RunnerMetrics>,
    /// When the page will have been written anew at the latest.
    pub(super) page_due: Option<SystemTime>,
    /// What all runs come to.
    pub(super) summary: ChainSummary,
    /// What alerts know of each of its tasks.
    pub(super) alerts: Vec<AlertMetrics>,
    /// How many failures wait for a mail.
    pub(super) held_back: [(AlertKind, u64); 2],
}

/// Writes the page, in a thread that is there from the start: one that was made when memory is
/// short might end the runner.
#[derive(Debug)]
pub(crate) struct MetricsFileWriter {
    path: PathBuf,
    chain: String,
    state_dir: PathBuf,
    work: Mutex<WriterWork>,
    /// Notified when there is something to write, and when all is written.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct WriterWork {
    /// What was last to be written.
    latest: Option<MetricsSnapshot>,
    /// Whether it is to be written (again).
    wanted: bool,
    /// Whether there is a thread.
    running: bool,
    /// Whether it writes.
    busy: bool,
    /// Whether the last attempt failed: that is logged once.
    troubled: bool,
}

impl MetricsFileWriter {
    /// Creates a writer that does nothing until a page is to be written.
    pub(super) fn new(path: PathBuf, chain: String, state_dir: PathBuf) -> Self {
        MetricsFileWriter {
            path,
            chain,
            state_dir,
            work: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Starts the thread. Where none can be had, that is tried again with each page.
    pub(super) fn start(self: &Arc<Self>) {
        self.start_thread(&mut self.work());
    }

    /// Has this written. While a former page is being written, only the latest waits.
    pub(super) fn write(self: &Arc<Self>, snapshot: MetricsSnapshot) {
        let mut work = self.work();
        work.latest = Some(snapshot);
        self.set_to_work(work);
    }

    /// Has the latest written once more, with what is in the outbox now.
    pub(crate) fn write_again(self: &Arc<Self>) {
        let work = self.work();
        if work.latest.is_some() {
            self.set_to_work(work);
        }
    }

    /// Waits until all is written, but not after `until`.
    pub(crate) fn finish(&self, until: Mono) {
        let left = until.since(clock::mono());
        let work = self.work();
        drop(self.changed.wait_timeout_while(work, left, |work| {
            work.running && (work.busy || work.wanted)
        }));
    }

    fn work(&self) -> MutexGuard<'_, WriterWork> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_to_work(self: &Arc<Self>, mut work: MutexGuard<'_, WriterWork>) {
        work.wanted = true;
        if !work.running {
            self.start_thread(&mut work);
        }
        self.changed.notify_all();
    }

    fn start_thread(self: &Arc<Self>, work: &mut WriterWork) {
        let writer = Arc::clone(self);
        let thread = thread::Builder::new()
            .name("textfile".to_owned())
            .stack_size(STACK_BYTES);
        match thread.spawn(move || writer.serve()) {
            Ok(_) => work.running = true,
            Err(error) => self.tell(work, Err(error)),
        }
    }

    /// The thread.
    fn serve(&self) -> ! {
        loop {
            let work = self.work();
            let woken = self.changed.wait_while(work, |work| !work.wanted);
            self.write_latest(woken.unwrap_or_else(PoisonError::into_inner));
        }
    }

    fn write_latest(&self, mut work: MutexGuard<'_, WriterWork>) {
        (work.wanted, work.busy) = (false, true);
        let snapshot = work.latest.clone();
        drop(work);
        let written = catch_unwind(AssertUnwindSafe(|| match &snapshot {
            Some(snapshot) => self.put(snapshot),
            None => Ok(()),
        }));
        let defect = |_| Err(io::Error::other("a defect of this program"));
        let mut work = self.work();
        self.tell(&mut work, written.unwrap_or_else(defect));
        work.busy = false;
        self.changed.notify_all();
    }

    fn put(&self, snapshot: &MetricsSnapshot) -> io::Result<()> {
        files::replace(&self.path, self.page(snapshot).as_bytes(), Readers::All)
    }

    fn page(&self, snapshot: &MetricsSnapshot) -> String {
        let MetricsSnapshot {
            runner,
            page_due,
            summary,
            alerts,
            held_back,
        } = snapshot;
        let tasks = summary.tasks.iter().zip(alerts);
        let tasks = tasks.map(|(past, alerts)| TaskMetrics {
            label: &past.task,
            past,
            alerts: *alerts,
        });
        let held_back = held_back.map(|(sort, count)| (sort.word(), count));
        let report = outbox::report(&self.state_dir);
        let memory = self.memory_written();
        let chain = ChainMetrics {
            name: &self.chain,
            runner: runner.clone(),
            page_due: *page_due,
            tasks: tasks.collect(),
            mail: MailMetrics {
                memory_written: memory,
                ..mail(&summary.mails, held_back.to_vec(), &report, &self.chain)
            },
        };
        metrics::page(&[chain], clock::wall())
    }

    fn memory_written(&self) -> Option<SystemTime> {
        let state_dir = PrivateDir::open_existing(&self.state_dir).ok()??;
        let name = saved_memory::file_name(&self.chain);
        state_dir.look(&name).ok()??;
        Some(state_dir.written(&name))
    }

    /// Logs once that it cannot be written, and once that it can again.
    fn tell(&self, work: &mut WriterWork, written: io::Result<()>) {
        let path = self.path.display();
        match &written {
            Err(error) if !work.troubled => log::error!(
                "the page for the node exporter cannot be written to `{path}`: {error}; going on without it"
            ),
            Ok(()) if work.troubled => {
                log::info!("The page for the node exporter can be written again");
            }
            _ => {}
        }
        work.troubled = written.is_err();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn snapshot() -> MetricsSnapshot {
        MetricsSnapshot {
            runner: None,
            page_due: None,
            summary: ChainSummary::default(),
            alerts: Vec::new(),
            held_back: [(AlertKind::First, 0), (AlertKind::New, 0)],
        }
    }

    #[test]
    fn a_disk_that_hangs_holds_up_nobody_and_gets_the_latest_when_it_is_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.prom");
        let writer = MetricsFileWriter::new(path.clone(), "a".to_owned(), dir.path().to_owned());
        let writer = Arc::new(writer);
        // As with a thread that does not come back from the disk.
        writer.work().running = true;
        writer.work().busy = true;
        writer.write(snapshot());
        writer.write_again();
        writer.finish(clock::mono() + Duration::from_millis(1));
        assert!(writer.work().wanted && !path.exists());
        writer.write_latest(writer.work());
        assert!(path.exists() && !writer.work().wanted);
        writer.finish(Mono::NEVER);
    }

    #[test]
    fn nothing_is_written_before_there_is_something_to_write() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.prom");
        let writer = MetricsFileWriter::new(path.clone(), "a".to_owned(), dir.path().to_owned());
        let writer = Arc::new(writer);
        writer.write_again();
        assert!(!writer.work().running && !path.exists());
    }
}
