//! Removing what has been kept for long enough: jobs and output from the board, directories of jobs
//! that ended while no worker held them.

use std::time::Duration;

use super::WorkLoop;
use crate::board::KeepLimits;
use crate::core::time::Mono;

/// Between two rounds.
const EVERY: Duration = Duration::from_secs(3600);
/// Between two steps of a round: others write as well.
const BETWEEN_STEPS: Duration = Duration::from_secs(1);

impl WorkLoop {
    /// Does a step of the removal, if that is due.
    pub(super) fn clean(&mut self, now: Mono) {
        if now < self.clean_at || self.is_unanswered {
            return;
        }
        self.clean_at = now + EVERY;
        match self.parts.board.gc(&KeepLimits::default()) {
            Ok(removed) if removed.has_more => self.clean_at = now + BETWEEN_STEPS,
            Ok(_) => self.remove_directories(),
            Err(error) => log::warn!("What has been kept for long enough is not removed: {error}"),
        }
    }

    /// Removes the directories of jobs that are over, or no longer on the board.
    fn remove_directories(&self) {
        for id in self.parts.directories.jobs().unwrap_or_default() {
            let is_over = match self.parts.board.job(id) {
                Ok(found) => found.is_none_or(|job| job.state.is_over()),
                Err(_) => return,
            };
            if is_over && let Err(error) = self.parts.directories.remove(id) {
                log::warn!("The directory of job {id} cannot be removed: {error}");
            }
        }
    }
}
