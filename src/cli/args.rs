//! What can be typed: the form alone is checked here.

mod check_liveness;
mod common;
mod count;
mod deferred;
pub(crate) mod init;
pub(crate) mod jobs;
mod lock;
mod once;
mod run;
pub(crate) mod schedules;
pub(crate) mod serve;
pub(crate) mod service;

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

pub(crate) use check_liveness::CheckLivenessArgs;
pub(crate) use common::{ColorArg, Common, LogFormatArg};
use count::run_count;
pub(crate) use deferred::Deferred;
pub(crate) use lock::{LockArgs, LockCommandArgs};
pub(crate) use once::OnceArgs;
pub(crate) use run::RunArgs;

/// Keeps a chain of tasks running for ever, one after the other, and mails the admin only what is
/// new.
#[derive(Debug, Parser)]
#[command(
    name = "run_functions",
    version,
    disable_help_subcommand = true,
    subcommand_precedence_over_arg = true,
    override_usage = "run_functions [OPTIONS] TASK [TASK…]\n       run_functions COMMAND …",
    after_help = "Starting the same chain again replaces its runner: that is how code is upgraded.\n\
                  Stop it with `run_functions stop NAME`, Ctrl-C or SIGTERM."
)]
pub(crate) struct ParsedArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) run: RunArgs,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say what will happen: tasks, settings, cycle, mail path, directories. Changes nothing.
    Check(Deferred<CheckArgs>),
    /// List the tasks that can be run.
    List {
        /// As data.
        #[arg(long)]
        json: bool,
    },
    /// Run tasks once each, in order, and exit with 1 if one failed. No pidfile, no mail.
    Once(Deferred<OnceArgs>),
    /// Run one command under a lock that other hosts contend for: `[lock]`, or `--lock`.
    #[command(
        after_help = "Exit codes: that of the command; 75 the lock is held elsewhere, 71 it was lost and the command was ended, 69 its server does not answer, 127 the command cannot be run."
    )]
    Lock(Deferred<LockCommandArgs>),
    /// Say what runs, what sleeps, and what fails. Changes nothing.
    Status(Deferred<StatusArgs>),
    /// Check whether a chain has succeeded lately: PASS or FAIL, and how long ago that was.
    CheckLiveness(Deferred<CheckLivenessArgs>),
    /// Print what is known of chains as numbers for Prometheus: runs, durations, outages, mails,
    /// and whether runners run.
    Metrics(Deferred<MetricsArgs>),
    /// Show the runs of the past: when, how long, how they ended, and why they were mailed or not.
    History(Deferred<HistoryArgs>),
    /// Tell of the last 90 days: durations, days with failures, outages and their mails. Changes
    /// nothing.
    Report(Deferred<ReportArgs>),
    /// Show what runs printed.
    Logs(Deferred<LogsArgs>),
    /// Stop a runner: its running task may finish first.
    Stop {
        /// The chain.
        #[arg(value_name = "NAME")]
        name: String,
        /// Do not let the running task finish.
        #[arg(long)]
        now: bool,
    },
    /// Skip the rest of a cooldown.
    Wake {
        /// The chain.
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Hold back the mails about a chain, or about one of its tasks, for a while. What falls due
    /// meanwhile is mailed at the end.
    #[command(
        after_help = "Exit codes: 0 done, 2 no such task or time, 3 no such chain, 77 it is another user's."
    )]
    Mute {
        /// The chain; or a task of it, such as `send_mail_retry_deferred/tasks::send_mail`.
        #[arg(value_name = "NAME[/TASK]")]
        whom: String,
        /// For how long, such as `2h` or `1day`; 30 days at most.
        #[arg(value_name = "TIME")]
        time: String,
        /// Why: it stands in `status`, the log and the next mail.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// End a mute now: of a chain with all its tasks, or of one task.
    #[command(
        after_help = "Exit codes: 0 nothing of it is muted, 1 its chain is muted still, 2 no such task, 3 no such chain, 77 it is another user's."
    )]
    Unmute {
        /// The chain; or a task of it.
        #[arg(value_name = "NAME[/TASK]")]
        whom: String,
    },
    /// Print the mails that a failure would bring. Nothing runs, nothing is sent.
    Simulate(Deferred<SimulateArgs>),
    /// Try the way that mail takes, and see what waits.
    Mail {
        #[command(subcommand)]
        command: MailCommand,
    },
    /// Make a configuration of what cron or supervisord runs. It is printed, and nothing is
    /// changed.
    Import {
        #[command(subcommand)]
        command: ImportCommand,
    },
    /// Write a configuration or a crate to begin with, and say what to type next. Overwrites
    /// nothing.
    Init(Deferred<init::InitArgs>),
    /// What systemd has to know.
    Service {
        #[command(subcommand)]
        command: service::ServiceCommand,
    },
    /// Post a job: whichever worker is able does it, step by step.
    Post(Deferred<jobs::PostArgs>),
    /// List the jobs of the board.
    Jobs(Deferred<jobs::JobsArgs>),
    /// Show a job, or ask something of it: stop, kill, pause, resume, retry, skip, revert, cancel.
    Job(Deferred<jobs::JobArgs>),
    /// Work: claim jobs from the board and run their steps, until stopped.
    Work(Deferred<jobs::WorkArgs>),
    /// List the workers, or ask something of one: drain, sleep, wake, quit.
    Workers(Deferred<jobs::WorkersArgs>),
    /// Show schedules and their next times, or ask something of one: pause, resume, run.
    Schedules(Deferred<schedules::SchedulesArgs>),
    /// Serve the board over HTTP: its page, its calls for programs and workers, its metrics.
    Serve(Deferred<serve::ServeArgs>),
    /// Look after the board itself.
    Board {
        #[command(subcommand)]
        command: jobs::BoardCommand,
    },
    /// Print what completes commands in a shell.
    Completions {
        /// Which one.
        shell: Shell,
    },
    /// Write the manual pages into a directory.
    Man {
        /// Where to.
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) lock: LockArgs,
    /// The tasks of a chain; all that are known if none is given.
    #[arg(value_name = "TASK")]
    pub(crate) tasks: Vec<String>,
    /// Every setting, and where it comes from.
    #[arg(long)]
    pub(crate) effective: bool,
    /// As data.
    #[arg(long)]
    pub(crate) json: bool,
    /// Reach the mail server as well, as far as the login, and the lock server. No mail is sent.
    #[arg(long, conflicts_with_all = ["json", "effective"])]
    pub(crate) connect: bool,
    /// Print the telling line of an error text, and its normal form: failures with the same form
    /// count as the same.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) explain_kind: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    /// A crontab: each line becomes a task, or a comment that says why not.
    #[command(after_help = IMPORT_EXIT_CODES)]
    Crontab {
        /// The crontab; `-` for standard input: `crontab -l | run_functions import crontab -`
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// It has the form of /etc/crontab: a user before each command [default: what its path or
        /// its lines say].
        #[arg(long, conflicts_with = "user")]
        system: bool,
        /// It has the form of `crontab -e`: no users.
        #[arg(long)]
        user: bool,
        /// Make jobs with schedules, which run at the times of cron, in the place of tasks.
        #[arg(long)]
        jobs: bool,
    },
    /// A configuration of supervisord: each `[program:x]` becomes a task, or a comment that says
    /// why not.
    #[command(after_help = IMPORT_EXIT_CODES)]
    Supervisor {
        /// The configuration; `-` for standard input.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

const IMPORT_EXIT_CODES: &str = "Exit codes: 0 everything that runs is a task now, 1 something could not be taken or does not fit this machine \
     (each is named on standard error), 2 the file cannot be read.";

#[derive(Debug, Subcommand)]
pub(crate) enum MailCommand {
    /// Send a sample mail now by the configured way, and say how it goes: connection, TLS, login,
    /// the server's answer.
    Test {
        /// Which sort of mail.
        #[arg(long, value_name = "SORT", default_value = "first")]
        sample: SampleArg,
        /// To whom, instead of those in `[mail]` to.
        #[arg(long, value_name = "ADDRESS")]
        to: Vec<String>,
    },
    /// Show what waits to leave and why, and what was given up.
    Queue {
        /// Try everything that waits now.
        #[arg(long)]
        flush: bool,
        /// As data.
        #[arg(long, conflicts_with = "flush")]
        json: bool,
    },
}

/// The sorts of mail that can be sent as a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SampleArg {
    /// The first failure.
    First,
    /// A new kind of failure.
    New,
    /// "Non recoverable downtime reached".
    Downtime,
    /// "Non recoverable downtime reached again".
    Again,
    /// The end of a downtime.
    Healed,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 all is well, 3 something does not run; else 1 something fails, runs for too long, or mail does not leave."
)]
pub(crate) struct StatusArgs {
    /// The chain; all of RUN_ROOT if not given.
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// As data.
    #[arg(long)]
    pub(crate) json: bool,
    /// Look again each second.
    #[arg(long)]
    pub(crate) watch: bool,
    /// Mail what is printed unless all is well, each time: for a line of cron or a timer that
    /// watches the runners.
    #[arg(long, conflicts_with = "watch")]
    pub(crate) mail_if_bad: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "The node exporter reads the file with `--collector.textfile.directory`. A runner writes one of its own chain by itself\n\
                  where `[metrics] textfile` says so; the same chain must not be in two files of one directory.\n\
                  Exit codes: 0 the page is written, whatever it says; 1 it cannot be; 77 a chain is somebody else's."
)]
pub(crate) struct MetricsArgs {
    /// The chains, whether they were ever run or not; all of RUN_ROOT if none is given.
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// Where to, instead of standard output: a name that ends with `.prom`, replaced at once. `-`
    /// is standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) textfile: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// A task, its function or a chain; everything that ran here if not given.
    #[arg(value_name = "TASK|NAME")]
    pub(crate) what: Option<String>,
    /// How many of the last runs.
    #[arg(short = 'n', value_name = "N", default_value = "20", value_parser = run_count)]
    pub(crate) runs: usize,
    /// Only those that failed.
    #[arg(long)]
    pub(crate) failed: bool,
    /// As data.
    #[arg(long)]
    pub(crate) json: bool,
    /// Draw how long they took.
    #[arg(long, conflicts_with = "json")]
    pub(crate) plot: bool,
    /// Say why a run was mailed, or was not.
    #[arg(long, value_name = "RUN", conflicts_with_all = ["json", "plot", "failed"])]
    pub(crate) why: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// A task, its function or a chain; everything that ran here if not given.
    #[arg(value_name = "TASK|NAME")]
    pub(crate) what: Option<String>,
    /// As a page for a browser, complete in this one file; `-` is standard output.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) html: Option<PathBuf>,
    /// For the terminal, as without any option.
    #[arg(long, conflicts_with = "html")]
    pub(crate) text: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    /// A task, its function or a chain.
    #[arg(value_name = "TASK|NAME", required_unless_present = "run")]
    pub(crate) task: Option<String>,
    /// Go on with what is printed from now on, each run when it has ended.
    #[arg(short = 'f', long)]
    pub(crate) follow: bool,
    /// Of how many of the last runs.
    #[arg(short = 'n', value_name = "N", default_value = "10", value_parser = run_count)]
    pub(crate) runs: usize,
    /// Of this run only, as `history` and the log name it.
    #[arg(long, value_name = "RUN", conflicts_with = "follow")]
    pub(crate) run: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// The tasks of the chain.
    #[arg(
        value_name = "TASK",
        required_unless_present = "job",
        conflicts_with = "job"
    )]
    pub(crate) tasks: Vec<String>,
    /// Jobs of this name instead of a chain.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["fail_for", "outcomes", "mute"])]
    pub(crate) job: Option<String>,
    /// How many of the jobs end in a time.
    #[arg(long, value_name = "RATE", default_value = "60/h", requires = "job")]
    pub(crate) rate: String,
    /// Which part of the jobs fails.
    #[arg(long, value_name = "PERCENT", default_value = "100%", requires = "job")]
    pub(crate) failing: String,
    /// For how many days jobs are foreseen.
    #[arg(long, value_name = "DAYS", default_value_t = 30, requires = "job",
        value_parser = clap::value_parser!(u32).range(1..=3660))]
    pub(crate) days: u32,
    /// The first task fails for this long [default: 60h, a weekend].
    #[arg(long, value_name = "TIME", conflicts_with = "outcomes")]
    pub(crate) fail_for: Option<String>,
    /// How the runs of the first task end: `F` failure, `F:"disk full"`, `S` success, `R` retry
    /// later, each perhaps repeated: `F*40 S F`. Given again, those of the second, and so on; tasks
    /// without one succeed.
    #[arg(long, value_name = "SCRIPT")]
    pub(crate) outcomes: Vec<String>,
    /// Hold the mails of the chain back in this time after its start, as `mute` does: `2h..5h`.
    #[arg(long, value_name = "FROM..UNTIL")]
    pub(crate) mute: Option<String>,
}

impl Command {
    /// Returns what commands are called.
    pub(crate) fn names() -> Vec<String> {
        let program = ParsedArgs::command();
        program
            .get_subcommands()
            .map(|command| command.get_name().to_owned())
            .collect()
    }
}
