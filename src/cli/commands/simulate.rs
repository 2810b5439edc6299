//! `simulate`: the future inbox, by the same chain and the same policy as a run. Nothing runs,
//! nothing is sent.

mod jobs;

use std::fmt::Write;
use std::time::Duration;

use super::super::args::SimulateArgs;
use super::super::output::print_folded;
use crate::alert::fingerprint;
use crate::alert::message::{self, Reasons};
use crate::alert::policy::{ChainRules, TaskRules};
use crate::config::{Colour, Inputs, Loaded, TaskDefinition};
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::time::{Moment, in_words};
use crate::notify::recipients::Recipients;
use crate::service::secrets::redactor;
use crate::simulate::{
    Forecast, ForeseenMail, Script, SimulatedTask, Simulation, SimulationLimit, Span,
};
use crate::task::label::TaskLabel;
use crate::text::counts::counted_or_no;
use crate::unix::clock;
use crate::unix::clock::local_time;

/// What fails when nothing else is said: long enough for a weekend.
const USUAL: Duration = Duration::from_secs(60 * 3600);
/// The longest that a failure is foreseen.
const LONGEST: Duration = Duration::from_secs(10 * 366 * 86_400);
/// How many mails are listed.
const MOST_LINES: usize = 200;

/// Prints the mails that a chain would send.
pub(crate) fn print_inbox(inputs: &Inputs, loaded: &Loaded, args: &SimulateArgs) -> CommandResult {
    if let Some(job) = &args.job {
        return jobs::print_inbox(loaded, job, args);
    }
    let tasks = loaded.resolve(&args.tasks).map_err(|report| {
        let text = report.render(Colour::Plain);
        CommandError::whole(report.exit_code(), text)
    })?;
    let start = clock::now();
    let foreseen = Simulation {
        tasks: with_scripts(&tasks, scripts(args)?),
        rules: ChainRules::of(&loaded.settings.mail),
        kind_of: fingerprint::of,
        redactor: redactor(inputs, loaded, &tasks),
        start,
        mute: mute(args)?,
    }
    .run();
    let labels = TaskLabel::all(tasks.iter().map(|task| task.name.as_str()));
    let settings = tasks.iter().map(|task| &task.settings);
    let page = InboxPage {
        recipients: Recipients::new(&loaded.settings.mail.to, labels.iter().zip(settings)),
        labels,
        tasks,
        max_per_hour: loaded.settings.mail.max_per_hour,
        start,
    };
    print_folded(&page.of(&foreseen))
}

/// Makes the tasks of a simulation. Tasks without a script succeed.
pub(crate) fn with_scripts(tasks: &[&TaskDefinition], scripts: Vec<Script>) -> Vec<SimulatedTask> {
    let scripts = scripts
        .into_iter()
        .chain(std::iter::repeat_with(Script::succeeds));
    let simulated = tasks
        .iter()
        .zip(scripts)
        .map(|(task, script)| SimulatedTask {
            rules: TaskRules::of(task.name.clone(), &task.settings),
            cooldowns: (&task.settings).into(),
            script,
            takes: Duration::ZERO,
        });
    simulated.collect()
}

fn scripts(args: &SimulateArgs) -> Result<Vec<Script>, CommandError> {
    if args.outcomes.len() > args.tasks.len() {
        let (scripts, tasks) = (args.outcomes.len(), args.tasks.len());
        let message = format!("`--outcomes` is given {scripts} times for {tasks} tasks");
        return Err(CommandError::usage(message).hint("give it once for each task, in their order"));
    }
    if !args.outcomes.is_empty() {
        let parsed = args.outcomes.iter().map(|text| Script::parse(text));
        return parsed
            .collect::<Result<_, _>>()
            .map_err(|error| CommandError::usage(format_args!("`--outcomes`: {error}")));
    }
    let span = match &args.fail_for {
        Some(span) => parse_span(span)?,
        None => USUAL,
    };
    Ok(vec![Script::fail_for(span)])
}

fn mute(args: &SimulateArgs) -> Result<Option<Span>, CommandError> {
    let span = args.mute.as_deref().map(Span::parse).transpose();
    span.map_err(|error| CommandError::usage(format_args!("`--mute`: {error}")))
}

