//! Which mutes hold, and what comes of their beginning and end.

use super::{account::MuteNews, wish::Mute};
use crate::core::time::{Moment, Mono};

/// The mutes of a chain that are not over.
#[derive(Debug, Default)]
pub(crate) struct ScheduledMutes {
    pub(crate) all: Vec<ScheduledMute>,
    pub(crate) news: Vec<MuteNews>,
}

#[derive(Debug)]
pub(crate) struct ScheduledMute {
    mute: Mute,
    /// When it ends; `None`: the clocks were not read yet.
    ends: Option<Mono>,
}

impl ScheduledMutes {
    pub(crate) fn due(&self) -> Mono {
        let ends = self.all.iter().filter_map(|entry| entry.ends);
        ends.min().unwrap_or(Mono::NEVER)
    }

    /// Returns the mute of a task that lasts longest.
    pub(crate) fn of(&self, task: &str) -> Option<(&Mute, Mono)> {
        let holding = self.all.iter();
        let holding = holding.filter_map(|entry| Some((&entry.mute, entry.ends?)));
        let about = holding.filter(|(mute, _)| mute.is_about(task));
        about.max_by_key(|(_, ends)| *ends)
    }

    /// Puts these in the place of all. Returns those that held and are no more there.
    pub(crate) fn replace(&mut self, mutes: Vec<Mute>) -> Vec<Mute> {
        let mut former = std::mem::take(&mut self.all);
        let mut entry = |mute: Mute| {
            let at = former
                .iter()
                .position(|entry| entry.mute.is_same_wish(&mute));
            let ends = at.and_then(|at| former.swap_remove(at).ends);
            ScheduledMute { mute, ends }
        };
        self.all = mutes.into_iter().map(&mut entry).collect();
        let held = former.into_iter().filter(|entry| entry.ends.is_some());
        held.map(|entry| entry.mute).collect()
    }

    /// Looks at the clocks. Returns those that begin, and those that end.
    pub(crate) fn follow(&mut self, now: Moment, boot: &str) -> (Vec<Mute>, Vec<Mute>) {
        let (mut begun, mut ended) = (Vec::new(), Vec::new());
        self.all.retain_mut(|entry| {
            let ends = entry.mute.ends(now, boot);
            // A clock on the wall that goes back makes no mute longer.
            let ends = ends.map(|ends| entry.ends.map_or(ends, |before| before.min(ends)));
            let ends = ends.filter(|ends| *ends > now.mono);
            match (entry.ends, ends) {
                (None, Some(_)) => begun.push(entry.mute.clone()),
                (Some(_), None) => ended.push(entry.mute.clone()),
                _ => {}
            }
            entry.ends = ends;
            ends.is_some()
        });
        (begun, ended)
    }
}
