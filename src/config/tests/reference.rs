//! The table of options, and the example of the design, against what they come to.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::Setup;
use crate::config::options::{
    Applies, ConfigSection, Fallback, JOB_OPTIONS, OPTIONS, OptionSpec, ValueKind, of,
};
use crate::config::raw::{Raw, Shape};
use crate::config::read;
use crate::config::reference::{self, EXAMPLE, commented};
use crate::core::settings::Transport;
use crate::task::TaskName;

/// Returns the path of the reference file.
const DEFAULT_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/default.toml");

const HEAD: &str = r#"# Every option of run_functions.toml with its default, in the order of the guide. This is the reference; as a configuration
# it changes nothing. `run_functions init` writes one to begin with.
#
# `#key = value` says what holds anyway: take its `#` away to say something else. Where a default cannot be written, there is
# an example. A duration is a text with a unit: "500ms", "90s", "15m", "1h 30m", "2days". Relative paths start from this file.

"#;

const TASK: &str = "
# A task: `[tasks.send_mail]` makes `tasks::send_mail`. One of these three says what is executed; without any, the section is
# settings for the registered function of that name. All that can stand in [defaults] can stand here, for this task alone.
#[tasks.NAME]

";

const DEFAULTS: &str = "
# For all tasks that do not say otherwise in their own section. It goes before the attribute of a function.
[defaults]

";

const WORKER: &str = "
# What a worker has (`run_functions work`), and how much it does at once.
[worker]

";

const JOB: &str = "
# A job: posted once, done step by step by a worker, undone when a step fails. What stands in a step about its process (all of
# [defaults] from `working_dir` on, and `timeout`) can stand here too, for all steps.
#[jobs.NAME]

";

const ARGUMENT: &str = "
# An argument of the job: `args.NAME = { type = \"string\" }` is the same on one line.
#[jobs.NAME.args.NAME]

";

const STEP: &str = "
# A step: an entry of `steps`, on one line or in a section. Its process is described by the keys of tasks: all of [defaults] from
# `working_dir` on, and `timeout`.
#[[jobs.NAME.steps]]

";

const GROUP: &str = "
# A group: an entry of `steps` that has `steps` itself.
#[[jobs.NAME.steps]]

";

const RETRY: &str = "
# How often a step, a group or a revert is tried: `retry = { times = 3 }` is the same on one line.
#[jobs.NAME.steps.retry]

";

const SCHEDULE: &str = "
# A schedule: the worker posts the job by the clock. `first` and `every`, or `cron`.
#[schedules.NAME]

";

const EXCLUDE: &str = "
# A window of time without jobs: `exclude = [{ from = \"22:00\", to = \"06:00\" }]` is the same on one line.
#[[schedules.NAME.exclude]]

";

/// Returns the text of `examples/default.toml`.
fn default_file() -> String {
    let mut text = HEAD.to_owned();
    text.push_str(&commented(ConfigSection::Root, |_| true));
    let alone = [ConfigSection::Root, ConfigSection::Task];
    for section in ConfigSection::ALL
        .into_iter()
        .filter(|section| !alone.contains(section) && !section.is_of_jobs())
    {
        let header = section.header();
        let options = commented(section, |_| true);
        text.push_str(&format!("\n{header}\n\n{options}"));
    }
    text.push_str(TASK);
    text.push_str(&commented(ConfigSection::Task, is_program));
    text.push_str(DEFAULTS);
    text.push_str(&commented(ConfigSection::Task, |option| {
        !is_program(option)
    }));
    for (head, section) in [
        (WORKER, ConfigSection::Worker),
        (JOB, ConfigSection::Job),
        (ARGUMENT, ConfigSection::Argument),
        (STEP, ConfigSection::Step),
        (GROUP, ConfigSection::Group),
        (RETRY, ConfigSection::Retry),
        (SCHEDULE, ConfigSection::Schedule),
        (EXCLUDE, ConfigSection::Exclude),
    ] {
        text.push_str(head);
        text.push_str(&commented(section, |_| true));
    }
    text
}

fn is_program(option: &OptionSpec) -> bool {
    option.applies == Applies::Program
}

/// Takes the `#` from the lines of options that pass.
pub(crate) fn uncommented(text: &str, passes: impl Fn(&str) -> bool) -> String {
    let line = |line: &str| -> String {
        let is_option = line.starts_with('#') && !line.starts_with("# ") && line.len() > 1;
        let bare = line.strip_prefix('#').filter(|_| is_option && passes(line));
        bare.unwrap_or(line).to_owned()
    };
    let lines: Vec<String> = text.lines().map(line).collect();
    lines.join("\n") + "\n"
}

