//! The threads that wait for answers, so that the chain does not.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::{io, thread};

use super::attempt::{self, PingError};
use super::task_pings::{PingKey, PingNews, TaskPings};
use crate::core::event::{Event, TaskIndex};
use crate::core::failure::Outcome;
use crate::core::settings::Ping;
use crate::core::time::Mono;
use crate::unix::clock;

/// How many pings are under way at once, over all tasks: a server that hangs holds up few others.
const MOST_THREADS: usize = 4;
/// A conversation with a worker takes a few frames; memory that is not touched costs nothing.
const STACK_BYTES: usize = 256 << 10;

/// Pings for the tasks of a chain.
#[derive(Debug)]
pub(crate) struct Pinger {
    shared: Arc<PingerShared>,
}

#[derive(Debug)]
struct PingerShared {
    labels: Vec<String>,
    work: Mutex<PingerWork>,
    /// Notified when a ping is added or settled, and at the end.
    changed: Condvar,
}

#[derive(Debug)]
struct PingerWork {
    /// The pings of each task, in the order of the chain.
    lanes: Vec<TaskPings>,
    threads: usize,
    is_ending: bool,
}

impl Pinger {
    /// Creates the pinger of tasks with these labels and pings, and starts its threads; `None`
    /// where no task has a ping.
    pub(crate) fn new(labels: Vec<String>, pings: Vec<Ping>) -> Option<Self> {
        let used = pings.iter().filter(|ping| !ping.is_empty()).count();
        if used == 0 {
            return None;
        }
        let work = PingerWork {
            lanes: pings.into_iter().map(TaskPings::new).collect(),
            threads: 0,
            is_ending: false,
        };
        let pinger = Pinger {
            shared: Arc::new(PingerShared {
                labels,
                work: Mutex::new(work),
                changed: Condvar::new(),
            }),
        };
        pinger.start_threads(used.min(MOST_THREADS));
        Some(pinger)
    }

    /// Has the URL asked that belongs to an event, if there is one.
    pub(crate) fn note(&self, event: &Event<'_>) {
        let Some((step, key)) = meaning(event) else {
            return;
        };
        let mut work = self.shared.work();
        let is_wanted = work.lanes.get_mut(step).is_some_and(|lane| lane.add(key));
        let threads = work.threads;
        drop(work);
        if is_wanted && threads == 0 {
            self.start_threads(1);
        }
        if is_wanted {
            self.shared.changed.notify_all();
        }
    }

    /// Lets the last pings leave, until `until`.
    pub(crate) fn finish(&self, until: Mono) {
        let mut work = self.shared.work();
        work.is_ending = true;
        work.lanes.iter_mut().for_each(TaskPings::end);
        let left = until.since(clock::mono());
        let is_busy =
            |work: &mut PingerWork| work.threads > 0 && work.lanes.iter().any(TaskPings::is_busy);
        drop(self.shared.changed.wait_timeout_while(work, left, is_busy));
    }

    fn start_threads(&self, count: usize) {
        for _ in 0..count {
            let shared = Arc::clone(&self.shared);
            let thread = thread::Builder::new()
                .name("ping".to_owned())
                .stack_size(STACK_BYTES);
            match thread.spawn(move || shared.serve()) {
                Ok(_) => self.shared.work().threads += 1,
                Err(error) => return log_no_thread(&error),
            }
        }
    }
}

fn log_no_thread(error: &io::Error) {
    log::error!(
        "Pings may not leave: no thread can be started for them: {error}; look at `ulimit -u`"
    );
}

/// Returns which URL of which task belongs to an event. A run that was interrupted or asked to be
/// tried again later has neither succeeded nor failed.
fn meaning(event: &Event<'_>) -> Option<(TaskIndex, PingKey)> {
    match event {
        Event::RunStarted { step, .. } => Some((*step, "start")),
        Event::RunEnded(end) => match end.outcome {
            Outcome::Success => Some((end.step, "success")),
            Outcome::Failure(_) | Outcome::Fatal(_) => Some((end.step, "failure")),
            Outcome::RetryLater { .. } | Outcome::Interrupted { .. } => None,
        },
        _ => None,
    }
}

impl PingerShared {
    fn work(&self) -> MutexGuard<'_, PingerWork> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A thread.
    fn serve(&self) -> ! {
        let mut work = self.work();
        loop {
            let due = work.lanes.iter().filter_map(TaskPings::due).min();
            let now = clock::mono();
            work = match due {
                Some(due) if due <= now => self.ask_next(work, now),
                Some(due) => {
                    let waited = self.changed.wait_timeout(work, due.since(now));
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => {
                    let waited = self.changed.wait(work);
                    waited.unwrap_or_else(PoisonError::into_inner)
                }
            };
        }
    }

    fn ask_next<'a>(
        &'a self,
        mut work: MutexGuard<'a, PingerWork>,
        now: Mono,
    ) -> MutexGuard<'a, PingerWork> {
        let is_due = |lane: &TaskPings| lane.due().is_some_and(|due| due <= now);
        let Some(step) = work.lanes.iter().position(is_due) else {
            return work;
        };
        let Some((asked, url)) = work.lanes[step].take() else {
            return work;
        };
        drop(work);
        let defect = |_| {
            Err(PingError {
                words: "a defect of this program".to_owned(),
                may_pass: false,
            })
        };
        let result = catch_unwind(AssertUnwindSafe(|| attempt::ask(&url))).unwrap_or_else(defect);
        let mut work = self.work();
        let is_last = work.is_ending;
        let news = work.lanes[step].settle(asked, result, is_last, clock::mono());
        if let Some(news) = news {
            log(&self.labels[step], &news);
        }
        self.changed.notify_all();
        work
    }
}

fn log(label: &str, news: &PingNews) {
    match news {
        PingNews::Failed(url, why) => log::warn!(
            "[{label}] Ping of {url} failed: {why}; the chain goes on, and further failures are not logged until it succeeds"
        ),
        PingNews::Well(url) => log::info!("[{label}] Ping of {url} succeeds again"),
    }
}
