//! The runs of the past as commands look for them: by chain, by task, by the name of a run.

use std::collections::HashMap;

use crate::config::invocation::Call;
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::event::RunId;
use crate::core::exit;
use crate::core::settings::Settings;
use crate::history::{
    HistoryReader, Mailed, ReadPosition, Record, RecordedRun, RecordedRuns, RunResult, Stamp,
    chains,
};
use crate::task::TaskName;
use crate::task::label::TaskLabel;
use crate::text::suggest::suggestions;
use crate::unix::terminal::print_to_stderr;
use crate::unix::trusted_paths::{PrivateDir, UntrustedPath};

/// Whose runs are looked for.
#[derive(Clone, Debug)]
pub(crate) enum RunFilter {
    /// Everybody's.
    All,
    /// Those of a task, or of all tasks of a chain: what was typed, and what it is if it is the
    /// name of a task.
    Named(String, Option<String>),
}

/// The histories to look in.
#[derive(Debug)]
pub(crate) struct RunQuery {
    settings: Settings,
    whose: RunFilter,
    shelves: Vec<(String, HistoryReader)>,
    /// The chains of which was told why they cannot be looked at.
    told: Vec<String>,
}

/// A run, or many that were counted together, with what became of it.
#[derive(Debug)]
pub(crate) struct RunEntry {
    /// Of which chain.
    pub(crate) chain: String,
    /// In which part of its history.
    pub(crate) part: Stamp,
    /// What is known of it.
    pub(crate) line: QueryLine,
    /// The mails about it.
    pub(crate) mails: Vec<Mailed>,
    /// Why it was not mailed.
    pub(crate) silent: Option<String>,
}

/// A single run, or many.
#[derive(Debug)]
pub(crate) enum QueryLine {
    /// A single run.
    One(Box<RecordedRun>),
    /// Many that ended alike.
    Many(Box<RecordedRuns>),
}

impl RunFilter {
    /// Reads what was typed.
    pub(crate) fn of(typed: Option<&str>) -> Self {
        match typed {
            None => RunFilter::All,
            Some(typed) => {
                let (path, place) = TaskLabel::of(typed).parts();
                let task = TaskName::parse(path).ok();
                let task = task.map(|task| format!("{task}{place}"));
                RunFilter::Named(typed.to_owned(), task)
            }
        }
    }

    /// Returns whether a run of this task of this chain is looked for. A task is also found by its
    /// function alone, as mails name it.
    fn is(&self, chain: &str, label: &str) -> bool {
        let RunFilter::Named(typed, task) = self else {
            return true;
        };
        let of_label = TaskLabel::of(label);
        let named = |name: &String| name == label || name == of_label.name();
        chain == typed || of_label.function() == typed || task.as_ref().is_some_and(named)
    }
}

impl QueryLine {
    /// Returns what its task is called.
    pub(crate) fn task(&self) -> &str {
        match self {
            QueryLine::One(run) => &run.task,
            QueryLine::Many(runs) => &runs.task,
        }
    }

    /// Returns when it began.
    pub(crate) fn at(&self) -> Stamp {
        match self {
            QueryLine::One(run) => run.at,
            QueryLine::Many(runs) => runs.at,
        }
    }

    /// Returns how it ended.
    pub(crate) fn result(&self) -> RunResult {
        match self {
            QueryLine::One(run) => run.result,
            QueryLine::Many(runs) => runs.result,
        }
    }
}

impl RunQuery {
    /// Opens all histories.
    ///
    /// # Errors
    ///
    /// When the directory cannot be relied on.
    pub(crate) fn open(settings: &Settings, whose: RunFilter) -> Result<Self, CommandError> {
        let mut past = RunQuery {
            settings: settings.clone(),
            whose,
            shelves: Vec::new(),
            told: Vec::new(),
        };
        past.look_for_shelves()?;
        Ok(past)
    }

