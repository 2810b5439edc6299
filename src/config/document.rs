//! The file, read into sections: each key is either in the table of options, or an error that shows
//! what was meant.

use toml::de::DeTable;

use super::layer::Layer;
use super::options::{self, Applies, ConfigSection, OptionSpec};
use super::raw::{Raw, RawKey, Shape};
use super::report::{ConfigProblem, ConfigReport};
use super::source::SourceFile;
use super::written::{self, SectionPlace, WrittenConfig, WrittenJob, WrittenTask};
use crate::task::TaskName;
use crate::text::lists::one_of;
use crate::text::suggest::{did_you_mean, nearest};

const MOST_SYNTAX_ERRORS: usize = 10;
/// For how many unknown keys it is looked for what was meant: a file with more of them is no
/// configuration.
const MOST_SUGGESTIONS: usize = 200;
const TABLES: [&str; 13] = [
    "log",
    "history",
    "metrics",
    "metrics_push",
    "lock",
    "liveness",
    "board",
    "mail",
    "defaults",
    "tasks",
    "worker",
    "jobs",
    "schedules",
];

/// Reads a file. What is wrong goes to the report; `None` after syntax errors, which keep the rest
/// from being checked.
pub(super) fn read(source: &SourceFile, report: &mut ConfigReport) -> Option<WrittenConfig> {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    for error in errors.iter().take(MOST_SYNTAX_ERRORS) {
        report.add(syntax_error(source, error));
    }
    if !errors.is_empty() {
        return None;
    }
    let mut document = Document {
        source,
        report,
        written: WrittenConfig::default(),
        unknown_keys: 0,
    };
    document.root(&Raw::of_table(&table));
    Some(document.written)
}

fn syntax_error(source: &SourceFile, error: &toml::de::Error) -> ConfigProblem {
    let end = source.text.len();
    let span = error.span().unwrap_or(end..end);
    let origin = source.origin(span.clone());
    let unquoted = error.message().starts_with("string values must be quoted");
    match source.text.get(span) {
        Some(word) if unquoted => ConfigProblem::error(&origin, "a text needs quotation marks")
            .help(format!("write `\"{word}\"`")),
        _ => ConfigProblem::error(&origin, format!("this is not TOML: {}", error.message())),
    }
}

/// Reads what can be read of a file that is not well-formed, or half saved.
pub(super) fn salvage(source: &SourceFile) -> WrittenConfig {
    let (table, _) = DeTable::parse_recoverable(&source.text);
    let mut document = Document {
        source,
        report: &mut ConfigReport::default(),
        written: WrittenConfig::default(),
        unknown_keys: 0,
    };
    document.root(&Raw::of_table(&table));
    document.written
}

struct Document<'a> {
    source: &'a SourceFile,
    report: &'a mut ConfigReport,
    written: WrittenConfig,
    unknown_keys: usize,
}

/// In which section keys are being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within<'a> {
    Section(ConfigSection),
    Defaults,
    Task(&'a str),
}

impl Within<'_> {
    fn section(self) -> ConfigSection {
        match self {
            Within::Section(section) => section,
            Within::Defaults | Within::Task(_) => ConfigSection::Task,
        }
    }

    fn in_words(self) -> String {
        match self {
            Within::Section(ConfigSection::Root) => String::new(),
            Within::Section(section) => format!(" in `{}`", section.header()),
            Within::Defaults => " in `[defaults]`".to_owned(),
            Within::Task(name) => format!(" in `[tasks.{name}]`"),
        }
    }
}

