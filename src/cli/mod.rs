//! The command line: names every concrete type; only it prints.
//!
//! [`args`] is what can be typed, [`screen`] what is shown, [`run`] the runner. The rest is a module for each command.

mod args;
mod call;
mod check;
mod control;
mod history;
mod holding;
mod import;
mod init;
mod late;
mod left;
mod lines;
mod list;
mod logs;
mod mail;
mod metrics;
mod mute;
mod pages;
mod past;
mod plan;
mod report;
mod run;
mod screen;
mod service;
mod simulate;
mod status;

use std::ffi::OsStr;
use std::process::ExitCode;

use clap::Parser;

use crate::chain::ChainName;
use crate::config::{self, Colour, Inputs, Loaded, Report};
use crate::exit;
use crate::process::{child, name_service, own_program, service_environment};
use crate::settings::LogFormat;
use crate::task::suggestions;
use args::{CheckArgs, Command, CommandLine, Common, LogFormatArg, MailCommand, RunArgs};
use call::Call;
use plan::Plan;
use run::{Order, Remember, Warnings};
use screen::{Ended, Refusal, colours_errors, print, print_folded, tell};

/// Runs the command line of this process: what the `main` of a binary returns.
///
/// Call it before anything else: commands, isolated functions and the delivery of mail are this same binary, started with a verb
/// that only the runner uses, and must not do what is before this call a second time.
pub fn main() -> ExitCode {
    name_service::load_no_libraries();
    let verb = std::env::args_os().nth(1);
    match verb.as_deref().and_then(OsStr::to_str) {
        Some(own_program::LAUNCHER) => child::launch(crate::mail::unpack),
        Some(own_program::MAIL_WORKER) => crate::mail::worker::main(),
        _ => people(),
    }
}

/// The command line of a person.
fn people() -> ExitCode {
    // Later this path may be another program. (The launcher owns all its descriptors by number, and pins nothing before that.)
    let _ = own_program::pin();
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(error) => {
            // Help and version are no errors, and clap knows where they go. A closed pipe is nobody's business.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() {
                exit::USAGE
            } else {
                exit::OK
            });
        }
    };
    match obey(line) {
        Ok(()) => ExitCode::from(exit::OK),
        Err(refusal) => {
            tell(&refusal.to_string());
            ExitCode::from(refusal.code)
        }
    }
}

fn obey(line: CommandLine) -> Ended {
    let CommandLine {
        common,
        run,
        command,
    } = line;
    call::remember(&common);
    let Some(command) = command else {
        return run_chain(&common, &run);
    };
    refuse_both(&run)?;
    obey_command(&common, command)
}

fn obey_command(common: &Common, command: Command) -> Ended {
    match command {
        Command::Check(args) => check(common, &args),
        Command::List { json } => list(common, json),
        Command::Once { tasks, clean_env } => once(common, &tasks, surroundings(clean_env)),
        Command::Status(args) => {
            let (inputs, loaded) = load(common, None)?;
            status::show(&inputs, &loaded, &args, common.color)
        }
        Command::Stop { name, now } => {
            let (_, loaded) = load(common, None)?;
            let how = if now {
                control::How::Now
            } else {
                control::How::Finish
            };
            control::stop(&loaded.settings, &name, how)
        }
        Command::Wake { name } => {
            let (_, loaded) = load(common, None)?;
            control::wake(&loaded.settings, &name)
        }
        Command::Mute { whom, time, reason } => {
            let (_, loaded) = load(common, None)?;
            mute::mute(
                &loaded.settings,
                &whom,
                &time,
                reason.as_deref().unwrap_or(""),
            )
        }
        Command::Unmute { whom } => {
            let (_, loaded) = load(common, None)?;
            mute::unmute(&loaded.settings, &whom)
        }
        Command::Simulate(args) => {
            let (inputs, loaded) = load(common, None)?;
            simulate::print_inbox(&inputs, &loaded, &args)
        }
        Command::Mail { command } => obey_mail(common, &command),
        Command::Metrics(args) => {
            let (_, loaded) = load(common, None)?;
            metrics::show(&loaded, &args)
        }
        Command::History(args) => {
            let (_, loaded) = load(common, None)?;
            history::show(&loaded.settings, &args)
        }
        Command::Report(args) => {
            let (inputs, loaded) = load(common, None)?;
            report::show(&inputs, &loaded, &args, common.color)
        }
        Command::Logs(args) => {
            let (_, loaded) = load(common, None)?;
            logs::show(&loaded, &args)
        }
        Command::Import { command } => import::print_configuration(&command, common.color),
        Command::Init(args) => init::write(&args),
        Command::Service { command } => service::obey(common, &command),
        Command::Completions { shell } => pages::completions(shell),
        Command::Man { directory } => pages::manual(&directory),
    }
}

