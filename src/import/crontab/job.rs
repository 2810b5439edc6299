//! A job of cron as a job of ours, with a schedule that posts it.

use toml::Value;

use super::line::When;
use super::task::CrontabTask;
use crate::import::page::{TomlPage, text};

/// Writes a job and its schedule under a name; `timezone` is what CRON_TZ was set to.
pub(super) fn write(
    task: &CrontabTask,
    name: &str,
    when: &When<'_>,
    timezone: Option<&str>,
    page: &mut TomlPage,
) {
    for note in &task.notes {
        page.note(note);
    }
    page.table(&format!("jobs.{name}"));
    for (key, value) in &task.keys {
        page.key(key, value);
    }
    let mut step = toml::Table::new();
    step.insert("name".to_owned(), text("run"));
    step.insert(
        task.program.key.to_owned(),
        untemplated(&task.program.value),
    );
    page.key("steps", &Value::Array(vec![Value::Table(step)]));
    page.table(&format!("schedules.{name}"));
    page.key("job", &text(name));
    page.key("cron", &text(fields(when)));
    if let Some(timezone) = timezone {
        page.key("timezone", &text(timezone));
    }
}

fn fields(when: &When<'_>) -> String {
    match when {
        When::Named(name) => name.to_ascii_lowercase(),
        When::Fields(fields) => {
            let line = fields.join(" ");
            // cronie: a minus in front keeps a job out of the log.
            line.strip_prefix('-').unwrap_or(&line).to_owned()
        }
    }
}

/// Returns a command whose braces are braces. The text of `shell` is no template.
fn untemplated(value: &Value) -> Value {
    let Value::Array(items) = value else {
        return value.clone();
    };
    let items = items.iter().map(|item| match item {
        Value::String(item) => text(item.replace('{', "{{").replace('}', "}}")),
        other => other.clone(),
    });
    Value::Array(items.collect())
}

/// Writes how to start what cron started.
pub(super) fn after_cron(program: &str) -> String {
    let mut page = TomlPage::default();
    page.note("How to start it: a worker brings the schedules to its board, and runs their jobs.");
    page.command(&format!("{program} work"));
    page.note("When each comes next, and how the last ones ended:");
    page.command(&format!("{program} schedules"));
    format!("\n{}", page.into_text())
}

/// What is different for every job.
pub(super) const HEAD: [&str; 5] = [
    "The times are those of cron, over changes of clocks too. What cron would have missed while the machine was off runs once when the worker is back: \
     `missed = \"skip\"` leaves it out. No job is started while the one before runs: `overlap = \"allow\"` in its section does.",
    "Cron mails all output of each run. Here a failure is mailed (its first, each new kind), a success never; `jobs` and `job ID output` show what was \
     printed.",
    "Cron does not look at exit codes. Here every one but 0 is a failure.",
    "Cron gives a job PATH=/usr/bin:/bin and nothing of a login. Here it has the environment of the worker.",
    "Look through it, save it as run_functions.toml, and let `check` read it: it foretells the next times.",
];
