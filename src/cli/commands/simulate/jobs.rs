//! `simulate --job`: the future inbox of the jobs of a definition, of which a part fails.

use std::fmt::Write;
use std::time::Duration;

use super::super::super::args::SimulateArgs;
use crate::alert::policy::{ChainRules, TaskRules};
use crate::cli::output::print_folded;
use crate::config::Loaded;
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::settings::TaskSettings;
use crate::core::time::in_words;
use crate::simulate::{JobForecast, JobSimulation};
use crate::task::TaskName;
use crate::text::counts::counted_or_no;
use crate::unix::clock;
use crate::unix::clock::local_time;

const DAY: Duration = Duration::from_secs(86_400);
/// More jobs are not foreseen: a simulation is to end.
const MOST_JOBS: u128 = 20_000_000;
/// How many mails are listed.
const MOST_LINES: usize = 200;

/// Prints the mails that the jobs of a definition would send.
pub(crate) fn print_inbox(loaded: &Loaded, name: &str, args: &SimulateArgs) -> CommandResult {
    let job = TaskName::parse(&format!("jobs::{name}"))
        .map_err(|_| CommandError::usage(format_args!("`{name}` is no name of a job")))?;
    let settings = TaskSettings {
        timeout: None,
        ..TaskSettings::default()
    };
    let start = clock::now();
    let simulation = JobSimulation {
        job: TaskRules::of(job, &settings),
        rules: ChainRules::of(&loaded.settings.mail),
        interval: interval(&args.rate)?,
        failing: part(&args.failing)?,
        span: DAY.saturating_mul(args.days),
        start,
    };
    if simulation.span.as_nanos() / simulation.interval.as_nanos().max(1) > MOST_JOBS {
        return Err(CommandError::usage(
            "more than 20 million jobs are not foreseen; `--days` makes it shorter",
        ));
    }
    print_folded(&page(name, &simulation, &simulation.run()))
}

fn page(name: &str, simulation: &JobSimulation, foreseen: &JobForecast) -> String {
    let mut text = String::new();
    for mail in foreseen.mails.iter().take(MOST_LINES) {
        let passed = mail.at.mono.since(simulation.start.mono);
        let after = format!("after {}", in_words(passed));
        let when = local_time(mail.at.wall, "%a %d %b %H:%M");
        let _ = writeln!(text, "{after:<18} {when}  [{name}] {}", mail.headline());
    }
    let more = foreseen.mails.len().saturating_sub(MOST_LINES);
    if more > 0 {
        let _ = writeln!(
            text,
            "… and {}",
            counted_or_no(more as u64, "more mail", "more mails")
        );
    }
    if !foreseen.mails.is_empty() {
        text.push('\n');
    }
    let mails = counted_or_no(foreseen.mails.len() as u64, "mail", "mails");
    let jobs = counted_or_no(foreseen.jobs, "job", "jobs");
    let failures = counted_or_no(foreseen.failures, "failure", "failures");
    let span = in_words(simulation.span);
    let _ = writeln!(
        text,
        "{mails} in {span}, for {jobs} with {failures}.\nNothing was run, nothing was sent."
    );
    text
}

/// Reads `60/h` or `2/min`: between the ends of two jobs.
fn interval(text: &str) -> Result<Duration, CommandError> {
    let wrong = || {
        CommandError::usage(format_args!(
            "`--rate {text}` is no rate; write `60/h`, or a number of jobs per `s`, `min`, `h` or `day`"
        ))
    };
    let (number, unit) = text.split_once('/').ok_or_else(wrong)?;
    let unit = match unit.trim() {
        "s" => Duration::from_secs(1),
        "min" => Duration::from_secs(60),
        "h" => Duration::from_secs(3600),
        "day" | "d" => DAY,
        _ => return Err(wrong()),
    };
    let number: u32 = number
        .trim()
        .replace(',', "")
        .parse()
        .map_err(|_| wrong())?;
    match number {
        0 => Err(wrong()),
        number => Ok(unit / number),
    }
}

/// Reads `10%` or `0.1%`: how many of a million.
fn part(text: &str) -> Result<u32, CommandError> {
    let percent = text.trim().trim_end_matches('%').trim().parse::<f64>();
    match percent {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok((percent * 10_000.0).round() as u32),
        _ => Err(CommandError::usage(format_args!(
            "`--failing {text}` is no part; write `10%`"
        ))),
    }
}
