//! `post`: posts a job, and waits for its end if that is wanted.

use std::sync::Arc;
use std::time::Duration;

use clap::{CommandFactory as _, Parser as _};
use serde_json::{Map, Value, json};

use super::board_access::{open, refused};
use super::catalog::JobCatalog;
use super::chain::{batch_receipt_json, followed_words, next_json, rule_words};
use super::time::{millis, of_millis, parse_at};
use super::wait::{self, why_it_waits};
use super::wait_batch;
use crate::board::{BatchId, BatchPost, Board, FollowedPost, KeyRule, Post, PostReceipt};
use crate::cli::args::Common;
use crate::cli::args::jobs::{KeyRuleArg, PostArgs, PostOptions};
use crate::cli::load::load;
use crate::cli::output::{print, print_folded};
use crate::config::invocation::Call;
use crate::config::{Colour, ConfigReport, Loaded};
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::flow::FlowPlan;
use crate::job::{JobDefinition, JobRegistration, JobSchema, ThenIf};
use crate::text::counts::{counted, counted_or_no};
use crate::unix::terminal::print_to_stderr;
use crate::unix::{clock, random, self_exe};
use crate::worker::job_post::{JobPosts, next_post};

use super::super::mute::user_name;

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
    let schema_of = |name: &str| catalog.schema(name).ok();
    let posted_by = user_name();
    let posting = Posting {
        board: &board,
        posts: JobPosts {
            schema_of: &schema_of,
            posted_by: &posted_by,
        },
        job: &job,
        schema,
        options: &options,
        function: loaded.jobs.get(&job).and_then(|own| own.function),
    };
    match &options.from {
        Some(file) => posting.post_file(file, &words),
        None => posting.post_one(&words),
    }
}

/// What is posted, and where.
pub(super) struct Posting<'a> {
    pub(super) board: &'a Arc<dyn Board>,
    pub(super) posts: JobPosts<'a>,
    pub(super) job: &'a str,
    pub(super) schema: &'a JobSchema,
    pub(super) options: &'a PostOptions,
    /// The job as a function of this program, which checks what no schema can.
    pub(super) function: Option<&'static JobRegistration>,
}

impl Posting<'_> {
    fn post_one(&self, words: &[String]) -> CommandResult {
        let variable = |name: &str| std::env::var(name).ok();
        let parsed = self.schema.args.parse_words(words, variable);
        let parsed = parsed.map_err(|errors| {
            let usage = Call::as_typed().line(format_args!("post {} --help", self.job));
            let errors = errors.to_string().replace('\n', "\nerror: ");
            CommandError::new(exit::USAGE, errors)
                .hint(format_args!("`{usage}` lists the arguments"))
        })?;
        let request = self.request(parsed, new_posting()?)?;
        if let Some(after) = self.options.after {
            return self.post_after(after, request);
        }
        if self.schema.every_worker {
            return self.post_for_every_worker(request);
        }
        let receipt = self.board.post(&request).map_err(refused)?;
        answer(self.board, receipt, self.job, self.options)
    }

    /// Returns the post of a job with these arguments.
    pub(super) fn request(
        &self,
        args: Map<String, Value>,
        posting: String,
    ) -> Result<Post, CommandError> {
        if let Some(Err(error)) = self.function.map(|own| (own.check)(&args)) {
            return Err(CommandError::usage(error));
        }
        let options = self.options;
        if options.key.as_deref() == Some("") {
            return Err(CommandError::usage("`--key` is empty")
                .hint("write what only one unfinished job may have, such as `--key customer-12`; without `--key` there may be any number"));
        }
        let run_at = options.at.as_deref().map(parse_at).transpose()?;
        let post = self.posts.post(self.job, self.schema, args);
        let post = post.map_err(|why| CommandError::new(exit::CONFIG, why))?;
        Ok(Post {
            posting,
            key: options.key.clone(),
            if_there: match options.if_there {
                KeyRuleArg::Keep => KeyRule::Keep,
                KeyRuleArg::Replace => KeyRule::Replace,
                KeyRuleArg::Fail => KeyRule::Fail,
            },
            priority: options.priority.unwrap_or(post.priority),
            run_at: run_at.unwrap_or(0),
            expires: self.schema.expires.and_then(|span| expiry(span, run_at)),
            ignores_pauses: options.now,
            ..post
        })
    }

    fn post_after(&self, after: FollowedPost, post: Post) -> CommandResult {
        let rule = match self.options.after_any_end {
            true => ThenIf::Ended,
            false => ThenIf::Succeeded,
        };
        let next = next_post(self.schema, post, rule);
        let record = self.board.post_after(after, &next).map_err(refused)?;
        if self.options.json {
            return print(&format!("{:#}\n", next_json(&record)));
        }
        let what = followed_words(after);
        print(&match record.became {
            Some(became) => format!("Posted {} ({})\n", followed_words(became), self.job),
            None => format!(
                "{} is posted after {what}{}\n",
                self.job,
                rule_words(next.rule)
            ),
        })
    }

    fn post_for_every_worker(&self, post: Post) -> CommandResult {
        let batch = BatchPost {
            posting: post.posting.clone(),
            name: self.job.to_owned(),
            then: post.then.clone(),
            posted_by: post.posted_by.clone(),
            every_worker: true,
            ..BatchPost::default()
        };
        let receipt = self.board.post_batch(&batch, &[post], true);
        let receipt = receipt.map_err(refused)?;
        if self.options.json && !self.options.wait {
            return print(&format!("{:#}\n", batch_receipt_json(&receipt)));
        }
        if !self.options.json {
            let jobs = counted_or_no(receipt.jobs, "job", "jobs");
            print(&format!(
                "Posted batch {} ({}): {jobs}, one for each worker\n",
                receipt.id, self.job
            ))?;
        }
        self.wait_for(receipt.id)
    }

    /// Waits for the end of a batch, if that is wanted.
    pub(super) fn wait_for(&self, id: BatchId) -> CommandResult {
        let options = self.options;
        match options.wait {
            true => wait_batch::until_over(&**self.board, id, options.timeout, options.json),
            false => Ok(()),
        }
    }
}

/// Returns an identity for a post.
pub(super) fn new_posting() -> Result<String, CommandError> {
    random::hex_id().map_err(|error| CommandError::of(exit::SHORTAGE, &error))
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
            print(&mails_that_wait(&**board)?)?;
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

/// Returns whether mails wait that no live worker can deliver, a line or nothing.
fn mails_that_wait(board: &dyn Board) -> Result<String, CommandError> {
    let waiting = board.mails().map_err(refused)?.len() as u64;
    if waiting == 0 || board.deliverers().map_err(refused)? > 0 {
        return Ok(String::new());
    }
    let mails = counted(waiting, "mail waits", "mails wait");
    Ok(format!(
        "{mails} on the board, and no live worker has a way to deliver mail\n"
    ))
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
