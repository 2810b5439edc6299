//! A job of cron as a task: what is executed, how often, as which user.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::Value;

use super::command::{CronCommand, WrittenCommand};
use super::form::{CrontabForm, CrontabTarget};
use super::line::{CrontabJob, When, word};
use super::schedule::{CronSchedule, Rhythm};
use crate::import::page::{TomlPage, span, text, variables, visible};
use crate::import::{Machine, names};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// A job that runs as often as this is more of a chain.
const OFTEN: Duration = Duration::from_secs(15 * 60);

/// A task that is not written yet.
pub(super) struct CrontabTask {
    /// What it should be called.
    pub(super) wanted_name: String,
    /// The pause after a success.
    pub(super) pause: Duration,
    /// What a person has to know of it.
    pub(super) notes: Vec<String>,
    /// What it executes.
    pub(super) program: WrittenCommand,
    /// Its other settings.
    pub(super) keys: Vec<(&'static str, Value)>,
}

/// Returns the home directory of a user, when it is there.
type HomeOf<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What surrounds a job.
pub(super) struct Around<'a> {
    /// Whether a user stands before the command.
    pub(super) form: CrontabForm,
    /// What reads the command.
    pub(super) shell: &'a str,
    /// Where it runs, if that has to be written for it.
    pub(super) home: Option<String>,
    /// Where it runs as a user, unless the crontab names a directory.
    pub(super) home_of: Option<HomeOf<'a>>,
    /// What has to be written for it.
    pub(super) env: &'a BTreeMap<String, String>,
    /// What becomes of it.
    pub(super) target: CrontabTarget,
}

/// Returns where all jobs run: cron starts them in the home directory of their user, unless HOME
/// sets another.
pub(super) fn home(
    form: CrontabForm,
    env: &BTreeMap<String, String>,
    machine: &Machine<'_>,
) -> Option<String> {
    let home = match (env.get("HOME"), form) {
        (Some(home), _) => Some(home.clone()),
        (None, CrontabForm::User) => machine.own_home.clone(),
        (None, CrontabForm::System) => None,
    };
    home.filter(|home| home.starts_with('/') && !home.contains('\0'))
}

/// Writes what holds for all jobs.
pub(super) fn write_defaults(
    env: &BTreeMap<String, String>,
    home: Option<String>,
    page: &mut TomlPage,
) {
    if env.is_empty() && home.is_none() {
        return;
    }
    page.note("For all tasks: cron starts jobs in the home directory, with the variables above.");
    page.table("defaults");
    if let Some(home) = home {
        page.key("working_dir", &text(home));
    }
    if !env.is_empty() {
        page.key("env", &variables(env));
    }
    page.blank();
}

impl CrontabTask {
    /// Creates the task of a job.
    ///
    /// # Errors
    ///
    /// Why it cannot be one.
    pub(super) fn of(line: &CrontabJob<'_>, around: &Around<'_>) -> Result<Self, String> {
        let rhythm = rhythm(&line.when)?;
        let (user, command) = match around.form {
            CrontabForm::User => (None, line.rest),
            CrontabForm::System => match word(line.rest) {
                Some((user, rest)) if !rest.is_empty() && !user.starts_with([':', '/']) => {
                    (Some(user), rest)
                }
                _ => return Err("a user and a command were expected after the times (for a crontab without users, say `--user`)".to_owned()),
            },
        };
        if command.contains('\0') {
            return Err("there is a NUL character in it".to_owned());
        }
        let command = CronCommand::parse(command);
        if command.line.is_empty() {
            return Err("it executes nothing".to_owned());
        }
        let program = command.written(around.shell);
        let mut task = CrontabTask {
            wanted_name: names::of_line(&command.line),
            pause: rhythm.least,
            notes: match around.target {
                CrontabTarget::Tasks => rhythm_in_words(&rhythm),
                CrontabTarget::Jobs => remarks_on_job(&rhythm),
            },
            keys: match around.target {
                CrontabTarget::Tasks => times(&rhythm),
                CrontabTarget::Jobs => Vec::new(),
            },
            program,
        };
        task.notes.extend(task.program.note.map(str::to_owned));
        if command.leaves_something() {
            task.keys.push(("leak", text("allow")));
            task.notes.push("It leaves something running behind a `&`; by default that would be ended with the run.".to_owned());
        }
        if let Some(remedy) = command.remedy_of_pipelines(around.shell) {
            task.notes.push(format!(
                "A pipeline hides failures: only its last command counts. {remedy}."
            ));
        }
        if command.fails_when_there_is_nothing_to_do() {
            task.notes.push(
                "When its question is answered with no, it exits with 1: that is a failure here. Cron does not look; `|| true` at the end is the same."
                    .to_owned(),
            );
        }
        task.surroundings(user, around);
        Ok(task)
    }

