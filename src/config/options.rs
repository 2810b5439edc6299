//! The table of options: every key that can be written, in the order of the reference.
//!
//! Reading, defaults, `check --effective`, did-you-mean and the reference are all made from it.

mod config_section;
mod job_options;
mod option_spec;

pub(crate) use config_section::ConfigSection;
pub(crate) use job_options::JOB_OPTIONS;
pub(crate) use option_spec::{Applies, Fallback, Never, OptionSpec, ValueKind, Zero};
use option_spec::{LIMIT, LIMIT_OR_NEVER, PAUSE, general, of_task};

use Applies::{Child, Command, Every, Function, Program};
use ConfigSection::{
    Board, History, Liveness, Lock, Log, Mail, Metrics, MetricsPush, Root, Server,
};
use Fallback::{InWords, Written};

/// Every key but those of jobs and workers.
#[rustfmt::skip]
pub(crate) const OPTIONS: &[OptionSpec] = &[
    general(Root, "run_root", ValueKind::Path, Written("\"run\""), "directory of the pidfiles"),
    general(Root, "state_dir", ValueKind::Path, InWords("the same as run_root"),
        "directory of what must survive: alert memory, outbox, history"),
    general(Root, "project", ValueKind::Text, InWords("the path of this file"),
        "to what the schedules of this file belong: a file of the same project replaces them"),
    general(Root, "kill_concurrent", ValueKind::Flag, Written("true"),
        "whether a running runner of this chain is replaced; false: the newcomer refuses to start"),
    general(Root, "stop_timeout", PAUSE, Written("\"1m\""),
        "how long a running task may finish after SIGTERM"),
    general(Root, "kill_grace", PAUSE, Written("\"10s\""),
        "how long the processes of a task have between TERM and KILL"),

    general(Log, "level", ValueKind::Choice(&["off", "error", "warn", "info", "debug", "trace"]),
        Written("\"info\""), "the least severe level that is written"),
    general(Log, "format", ValueKind::Choice(&["text", "json"]), Written("\"text\""),
        "lines for people, or one JSON object a line"),
    general(Log, "file", ValueKind::Path, InWords("standard error"),
        "the file that the log is appended to, reopened on SIGHUP"),

    general(History, "max_bytes", ValueKind::Number { least: 1_048_576, most: 1 << 40 }, Written("33554432"),
        "how many bytes the history of a chain takes on disk, outputs included"),
    general(History, "max_age", LIMIT, Written("\"90days\""),
        "how long the history of a chain goes back"),

    general(Metrics, "textfile", ValueKind::Path, InWords("none"),
        "the file that a runner writes for the node exporter of Prometheus; its name ends with .prom, and %n in it is the name of the chain"),

    general(MetricsPush, "address", ValueKind::Text, InWords("none: nothing is pushed"),
        "the InfluxDB that metrics are pushed to, such as https://HOST:8086"),
    general(MetricsPush, "database", ValueKind::Text, InWords("none"),
        "the database, for InfluxDB 1"),
    general(MetricsPush, "username", ValueKind::Text, InWords("no login"),
        "the user, for InfluxDB 1"),
    general(MetricsPush, "password_file", ValueKind::Path, InWords("none"),
        "file with the password in its first line, readable by its owner only, for InfluxDB 1"),
    general(MetricsPush, "bucket", ValueKind::Text, InWords("none"),
        "the bucket, for InfluxDB 2"),
    general(MetricsPush, "org", ValueKind::Text, InWords("none"),
        "the organisation that the bucket belongs to, for InfluxDB 2"),
    general(MetricsPush, "token_file", ValueKind::Path, InWords("none"),
        "file with the token in its first line, readable by its owner only, for InfluxDB 2"),
    general(MetricsPush, "ca_file", ValueKind::Path, InWords("the authorities of this machine alone"),
        "PEM file of further authorities that are trusted to name the server"),

    general(Lock, "backend", ValueKind::Text, Written("\"file\""),
        "what makes one instance of a chain: file (on this host), consul, postgres, none, or an engine of this program"),
    general(Lock, "address", ValueKind::TextOrTexts, InWords("127.0.0.1:8500 for Consul, a file in run_root for file, none for postgres"),
        "where the servers are, tried in turn: HOST:8500 or https://HOST:8501, postgres://USER@HOST/DATABASE, or the path of a file"),
    general(Lock, "key", ValueKind::Text, InWords("the name of the chain"),
        "the name of the lock: chains with the same one exclude each other"),
    general(Lock, "ttl", LIMIT, Written("\"15s\""),
        "how long a holder may go on unheard: its work gets TERM after 60 % of it and KILL after 80 %"),
    general(Lock, "keep", ValueKind::Flag, Written("false"),
        "whether the lock is held through cooldowns, so that the chain stays on one host"),
    general(Lock, "release_on_error", ValueKind::Flag, Written("false"),
        "whether the lock is released after a failed run for twice the cooldown, so that another host can take over"),
    general(Lock, "token_file", ValueKind::Path, InWords("none"),
        "file with the token of Consul in its first line, readable by its owner only"),
    general(Lock, "username", ValueKind::Text, InWords("that in the address, else the user of the runner"),
        "the user of PostgreSQL"),
    general(Lock, "password_file", ValueKind::Path, InWords("none"),
        "file with the password of PostgreSQL in its first line, readable by its owner only"),
    general(Lock, "ca_file", ValueKind::Path, InWords("the authorities of this machine alone"),
        "PEM file of further authorities that are trusted to name the lock server"),

    general(Liveness, "backend", ValueKind::Choice(&["file", "consul", "postgres"]),
        InWords("that of the lock, if it is Consul or PostgreSQL, else file"),
        "where each success is recorded besides state_dir, for check-liveness; file: nowhere else"),
    general(Liveness, "address", ValueKind::TextOrTexts, InWords("127.0.0.1:8500 for Consul, none for postgres"),
        "where the servers are, tried in turn: HOST:8500 or https://HOST:8501, or postgres://USER@HOST/DATABASE"),
    general(Liveness, "token_file", ValueKind::Path, InWords("none"),
        "file with the token of Consul in its first line, readable by its owner only"),
    general(Liveness, "username", ValueKind::Text, InWords("that in the address, else the user of the runner"),
        "the user of PostgreSQL"),
    general(Liveness, "password_file", ValueKind::Path, InWords("none"),
        "file with the password of PostgreSQL in its first line, readable by its owner only"),
    general(Liveness, "ca_file", ValueKind::Path, InWords("the authorities of this machine alone"),
        "PEM file of further authorities that are trusted to name the server"),

    general(Board, "address", ValueKind::Text, InWords("board.sqlite in state_dir"),
        "where the board of jobs is: the path of a file, postgres://USER@HOST/DATABASE, or the address of a server, https://HOST:7400"),
    general(Board, "listen", ValueKind::Text, InWords("address"),
        "the address of the same database past a pooler, by which a worker hears at once of a new job"),
    general(Board, "username", ValueKind::Text, InWords("that in the address, else the user of the program"),
        "the user of PostgreSQL"),
    general(Board, "password_file", ValueKind::Path, InWords("none"),
        "file with the password of PostgreSQL in its first line, readable by its owner only"),
    general(Board, "ca_file", ValueKind::Path, InWords("the authorities of this machine alone"),
        "PEM file of further authorities that are trusted to name the server"),
    general(Board, "insecure_http", ValueKind::Flag, InWords("not set: over TLS alone"),
        "whether a board behind a server on another host is reached without TLS: the token can be read on the way"),
    general(Board, "token_file", ValueKind::Path, InWords("board_token in state_dir, where a worker has registered"),
        "file with the token for a board behind a server, readable by its owner only"),

    general(Server, "listen", ValueKind::Text, Written("\"127.0.0.1:7400\""),
        "where `serve` listens: ADDRESS:PORT, or unix:PATH; another address than loopback needs TLS"),
    general(Server, "public_url", ValueKind::Text, InWords("none"),
        "how browsers reach the server, where a proxy or a name stands before it"),
    general(Server, "tls_certificate", ValueKind::Path, InWords("none: no TLS"),
        "PEM file of the certificate, followed by those that lead to its authority; read again on SIGHUP"),
    general(Server, "tls_key", ValueKind::Path, InWords("none"),
        "PEM file of the key of the certificate, readable by its owner only"),
    general(Server, "insecure_http", ValueKind::Flag, Written("false"),
        "whether an address that others reach may be served without TLS: tokens are sent in the clear"),
    general(Server, "max_connections", ValueKind::Number { least: 16, most: 100_000 }, Written("2048"),
        "how many connections there are at once; a further one is refused"),

    general(Mail, "to", ValueKind::Addresses, InWords("nobody: each mail is a file"),
        "who is mailed"),
    general(Mail, "from", ValueKind::Address, InWords("username if it is an address, else run_functions@HOSTNAME"),
        "the sender"),
    general(Mail, "transport", ValueKind::Choice(&["smtp", "sendmail", "file", "print"]),
        InWords("\"smtp\" if there is a recipient, else \"file\""), "by which way mail leaves"),
    general(Mail, "server", ValueKind::Text, InWords("none"), "name or address of the SMTP server"),
    general(Mail, "port", ValueKind::Number { least: 1, most: 65_535 },
        InWords("465 with implicit TLS, 587 with STARTTLS, 25 without TLS"), "port of the SMTP server"),
    general(Mail, "tls", ValueKind::Choice(&["implicit", "starttls", "none"]), Written("\"implicit\""),
        "how the connection is secured; none: to this machine only, and without login"),
    general(Mail, "username", ValueKind::Text, InWords("no login"), "who logs in"),
    general(Mail, "password_file", ValueKind::Path, InWords("none"),
        "file with the password in its first line, readable by its owner only"),
    general(Mail, "password_env", ValueKind::VariableName, InWords("none"),
        "environment variable with the password"),
    general(Mail, "ca_file", ValueKind::Path, InWords("the authorities of this machine alone"),
        "PEM file of further trusted authorities"),
    general(Mail, "helo", ValueKind::Text, InWords("the canonical name of this machine if it has a dot, else the address of the connection"),
        "what this machine calls itself in EHLO: a host name, or an address in brackets"),
    general(Mail, "program", ValueKind::Path, Written("\"/usr/sbin/sendmail\""),
        "the program of transport = \"sendmail\""),
    general(Mail, "directory", ValueKind::Path, InWords("STATE_DIR/mail"),
        "where transport = \"file\" writes to"),
    general(Mail, "timeout", LIMIT, Written("\"1m\""),
        "the deadline of one delivery attempt"),
    general(Mail, "max_per_hour", ValueKind::Number { least: 1, most: 10_000 }, Written("20"),
        "how many mails of first and new failures may leave in an hour, over all tasks of the chain"),
    general(Mail, "healed", ValueKind::Choice(&["never", "after-downtime", "after-mail"]), Written("\"never\""),
        "whether the end of an outage is mailed"),
    general(Mail, "digest", ValueKind::Choice(&["never", "daily", "weekly"]), Written("\"never\""),
        "whether a regular summary is mailed though all is well"),

    of_task(Program, "command", ValueKind::Texts, InWords("none"),
        "program and arguments, without a shell"),
    of_task(Program, "shell", ValueKind::Text, InWords("none"), "a line for /bin/sh -e -c"),
    of_task(Program, "script", ValueKind::Path, InWords("none"),
        "a file that is run by its first line (#!…), executable or not"),
    of_task(Command, "pipefail", ValueKind::Flag, InWords("false, with a warning for each pipeline"),
        "whether a pipeline in `shell` fails when any of its commands does; true needs bash or a newer dash"),
    of_task(Every, "success_cooldown", PAUSE, Written("\"5m\""),
        "the pause after a success, before the next task"),
    of_task(Every, "every", LIMIT, InWords("success_cooldown holds"),
        "the time from one start of the task to its next, in place of success_cooldown; a longer run is followed at once"),
    of_task(Every, "fail_cooldown", PAUSE, Written("\"20m\""),
        "the pause after a failure, before the next task"),
    of_task(Every, "non_recoverable_downtime", LIMIT, Written("\"12h\""),
        "how long a task is down before that is mailed, and mailed again"),
    of_task(Every, "forget_after", LIMIT_OR_NEVER, Written("\"6days\""),
        "a kind of failure not seen for so long is mailed as new when an outage begins with it"),
    of_task(Every, "to", ValueKind::Addresses, InWords("the recipients in mail.to"),
        "recipients of mails about the task, in place of those in mail.to"),
    of_task(Every, "cc", ValueKind::Addresses, InWords("none"),
        "further recipients of mails about the task"),
    of_task(Every, "ping", ValueKind::Ping, InWords("none"),
        "URLs that are requested when a run begins, succeeds or fails, such as { success = \"https://…\", failure = …, start = … }"),
    of_task(Every, "timeout", LIMIT_OR_NEVER, InWords("\"1h\" for commands, \"never\" for functions"),
        "how long a run may take; a function with a timeout runs in a child process"),
    of_task(Every, "warn_after", LIMIT,
        InWords("timeout + kill_grace + 5s, else 10 times the usual time and at least 10m"),
        "how long a run may take before \"still running\" is mailed"),
    of_task(Function, "isolate", ValueKind::Flag, InWords("true with a timeout, else false"),
        "whether a function runs in a child process"),
    of_task(Function, "settings", ValueKind::Settings, InWords("none"),
        "what the function reads by Context::settings, in a section [tasks.NAME.settings]"),
    of_task(Child, "working_dir", ValueKind::Path, InWords("that of the runner"), "where it runs"),
    of_task(Child, "env", ValueKind::Variables, InWords("nothing"),
        "variables that are set, those of [defaults] and of the task together"),
    of_task(Child, "env_clear", ValueKind::Flag, Written("false"),
        "whether it starts from an empty environment"),
    of_task(Child, "env_pass", ValueKind::VariableNames, InWords("nothing"),
        "variables that pass though env_clear is set"),
    of_task(Child, "user", ValueKind::Text, InWords("that of the runner"), "the user it runs as, by name or number; needs root"),
    of_task(Child, "group", ValueKind::Text, InWords("that of the user"), "the group it runs as, by name or number; needs root"),
    of_task(Child, "nice", ValueKind::Number { least: -20, most: 19 }, InWords("that of the runner"),
        "niceness"),
    of_task(Child, "ionice", ValueKind::IoNice, InWords("that of the runner"),
        "I/O class and level: idle, best-effort:0 to 7, realtime:0 to 7"),
    of_task(Child, "umask", ValueKind::Mask, InWords("that of the runner"),
        "permissions that new files do not get, such as \"027\""),
    of_task(Child, "rlimits", ValueKind::Limits, InWords("those of the runner"),
        "resource limits by their names in prlimit(1), such as { nofile = 1024, core = 0 }"),
    of_task(Child, "stdin", ValueKind::Path, InWords("/dev/null"), "the file that it reads as standard input"),
    of_task(Command, "ok_exit_codes", ValueKind::ExitCodes, Written("[0]"), "exit codes that are successes"),
    of_task(Command, "retry_later_exit_codes", ValueKind::ExitCodes, Written("[75]"),
        "exit codes that count neither as success nor as failure"),
    of_task(Command, "fatal_exit_codes", ValueKind::ExitCodes, Written("[]"),
        "exit codes after which the runner stops"),
    of_task(Child, "silence_timeout", LIMIT_OR_NEVER, Written("\"never\""),
        "how long it may print nothing before it is ended"),
    of_task(Child, "stop_signal", ValueKind::Signal, Written("\"TERM\""), "the signal that asks it to stop"),
    of_task(Child, "kill_grace", PAUSE, InWords("kill_grace of the runner"),
        "how long its processes have between that signal and KILL"),
    of_task(Child, "leak", ValueKind::Choice(&["kill", "warn", "allow"]), Written("\"kill\""),
        "what becomes of processes that a run leaves behind"),
    of_task(Child, "max_log_bytes", ValueKind::Number { least: 1_024, most: 1 << 30 }, Written("819200"),
        "how much output is kept: the first 20 %, the last 80 %"),
    of_task(Child, "log_output", ValueKind::Choice(&["none", "on_failure", "always"]),
        Written("\"on_failure\""), "when output is written to the log; on_failure: the last 50 lines"),
    of_task(Child, "output_file", ValueKind::Path, InWords("none"), "a file that output is appended to as well"),
];

