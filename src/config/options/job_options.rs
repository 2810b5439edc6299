//! The keys of `[worker]`, `[jobs.NAME]` and `[schedules.NAME]`. What surrounds the process of a
//! step is in the table of tasks.

use super::config_section::ConfigSection::{
    Argument, Exclude, Group, Job, Retry, Schedule, Step, Worker,
};
use super::option_spec::Fallback::{InWords, Written};
use super::option_spec::{LIMIT, OptionSpec, PAUSE, ValueKind, general};
use crate::job::ArgumentKind;

const ON_FAILURE: ValueKind = ValueKind::Choice(&["revert", "stop", "continue"]);
const COMMAND: ValueKind = ValueKind::Structure(r#"["rm", "-f", "{fetch.file}"]"#);
const RETRY: ValueKind = ValueKind::Structure(r#"{ times = 3, every = "10s", factor = 2 }"#);
const STEPS: ValueKind =
    ValueKind::Structure(r#"[{ name = "hello", command = ["echo", "{args.name}"] }]"#);
const AFTER: &str = "the steps and groups of the same list that must have ended before";

/// Every key of jobs and workers.
#[rustfmt::skip]
pub(crate) const JOB_OPTIONS: &[OptionSpec] = &[
    general(Worker, "name", ValueKind::Text, InWords("HOST, else HOST-2 and so on"),
        "the name of the worker on the board; a start under the name of a live one on its host takes over from it"),
    general(Worker, "slots", ValueKind::Number { least: 1, most: 10_000 }, InWords("the number of processors"),
        "how many steps run at once"),
    general(Worker, "tags", ValueKind::Texts, InWords("none"), "what this worker has that jobs may need"),
    general(Worker, "can", ValueKind::Commands, InWords("none"),
        "tags that this worker has while a command succeeds; each is asked before a job that needs it is claimed"),
    general(Worker, "vars", ValueKind::Variables, InWords("none"),
        "variables for commands of steps, {var.NAME} and $VAR_NAME: the same job, other paths on each host"),
    general(Worker, "drain_timeout", LIMIT, Written("\"1h\""),
        "how long steps may go on when the worker is asked to stop; then their jobs are given back"),

    general(Job, "help", ValueKind::Text, InWords("none"), "a line that explains the job"),
    general(Job, "args", ValueKind::Structure(r#"{ name = { type = "string" } }"#), InWords("none"),
        "the arguments, by name; `post JOB --NAME VALUE` sets them"),
    general(Job, "steps", STEPS, InWords("none: it must be written"),
        "the steps and groups, in the order in which they are executed"),
    general(Job, "parallel", ValueKind::Flag, Written("false"),
        "whether the steps begin at once, but for what `after` names; else one after the other"),
    general(Job, "on_failure", ON_FAILURE, InWords("\"revert\" where a step of the job has a revert, else \"stop\""),
        "what follows when a step fails for good: what was done is reverted, the job fails, or it goes on without the step"),
    general(Job, "resume", ValueKind::Choice(&["anywhere", "restart", "same-host"]), Written("\"anywhere\""),
        "where the job goes on when its worker is gone: on any host at its step, on another host from the first step, or on the same host alone"),
    general(Job, "needs", ValueKind::Texts, InWords("none"), "tags that a worker must have"),
    general(Job, "limit", ValueKind::Number { least: 1, most: 1_000_000 }, InWords("none"),
        "how many of these jobs run at once, on all workers"),
    general(Job, "limit_by", ValueKind::Text, InWords("none: the limit holds for all together"),
        "an argument, such as \"args.customer\": the limit holds for each of its values"),
    general(Job, "overlap", ValueKind::Choice(&["wait", "skip", "allow"]), Written("\"wait\""),
        "what becomes of the next job of a schedule while one is there; wait: one waits, more are skipped"),
    general(Job, "priority", ValueKind::Number { least: -2, most: 2 }, Written("0"),
        "jobs of a higher priority are claimed first"),
    general(Job, "lease", LIMIT, InWords("60s on PostgreSQL, 5m on SQLite"),
        "how long the worker of the job may go on unheard"),
    general(Job, "expires", LIMIT, InWords("never"), "how long a job waits to be begun before it is cancelled"),
    general(Job, "time_limit", LIMIT, InWords("none"), "how long a job may take in all"),
    general(Job, "waiting_for_at_most", LIMIT, InWords("never mailed"), "how long a job may wait before that is mailed"),
    general(Job, "max_crashes", ValueKind::Number { least: 1, most: 1_000 }, Written("3"),
        "how many workers in a row may die at the same steps before the job is stuck"),
    general(Job, "to", ValueKind::Addresses, InWords("the recipients in mail.to"),
        "recipients of mails about the job, in place of those in mail.to"),
    general(Job, "cc", ValueKind::Addresses, InWords("none"), "further recipients of mails about the job"),

    general(Argument, "type", ValueKind::Choice(ArgumentKind::WORDS), Written("\"string\""),
        "what the argument takes; option: a text that may begin an argument of a command with a -"),
    general(Argument, "help", ValueKind::Text, InWords("none"), "a line that explains the argument"),
    general(Argument, "default", ValueKind::Structure("800"), InWords("none: the argument is required"),
        "the value where none is given"),
    general(Argument, "one_of", ValueKind::Structure(r#"["small", "large"]"#), InWords("all of the type"),
        "the possible values"),
    general(Argument, "secret", ValueKind::Flag, Written("false"),
        "whether the value is shown nowhere, and reaches steps by a variable or as standard input alone"),

    general(Step, "name", ValueKind::Text, InWords("none: it must be written"),
        "the name, unique among the steps and groups of the job: what it did is kept under it"),
    general(Step, "command", COMMAND, InWords("none: one of command, shell and script must be written"),
        "program and arguments; {args.NAME}, {STEP.KEY}, {STEP.KEY|default}, {each}, {var.NAME} and {job.id} become one argument each, {{ and }} are braces"),
    general(Step, "shell", ValueKind::Text, InWords("none"),
        "a line for /bin/sh -e -c, which sees $ARG_NAME, $RESULT_STEP_KEY, $EACH, $VAR_NAME and $JOB_ID"),
    general(Step, "script", ValueKind::Path, InWords("none"), "a file that is run by its first line (#!…), executable or not"),
    general(Step, "input", ValueKind::Text, InWords("none"), "what it reads as standard input, such as \"{args.token}\""),
    general(Step, "reads", ValueKind::Texts, InWords("what the text of `shell` names"),
        "further values that it sees as variables, such as \"fetch.file\", \"fetch.size|0\" or \"args.token\""),
    general(Step, "revert", COMMAND, InWords("none: there is nothing to undo"),
        "the command that undoes the step, or a table with command, shell or script, retry, timeout and so on; it sees the result of the step"),
    general(Step, "when", COMMAND, InWords("none: it runs"),
        "the command that is asked first: 0 runs the step, 1 skips it, anything else is a failure"),
    general(Step, "check", COMMAND, InWords("none"),
        "the command that is asked after a crash whether the step was done: 0, or not: 1"),
    general(Step, "interrupted", ValueKind::Choice(&["again", "check", "revert", "hold"]), Written("\"again\""),
        "what is done after a crash in the step: it runs again, `check` is asked, it is reverted, or a person is to look"),
    general(Step, "retry", RETRY, InWords("none: it is tried once"), "how often it is tried"),
    general(Step, "try_each", ValueKind::Structure(r#"["mirror1", "mirror2"]"#), InWords("none"),
        "values for {each} and $EACH, of which each try takes the next until one succeeds; excludes retry"),
    general(Step, "after", ValueKind::Texts, InWords("the one before, unless parallel"), AFTER),
    general(Step, "on_failure", ON_FAILURE, InWords("that of the group, else of the job"), "as for the job"),
    general(Step, "elsewhere", ValueKind::Flag, Written("false"), "whether the next try is made by another worker"),

    general(Group, "name", ValueKind::Text, InWords("none: it must be written"), "the name, as for a step"),
    general(Group, "steps", STEPS, InWords("none: it must be written"), "its steps and groups"),
    general(Group, "parallel", ValueKind::Flag, Written("false"), "as for the job"),
    general(Group, "retry", RETRY, InWords("none"), "how often all of it is tried; what was done is reverted before"),
    general(Group, "after", ValueKind::Texts, InWords("the one before, unless parallel"), AFTER),
    general(Group, "on_failure", ON_FAILURE, InWords("that of the group around it, else of the job"), "as for the job"),

    general(Retry, "times", ValueKind::Number { least: 1, most: 10_000 }, InWords("none: it must be written; 5 for a revert"),
        "how often it is tried, the first time included"),
    general(Retry, "every", PAUSE, Written("\"10s\""), "the wait before the second try"),
    general(Retry, "factor", ValueKind::Structure("2"), InWords("1; 2 for a revert"),
        "by which each wait is longer than the one before, from 1 to 100"),
    general(Retry, "max", LIMIT, InWords("none"), "the longest wait"),

    general(Schedule, "job", ValueKind::Text, InWords("none: it must be written"), "the job that is posted at each time"),
    general(Schedule, "args", ValueKind::Structure("{ width = 800 }"), InWords("the defaults of the job"), "its arguments"),
    general(Schedule, "cron", ValueKind::Text, InWords("none: cron or every must be written"),
        "five fields as crontab(5) has them: minute, hour, day of the month, month, day of the week"),
    general(Schedule, "every", LIMIT, InWords("none"), "the time between two jobs, from first on; in the place of cron"),
    general(Schedule, "first", ValueKind::Structure(r#""2026-12-01 03:00""#), InWords("1970-01-01 00:00 UTC: \"1h\" is each full hour"),
        "from when every counts"),
    general(Schedule, "timezone", ValueKind::Text, InWords("that of the machine"),
        "the time zone of its times of day, such as \"Europe/Berlin\""),
    general(Schedule, "exclude", ValueKind::Structure(r#"[{ from = "22:00", to = "06:00", days = "mon-fri" }]"#), InWords("none"),
        "windows of time in which nothing is posted"),
    general(Schedule, "missed", ValueKind::Choice(&["once", "skip"]), Written("\"once\""),
        "what becomes of times at which no worker was there: one job for all of them, or none"),
    general(Schedule, "late_after", LIMIT, InWords("never mailed"),
        "how long after its time a job may begin before that is mailed"),
    general(Schedule, "pause_after", ValueKind::Number { least: 1, most: 1_000 }, InWords("never"),
        "after how many failures in a row the schedule is paused, and that is mailed"),

    general(Exclude, "from", ValueKind::Text, InWords("00:00"), "the time of day at which the window begins"),
    general(Exclude, "to", ValueKind::Text, InWords("24:00"), "the time of day at which it ends, on the next day if it is not later than from"),
    general(Exclude, "days", ValueKind::Text, InWords("every day"), "the days on which it begins, such as \"mon-fri\" or \"sat,sun\""),
    general(Exclude, "note", ValueKind::Text, InWords("none"), "why, for people"),
];
