//! A crontab: each line a task, a setting, or a comment with the reason why not.
//!
//! [`mod@line`] distinguishes lines, [`schedule`] knows when one fires, [`command`] what it
//! executes, [`task`] makes a task of it, [`mail`] knows the recipients of cron.

mod command;
pub(crate) mod form;
mod job;
mod line;
mod mail;
mod schedule;
mod task;

use std::collections::BTreeMap;

use super::names::TaskNames;
use super::page::{TomlPage, is_variable, visible};
use super::start::{StartMode, StartedTasks};
use super::{Imported, LeftOut, Machine};
pub(crate) use form::{CrontabForm, CrontabTarget};
use line::{CrontabJob, CrontabLine};
use mail::CrontabMail;
use task::{Around, CrontabTask};

/// How the form of a crontab is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FormSource {
    /// The command line names it.
    Said(CrontabForm),
    /// Its path shows it.
    Placed(CrontabForm),
    /// The lines have to show it.
    Guessed,
}

/// Makes a configuration of a crontab.
pub(crate) fn import(
    text: &str,
    source: &str,
    known: FormSource,
    target: CrontabTarget,
    machine: &Machine<'_>,
) -> Imported {
    let (form, remark) = form(text, known, machine);
    let mut reader = CrontabReader {
        machine,
        form,
        names: TaskNames::without(&machine.taken),
        shell: "/bin/sh".to_owned(),
        variables: BTreeMap::new(),
        body: TomlPage::default(),
        mail: CrontabMail::default(),
        started: Vec::new(),
        counts: CrontabCounts::default(),
        left_out: Vec::new(),
        defaults: Defaults::of(text, target),
        target,
        timezone: None,
    };
    for (number, line) in (1..).zip(text.lines()) {
        reader.line(number, line);
    }
    let mut imported = reader.finish(source);
    imported.remarks.extend(remark);
    imported
}

fn form(text: &str, known: FormSource, machine: &Machine<'_>) -> (CrontabForm, Option<String>) {
    match known {
        FormSource::Said(form) => (form, None),
        FormSource::Placed(form) => (form, None),
        FormSource::Guessed => {
            let jobs = text
                .lines()
                .filter_map(|line| match CrontabLine::parse(line) {
                    CrontabLine::Job(job) => Some(job),
                    _ => None,
                });
            let mut users = jobs.map(|job| {
                let user = line::word(job.rest);
                user.is_some_and(|(user, rest)| !rest.is_empty() && (machine.is_user)(user))
            });
            match users.next() {
                Some(true) if users.all(|is_user| is_user) => {
                    let remark = "read in the form of /etc/crontab: a user stands before each command \
                                  (if those are the commands, say `--user`)";
                    (CrontabForm::System, Some(remark.to_owned()))
                }
                _ => (CrontabForm::User, None),
            }
        }
    }
}

/// Where the settings of a crontab go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Defaults {
    /// All stand before the first job: into `[defaults]`, when that is reached.
    Open,
    /// Writes the variables.
    Written,
    /// The variables change between jobs: to each task.
    Each,
}

impl Defaults {
    fn of(text: &str, target: CrontabTarget) -> Self {
        if target == CrontabTarget::Jobs {
            // A job does not take `working_dir` over from `[defaults]`.
            return Defaults::Each;
        }
        let lines = text.lines().map(CrontabLine::parse);
        let mut after_first_job = lines.skip_while(|line| !matches!(line, CrontabLine::Job(_)));
        let changes = |line: CrontabLine<'_>| match line {
            CrontabLine::Setting { name, .. } => !name.starts_with("MAIL"),
            _ => false,
        };
        if after_first_job.any(changes) {
            Defaults::Each
        } else {
            Defaults::Open
        }
    }
}

#[derive(Debug, Default)]
struct CrontabCounts {
    lines: usize,
    settings: usize,
    for_people: usize,
}

struct CrontabReader<'a> {
    machine: &'a Machine<'a>,
    form: CrontabForm,
    names: TaskNames,
    shell: String,
    variables: BTreeMap<String, String>,
    body: TomlPage,
    mail: CrontabMail,
    started: Vec<StartedTasks>,
    counts: CrontabCounts,
    left_out: Vec<LeftOut>,
    defaults: Defaults,
    target: CrontabTarget,
    timezone: Option<String>,
}

