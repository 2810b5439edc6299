//! Events in the words of the log. These words are kept from the origin: people grep for them.

use std::time::Duration;

use super::line_format::OUTPUT;
use crate::core::event::{Event, Observer, RunEnd, RunId, StopReason};
use crate::core::failure::{Failure, Outcome, Output};
use crate::core::time::{Mono, in_words};
use crate::text::terminal;

/// Successes that come faster than this are counted together …
const QUICK: Duration = Duration::from_millis(100);
/// … and told once in this time.
const SUMMARY: Duration = Duration::from_secs(1);

/// Logs events.
#[derive(Debug)]
pub(crate) struct EventLog {
    tasks: Vec<LoggedTask>,
}

#[derive(Debug)]
struct LoggedTask {
    label: String,
    /// When a success of it was last told.
    told: Option<Mono>,
    /// How many successes were not told since then.
    untold: u64,
    /// Whether its latest run was among those that are counted together.
    quick: bool,
}

impl EventLog {
    /// Creates the log of a chain of tasks with these labels.
    pub(crate) fn new(labels: impl IntoIterator<Item = String>) -> Self {
        let task = |label| LoggedTask {
            label,
            told: None,
            untold: 0,
            quick: false,
        };
        EventLog {
            tasks: labels.into_iter().map(task).collect(),
        }
    }

    fn ended(&mut self, end: &RunEnd<'_>) {
        if let Outcome::Success = end.outcome {
            return self.tasks[end.step].succeeded(end.run, end.at.mono);
        }
        self.tell_untold(end.at.mono);
        let task = self.tasks[end.step].label.as_str();
        let run = end.run.to_string();
        match end.outcome {
            Outcome::Success => {}
            Outcome::RetryLater { reason } => {
                log::info!(task, run; "To be tried again later: {reason}");
            }
            Outcome::Interrupted { how } => log::info!(task, run; "Execution interrupted: {how}"),
            Outcome::Failure(failure) => tell_failure(task, &run, failure),
            Outcome::Fatal(failure) => {
                tell_failure(task, &run, failure);
                log::error!(task, run; "The runner stops because of it");
            }
        }
    }

    /// What an alert lacks is an empty value, which [`form`](super::line_format) leaves out.
    fn tell_alert(&self, event: &Event<'_>) {
        let Event::Alerted {
            step,
            headline,
            run,
            kind,
            sort,
            ..
        } = *event
        else {
            return;
        };
        let task = step.map_or("", |step| self.tasks[step].label.as_str());
        let run = run.map_or_else(String::new, |run| run.to_string());
        let kind = kind.unwrap_or_default();
        log::info!(task, run, kind, sort; "Sent email to admins: {headline}");
    }

    fn tell_untold(&mut self, now: Mono) {
        for task in &mut self.tasks {
            task.tell_untold(now);
        }
    }
}

impl LoggedTask {
    fn succeeded(&mut self, run: RunId, at: Mono) {
        self.quick = self.told.is_some_and(|told| at.since(told) < QUICK) || self.untold > 0;
        if self.quick {
            self.untold += 1;
            if self.told.is_some_and(|told| at.since(told) >= SUMMARY) {
                self.tell_untold(at);
            }
            return;
        }
        self.told = Some(at);
        log::info!(task = self.label.as_str(), run = run.to_string(); "Execution successful");
    }

    /// A pause that is worth a line ends the counting: whoever looks at the log then must see how
    /// things stand.
    fn sleeps(&mut self, now: Mono, pause: Duration) {
        if pause >= QUICK {
            self.tell_untold(now);
        } else if self.quick {
            return;
        }
        log::info!(task = self.label.as_str(); "Sleeping {}", in_words(pause));
    }

    fn tell_untold(&mut self, now: Mono) {
        if self.untold == 0 {
            return;
        }
        let span = in_words(self.told.map_or(SUMMARY, |told| now.since(told)));
        let task = self.label.as_str();
        match self.untold {
            1 => log::info!(task; "Execution successful"),
            times => log::info!(task; "Execution successful ({times} times in {span})"),
        }
        (self.untold, self.told) = (0, Some(now));
    }
}

