//! Everybody who is told of events: live page, status, history, log, alerts.

use crate::alert::redact::Redactor;
use crate::event::{Event, Limit, Observer, RunEnd, RunId, Step, StopReason};
use crate::failure::{Failure, FailureClass, Outcome, Output};
use crate::history;
use crate::logging::{self, EventLog};
use crate::process::live::Live;
use crate::time::{Moment, Mono};

use super::board::Board;
use super::desk::Desk;
use super::page::{self, Page};
use super::service::Service;
use super::textfile::Textfile;

/// What helps against tasks that end their runner.
pub(super) const ISOLATE: &str =
    "`isolate = true` keeps such an end in a process of the task's own";

/// What to do about a defect of ours.
const REPORT_IT: &str = "no task is to blame: please report this with the lines of the log around it, and start the chain again";

/// The observers of a runner.
#[derive(Debug)]
pub(super) struct Rim {
    /// Secrets go before anybody is told.
    redactor: Redactor,
    log: EventLog,
    board: Board,
    /// `None` for `once`, which mails nobody.
    desk: Option<Desk>,
    /// `None` for `once`, which is no service.
    service: Option<Service>,
    page: Page,
    /// `None` for `once`, which leaves nothing behind.
    history: Option<history::Writer>,
    /// `None` where nobody asked for it.
    textfile: Option<Textfile>,
    /// What the run printed that is about to end, if it did not fail.
    printed: Option<Output>,
    running: Option<(Step, RunId, Moment)>,
    /// How long the run may go on that goes on, or was the last.
    limit: Option<Limit>,
    /// When the watcher will look by itself.
    armed: Mono,
    /// When the textfile wants it to.
    armed_for_textfile: Mono,
}

impl Rim {
    /// Makes the observers of tasks with these labels, who only log.
    pub(super) fn new(labels: &[String], redactor: Redactor) -> Self {
        Rim {
            redactor,
            log: EventLog::new(labels.iter().cloned()),
            board: Board::new(labels),
            desk: None,
            service: None,
            page: Page::default(),
            history: None,
            textfile: None,
            printed: None,
            running: None,
            limit: None,
            armed: Mono::NEVER,
            armed_for_textfile: Mono::NEVER,
        }
    }

    /// Adds those of a chain.
    pub(super) fn with(self, desk: Desk, service: Service, live: Option<Live>) -> Self {
        Rim {
            desk: Some(desk),
            service: Some(service),
            page: Page::of(live),
            ..self
        }
    }

    /// Adds those who write down what was, and how it stands.
    pub(super) fn keeping(self, history: history::Writer, textfile: Option<Textfile>) -> Self {
        Rim {
            history: Some(history),
            textfile,
            ..self
        }
    }

    /// Tells that `count` runners in a row died while this task ran: a failure that no process lived to report.
    pub(super) fn died_under(&mut self, step: Step, count: u32, remedy: &str, now: Moment) {
        let how = "the runner died while this task ran".to_owned();
        let message = "killed, out of memory, or ended by the task itself";
        let mut failure = Failure::new(FailureClass::Vanished(how), message);
        failure
            .notes
            .push(format!("{count} runners in a row died under it"));
        failure.notes.push(remedy.to_owned());
        self.fails(step, &Outcome::Failure(Box::new(failure)), now);
    }

    /// Tells that this runner ends though nobody asked for it: its admin hears of that as of a failure of this task.
    pub(super) fn gives_up(&mut self, step: Step, why: &str, now: Moment) {
        let outcome = self.last_failure("the runner gives up", why, None, now);
        self.fails(step, &outcome, now);
    }

    /// Tells that the program itself panicked and ends: its admin hears of that as of a failure of the task that ran, or of the first.
    pub(super) fn panicked(&mut self, why: &str, now: Moment) {
        let outcome = self.last_failure("a defect of run_functions", why, Some(REPORT_IT), now);
        match self.running {
            Some(run) => self.ended(run, &outcome, now),
            None => self.fails(0, &outcome, now),
        }
        self.stopped(
            StopReason::Defect(format!("a defect of this program: {why}")),
            now,
        );
    }