impl CrontabReader<'_> {
    fn line(&mut self, number: usize, line: &str) {
        self.counts.lines += 1;
        match CrontabLine::parse(line) {
            CrontabLine::Blank => {
                self.counts.for_people += 1;
                self.body.blank();
            }
            CrontabLine::Comment => {
                self.counts.for_people += 1;
                self.body.comment(line);
            }
            CrontabLine::Setting { name, value } => {
                self.original(number, line);
                match self.setting(name, value) {
                    Ok(note) => {
                        self.counts.settings += 1;
                        self.body.note(&note);
                    }
                    Err(reason) => self.leave_out(number, line, reason),
                }
            }
            CrontabLine::Job(job) => self.job(number, line, &job),
            CrontabLine::Neither => {
                self.original(number, line);
                let reason = "it is neither a setting nor five fields of time and a command";
                self.leave_out(number, line, reason.to_owned());
            }
        }
    }

    fn job(&mut self, number: usize, line: &str, job: &CrontabJob<'_>) {
        self.body.blank();
        let home = task::home(self.form, &self.variables, self.machine);
        if self.defaults == Defaults::Open {
            self.defaults = Defaults::Written;
            task::write_defaults(&self.variables, home.clone(), &mut self.body);
        }
        self.original(number, line);
        let each = self.defaults == Defaults::Each;
        let (all, none) = (&self.variables, BTreeMap::new());
        let around = Around {
            form: self.form,
            shell: &self.shell,
            home: home.filter(|_| each),
            home_of: (!all.contains_key("HOME")).then_some(self.machine.home_of),
            env: if each { all } else { &none },
            target: self.target,
        };
        let task = CrontabTask::of(job, &around);
        match task {
            Ok(task) => {
                let name = self.names.give(&task.wanted_name);
                match self.target {
                    CrontabTarget::Tasks => task.write(&name, &mut self.body),
                    CrontabTarget::Jobs => {
                        let zone = self.timezone.as_deref();
                        job::write(&task, &name, &job.when, zone, &mut self.body);
                    }
                }
                self.body.blank();
                self.started.push(StartedTasks {
                    name,
                    pause: task.pause,
                    start: StartMode::Chain,
                });
            }
            Err(reason) => self.leave_out(number, line, reason),
        }
    }

    /// Takes a setting over, and returns where it went.
    fn setting(&mut self, name: &str, value: &str) -> Result<String, String> {
        if let Some(answer) = self.mail.setting(name, value, self.machine.hostname) {
            return answer;
        }
        match name {
            "CRON_TZ" if self.target == CrontabTarget::Jobs => {
                self.timezone = Some(value.to_owned());
                Ok("In `timezone` of the schedules below.".to_owned())
            }
            "CRON_TZ" | "RANDOM_DELAY" | "START_HOURS_RANGE" => Ok(
                "It moves times of the day, and there are none here: the first cycle begins with the runner."
                    .to_owned(),
            ),
            "LOGNAME" | "USER" => Ok("Cron itself ignores this: it says who it is.".to_owned()),
            _ if !is_variable(name) || value.contains('\0') => {
                Err(format!("`{}` cannot be set for a task: write it into the command", visible(name)))
            }
            _ => {
                if name == "SHELL" && !value.starts_with('/') {
                    return Err("it names no shell by its whole path".to_owned());
                }
                if name == "SHELL" {
                    self.shell = value.to_owned();
                }
                self.variables.insert(name.to_owned(), value.to_owned());
                let literal = if value.contains('$') {
                    " `$` means nothing in it, as in a crontab."
                } else {
                    ""
                };
                Ok(format!("In `env` of the tasks below.{literal}"))
            }
        }
    }

    fn original(&mut self, number: usize, line: &str) {
        self.body
            .original(&format!("line {number}: "), line.trim_end_matches('\r'));
    }

    fn leave_out(&mut self, line: usize, text: &str, reason: String) {
        self.body.note(&format!("NOT TAKEN: {reason}."));
        self.body.blank();
        self.left_out.push(LeftOut {
            line,
            text: visible(text.trim()),
            reason,
        });
    }

    fn finish(self, source: &str) -> Imported {
        let counted = self.counted();
        let mut page = TomlPage::default();
        page.note(&format!(
            "Made of {source} by `{} import crontab`: {counted}.",
            self.machine.program
        ));
        let head = match self.target {
            CrontabTarget::Tasks => &HEAD[..],
            CrontabTarget::Jobs => &job::HEAD[..],
        };
        for note in head {
            page.note(note);
        }
        page.blank();
        self.mail.write(&mut page);
        page.blank();
        let mut toml = page.into_text();
        toml.push_str(self.body.into_text().trim_end());
        toml.push('\n');
        let program = self.machine.program;
        toml.push_str(&match self.target {
            CrontabTarget::Jobs if !self.started.is_empty() => job::after_cron(program),
            _ => super::start::after_cron(program, &self.started),
        });
        Imported {
            toml,
            counted,
            remarks: Vec::new(),
            left_out: self.left_out,
        }
    }

    fn counted(&self) -> String {
        let some = |count: usize, one: &str, many: &str| match count {
            1 => format!("1 {one}"),
            count => format!("{count} {many}"),
        };
        format!(
            "{}: {}, {}, {}, {} not taken",
            some(self.counts.lines, "line", "lines"),
            match self.target {
                CrontabTarget::Tasks => some(self.started.len(), "task", "tasks"),
                CrontabTarget::Jobs => some(self.started.len(), "job", "jobs"),
            },
            some(self.counts.settings, "setting", "settings"),
            some(
                self.counts.for_people,
                "comment or blank line",
                "comments and blank lines"
            ),
            self.left_out.len(),
        )
    }
}

/// What is different for every job.
const HEAD: [&str; 6] = [
    "Cron starts a job at a time. Here a pause begins when a run has ended: the first run is at the start, none is at a time of day, and no run overlaps \
     the one before.",
    "Cron mails all output of each run. Here a failure is mailed (its first, each new kind, each non_recoverable_downtime), a success never; \
     `history` and `logs` keep what was printed.",
    "Cron does not look at exit codes. Here every one but 0 is a failure, and 75 means \"later\".",
    "As under cron, a failed job is not tried again before its next time: a shorter fail_cooldown does. Cron never ends a job: here timeout does, after its \
     pause and at least an hour.",
    "Cron gives a job PATH=/usr/bin:/bin and nothing of a login. Here it has the environment of the runner; \
     `once --clean-env TASK` tries it with that of a service.",
    "Look through it, save it as run_functions.toml, and let `check` read it.",
];
