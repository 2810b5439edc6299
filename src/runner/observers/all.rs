//! The observers of events: live page, status, history, log, alerts.

use super::super::lock_task;
use super::live_status::{self, LiveStatusObserver};
use super::metrics_file::MetricsFile;
use super::outward::OutwardObservers;
use super::readiness::ReadinessNotifier;
use super::task_table::TaskTable;
use crate::alert::memory::AlertMemory;
use crate::core::event::{Event, Observer, RunDeadlines, RunEnd, RunId, TaskIndex};
use crate::core::failure::{Outcome, Output};
use crate::core::time::{Moment, Mono};
use crate::history;
use crate::logging::{self, EventLog};
use crate::notify::alert_memory_file::MemoryCopy;
use crate::notify::alerter::Alerter;
use crate::redact::Redactor;
use crate::unix::live::UnwrittenData;

/// The observers of a runner.
#[derive(Debug)]
pub(crate) struct Observers {
    /// Secrets are removed before any observer receives an event.
    redactor: Redactor,
    log: EventLog,
    board: TaskTable,
    /// `None` for `once`, which sends no mail.
    alerter: Option<Alerter>,
    /// `None` for `once`, which is no service.
    service: Option<ReadinessNotifier>,
    page: LiveStatusObserver,
    /// `None` for `once`, which leaves nothing behind.
    history: Option<history::Writer>,
    /// `None` where nobody asked for it.
    metrics_file: Option<MetricsFile>,
    pub(crate) outward: OutwardObservers,
    /// What the run printed that is about to end, if it did not fail.
    printed: Option<Output>,
    pub(super) running: Option<(TaskIndex, RunId, Moment)>,
    /// The place behind all tasks, which alerts keep for the lock.
    lock_step: TaskIndex,
    /// How long the run may go on that goes on, or was the last.
    limit: Option<RunDeadlines>,
    /// When the watcher will look by itself.
    armed: Mono,
    /// When the textfile wants it to.
    armed_for_metrics_file: Mono,
}

impl Observers {
    /// Makes the observers of tasks with these labels, who only log.
    pub(crate) fn new(labels: &[String], redactor: Redactor) -> Self {
        Observers {
            redactor,
            log: EventLog::new(labels.iter().cloned().chain([lock_task::LABEL.to_owned()])),
            board: TaskTable::new(labels),
            alerter: None,
            service: None,
            page: LiveStatusObserver::default(),
            history: None,
            metrics_file: None,
            outward: OutwardObservers::default(),
            printed: None,
            running: None,
            lock_step: labels.len(),
            limit: None,
            armed: Mono::NEVER,
            armed_for_metrics_file: Mono::NEVER,
        }
    }

    /// Adds those of a chain.
    pub(crate) fn with(
        self,
        alerter: Alerter,
        service: ReadinessNotifier,
        page: LiveStatusObserver,
    ) -> Self {
        Observers {
            alerter: Some(alerter),
            service: Some(service),
            page,
            ..self
        }
    }

    /// Adds those who write down what was, and how it stands.
    pub(crate) fn keeping(
        self,
        history: history::Writer,
        metrics_file: Option<MetricsFile>,
    ) -> Self {
        Observers {
            history: Some(history),
            metrics_file,
            ..self
        }
    }

    /// Adds those that reach for other machines.
    pub(crate) fn reaching_out(self, outward: OutwardObservers) -> Self {
        Observers { outward, ..self }
    }

    /// Returns when there is something to do without an event. The caller promises to look then.
    pub(crate) fn due(&mut self) -> Mono {
        let (alerter, metrics_file) = self.dues();
        self.armed_for_metrics_file = metrics_file;
        self.armed = alerter.min(metrics_file);
        self.armed
    }

    /// Returns whether something is due earlier than the watcher knows, or what it would wake up
    /// for is done: who sleeps is not disturbed.
    pub(crate) fn is_due_otherwise(&self) -> bool {
        let (alerter, metrics_file) = self.dues();
        let due = alerter.min(metrics_file);
        due < self.armed || (due > self.armed && self.armed == self.armed_for_metrics_file)
    }

    fn dues(&self) -> (Mono, Mono) {
        let alerter = self.alerter.as_ref().map_or(Mono::NEVER, Alerter::due);
        let metrics_file = self
            .metrics_file
            .as_ref()
            .map_or(Mono::NEVER, MetricsFile::due);
        (alerter, metrics_file)
    }

