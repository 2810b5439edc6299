//! What is remembered of one task.

mod jobs;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::super::alert_kind::AlertKind;
use super::super::{
    failure_kind::FailureKind,
    outage::{EarlierPart, Outage},
};
use super::balance::Balance;
use super::bounds::{MOST_KINDS, no_later, shorter};
use super::deferred_failures::DeferredFailures;
use super::ongoing::{Latest, Ongoing};
use crate::alert::bucket::{Bucket, ClockGap};
use crate::alert::tally::SummaryCounts;
use crate::core::event::TaskIndex;
use crate::core::time::{Moment, Mono};
use crate::mute::account::MuteAccount;
use crate::task::TaskName;

const FIRST_TOKENS: u32 = 6;
const NEW_TOKENS: u32 = 5;
const HOUR: Duration = Duration::from_secs(3600);

/// What is remembered of one task of a chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TaskMemory {
    /// The task.
    pub(crate) name: String,
    /// Which of those with this name, from 0: the same task named twice is two.
    pub(crate) occurrence: usize,

    // What a restart by a person keeps.
    first: Bucket,
    new: Bucket,
    pub(crate) held: DeferredFailures,
    pub(crate) usual: Option<Duration>,
    pub(crate) warned: Option<Mono>,
    last_outage: u64,
    #[serde(default)]
    pub(crate) tally: SummaryCounts,
    #[serde(default)]
    pub(crate) muted: Option<MuteAccount>,
    /// What is known of an outage that a start interrupted, until a run succeeds or fails.
    #[serde(default)]
    pub(super) earlier: Option<EarlierPart>,

    // What it forgets.
    #[serde(default)]
    pub(crate) balance: Balance,
    known: Vec<KnownKind>,
    failed_before: bool,
    pub(crate) outage: Option<Ongoing>,
    pub(crate) healing: Option<Ongoing>,
    pub(crate) successes: u64,
    pub(crate) last_success: Option<SystemTime>,
}

/// A kind that the admin knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KnownKind {
    kind: FailureKind,
    /// When.
    pub(crate) mailed: SystemTime,
    /// When it was last seen; absent in older files.
    #[serde(default)]
    seen: Option<SystemTime>,
    /// Whether it was not seen for so long that it is news again.
    #[serde(default)]
    forgotten: bool,
}

/// The settings by which an outage begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutageLimits {
    /// The non-recoverable downtime.
    pub(crate) downtime: Duration,
    /// Kinds that were not seen for so long are news again; `None`: never.
    pub(crate) forget_after: Option<Duration>,
}

impl TaskMemory {
    /// Makes the memory of a task that never ran.
    pub(crate) fn new(name: &TaskName, occurrence: usize, nrd: Duration, now: Mono) -> Self {
        TaskMemory {
            name: name.to_string(),
            occurrence,
            first: Bucket::full(FIRST_TOKENS, nrd.min(HOUR), now),
            new: Bucket::full(NEW_TOKENS, nrd, now),
            held: DeferredFailures::default(),
            usual: None,
            warned: None,
            last_outage: 0,
            tally: SummaryCounts::default(),
            muted: None,
            earlier: None,
            balance: Balance::default(),
            known: Vec::new(),
            failed_before: false,
            outage: None,
            healing: None,
            successes: 0,
            last_success: None,
        }
    }

    /// Returns the memory for the task at this place of the chain, and for settings that may have
    /// changed: without values that cannot be true.
    pub(crate) fn adapted(mut self, step: TaskIndex, nrd: Duration, now: Mono) -> Self {
        self.first = self.first.adapted(FIRST_TOKENS, nrd.min(HOUR), now);
        self.new = self.new.adapted(NEW_TOKENS, nrd, now);
        self.held.adapt(step);
        self.warned = self.warned.map(|at| no_later(at, now));
        self.balance.adapt(nrd, now);
        self.known.truncate(MOST_KINDS);
        for ongoing in self.outage.iter_mut().chain(&mut self.healing) {
            ongoing.outage.kinds.truncate(MOST_KINDS);
            ongoing.outage.started.mono = no_later(ongoing.outage.started.mono, now);
            ongoing.debt = ongoing.debt.min(nrd);
        }
        self
    }

