//! When a task was down, of what, and what was mailed of it.

use std::collections::VecDeque;
use std::time::Duration;

use super::period::Period;
use super::untrusted;
use crate::history::{Mailed, RecordedRun, Stamp};

/// How many outages of a task are shown in full: the latest.
const MOST_OUTAGES: usize = 12;
/// How many kinds of an outage are shown, and how many are counted until it ends.
const MOST_KINDS: usize = 5;
const MOST_COUNTED_KINDS: usize = 64;
/// There are fewer sorts of mail; a history may be damaged.
const MOST_SORTS: usize = 10;

/// The outages of a task in the period.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outages {
    /// The latest, oldest first.
    pub(crate) latest: Vec<ReportedOutage>,
    /// How many there were.
    pub(crate) count: u64,
    /// How long they were together, as far as they are in the period.
    pub(crate) long: Duration,
    /// How long the longest was.
    pub(crate) longest: Duration,
}

/// From the first failed run to the next success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReportedOutage {
    /// When it began.
    pub(crate) since: Stamp,
    /// When it ended.
    pub(crate) until: OutageEnd,
    /// How many runs failed.
    pub(crate) failures: u64,
    /// What failed, the most frequent first.
    pub(crate) kinds: Vec<KindOf>,
    /// How many failures are of kinds that are not named.
    pub(crate) unnamed: u64,
    /// The mails about it, sort by sort.
    pub(crate) mails: Vec<MailsOf>,
    /// Why its first failure that was not mailed was not.
    pub(crate) silent: Option<String>,
}

/// The end of an outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutageEnd {
    /// The outage goes on.
    Open,
    /// A run succeeded.
    Healed(Stamp),
    /// The task was taken out of the chain.
    Gone(Stamp),
}

/// The failures of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KindOf {
    /// Its name.
    pub(crate) kind: String,
    /// The text of the first of them.
    pub(crate) text: String,
    /// How many.
    pub(crate) count: u64,
}

/// The mails of one sort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MailsOf {
    /// Its word.
    pub(crate) sort: String,
    /// When the first was.
    pub(crate) first: Stamp,
    /// When the last was.
    pub(crate) last: Stamp,
    /// How many.
    pub(crate) count: u64,
}

/// Outages as they come.
#[derive(Debug, Default)]
pub(super) struct Tracking {
    open: Option<ReportedOutage>,
    closed: VecDeque<ReportedOutage>,
    told: Outages,
}

impl ReportedOutage {
    fn new(since: Stamp) -> Self {
        ReportedOutage {
            since,
            until: OutageEnd::Open,
            failures: 0,
            kinds: Vec::new(),
            unnamed: 0,
            mails: Vec::new(),
            silent: None,
        }
    }

    /// Returns how long it was, or is by `now`.
    pub(crate) fn length(&self, now: Stamp) -> Duration {
        self.until.at().unwrap_or(now).since(self.since)
    }

    /// Returns how many mails there were.
    pub(crate) fn mail_count(&self) -> u64 {
        self.mails.iter().map(|mails| mails.count).sum()
    }

    fn add_kind(&mut self, kind: &str, text: &str) {
        if let Some(known) = self.kinds.iter_mut().find(|known| known.kind == kind) {
            known.count += 1;
        } else if self.kinds.len() < MOST_COUNTED_KINDS {
            self.kinds.push(KindOf {
                kind: kind.to_owned(),
                text: untrusted::theirs(text),
                count: 1,
            });
        } else {
            self.unnamed += 1;
        }
    }

    fn add_mail(&mut self, mail: &Mailed) {
        let (sort, at) = (&mail.sort, mail.at);
        if let Some(known) = self.mails.iter_mut().find(|known| known.sort == *sort) {
            known.count += 1;
            known.last = at;
        } else if self.mails.len() < MOST_SORTS {
            self.mails.push(MailsOf {
                sort: untrusted::name(sort),
                first: at,
                last: at,
                count: 1,
            });
        }
    }

    /// Keeps the kinds that are shown.
    fn settle(&mut self) {
        self.kinds.sort_by_key(|kind| std::cmp::Reverse(kind.count));
        let rest = self.kinds.split_off(self.kinds.len().min(MOST_KINDS));
        self.unnamed += rest.iter().map(|kind| kind.count).sum::<u64>();
    }
}

impl OutageEnd {
    /// Returns when it was.
    pub(crate) fn at(self) -> Option<Stamp> {
        match self {
            OutageEnd::Open => None,
            OutageEnd::Healed(at) | OutageEnd::Gone(at) => Some(at),
        }
    }
}

impl Tracking {
    /// Takes in a failed run.
    pub(super) fn failed(&mut self, run: &RecordedRun) {
        let outage = self.open.get_or_insert_with(|| ReportedOutage::new(run.at));
        outage.failures += 1;
        let text = run.text.as_deref().unwrap_or("failed");
        outage.add_kind(run.kind.as_deref().unwrap_or(text), text);
    }

    /// Takes in failures that were counted together.
    pub(super) fn failed_times(&mut self, since: Stamp, count: u64) {
        let outage = self.open.get_or_insert_with(|| ReportedOutage::new(since));
        outage.failures += count;
        outage.unnamed += count;
    }

    /// Takes in the end of an outage, if one is under way. Returns when it was, if it was.
    pub(super) fn ended(&mut self, end: OutageEnd, period: &Period) -> Option<(Stamp, Stamp)> {
        let mut outage = self.open.take()?;
        outage.until = end;
        outage.settle();
        let now = period.now();
        let until = end.at().unwrap_or(now).min(now);
        if until < period.start() {
            return None;
        }
        let since = outage.since.max(period.start());
        self.told.count += 1;
        self.told.long += until.since(since);
        self.told.longest = self.told.longest.max(outage.length(now));
        if self.closed.len() == MOST_OUTAGES {
            self.closed.pop_front();
        }
        self.closed.push_back(outage);
        Some((since, until))
    }

    /// Takes in a mail about the task.
    pub(super) fn mailed(&mut self, mail: &Mailed) {
        let last = self.closed.back_mut().filter(|_| mail.sort == "healed");
        if let Some(outage) = self.open.as_mut().or(last) {
            outage.add_mail(mail);
        }
    }

    /// Takes in why a failure was not mailed.
    pub(super) fn silent(&mut self, why: &str) {
        if let Some(outage) = &mut self.open {
            outage.silent.get_or_insert_with(|| untrusted::theirs(why));
        }
    }

    /// Returns all, and when the one was that goes on, if one does.
    pub(super) fn finish(mut self, period: &Period) -> (Outages, Option<(Stamp, Stamp)>) {
        let open = self.ended(OutageEnd::Open, period);
        let outages = Outages {
            latest: self.closed.into(),
            ..self.told
        };
        (outages, open)
    }
}
