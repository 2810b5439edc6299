//! What requests change.

use super::{Checker, Seen, Way};
use crate::flow::definition::Interrupted;
use crate::flow::journal::{EntryOutcome, JournalEntry};

impl Checker<'_> {
    pub(super) fn turn(&mut self, way: Way) {
        if self.way == Way::On {
            self.way = way;
            self.reverts = (false, false);
        }
    }

    pub(super) fn requested(&mut self, entry: &JournalEntry) {
        use EntryOutcome::{
            Cancel, Kill, Pause, Resume, Retry, Revert, Skipped, Stop, StopNoRevert,
        };
        let is_at_rest = matches!(entry.outcome, Cancel | Retry | Revert | Skipped);
        if is_at_rest {
            self.held = false;
        }
        self.paused = entry.outcome == Pause;
        match entry.outcome {
            Pause | Resume => {}
            Stop => self.turn(Way::Back { cancelled: true }),
            StopNoRevert => self.turn(Way::Out { cancelled: true }),
            Kill => {
                for seen in self.steps.values_mut().filter(|seen| seen.busy.is_some()) {
                    seen.is_killed = true;
                }
                let is_back = matches!(self.way, Way::Back { .. });
                self.held |= is_back && self.reverts.0;
                self.turn(Way::Back { cancelled: true });
            }
            Cancel => self.way = Way::Out { cancelled: true },
            Retry => self.retried(&entry.step),
            Revert => {
                self.tries_anew();
                self.looked_at();
                if !matches!(self.way, Way::Back { .. }) || self.is_back() {
                    self.way = Way::On;
                    self.turn(Way::Back { cancelled: false });
                }
            }
            _ => self.skipped(&entry.step),
        }
    }

    fn tries_anew(&mut self) {
        for seen in self.steps.values_mut() {
            seen.failures[2] = 0;
            seen.failures[3] = 0;
            seen.not_before = None;
        }
    }

    fn looked_at(&mut self) {
        for seen in self.steps.values_mut().filter(|seen| seen.interrupted) {
            seen.interrupted = false;
            seen.failed = true;
        }
    }

    fn retried(&mut self, step: &str) {
        if step.is_empty() && self.way == Way::On {
            let held: Vec<&str> = self.steps.keys().copied().collect();
            for name in held {
                let is_held = self.places[name].step.interrupted == Interrupted::Hold;
                if let Some(seen) = self.steps.get_mut(name).filter(|_| is_held) {
                    seen.interrupted = false;
                }
            }
            return self.tries_anew();
        }
        let is_back = matches!(self.way, Way::Back { .. });
        if step.is_empty() && is_back && !self.is_back() {
            self.tries_anew();
            return self.looked_at();
        }
        self.forward((!step.is_empty()).then_some(step));
    }

    pub(super) fn forward(&mut self, from: Option<&str>) {
        self.way = Way::On;
        let names: Vec<&str> = self.steps.keys().copied().collect();
        for name in names {
            let is_later = from.is_some_and(|from| self.follows(name, from));
            let Some(seen) = self.steps.get_mut(name) else {
                continue;
            };
            seen.failures[2] = 0;
            seen.failures[3] = 0;
            seen.not_before = None;
            if is_later || !seen.ended {
                *seen = Seen {
                    executed: seen.executed,
                    executed_attempt: seen.executed_attempt,
                    ..Seen::default()
                };
            }
        }
        for group in self.groups.values_mut() {
            if from.is_some() || !group.undoing {
                group.round = 1;
                group.undoing = false;
                group.not_before = i64::MIN;
            }
        }
    }

    fn skipped(&mut self, step: &str) {
        let is_over = matches!(self.way, Way::Out { .. }) || self.is_back();
        let is_stuck = match self.way {
            Way::Back { .. } => true,
            Way::Out { .. } => false,
            Way::On => self.steps[step].failures[3] > 0 || self.is_undoing(step),
        };
        if is_stuck && self.left(step).is_some() {
            self.reverts.1 = true;
            return self.undone(step);
        }
        if let Some(seen) = self.steps.get_mut(step) {
            seen.ended = true;
            seen.interrupted = false;
        }
        if is_over {
            self.forward(None);
        }
    }
}
