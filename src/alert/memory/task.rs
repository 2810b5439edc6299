//! What is remembered of one task.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::{Held, no_later};
use crate::alert::bucket::{Absence, Bucket};
use crate::alert::mute::Muted;
use crate::alert::notice::{Kind, KindCount, Outage, Sort};
use crate::alert::tally::Tally;
use crate::event::Step;
use crate::task::TaskName;
use crate::time::{Moment, Mono};

/// How many kinds are remembered of a task; the least recently seen goes.
pub(crate) const MOST_KINDS: usize = 64;
/// How many bytes of a failure's text are remembered.
const MOST_TEXT: usize = 512;

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
    pub(crate) held: Held,
    pub(crate) usual: Option<Duration>,
    pub(crate) warned: Option<Mono>,
    last_outage: u64,
    #[serde(default)]
    pub(crate) tally: Tally,
    #[serde(default)]
    pub(crate) muted: Option<Muted>,

    // What it forgets.
    known: Vec<Known>,
    failed_before: bool,
    pub(crate) outage: Option<Ongoing>,
    pub(crate) healing: Option<Ongoing>,
    pub(crate) successes: u64,
    pub(crate) last_success: Option<SystemTime>,
}

/// A kind of which the admin was told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Known {
    kind: Kind,
    /// When.
    pub(crate) mailed: SystemTime,
}

/// An outage, and what was mailed of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ongoing {
    /// What it is.
    pub(crate) outage: Outage,
    /// For how many times the non-recoverable downtime a mail was sent.
    pub(crate) reminded: u32,
    /// For how many a mail was held back by a mute.
    #[serde(default)]
    pub(crate) withheld: u32,
    /// The Message-ID of its first mail.
    pub(crate) thread: Option<String>,
    /// How many runs succeeded between the former outage and this one.
    pub(crate) successes_before: u64,
    /// The latest failure.
    pub(crate) latest: Latest,
}

/// The latest failure of an outage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Latest {
    /// Its kind.
    pub(crate) kind: Kind,
    /// Its text, perhaps cut.
    pub(crate) text: String,
}

impl TaskMemory {
    /// Makes the memory of a task that never ran.
    pub(crate) fn new(name: &TaskName, occurrence: usize, nrd: Duration, now: Mono) -> Self {
        TaskMemory {
            name: name.to_string(),
            occurrence,
            first: Bucket::full(FIRST_TOKENS, nrd.min(HOUR), now),
            new: Bucket::full(NEW_TOKENS, nrd, now),
            held: Held::default(),
            usual: None,
            warned: None,
            last_outage: 0,
            tally: Tally::default(),
            muted: None,
            known: Vec::new(),
            failed_before: false,
            outage: None,
            healing: None,
            successes: 0,
            last_success: None,
        }
    }

    /// Returns it as the memory of this step, under perhaps changed settings, with nothing in it that cannot be.
    pub(crate) fn adapted(mut self, step: Step, nrd: Duration, now: Mono) -> Self {
        self.first = self.first.adapted(FIRST_TOKENS, nrd.min(HOUR), now);
        self.new = self.new.adapted(NEW_TOKENS, nrd, now);
        self.held.adapt(step);
        self.warned = self.warned.map(|at| no_later(at, now));
        self.known.truncate(MOST_KINDS);
        for ongoing in self.outage.iter_mut().chain(&mut self.healing) {
            ongoing.outage.kinds.truncate(MOST_KINDS);
            ongoing.outage.started.mono = no_later(ongoing.outage.started.mono, now);
        }
        self
    }

    /// Returns the bucket of a sort of mail.
    pub(crate) fn bucket(&mut self, sort: Sort) -> &mut Bucket {
        match sort {
            Sort::First => &mut self.first,
            _ => &mut self.new,
        }
    }

    /// Returns since when, or from when on, there is a token for a mail of this sort.
    pub(crate) fn token(&self, sort: Sort) -> Mono {
        match sort {
            Sort::First => self.first.next_token(),
            _ => self.new.next_token(),
        }
    }

    /// Takes note of a success that took so long. This is the path that a healthy chain goes a million times a second.
    pub(crate) fn succeeded(&mut self, took: Duration, at: SystemTime) {
        self.tally.runs = self.tally.runs.saturating_add(1);
        self.successes = self.successes.saturating_add(1);
        self.last_success = Some(at);
        // A moving average over about eight runs.
        self.usual = Some(match self.usual {
            Some(usual) => usual - usual / 8 + took / 8,
            None => took,
        });
    }

    /// Returns a kind that the admin knows of.
    pub(crate) fn known(&self, kind: &Kind) -> Option<&Known> {
        self.known.iter().rev().find(|known| known.kind == *kind)
    }