    /// Makes the failure with which a runner ends that nobody asked to, and lets its mail leave whatever is muted.
    fn last_failure(&mut self, how: &str, why: &str, note: Option<&str>, now: Moment) -> Outcome {
        self.at_desk(now, |desk, tell| desk.end_mutes(now, tell));
        let mut failure = Failure::new(FailureClass::Vanished(how.to_owned()), why);
        failure.notes.extend(note.map(str::to_owned));
        Outcome::Fatal(Box::new(failure))
    }

    /// Tells of a failure that is not the outcome of a run.
    fn fails(&mut self, step: Step, outcome: &Outcome, now: Moment) {
        let since_epoch = now.wall.duration_since(std::time::UNIX_EPOCH);
        let micros = since_epoch.unwrap_or_default().as_micros();
        let run = RunId(u64::try_from(micros).unwrap_or(0));
        self.ended((step, run, now), outcome, now);
    }

    /// Returns when there is something to do without an event. The caller promises to look then.
    pub(super) fn due(&mut self) -> Mono {
        let (desk, textfile) = self.dues();
        self.armed_for_textfile = textfile;
        self.armed = desk.min(textfile);
        self.armed
    }

    /// Returns whether something is due earlier than the watcher knows, or what it would wake up for is done: who sleeps is not disturbed.
    pub(super) fn is_due_otherwise(&self) -> bool {
        let (desk, textfile) = self.dues();
        let due = desk.min(textfile);
        due < self.armed || (due > self.armed && self.armed == self.armed_for_textfile)
    }

    fn dues(&self) -> (Mono, Mono) {
        let desk = self.desk.as_ref().map_or(Mono::NEVER, Desk::due);
        let textfile = self.textfile.as_ref().map_or(Mono::NEVER, Textfile::due);
        (desk, textfile)
    }

    /// Does what is due.
    pub(super) fn poll(&mut self, now: Moment) {
        self.at_desk(now, |desk, tell| desk.poll(now, tell));
        let is_due = |textfile: &Textfile| textfile.due() <= now.mono;
        if self.textfile.as_ref().is_some_and(is_due) {
            self.write_textfile(now);
        }
    }

    /// Takes note that somebody changed which mails are wanted.
    pub(super) fn hear_of_mutes(&mut self, now: Moment) {
        self.at_desk(now, |desk, tell| desk.hear_of_mutes(now, tell));
    }

