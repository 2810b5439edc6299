//! What all records of a chain come to: enough for `status`, so that it need not read them all.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::record::{Began, Record, Result, Stamp, is_zero, nanos};
use super::totals::{Mails, Spread, Totals};

/// How many runs of a task are drawn.
const MOST_RECENT: usize = 24;
const HOUR: Duration = Duration::from_secs(3600);
const HOURS_OF_A_DAY: u64 = 24;
const MOST_TEXT: usize = 160;

/// How the tasks of a chain fare.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Summary {
    /// Of each task, in the order of the chain.
    pub(crate) tasks: Vec<TaskSummary>,
    /// How the last runner ended, if it ended by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ended: Option<(Stamp, String)>,
    /// When the last runner began.
    #[serde(default)]
    pub(crate) began: Stamp,
    /// The boot in which it did; 0: not known.
    #[serde(default, skip_serializing_if = "is_zero")]
    boot: u64,
    /// All mails of the chain.
    #[serde(default, skip_serializing_if = "Mails::is_empty")]
    pub(crate) mails: Mails,
}

/// How a task fares.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct TaskSummary {
    /// What it is called on the screen.
    pub(crate) task: String,
    /// Its last run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last: Option<Last>,
    /// Its last runs, oldest first.
    #[serde(default)]
    pub(crate) recent: Vec<Tick>,
    /// Its runs of the last day: hour since 1970, successes, failures.
    #[serde(default)]
    hours: Vec<(u64, u64, u64)>,
    /// The start of the first failure since the last success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) down_since: Option<Stamp>,
    /// How many runs failed since then.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) failures: u64,
    /// The start of the first run that asked to be tried again later, if all have since the last one that succeeded or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) asking_since: Option<Stamp>,
    /// How many runs asked since then.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) asks: u64,
    /// The end of the first success since the last failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) healthy_since: Option<Stamp>,
    /// The end of the last success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_success: Option<Stamp>,
    /// All its runs.
    #[serde(default, skip_serializing_if = "Totals::is_empty")]
    pub(crate) totals: Totals,
}

/// The last run of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Last {
    /// When it ended.
    pub(crate) ended: Stamp,
    /// How long it took.
    #[serde(with = "nanos")]
    pub(crate) took: Duration,
    /// How it ended.
    pub(crate) result: Result,
    /// What it said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
}

/// How long a run took, and how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tick(
    #[serde(with = "nanos")] pub(crate) Duration,
    pub(crate) Result,
);

/// One run, or many that ended alike.
struct Seen<'a> {
    began: Stamp,
    ended: Stamp,
    took: Duration,
    count: u64,
    took_together: Duration,
    spread: Spread,
    result: Result,
    text: Option<&'a str>,
}

impl Summary {
    /// Takes in what a later record says.
    pub(crate) fn add(&mut self, record: &Record) {
        match record {
            Record::Summary(summary) => *self = summary.clone(),
            Record::Began(began) => self.begin(began),
            Record::Ended { at, why } => self.ended = Some((*at, why.clone())),
            Record::Run(run) => {
                let mut spread = Spread::default();
                spread.count(run.took, 1);
                self.task(&run.task).add(&Seen {
                    began: run.at,
                    ended: run.at.after(run.took),
                    took: run.took,
                    count: 1,
                    took_together: run.took,
                    spread,
                    result: run.result,
                    text: run.text.as_deref(),
                });
            }
            Record::Runs(runs) => self.task(&runs.task).add(&Seen {
                began: runs.at,
                ended: runs.until,
                took: runs.average(),
                count: runs.count,
                took_together: runs.took,
                spread: runs.spread(),
                result: runs.result,
                text: None,
            }),
            Record::Mailed(mailed) => self.mails.count(&mailed.sort),
            Record::Form(_) | Record::Silent(_) => {}
        }
    }