fn parse_span(text: &str) -> Result<Duration, CommandError> {
    match humantime::parse_duration(text) {
        Ok(span) if span.is_zero() => Err(CommandError::usage(
            "`--fail-for` of no time is no failure; write `60h`, for instance",
        )),
        Ok(span) if span > LONGEST => Err(CommandError::usage(
            "`--fail-for` foresees ten years at most",
        )),
        Ok(span) => Ok(span),
        Err(error) => Err(CommandError::usage(format_args!(
            "`--fail-for {text}`: {error}; write `60h`, for instance"
        ))),
    }
}

/// What is needed to write the inbox down.
struct InboxPage<'a> {
    tasks: Vec<&'a TaskDefinition>,
    labels: Vec<String>,
    recipients: Recipients,
    max_per_hour: u32,
    start: Moment,
}

impl InboxPage<'_> {
    fn of(&self, foreseen: &Forecast) -> String {
        let span = foreseen.ended.mono.since(self.start.mono);
        let form = if span < Duration::from_secs(3600) {
            "%a %d %b %H:%M:%S"
        } else {
            "%a %d %b %H:%M"
        };
        let mut text = String::new();
        let mut explained = Vec::new();
        for mail in foreseen.mails.iter().take(MOST_LINES) {
            let because = self.because(mail);
            self.line(&mut text, mail, form);
            if !explained.contains(&because) {
                let _ = writeln!(text, "{:<18} why: {because}", "");
                explained.push(because);
            }
        }
        let more = foreseen.mails.len().saturating_sub(MOST_LINES);
        if more > 0 {
            let more = counted_or_no(more as u64, "mail", "mails");
            let _ = writeln!(text, "… and {more} more");
        }
        if !foreseen.mails.is_empty() {
            text.push('\n');
        }
        text.push_str(&sum(foreseen, span));
        text
    }

    fn line(&self, text: &mut String, mail: &ForeseenMail, form: &str) {
        let passed = mail.at.mono.since(self.start.mono);
        let after = if passed.is_zero() {
            "at once".to_owned()
        } else {
            format!("after {}", in_words(passed))
        };
        let when = local_time(mail.at.wall, form);
        let who = self.who(mail);
        let _ = writeln!(text, "{after:<18} {when}  [{who}] {}", mail.headline());
    }

    fn who(&self, mail: &ForeseenMail) -> &str {
        mail.alert
            .step
            .map_or("the chain", |step| self.labels[step].as_str())
    }

    fn because(&self, mail: &ForeseenMail) -> String {
        let parts = self.recipients.of(&mail.alert);
        let to_whom: Vec<&str> = parts
            .iter()
            .filter_map(|part| part.why.as_deref())
            .collect();
        let to_whom = to_whom.join(", and ");
        let reasons = Reasons {
            settings: mail.alert.step.map(|step| &self.tasks[step].settings),
            max_per_hour: self.max_per_hour,
            to_whom: Some(&*to_whom).filter(|to_whom| !to_whom.is_empty()),
        };
        message::because(&mail.alert, self.who(mail), &reasons)
    }
}

fn sum(foreseen: &Forecast, span: Duration) -> String {
    let mails = counted_or_no(foreseen.mails.len() as u64, "mail", "mails");
    let runs = counted_or_no(foreseen.runs, "run", "runs");
    let failures = counted_or_no(foreseen.failures, "failure", "failures");
    let span = in_words(span);
    let cut = match foreseen.limit {
        None => "",
        Some(SimulationLimit::Runs) => {
            "It ends here, after a million runs: more are not foreseen.\n"
        }
        Some(SimulationLimit::Mails) => {
            "It ends here, after ten thousand mails: more are not foreseen.\n"
        }
    };
    let held = foreseen.memory.waiting().map_or_else(String::new, |held| {
        let kinds = counted_or_no(held.kinds, "kind of failure is", "kinds of failure are");
        format!("At the end {kinds} held back: {}.\n", held.limit.words())
    });
    format!(
        "{mails} in {span}, for {runs} with {failures}.\n{held}{cut}Nothing was run, nothing was sent.\n"
    )
}
