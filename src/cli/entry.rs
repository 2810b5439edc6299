//! The entry of a command line: which command carries out what was typed.

use std::ffi::OsStr;
use std::io::Write as _;

use clap::FromArgMatches;

use super::args::{
    CheckArgs, CheckLivenessArgs, Command, Common, Deferred, LockCommandArgs, MailCommand,
    OnceArgs, ParsedArgs, RunArgs,
};
use super::commands::{
    check, check_liveness, control, history, import, init, job, list, logs, mail, metrics, mute,
    pages, report, serve, service, simulate, status,
};
use super::load::{colour, load, load_to_look, load_with_lock, refused};
use super::output::{print, print_folded};
use super::own_command_line::program;
use super::run_chain;
use super::typed::refuse_words;
use crate::chain::ChainName;
use crate::config::{ConfigReport, invocation};
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::plan::dry_run_plan::DryRunPlan;
use crate::runner::chain_lock::under_lock;
use crate::runner::launch;
use crate::runner::request::{MemoryPolicy, RunRequest, Warnings};
use crate::service::secrets::secret_variables;
use crate::unix::own_program;
use crate::unix::service_environment;
use crate::unix::terminal::print_to_stderr;

/// Carries out what a person has typed.
pub(super) fn people() -> CommandResult {
    if asks_for_the_version() {
        let version = format!("{} {}\n", own_program::name(), own_program::version());
        // A closed pipe is no error of this program.
        let _ = std::io::stdout().lock().write_all(version.as_bytes());
        return Ok(());
    }
    match parsed() {
        Ok(line) => obey(line),
        Err(error) => {
            // Help and version are no errors, and clap knows where they go. A closed pipe is
            // nobody's business.
            let _ = error.print();
            Err(CommandError::said(if error.use_stderr() {
                exit::USAGE
            } else {
                exit::OK
            }))
        }
    }
}

/// Returns whether nothing but the version is asked for, as scripts do: that needs no parser.
fn asks_for_the_version() -> bool {
    let mut words = own_program::arguments().into_iter().skip(1);
    let word = words.next();
    let is_version = [OsStr::new("--version"), OsStr::new("-V")].map(Some);
    words.next().is_none() && is_version.contains(&word.as_deref())
}

/// Parses the command line.
fn parsed() -> Result<ParsedArgs, clap::Error> {
    let mut parser = program();
    let matches = parser.try_get_matches_from_mut(own_program::arguments());
    let line = matches
        .and_then(|mut matches| ParsedArgs::from_arg_matches_mut(&mut matches))
        .map_err(|error| error.format(&mut parser));
    let goes_on = |line: &ParsedArgs| {
        matches!(
            line.command,
            None | Some(Command::Work(_) | Command::Serve(_) | Command::Lock(_))
        )
    };
    if !line.as_ref().is_ok_and(goes_on) {
        // A process that ends soon gives all of its memory back at once.
        std::mem::forget(parser);
    }
    line
}

fn obey(line: ParsedArgs) -> CommandResult {
    let ParsedArgs {
        common,
        run,
        command,
    } = line;
    invocation::remember(common.config.as_deref(), common.run_root.as_deref(), None);
    let Some(command) = command else {
        return run_chain(&common, &run);
    };
    refuse_both(&run)?;
    obey_command(&common, command)
}

