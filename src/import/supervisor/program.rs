//! A `[program:x]` as a task.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::Value;

use super::value::flag;
use super::values::{LogTarget, SectionValues, environment, exit_codes, log_file, path, umask};
use crate::import::page::{TomlPage, numbers, span, text, texts, variables};
use crate::import::start::StartMode;
use crate::import::words;

/// Keys that need no translation, and why.
const NOT_NEEDED: [(&[&str], &str); 6] = [
    (
        &["startsecs", "startretries"],
        "how a run ended decides, not how soon, and nobody ever gives up",
    ),
    (
        &["stopasgroup", "killasgroup"],
        "always all processes of a run are asked to stop, and killed",
    ),
    (
        &["redirect_stderr"],
        "both streams are always kept together, in their order",
    ),
    (&["serverurl"], "there is no server"),
    (
        &["process_name", "numprocs", "numprocs_start"],
        "they are in the names of the tasks",
    ),
    (
        &[
            "stdout_events_enabled",
            "stderr_events_enabled",
            "stdout_capture_maxbytes",
            "stderr_capture_maxbytes",
        ],
        "there are no events",
    ),
];
/// What the log files of supervisord can do and `output_file` cannot.
const OF_LOGS: [&str; 6] = [
    "stdout_logfile_maxbytes",
    "stdout_logfile_backups",
    "stdout_syslog",
    "stderr_logfile_maxbytes",
    "stderr_logfile_backups",
    "stderr_syslog",
];
/// The signals that both sides know.
const SIGNALS: [&str; 7] = ["TERM", "HUP", "INT", "QUIT", "KILL", "USR1", "USR2"];

/// A task that is not written yet.
#[derive(Debug)]
pub(super) struct SupervisorTask {
    /// What it should be called.
    pub(super) wanted_name: String,
    /// How it is started.
    pub(super) start: StartMode,
    /// The priority: what is started first.
    pub(super) priority: i64,
    notes: Vec<String>,
    keys: Vec<(&'static str, Value)>,
}

impl SupervisorTask {
    /// Writes it under a name.
    pub(super) fn write(&self, name: &str, page: &mut TomlPage) {
        for note in &self.notes {
            page.note(note);
        }
        page.table(&format!("tasks.{name}"));
        for (key, value) in &self.keys {
            page.key(key, value);
        }
    }
}

/// Returns how many processes a section asks for, and the number of the first.
pub(super) fn processes(values: &SectionValues<'_>) -> Result<(i64, i64), String> {
    const MOST: i64 = 64;
    let count = values.number("numprocs", 1)?;
    if !(1..=MOST).contains(&count) {
        return Err(format!(
            "`numprocs` = {count}: a process is a task here, and so many are not written by hand (1 to {MOST})"
        ));
    }
    let named = values.written.get("process_name");
    if count > 1 && !named.is_some_and(|name| name.contains("%(process_num)")) {
        return Err("`numprocs` needs `%(process_num)d` in `process_name`".to_owned());
    }
    Ok((count, values.number("numprocs_start", 0)?))
}

/// Makes a task of a section, for one process of it.
pub(super) fn task(values: &mut SectionValues<'_>) -> Result<SupervisorTask, String> {
    let env = environment(values)?;
    for (name, value) in &env {
        values
            .expansions
            .values
            .insert(format!("ENV_{name}"), value.clone());
    }
    let mut task = SupervisorTask {
        wanted_name: values
            .expanded("process_name")?
            .unwrap_or_else(|| values.expansions.values["program_name"].clone()),
        start: StartMode::Chain,
        priority: values.number("priority", 999)?,
        notes: Vec::new(),
        keys: Vec::new(),
    };
    task.command(values)?;
    task.restarts(values)?;
    task.surroundings(values, &env)?;
    task.stop(values)?;
    task.output(values)?;
    task.others(values);
    Ok(task)
}

impl SupervisorTask {
    fn key(&mut self, key: &'static str, value: Value) {
        self.keys.push((key, value));
    }

    fn command(&mut self, values: &SectionValues<'_>) -> Result<(), String> {
        let Some(command) = values.expanded("command")? else {
            return Err("it has no `command`".to_owned());
        };
        let words = words::split(&command).ok_or("a quotation mark of its `command` is not closed (behind a blank, `;` begins a comment)")?;
        if words.is_empty() {
            return Err("its `command` is empty".to_owned());
        }
        if words.iter().any(|word| word.contains('\0')) {
            return Err("there is a NUL character in its `command`".to_owned());
        }
        self.key("command", texts(words));
        Ok(())
    }

    fn restarts(&mut self, values: &SectionValues<'_>) -> Result<(), String> {
        let restarts = values
            .expanded("autorestart")?
            .unwrap_or_else(|| "unexpected".to_owned());
        let codes = exit_codes(values)?;
        let unexpected = restarts.eq_ignore_ascii_case("unexpected");
        let always = match flag(&restarts) {
            _ if unexpected => false,
            Some(always) => always,
            None => return Err("`autorestart` is none of true, false and unexpected".to_owned()),
        };
        self.start = match (always || unexpected, values.flag("autostart", true)?) {
            (true, true) => StartMode::Chain,
            (true, false) => StartMode::ByHand,
            (false, true) => StartMode::Once,
            (false, false) => StartMode::OnceByHand,
        };
        self.key("timeout", text("never"));
        if always || unexpected {
            self.key("success_cooldown", text("1s"));
            self.key("fail_cooldown", text("5s"));
            // A program that does not end is what is wanted: not worth a mail.
            self.key("warn_after", text("365days"));
        }
        if unexpected {
            self.notes.push(format!(
                "autorestart=unexpected: after exit {} supervisord leaves it alone; here it is started again after success_cooldown.",
                codes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            ));
        }
        if codes != [0] {
            self.key("ok_exit_codes", numbers(codes.iter().copied()));
        }
        if codes.contains(&75) {
            self.key("retry_later_exit_codes", numbers([]));
        }
        Ok(())
    }

