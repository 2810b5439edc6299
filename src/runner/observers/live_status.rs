//! What others see of a runner at any moment: the page that `status` reads.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::alert::alert_kind::AlertKind;
use crate::alert::memory::DeferredSummary;
use crate::core::event::{Event, RunDeadlines};
use crate::core::failure::Outcome;
use crate::core::time::Mono;
use crate::unix::live::{Activity, HeldBackCounts, LiveStatus, UnwrittenData};

/// The page of a runner; `once` has none. The thread of the mailer writes it as well.
#[derive(Clone, Debug, Default)]
pub(crate) struct LiveStatusObserver(Option<Arc<Mutex<LiveStatus>>>);

impl LiveStatusObserver {
    /// Creates the observer of this page.
    pub(crate) fn of(live: LiveStatus) -> Self {
        LiveStatusObserver(Some(Arc::new(Mutex::new(live))))
    }

    fn live(&self) -> Option<MutexGuard<'_, LiveStatus>> {
        let live = self.0.as_ref()?;
        Some(live.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes note of an event. `limit` is that of the run, if it is about one.
    pub(crate) fn note(&self, event: &Event<'_>, limit: Option<RunDeadlines>) {
        let Some(mut live) = self.live() else { return };
        match *event {
            Event::RunStarted { step, at, .. } => live.tell(Activity::Running {
                step,
                since: at.mono,
                limit,
            }),
            Event::Sleeping {
                step, at, until, ..
            } => {
                live.tell(Activity::Sleeping {
                    step,
                    since: at.mono,
                    until,
                });
            }
            Event::RunEnded(end) => match end.outcome {
                Outcome::Success => live.count_success(end.step),
                Outcome::Failure(_) | Outcome::Fatal(_) => {
                    live.count_failure(end.step, end.started.mono);
                }
                Outcome::RetryLater { .. } | Outcome::Interrupted { .. } => {}
            },
            Event::Stopped { .. } => live.tell(Activity::Nothing),
            _ => {}
        }
    }

    /// Takes note that it was mailed that the run goes on for too long.
    pub(crate) fn mailed(&self, at: Mono) {
        if let Some(mut live) = self.live() {
            live.mailed(at);
        }
    }

    /// Takes note of what the disk does not take.
    pub(crate) fn unkept(&self, unkept: UnwrittenData) {
        if let Some(mut live) = self.live() {
            live.unkept(unkept);
        }
    }

    /// Takes note of how many mails wait in memory alone.
    pub(crate) fn mails_in_memory(&self, mails: u64) {
        if let Some(mut live) = self.live() {
            live.mails_in_memory(mails);
        }
    }

    /// Puts what alerts hold back where `status` sees it at once: the memory of alerts is written
    /// once a minute.
    pub(crate) fn hold_back(&self, waiting: Option<DeferredSummary>) {
        if let Some(mut live) = self.live() {
            live.hold_back(waiting.map(|waiting| HeldBackCounts {
                kinds: waiting.kinds,
                unnamed: waiting.unnamed,
                until: waiting.until,
                limit: waiting.limit.number(),
            }));
        }
    }
}

/// Returns when it was mailed that a run goes on for too long, if an event reports that.
pub(crate) fn still_running(event: &Event<'_>) -> Option<Mono> {
    match *event {
        Event::Alerted { at, sort, .. } if sort == AlertKind::StillRunning.word() => Some(at.mono),
        _ => None,
    }
}