fn is_default(line: &str) -> bool {
    !line.contains(EXAMPLE)
}

/// Names the task of the reference, and gives a command to it and to the steps of its job.
fn with_a_task(text: &str) -> String {
    const STEPS: &str = "[[jobs.NAME.steps]]\n";
    let command = "command = [\"true\"]\n";
    text.replace("[tasks.NAME]\n", &format!("[tasks.x]\n{command}"))
        .replacen(
            STEPS,
            &format!("[[jobs.NAME.STEPS]]\nname = \"a\"\n{command}"),
            1,
        )
        .replacen(
            STEPS,
            "[[jobs.NAME.steps]]\nname = \"g\"\nsteps = [{ name = \"b\", command = [\"true\"] }]\n",
            1,
        )
        .replace("STEPS", "steps")
        .replace(
            "[jobs.NAME.steps.retry]\n",
            "[jobs.NAME.steps.retry]\ntimes = 3\n",
        )
        .replace(
            "[schedules.NAME]\n",
            "[schedules.NAME]\njob = \"NAME\"\nargs = { NAME = \"x\" }\ncron = \"0 3 * * *\"\ntimezone = \"UTC\"\n",
        )
        .replace(
            "[[schedules.NAME.exclude]]\n",
            "[[schedules.NAME.exclude]]\nfrom = \"22:00\"\n",
        )
}

#[test]
fn the_reference_is_what_the_table_says() {
    if std::env::var_os("UPDATE_GUIDE").is_some() {
        fs::write(DEFAULT_FILE, default_file()).unwrap();
    } else {
        let hint = "UPDATE_GUIDE=1 cargo test --lib the_reference_is_what_the_table_says";
        let file = fs::read_to_string(DEFAULT_FILE).unwrap();
        assert_eq!(file, default_file(), "write it anew with `{hint}`");
    }
}

#[test]
fn the_reference_has_every_option_in_order() {
    let text = default_file();
    let mut rest = text.as_str();
    for option in OPTIONS.iter().chain(JOB_OPTIONS) {
        let line = format!("\n#{} = ", option.key);
        rest = rest.split_once(&line).unwrap_or_else(|| panic!("{line}")).1;
    }
}

#[test]
fn every_default_of_the_reference_in_force_changes_nothing() {
    let recipient = "[mail]\nto = [\"a@b.example\"]\nserver = \"localhost\"\n";
    let short = format!("[tasks.x]\ncommand = [\"true\"]\n{recipient}");
    let long = with_a_task(&uncommented(&default_file(), is_default));
    let long = long.replace("[mail]\n", recipient);
    let (short, long) = (Setup::with(&short), Setup::with(&long));
    let (plain, written) = (short.load(), long.load());
    let name = TaskName::parse("tasks::x").unwrap();
    assert_eq!(plain.tasks[&name].settings, written.tasks[&name].settings);
    let mut settings = written.settings.clone();
    settings.run_root = plain.settings.run_root.clone();
    settings.state_dir = plain.settings.state_dir.clone();
    settings.lock.directory = plain.settings.lock.directory.clone();
    assert_eq!(settings, plain.settings);
    assert_eq!(written.worker, plain.worker);
    let job = &written.jobs["NAME"].definition;
    assert_eq!(job.steps["a"].execute.child, job.steps["b"].execute.child);
    assert!(written.warnings.is_empty(), "{}", written.warnings);
}

#[test]
fn the_reference_as_it_stands_changes_nothing() {
    let (without, with) = (Setup::bare(), Setup::with(&default_file()));
    let (plain, loaded) = (without.load(), with.load());
    assert_eq!(loaded.tasks.len(), plain.tasks.len());
    for (name, task) in &plain.tasks {
        assert_eq!(task.settings, loaded.tasks[name].settings, "{name}");
    }
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
}

#[test]
fn every_example_of_the_reference_is_a_value_of_its_option() {
    let base = Path::new("/");
    for option in OPTIONS.iter().chain(JOB_OPTIONS) {
        if matches!(option.kind, ValueKind::Structure(_)) {
            continue;
        }
        let text = reference::example(option);
        let document = format!("x = {text}");
        let table = toml::de::DeTable::parse(&document).unwrap();
        let Shape::Table(entries) = Raw::of_table(&table).shape else {
            panic!("a document is a table");
        };
        let (_, raw) = entries.into_iter().next().unwrap();
        let reading = read::read(option, &raw, base);
        let is_left_out = option.key == "ping" && !cfg!(feature = "ping");
        assert_eq!(
            reading.value.is_none(),
            is_left_out,
            "{} = {text}",
            option.key
        );
    }
}