    /// Does what is due.
    pub(crate) fn poll(&mut self, now: Moment) {
        self.at_alerter(now, |alerter, tell| alerter.poll(now, tell));
        let is_due = |metrics_file: &MetricsFile| metrics_file.due() <= now.mono;
        if self.metrics_file.as_ref().is_some_and(is_due) {
            self.write_metrics_file(now);
        }
    }

    /// Takes note of a change of which mails are wanted.
    pub(crate) fn hear_of_mutes(&mut self, now: Moment) {
        self.at_alerter(now, |alerter, tell| alerter.hear_of_mutes(now, tell));
    }

    /// Ends all mutes: the last mail of a runner that gives up leaves whatever is muted.
    pub(super) fn end_mutes(&mut self, now: Moment) {
        self.at_alerter(now, |alerter, tell| alerter.end_mutes(now, tell));
    }

    /// Has something done at the desk that is no event, and reports what comes of it.
    fn at_alerter(
        &mut self,
        now: Moment,
        act: impl FnOnce(&mut Alerter, &mut dyn FnMut(&Event<'_>)),
    ) {
        if let Some(alerter) = &mut self.alerter {
            let (log, history, lock_step) = (&mut self.log, &mut self.history, self.lock_step);
            let (metrics_file, page, limit) =
                (&mut self.metrics_file, &mut self.page, &mut self.limit);
            act(alerter, &mut |event| {
                log.observe(event);
                if let (Some(at), Some(limit)) = (live_status::still_running(event), &mut *limit) {
                    limit.mailed = Some(at);
                    page.mailed(at);
                }
                if let Some(history) = history {
                    note_in_history(history, event, lock_step);
                }
                if let Some(metrics_file) = metrics_file {
                    metrics_file.want(now.mono);
                }
            });
        }
        self.tell_held();
        self.write_down();
    }

    /// Takes note of what came of the lock since `since`: its outages are mailed as those of a
    /// task.
    pub(crate) fn lock_ended(&mut self, outcome: &Outcome, since: Moment, now: Moment) {
        let run = RunId::at(now);
        let step = self.lock_step;
        let mut kept = None;
        let end = Event::RunEnded(RunEnd {
            step,
            run,
            started: since,
            at: now,
            outcome,
        });
        let end = self.redactor.event(&end, &mut kept);
        self.at_alerter(now, |alerter, tell| {
            // No run of a task has ended: the log and the history only learn what is mailed.
            alerter.observe(&end, &mut |event| match event {
                Event::RunEnded(_) => {}
                event => tell(event),
            });
        });
    }

    /// Takes over what the last holder of the lock remembers of alerts.
    pub(crate) fn inherit(&mut self, alerts: AlertMemory, own: &str, now: Moment) {
        self.at_alerter(now, |alerter, tell| alerter.inherit(alerts, own, now, tell));
    }

    /// Sends a copy of the memory of alerts whenever that is written from now on.
    pub(crate) fn copy_memory_to(&mut self, copy: MemoryCopy) {
        if let Some(alerter) = &mut self.alerter {
            alerter.copy_memory_to(copy);
        }
    }

    /// Returns what is remembered of alerts; `None` for `once`, which sends no mail.
    pub(crate) fn remembered(&self, now: Moment) -> Option<AlertMemory> {
        let alerter = self.alerter.as_ref()?;
        Some(alerter.remembered(now))
    }

    fn write_metrics_file(&mut self, now: Moment) {
        if let (Some(metrics_file), Some(history), Some(alerter)) =
            (&mut self.metrics_file, &self.history, &self.alerter)
        {
            metrics_file.write(history.summary(), &alerter.remembered(now), now.mono);
        }
    }

    fn tell_held(&mut self) {
        if let Some(alerter) = &mut self.alerter {
            alerter.tell_held(|waiting| self.page.hold_back(waiting));
        }
    }

    /// Writes the history, and reports what the disk does not take.
    fn write_down(&mut self) {
        if let Some(history) = &mut self.history {
            history.commit();
            let alerter = self.alerter.as_ref();
            self.page.unkept(UnwrittenData {
                history: history.troubled_since(),
                memory: alerter.and_then(Alerter::unsaved_since),
                mails: alerter.map_or(0, Alerter::mails_in_memory),
            });
        }
    }

    /// Keeps what a run printed that did not fail, until its end is reported.
    pub(crate) fn keep_output(&mut self, output: &Output) {
        if self.history.is_some() && !output.head.is_empty() {
            self.printed = Some(self.redactor.output(output));
        }
    }

    /// Puts the table into the log.
    pub(crate) fn log_status(&mut self, now: Moment) {
        self.at_alerter(now, |alerter, tell| alerter.look_at_mutes(now, tell));
        let muted = self.alerter.as_ref().map_or_else(Vec::new, Alerter::muted);
        for line in self.board.table(now, &muted, self.limit) {
            log::info!("{line}");
        }
    }

    /// Logs what is to be known of a run besides its outcome.
    pub(crate) fn log_notes(&self, label: &str, run: RunId, notes: &[String]) {
        for note in notes {
            logging::tell_note(label, run, &self.redactor.text(note));
        }
    }

    /// Logs what a run printed.
    pub(crate) fn log_output(&self, label: &str, run: RunId, output: &Output) {
        logging::log_output(label, run, &self.redactor.output(output));
    }

    /// Logs the end of what a failed run printed.
    pub(crate) fn log_end_of_output(&self, label: &str, run: RunId, output: &Output) {
        logging::log_end_of_output(label, run, &self.redactor.output(output));
    }

    /// Lets the last mails leave, until `until`.
    pub(crate) fn finish(&self, until: Mono) {
        if let Some(alerter) = &self.alerter {
            alerter.finish(until);
        }
        if let Some(metrics_file) = &self.metrics_file {
            metrics_file.writer().finish(until);
        }
        self.outward.finish(until);
    }

    /// Returns whether the running task is past its time.
    pub(crate) fn is_overdue(&self, now: Mono) -> bool {
        match (&self.alerter, self.board.running()) {
            (Some(alerter), Some((step, since))) => alerter.is_overdue(step, since.mono, now),
            _ => false,
        }
    }

    /// Returns whether the last run of each task has ended by itself, and not as a failure.
    pub(crate) fn all_have_ended_well(&self) -> bool {
        self.board.all_have_ended_well()
    }

    fn tell(&mut self, event: &Event<'_>) {
        match *event {
            Event::RunStarted { step, run, at } => {
                self.running = Some((step, run, at));
                self.limit = self
                    .alerter
                    .as_ref()
                    .map(|alerter| alerter.limit(step, at.mono));
            }
            Event::RunEnded(_) => self.running = None,
            _ => {}
        }
        self.page.note(event, self.limit);
        self.board.note(event);
        self.outward.note(event);
        if let Some(service) = &mut self.service {
            service.note(event);
        }
        let printed = match event {
            Event::RunEnded(_) => self.printed.take(),
            _ => None,
        };
        let (log, history, lock_step) = (&mut self.log, &mut self.history, self.lock_step);
        // What came of an event is reported after it.
        if let Some(history) = history {
            history.note(event, printed);
        }
        match &mut self.alerter {
            Some(alerter) => alerter.observe(event, &mut |told| {
                log.observe(told);
                if let (Some(history), Event::Alerted { .. } | Event::NotAlerted { .. }) =
                    (history.as_mut(), told)
                {
                    note_in_history(history, told, lock_step);
                }
            }),
            None => log.observe(event),
        }
        self.tell_held();
        self.write_down();
        if let (Some(metrics_file), Some(at)) = (&mut self.metrics_file, moment_of(event))
            && metrics_file.note(event)
        {
            self.write_metrics_file(at);
        }
    }
}

/// Writes down an event of alerts; for the history, mails about the lock are about the chain.
fn note_in_history(history: &mut history::Writer, event: &Event<'_>, lock_step: TaskIndex) {
    match *event {
        Event::NotAlerted { step, .. } if step == lock_step => {}
        Event::Alerted {
            step: Some(step),
            at,
            headline,
            sort,
            ..
        } if step == lock_step => history.note(
            &Event::Alerted {
                step: None,
                at,
                headline,
                run: None,
                kind: None,
                sort,
            },
            None,
        ),
        _ => history.note(event, None),
    }
}

/// Returns when something happened that can be read off the clock.
fn moment_of(event: &Event<'_>) -> Option<Moment> {
    match *event {
        Event::Started { at }
        | Event::RunStarted { at, .. }
        | Event::Sleeping { at, .. }
        | Event::Stopped { at, .. } => Some(at),
        Event::RunEnded(end) => Some(end.at),
        _ => None,
    }
}

impl Observer for Observers {
    fn observe(&mut self, event: &Event<'_>) {
        let mut kept = None;
        let event = self.redactor.event(event, &mut kept);
        self.tell(&event);
    }
}