fn obey_command(common: &Common, command: Command) -> CommandResult {
    match command {
        Command::Check(Deferred(args)) => check(common, &args),
        Command::List { json } => list(common, json),
        Command::Once(Deferred(args)) => once(common, &args),
        Command::Lock(Deferred(args)) => under_lock(common, args),
        Command::Status(Deferred(args)) => {
            let (inputs, loaded) = load_to_look(common)?;
            status::show(&inputs, &loaded, &args, common.color)
        }
        Command::Stop { name, now } => stop(common, &name, now),
        Command::Wake { name } => {
            let (_, loaded) = load_to_look(common)?;
            control::wake(&loaded.settings, &name)
        }
        Command::Mute { whom, time, reason } => {
            let (_, loaded) = load_to_look(common)?;
            mute::mute(
                &loaded.settings,
                &whom,
                &time,
                reason.as_deref().unwrap_or(""),
            )
        }
        Command::Unmute { whom } => {
            let (_, loaded) = load_to_look(common)?;
            mute::unmute(&loaded.settings, &whom)
        }
        Command::Simulate(Deferred(args)) => {
            let (inputs, loaded) = load(common, None)?;
            simulate::print_inbox(&inputs, &loaded, &args)
        }
        Command::Mail { command } => obey_mail(common, &command),
        Command::CheckLiveness(Deferred(args)) => check_liveness(common, &args),
        Command::Metrics(Deferred(args)) => {
            let (_, loaded) = load_to_look(common)?;
            metrics::show(&loaded, &args)
        }
        Command::History(Deferred(args)) => {
            let (_, loaded) = load_to_look(common)?;
            history::show(&loaded.settings, &args)
        }
        Command::Report(Deferred(args)) => {
            let (inputs, loaded) = load_to_look(common)?;
            report::show(&inputs, &loaded, &args, common.color)
        }
        Command::Logs(Deferred(args)) => {
            let (_, loaded) = load_to_look(common)?;
            logs::show(&loaded, &args)
        }
        Command::Import { command } => import::print_configuration(&command, common.color),
        Command::Init(Deferred(args)) => init::write(&args),
        Command::Service { command } => service::obey(common, &command),
        Command::Post(Deferred(args)) => job::post::post(common, &args),
        Command::Jobs(Deferred(args)) => job::jobs::show(common, &args),
        Command::Job(Deferred(args)) => job::job::obey(common, &args),
        Command::Work(Deferred(args)) => job::work::work(common, args),
        Command::Workers(Deferred(args)) => job::workers::obey(common, &args),
        Command::Schedules(Deferred(args)) => job::schedules::obey(common, &args),
        Command::Serve(Deferred(args)) => serve::obey(common, &args),
        Command::Board { command } => job::board::obey(common, &command),
        Command::Completions { shell } => pages::completions(shell),
        Command::Man { directory } => pages::manual(&directory),
    }
}

fn stop(common: &Common, name: &str, now: bool) -> CommandResult {
    let (_, loaded) = load_to_look(common)?;
    let how = match now {
        true => control::StopMode::Now,
        false => control::StopMode::Finish,
    };
    control::stop(&loaded.settings, name, how)
}

/// Runs a command under a lock.
fn under_lock(common: &Common, args: LockCommandArgs) -> CommandResult {
    let (_, loaded) = load_with_lock(common, &args.lock)?;
    under_lock::command(&loaded.settings, &args.name, args.command)
}

fn obey_mail(common: &Common, command: &MailCommand) -> CommandResult {
    match command {
        MailCommand::Test { sample, to } => {
            let (inputs, loaded) = load(common, None)?;
            mail::test(&inputs, &loaded, *sample, to)
        }
        MailCommand::Queue { flush: true, .. } => {
            let (_, loaded) = load(common, None)?;
            mail::flush(&loaded.settings)
        }
        MailCommand::Queue { json, .. } => {
            let (_, loaded) = load_to_look(common)?;
            if *json {
                mail::queue_json(&loaded.settings)
            } else {
                mail::queue(&loaded.settings)
            }
        }
    }
}

/// Answers a command line that has a command and what belongs to a run.
fn refuse_both(run: &RunArgs) -> CommandResult {
    let is_set = run.name.is_some()
        || run.fresh
        || run.dry_run
        || run.no_kill_concurrent
        || run.lock.is_set()
        || run.replace_unit;
    if is_set || !run.tasks.is_empty() {
        return Err(CommandError::usage(
            "a command is not combined with tasks to run or their options",
        ));
    }
    Ok(())
}

fn run_chain(common: &Common, args: &RunArgs) -> CommandResult {
    refuse_words(&args.tasks)?;
    let (inputs, loaded) = load(common, Some(args))?;
    let tasks = &args.tasks;
    let plan = run_chain::plan(
        &inputs,
        &loaded,
        tasks,
        args.name.as_deref(),
        colour(common),
    )?;
    if args.dry_run {
        let mut warnings = run_chain::warnings(&plan);
        warnings.extend(plan.foreseen_refusals());
        warnings.extend(plan.unusable_directories());
        warn(&warnings, common);
        return written_folded(|out| check::print(out, &plan));
    }
    let memory = if args.fresh {
        MemoryPolicy::Never
    } else {
        MemoryPolicy::AfterCrash
    };
    run_chain::start(plan, &inputs, memory, args.replace_unit, colour(common))
}