    /// A runner begins where another has ended.
    fn begin(&mut self, began: &Began) {
        self.keep_only(&began.tasks);
        // A power cut may have taken the last lines with it, and the counts would be less than they were. Who draws them takes such a
        // count for one that began at zero, so that is where they begin with each boot.
        if self.boot != began.boot {
            self.tasks.iter_mut().for_each(TaskSummary::count_anew);
            self.mails = Mails::default();
        }
        self.ended = None;
        self.began = began.at;
        self.boot = began.boot;
    }

    /// Forgets the tasks that are no more in the chain, and brings the others into its order.
    fn keep_only(&mut self, labels: &[String]) {
        let mut former = std::mem::take(&mut self.tasks);
        let mut of = |label: &String| {
            let known = former.iter().position(|task| task.task == *label);
            known.map_or_else(|| TaskSummary::new(label), |at| former.swap_remove(at))
        };
        self.tasks = labels.iter().map(&mut of).collect();
    }

    fn task(&mut self, label: &str) -> &mut TaskSummary {
        let known = self.tasks.iter().position(|task| task.task == label);
        let at = known.unwrap_or_else(|| {
            self.tasks.push(TaskSummary::new(label));
            self.tasks.len() - 1
        });
        &mut self.tasks[at]
    }
}

impl TaskSummary {
    fn new(label: &str) -> Self {
        TaskSummary {
            task: label.to_owned(),
            ..TaskSummary::default()
        }
    }

    /// Returns how many runs succeeded and how many failed in the 24 hours before `now`, to the hour.
    pub(crate) fn last_day(&self, now: Stamp) -> (u64, u64) {
        let first = hour_of(now).saturating_sub(HOURS_OF_A_DAY - 1);
        let hours = self.hours.iter().filter(|(hour, ..)| *hour >= first);
        hours.fold((0, 0), |(ok, failed), (_, more, worse)| {
            (ok + more, failed + worse)
        })
    }

    fn count_anew(&mut self) {
        self.totals = Totals::default();
    }

    fn add(&mut self, seen: &Seen<'_>) {
        let &Seen { result, ended, .. } = seen;
        self.totals
            .add(result, seen.count, seen.took_together, &seen.spread);
        if self.recent.len() >= MOST_RECENT {
            self.recent.remove(0);
        }
        if result != Result::Interrupted {
            self.recent.push(Tick(seen.took, result));
        }
        self.last = Some(Last {
            ended,
            took: seen.took,
            result,
            text: seen.text.map(beginning),
        });
        self.count(seen);
        if result == Result::Ok || result.is_failure() {
            (self.asking_since, self.asks) = (None, 0);
        } else if result == Result::Later && self.down_since.is_none() {
            self.asking_since.get_or_insert(seen.began);
            self.asks += seen.count;
        }
        if result == Result::Ok {
            self.down_since = None;
            self.failures = 0;
            self.healthy_since.get_or_insert(ended);
            self.last_success = Some(ended);
        } else if result.is_failure() {
            self.down_since.get_or_insert(seen.began);
            self.failures += seen.count;
            self.healthy_since = None;
        }
    }

    fn count(&mut self, seen: &Seen<'_>) {
        let hour = hour_of(seen.ended);
        let (ok, failed) = match seen.result {
            Result::Ok => (seen.count, 0),
            Result::Failed | Result::Fatal => (0, seen.count),
            Result::Later | Result::Interrupted => return,
        };
        match self.hours.last_mut().filter(|(last, ..)| *last == hour) {
            Some((_, more, worse)) => (*more, *worse) = (*more + ok, *worse + failed),
            None => self.hours.push((hour, ok, failed)),
        }
        // A clock that was set back leaves hours that are yet to come.
        self.hours
            .retain(|(other, ..)| *other <= hour && *other + HOURS_OF_A_DAY > hour);
    }
}

fn hour_of(at: Stamp) -> u64 {
    at.0 / (HOUR.as_secs() * 1_000_000)
}

fn beginning(text: &str) -> String {
    let end = text.char_indices().nth(MOST_TEXT).map(|(at, _)| at);
    text[..end.unwrap_or(text.len())].to_owned()
}
