//! What comes of the beginning and the end of mutes.

use super::super::task_policy::TaskPolicy;
use super::ChainPolicy;
use crate::core::time::Moment;
use crate::mute::{
    account::{MuteAccount, MuteNews},
    wish::Mute,
};

impl ChainPolicy {
    /// Sets which mutes there are now; those that are not among them have ended. A runner does so
    /// once at its beginning, though there be none: one may have ended while no runner was there.
    pub(crate) fn mutes_are(&mut self, mutes: Vec<Mute>, now: Moment) {
        let gone = self.mutes.replace(mutes);
        self.apply_mutes(gone, now);
    }

    /// Lets mutes begin and end by the clocks.
    pub(super) fn follow_mutes(&mut self, now: Moment) {
        if !self.mutes.all.is_empty() {
            self.apply_mutes(Vec::new(), now);
        }
    }

    fn apply_mutes(&mut self, gone: Vec<Mute>, now: Moment) {
        let (begun, mut ended) = self.mutes.follow(now, &self.boot);
        ended.extend(gone);
        for task in &mut self.tasks {
            match self.mutes.of(task.name().as_str()) {
                Some((mute, ends)) => task.mute(mute, ends),
                None => task.unmute(now),
            }
        }
        if begun.is_empty() && ended.is_empty() {
            return;
        }
        // Which tasks were muted, and until when, must be known to the next runner.
        self.saves.mailed();
        let ended = ended.into_iter().map(|mute| MuteNews {
            ended: Some(self.held_back_by(&mute)),
            mute,
        });
        let ended: Vec<MuteNews> = ended.collect();
        let begun = begun.into_iter().map(|mute| MuteNews { mute, ended: None });
        self.mutes.news.extend(ended.into_iter().chain(begun));
    }

    fn held_back_by(&self, mute: &Mute) -> u64 {
        let tasks = self.tasks.iter();
        let about = tasks.filter(|task| !task.is_muted() && mute.is_about(task.name().as_str()));
        let accounts = about.filter_map(TaskPolicy::account);
        accounts
            .map(MuteAccount::total)
            .fold(0, u64::saturating_add)
    }

    /// Returns the account of the mute of each task, where one holds.
    pub(crate) fn muted(&self) -> impl Iterator<Item = Option<&MuteAccount>> {
        let tasks = self.tasks.iter();
        tasks.map(|task| task.account().filter(|_| task.is_muted()))
    }

    /// Takes what has begun and ended since the last time, for the log.
    pub(crate) fn take_mute_news(&mut self) -> Vec<MuteNews> {
        std::mem::take(&mut self.mutes.news)
    }
}
