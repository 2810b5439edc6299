//! From records to a report.

use std::time::Duration;

use super::durations::Taking;
use super::model::{
    ChainNow, ChainReport, Condition, CurrentState, DayReport, HistoryReport, MuteReport,
    RunCounts, ScheduleNow, TaskNow, TaskReport, TaskState,
};
use super::outages::{OutageEnd, Tracking};
use super::period::Period;
use super::untrusted;
use crate::core::event::RunId;
use crate::history::{Mailed, Record, RecordedRun, RecordedRuns as CountedRuns, RunResult, Stamp};

/// What stands above a report.
#[derive(Debug)]
pub(crate) struct Heading {
    /// Of which machine it is.
    pub(crate) host: String,
    /// What it was written by.
    pub(crate) program: String,
}

/// Records as they come, chain by chain.
#[derive(Debug)]
pub(crate) struct Gathering {
    period: Period,
    chains: Vec<ChainSoFar>,
}

#[derive(Debug)]
struct ChainSoFar {
    name: String,
    tasks: Vec<TaskSoFar>,
    mails: u64,
    /// The latest run, and the place of its task: the next record has what became of it.
    latest: Option<(RunId, usize)>,
}

#[derive(Debug)]
struct TaskSoFar {
    label: String,
    /// Whether it was in the chain when that was last started.
    is_gone: bool,
    days: Vec<DayReport>,
    durations: Taking,
    outages: Tracking,
    mails: u64,
}

/// A run, or many runs that ended alike.
struct GatheredTask {
    at: Stamp,
    ended: Stamp,
    took: Duration,
    count: u64,
    result: RunResult,
}

impl Gathering {
    /// Begins with nothing.
    pub(crate) fn new(period: Period) -> Self {
        Gathering {
            period,
            chains: Vec::new(),
        }
    }

    /// Takes in a record of a chain, each later than those before. `is_wanted` selects the tasks.
    pub(crate) fn add(&mut self, chain: &str, record: &Record, is_wanted: impl Fn(&str) -> bool) {
        let known = self.chains.iter().rposition(|known| known.name == chain);
        let at = known.unwrap_or_else(|| {
            self.chains.push(ChainSoFar {
                name: chain.to_owned(),
                tasks: Vec::new(),
                mails: 0,
                latest: None,
            });
            self.chains.len() - 1
        });
        self.chains[at].add(record, &self.period, &is_wanted);
    }

    /// Puts what was together with what is.
    pub(crate) fn finish(self, heading: Heading, now: CurrentState) -> HistoryReport {
        let Gathering { period, mut chains } = self;
        let mut report = HistoryReport {
            host: untrusted::name(&heading.host),
            program: untrusted::name(&heading.program),
            chains: Vec::new(),
            schedules: now.schedules.into_iter().map(in_our_words).collect(),
            mail_trouble: now.mail_trouble.as_deref().map(untrusted::theirs),
            period,
        };
        for now in now.chains {
            let past = chains.iter().position(|chain| chain.name == now.name);
            let past = past.map(|at| chains.swap_remove(at));
            let chain = chain(past, now, &report.period);
            report.chains.push(chain);
        }
        for past in chains.into_iter().filter(|chain| !chain.tasks.is_empty()) {
            let now = ChainNow {
                name: past.name.clone(),
                condition: Condition::Stopped,
                state: "not running".to_owned(),
                muted: None,
                tasks: Vec::new(),
            };
            let chain = chain(Some(past), now, &report.period);
            report.chains.push(chain);
        }
        report
            .chains
            .sort_by(|one, other| one.name.cmp(&other.name));
        report
    }
}

fn in_our_words(schedule: ScheduleNow) -> ScheduleNow {
    ScheduleNow {
        name: untrusted::name(&schedule.name),
        state: untrusted::theirs(&schedule.state),
        ..schedule
    }
}

fn chain(past: Option<ChainSoFar>, now: ChainNow, period: &Period) -> ChainReport {
    let (mut past, mails) = past.map_or((Vec::new(), 0), |past| (past.tasks, past.mails));
    let mut tasks = Vec::new();
    for task in now.tasks {
        let known = past.iter().position(|known| known.label == task.label);
        let known = known.map(|at| past.remove(at));
        let known = known.unwrap_or_else(|| TaskSoFar::new(&task.label, period));
        tasks.push(known.finish(Some(task), period));
    }
    let rest = past.into_iter().map(|task| task.finish(None, period));
    tasks.extend(rest.filter(|task| task.runs.all() > 0 || task.outages.count > 0));
    for task in &mut tasks {
        let state = std::mem::take(&mut task.state);
        task.state = state.in_a_chain_that(now.condition);
    }
    ChainReport {
        name: untrusted::name(&now.name),
        condition: now.condition,
        state: untrusted::theirs(&now.state),
        muted: now.muted.map(MuteReport::in_our_words),
        tasks,
        mails,
    }
}

