//! `post`: posts a job, and waits for its end if that is wanted.

use std::sync::Arc;
use std::time::Duration;

use clap::{CommandFactory as _, Parser as _};
use serde_json::json;

use super::board_access::{open, refused};
use super::catalog::JobCatalog;
use super::time::{millis, of_millis, parse_at};
use super::wait::{self, why_it_waits};
use crate::board::{Board, KeyRule, Post, PostReceipt};
use crate::cli::args::Common;
use crate::cli::args::jobs::{KeyRuleArg, PostArgs, PostOptions};
use crate::cli::load::load;
use crate::cli::output::{print, print_folded};
use crate::config::invocation::Call;
use crate::config::{Colour, ConfigReport, Loaded};
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::flow::FlowPlan;
use crate::job::{JobDefinition, JobSchema};
use crate::unix::terminal::print_to_stderr;
use crate::unix::{clock, random, self_exe};

/// Posts what was typed.
pub(crate) fn post(common: &Common, args: &PostArgs) -> CommandResult {
    let (job, options, words) = read(&args.words)?;
    let common = options.common.or(common);
    let (_, loaded) = load(&common, None)?;
    let board = open(&loaded.settings)?;
    let catalog = JobCatalog::of(&loaded, &*board)?;
    let wants_help = args
        .words
        .iter()
        .any(|word| word == "--help" || word == "-h");
    let Some(job) = job else {
        return match wants_help {
            true => print_folded(&help(&catalog)),
            false => Err(CommandError::usage("no JOB is named").hint(known(&catalog))),
        };
    };
    let schema = catalog.schema(&job)?;
    if wants_help {
        return print_folded(&help_of(&job, schema));
    }
    if options.plan {
        return plan(&loaded, &job);
    }
    let variable = |name: &str| std::env::var(name).ok();
    let parsed = schema.args.parse_words(&words, variable);
    let parsed = parsed.map_err(|errors| {
        let usage = Call::as_typed().line(format_args!("post {job} --help"));
        let errors = errors.to_string().replace('\n', "\nerror: ");
        CommandError::new(exit::USAGE, errors).hint(format_args!("`{usage}` lists the arguments"))
    })?;
    let own = loaded.jobs.get(&job).and_then(|own| own.function);
    if let Some(Err(error)) = own.map(|own| (own.check)(&parsed)) {
        return Err(CommandError::usage(error));
    }
    if let Some(setting) = schema.not_carried_out().first() {
        let message = format!("this version does not carry out `{setting}` of `{job}`");
        return Err(CommandError::new(exit::CONFIG, message)
            .hint("leave it out until a later version does"));
    }
    let request = request(&job, schema, parsed.into(), &options)?;
    let receipt = board.post(&request).map_err(refused)?;
    answer(&board, receipt, &job, &options)
}

/// Returns the job, the options of `post`, and the arguments of the job.
fn read(words: &[String]) -> Result<(Option<String>, PostOptions, Vec<String>), CommandError> {
    let mut command = PostOptions::command();
    command.build();
    let own = |name: &str| {
        command
            .get_arguments()
            .find(|own| own.get_long() == Some(name))
    };
    let (mut job, mut options, mut rest) = (None, Vec::new(), Vec::new());
    let mut words = words
        .iter()
        .filter(|word| *word != "--help" && *word != "-h");
    while let Some(word) = words.next() {
        let name = word.strip_prefix("--");
        let name = name.map(|name| name.split_once('=').map_or(name, |(name, _)| name));
        match name.and_then(own) {
            Some(option) => {
                options.push(word.clone());
                let takes_value = option.get_action().takes_values();
                if takes_value && !word.contains('=') {
                    options.extend(words.next().cloned());
                }
            }
            None if job.is_none() && !word.starts_with('-') => job = Some(word.clone()),
            None => rest.push(word.clone()),
        }
    }
    let options = PostOptions::try_parse_from(options).map_err(|error| {
        let _ = error.print();
        CommandError::said(exit::USAGE)
    })?;
    Ok((job, options, rest))
}

