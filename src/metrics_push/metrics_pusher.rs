//! Pushes points, in a thread that is there from the start: one that was made when memory is short
//! might end the runner.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::influx_client::InfluxClient;
use super::line_protocol::line;
use super::lock_metrics::LockMetrics;
use super::point::MetricPoint;
use super::point_queue::PointQueue;
use super::push_error::PushError;
use super::run_points::{PushedTask, RunPoints};
use crate::core::event::{Event, TaskIndex};
use crate::core::own_metric::OwnMetric;
use crate::core::settings::MetricsPushSettings;
use crate::core::time::Mono;
use crate::unix::clock;

/// What a request takes on the stack, with TLS.
const STACK_BYTES: usize = 1 << 20;
/// How long points gather before they leave: a chain that runs a hundred times a second makes one
/// request for a hundred runs.
const GATHER: Duration = Duration::from_secs(1);
/// How long points rest that did not leave, at first and at most.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];

/// Pushes the points of a chain.
#[derive(Debug)]
pub(crate) struct MetricsPusher {
    points: Arc<RunPoints>,
    shared: Arc<PusherShared>,
}

#[derive(Debug)]
struct PusherShared {
    settings: MetricsPushSettings,
    points: Arc<RunPoints>,
    work: Mutex<PushWork>,
    /// Notified when there is something to push, and when it is pushed.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct PushWork {
    queue: PointQueue,
    has_thread: bool,
    is_busy: bool,
    is_ending: bool,
    /// Before when nothing leaves.
    not_before: Option<Mono>,
    /// How many pushes have failed in a row.
    failed: u32,
    /// What is known of the lock; pushed with the next run.
    lock: Option<LockMetrics>,
}

impl MetricsPusher {
    /// Starts the pusher of a chain.
    pub(crate) fn start(
        settings: &MetricsPushSettings,
        chain: &str,
        host: &str,
        tasks: Vec<PushedTask>,
    ) -> Self {
        let points = Arc::new(RunPoints {
            chain: chain.to_owned(),
            host: host.to_owned(),
            tasks,
        });
        let pusher = MetricsPusher {
            shared: Arc::new(PusherShared {
                settings: settings.clone(),
                points: Arc::clone(&points),
                work: Mutex::default(),
                changed: Condvar::new(),
            }),
            points,
        };
        pusher.start_thread(&mut pusher.shared.work());
        pusher
    }

    /// Takes note of an event.
    pub(crate) fn note(&self, event: &Event<'_>) {
        let Event::RunEnded(end) = event else { return };
        let mut points = self.points.of_run(end);
        let mut work = self.shared.work();
        if let Some(lock) = work.lock.take() {
            points.extend(self.points.of_lock(lock, end.at.wall));
        }
        self.add(work, points);
    }

    /// Takes note of how the lock stands at the end of a run.
    pub(crate) fn lock_stands(&self, lock: LockMetrics) {
        self.shared.work().lock = Some(lock);
    }

    /// Pushes what a task has reported.
    pub(crate) fn task_reports(&self, step: TaskIndex, metrics: Vec<OwnMetric>) {
        let points = self.points.of_task(step, metrics, clock::wall());
        self.add(self.shared.work(), points);
    }

    /// Lets the last points leave, until `until`.
    pub(crate) fn finish(&self, until: Mono) {
        let mut work = self.shared.work();
        work.is_ending = true;
        self.shared.changed.notify_all();
        let left = until.since(clock::mono());
        let is_busy = |work: &mut PushWork| {
            work.has_thread && (work.is_busy || !work.queue.is_empty()) && work.failed == 0
        };
        let waited = self.shared.changed.wait_timeout_while(work, left, is_busy);
        let work = waited.unwrap_or_else(PoisonError::into_inner).0;
        match work.queue.not_pushed() {
            0 => {}
            count => log::warn!("{count} points were not pushed to {}", self.shared.settings),
        }
    }

    fn add(&self, mut work: MutexGuard<'_, PushWork>, points: Vec<MetricPoint>) {
        if points.is_empty() {
            return;
        }
        if work.queue.is_empty() && work.failed == 0 {
            work.not_before = Some(clock::mono() + GATHER);
        }
        work.queue.add(points);
        if !work.has_thread {
            self.start_thread(&mut work);
        }
        drop(work);
        self.shared.changed.notify_all();
    }