fn check(common: &Common, args: &CheckArgs) -> CommandResult {
    let (inputs, loaded) = load_with_lock(common, &args.lock)?;
    if let Some(text) = &args.explain_kind {
        return print(&check::kind_of(text, &inputs, &loaded));
    }
    let plan = if args.tasks.is_empty() {
        DryRunPlan::of_everything(&loaded, &inputs)
    } else {
        let tasks = loaded
            .resolve(&args.tasks)
            .map_err(|report| refused(&report, common))?;
        DryRunPlan::of_chain(&loaded, tasks, None, &inputs)
    };
    let mut warnings = plan.warnings();
    warnings.extend(plan.neighbours());
    warnings.extend(plan.foreseen_refusals());
    warnings.extend(plan.doubtful_directories());
    warnings.extend(plan.unusable_directories());
    warnings.extend(plan.only_at_a_login());
    if args.tasks.is_empty() {
        warnings.extend(check::doubts_about_jobs(&loaded));
    }
    warn(&warnings, common);
    match (args.json, args.effective) {
        (true, _) => written(|out| check::print_json(out, &plan)),
        (false, true) => written(|out| check::print_effective(out, &plan)),
        (false, false) => written_folded(|out| check::print(out, &plan)),
    }?;
    if args.connect {
        // A server that fails does not keep the other one from being tried.
        let mail = mail::connect(&loaded.settings.mail);
        check::connect_lock(&loaded.settings, &plan)?;
        mail?;
    }
    // A start only warns of it, but a secret that others can read is nothing to pass over.
    match loaded.warnings.warned_exit_code() {
        Some(code) => Err(CommandError::said(code)),
        None => Ok(()),
    }
}

fn check_liveness(common: &Common, args: &CheckLivenessArgs) -> CommandResult {
    let (_, loaded) = match args.lock.is_set() {
        true => load_with_lock(common, &args.lock),
        false => load_to_look(common),
    }?;
    check_liveness::show(&loaded.settings, args)
}

fn list(common: &Common, json: bool) -> CommandResult {
    let (inputs, loaded) = load(common, None)?;
    let plan = DryRunPlan::of_everything(&loaded, &inputs);
    if json {
        written(|out| list::print_json(out, &plan))
    } else {
        written_folded(|out| list::print(out, &plan))
    }
}

fn once(common: &Common, args: &OnceArgs) -> CommandResult {
    refuse_words(&args.tasks)?;
    let (inputs, loaded) = load_with_lock(common, &args.lock)?;
    let tasks = loaded
        .resolve(&args.tasks)
        .map_err(|report| refused(&report, common))?;
    let names: Vec<_> = tasks.iter().map(|task| task.name.clone()).collect();
    let name = args.name.as_deref().map(ChainName::typed).transpose()?;
    let name = name.unwrap_or_else(|| ChainName::of(&names));
    let memory = MemoryPolicy::Never;
    if args.clean_env {
        let gone = service_environment::take(&secret_variables(&loaded.settings));
        let path = service_environment::PATH;
        print_to_stderr(&format!(
            "note: as a service: PATH={path}, and none of the {gone} variables of this login\n"
        ));
    }
    launch::once(&RunRequest {
        inputs: &inputs,
        loaded: &loaded,
        tasks,
        name,
        memory,
        replace_unit: false,
        warnings: Warnings::default(),
    })
}

fn warn(report: &ConfigReport, common: &Common) {
    if !report.is_empty() {
        print_to_stderr(&report.render(colour(common)));
    }
}

type Write<'a> = &'a mut dyn std::io::Write;

/// Prints what a writer writes.
fn written(write: impl FnOnce(Write<'_>) -> std::io::Result<()>) -> CommandResult {
    print(&text_of(write))
}

/// Prints what a writer writes for people.
fn written_folded(write: impl FnOnce(Write<'_>) -> std::io::Result<()>) -> CommandResult {
    print_folded(&text_of(write))
}

fn text_of(write: impl FnOnce(Write<'_>) -> std::io::Result<()>) -> String {
    let mut text = Vec::new();
    write(&mut text).expect("memory can be written to");
    String::from_utf8_lossy(&text).into_owned()
}
