//! Writes the page. What is said of the outbox is what is there at that moment: mails leave between two runs.

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::SystemTime;

use crate::alert::notice::Sort;
use crate::cli::metrics::mail;
use crate::mail::outbox;
use crate::metrics::{self, Alerts, Chain, Mail, Runner, Task};
use crate::process::clock;
use crate::process::files::{self, Readers};
use crate::state::history::Summary;
use crate::state::kept;
use crate::time::Mono;

/// What it puts together takes a few frames; memory that is not touched costs nothing.
const STACK_BYTES: usize = 512 << 10;

/// What is known of a chain at a moment, but for its outbox.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    /// What is known of its runner, unless that has ended.
    pub(super) runner: Option<Runner>,
    /// When the page will have been written anew at the latest.
    pub(super) page_due: Option<SystemTime>,
    /// What all runs come to.
    pub(super) summary: Summary,
    /// What alerts know of each of its tasks.
    pub(super) alerts: Vec<Alerts>,
    /// How many failures wait for a mail.
    pub(super) held_back: [(Sort, u64); 2],
}

/// Writes the page, in a thread that is there only while it does.
#[derive(Debug)]
pub(in crate::cli::run) struct Scribe {
    path: PathBuf,
    chain: String,
    state_dir: PathBuf,
    work: Mutex<Work>,
    /// Told when the thread ends.
    ended: Condvar,
}

#[derive(Debug, Default)]
struct Work {
    /// What was last to be written.
    latest: Option<Snapshot>,
    /// Whether it is to be written (again).
    wanted: bool,
    /// Whether there is a thread.
    running: bool,
    /// Whether the last attempt failed: that is told once.
    troubled: bool,
}

impl Scribe {
    /// Makes one that does nothing until it is asked to.
    pub(super) fn new(path: PathBuf, chain: String, state_dir: PathBuf) -> Self {
        Scribe {
            path,
            chain,
            state_dir,
            work: Mutex::default(),
            ended: Condvar::new(),
        }
    }

    /// Has this written. While a former page is being written, only the latest waits.
    pub(super) fn write(self: &Arc<Self>, snapshot: Snapshot) {
        let mut work = self.work();
        work.latest = Some(snapshot);
        self.set_to_work(work);
    }

    /// Has the latest written once more, with what is in the outbox now.
    pub(in crate::cli::run) fn write_again(self: &Arc<Self>) {
        let work = self.work();
        if work.latest.is_some() {
            self.set_to_work(work);
        }
    }

    /// Waits until all is written, but not after `until`.
    pub(in crate::cli::run) fn finish(&self, until: Mono) {
        let left = until.since(clock::mono());
        let work = self.work();
        drop(
            self.ended
                .wait_timeout_while(work, left, |work| work.running),
        );
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_to_work(self: &Arc<Self>, mut work: MutexGuard<'_, Work>) {
        work.wanted = true;
        if work.running {
            return;
        }
        let scribe = Arc::clone(self);
        let thread = thread::Builder::new()
            .name("textfile".to_owned())
            .stack_size(STACK_BYTES);
        match thread.spawn(move || scribe.serve()) {
            Ok(_) => work.running = true,
            Err(error) => self.tell(&mut work, Err(error)),
        }
    }

    /// The thread.
    fn serve(&self) {
        let mut work = self.work();
        while work.wanted {
            work.wanted = false;
            let snapshot = work.latest.clone();
            drop(work);
            let written = catch_unwind(AssertUnwindSafe(|| match &snapshot {
                Some(snapshot) => self.put(snapshot),
                None => Ok(()),
            }));
            let defect = |_| Err(io::Error::other("a defect of this program"));
            work = self.work();
            self.tell(&mut work, written.unwrap_or_else(defect));
        }
        work.running = false;
        self.ended.notify_all();
    }

    fn put(&self, snapshot: &Snapshot) -> io::Result<()> {
        files::replace(&self.path, self.page(snapshot).as_bytes(), Readers::All)
    }

    fn page(&self, snapshot: &Snapshot) -> String {
        let Snapshot {
            runner,
            page_due,
            summary,
            alerts,
            held_back,
        } = snapshot;
        let tasks = summary.tasks.iter().zip(alerts);
        let tasks = tasks.map(|(past, alerts)| Task {
            label: &past.task,
            past,
            alerts: *alerts,
        });
        let held_back = held_back.map(|(sort, count)| (sort.word(), count));
        let report = outbox::report(&self.state_dir);
        let memory = self.state_dir.join(kept::file_name(&self.chain));
        let memory = fs::metadata(memory).and_then(|memory| memory.modified());
        let chain = Chain {
            name: &self.chain,
            runner: runner.clone(),
            page_due: *page_due,
            tasks: tasks.collect(),
            mail: Mail {
                memory_written: memory.ok(),
                ..mail(&summary.mails, held_back.to_vec(), &report, &self.chain)
            },
        };
        metrics::page(&[chain], clock::wall())
    }

    /// Says once that it cannot be written, and once that it can again.
    fn tell(&self, work: &mut Work, written: io::Result<()>) {
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

    fn snapshot() -> Snapshot {
        Snapshot {
            runner: None,
            page_due: None,
            summary: Summary::default(),
            alerts: Vec::new(),
            held_back: [(Sort::First, 0), (Sort::New, 0)],
        }
    }

    #[test]
    fn a_disk_that_hangs_holds_up_nobody_and_gets_the_latest_when_it_is_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.prom");
        let scribe = Scribe::new(path.clone(), "a".to_owned(), dir.path().to_owned());
        let scribe = Arc::new(scribe);
        // As with a thread that does not come back from the disk.
        scribe.work().running = true;
        scribe.write(snapshot());
        scribe.write_again();
        scribe.finish(clock::mono() + Duration::from_millis(1));
        assert!(scribe.work().wanted && !path.exists());
        scribe.serve();
        assert!(path.exists() && !scribe.work().running);
        scribe.finish(Mono::NEVER);
    }

    #[test]
    fn nothing_is_written_before_there_is_something_to_write() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.prom");
        let scribe = Scribe::new(path.clone(), "a".to_owned(), dir.path().to_owned());
        let scribe = Arc::new(scribe);
        scribe.write_again();
        assert!(!scribe.work().running && !path.exists());
    }
}