fn tell_failure(task: &str, run: &str, failure: &Failure) {
    let text = failure.text();
    log::error!(task, run; "Execution failed: {text}");
    if let Some(place) = &failure.place {
        log::error!(task, run; "at {place}");
    }
    for cause in failure.causes.iter().filter(|cause| !text.contains(*cause)) {
        log::error!(task, run; "caused by: {cause}");
    }
    for note in &failure.notes {
        log::error!(task, run; "{note}");
    }
}

impl Observer for EventLog {
    fn observe(&mut self, event: &Event<'_>) {
        match *event {
            Event::RunStarted { .. } => {}
            Event::RunEnded(end) => self.ended(&end),
            Event::Sleeping {
                step, at, until, ..
            } => self.tasks[step].sleeps(at.mono, until.since(at.mono)),
            Event::Alerted { .. } => self.tell_alert(event),
            Event::NotAlerted {
                step,
                run,
                kind,
                why,
                ..
            } => {
                let (task, run) = (self.tasks[step].label.as_str(), run.to_string());
                log::debug!(task, run, kind; "Not mailed: {why}");
            }
            Event::Mute { words } => log::info!("{words}"),
            Event::Started { .. } => log::debug!("Chain started"),
            Event::Woken => log::info!("Woken: the rest of the cooldown is skipped"),
            Event::StopAsked { signal, at } => {
                self.tell_untold(at.mono);
                log::info!("{signal} received");
            }
            Event::Stopped { at, reason } => {
                self.tell_untold(at.mono);
                tell_stop(reason, &self.tasks);
            }
        }
    }
}

/// Logs something that is to be known of a run besides its outcome. Redacted by the caller.
pub(crate) fn tell_note(task: &str, run: RunId, note: &str) {
    log::warn!(task, run = run.to_string(); "{note}");
}

/// So many lines of a failed run's output are logged: under a rate limit (journald's) more would
/// cost the lines of the runner.
const MOST_LINES_OF_A_FAILURE: usize = 50;

/// Logs what a run printed. The caller has redacted the output.
pub(crate) fn log_output(task: &str, run: RunId, output: &Output) {
    log_lines(task, run, &output.head, 0);
    if output.cut > 0 {
        log::info!(task, run = run.to_string(); "| … {} bytes left out …", output.cut);
    }
    log_lines(task, run, &output.tail, 0);
}

/// Logs the last lines that a failed run printed, and where the others are. The caller has redacted
/// the output.
pub(crate) fn log_end_of_output(task: &str, run: RunId, output: &Output) {
    let (head, tail) = (output.head.lines().count(), output.tail.lines().count());
    let surplus = (head + tail).saturating_sub(MOST_LINES_OF_A_FAILURE);
    if surplus > 0 || output.cut > 0 {
        let name = task.rsplit("::").next().unwrap_or(task);
        log::info!(task, run = run.to_string();
            "| … the last lines of its output; all that is kept: `run_functions logs {name}`");
    }
    log_lines(task, run, &output.head, surplus.min(head));
    log_lines(task, run, &output.tail, surplus.saturating_sub(head));
}

fn log_lines(task: &str, run: RunId, text: &str, skipped: usize) {
    let run = run.to_string();
    for line in terminal::coloured(text).lines().skip(skipped) {
        log::info!(target: OUTPUT, task, run = run.as_str(); "| {line}");
    }
}

fn tell_stop(reason: &StopReason, tasks: &[LoggedTask]) {
    match reason {
        StopReason::Asked { signal } => log::info!("Stopped after {signal}"),
        StopReason::Replaced => log::info!("Stopped: a newcomer runs this chain"),
        StopReason::Fatal { step } => log::error!("Stopped: {} asked for it", tasks[*step].label),
        StopReason::Quit => log::warn!("Stopped at once by SIGQUIT"),
        StopReason::Done => log::debug!("Done"),
        StopReason::Lost(why) | StopReason::Defect(why) => log::error!("Stopped: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use crate::logging::line_format::EVENT_LOG;

    #[test]
    fn the_records_of_this_module_are_known_as_ours() {
        assert_eq!(module_path!(), format!("{EVENT_LOG}::tests"));
    }
}
