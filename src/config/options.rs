//! The table of options: every key that can be written, in the order of the reference.
//!
//! Reading, defaults, `check --effective`, did-you-mean and the reference are all made from it.

/// Where a key is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// Before the first section.
    Root,
    /// In `[log]`.
    Log,
    /// In `[history]`.
    History,
    /// In `[metrics]`.
    Metrics,
    /// In `[mail]`.
    Mail,
    /// In `[tasks.NAME]`, and in `[defaults]` unless it says what is executed.
    Task,
}

impl Section {
    /// All of them, in the order of the reference.
    pub(crate) const ALL: [Section; 6] = [
        Section::Root,
        Section::Log,
        Section::History,
        Section::Metrics,
        Section::Mail,
        Section::Task,
    ];

    /// Returns how it is written, empty for the root.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Section::Root => "",
            Section::Log => "[log]",
            Section::History => "[history]",
            Section::Metrics => "[metrics]",
            Section::Mail => "[mail]",
            Section::Task => "[tasks.NAME]",
        }
    }
}

/// Whether zero is a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Zero {
    /// It means "at once".
    Allowed,
    /// It would make no sense.
    Refused,
}

/// Whether "never" is a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Never {
    /// It means that there is no limit.
    Allowed,
    /// It would make no sense.
    Refused,
}

/// What kind of value a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A text with a unit.
    Duration(Zero, Never),
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number {
        /// The least.
        least: i64,
        /// The greatest.
        most: i64,
    },
    /// One of some words.
    Choice(&'static [&'static str]),
    /// A text that is not empty.
    Text,
    /// A list of texts, not empty.
    Texts,
    /// A path, relative to the file it is written in.
    Path,
    /// A mail address.
    Address,
    /// A list of mail addresses, not empty.
    Addresses,
    /// The name of an environment variable.
    VariableName,
    /// A list of such names.
    VariableNames,
    /// A table of variables and their values.
    Variables,
    /// A list of numbers from 0 to 255.
    ExitCodes,
    /// A table of resource limits.
    Limits,
    /// Octal permissions to take away.
    Mask,
    /// A signal by name or number.
    Signal,
    /// An I/O class with its level.
    IoNice,
}

/// To which tasks a setting can apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Applies {
    /// To all.
    Every,
    /// To what runs in a child process: commands, and functions with `isolate` or a timeout.
    Child,
    /// To commands.
    Command,
    /// To functions.
    Function,
    /// It makes a task a command.
    Program,
}

