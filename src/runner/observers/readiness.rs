//! What the service manager is told of events: what is done now, for `systemctl status`, and that
//! it ends.

use std::sync::Arc;
use std::time::Duration;

use crate::core::event::{Event, TaskIndex};
use crate::core::time::{Mono, in_words};
use crate::unix::notify::Notifier;

/// What lasts shorter is not worth a message.
const WORTH_TELLING: Duration = Duration::from_secs(1);

/// Notifies the service manager.
#[derive(Debug)]
pub(crate) struct ReadinessNotifier {
    notifier: Arc<Notifier>,
    labels: Vec<String>,
    told: Option<Mono>,
    /// How long the end may take: what the manager is asked for.
    patience: Duration,
}

impl ReadinessNotifier {
    /// Creates the observer of tasks with these labels.
    pub(crate) fn new(notifier: Arc<Notifier>, labels: Vec<String>, patience: Duration) -> Self {
        ReadinessNotifier {
            notifier,
            labels,
            told: None,
            patience,
        }
    }

    /// Takes note of an event.
    pub(crate) fn note(&mut self, event: &Event<'_>) {
        match *event {
            Event::Started { .. } => self.notifier.ready(),
            Event::RunStarted { step, at, .. } => self.running(step, at.mono),
            Event::Sleeping {
                next, at, until, ..
            } => self.sleeping(next, at.mono, until),
            Event::StopAsked { .. } => {
                self.notifier.stopping();
                self.notifier.extend_timeout(self.patience);
            }
            Event::Stopped { .. } => self.notifier.stopping(),
            _ => {}
        }
    }

    fn running(&mut self, step: TaskIndex, now: Mono) {
        if self
            .told
            .is_none_or(|told| now.since(told) >= WORTH_TELLING)
        {
            self.tell(&format!("{} runs", self.labels[step]), now);
        }
    }

    fn sleeping(&mut self, next: TaskIndex, now: Mono, until: Mono) {
        let pause = until.since(now);
        if pause >= WORTH_TELLING {
            let next = &self.labels[next];
            self.tell(&format!("sleeping {}, then {next}", in_words(pause)), now);
        }
    }

    fn tell(&mut self, text: &str, now: Mono) {
        self.told = Some(now);
        self.notifier.status(text);
    }
}
