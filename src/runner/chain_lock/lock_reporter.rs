//! What is logged, mailed and shown of the lock: once each, in the signal thread, which may wait
//! for a disk.

use std::sync::Arc;
use std::time::Duration;

use super::super::control::{LAST_MAIL, RunnerControl};
use super::super::lock_task;
use super::lock_state::{LockReport, LockStanding, LockState};
use crate::core::failure::Outcome;
use crate::core::time::{Moment, Mono, in_words};
use crate::lock::LockError;
use crate::status::lock_status;
use crate::status::lock_view::{LockRole, LockView};
use crate::task::context::{self, StopCause};
use crate::unix::keeper::Keeper;
use crate::unix::trusted_paths::PrivateDir;

/// An outage of the lock server is counted so often at most: each try that fails is no news.
const BETWEEN_FAILURES: Duration = Duration::from_secs(60);

/// The reporter of one chain's lock.
pub(crate) struct LockReporter {
    state: Arc<LockState>,
    keeper: Arc<Keeper>,
    /// Whether the end of the keeper was reported.
    is_unkept: bool,
    /// Where the lock is.
    place: String,
    /// How long the server may be away before that is mailed.
    patience: Duration,
    /// Where `status` finds how the lock stands, and the name of the file.
    view: Option<(PrivateDir, String)>,
    /// What `status` finds.
    shown: Option<(LockRole, Option<String>)>,
    /// Whether the lock is kept through cooldowns.
    keeps: bool,
    /// The roles that were logged since the lock server failed last.
    said: Vec<LockRole>,
    /// The deadline at which functions were asked to stop.
    stopped_at: Option<Mono>,
    away_since: Option<Moment>,
    counted: Option<Mono>,
}

/// How many roles are remembered as logged: more hosts than that are logged again.
const MOST_SAID: usize = 16;

/// Why a process ends under the function that runs in it.
const LOST: &str = "the lock of the chain was lost, and the function did not return in time";
const UNKEPT: &str = "the keeper is gone, which would end the process when the lock is lost";

/// What the process is to do after a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterReport {
    /// Go on.
    GoOn,
    /// End under the function that does not end, before this moment.
    Leave {
        /// When that must have happened.
        kill_at: Mono,
        /// Why.
        why: &'static str,
    },
}

impl LockReporter {
    /// Creates the reporter of a lock that is at `place`.
    pub(crate) fn new(
        state: Arc<LockState>,
        keeper: Arc<Keeper>,
        place: String,
        patience: Duration,
        keeps: bool,
        view: Option<(PrivateDir, String)>,
    ) -> Self {
        LockReporter {
            state,
            keeper,
            is_unkept: false,
            place,
            patience,
            view,
            shown: None,
            keeps,
            said: Vec::new(),
            stopped_at: None,
            away_since: None,
            counted: None,
        }
    }

    /// Returns when a function that runs in this process must see that it is to stop.
    pub(crate) fn due(&self) -> Mono {
        let stop_at = self.state.stop_at();
        stop_at
            .filter(|at| self.stopped_at != Some(*at))
            .unwrap_or(Mono::NEVER)
    }

    /// Reports what has happened since the last call.
    pub(crate) fn report(&mut self, control: &RunnerControl, now: Moment) -> AfterReport {
        // The lock's thread may still wait for the answer to a beat.
        let stop_at = self.due();
        if stop_at <= now.mono {
            context::request_stop(StopCause::Lock);
            self.stopped_at = Some(stop_at);
        }
        let mut after = AfterReport::GoOn;
        if !self.is_unkept && self.keeper.is_gone() {
            self.is_unkept = true;
            after = AfterReport::Leave {
                kill_at: now.mono + LAST_MAIL,
                why: UNKEPT,
            };
        }
        for report in self.state.take_reports() {
            match report {
                LockReport::Acquired { fence } => {
                    self.answers(control, now);
                    self.show(LockRole::Holder { fence }, None, now);
                }
                LockReport::Elsewhere(holder, note) => {
                    self.answers(control, now);
                    self.show(LockRole::Standby { holder }, note, now);
                }
                LockReport::Answers => self.answers(control, now),
                LockReport::Failed(error) => self.fails(&error, control, now),
                LockReport::Lost(why) => self.lost(&why, control, now),
                LockReport::NotLetGo => {
                    if let LockStanding::Lost { kill_at, .. } = self.state.standing() {
                        after = AfterReport::Leave { kill_at, why: LOST };
                    }
                }
            }
        }
        after
    }