    /// Has something done at the desk that is no event, and tells what comes of it.
    fn at_desk(&mut self, now: Moment, act: impl FnOnce(&mut Desk, &mut dyn FnMut(&Event<'_>))) {
        if let Some(desk) = &mut self.desk {
            let (log, history) = (&mut self.log, &mut self.history);
            let (textfile, page, limit) = (&mut self.textfile, &mut self.page, &mut self.limit);
            act(desk, &mut |event| {
                log.observe(event);
                if let (Some(at), Some(limit)) = (page::still_running(event), &mut *limit) {
                    limit.mailed = Some(at);
                    page.mailed(at);
                }
                if let Some(history) = history {
                    history.note(event, None);
                }
                if let Some(textfile) = textfile {
                    textfile.want(now.mono);
                }
            });
        }
        self.tell_held();
        if let Some(history) = &mut self.history {
            history.commit();
        }
    }

    fn write_textfile(&mut self, now: Moment) {
        if let (Some(textfile), Some(history), Some(desk)) =
            (&mut self.textfile, &self.history, &self.desk)
        {
            textfile.write(history.summary(), &desk.remembered(now), now.mono);
        }
    }

    fn tell_held(&mut self) {
        if let Some(desk) = &mut self.desk {
            desk.tell_held(|waiting| self.page.hold_back(waiting));
        }
    }

    /// Keeps what a run printed that did not fail, until its end is told.
    pub(super) fn keep_output(&mut self, output: &Output) {
        if self.history.is_some() && !output.head.is_empty() {
            self.printed = Some(self.redactor.output(output));
        }
    }

    /// Puts the table into the log.
    pub(super) fn log_status(&mut self, now: Moment) {
        self.at_desk(now, |desk, tell| desk.look_at_mutes(now, tell));
        let muted = self.desk.as_ref().map_or_else(Vec::new, Desk::muted);
        for line in self.board.table(now, &muted, self.limit) {
            log::info!("{line}");
        }
    }

    /// Logs what is to be known of a run besides its outcome.
    pub(super) fn log_notes(&self, label: &str, run: RunId, notes: &[String]) {
        for note in notes {
            logging::tell_note(label, run, &self.redactor.text(note));
        }
    }

    /// Logs what a run printed.
    pub(super) fn log_output(&self, label: &str, run: RunId, output: &Output) {
        logging::tell_output(label, run, &self.redactor.output(output));
    }

    /// Lets the last mails leave, until `until`.
    pub(super) fn finish(&self, until: Mono) {
        if let Some(desk) = &self.desk {
            desk.finish(until);
        }
        if let Some(textfile) = &self.textfile {
            textfile.scribe().finish(until);
        }
    }

    /// Tells that somebody asked to stop.
    pub(super) fn stop_asked(&mut self, signal: &'static str, at: Moment) {
        self.observe(&Event::StopAsked { signal, at });
    }

    /// Tells that the running function was cut off because the process ends.
    pub(super) fn cut_off(&mut self, signal: &'static str, at: Moment) {
        if let Some((step, run, started)) = self.running {
            let how = format!("it had not ended in time after {signal}");
            self.ended((step, run, started), &Outcome::Interrupted { how }, at);
        }
        self.stopped(StopReason::Asked { signal }, at);
    }

    /// Tells that the running function has called `exit()`.
    pub(super) fn exited(&mut self, at: Moment) {
        let Some((step, run, started)) = self.running else {
            return;
        };
        let how = "called exit() instead of returning".to_owned();
        let mut failure = Failure::new(FailureClass::Vanished(how), "");
        failure.notes.push(ISOLATE.to_owned());
        let outcome = Outcome::Fatal(Box::new(failure));
        self.ended((step, run, started), &outcome, at);
        self.stopped(StopReason::Fatal { step }, at);
    }

    fn ended(&mut self, run: (Step, RunId, Moment), outcome: &Outcome, at: Moment) {
        let (step, run, started) = run;
        self.observe(&Event::RunEnded(RunEnd {
            step,
            run,
            started,
            at,
            outcome,
        }));
    }

    fn stopped(&mut self, reason: StopReason, at: Moment) {
        let reason = &reason;
        self.observe(&Event::Stopped { at, reason });
    }

    /// Returns whether the running task is past its time.
    pub(super) fn is_overdue(&self, now: Mono) -> bool {
        match (&self.desk, self.board.running()) {
            (Some(desk), Some((step, since))) => desk.is_overdue(step, since.mono, now),
            _ => false,
        }
    }

    /// Returns whether the last run of each task has ended by itself, and not as a failure.
    pub(super) fn all_have_ended_well(&self) -> bool {
        self.board.all_have_ended_well()
    }

    fn tell(&mut self, event: &Event<'_>) {
        match *event {
            Event::RunStarted { step, run, at } => {
                self.running = Some((step, run, at));
                self.limit = self.desk.as_ref().map(|desk| desk.limit(step, at.mono));
            }
            Event::RunEnded(_) => self.running = None,
            _ => {}
        }
        self.page.note(event, self.limit);
        self.board.note(event);
        if let Some(service) = &mut self.service {
            service.note(event);
        }
        let printed = match event {
            Event::RunEnded(_) => self.printed.take(),
            _ => None,
        };
        let (log, history) = (&mut self.log, &mut self.history);
        // What came of an event is told after it.
        if let Some(history) = history {
            history.note(event, printed);
        }
        match &mut self.desk {
            Some(desk) => desk.observe(event, &mut |told| {
                log.observe(told);
                if let (Some(history), Event::Alerted { .. } | Event::NotAlerted { .. }) =
                    (history.as_mut(), told)
                {
                    history.note(told, None);
                }
            }),
            None => log.observe(event),
        }
        self.tell_held();
        if let Some(history) = &mut self.history {
            history.commit();
        }
        if let (Some(textfile), Some(at)) = (&mut self.textfile, moment_of(event))
            && textfile.note(event)
        {
            self.write_textfile(at);
        }
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

impl Observer for Rim {
    fn observe(&mut self, event: &Event<'_>) {
        let mut kept = None;
        let event = self.redactor.event(event, &mut kept);
        self.tell(&event);
    }
}