impl ChainSoFar {
    fn add(&mut self, record: &Record, period: &Period, is_wanted: &dyn Fn(&str) -> bool) {
        match record {
            Record::Began(began) => self.began(&began.tasks, began.at, period),
            Record::Run(run) if is_wanted(&run.task) => {
                let at = self.task(&run.task, period);
                self.latest = Some((run.id, at));
                self.tasks[at].run(run, period);
            }
            Record::Runs(runs) if is_wanted(&runs.task) => {
                let at = self.task(&runs.task, period);
                self.tasks[at].runs(runs, period);
            }
            Record::Mailed(mail) => self.mailed(mail, period, is_wanted),
            Record::Silent(silent) => {
                if let Some((_, at)) = self.latest.filter(|(run, _)| *run == silent.run) {
                    self.tasks[at].outages.silent(&silent.why);
                }
            }
            _ => {}
        }
    }

    fn mailed(&mut self, mail: &Mailed, period: &Period, is_wanted: &dyn Fn(&str) -> bool) {
        let counts = u64::from(mail.at >= period.start());
        match &mail.task {
            Some(label) if is_wanted(label) => {
                let at = self.task(label, period);
                self.tasks[at].outages.mailed(mail);
                self.tasks[at].mails += counts;
            }
            Some(_) => {}
            None => self.mails += counts,
        }
    }

    /// A task that is no longer in the chain is not down any more.
    fn began(&mut self, labels: &[String], at: Stamp, period: &Period) {
        for task in &mut self.tasks {
            task.is_gone = !labels.contains(&task.label);
            if task.is_gone {
                task.ended(OutageEnd::Gone(at), period);
            }
        }
    }

    fn task(&mut self, label: &str, period: &Period) -> usize {
        let known = self.tasks.iter().position(|task| task.label == label);
        known.unwrap_or_else(|| {
            self.tasks.push(TaskSoFar::new(label, period));
            self.tasks.len() - 1
        })
    }
}

impl TaskSoFar {
    fn new(label: &str, period: &Period) -> Self {
        TaskSoFar {
            label: label.to_owned(),
            is_gone: false,
            days: vec![DayReport::default(); period.days()],
            durations: Taking::new(),
            outages: Tracking::default(),
            mails: 0,
        }
    }

    fn run(&mut self, run: &RecordedRun, period: &Period) {
        if run.result.is_failure() {
            self.outages.failed(run);
        }
        self.add(
            &GatheredTask {
                at: run.at,
                ended: run.at.after(run.took),
                took: run.took,
                count: 1,
                result: run.result,
            },
            period,
        );
    }

    fn runs(&mut self, runs: &CountedRuns, period: &Period) {
        if runs.result.is_failure() {
            self.outages.failed_times(runs.at, runs.count);
        }
        let average = runs.average();
        let seen = GatheredTask {
            at: runs.at,
            ended: runs.at.after(average),
            took: average,
            count: runs.count,
            result: runs.result,
        };
        self.add(&seen, period);
        if runs.result == RunResult::Ok && runs.longest > average {
            // One slow run among many quick ones is to be seen.
            self.durations.ok(period, runs.at, runs.longest, 1);
        }
    }

    fn add(&mut self, seen: &GatheredTask, period: &Period) {
        let day = period.day(seen.at).map(|day| &mut self.days[day].runs);
        let mut nowhere = RunCounts::default();
        let runs = day.unwrap_or(&mut nowhere);
        match seen.result {
            RunResult::Ok => runs.ok += seen.count,
            RunResult::Failed | RunResult::Fatal => runs.failed += seen.count,
            RunResult::Later | RunResult::Interrupted => runs.other += seen.count,
        }
        if seen.result == RunResult::Ok {
            self.durations.ok(period, seen.at, seen.took, seen.count);
            self.ended(OutageEnd::Healed(seen.ended), period);
        } else if seen.result.is_failure() {
            self.durations.failed(period, seen.at, seen.count);
        }
    }

    fn ended(&mut self, end: OutageEnd, period: &Period) {
        if let Some((since, until)) = self.outages.ended(end, period) {
            self.down(since, until, period);
        }
    }

    fn down(&mut self, since: Stamp, until: Stamp, period: &Period) {
        self.durations.down(period, since, until);
        let days = period.days_of(since, until).into_iter().flatten();
        days.for_each(|day| self.days[day].is_down = true);
    }

    /// `now` is how it fares; `None` when it is in no chain.
    fn finish(mut self, now: Option<TaskNow>, period: &Period) -> TaskReport {
        let (state, muted) = now.map_or((None, None), |now| (Some(now.state), now.muted));
        let tracking = std::mem::take(&mut self.outages);
        let (outages, open) = tracking.finish(period);
        if let Some((since, until)) = open {
            self.down(since, until, period);
        }
        let runs = self.days.iter().map(|day| day.runs);
        let state = state.unwrap_or_else(|| match outages.latest.last() {
            _ if self.is_gone => TaskState::Gone,
            Some(last) if open.is_some() => TaskState::of(last),
            Some(last) => TaskState::Healthy {
                since: last.until.at(),
            },
            None if self.durations.any() => TaskState::Healthy { since: None },
            None => TaskState::Unknown,
        });
        TaskReport {
            label: untrusted::name(&self.label),
            state: state.in_our_words(),
            muted: muted.map(MuteReport::in_our_words),
            runs: runs.fold(RunCounts::default(), RunCounts::and),
            days: self.days,
            durations: self.durations.finish(),
            outages,
            mails: self.mails,
        }
    }
}