/// What holds when a key is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fallback {
    /// This value, as it would be written.
    Written(&'static str),
    /// Nothing, or what these words say.
    InWords(&'static str),
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OptionSpec {
    /// Where it is written.
    pub(crate) section: Section,
    /// Its name.
    pub(crate) key: &'static str,
    /// What it takes.
    pub(crate) kind: Kind,
    /// What holds without it.
    pub(crate) default: Fallback,
    /// To which tasks it can apply; `Every` outside of tasks.
    pub(crate) applies: Applies,
    /// One line about it.
    pub(crate) doc: &'static str,
}

const fn general(
    section: Section,
    key: &'static str,
    kind: Kind,
    default: Fallback,
    doc: &'static str,
) -> OptionSpec {
    OptionSpec {
        section,
        key,
        kind,
        default,
        applies: Applies::Every,
        doc,
    }
}

const fn of_task(
    applies: Applies,
    key: &'static str,
    kind: Kind,
    default: Fallback,
    doc: &'static str,
) -> OptionSpec {
    OptionSpec {
        section: Section::Task,
        key,
        kind,
        default,
        applies,
        doc,
    }
}

const PAUSE: Kind = Kind::Duration(Zero::Allowed, Never::Refused);
const LIMIT: Kind = Kind::Duration(Zero::Refused, Never::Refused);
const LIMIT_OR_NEVER: Kind = Kind::Duration(Zero::Refused, Never::Allowed);

use Applies::{Child, Command, Every, Function, Program};
use Fallback::{InWords, Written};
use Section::{History, Log, Mail, Metrics, Root};

/// Every key.
#[rustfmt::skip]
pub(crate) const OPTIONS: &[OptionSpec] = &[
    general(Root, "run_root", Kind::Path, Written("\"run\""), "directory of the pidfiles"),
    general(Root, "state_dir", Kind::Path, InWords("the same as run_root"),
        "directory of what must survive: alert memory, outbox, history"),
    general(Root, "kill_concurrent", Kind::Flag, Written("true"),
        "whether a running runner of this chain is replaced; false: the newcomer refuses to start"),
    general(Root, "stop_timeout", PAUSE, Written("\"1m\""),
        "how long a running task may finish after SIGTERM"),
    general(Root, "kill_grace", PAUSE, Written("\"10s\""),
        "how long the processes of a task have between TERM and KILL"),

    general(Log, "level", Kind::Choice(&["off", "error", "warn", "info", "debug", "trace"]),
        Written("\"info\""), "the least severe level that is written"),
    general(Log, "format", Kind::Choice(&["text", "json"]), Written("\"text\""),
        "lines for people, or one JSON object a line"),
    general(Log, "file", Kind::Path, InWords("standard error"),
        "the file that the log is appended to, reopened on SIGHUP"),

    general(History, "max_bytes", Kind::Number { least: 1_048_576, most: 1 << 40 }, Written("33554432"),
        "how many bytes the history of a chain takes on disk, outputs included"),
    general(History, "max_age", LIMIT, Written("\"90days\""),
        "how long the history of a chain goes back"),

    general(Metrics, "textfile", Kind::Path, InWords("none"),
        "the file that a runner writes for the node exporter of Prometheus; its name ends with .prom, and %n in it is the name of the chain"),

    general(Mail, "to", Kind::Addresses, InWords("nobody: each mail is a file"),
        "who is mailed"),
    general(Mail, "from", Kind::Address, InWords("username if it is an address, else run_functions@HOSTNAME"),
        "the sender"),
    general(Mail, "transport", Kind::Choice(&["smtp", "sendmail", "file", "print"]),
        InWords("\"smtp\" if there is a recipient, else \"file\""), "by which way mail leaves"),
    general(Mail, "server", Kind::Text, InWords("none"), "name or address of the SMTP server"),
    general(Mail, "port", Kind::Number { least: 1, most: 65_535 },
        InWords("465 with implicit TLS, 587 with STARTTLS, 25 without TLS"), "port of the SMTP server"),
    general(Mail, "tls", Kind::Choice(&["implicit", "starttls", "none"]), Written("\"implicit\""),
        "how the connection is secured; none: to this machine only, and without login"),
    general(Mail, "username", Kind::Text, InWords("no login"), "who logs in"),
    general(Mail, "password_file", Kind::Path, InWords("none"),
        "file with the password in its first line, readable by its owner only"),
    general(Mail, "password_env", Kind::VariableName, InWords("none"),
        "environment variable with the password"),
    general(Mail, "ca_file", Kind::Path, InWords("the authorities of this machine alone"),
        "PEM file of further trusted authorities"),
    general(Mail, "program", Kind::Path, Written("\"/usr/sbin/sendmail\""),
        "the program of transport = \"sendmail\""),
    general(Mail, "directory", Kind::Path, InWords("STATE_DIR/mail"),
        "where transport = \"file\" writes to"),
    general(Mail, "timeout", LIMIT, Written("\"1m\""),
        "the deadline of one delivery attempt"),
    general(Mail, "max_per_hour", Kind::Number { least: 1, most: 10_000 }, Written("20"),
        "how many mails of first and new failures may leave in an hour, over all tasks of the chain"),
    general(Mail, "healed", Kind::Choice(&["never", "after-downtime"]), Written("\"never\""),
        "whether the end of an outage is mailed"),
    general(Mail, "digest", Kind::Choice(&["never", "daily", "weekly"]), Written("\"never\""),
        "whether a regular summary is mailed though all is well"),

    of_task(Program, "command", Kind::Texts, InWords("none"),
        "program and arguments, without a shell"),
    of_task(Program, "shell", Kind::Text, InWords("none"), "a line for /bin/sh -e -c"),
    of_task(Program, "script", Kind::Path, InWords("none"),
        "a file that is run by its first line (#!…), executable or not"),
    of_task(Every, "success_cooldown", PAUSE, Written("\"5m\""),
        "the pause after a success, before the next task"),
    of_task(Every, "fail_cooldown", PAUSE, Written("\"20m\""),
        "the pause after a failure, before the next task"),
    of_task(Every, "non_recoverable_downtime", LIMIT, Written("\"12h\""),
        "how long a task is down before that is mailed, and mailed again"),
    of_task(Every, "timeout", LIMIT_OR_NEVER, InWords("\"1h\" for commands, \"never\" for functions"),
        "how long a run may take; a function with a timeout runs in a child process"),
    of_task(Every, "warn_after", LIMIT,
        InWords("timeout + kill_grace + 5s, else 10 times the usual time and at least 10m"),
        "how long a run may take before \"still running\" is mailed"),
    of_task(Function, "isolate", Kind::Flag, InWords("true with a timeout, else false"),
        "whether a function runs in a child process"),
    of_task(Child, "working_dir", Kind::Path, InWords("that of the runner"), "where it runs"),
    of_task(Child, "env", Kind::Variables, InWords("nothing"),
        "variables that are set, those of [defaults] and of the task together"),
    of_task(Child, "env_clear", Kind::Flag, Written("false"),
        "whether it starts from an empty environment"),
    of_task(Child, "env_pass", Kind::VariableNames, InWords("nothing"),
        "variables that pass though env_clear is set"),
    of_task(Child, "user", Kind::Text, InWords("that of the runner"), "the user it runs as, by name or number; needs root"),
    of_task(Child, "group", Kind::Text, InWords("that of the user"), "the group it runs as, by name or number; needs root"),
    of_task(Child, "nice", Kind::Number { least: -20, most: 19 }, InWords("that of the runner"),
        "niceness"),
    of_task(Child, "ionice", Kind::IoNice, InWords("that of the runner"),
        "I/O class and level: idle, best-effort:0 to 7, realtime:0 to 7"),
    of_task(Child, "umask", Kind::Mask, InWords("that of the runner"),
        "permissions that new files do not get, such as \"027\""),
    of_task(Child, "rlimits", Kind::Limits, InWords("those of the runner"),
        "resource limits by their names in prlimit(1), such as { nofile = 1024, core = 0 }"),
    of_task(Child, "stdin", Kind::Path, InWords("/dev/null"), "the file that it reads as standard input"),
    of_task(Command, "ok_exit_codes", Kind::ExitCodes, Written("[0]"), "exit codes that are successes"),
    of_task(Command, "retry_later_exit_codes", Kind::ExitCodes, Written("[75]"),
        "exit codes that count neither as success nor as failure"),
    of_task(Command, "fatal_exit_codes", Kind::ExitCodes, Written("[]"),
        "exit codes after which the runner stops"),
    of_task(Child, "silence_timeout", LIMIT_OR_NEVER, Written("\"never\""),
        "how long it may print nothing before it is ended"),
    of_task(Child, "stop_signal", Kind::Signal, Written("\"TERM\""), "the signal that asks it to stop"),
    of_task(Child, "kill_grace", PAUSE, InWords("kill_grace of the runner"),
        "how long its processes have between that signal and KILL"),
    of_task(Child, "leak", Kind::Choice(&["kill", "warn", "allow"]), Written("\"kill\""),
        "what becomes of processes that a run leaves behind"),
    of_task(Child, "max_log_bytes", Kind::Number { least: 1_024, most: 1 << 30 }, Written("819200"),
        "how much output is kept: the first 20 %, the last 80 %"),
    of_task(Child, "log_output", Kind::Choice(&["none", "on_failure", "always"]),
        Written("\"on_failure\""), "when output is written to the log"),
    of_task(Child, "output_file", Kind::Path, InWords("none"), "a file that output is appended to as well"),
];

/// Returns the options of a section, in order.
pub(crate) fn of(section: Section) -> impl Iterator<Item = &'static OptionSpec> {
    OPTIONS
        .iter()
        .filter(move |option| option.section == section)
}

/// Returns one option.
pub(crate) fn find(section: Section, key: &str) -> Option<&'static OptionSpec> {
    of(section).find(|option| option.key == key)
}

/// Returns the one transport for which a key of `[mail]` means something, if it is one.
pub(crate) fn transport_of(key: &str) -> Option<&'static str> {
    match key {
        "server" | "port" | "tls" | "username" | "password_file" | "password_env" | "ca_file" => {
            Some("smtp")
        }
        "program" => Some("sendmail"),
        "directory" => Some("file"),
        _ => None,
    }
}

/// Tells whether some section has this key.
pub(crate) fn is_known(key: &str) -> bool {
    OPTIONS.iter().any(|option| option.key == key)
}
