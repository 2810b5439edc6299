//! What mails are about: definitions, and what did not happen to jobs, schedules and workers.

use crate::core::settings::TaskSettings;
use crate::notify::mail_composer::{SCHEDULES, WORKERS};
use crate::task::TaskName;

/// The sorts of subjects, each with a name of its own in the memory of the alerter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SubjectSort {
    /// The ends of the jobs of a definition.
    Jobs,
    /// Jobs of a definition that need a person.
    Stuck,
    /// Jobs of a definition that wait for too long.
    Waiting,
    /// A schedule.
    Schedule,
    /// A worker.
    Worker,
}

const SORTS: [(SubjectSort, &str); 5] = [
    (SubjectSort::Jobs, "jobs::"),
    (SubjectSort::Stuck, "stuck::"),
    (SubjectSort::Waiting, "waiting::"),
    (SubjectSort::Schedule, SCHEDULES),
    (SubjectSort::Worker, WORKERS),
];

/// What a mail is about.
#[derive(Clone, Debug)]
pub(super) struct AlertSubject {
    /// The name in the memory.
    pub(super) key: TaskName,
    /// The name on the screen.
    pub(super) label: String,
    /// The sort.
    pub(super) sort: SubjectSort,
    /// What is set for its mails.
    pub(super) settings: TaskSettings,
}

impl AlertSubject {
    /// Creates a subject for which nothing is set.
    pub(super) fn new(sort: SubjectSort, name: &str) -> Self {
        let label = match sort {
            SubjectSort::Schedule | SubjectSort::Worker => format!("{}{name}", prefix(sort)),
            _ => name.to_owned(),
        };
        AlertSubject {
            key: key_of(sort, name),
            label,
            sort,
            settings: settings(None, Vec::new()),
        }
    }

    /// Returns the subject that the memory has under a name; `None`: a later program's.
    pub(super) fn of_key(key: &str) -> Option<Self> {
        SORTS.iter().find_map(|(sort, prefix)| {
            let name = key.strip_prefix(prefix)?;
            Some(AlertSubject::new(*sort, name))
        })
    }

    /// Returns the name that the subject has among those of its sort.
    pub(super) fn name(&self) -> &str {
        let label = self.label.as_str();
        label.strip_prefix(prefix(self.sort)).unwrap_or(label)
    }
}

/// Returns the settings of a subject with these recipients.
pub(super) fn settings(to: Option<Vec<String>>, cc: Vec<String>) -> TaskSettings {
    TaskSettings {
        to,
        cc,
        timeout: None,
        ..TaskSettings::default()
    }
}

fn prefix(sort: SubjectSort) -> &'static str {
    let found = SORTS.iter().find(|(one, _)| *one == sort);
    found.map_or("", |(_, prefix)| *prefix)
}

/// Returns the name that a subject has in the memory. Names of workers may have characters that no
/// name in a memory has.
pub(super) fn key_of(sort: SubjectSort, name: &str) -> TaskName {
    let plain = |c: char| {
        let is_plain = c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if is_plain { c } else { '_' }
    };
    let mut plain: String = name.chars().map(plain).collect();
    if !plain.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        plain.insert(0, '_');
    }
    let prefix = prefix(sort);
    let fallback = || TaskName::parse("jobs::job").expect("the name is a name");
    TaskName::parse(&format!("{prefix}{plain}")).unwrap_or_else(|_| fallback())
}
