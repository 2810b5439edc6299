//! What others see of a runner at any moment: the page that `status` reads.

use crate::alert::memory::Waiting;
use crate::alert::notice::Sort;
use crate::event::{Event, Limit};
use crate::failure::Outcome;
use crate::process::live::{Doing, HeldBack, Live};
use crate::time::Mono;

/// The page of a runner; nothing when the disk has no room for it: then nobody can look, and the runner goes on.
#[derive(Debug, Default)]
pub(super) struct Page(Option<Live>);

impl Page {
    /// Makes one.
    pub(super) fn of(live: Option<Live>) -> Self {
        Page(live)
    }

    /// Takes note of an event. `limit` is that of the run, if it is about one.
    pub(super) fn note(&mut self, event: &Event<'_>, limit: Option<Limit>) {
        let Some(live) = &mut self.0 else { return };
        match *event {
            Event::RunStarted { step, at, .. } => live.tell(Doing::Running {
                step,
                since: at.mono,
                limit,
            }),
            Event::Sleeping {
                step, at, until, ..
            } => {
                live.tell(Doing::Sleeping {
                    step,
                    since: at.mono,
                    until,
                });
            }
            Event::RunEnded(end) => match end.outcome {
                Outcome::Success => live.count_success(),
                Outcome::Failure(_) | Outcome::Fatal(_) => live.count_failure(),
                Outcome::RetryLater { .. } | Outcome::Interrupted { .. } => {}
            },
            Event::Stopped { .. } => live.tell(Doing::Nothing),
            _ => {}
        }
    }

    /// Takes note that it was mailed that the run goes on for too long.
    pub(super) fn mailed(&mut self, at: Mono) {
        if let Some(live) = &mut self.0 {
            live.mailed(at);
        }
    }

    /// Puts what alerts hold back where `status` sees it at once: the memory of alerts is written once a minute.
    pub(super) fn hold_back(&mut self, waiting: Option<Waiting>) {
        if let Some(live) = &mut self.0 {
            live.hold_back(waiting.map(|waiting| HeldBack {
                kinds: waiting.kinds,
                unnamed: waiting.unnamed,
                until: waiting.until,
                limit: waiting.limit.number(),
            }));
        }
    }
}

/// Returns when it was mailed that a run goes on for too long, if an event says so.
pub(super) fn still_running(event: &Event<'_>) -> Option<Mono> {
    match *event {
        Event::Alerted { at, sort, .. } if sort == Sort::StillRunning.word() => Some(at.mono),
        _ => None,
    }
}