    /// Returns the bucket of a sort of mail.
    pub(crate) fn bucket(&mut self, sort: AlertKind) -> &mut Bucket {
        match sort {
            AlertKind::First => &mut self.first,
            _ => &mut self.new,
        }
    }

    /// Returns since when, or from when on, there is a token for a mail of this sort.
    pub(crate) fn token(&self, sort: AlertKind) -> Mono {
        match sort {
            AlertKind::First => self.first.next_token(),
            _ => self.new.next_token(),
        }
    }

    /// Takes note of a success that took so long. This is the path that a healthy chain goes a
    /// million times a second.
    pub(crate) fn succeeded(&mut self, took: Duration, at: SystemTime) {
        self.tally.runs = self.tally.runs.saturating_add(1);
        self.balance.ran();
        self.successes = self.successes.saturating_add(1);
        self.last_success = Some(at);
        self.earlier = None;
        // A moving average over about eight runs.
        self.usual = Some(match self.usual {
            Some(usual) => usual - usual / 8 + took / 8,
            None => took,
        });
    }

    /// Returns a kind that the admin knows of.
    pub(crate) fn known(&self, kind: &FailureKind) -> Option<&KnownKind> {
        let mut known = self.known.iter().rev();
        known.find(|known| known.kind == *kind && !known.forgotten)
    }

    /// Takes note that the admin knows of a kind.
    pub(crate) fn told(&mut self, kind: &FailureKind, at: SystemTime) {
        self.known.retain(|known| known.kind != *kind);
        if self.known.len() >= MOST_KINDS {
            self.known.remove(0);
        }
        self.known.push(KnownKind {
            kind: kind.clone(),
            mailed: at,
            seen: Some(at),
            forgotten: false,
        });
        let outages = self.outage.iter_mut().chain(&mut self.healing);
        for entry in outages.flat_map(|ongoing| &mut ongoing.outage.kinds) {
            if entry.kind == *kind {
                entry.mailed = Some(at);
            }
        }
    }

    /// Takes note that a kind was seen: it is the last to be forgotten. Returns when it was mailed,
    /// if the admin knows of it, and when it was seen before.
    fn seen(
        &mut self,
        kind: &FailureKind,
        now: SystemTime,
    ) -> (Option<SystemTime>, Option<SystemTime>) {
        let Some(at) = self.known.iter().position(|known| known.kind == *kind) else {
            return (None, None);
        };
        self.known[at..].rotate_left(1);
        let Some(known) = self.known.last_mut() else {
            return (None, None);
        };
        let before = known.seen.replace(now).or(Some(known.mailed));
        ((!known.forgotten).then_some(known.mailed), before)
    }

    /// Makes kinds that were not seen for so long news again. A stamp of the future counts as now.
    fn forget_kinds(&mut self, after: Option<Duration>, now: SystemTime) {
        let Some(after) = after else { return };
        for known in &mut self.known {
            let seen = known.seen.unwrap_or(known.mailed).min(now);
            known.seen = Some(seen);
            known.forgotten |= now.duration_since(seen).is_ok_and(|ago| ago > after);
        }
    }

    /// Returns which sort of mail a failure of a kind that the admin does not know of would be.
    pub(crate) fn sort_of(&self, kind: &FailureKind) -> AlertKind {
        if !self.failed_before {
            AlertKind::First
        } else if self.known.iter().all(|known| known.forgotten) {
            // The first one was held back, or could not be stored.
            self.held.sort_of(kind).unwrap_or(AlertKind::New)
        } else {
            AlertKind::New
        }
    }

    /// Takes note that some failure was seen, mailed or held back.
    pub(crate) fn failed(&mut self) {
        self.failed_before = true;
    }

