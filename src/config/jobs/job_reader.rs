//! Reads the tables of a job by the table of options.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use crate::config::inputs::Inputs;
use crate::config::layer::Layer;
use crate::config::options::{self, Applies, ConfigSection, OptionSpec, ValueKind};
use crate::config::raw::{Raw, RawKey, Shape};
use crate::config::report::{ConfigProblem, ConfigReport};
use crate::config::source::SourceFile;
use crate::config::written::{self, SectionPlace};
use crate::text::lists::one_of;
use crate::text::suggest::{did_you_mean, nearest};

/// For how many unknown keys of a job it is looked for what was meant.
const MOST_SUGGESTIONS: usize = 50;

/// What the definition of each job needs to know.
pub(in crate::config) struct JobSurroundings<'a> {
    /// The file.
    pub(in crate::config) source: &'a SourceFile,
    /// What surrounds this process.
    pub(in crate::config) inputs: &'a Inputs,
    /// The `kill_grace` of the file.
    pub(in crate::config) kill_grace: Duration,
    /// The variables of `[worker]`; `None`: there is no such section.
    pub(in crate::config) vars: Option<&'a BTreeMap<String, String>>,
}

/// Reads the tables of a job.
pub(super) struct JobReader<'a> {
    pub(super) around: &'a JobSurroundings<'a>,
    pub(super) report: &'a mut ConfigReport,
    unknown_keys: usize,
}

/// Which keys a table can have.
#[derive(Clone, Copy, Debug)]
pub(super) enum TableKeys {
    /// Those of a section.
    Section(ConfigSection),
    /// Some of those of a step.
    OfStep(&'static [&'static str]),
    /// What is executed.
    Programs,
    /// What surrounds the process of a command.
    Surroundings,
}

impl TableKeys {
    fn options(self) -> Vec<&'static OptionSpec> {
        let section = match self {
            TableKeys::Section(section) => section,
            TableKeys::OfStep(_) => ConfigSection::Step,
            TableKeys::Programs | TableKeys::Surroundings => ConfigSection::Task,
        };
        let all = options::of(section);
        all.filter(|option| match self {
            TableKeys::Section(_) => true,
            TableKeys::OfStep(keys) => keys.contains(&option.key),
            TableKeys::Programs => option.applies == Applies::Program,
            TableKeys::Surroundings => is_surrounding(option),
        })
        .collect()
    }
}

/// Returns whether an option of tasks is about the process of a command.
pub(super) fn is_surrounding(option: &OptionSpec) -> bool {
    matches!(option.applies, Applies::Child | Applies::Command) || option.key == "timeout"
}

/// A table that was read.
pub(super) struct ReadTable<'r> {
    /// The values of kinds that the table of options reads.
    pub(super) layer: Layer,
    /// All values as they were written.
    raws: BTreeMap<&'static str, &'r Raw>,
    /// Where the table is.
    pub(super) span: Range<usize>,
}

impl<'r> ReadTable<'r> {
    /// Returns a value as it was written.
    pub(super) fn raw(&self, key: &str) -> Option<&'r Raw> {
        self.raws.get(key).copied()
    }
}

impl<'a> JobReader<'a> {
    /// Creates the reader of a job.
    pub(super) fn new(around: &'a JobSurroundings<'a>, report: &'a mut ConfigReport) -> Self {
        JobReader {
            around,
            report,
            unknown_keys: 0,
        }
    }

    /// Reports an error.
    pub(super) fn error(&mut self, span: &Range<usize>, message: String, help: &str) {
        let origin = self.around.source.origin(span.clone());
        let help = Some(help.to_owned()).filter(|help| !help.is_empty());
        self.report
            .add(ConfigProblem::error(&origin, message).maybe_help(help));
    }

    /// Reports a warning.
    pub(super) fn warning(&mut self, span: &Range<usize>, message: String, help: &str) {
        let origin = self.around.source.origin(span.clone());
        self.report
            .add(ConfigProblem::warning(&origin, message).help(help));
    }

    /// Reports a name that is not among those that are known.
    pub(super) fn unknown_name(
        &mut self,
        span: &Range<usize>,
        message: String,
        name: &str,
        known: &BTreeSet<String>,
    ) {
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let meant = did_you_mean(name, known.iter().copied());
        let help = meant.unwrap_or_else(|| match known.is_empty() {
            true => String::new(),
            false => format!("known are {}", one_of(known)),
        });
        self.error(span, message, &help);
    }

