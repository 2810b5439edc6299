//! The words of jobs: `post`, `jobs`, `job`, `work`, `workers`, `board`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::common::Common;
use crate::board::{BatchId, FollowedPost, JobId};

/// A job to be posted. What follows its name belongs to `post` or to the job.
#[derive(Debug, Args)]
#[command(
    disable_help_flag = true,
    after_help = "Exit codes: 0 posted (with --wait: succeeded), 1 not succeeded, 2 the arguments do not fit, 69 the board cannot be used, 75 not over at --timeout."
)]
pub(crate) struct PostArgs {
    /// The job, then its arguments, as `--NAME VALUE` or `--NAME=VALUE`, and options.
    #[arg(
        value_name = "JOB",
        num_args = 0..,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(crate) words: Vec<String>,
}

/// The options of `post` itself.
#[derive(Debug, Parser)]
#[command(
    name = "post",
    no_binary_name = true,
    disable_version_flag = true,
    about = "Post a job: whichever worker is able does it, step by step, and undoes what was begun when it fails."
)]
pub(crate) struct PostOptions {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Not before this time: `2026-12-01 03:00`, `2026-12-01T03:00:00Z`, or `10m` from now.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// A key that only one unfinished job has.
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// What follows when an unfinished job has the key.
    #[arg(long, value_name = "RULE", default_value = "fail", requires = "key")]
    pub(crate) if_there: KeyRuleArg,
    /// The class of priority, from -2 to 2; a higher one is claimed first.
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = clap::value_parser!(i8).range(-2..=2))]
    pub(crate) priority: Option<i8>,
    /// Claim it now, even if the job or its project is paused.
    #[arg(long, conflicts_with = "at")]
    pub(crate) now: bool,
    /// Post it when this job has succeeded, or all of a batch: `12`, `batch:3`.
    #[arg(long, value_name = "ID", value_parser = followed, conflicts_with_all = ["wait", "from"])]
    pub(crate) after: Option<FollowedPost>,
    /// With `--after`: whatever the end is.
    #[arg(long, requires = "after")]
    pub(crate) after_any_end: bool,
    /// Post a job for each line of a file, as one batch: a JSON object with the arguments.
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    pub(crate) from: Option<PathBuf>,
    /// With `--from`: so many failures end the batch early.
    #[arg(long, value_name = "N", requires = "from", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) fails_at: Option<u32>,
    /// With `--from`: post the same file again.
    #[arg(long, requires = "from")]
    pub(crate) again: bool,
    /// Print what the job would do, and post nothing.
    #[arg(long)]
    pub(crate) plan: bool,
    /// Wait for the end, of a batch for that of all its jobs, and print what happens meanwhile.
    #[arg(long)]
    pub(crate) wait: bool,
    /// How long `--wait` waits.
    #[arg(long, value_name = "TIME", requires = "wait", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
    /// As data.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The rule for a key that an unfinished job has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyRuleArg {
    /// The job that is there is meant.
    Keep,
    /// The job that is there is cancelled if it has not begun.
    Replace,
    /// Nothing is posted.
    Fail,
}

/// The jobs to be listed.
#[derive(Debug, Args)]
pub(crate) struct JobsArgs {
    /// Only those of this definition.
    #[arg(value_name = "JOB")]
    pub(crate) definition: Option<String>,
    /// Only those in this state: waiting, limited, running, paused, succeeded, failed, reverted,
    /// cancelled, stuck.
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Vec<String>,
    /// Only members of this batch.
    #[arg(long, value_name = "ID")]
    pub(crate) batch: Option<u64>,
    /// Only those in which a step failed with this kind.
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<String>,
    /// Only those with this key.
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// Only those posted before this one.
    #[arg(long, value_name = "ID")]
    pub(crate) before: Option<u64>,
    /// How many of the last ones.
    #[arg(short = 'n', value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) limit: u32,
    /// Wait until the batch is over; ends with 0 if all of it has succeeded, else with 1.
    #[arg(long, requires = "batch")]
    pub(crate) wait: bool,
    /// How long `--wait` waits; ends with 75 then.
    #[arg(long, value_name = "TIME", requires = "wait", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
    /// As data.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) verb: Option<JobsVerb>,
}

/// What is asked of all jobs that were found, or of a definition.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum JobsVerb {
    /// End them after the steps in progress; what was done is reverted.
    Stop {
        /// Revert nothing.
        #[arg(long)]
        no_revert: bool,
    },
    /// End them now; what was done is reverted.
    Kill,
    /// End them as they are.
    Cancel,
    /// Have those go on that have failed or are stuck.
    Retry {
        /// Only those that have failed.
        #[arg(long)]
        failed: bool,
    },
    /// Set their class of priority, from -2 to 2.
    Priority {
        /// The class.
        #[arg(value_name = "N", allow_hyphen_values = true, value_parser = clap::value_parser!(i8).range(-2..=2))]
        class: i8,
    },
    /// Have no worker claim jobs of a definition, or of a project.
    Pause(PausedArgs),
    /// End such a pause.
    Resume(PausedArgs),
}

/// What is paused.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct PausedArgs {
    /// The definition.
    #[arg(value_name = "JOB")]
    pub(crate) definition: Option<String>,
    /// The project.
    #[arg(long, value_name = "NAME")]
    pub(crate) project: Option<String>,
}

