//! `check`: what would happen, in words. Reads, checks, prints; creates nothing.

mod effective;
mod json;
mod line;
mod lock;
mod mail;
mod mutes;

#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::path::Path;

use crate::alert::fingerprint;
use crate::config::cycle::Cycle;
use crate::config::invocation::Call;
use crate::config::options::ConfigSection;
use crate::config::{ConfigReport, Inputs, Loaded, Origin, TaskDefinition, written_duration};
use crate::core::settings::{BoardLocation, ChildSettings, LogFormat, Settings, TaskSettings};
use crate::plan::dry_run_plan::DryRunPlan;
use crate::service::secrets::redactor;
use crate::unix::trusted_paths::{ForeseenDir, foresee};
use crate::worker::applied_schedules::in_words;
use crate::worker::board_place::BoardPlace;

use super::job::schedule_lines::{NEXT_TIMES, foreseen};
use line::line;
use mutes::MuteCheck;

pub(crate) use effective::print as print_effective;
pub(crate) use json::{of_task as json_of_task, print as print_json};
pub(crate) use lock::connect as connect_lock;

/// Explains by what two failures are kept apart. Secrets go first, as in a runner: they belong
/// neither on a screen nor into a kind.
pub(crate) fn kind_of(text: &str, inputs: &Inputs, loaded: &Loaded) -> String {
    let tasks: Vec<_> = loaded.tasks.values().collect();
    let redactor = redactor(inputs, loaded, &tasks);
    fingerprint::explain(&redactor.text(text))
}

/// Prints what the chain would do. Warnings are the caller's to print: they go to standard error.
///
/// # Errors
///
/// Those of the writer.
pub(crate) fn print(out: &mut dyn Write, plan: &DryRunPlan<'_>) -> io::Result<()> {
    match &plan.chain {
        Some(chain) => writeln!(out, "Chain {chain}: {}.\n", in_order(plan.tasks.len()))?,
        None => writeln!(
            out,
            "Every task that is known. Name some to see what they would do as a chain.\n"
        )?,
    }
    for (at, task) in plan.tasks.iter().enumerate() {
        print_task(out, plan, at + 1, task)?;
    }
    if plan.chain.is_some() {
        print_cycle(out, &plan.tasks)?;
    }
    let settings = &plan.loaded.settings;
    mail::print(out, &settings.mail)?;
    lock::print_lock(out, plan)?;
    MuteCheck::of(plan).print(out)?;
    if plan.chain.is_none() {
        print_board(out, plan.loaded)?;
        print_jobs(out, plan)?;
        print_schedules(out, plan.loaded)?;
    }
    print_runner(out, plan, settings)
}

/// Prints where the board is, if there is anything to do with one.
fn print_board(out: &mut dyn Write, loaded: &Loaded) -> io::Result<()> {
    let settings = &loaded.settings;
    if loaded.jobs.is_empty() && settings.board == BoardLocation::InStateDir {
        return Ok(());
    }
    let origin = loaded
        .section(ConfigSection::Board)
        .map_or(Origin::Nowhere, |layer| layer.origin("address"));
    let by = match origin {
        Origin::Nowhere => String::new(),
        origin => format!(" ({origin})"),
    };
    line(out, "Board", &format!("{}{by}", BoardPlace::of(settings)))
}

fn print_jobs(out: &mut dyn Write, plan: &DryRunPlan<'_>) -> io::Result<()> {
    let names: Vec<&str> = plan.loaded.jobs.keys().map(String::as_str).collect();
    if names.is_empty() {
        return Ok(());
    }
    line(out, "Jobs", &names.join(", "))?;
    let more = Call::as_typed().line("post JOB --plan");
    line(out, "", &format!("`{more}` draws what one does"))
}

/// Foretells the next times of schedules.
fn print_schedules(out: &mut dyn Write, loaded: &Loaded) -> io::Result<()> {
    for (name, schedule) in &loaded.schedules {
        let label = if loaded.schedules.keys().next() == Some(name) {
            "Schedules"
        } else {
            ""
        };
        let spec = &schedule.spec;
        line(out, label, &format!("{name}: {}", in_words(spec)))?;
        line(
            out,
            "",
            &format!("next {}", foreseen(spec, NEXT_TIMES).join(", ")),
        )?;
    }
    Ok(())
}

/// Returns what is doubtful about the jobs of a configuration.
pub(crate) fn doubts_about_jobs(loaded: &Loaded) -> ConfigReport {
    let mut report = ConfigReport::default();
    for job in loaded.jobs.values() {
        job.resume_doubt
            .clone()
            .into_iter()
            .for_each(|doubt| report.add(doubt));
    }
    report
}

fn in_order(tasks: usize) -> String {
    match tasks {
        1 => "one task, again and again".to_owned(),
        many => format!("{many} tasks, one after the other, again and again"),
    }
}