fn request(
    job: &str,
    schema: &JobSchema,
    args: serde_json::Value,
    options: &PostOptions,
) -> Result<Post, CommandError> {
    let posting = random::hex_id().map_err(|error| CommandError::of(exit::SHORTAGE, &error))?;
    let run_at = options.at.as_deref().map(parse_at).transpose()?;
    Ok(Post {
        key: options.key.clone(),
        if_there: match options.if_there {
            KeyRuleArg::Keep => KeyRule::Keep,
            KeyRuleArg::Replace => KeyRule::Replace,
            KeyRuleArg::Fail => KeyRule::Fail,
        },
        priority: options.priority.unwrap_or(schema.priority),
        run_at: run_at.unwrap_or(0),
        expires: schema.expires.and_then(|span| expiry(span, run_at)),
        posted_by: super::super::mute::user_name(),
        ..Post::new(job, args, posting)
    })
}

/// Returns when a job that has not begun is cancelled, counted from when it may begin.
fn expiry(span: Duration, run_at: Option<i64>) -> Option<i64> {
    let from = run_at.map_or_else(clock::wall, of_millis);
    from.checked_add(span).and_then(millis)
}

fn answer(
    board: &Arc<dyn Board>,
    receipt: PostReceipt,
    job: &str,
    options: &PostOptions,
) -> CommandResult {
    let PostReceipt { id, is_new } = receipt;
    if !options.json {
        let line = match is_new {
            true => format!("Posted job {id} ({job})\n"),
            false => format!("Job {id} ({job}) is there already\n"),
        };
        print(&line)?;
        if !options.wait {
            print(&why_it_waits(&**board, id)?)?;
        }
    }
    if options.wait {
        return wait::until_over(board, id, options.timeout, options.json);
    }
    match options.json {
        true => print(&format!("{:#}\n", json!({ "id": id, "is_new": is_new }))),
        false => Ok(()),
    }
}

fn plan(loaded: &Loaded, job: &str) -> CommandResult {
    match loaded.jobs.get(job) {
        Some(own) => {
            if let Some(doubt) = &own.resume_doubt {
                print_to_stderr(&ConfigReport::of(doubt.clone()).render(Colour::Plain));
            }
            print(&planned(&own.definition)?)
        }
        None => Err(CommandError::new(
            exit::FAILED,
            format_args!(
                "the steps of `{job}` are not in this configuration, only its arguments are known"
            ),
        )
        .hint("`--config FILE` names the configuration of its workers")),
    }
}

/// Returns the picture of a definition, with what is doubtful about it.
fn planned(job: &JobDefinition) -> Result<String, CommandError> {
    let plan = FlowPlan::new(job.flow.clone()).map_err(|errors| {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        CommandError::new(exit::CONFIG, errors.join("\n"))
    })?;
    Ok(format!(
        "{}: {}\n\n{}",
        job.name(),
        job.schema.help,
        plan.picture()
    ))
}

fn known(catalog: &JobCatalog) -> String {
    let names: Vec<&str> = catalog.all().map(|(name, _)| name).collect();
    match names.as_slice() {
        [] => "no job is known: write a `[jobs.NAME]`, or `init --template jobs`".to_owned(),
        names => format!("there are {}", names.join(", ")),
    }
}

/// Returns the explanation of `post` with the jobs that are known.
fn help(catalog: &JobCatalog) -> String {
    let usage = format!("{} post JOB [--NAME VALUE]… [OPTIONS]", self_exe::name());
    let mut command = PostOptions::command().override_usage(usage);
    let mut text = command.render_help().to_string();
    text.push_str("\nJobs:\n");
    for (name, schema) in catalog.all() {
        text.push_str(&format!("  {name}  {}\n", schema.help));
    }
    text
}

fn help_of(name: &str, schema: &JobSchema) -> String {
    let program = self_exe::name();
    let mut text = format!("{}\n\nUsage: {program} post {name}", schema.help);
    for spec in &schema.args.specs {
        let is_needed = spec.default.is_none() && !spec.secret;
        if is_needed {
            text.push_str(&format!(
                " --{} {}",
                spec.name,
                spec.kind.word().to_uppercase()
            ));
        }
    }
    text.push_str(" [ARGUMENTS] [OPTIONS]\n\nArguments:\n");
    text.push_str(&schema.args.usage());
    text.push_str(&format!(
        "\n`{program} post --help` lists the options of post itself.\n"
    ));
    text
}
