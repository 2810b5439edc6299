//! What a runner goes by, once everything that was written anywhere has been read: typed, complete,
//! with nothing left to guess.
//!
//! `config` makes these from the command line, the environment, the file, the attributes and the
//! defaults; everything else only reads them.

mod board_location;
mod liveness_settings;
mod lock_settings;
mod metrics_push_settings;
mod metrics_settings;
mod ping;
mod worker_settings;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(crate) use board_location::{BoardHttp, BoardLocation, BoardServer, http_address};
pub(crate) use liveness_settings::LivenessSettings;
pub use lock_settings::{LockEngine, LockSettings};
pub(crate) use lock_settings::{checked_key, consul_address, postgres_address};
pub(crate) use metrics_push_settings::{MetricsPushSettings, PushTarget};
pub(crate) use metrics_settings::MetricsSettings;
pub(crate) use ping::{Ping, PingUrl};
pub(crate) use worker_settings::WorkerSettings;

/// What in the name of a setting or a variable makes its value secret, in lower case. The first
/// eight are the project's rule for mails; the others are common names of passwords and sessions.
pub(crate) const SECRET_PARTS: [&str; 12] = [
    "pass",
    "secret",
    "token",
    "key",
    "auth",
    "cookie",
    "credential",
    "dsn",
    "pwd",
    "signature",
    "sessid",
    "sessionid",
];

/// The settings of one runner.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    /// Where pidfiles are. Absolute.
    pub run_root: PathBuf,
    /// Where alert memory, outbox, mail and history are. Absolute.
    pub state_dir: PathBuf,
    /// How the log is written.
    pub log: LogSettings,
    /// Whether a running runner of this chain is replaced; otherwise the newcomer exits with 75.
    pub kill_concurrent: bool,
    /// How long a running task may finish after SIGTERM.
    pub stop_timeout: Duration,
    /// How long its tree has between TERM and KILL.
    pub kill_grace: Duration,
    /// How much is kept of the runs of a chain.
    pub history: HistorySettings,
    /// Which other program reads how the chain fares.
    pub metrics: MetricsSettings,
    /// Which server metrics are pushed to; `None`: none.
    pub metrics_push: Option<MetricsPushSettings>,
    /// What makes one instance of a chain.
    pub lock: LockSettings,
    /// Where its last success is recorded.
    pub liveness: LivenessSettings,
    /// Where the board of jobs is.
    pub board: BoardLocation,
    /// How mail leaves the machine.
    pub mail: MailSettings,
}

/// How much is kept of the runs of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HistorySettings {
    /// How many bytes on disk, outputs included.
    pub max_bytes: u64,
    /// For how long.
    pub max_age: Duration,
}

/// How the log is written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LogSettings {
    /// The least severe level that is written.
    pub level: log::LevelFilter,
    /// The format of a record: a line of text, or of JSON.
    pub format: LogFormat,
    /// The file, reopened on SIGHUP; standard error if no file is set. Absolute.
    pub file: Option<PathBuf>,
}

/// The form of a log record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// A JSON object on each line.
    Json,
}

/// How mail leaves the machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct MailSettings {
    /// The recipients, as written (`Name <a@b>` or `a@b`), each checked to be an address.
    pub to: Vec<String>,
    /// The sender, as written, checked to be an address.
    pub from: String,
    /// By which way.
    pub transport: Transport,
    /// The absolute deadline of one delivery attempt.
    pub timeout: Duration,
    /// How many FIRST and NEW mails may leave in an hour, over all tasks of the chain.
    pub max_per_hour: u32,
    /// Whether the end of an outage is mailed.
    pub healed: Healed,
    /// Whether a regular summary is mailed though all is well.
    pub digest: Digest,
}

/// The ways by which a mail can leave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Transport {
    /// To a server.
    Smtp(SmtpSettings),
    /// Through a local program that takes the message on standard input and recipients as
    /// arguments.
    Sendmail {
        /// The program, `/usr/sbin/sendmail` by default.
        program: PathBuf,
    },
    /// As one `.eml` file each into this directory: the default when nothing is configured
    /// (`STATE_DIR/mail`).
    File {
        /// Where to. Absolute.
        directory: PathBuf,
    },
    /// To standard error of the runner.
    Print,
}

/// Where and how an SMTP server is reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SmtpSettings {
    /// Name or address.
    pub server: String,
    /// Port; 465 with implicit TLS, 587 with STARTTLS, 25 without TLS, unless written.
    pub port: u16,
    /// How the connection is secured.
    pub tls: Tls,
    /// The user that logs in, with the password; `None`: no login.
    pub login: Option<Login>,
    /// The name for EHLO; `None`: that of this machine, or the address of the connection.
    #[serde(default)]
    pub helo: Option<String>,
    /// A PEM file of further trusted authorities. Absolute.
    pub ca_file: Option<PathBuf>,
}

/// How an SMTP connection is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Tls {
    /// From the first byte (RFC 8314).
    Implicit,
    /// After a STARTTLS command, which the server must offer (RFC 3207).
    #[expect(
        clippy::enum_variant_names,
        reason = "it is what the command is called"
    )]
    StartTls,
    /// Not at all: loopback only, and no login.
    None,
}

