//! A configuration of supervisord: each program a task, every other line a comment.
//!
//! [`ini`] knows the form, [`expand`], [`value`] and [`values`] what is in values, [`program`]
//! makes a task of a section.

mod expand;
mod ini;
mod program;
mod value;
mod values;

use std::collections::BTreeMap;

use super::names::TaskNames;
use super::page::{TomlPage, text, visible};
use super::start::{StartedTasks, after_supervisor};
use super::{Imported, LeftOut, Machine};

use expand::Expansions;
use ini::{Ini, IniSection};
use program::SupervisorTask;
use values::SectionValues;

/// Makes a configuration of one of supervisord. `here` is the directory that it is in.
pub(crate) fn import(text: &str, source: &str, here: &str, machine: &Machine<'_>) -> Imported {
    let ini = Ini::parse(text);
    let mut reader = SupervisorReader {
        machine,
        here,
        groups: groups(&ini),
        merged: merged(&ini),
        names: TaskNames::without(&machine.taken),
        body: TomlPage::default(),
        started: Vec::new(),
        left_out: Vec::new(),
        programs: 0,
    };
    let last: BTreeMap<&str, usize> = (0..)
        .zip(&ini.sections)
        .map(|(at, section)| (section.name, at))
        .collect();
    for (at, section) in ini.sections.iter().enumerate() {
        reader.section(section, last[section.name] == at);
    }
    let lines = text.lines().count();
    reader.finish(source, lines, ini.sections.len() - 1)
}

/// Which group a program is in.
fn groups(ini: &Ini<'_>) -> BTreeMap<String, String> {
    let named = ini.sections.iter().filter_map(|section| {
        let name = section.name.strip_prefix("group:")?.trim().to_owned();
        Some((name, section.values.get("programs")?))
    });
    let members = named.flat_map(|(group, programs)| {
        let programs = programs.split(',').map(|program| program.trim().to_owned());
        programs
            .map(move |program| (program, group.clone()))
            .collect::<Vec<_>>()
    });
    members.collect()
}

/// A section that is there twice is one: the later value of a key holds.
fn merged(ini: &Ini<'_>) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut merged: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for section in &ini.sections {
        let values = section.values.clone();
        merged
            .entry(section.name.to_owned())
            .or_default()
            .extend(values);
    }
    merged
}

struct SupervisorReader<'a> {
    machine: &'a Machine<'a>,
    here: &'a str,
    groups: BTreeMap<String, String>,
    merged: BTreeMap<String, BTreeMap<String, String>>,
    names: TaskNames,
    body: TomlPage,
    started: Vec<(i64, StartedTasks)>,
    left_out: Vec<LeftOut>,
    programs: usize,
}