/// A job to be looked at, or to be asked something.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 done, 1 the job is over or cannot do this now, 2 no such job, 69 the board cannot be used."
)]
pub(crate) struct JobArgs {
    /// The number of the job.
    #[arg(value_name = "ID")]
    pub(crate) id: u64,
    /// As data.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) verb: Option<JobVerb>,
}

/// What is asked of a job.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum JobVerb {
    /// End it after the steps in progress; what was done is reverted.
    Stop {
        /// Revert nothing.
        #[arg(long)]
        no_revert: bool,
    },
    /// End it now; what was done is reverted.
    Kill,
    /// Begin no further step.
    Pause,
    /// End a pause.
    Resume,
    /// Go on where the job is stuck or has failed.
    Retry {
        /// Begin again at this step.
        #[arg(long, value_name = "STEP")]
        from: Option<String>,
    },
    /// Take a step as done, or as undone, by hand.
    Skip {
        /// The step.
        #[arg(value_name = "STEP")]
        step: String,
    },
    /// Revert what was done.
    Revert,
    /// End it as it is.
    Cancel,
    /// Set the class of priority, from -2 to 2.
    Priority {
        /// The class.
        #[arg(value_name = "N", allow_hyphen_values = true, value_parser = clap::value_parser!(i8).range(-2..=2))]
        class: i8,
    },
    /// Print what its steps printed.
    Output,
}

/// A worker to be started.
#[derive(Debug, Args)]
#[command(
    after_help = "Starting a worker of the same name again replaces it: the former one finishes its steps.\n\
                  Exit codes: 0 stopped, or --once and all jobs succeeded; 1 --once and a job did not; 69 the board cannot be used."
)]
pub(crate) struct WorkArgs {
    /// The name of the worker; that of the host by default.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// How many steps at once.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) slots: Option<u32>,
    /// Something that jobs may need and this worker has.
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// End when no job waits that this worker can do.
    #[arg(long)]
    pub(crate) once: bool,
    /// Get a token of its own first, by the registration token in this file, unless it has one.
    #[arg(long, value_name = "FILE")]
    pub(crate) register: Option<PathBuf>,
}

/// The workers to be listed, or to be asked something.
#[derive(Debug, Args)]
pub(crate) struct WorkersArgs {
    /// As data.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) verb: Option<WorkersVerb>,
}

/// What is asked of a worker.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum WorkersVerb {
    /// Claim nothing more, finish the steps in progress, give back what is held, and end.
    Drain(WorkerNameArg),
    /// Claim nothing more until woken.
    Sleep(WorkerNameArg),
    /// Claim again.
    Wake(WorkerNameArg),
    /// Take a worker of another host off the board that has died there; its jobs go on elsewhere.
    Forget(WorkerNameArg),
    /// Give back what is held after the steps in progress, and end.
    Quit {
        #[command(flatten)]
        worker: WorkerNameArg,
        /// End the steps in progress.
        #[arg(long)]
        now: bool,
    },
}

/// The name of a worker.
#[derive(Clone, Debug, Args)]
pub(crate) struct WorkerNameArg {
    /// The worker.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
}

/// What is done with a board as a whole.
#[derive(Debug, Subcommand)]
pub(crate) enum BoardCommand {
    /// Check that the board is whole, and print what is on it.
    Check {
        /// As data.
        #[arg(long)]
        json: bool,
    },
    /// Copy the board into a new file while it is in use.
    Backup {
        /// The copy.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Put a copy in the place of the board. Nothing is claimed until the longest lease has passed.
    Restore {
        /// The copy.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print what a statement of SQL finds that only reads.
    Query {
        /// The statement.
        #[arg(value_name = "SQL")]
        sql: String,
        /// As data.
        #[arg(long)]
        json: bool,
    },
    /// Bring the board to the form that this program writes.
    Migrate,
    /// Move a board from its file into the empty database that `[board]` names. The file is left
    /// under another name.
    Move {
        /// The file [default: board.sqlite in state_dir].
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Grant a role of the database what a role of the board needs, and nothing else of the board.
    Grant {
        /// The role of the database.
        #[arg(value_name = "ROLE")]
        role: String,
        /// What it may do; each may look.
        #[arg(value_name = "KIND")]
        kind: BoardRoleArg,
    },
    /// Remove what has been kept for long enough.
    Gc,
}

/// What a role of a database may do on a board.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
pub(crate) enum BoardRoleArg {
    /// To look.
    View,
    /// To post, by commands and in SQL.
    Post,
    /// To post and to do jobs.
    Worker,
    /// All that people ask for, and to read the tables.
    Admin,
}

fn followed(text: &str) -> Result<FollowedPost, String> {
    let (is_batch, number) = match text.strip_prefix("batch:") {
        Some(number) => (true, number),
        None => (false, text),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "write the number of a job, or `batch:` and that of a batch".to_owned())?;
    Ok(match is_batch {
        true => FollowedPost::Batch(BatchId(number)),
        false => FollowedPost::Job(JobId(number)),
    })
}

fn duration(text: &str) -> Result<Duration, humantime::DurationError> {
    humantime::parse_duration(text)
}