    /// Takes note that the admin knows of a kind.
    pub(crate) fn told(&mut self, kind: &Kind, at: SystemTime) {
        self.known.retain(|known| known.kind != *kind);
        if self.known.len() >= MOST_KINDS {
            self.known.remove(0);
        }
        self.known.push(Known {
            kind: kind.clone(),
            mailed: at,
        });
        let outages = self.outage.iter_mut().chain(&mut self.healing);
        for entry in outages.flat_map(|ongoing| &mut ongoing.outage.kinds) {
            if entry.kind == *kind {
                entry.mailed = Some(at);
            }
        }
    }

    /// Takes note that a kind was seen: it is the last to be forgotten.
    fn seen(&mut self, kind: &Kind) -> Option<SystemTime> {
        let at = self.known.iter().position(|known| known.kind == *kind)?;
        self.known[at..].rotate_left(1);
        self.known.last().map(|known| known.mailed)
    }

    /// Returns which sort of mail a failure of a kind that the admin does not know of would be.
    pub(crate) fn sort_of(&self, kind: &Kind) -> Sort {
        if !self.failed_before {
            Sort::First
        } else if self.known.is_empty() {
            // The first one was held back, or could not be stored.
            self.held.sort_of(kind).unwrap_or(Sort::New)
        } else {
            Sort::New
        }
    }

    /// Takes note that some failure was seen, mailed or held back.
    pub(crate) fn failed(&mut self) {
        self.failed_before = true;
    }

    /// Enters a failed run into the outage, which begins with it if there was none. Returns whether it began.
    pub(crate) fn enter(&mut self, kind: &Kind, text: &str, started: Moment, at: Moment) -> bool {
        let mailed = self.seen(kind);
        let asked = self.outage.take_if(|ongoing| ongoing.outage.only_asks());
        let began = self.outage.is_none();
        self.tally.failed(u64::from(began));
        if began {
            let mut begun = self.begin(started, kind);
            begun.successes_before = std::mem::take(&mut self.successes);
            // What was mailed of its asking is the beginning of this story.
            begun.thread = asked.and_then(|asked| asked.thread);
            self.outage = Some(begun);
        }
        if let Some(ongoing) = &mut self.outage {
            ongoing.enter(kind, text, at.wall, mailed);
        }
        began
    }

    pub(super) fn begin(&mut self, started: Moment, kind: &Kind) -> Ongoing {
        // Numbers go on though a state file may be lost: mails of an older outage may still be waiting in the outbox.
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
            },
            reminded: 0,
            withheld: 0,
            thread: None,
            successes_before: self.successes,
            latest: Latest {
                kind: kind.clone(),
                text: String::new(),
            },
        }
    }

    /// Moves it to another boot clock.
    pub(super) fn rebase(&mut self, absence: &Absence) {
        self.first.rebase(absence);
        self.new.rebase(absence);
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

    /// Makes it that of a runner that a person started.
    pub(super) fn forget(&mut self) {
        self.known.clear();
        self.failed_before = false;
        // New code hears of its first failure; but who asks for later for ever would never be heard of if each start forgot it.
        self.outage.take_if(|ongoing| !ongoing.outage.only_asks());
        self.healing = None;
        self.successes = 0;
        self.last_success = None;
    }
}

impl Ongoing {
    /// Returns whether the task is down: a run has failed, or it has asked for later until that was, or would have been, mailed.
    pub(crate) fn is_down(&self) -> bool {
        !self.outage.only_asks() || self.reminded.max(self.withheld) > 0
    }

    fn enter(&mut self, kind: &Kind, text: &str, at: SystemTime, mailed: Option<SystemTime>) {
        let text = bounded(text);
        self.outage.failures = self.outage.failures.saturating_add(1);
        self.latest.kind.0.clone_from(&kind.0);
        overwrite(&mut self.latest.text, text);
        let kinds = &mut self.outage.kinds;
        if let Some(entry) = kinds.iter_mut().find(|entry| entry.kind == *kind) {
            entry.count = entry.count.saturating_add(1);
            entry.last = at;
            entry.mailed = entry.mailed.or(mailed);
            overwrite(&mut entry.text, text);
            return;
        }
        if kinds.len() >= MOST_KINDS {
            let oldest = kinds.iter().enumerate().min_by_key(|(_, kind)| kind.last);
            let oldest = oldest.map_or(0, |(index, _)| index);
            kinds.remove(oldest);
            self.outage.kinds_forgotten = self.outage.kinds_forgotten.saturating_add(1);
        }
        kinds.push(KindCount {
            kind: kind.clone(),
            text: text.to_owned(),
            count: 1,
            first: at,
            last: at,
            mailed,
        });
    }
}

/// Returns as much of a text as is remembered, cut at a character boundary.
pub(super) fn bounded(text: &str) -> &str {
    let mut end = MOST_TEXT.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

pub(super) fn overwrite(old: &mut String, new: &str) {
    old.clear();
    old.push_str(new);
}