    /// Enters a failed run into the outage, which begins with it if there was none. Returns whether
    /// it began.
    pub(crate) fn enter(
        &mut self,
        kind: &FailureKind,
        text: &str,
        (started, at): (Moment, Moment),
        limits: OutageLimits,
    ) -> bool {
        let asked = self.outage.take_if(|ongoing| ongoing.outage.only_asks());
        let began = self.outage.is_none();
        self.tally.failed(u64::from(began));
        if began {
            self.forget_kinds(limits.forget_after, at.wall);
            let mut begun = self.begin(started, kind);
            begun.debt = self.balance.begin(started, limits.downtime);
            begun.successes_before = std::mem::take(&mut self.successes);
            begun.outage.before = self.earlier.take();
            // What was mailed of its asking is the beginning of this story.
            begun.thread = asked.and_then(|asked| asked.thread);
            self.outage = Some(begun);
        }
        self.balance.failed();
        let seen = self.seen(kind, at.wall);
        if let Some(ongoing) = &mut self.outage {
            ongoing.enter(kind, text, at.wall, seen);
        }
        began
    }

    pub(super) fn begin(&mut self, started: Moment, kind: &FailureKind) -> Ongoing {
        // Numbers go on though a state file may be lost: mails of an older outage may still be
        // waiting in the outbox.
        let since_epoch = started.wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        let micros = u64::try_from(since_epoch.as_micros()).unwrap_or(0);
        self.last_outage = micros.max(self.last_outage.saturating_add(1));
        Ongoing {
            outage: Outage {
                number: self.last_outage,
                started,
                ended: None,
                failures: 0,
                asks: 0,
                kinds: Vec::new(),
                kinds_forgotten: 0,
                before: None,
            },
            reminded: 0,
            withheld: 0,
            debt: Duration::ZERO,
            thread: None,
            successes_before: self.successes,
            latest: Latest {
                kind: kind.clone(),
                text: String::new(),
            },
        }
    }

    /// Leaves less of the kinds and texts: half as much with each level.
    pub(super) fn shorten(&mut self, level: u32) {
        let most = MOST_KINDS >> level;
        let excess = self.known.len().saturating_sub(most);
        self.known.drain(..excess);
        for ongoing in self.outage.iter_mut().chain(&mut self.healing) {
            let outage = &mut ongoing.outage;
            let excess = outage.kinds.len().saturating_sub(most);
            outage.kinds.drain(..excess);
            outage.kinds_forgotten += excess as u64;
            for kind in &mut outage.kinds {
                kind.text = shorter(&kind.text, level);
            }
            ongoing.latest.text = shorter(&ongoing.latest.text, level);
        }
        if level > 0 {
            self.held = DeferredFailures::default();
        }
    }

    /// Moves it to another boot clock.
    pub(super) fn rebase(&mut self, absence: &ClockGap) {
        self.first.rebase(absence);
        self.new.rebase(absence);
        self.balance.rebase(absence);
        self.warned = self.warned.map(|at| absence.translate(at));
        for ongoing in self.outage.iter_mut().chain(&mut self.healing) {
            let started = &mut ongoing.outage.started.mono;
            *started = absence.translate(*started);
        }
    }

    /// Makes it that of a runner back from a crash.
    pub(super) fn come_back(&mut self, now: Mono) {
        self.warned = self.warned.map(|at| no_later(at, now));
        if self.outage.is_none() || self.only_asks() {
            // A healthy runner saves nothing, so these are from long ago.
            self.successes = 0;
            self.last_success = None;
        }
    }

    /// Makes the memory that of a runner that a user started. The begin of an outage, the count of
    /// failed runs and the last success stay: these are facts, about which the mails of the new
    /// runner must not be wrong.
    pub(super) fn forget(&mut self) {
        let outage = self.outage.as_ref();
        let earlier = outage.and_then(|ongoing| ongoing.outage.earlier_part());
        self.earlier = earlier.or(self.earlier);
        self.known.clear();
        self.balance = Balance::default();
        self.failed_before = false;
        // New code hears of its first failure; but a task that asks for later for ever would never
        // be heard of if each start forgot it.
        self.outage.take_if(|ongoing| !ongoing.outage.only_asks());
        self.healing = None;
        self.successes = 0;
        if self.earlier.is_none() {
            // A healthy runner saves nothing, so this is from long ago.
            self.last_success = None;
        }
    }
}