impl Document<'_> {
    fn root(&mut self, raw: &Raw) {
        let Shape::Table(entries) = &raw.shape else {
            return;
        };
        let mut layer = Layer::default();
        for (key, value) in entries {
            match key.name.as_str() {
                "log" => self.table(Within::Section(ConfigSection::Log), key, value),
                "history" => self.table(Within::Section(ConfigSection::History), key, value),
                "metrics" => self.table(Within::Section(ConfigSection::Metrics), key, value),
                "metrics_push" => {
                    self.table(Within::Section(ConfigSection::MetricsPush), key, value)
                }
                "lock" => self.table(Within::Section(ConfigSection::Lock), key, value),
                "liveness" => self.table(Within::Section(ConfigSection::Liveness), key, value),
                "board" => self.table(Within::Section(ConfigSection::Board), key, value),
                "server" => self.table(Within::Section(ConfigSection::Server), key, value),
                "mail" => self.table(Within::Section(ConfigSection::Mail), key, value),
                "defaults" => self.table(Within::Defaults, key, value),
                "tasks" => self.tasks(key, value),
                "worker" => {
                    self.written.has_worker = true;
                    self.table(Within::Section(ConfigSection::Worker), key, value);
                }
                "jobs" => self.written.jobs = self.named(key, value),
                "schedules" => self.written.schedules = self.named(key, value),
                _ => self.entry(&mut layer, Within::Section(ConfigSection::Root), key, value),
            }
        }
        self.written.root = layer;
    }

    fn table(&mut self, within: Within<'_>, key: &RawKey, value: &Raw) {
        let Some(entries) = self.expect_table(key, value) else {
            return;
        };
        let mut layer = Layer::default();
        for (key, value) in entries {
            self.entry(&mut layer, within, key, value);
        }
        *self.written.section(within.section()) = layer;
    }

    fn tasks(&mut self, key: &RawKey, value: &Raw) {
        let Some(entries) = self.expect_table(key, value) else {
            return;
        };
        for (key, value) in entries {
            let origin = self.source.origin(key.span.clone());
            let name = match TaskName::of_key(&key.name) {
                Ok(name) => name,
                Err(_) => {
                    let message = format!("`{}` cannot be the name of a task", key.name);
                    self.report.add(ConfigProblem::error(&origin, message).help(
                        "letters, digits, `_` and `-`, beginning with a letter; or a path such as `\"a::sync\"`",
                    ));
                    continue;
                }
            };
            let Some(entries) = self.expect_table(key, value) else {
                continue;
            };
            let mut layer = Layer::default();
            for (inner, value) in entries {
                self.entry(&mut layer, Within::Task(&key.name), inner, value);
            }
            if self.written.tasks.contains_key(&name) {
                let message = format!("`{name}` is configured twice");
                self.report.add(ConfigProblem::error(&origin, message));
                continue;
            }
            // Of what has nothing but strange tables in it, enough has been reported.
            if layer != Layer::default() || entries.is_empty() {
                self.written
                    .tasks
                    .insert(name, WrittenTask { origin, layer });
            }
        }
    }

    /// What is in them is read once all else is known.
    fn named(&mut self, key: &RawKey, value: &Raw) -> Vec<WrittenJob> {
        let mut named = Vec::new();
        for (name, value) in self.expect_table(key, value).into_iter().flatten() {
            if let Some(entries) = self.expect_table(name, value) {
                named.push(WrittenJob {
                    name: name.clone(),
                    entries: entries.clone(),
                });
            }
        }
        named
    }

    fn expect_table<'r>(&mut self, key: &RawKey, value: &'r Raw) -> Option<&'r Vec<(RawKey, Raw)>> {
        match &value.shape {
            Shape::Table(entries) => Some(entries),
            other => {
                let origin = self.source.origin(value.span.clone());
                let message = format!("`{}` is a table, not {}", key.name, other.in_words());
                let example = match key.name.as_str() {
                    "log" => "log = { level = \"info\" }",
                    "mail" => "mail = { to = [\"ops@example.org\"] }",
                    _ => "write a section in brackets",
                };
                self.report.add(
                    ConfigProblem::error(&origin, message).help(format!("for example `{example}`")),
                );
                None
            }
        }
    }

    fn entry(&mut self, layer: &mut Layer, within: Within<'_>, key: &RawKey, value: &Raw) {
        let option = options::find(within.section(), &key.name);
        match option {
            Some(option) if within == Within::Defaults && option.applies == Applies::Program => {
                let message = format!("`{}` cannot be in `[defaults]`", key.name);
                let origin = self.source.origin(key.span.clone());
                let help = "what is executed belongs to `[tasks.NAME]`";
                self.report
                    .add(ConfigProblem::error(&origin, message).help(help));
            }
            Some(option) => self.store(layer, option, value),
            None if self.unknown_keys >= MOST_SUGGESTIONS => {
                let origin = self.source.origin(key.span.clone());
                let message = format!("unknown key `{}`{}", key.name, within.in_words());
                self.report.add(ConfigProblem::error(&origin, message));
            }
            None => {
                self.unknown_keys += 1;
                // What was meant is not missing as well.
                let meant = self.meant(within, &key.name);
                let meant = meant.or((key.name == "password").then_some("password_file"));
                if let Some(meant) = meant {
                    layer.break_key(meant);
                }
                let problem = self.unknown(within, key, value);
                self.report.add(problem);
            }
        }
    }

    fn store(&mut self, layer: &mut Layer, option: &'static OptionSpec, value: &Raw) {
        let origin = self.source.origin(value.span.clone());
        let source = self.source;
        let place = SectionPlace {
            base: source.directory(),
            origin_of: &|fault| source.origin(fault.span.clone()),
        };
        written::store(layer, option, value, &origin, place, self.report);
    }

    fn meant(&self, within: Within<'_>, word: &str) -> Option<&'static str> {
        nearest(word, options::of(within.section()).map(|option| option.key))
    }

    fn unknown(&self, within: Within<'_>, key: &RawKey, value: &Raw) -> ConfigProblem {
        let origin = self.source.origin(key.span.clone());
        let place = within.in_words();
        let name = key.name.as_str();
        if name == "password" && within.section() == ConfigSection::Mail {
            return ConfigProblem::error(&origin, "a password does not belong into this file")
                .help("put it into a file that only its owner can read: `password_file = \"smtp_password\"`")
                .help("or into an environment variable: `password_env = \"SMTP_PASSWORD\"`");
        }
        let problem = ConfigProblem::error(&origin, format!("unknown key `{name}`{place}"));
        let is_table = matches!(value.shape, Shape::Table(_));
        match within {
            Within::Task(task) if is_table => {
                return problem.help(format!(
                    "the task `{task}::{name}` is written `[tasks.\"{task}::{name}\"]`"
                ));
            }
            _ => {}
        }
        let known = options::of(within.section()).map(|option| option.key);
        let tables = TABLES
            .into_iter()
            .filter(|_| within == Within::Section(ConfigSection::Root));
        let candidates: Vec<&str> = known.chain(tables).collect();
        let help = did_you_mean(name, candidates.iter().copied())
            .or_else(|| elsewhere(within, name))
            .unwrap_or_else(|| format!("known are {}", one_of(candidates)));
        problem.help(help)
    }
}

