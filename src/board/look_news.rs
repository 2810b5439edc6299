//! Whether a look for work has found something.

use super::beat::LookAnswer;
use super::session_request::SessionWish;

impl LookAnswer {
    /// Returns whether there is something for the worker to do now.
    pub(crate) fn brings_something(&self, now: i64) -> bool {
        self.next_due.is_some_and(|due| due <= now)
            || !self.requests.is_empty()
            || !self.watched.is_empty()
            || self.wish != SessionWish::Work
    }
}
