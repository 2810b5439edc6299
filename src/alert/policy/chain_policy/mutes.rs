//! Which mutes hold, and what comes of their beginning and end.

use super::Policy;
use super::task::Task;
use crate::alert::mute::{Mute, MuteNews, Muted};
use crate::time::{Moment, Mono};

/// The mutes of a chain that are not over.
#[derive(Debug, Default)]
pub(super) struct Mutes {
    all: Vec<Entry>,
    news: Vec<MuteNews>,
}

#[derive(Debug)]
struct Entry {
    mute: Mute,
    /// When it ends; `None`: it does not hold yet.
    ends: Option<Mono>,
}

impl Mutes {
    pub(super) fn due(&self) -> Mono {
        let ends = self.all.iter().filter_map(|entry| entry.ends);
        ends.min().unwrap_or(Mono::NEVER)
    }

    /// Returns the mute of a task that lasts longest.
    fn of(&self, task: &str) -> Option<(&Mute, Mono)> {
        let holding = self.all.iter();
        let holding = holding.filter_map(|entry| Some((&entry.mute, entry.ends?)));
        let about = holding.filter(|(mute, _)| mute.is_about(task));
        about.max_by_key(|(_, ends)| *ends)
    }

    /// Puts these in the place of all. Returns those that held and are no more there.
    fn replace(&mut self, mutes: Vec<Mute>) -> Vec<Mute> {
        let mut former = std::mem::take(&mut self.all);
        let mut entry = |mute: Mute| {
            let at = former.iter().position(|entry| entry.mute == mute);
            let ends = at.and_then(|at| former.swap_remove(at).ends);
            Entry { mute, ends }
        };
        self.all = mutes.into_iter().map(&mut entry).collect();
        let held = former.into_iter().filter(|entry| entry.ends.is_some());
        held.map(|entry| entry.mute).collect()
    }

    /// Looks at the clocks. Returns those that begin, and those that end.
    fn follow(&mut self, now: Moment, boot: &str) -> (Vec<Mute>, Vec<Mute>) {
        let (mut begun, mut ended) = (Vec::new(), Vec::new());
        self.all.retain_mut(|entry| {
            let ends = entry.mute.ends(now, boot);
            match (entry.ends, ends) {
                (None, Some(_)) => begun.push(entry.mute.clone()),
                (Some(_), None) => ended.push(entry.mute.clone()),
                _ => {}
            }
            entry.ends = ends;
            ends.is_some() || entry.mute.is_to_come(now, boot)
        });
        (begun, ended)
    }
}

impl Policy {
    /// Says which mutes there are now; those that are not among them have ended. A runner says so once at its beginning, though there be none:
    /// one may have ended while nobody was there.
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
        // Who was muted, and until when, must be known to the next runner.
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
        let accounts = about.filter_map(Task::account);
        accounts.map(Muted::total).fold(0, u64::saturating_add)
    }

    /// Returns the account of the mute of each task, where one holds.
    pub(crate) fn muted(&self) -> impl Iterator<Item = Option<&Muted>> {
        let tasks = self.tasks.iter();
        tasks.map(|task| task.account().filter(|_| task.is_muted()))
    }

    /// Takes what has begun and ended since the last time, for the log.
    pub(crate) fn take_mute_news(&mut self) -> Vec<MuteNews> {
        std::mem::take(&mut self.mutes.news)
    }
}