    /// Opens what has come since.
    pub(crate) fn look_for_shelves(&mut self) -> Result<(), CommandError> {
        let unsafe_path = |error: UntrustedPath| error.cannot_look();
        let state_dir = &self.settings.state_dir;
        let Some(root) = PrivateDir::open_existing(state_dir).map_err(unsafe_path)? else {
            return Ok(());
        };
        for chain in chains(&root).map_err(unsafe_path)? {
            if self.shelves.iter().any(|(known, _)| *known == chain) {
                continue;
            }
            match HistoryReader::open(state_dir, &chain) {
                Ok(Some(shelf)) => self.shelves.push((chain, shelf)),
                Ok(None) => {}
                // The others can be looked at all the same.
                Err(error) if !self.told.contains(&chain) => {
                    print_to_stderr(&format!(
                        "warning: the runs of `{chain}` are left out: {error}\n"
                    ));
                    self.told.push(chain);
                }
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// Ends a command that could not look at everything, and has said so.
    pub(crate) fn ended(&self) -> CommandResult {
        if self.is_whole() {
            Ok(())
        } else {
            Err(CommandError::said(exit::NO_PERMISSION))
        }
    }

    /// Returns whether nothing was left out that may have been asked for: a chain has one history,
    /// a task may have run in any.
    fn is_whole(&self) -> bool {
        let RunFilter::Named(typed, _) = &self.whose else {
            return self.told.is_empty();
        };
        self.told.is_empty() || self.shelves.iter().any(|(chain, _)| chain == typed)
    }

    /// Returns the histories.
    pub(crate) fn shelves(&self) -> &[(String, HistoryReader)] {
        &self.shelves
    }

    /// Returns whether runs of one of these tasks are looked for, though perhaps none was ever run.
    pub(crate) fn is_of_any<'a>(&self, mut tasks: impl Iterator<Item = &'a str>) -> bool {
        tasks.any(|task| self.whose.is("", task))
    }

    /// Returns whether runs of this task of this chain are looked for.
    pub(crate) fn is_of(&self, chain: &str, task: &str) -> bool {
        self.whose.is(chain, task)
    }

    /// Returns the last runs for which `wanted` holds, oldest first.
    pub(crate) fn latest(&self, most: usize, wanted: impl Fn(&QueryLine) -> bool) -> Vec<RunEntry> {
        let mut found: Vec<RunEntry> = Vec::new();
        for (chain, shelf) in &self.shelves {
            let mut of_chain = Vec::new();
            for part in shelf.parts().into_iter().rev() {
                let records = shelf.records(part).into_iter();
                let records = records.map(|record| (part, record));
                let entries = self.entries(chain, records.collect()).into_iter();
                of_chain.extend(entries.rev().filter(|entry| wanted(&entry.line)));
                if of_chain.len() >= most {
                    break;
                }
            }
            of_chain.truncate(most);
            found.extend(of_chain);
        }
        found.sort_by_key(|entry| entry.line.at());
        found.split_off(found.len().saturating_sub(most))
    }

    /// Returns the run of this name.
    pub(crate) fn run(&self, name: &str) -> Result<RunEntry, CommandError> {
        let Some(id) = RunId::parse(name) else {
            return Err(CommandError::usage(format_args!(
                "`{name}` is not the name of a run, such as `mhx3k9ab2`"
            )));
        };
        let is_it = |line: &QueryLine| matches!(line, QueryLine::One(run) if run.id == id);
        let found = self.latest(1, is_it).pop();
        found.ok_or_else(|| {
            let state_dir = self.settings.state_dir.display();
            CommandError::new(
                exit::FAILED,
                format_args!("no run `{name}` is kept in `{state_dir}`"),
            )
            .hint(format_args!("`{}` shows those that are; the oldest go first, and quick successes are only counted", Call::as_typed().line("history")))
        })
    }

    /// Returns what of a chain came after the bookmark.
    pub(crate) fn news(
        &self,
        chain: &str,
        shelf: &HistoryReader,
        bookmark: &mut ReadPosition,
    ) -> Vec<RunEntry> {
        self.entries(chain, shelf.since(bookmark))
    }

    /// Answers that nothing was found: with an error when the name is unknown.
    pub(crate) fn nothing(&self) -> Result<String, CommandError> {
        let state_dir = self.settings.state_dir.display();
        if !self.is_whole() {
            let message = format!("no run that we may see is kept in `{state_dir}`");
            return Err(
                CommandError::new(exit::NO_PERMISSION, message).hint(UntrustedPath::ANOTHERS)
            );
        }
        let RunFilter::Named(typed, _) = &self.whose else {
            return Ok(format!("No run is kept in `{state_dir}`.\n"));
        };
        let mut known: Vec<String> = Vec::new();
        for (chain, shelf) in &self.shelves {
            let tasks = shelf.summary().tasks;
            if tasks.iter().any(|task| self.whose.is(chain, &task.task)) {
                return Ok(format!(
                    "No such run of `{typed}` is kept in `{state_dir}`.\n"
                ));
            }
            known.extend(tasks.into_iter().map(|task| task.task));
        }
        let refusal = CommandError::new(
            exit::USAGE,
            format_args!("neither a task nor a chain `{typed}` has a history in `{state_dir}`"),
        );
        let mut near = suggestions(typed, known.iter().map(String::as_str));
        if near.is_empty() {
            let chains = self.shelves.iter().map(|(chain, _)| chain.as_str());
            near = suggestions(typed, chains);
        }
        Err(match (near.first(), known.is_empty()) {
            (Some(meant), _) => refusal.hint(format_args!("did you mean `{meant}`?")),
            (None, true) => refusal.hint("no chain ever ran here; `--run-root` looks elsewhere"),
            (None, false) => refusal.hint(format_args!("known are {}", known.join(", "))),
        })
    }

    /// Puts runs together with what became of them.
    fn entries(&self, chain: &str, records: Vec<(Stamp, Record)>) -> Vec<RunEntry> {
        let mut entries: Vec<RunEntry> = Vec::new();
        let mut places: HashMap<RunId, usize> = HashMap::new();
        for (part, record) in records {
            let line = match record {
                Record::Run(run) => {
                    places.insert(run.id, entries.len());
                    QueryLine::One(run)
                }
                Record::Runs(runs) => QueryLine::Many(Box::new(runs)),
                Record::Mailed(mailed) => {
                    let place = mailed.run.and_then(|run| places.get(&run));
                    if let Some(&place) = place {
                        entries[place].mails.push(mailed);
                    }
                    continue;
                }
                Record::Silent(silent) => {
                    if let Some(&place) = places.get(&silent.run) {
                        entries[place].silent = Some(silent.why);
                    }
                    continue;
                }
                _ => continue,
            };
            entries.push(RunEntry {
                chain: chain.to_owned(),
                part,
                line,
                mails: Vec::new(),
                silent: None,
            });
        }
        entries.retain(|entry| self.whose.is(chain, entry.line.task()));
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_found_by_path_function_place_or_chain() {
        let is = |typed, label| RunFilter::of(Some(typed)).is("my_chain", label);
        for typed in ["tasks::a", "tasks.a", "a", "my_chain"] {
            assert!(is(typed, "tasks::a") && is(typed, "tasks::a#2"), "{typed}");
        }
        assert!(is("tasks::a#2", "tasks::a#2") && !is("tasks::a#2", "tasks::a"));
        for typed in ["tasks::b", "b", "my", "tasks", "a#2x"] {
            assert!(!is(typed, "tasks::a"), "{typed}");
        }
        assert!(RunFilter::of(None).is("x", "y"));
    }
}