    /// Reads a table. `place` is the table in words.
    pub(super) fn table<'r>(
        &mut self,
        keys: &[TableKeys],
        entries: &'r [(RawKey, Raw)],
        span: &Range<usize>,
        place: &str,
    ) -> ReadTable<'r> {
        let options: Vec<&'static OptionSpec> =
            keys.iter().flat_map(|keys| keys.options()).collect();
        let mut table = ReadTable {
            layer: Layer::default(),
            raws: BTreeMap::new(),
            span: span.clone(),
        };
        for (key, value) in entries {
            match options.iter().find(|option| option.key == key.name) {
                Some(option) => self.store(&mut table, option, value),
                None => {
                    if let Some(meant) = self.unknown_key(key, place, &options, keys) {
                        table.layer.break_key(meant);
                    }
                }
            }
        }
        table
    }

    /// Returns a table with nothing but a command.
    pub(super) fn command_alone<'r>(&mut self, list: &'r Raw) -> ReadTable<'r> {
        let mut table = ReadTable {
            layer: Layer::default(),
            raws: BTreeMap::new(),
            span: list.span.clone(),
        };
        if let Some(option) = options::find(ConfigSection::Task, "command") {
            self.store(&mut table, option, list);
        }
        table
    }

    fn store<'r>(&mut self, table: &mut ReadTable<'r>, option: &'static OptionSpec, raw: &'r Raw) {
        table.raws.insert(option.key, raw);
        if let ValueKind::Structure(_) = option.kind {
            return;
        }
        let source = self.around.source;
        let place = SectionPlace {
            base: source.directory(),
            origin_of: &|fault| source.origin(fault.span.clone()),
        };
        let origin = source.origin(raw.span.clone());
        written::store(&mut table.layer, option, raw, &origin, place, self.report);
    }

    /// Reports a key; returns the one that was meant.
    fn unknown_key(
        &mut self,
        key: &RawKey,
        place: &str,
        options: &[&'static OptionSpec],
        keys: &[TableKeys],
    ) -> Option<&'static str> {
        self.unknown_keys += 1;
        let message = format!("unknown key `{}` in {place}", key.name);
        if self.unknown_keys > MOST_SUGGESTIONS {
            self.error(&key.span, message, "");
            return None;
        }
        let meant = nearest(&key.name, options.iter().map(|option| option.key));
        let help = match meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => {
                let own = options.iter().filter(|option| !is_surrounding(option));
                // The programs are in the table of tasks and in that of steps.
                let mut known: Vec<&str> = Vec::new();
                for option in own {
                    if !known.contains(&option.key) {
                        known.push(option.key);
                    }
                }
                let known = format!("known are {}", one_of(known));
                let surroundings = keys
                    .iter()
                    .any(|keys| matches!(keys, TableKeys::Surroundings));
                match surroundings {
                    true => format!("{known}, and what surrounds a command in `[tasks.NAME]`"),
                    false => known,
                }
            }
        };
        self.error(&key.span, message, &help);
        meant
    }

    /// Returns the entries of a table, or reports that there is no table.
    pub(super) fn entries<'r>(
        &mut self,
        what: &str,
        raw: &'r Raw,
        example: &str,
    ) -> Option<&'r [(RawKey, Raw)]> {
        match &raw.shape {
            Shape::Table(entries) => Some(entries),
            other => {
                let message = format!("{what} is a table, not {}", other.in_words());
                self.error(&raw.span, message, &format!("for example `{example}`"));
                None
            }
        }
    }

    /// Returns the items of a list that is not empty, or reports what is there instead.
    pub(super) fn items<'r>(
        &mut self,
        what: &str,
        raw: &'r Raw,
        example: &str,
    ) -> Option<&'r [Raw]> {
        let message = match &raw.shape {
            Shape::List(items) if !items.is_empty() => return Some(items),
            Shape::List(_) => format!("{what} is empty"),
            other => format!("{what} is a list, not {}", other.in_words()),
        };
        self.error(&raw.span, message, &format!("for example `{example}`"));
        None
    }
}