/// Reports where a key belongs that was written into the wrong section.
fn elsewhere(within: Within<'_>, name: &str) -> Option<String> {
    if TABLES.contains(&name) {
        return Some(format!("`{name}` belongs to the top of the file"));
    }
    let has_it = |section: &ConfigSection| options::find(*section, name).is_some();
    let others = ConfigSection::ALL
        .into_iter()
        .filter(|section| *section != within.section())
        .filter(has_it);
    let (of_jobs, others): (Vec<_>, Vec<_>) = others.partition(|section| section.is_of_jobs());
    // Few keys are meant for jobs that could be for something else.
    let of_jobs = of_jobs.into_iter().take(1);
    let homes: Vec<ConfigSection> = match others.is_empty() {
        true => of_jobs.collect(),
        false => others,
    };
    let homes: Vec<&str> = homes
        .into_iter()
        .map(|section| match section {
            ConfigSection::Root => "before the first `[section]`",
            ConfigSection::Log => "to `[log]`",
            ConfigSection::History => "to `[history]`",
            ConfigSection::Metrics => "to `[metrics]`",
            ConfigSection::MetricsPush => "to `[metrics_push]`",
            ConfigSection::Lock => "to `[lock]`",
            ConfigSection::Liveness => "to `[liveness]`",
            ConfigSection::Board => "to `[board]`",
            ConfigSection::Server => "to `[server]`",
            ConfigSection::Mail => "to `[mail]`",
            ConfigSection::Task => "to `[tasks.NAME]` or `[defaults]`",
            ConfigSection::Worker => "to `[worker]`",
            ConfigSection::Schedule | ConfigSection::Exclude => "to `[schedules.NAME]`",
            _ => "to `[jobs.NAME]`",
        })
        .collect();
    (!homes.is_empty()).then(|| format!("`{name}` belongs {}", homes.join(", or ")))
}