    fn surroundings(
        &mut self,
        values: &SectionValues<'_>,
        env: &BTreeMap<String, String>,
    ) -> Result<(), String> {
        if let Some(directory) = path(values, "directory")? {
            self.key("working_dir", text(directory));
        }
        match values.expanded("user")?.as_deref() {
            None | Some("") => {}
            Some("root") => self
                .notes
                .push("As root: start the runner as root.".to_owned()),
            Some(user) => self.key("user", text(user)),
        }
        if let Some(mask) = umask(values)? {
            self.key("umask", mask);
        }
        if !env.is_empty() {
            self.key("env", variables(env));
        }
        Ok(())
    }

    fn stop(&mut self, values: &SectionValues<'_>) -> Result<(), String> {
        if let Some(signal) = values.expanded("stopsignal")? {
            let upper = signal.trim().to_uppercase();
            let name = upper.strip_prefix("SIG").unwrap_or(&upper);
            if SIGNALS.contains(&name) {
                self.key("stop_signal", text(name));
            } else {
                return Err(format!(
                    "`stopsignal` = {signal} is none of {}",
                    SIGNALS.join(", ")
                ));
            }
        }
        if values.written.contains_key("stopwaitsecs") {
            let seconds = values.number("stopwaitsecs", 10)?;
            let seconds = u64::try_from(seconds).map_err(|_| "`stopwaitsecs` is negative")?;
            self.key("kill_grace", text(span(Duration::from_secs(seconds))));
        }
        Ok(())
    }

    fn output(&mut self, values: &SectionValues<'_>) -> Result<(), String> {
        let redirected = values.flag("redirect_stderr", false)?;
        let (out, err) = (
            log_file(values, "stdout_logfile")?,
            log_file(values, "stderr_logfile")?,
        );
        match (&out, &err) {
            (LogTarget::Terminal, _) | (LogTarget::None, LogTarget::Terminal) => {
                self.key("log_output", text("always"))
            }
            (LogTarget::File(path), _) | (LogTarget::None, LogTarget::File(path)) => {
                self.key("output_file", text(path));
                self.notes.push(
                    "Rotate output_file with logrotate and `copytruncate`: a run keeps it open."
                        .to_owned(),
                );
            }
            (LogTarget::None, LogTarget::None) => {}
        }
        if let (LogTarget::File(_) | LogTarget::Terminal, LogTarget::File(path), false) =
            (&out, &err, redirected)
        {
            self.notes.push(format!(
                "Both streams go where stdout goes, and none to {path}."
            ));
        }
        Ok(())
    }

    /// Lists what becomes of the other keys.
    fn others(&mut self, values: &SectionValues<'_>) {
        let there = |keys: &[&str]| -> Vec<String> {
            let mut there = keys.iter().filter(|key| values.written.contains_key(**key));
            there.by_ref().map(|key| (*key).to_owned()).collect()
        };
        for (keys, reason) in NOT_NEEDED {
            let there = there(keys);
            if !there.is_empty() {
                self.notes
                    .push(format!("Not needed: {} ({reason}).", there.join(", ")));
            }
        }
        let logs = there(&OF_LOGS);
        if !logs.is_empty() {
            self.notes.push(format!(
                "Without a counterpart: {} (`history` and `logs` keep what runs printed).",
                logs.join(", ")
            ));
        }
        if !self.start.is_once() && self.priority != 999 {
            self.notes.push(format!(
                "priority={} is the order at the end of this file; nothing waits for another.",
                self.priority
            ));
        }
        let unknown: Vec<&str> = values
            .written
            .keys()
            .map(String::as_str)
            .filter(|key| !is_known(key))
            .collect();
        if !unknown.is_empty() {
            self.notes.push(format!(
                "Unknown, to supervisord as well: {}.",
                unknown.join(", ")
            ));
        }
        let asked = values.expansions.asked.borrow();
        if !asked.is_empty() {
            let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
            self.notes.push(format!(
                "Taken from the environment of this import: {} (if one is a secret, `chmod 600` this file).",
                asked.join(", ")
            ));
        }
    }
}

type Keys = Vec<(&'static str, Value)>;

/// Returns what `[supervisord]` gives to every program, and the user that it becomes.
pub(super) fn defaults(values: &SectionValues<'_>) -> Result<(Keys, Option<String>), String> {
    let mut keys = Vec::new();
    let env = environment(values)?;
    if !env.is_empty() {
        keys.push(("env", variables(&env)));
    }
    if let Some(directory) = path(values, "directory")? {
        keys.push(("working_dir", text(directory)));
    }
    keys.extend(umask(values)?.map(|mask| ("umask", mask)));
    Ok((keys, values.expanded("user")?))
}

fn is_known(key: &str) -> bool {
    const TRANSLATED: [&str; 15] = [
        "command",
        "environment",
        "autostart",
        "autorestart",
        "exitcodes",
        "directory",
        "user",
        "umask",
        "stopsignal",
        "stopwaitsecs",
        "stdout_logfile",
        "stderr_logfile",
        "priority",
        "redirect_stderr",
        "process_name",
    ];
    let elsewhere = NOT_NEEDED.iter().any(|(keys, _)| keys.contains(&key));
    TRANSLATED.contains(&key) || OF_LOGS.contains(&key) || elsewhere
}