/// A user and where the password comes from. The password itself is read when it is needed, and
/// never stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Login {
    /// The user's name.
    pub username: String,
    /// Where the password is.
    pub password: PasswordSource,
}

/// Where a password is found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum PasswordSource {
    /// In a file (its first line) that only its owner can read. Absolute.
    File(PathBuf),
    /// In an environment variable of this name.
    Env(String),
}

/// Whether the end of an outage is mailed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Healed {
    /// Never (the default).
    Never,
    /// When the outage had a mail "Non recoverable downtime reached".
    AfterDowntime,
    /// When any mail was sent about the outage.
    AfterMail,
}

/// Whether a regular summary is mailed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Digest {
    /// Never (the default).
    Never,
    /// Each day at 08:00 local time.
    Daily,
    /// Each Monday at 08:00 local time.
    Weekly,
}

/// The settings of one task.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TaskSettings {
    /// The pause after a success; zero with [`every`](Self::every).
    pub success_cooldown: Duration,
    /// The time from one start to the next, in place of a pause after a success.
    pub every: Option<Duration>,
    /// The pause after a failure.
    pub fail_cooldown: Duration,
    /// How long an outage lasts before it is mailed (again).
    pub non_recoverable_downtime: Duration,
    /// A kind of failure that was not seen for so long is news when the next outage begins; `None`:
    /// never.
    pub forget_after: Option<Duration>,
    /// The recipients of mails about the task, as [`MailSettings::to`]; `None`: those.
    pub to: Option<Vec<String>>,
    /// Further recipients of mails about the task.
    pub cc: Vec<String>,
    /// What is asked when a run begins and ends.
    pub ping: Ping,
    /// How long a run may take; `None`: for ever.
    pub timeout: Option<Duration>,
    /// How long a run may take before "still running" is mailed; `None`: see ALERTS.
    pub warn_after: Option<Duration>,
    /// Whether a function runs in a child process (also when it has a timeout).
    pub isolate: bool,
    /// What its function reads by `Context::settings`.
    pub settings: Option<serde_json::Value>,
    /// The command, for tasks of the TOML file; `None` for registered functions.
    pub program: Option<Program>,
    /// What surrounds a child process.
    pub child: ChildSettings,
}

/// What a command task executes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// Program and arguments, no shell.
    Command(Vec<String>),
    /// A line for `/bin/sh -e -c`; with `pipefail`, for a shell that knows it.
    Shell(String),
    /// A file that is run by its shebang, no x bit needed. Absolute.
    Script(PathBuf),
}

/// What surrounds a child process: of commands, scripts and isolated functions.
#[derive(Clone, Debug, PartialEq)]
pub struct ChildSettings {
    /// Whether a pipeline of [`Program::Shell`] fails when any of its commands does; `None`: not
    /// set, and the pipeline does not.
    pub pipefail: Option<bool>,
    /// Where it runs; the runner's own directory if not given. Absolute.
    pub working_dir: Option<PathBuf>,
    /// Variables that are set for it.
    pub env: BTreeMap<String, String>,
    /// Whether it starts from an empty environment.
    pub env_clear: bool,
    /// Variables that pass nevertheless when `env_clear` is set.
    pub env_pass: Vec<String>,
    /// The user it runs as (needs root).
    pub user: Option<String>,
    /// The group it runs as (needs root); the user's own if not given.
    pub group: Option<String>,
    /// Niceness, -20 to 19.
    pub nice: Option<i32>,
    /// I/O class and level.
    pub ionice: Option<IoNice>,
    /// File mode creation mask.
    pub umask: Option<u32>,
    /// Resource limits by name (`nofile`, `as`, `cpu`, …), soft and hard alike.
    pub rlimits: BTreeMap<String, u64>,
    /// A file for standard input; `/dev/null` if not given. Absolute.
    pub stdin: Option<PathBuf>,
    /// Exit codes that are successes.
    pub ok_exit_codes: Vec<i32>,
    /// Exit codes that are neither.
    pub retry_later_exit_codes: Vec<i32>,
    /// Exit codes that stop the runner.
    pub fatal_exit_codes: Vec<i32>,
    /// How long it may print nothing; `None`: for ever.
    pub silence_timeout: Option<Duration>,
    /// The signal that asks it to stop.
    pub stop_signal: i32,
    /// How long its tree has between that signal and KILL.
    pub kill_grace: Duration,
    /// What becomes of processes that a run leaves behind.
    pub leak: Leak,
    /// How many bytes of output are kept: the first 20 %, the last 80 %.
    pub max_log_bytes: usize,
    /// When output is written to the log.
    pub log_output: LogOutput,
    /// A file that output is appended to as well. Absolute.
    pub output_file: Option<PathBuf>,
}

/// An I/O scheduling class with its level (ioprio_set(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IoNice {
    /// 0 (first) to 7. Needs root.
    RealTime(u8),
    /// 0 (first) to 7.
    BestEffort(u8),
    /// Only when no other process wants the disk.
    Idle,
}

/// What becomes of processes that a run leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leak {
    /// The processes are ended, and reported in the log (the default).
    Kill,
    /// The processes live, and are reported in the log.
    Warn,
    /// The processes live.
    Allow,
}

/// When output of a run is written to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogOutput {
    /// Never.
    None,
    /// After failed runs (the default).
    OnFailure,
    /// After each run.
    Always,
}