    fn start_thread(&self, work: &mut PushWork) {
        let shared = Arc::clone(&self.shared);
        let thread = thread::Builder::new()
            .name("metrics".to_owned())
            .stack_size(STACK_BYTES);
        match thread.spawn(move || shared.serve()) {
            Ok(_) => work.has_thread = true,
            Err(error) => log::error!("No metrics are pushed: no thread can be started: {error}"),
        }
    }
}

impl PushWork {
    /// Returns when points leave; `None`: none waits.
    fn due(&self, now: Mono) -> Option<Mono> {
        if self.queue.is_empty() {
            return None;
        }
        let at_once = self.failed == 0 && (self.is_ending || self.queue.is_full_batch());
        Some(self.not_before.filter(|_| !at_once).unwrap_or(now))
    }

    /// Takes note of how a push went, and returns what is to be logged of it.
    fn settle(
        &mut self,
        batch: Vec<MetricPoint>,
        told_of: Option<u64>,
        result: Result<(), PushError>,
        now: Mono,
    ) -> Option<PushNews> {
        match result {
            Ok(()) => {
                told_of
                    .into_iter()
                    .for_each(|lost| self.queue.has_reported(lost));
                let was_away = std::mem::take(&mut self.failed) > 0;
                self.not_before = None;
                was_away.then_some(PushNews::Back)
            }
            Err(error) if !error.may_pass => {
                self.queue.lose(batch.len());
                (self.failed, self.not_before) = (0, None);
                Some(PushNews::Refused(batch.len(), error.words))
            }
            Err(error) => {
                self.queue.put_back(batch);
                let [first, most] = PAUSES;
                let pause = first.saturating_mul(1 << self.failed.min(16)).min(most);
                self.not_before = Some(now + pause);
                self.failed += 1;
                (self.failed == 1).then_some(PushNews::Away(error.words))
            }
        }
    }
}

/// What is to be logged of a push.
enum PushNews {
    /// The server does not answer, for the first time.
    Away(String),
    /// The server answers again.
    Back,
    /// The server has looked at so many points and refuses some of them.
    Refused(usize, String),
}

impl PusherShared {
    fn work(&self) -> MutexGuard<'_, PushWork> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread.
    fn serve(&self) -> ! {
        let mut client = None;
        let mut work = self.work();
        loop {
            let now = clock::mono();
            work = match work.due(now) {
                Some(due) if due <= now => self.push_next(work, &mut client),
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

    fn push_next<'a>(
        &'a self,
        mut work: MutexGuard<'a, PushWork>,
        client: &mut Option<InfluxClient>,
    ) -> MutexGuard<'a, PushWork> {
        let batch = work.queue.take();
        let told_of = work.queue.unreported();
        work.is_busy = true;
        drop(work);
        let mut lines: String = batch.iter().map(line).collect();
        if let Some(lost) = told_of {
            lines.push_str(&line(&self.points.of_lost(lost, clock::wall())));
        }
        let defect = |_| {
            Err(PushError {
                words: "a defect of this program".to_owned(),
                may_pass: false,
            })
        };
        let pushed = catch_unwind(AssertUnwindSafe(|| self.push(client, &lines)));
        let mut work = self.work();
        let news = work.settle(batch, told_of, pushed.unwrap_or_else(defect), clock::mono());
        work.is_busy = false;
        self.changed.notify_all();
        drop(work);
        news.into_iter().for_each(|news| self.log(&news));
        self.work()
    }

    fn push(&self, client: &mut Option<InfluxClient>, lines: &str) -> Result<(), PushError> {
        let client = match client {
            Some(client) => client,
            None => client.insert(InfluxClient::new(&self.settings)?),
        };
        client.write(lines)
    }

    fn log(&self, news: &PushNews) {
        let place = &self.settings;
        match news {
            PushNews::Away(why) => {
                log::warn!("Metrics do not reach {place}: {why}; they wait, and the chain goes on")
            }
            PushNews::Back => log::info!("Metrics reach {place} again"),
            PushNews::Refused(count, why) => log::warn!(
                "{place} refuses some of {count} points, which are not pushed again: {why}"
            ),
        }
    }
}
