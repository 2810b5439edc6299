//! The observers that reach for other machines, each by a thread of its own: no run waits for one.

use crate::core::event::Event;
use crate::core::time::Mono;
use crate::liveness::LivenessWriter;
use crate::metrics_push::MetricsPusher;
use crate::ping::Pinger;

/// What leaves the machine about runs, mail aside. `once` sends nothing.
#[derive(Debug, Default)]
pub(crate) struct OutwardObservers {
    /// `None` where no task has a ping.
    pub(crate) pinger: Option<Pinger>,
    /// The record of the last success.
    pub(crate) liveness: Option<LivenessWriter>,
    /// `None` where no server is named.
    pub(crate) metrics: Option<MetricsPusher>,
}

impl OutwardObservers {
    /// Takes note of an event.
    pub(super) fn note(&self, event: &Event<'_>) {
        if let Some(pinger) = &self.pinger {
            pinger.note(event);
        }
        if let Some(liveness) = &self.liveness {
            liveness.note(event);
        }
        if let Some(metrics) = &self.metrics {
            metrics.note(event);
        }
    }

    /// Lets the last of it leave, until `until`.
    pub(super) fn finish(&self, until: Mono) {
        if let Some(pinger) = &self.pinger {
            pinger.finish(until);
        }
        if let Some(liveness) = &self.liveness {
            liveness.finish(until);
        }
        if let Some(metrics) = &self.metrics {
            metrics.finish(until);
        }
    }
}