fn obey_mail(common: &Common, command: &MailCommand) -> Ended {
    let (inputs, loaded) = load(common, None)?;
    match command {
        MailCommand::Test { sample, to } => mail::test(&inputs, &loaded, *sample, to),
        MailCommand::Queue { flush: true, .. } => mail::flush(&loaded.settings),
        MailCommand::Queue { json: true, .. } => mail::queue_json(&loaded.settings),
        MailCommand::Queue { .. } => mail::queue(&loaded.settings),
    }
}

/// Answers a command line that has a command and what belongs to a run.
fn refuse_both(run: &RunArgs) -> Ended {
    let is_set = run.name.is_some() || run.fresh || run.dry_run || run.no_kill_concurrent;
    if is_set || !run.tasks.is_empty() {
        return Err(Refusal::usage(
            "a command is not combined with tasks to run or their options",
        ));
    }
    Ok(())
}

fn run_chain(common: &Common, args: &RunArgs) -> Ended {
    refuse_words(&args.tasks)?;
    let (inputs, loaded) = load(common, Some(args))?;
    let tasks = loaded
        .resolve(&args.tasks)
        .map_err(|report| refused(&report, common))?;
    let name = args.name.as_deref().map(control::chain_name).transpose()?;
    let plan = Plan::of_chain(&loaded, tasks, name, &inputs);
    let mut warnings = plan.warnings();
    if args.dry_run {
        warnings.extend(plan.unusable_directories());
        warn(&warnings, common);
        return written_folded(|out| check::print(out, &plan));
    }
    let name = plan.chain.clone().unwrap_or_else(|| ChainName::of(&[]));
    let memory = if args.fresh {
        Remember::Never
    } else {
        Remember::AfterCrash
    };
    run::chain(&Order {
        inputs: &inputs,
        loaded: &loaded,
        tasks: plan.tasks,
        name,
        memory,
        warnings: Warnings {
            lines: warnings
                .problems()
                .iter()
                .map(|problem| problem.line())
                .collect(),
            rendered: warnings.render(colour(common)),
        },
    })
}

/// Answers what can be no task before the configuration is read.
fn refuse_words(tasks: &[String]) -> Ended {
    if tasks.is_empty() {
        return Err(
            Refusal::usage("no TASK is named, such as `tasks::send_mail`").hint(format_args!(
                "`{}` names those that there are; `--help` shows what else can be typed",
                Call::as_typed().line("list")
            )),
        );
    }
    let Some(word) = tasks
        .iter()
        .find(|task| !task.contains("::") && !task.contains('.'))
    else {
        return Ok(());
    };
    let commands = Command::names();
    let message =
        format!("`{word}` is neither a command nor the name of a task, such as `tasks::{word}`");
    Err(
        match suggestions(word, commands.iter().map(String::as_str)).first() {
            Some(meant) => Refusal::usage(message).hint(format_args!("did you mean `{meant}`?")),
            None => Refusal::usage(message).hint(format_args!(
                "`{}` names the tasks; `--help` shows the commands",
                Call::as_typed().line("list")
            )),
        },
    )
}