/// Returns the tables of the guide: one for each section, a row for each key.
fn guide_tables() -> String {
    let mut text = String::new();
    for section in ConfigSection::ALL {
        let header = section.header();
        let title = match section {
            ConfigSection::Root => "Before the first section".to_owned(),
            ConfigSection::Argument => format!("An argument of a job: `{header}`"),
            ConfigSection::Step => format!("A step of a job: `{header}`"),
            ConfigSection::Group => format!("A group of steps: `{header}` with `steps`"),
            ConfigSection::Retry => format!("Retries: `{header}`"),
            ConfigSection::Exclude => format!("A window without jobs: `{header}`"),
            _ => format!("`{header}`"),
        };
        text.push_str(&format!(
            "\n## {title}\n\n| key | default | |\n|---|---|---|\n"
        ));
        for option in of(section) {
            let default = match option.default {
                Fallback::Written(value) => format!("`{value}`"),
                Fallback::InWords(words) => words.to_owned(),
            };
            // What stands in brackets alone would be a link.
            let doc = option.doc.replace('[', "\\[").replace('|', "\\|");
            text.push_str(&format!("| `{}` | {default} | {doc} |\n", option.key));
        }
    }
    text
}

#[test]
fn the_guide_has_every_option() {
    const END_OF_TEXT: &str = "change that, not this. -->\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/guide/configuration.md");
    let page = fs::read_to_string(path).unwrap();
    let (text, tables) = page.split_once(END_OF_TEXT).unwrap();
    if std::env::var_os("UPDATE_GUIDE").is_some() {
        fs::write(path, format!("{text}{END_OF_TEXT}{}", guide_tables())).unwrap();
    } else {
        let hint = "UPDATE_GUIDE=1 cargo test --lib the_guide_has_every_option";
        assert_eq!(tables, guide_tables(), "write it anew with `{hint}`");
    }
}

#[test]
fn every_option_has_one_line_of_documentation() {
    for option in OPTIONS.iter().chain(JOB_OPTIONS) {
        let doc = option.doc;
        assert!(
            !doc.is_empty() && !doc.ends_with('.') && !doc.contains('\n'),
            "{}",
            option.key
        );
    }
}

#[test]
fn no_section_has_a_key_twice() {
    let all: Vec<&OptionSpec> = OPTIONS.iter().chain(JOB_OPTIONS).collect();
    for (at, option) in all.iter().enumerate() {
        let same =
            |other: &&&OptionSpec| other.key == option.key && other.section == option.section;
        assert!(
            !all[at + 1..].iter().any(|other| same(&other)),
            "{}",
            option.key
        );
    }
}

const DESIGN: &str = r#"
run_root  = "run"
state_dir = "run"
log       = { level = "info", format = "text" }
kill_concurrent = true
stop_timeout = "1m"
kill_grace   = "10s"

[mail]
to = ["ops@example.org"]
from = "run_functions <runner@example.org>"
transport = "smtp"
server = "mail.example.org"
port = 465
tls = "implicit"
username = "runner@example.org"
password_file = "smtp_password"
timeout = "60s"
max_per_hour = 20

[defaults]
non_recoverable_downtime = "6h"

[tasks.send_mail]
command = ["php", "artisan", "mail:send"]
working_dir = "app"
env = { APP_ENV = "production" }
success_cooldown = "15m"
fail_cooldown = "30m"
non_recoverable_downtime = "6h"
timeout = "10m"
nice = 5
user = "www-data"
ok_exit_codes = [0]
retry_later_exit_codes = [75]
fatal_exit_codes = []
max_log_bytes = 819200
"#;

#[test]
fn the_example_of_the_design_is_understood() {
    let setup = Setup::with(DESIGN).root_user();
    let password = setup.write("smtp_password", "hunter2\n");
    fs::set_permissions(password, Permissions::from_mode(0o600)).unwrap();
    setup.write("app/artisan", "");
    let loaded = setup.load();
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    assert!(matches!(loaded.settings.mail.transport, Transport::Smtp(_)));
    let task = &loaded.tasks[&TaskName::parse("tasks.send_mail").unwrap()];
    assert_eq!(task.settings.child.user.as_deref(), Some("www-data"));
    assert_eq!(
        task.settings.child.working_dir,
        Some(setup.inputs.cwd.join("app"))
    );
}