fn print_task(
    out: &mut dyn Write,
    plan: &DryRunPlan<'_>,
    number: usize,
    task: &TaskDefinition,
) -> io::Result<()> {
    let settings = &task.settings;
    let executes = plan.executes(task);
    writeln!(out, "{number}. {}", task.name)?;
    let process = process_in_words(&settings.child);
    row(out, "executes", &format!("{}{process}", executes.text))?;
    if let Some(trouble) = &executes.trouble {
        row(out, "", &format!("cannot start: {}", trouble.why))?;
    }
    if let Some(function) = task.replaces {
        let place = Origin::of_function(function);
        row(
            out,
            "",
            &format!("instead of the function with the {place}"),
        )?;
    }
    let fail = written_duration(settings.fail_cooldown);
    let pauses = match settings.every {
        Some(every) => {
            let every = written_duration(every);
            format!("from one start to the next {every}, {fail} after a failure")
        }
        None => {
            let success = written_duration(settings.success_cooldown);
            format!("{success} after a success, {fail} after a failure")
        }
    };
    row(out, "pauses", &pauses)?;
    let downtime = written_duration(settings.non_recoverable_downtime);
    row(
        out,
        "reminds",
        &format!("after {downtime} of downtime, and each {downtime} from then on"),
    )?;
    row(out, "timeout", &timeouts_in_words(task))?;
    if let Some(recipients) = recipients_in_words(settings) {
        row(out, "mails", &recipients)?;
    }
    let pings: Vec<String> = settings
        .ping
        .urls()
        .map(|(key, url)| format!("{key} {url}"))
        .collect();
    if !pings.is_empty() {
        row(out, "pings", &pings.join(", "))?;
    }
    writeln!(out)
}

fn row(out: &mut dyn Write, label: &str, text: &str) -> io::Result<()> {
    writeln!(out, "   {label:<9} {text}")
}

fn process_in_words(child: &ChildSettings) -> String {
    let mut words = String::new();
    if let Some(directory) = &child.working_dir {
        words.push_str(&format!(", in {}", directory.display()));
    }
    if let Some(user) = &child.user {
        words.push_str(&format!(", as {user}"));
    }
    if let Some(nice) = child.nice {
        words.push_str(&format!(", nice {nice}"));
    }
    words
}

/// Returns the recipients that a task has for itself, if there are any.
fn recipients_in_words(settings: &TaskSettings) -> Option<String> {
    let cc = settings.cc.join(", ");
    match (&settings.to, cc.is_empty()) {
        (None, true) => None,
        (Some(to), true) => Some(format!("to {}", to.join(", "))),
        (Some(to), false) => Some(format!("to {}, cc {cc}", to.join(", "))),
        (None, false) => Some(format!("to the recipients in mail.to, cc {cc}")),
    }
}

fn timeouts_in_words(task: &TaskDefinition) -> String {
    let limit = task.settings.timeout.map_or_else(
        || "never: a hanging run is mailed, not ended".to_owned(),
        written_duration,
    );
    match task.settings.child.silence_timeout {
        Some(silence) => format!("{limit}, or {} without output", written_duration(silence)),
        None => limit,
    }
}

fn print_cycle(out: &mut dyn Write, tasks: &[&TaskDefinition]) -> io::Result<()> {
    let cycle = Cycle::of(tasks);
    writeln!(
        out,
        "A cycle takes at least {} when all succeed, {} when all fail; the runs themselves come on top.",
        written_duration(cycle.success),
        written_duration(cycle.failure),
    )?;
    let longest = tasks
        .iter()
        .enumerate()
        .max_by_key(|(_, task)| task.settings.fail_cooldown);
    if let (Some((at, task)), true) = (longest, tasks.len() > 1) {
        let next = tasks[(at + 1) % tasks.len()];
        writeln!(
            out,
            "The pause after a task delays the next: when {} fails, {} waits for {}.",
            task.name,
            next.name,
            written_duration(task.settings.fail_cooldown),
        )?;
    }
    writeln!(out)
}

fn print_runner(out: &mut dyn Write, plan: &DryRunPlan<'_>, settings: &Settings) -> io::Result<()> {
    if let Some(pidfile) = plan.pidfile() {
        line(out, "Pidfile", &pidfile.display().to_string())?;
    }
    line(out, "Run root", &directory_in_words(&settings.run_root))?;
    line(out, "State", &directory_in_words(&settings.state_dir))?;
    let log = settings.log.file.as_ref().map_or_else(
        || "standard error".to_owned(),
        |file| file.display().to_string(),
    );
    let format = match settings.log.format {
        LogFormat::Text => "text",
        LogFormat::Json => "JSON lines",
    };
    let level = settings.log.level.as_str().to_ascii_lowercase();
    line(
        out,
        "Log",
        &format!("{format} from level {level} on, to {log}"),
    )?;
    if let Some(textfile) = plan.textfile() {
        let textfile = format!("{} is written for the node exporter", textfile.display());
        line(out, "Metrics", &textfile)?;
    }
    if let Some(server) = &settings.metrics_push {
        let pushed = format!("pushed to {server}; while it is away, they wait");
        line(out, "Metrics", &pushed)?;
    }
    let stop = format!(
        "a running task has {} to finish, then TERM, and after {} KILL",
        written_duration(settings.stop_timeout),
        written_duration(settings.kill_grace),
    );
    line(out, "Stop", &stop)?;
    let start = if settings.kill_concurrent {
        "a running runner of the same chain is replaced"
    } else {
        "refused while another runner of the same chain lives"
    };
    line(out, "Start", start)?;
    let file = plan.loaded.file.as_ref().map_or_else(
        || "no file: all defaults".to_owned(),
        |file| file.display().to_string(),
    );
    line(out, "Settings", &file)
}

fn directory_in_words(path: &Path) -> String {
    let fate = match foresee(path) {
        Ok(ForeseenDir::IsThere(_)) => "",
        Ok(ForeseenDir::WillBeMade) => " (will be made)",
        Err(_) => " (cannot be used)",
    };
    format!("{}{fate}", path.display())
}