fn check(common: &Common, args: &CheckArgs) -> Ended {
    let (inputs, loaded) = load(common, None)?;
    if let Some(text) = &args.explain_kind {
        return print(&check::kind_of(text, &inputs, &loaded));
    }
    let plan = if args.tasks.is_empty() {
        Plan::of_everything(&loaded, &inputs)
    } else {
        let tasks = loaded
            .resolve(&args.tasks)
            .map_err(|report| refused(&report, common))?;
        Plan::of_chain(&loaded, tasks, None, &inputs)
    };
    let mut warnings = plan.warnings();
    warnings.extend(plan.unusable_directories());
    warnings.extend(plan.only_at_a_login());
    warn(&warnings, common);
    match (args.json, args.effective) {
        (true, _) => written(|out| check::print_json(out, &plan)),
        (false, true) => written(|out| check::print_effective(out, &plan)),
        (false, false) => written_folded(|out| check::print(out, &plan)),
    }?;
    if args.connect {
        mail::connect(&loaded.settings.mail)?;
    }
    Ok(())
}

fn list(common: &Common, json: bool) -> Ended {
    let (inputs, loaded) = load(common, None)?;
    let plan = Plan::of_everything(&loaded, &inputs);
    if json {
        written(|out| list::print_json(out, &plan))
    } else {
        written_folded(|out| list::print(out, &plan))
    }
}

/// The environment in which `once` runs tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Surroundings {
    /// That of who started it.
    Own,
    /// That of a service.
    OfService,
}

fn surroundings(clean: bool) -> Surroundings {
    if clean {
        Surroundings::OfService
    } else {
        Surroundings::Own
    }
}

fn once(common: &Common, tasks: &[String], surroundings: Surroundings) -> Ended {
    refuse_words(tasks)?;
    let (inputs, loaded) = load(common, None)?;
    let tasks = loaded
        .resolve(tasks)
        .map_err(|report| refused(&report, common))?;
    let names: Vec<_> = tasks.iter().map(|task| task.name.clone()).collect();
    let name = ChainName::of(&names);
    let memory = Remember::Never;
    if surroundings == Surroundings::OfService {
        let gone = service_environment::take(&run::secret_variables(&loaded.settings));
        let path = service_environment::PATH;
        tell(&format!(
            "note: as a service: PATH={path}, and none of the {gone} variables of this login\n"
        ));
    }
    run::once(&Order {
        inputs: &inputs,
        loaded: &loaded,
        tasks,
        name,
        memory,
        warnings: Warnings::default(),
    })
}

/// Reads the configuration, and tells what is odd in it.
fn load(common: &Common, run: Option<&RunArgs>) -> Result<(Inputs, Loaded), Refusal> {
    let kept = run.is_some_and(|run| run.no_kill_concurrent);
    let line = config::CommandLine {
        config: common.config.clone(),
        run_root: common.run_root.clone(),
        kill_concurrent: kept.then_some(false),
        log_format: common.log_format.map(|format| match format {
            LogFormatArg::Text => LogFormat::Text,
            LogFormatArg::Json => LogFormat::Json,
        }),
        log_level: common.level(),
    };
    let inputs = Inputs::of_process(line).map_err(|error| {
        Refusal::new(
            exit::CONFIG,
            format_args!("the working directory cannot be found: {error}"),
        )
    })?;
    let loaded = config::load(&inputs).map_err(|report| refused(&report, common))?;
    Ok((inputs, loaded))
}

fn colour(common: &Common) -> Colour {
    if colours_errors(common.color) {
        Colour::Ansi
    } else {
        Colour::Plain
    }
}

fn refused(report: &Report, common: &Common) -> Refusal {
    Refusal::whole(report.exit_code(), report.render(colour(common)))
}

fn warn(report: &Report, common: &Common) {
    if !report.is_empty() {
        tell(&report.render(colour(common)));
    }
}

type Write<'a> = &'a mut dyn std::io::Write;

/// Prints what a writer writes.
fn written(write: impl FnOnce(Write<'_>) -> std::io::Result<()>) -> Ended {
    print(&text_of(write))
}

/// Prints what a writer writes for people.
fn written_folded(write: impl FnOnce(Write<'_>) -> std::io::Result<()>) -> Ended {
    print_folded(&text_of(write))
}

fn text_of(write: impl FnOnce(Write<'_>) -> std::io::Result<()>) -> String {
    let mut text = Vec::new();
    write(&mut text).expect("memory can be written to");
    String::from_utf8_lossy(&text).into_owned()
}
