//! What makes alerts of the events of a simulation.

use crate::core::event::Event;
use crate::core::time::{Moment, Mono};

/// A sink of events that makes alerts of what happens in virtual time.
pub(crate) trait AlertSink {
    /// Takes note of an event.
    fn observe(&mut self, event: &Event<'_>);

    /// Returns when there is something to do without an event.
    fn due(&mut self) -> Mono;

    /// Does what is due.
    fn poll(&mut self, now: Moment);

    /// Returns whether the end of an outage is to be mailed as soon as health has lasted.
    fn waits_for_health(&self) -> bool {
        false
    }

    /// Returns whether there is room for no more.
    fn is_full(&self) -> bool {
        false
    }
}