    fn surroundings(&mut self, user: Option<&str>, around: &Around<'_>) {
        // FreeBSD has `user:group/class`.
        let name = user.map(|user| user.split([':', '/']).next().unwrap_or(user));
        let home = match (&around.home, around.home_of, name) {
            (Some(home), ..) => Some(home.clone()),
            (None, Some(home_of), Some(name)) => home_of(name),
            _ => None,
        };
        if let Some(home) = home {
            self.keys.push(("working_dir", text(home)));
        }
        match name {
            // The process that reads a system crontab is root, and what is root already needs
            // nothing.
            Some("root") => self
                .notes
                .push("As root: start the runner as root.".to_owned()),
            Some(name) => self.keys.push(("user", text(name))),
            None => {}
        }
        if let Some(whole) = user.filter(|user| Some(*user) != name) {
            let note = format!("Of `{}` only the user is taken.", visible(whole));
            self.notes.push(note);
        }
        if !around.env.is_empty() {
            self.keys.push(("env", variables(around.env)));
        }
    }

    /// Writes it under a name.
    pub(super) fn write(&self, name: &str, page: &mut TomlPage) {
        for note in &self.notes {
            page.note(note);
        }
        page.table(&format!("tasks.{name}"));
        page.key(self.program.key, &self.program.value);
        for (key, value) in &self.keys {
            page.key(key, value);
        }
    }
}

fn rhythm(when: &When<'_>) -> Result<Rhythm, String> {
    let fields = match when {
        When::Fields(fields) => *fields,
        When::Named(name) => named(name)?,
    };
    let schedule = CronSchedule::parse(&fields)?;
    let never = "it never fires: there is no such day";
    schedule.rhythm().ok_or_else(|| never.to_owned())
}

fn named(name: &str) -> Result<[&'static str; 5], String> {
    match name.to_ascii_lowercase().as_str() {
        "@hourly" => Ok(["0", "*", "*", "*", "*"]),
        "@daily" | "@midnight" => Ok(["0", "0", "*", "*", "*"]),
        "@weekly" => Ok(["0", "0", "*", "*", "0"]),
        "@monthly" => Ok(["0", "0", "1", "*", "*"]),
        "@yearly" | "@annually" => Ok(["0", "0", "1", "1", "*"]),
        "@reboot" => Err(
            "it runs once, when the machine starts, and a task runs again and again. \
             Leave it in the crontab, or make it a unit of systemd with Type=oneshot"
                .to_owned(),
        ),
        _ => Err(format!("`{}` is no time that cron knows", visible(name))),
    }
}

/// Lists what is lost.
fn rhythm_in_words(rhythm: &Rhythm) -> Vec<String> {
    let (least, most, usual) = (
        span(rhythm.least),
        span(rhythm.most),
        span(roughly(rhythm.usual)),
    );
    let at = match rhythm.times.as_slice() {
        [] => String::new(),
        times => format!(" at {}", times.join(", ")),
    };
    let mut notes = Vec::new();
    if rhythm.least != rhythm.most {
        let mut note = format!(
            "Uneven: cron pauses between {least} and {most}{at}. Here {least} at all hours and on all days, so that nothing comes later than before"
        );
        if rhythm.usual > rhythm.least {
            note.push_str(&format!("; \"{usual}\" would be as many runs as cron's"));
        }
        note.push_str(". What must run at its hours only stays in the crontab.");
        notes.push(note);
    } else if rhythm.least >= DAY {
        notes.push(format!("The time of day is lost{}: it runs when the chain is started, and {least} after each end.", in_brackets(&at)));
    }
    notes
}

/// Returns what a person may want otherwise about a job that runs in this rhythm.
fn remarks_on_job(rhythm: &Rhythm) -> Vec<String> {
    if rhythm.most > OFTEN {
        return Vec::new();
    }
    vec![format!(
        "A chain may be the better home, as it runs each {}: without `--jobs` it becomes a task, whose failures of one kind are one mail, \
         and which needs no board.",
        span(rhythm.most)
    )]
}

/// The minutes of a month are of no use.
fn roughly(span: Duration) -> Duration {
    let unit = match span {
        span if span >= DAY * 7 => DAY,
        span if span >= DAY => HOUR,
        _ => Duration::from_secs(60),
    };
    Duration::from_secs(span.as_secs() / unit.as_secs() * unit.as_secs())
}

fn in_brackets(at: &str) -> String {
    match at.trim_start() {
        "" => String::new(),
        at => format!(" ({at})"),
    }
}

/// What a job of cron never gets sooner than at its next time is not done sooner here either.
fn times(rhythm: &Rhythm) -> Vec<(&'static str, Value)> {
    const USUAL_TIMEOUT: Duration = HOUR;
    const USUAL_DOWNTIME: Duration = Duration::from_secs(12 * 3600);
    let pause = rhythm.least;
    let mut keys = vec![
        ("success_cooldown", text(span(pause))),
        // As cron: no second try before the next time.
        ("fail_cooldown", text(span(pause))),
    ];
    if pause >= USUAL_DOWNTIME {
        keys.push(("non_recoverable_downtime", text(span(pause * 2))));
    }
    if pause > USUAL_TIMEOUT {
        keys.push(("timeout", text(span(pause))));
    }
    keys
}