impl SupervisorReader<'_> {
    /// Writes a section: every line of it, then what became of it.
    fn section(&mut self, section: &IniSection<'_>, is_last: bool) {
        self.body.blank();
        for line in &section.lines {
            match line.text.trim() {
                "" => {}
                _ => self
                    .body
                    .original(&format!("line {}: ", line.number), line.text),
            }
            if let Some(cut) =
                ini::trailing_comment(line.text).filter(|cut| cut.contains(['\'', '"']))
            {
                self.body.note(&format!("What follows the blank in line {} is a comment to supervisord, and so it is left out here: {cut}", line.number));
            }
        }
        for line in &section.wrong {
            let reason = if section.name.is_empty() {
                "it stands before any section"
            } else {
                "it is no `key=value`"
            };
            self.leave_out(line.number, line.text, reason.to_owned());
        }
        if section.name.is_empty() {
            return;
        }
        if !is_last {
            self.body.note("This section goes on below.");
            return;
        }
        let values = self.merged.get(section.name).cloned().unwrap_or_default();
        self.meaning(section, &values);
    }

    fn meaning(&mut self, section: &IniSection<'_>, values: &BTreeMap<String, String>) {
        let (kind, name) = section.name.split_once(':').unwrap_or((section.name, ""));
        match kind {
            "program" if !name.trim().is_empty() => {
                self.programs += 1;
                if let Err(reason) = self.program(name.trim(), values) {
                    self.leave_out(section.line, section.lines[0].text, reason);
                }
            }
            "supervisord" => {
                if let Err(reason) = self.defaults(values) {
                    self.leave_out(section.line, section.lines[0].text, reason);
                }
            }
            "group" => self.body.note(
                "A group is only a name for several programs there. Here each has a chain of its own: in one chain the second would wait for the end of the first.",
            ),
            "unix_http_server" | "inet_http_server" | "supervisorctl" | "rpcinterface" | "ctlplugin" => {
                self.body.note("Not needed: there is no server, and `status`, `stop` and `wake` find the runners by themselves.");
            }
            _ => match not_taken(kind) {
                Some(reason) => self.leave_out(section.line, section.lines[0].text, reason.to_owned()),
                None => self.body.note("This section means nothing to supervisord either."),
            },
        }
    }

    fn program(&mut self, name: &str, written: &BTreeMap<String, String>) -> Result<(), String> {
        let mut values = SectionValues {
            written,
            expansions: Expansions {
                values: self.known(name),
                ..Expansions::default()
            },
        };
        let (count, first) = program::processes(&values)?;
        let mut tasks = Vec::new();
        for number in first..first.saturating_add(count) {
            let known = &mut values.expansions.values;
            known.insert("process_num".to_owned(), number.to_string());
            known.insert("numprocs".to_owned(), count.to_string());
            tasks.push(program::task(&mut values)?);
        }
        if count > 1 {
            self.body.note(&format!(
                "numprocs={count}: a task has one process at a time, so there are {count} tasks."
            ));
        }
        for task in tasks {
            self.write(&task);
        }
        Ok(())
    }

    fn write(&mut self, task: &SupervisorTask) {
        let name = self.names.give(&task.wanted_name);
        task.write(&name, &mut self.body);
        let started = StartedTasks {
            name,
            pause: std::time::Duration::ZERO,
            start: task.start,
        };
        self.started.push((task.priority, started));
    }

    fn known(&self, program: &str) -> BTreeMap<String, String> {
        let group = self.groups.get(program).map_or(program, String::as_str);
        let mut known: BTreeMap<String, String> = [
            ("program_name", program),
            ("group_name", group),
            ("here", self.here),
            ("host_node_name", self.machine.hostname),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let environment = self.machine.environment.iter();
        known.extend(environment.map(|(name, value)| (format!("ENV_{name}"), value.clone())));
        known
    }

    /// `[supervisord]`: what it gives to every program.
    fn defaults(&mut self, written: &BTreeMap<String, String>) -> Result<(), String> {
        let values = SectionValues {
            written,
            expansions: Expansions {
                values: self.known(""),
                ..Expansions::default()
            },
        };
        let (keys, user) = program::defaults(&values)?;
        if let Some(user) = user {
            self.body
                .note(&format!("Start the runners as the user {user}."));
        }
        let others: Vec<&str> = written
            .keys()
            .map(String::as_str)
            .filter(|key| !["environment", "directory", "umask", "user"].contains(key))
            .collect();
        if !others.is_empty() {
            let others = visible(&others.join(", "));
            self.body
                .note(&format!("Of supervisord itself, and not needed: {others}."));
        }
        if !keys.is_empty() {
            self.body.table("defaults");
        }
        for (key, value) in keys {
            self.body.key(key, &value);
        }
        Ok(())
    }

    fn leave_out(&mut self, line: usize, text: &str, reason: String) {
        self.body
            .note(&format!("NOT TAKEN (line {line}): {reason}."));
        self.left_out.push(LeftOut {
            line,
            text: visible(text.trim()),
            reason,
        });
    }

    fn finish(mut self, source: &str, lines: usize, sections: usize) -> Imported {
        let (tasks, left_out, programs) = (self.started.len(), self.left_out.len(), self.programs);
        let counted = format!(
            "lines: {lines}, sections: {sections}, programs: {programs}, tasks: {tasks}, not taken: {left_out}"
        );
        self.started.sort_by_key(|(priority, _)| *priority);
        let started: Vec<StartedTasks> = self
            .started
            .into_iter()
            .map(|(_, started)| started)
            .collect();
        let mut page = TomlPage::default();
        let program = self.machine.program;
        page.note(&format!(
            "Made of {source} by `{program} import supervisor`: {counted}."
        ));
        for note in HEAD {
            page.note(note);
        }
        page.blank();
        if started.iter().any(|task| !task.start.is_once()) {
            page.note("A program that never ends would only delay a stop: it is asked at once, and has its kill_grace.");
            page.key("stop_timeout", &text("0s"));
            page.blank();
        }
        let mut toml = page.into_text();
        toml.push_str(self.body.into_text().trim_end());
        toml.push('\n');
        toml.push_str(&after_supervisor(program, &started));
        Imported {
            toml,
            counted,
            remarks: Vec::new(),
            left_out: self.left_out,
        }
    }
}

/// What would run and cannot here.
fn not_taken(kind: &str) -> Option<&'static str> {
    match kind {
        "eventlistener" => Some(
            "it lives on events of supervisord, and there are none here; what happens is in `history` and in the mails",
        ),
        "fcgi-program" => Some(
            "supervisord opens its socket, and nothing here opens one; a socket unit of systemd can, or spawn-fcgi in the command",
        ),
        "include" => Some(
            "the files that it names are not read: give them all at once, `cat supervisord.conf conf.d/*.conf | … import supervisor -`",
        ),
        "program" => Some("the program has no name"),
        _ => None,
    }
}

/// What is different for every program.
const HEAD: [&str; 4] = [
    "supervisord keeps programs running that should never end. Here a run that does not end is neither a success nor a failure; each end that is none of \
     ok_exit_codes is a failure, is mailed once, and the program is started again after fail_cooldown.",
    "After such a failure its outage lasts until a run ends well, and a reminder comes each non_recoverable_downtime, though the program may run again: \
     start the chain anew to end it, or leave to supervisord or systemd what must never end.",
    "What a run prints is in `logs` when it has ended; a program that never ends needs an output_file, or log_output = \"always\".",
    "Look through it, save it as run_functions.toml, and let `check` read it.",
];
