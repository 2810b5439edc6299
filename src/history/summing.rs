//! What each record adds to the summary.

use std::time::Duration;

use super::record::Record;
use super::summary::{ChainSummary, HOURS_OF_A_DAY, LastRun, TaskSummary, Tick, hour_of};
use super::totals::{DurationHistogram, MailTotals, Totals};
use super::values::{Began, RunResult, Stamp};

/// How many runs of a task are drawn.
const MOST_RECENT: usize = 24;
const MOST_TEXT: usize = 160;

/// A run, or many runs that ended alike.
struct SummedRuns<'a> {
    began: Stamp,
    ended: Stamp,
    took: Duration,
    count: u64,
    took_together: Duration,
    spread: DurationHistogram,
    result: RunResult,
    text: Option<&'a str>,
}

impl ChainSummary {
    /// Adds a later record.
    pub(crate) fn add(&mut self, record: &Record) {
        match record {
            Record::Summary(summary) => *self = summary.clone(),
            Record::Began(began) => self.begin(began),
            Record::Ended { at, why } => self.ended = Some((*at, why.clone())),
            Record::Run(run) => {
                let mut spread = DurationHistogram::default();
                spread.count(run.took, 1);
                self.task(&run.task).add(&SummedRuns {
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
            Record::Runs(runs) => self.task(&runs.task).add(&SummedRuns {
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
        // A power cut may have taken the last lines with it, and the counts would be less than they
        // were. A program that draws them takes such a count for one that began at zero, so that is
        // where they begin with each boot.
        if self.boot != began.boot {
            self.tasks.iter_mut().for_each(TaskSummary::count_anew);
            self.mails = MailTotals::default();
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

    fn count_anew(&mut self) {
        self.totals = Totals::default();
    }

    fn add(&mut self, seen: &SummedRuns<'_>) {
        let &SummedRuns { result, ended, .. } = seen;
        self.totals
            .add(result, seen.count, seen.took_together, &seen.spread);
        if self.recent.len() >= MOST_RECENT {
            self.recent.remove(0);
        }
        if result != RunResult::Interrupted {
            self.recent.push(Tick(seen.took, result));
        }
        self.last = Some(LastRun {
            ended,
            took: seen.took,
            result,
            text: seen.text.map(beginning),
        });
        self.count(seen);
        if result == RunResult::Ok || result.is_failure() {
            (self.asking_since, self.asks) = (None, 0);
        } else if result == RunResult::Later && self.down_since.is_none() {
            self.asking_since.get_or_insert(seen.began);
            self.asks += seen.count;
        }
        if result == RunResult::Ok {
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

    fn count(&mut self, seen: &SummedRuns<'_>) {
        let hour = hour_of(seen.ended);
        let (ok, failed) = match seen.result {
            RunResult::Ok => (seen.count, 0),
            RunResult::Failed | RunResult::Fatal => (0, seen.count),
            RunResult::Later | RunResult::Interrupted => return,
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

fn beginning(text: &str) -> String {
    let end = text.char_indices().nth(MOST_TEXT).map(|(at, _)| at);
    text[..end.unwrap_or(text.len())].to_owned()
}