    fn fails(&mut self, error: &LockError, control: &RunnerControl, now: Moment) {
        let since = match self.away_since {
            Some(since) => since,
            None => {
                self.away_since = Some(now);
                let consequence = match &self.shown {
                    Some((LockRole::Holder { .. }, _)) => {
                        "what runs under the lock goes on until its deadline"
                    }
                    _ => "nothing runs here until it answers",
                };
                log::warn!("The lock: {error}; {consequence}");
                now
            }
        };
        let lasts = now.mono.since(since.mono) >= self.patience || !error.may_pass();
        let counted_lately = |at: Mono| now.mono.since(at) < BETWEEN_FAILURES;
        if lasts && !self.counted.is_some_and(counted_lately) {
            self.counted = Some(now.mono);
            let outcome = lock_task::failure(error.to_string(), error.remedy().map(str::to_owned));
            control.observers().lock_ended(&outcome, since, now);
        }
    }

    fn answers(&mut self, control: &RunnerControl, now: Moment) {
        let Some(since) = self.away_since.take() else {
            return;
        };
        self.said.clear();
        let away = in_words(now.mono.since(since.mono));
        log::info!("The lock: {} answers again, after {away}", self.place);
        if self.counted.take().is_some() {
            control
                .observers()
                .lock_ended(&Outcome::Success, since, now);
        }
    }

    fn lost(&mut self, why: &str, control: &RunnerControl, now: Moment) {
        log::error!("The lock is lost ({why}): what runs under it is ended now");
        // The next holder is news.
        self.said.clear();
        self.shown = None;
        let since = *self.away_since.get_or_insert(now);
        self.counted = Some(now.mono);
        let message = format!("the lock was lost: {}: {why}", self.place);
        let remedy = "what ran under it was ended, another host may go on; look whether this \
                      machine was stopped, or its way to the lock server was cut";
        let outcome = lock_task::failure(message, Some(remedy.to_owned()));
        control.observers().lock_ended(&outcome, since, now);
    }

    /// Logs a change of hands, and shows it to `status`.
    fn show(&mut self, role: LockRole, note: Option<String>, now: Moment) {
        if let Some((shown, shown_note)) = &self.shown
            && shown.is_same(&role)
        {
            if *shown_note != note {
                self.write(role, note, now);
            }
            return;
        }
        // A lock that is given back after each run goes to and fro: each role is news once.
        let is_news = self.keeps || !self.said.iter().any(|said| said.is_same(&role));
        let level = match is_news {
            true => log::Level::Info,
            false => log::Level::Debug,
        };
        let place = &self.place;
        match &role {
            LockRole::Holder { fence } => {
                log::log!(level, "This runner holds the lock (fence {fence}): {place}");
            }
            LockRole::Standby { holder } => {
                let held = lock_status::held_by(holder.as_ref());
                log::log!(level, "Standby: {held} ({place})");
            }
        }
        if is_news && self.said.len() < MOST_SAID {
            self.said.push(role.clone());
        }
        self.write(role, note, now);
    }

    /// Shows to `status` how the lock stands.
    fn write(&mut self, role: LockRole, note: Option<String>, now: Moment) {
        if let Some((dir, name)) = &self.view {
            let view = LockView::new(role.clone(), self.place.clone(), now.wall, note.clone());
            if let Err(error) = dir.replace(name, &view.encode()) {
                log::warn!("`status` will not show how the lock stands: {error}");
            }
        }
        self.shown = Some((role, note));
    }
}