/// Returns the options of a section, in order.
pub(crate) fn of(section: ConfigSection) -> impl Iterator<Item = &'static OptionSpec> {
    let table = match section.is_of_jobs() {
        true => JOB_OPTIONS,
        false => OPTIONS,
    };
    table.iter().filter(move |option| option.section == section)
}

/// Returns one option.
pub(crate) fn find(section: ConfigSection, key: &str) -> Option<&'static OptionSpec> {
    of(section).find(|option| option.key == key)
}

/// Returns the key that a key stands in place of: of the two, one is set.
pub(crate) fn in_place_of(key: &str) -> Option<&'static str> {
    match key {
        "every" => Some("success_cooldown"),
        "success_cooldown" => Some("every"),
        _ => None,
    }
}

/// Returns the engines of locks for which a key of `[lock]` means something; `None`: all.
pub(crate) fn engines_of(key: &str) -> Option<&'static [&'static str]> {
    match key {
        "token_file" => Some(&["consul"]),
        "username" | "password_file" => Some(&["postgres"]),
        "ca_file" => Some(&["consul", "postgres"]),
        _ => None,
    }
}

/// Returns the one transport for which a key of `[mail]` means something, if it is one.
pub(crate) fn transport_of(key: &str) -> Option<&'static str> {
    match key {
        "server" | "port" | "tls" | "username" | "password_file" | "password_env" | "ca_file"
        | "helo" => Some("smtp"),
        "program" => Some("sendmail"),
        "directory" => Some("file"),
        _ => None,
    }
}

/// Returns whether some section has this key.
pub(crate) fn is_known(key: &str) -> bool {
    OPTIONS.iter().any(|option| option.key == key)
}
