//! `logs`: what runs printed, and with `-f` what the next ones print when they have ended.

use std::fmt::Write;
use std::os::fd::AsFd;
use std::time::Duration;

use super::super::args::LogsArgs;
use super::super::output::{pipe_reader, plain, print, width};
use crate::config::Loaded;
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::core::failure::Output;
use crate::core::settings::Settings;
use crate::history::{HistoryReader, ReadPosition, RecordedRun};
use crate::report::fitting;
use crate::runs::headline::headline;
use crate::runs::run_query::{QueryLine, RunEntry, RunFilter, RunQuery};
use crate::task::TaskName;
use crate::text::counts::grouped;
use crate::unix::clock;
use crate::unix::dir_watch::DirWatch;
use crate::unix::terminal::print_to_stderr;
use crate::unix::waiter::Waiter;

/// How long a change may stay unseen where the kernel does not tell of changes, on NFS for
/// instance.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Prints what was asked for.
pub(crate) fn show(loaded: &Loaded, args: &LogsArgs) -> CommandResult {
    let settings = &loaded.settings;
    let past = RunQuery::open(settings, RunFilter::of(args.task.as_deref()))?;
    if let Some(name) = &args.run {
        print(&shown(&past, &past.run(name)?))?;
        return past.ended();
    }
    // What comes from now on is told after what there is, not twice.
    let mut bookmarks = Bookmarks::of(&past);
    let entries = past.latest(args.runs, |_| true);
    if entries.is_empty() {
        let may_come = args.follow && past.is_of_any(loaded.tasks.keys().map(TaskName::as_str));
        match past.nothing() {
            Err(_) if may_come => {}
            Ok(_) if args.follow => {}
            nothing => return print(&nothing?),
        }
        print_to_stderr("Nothing yet; waiting for a run to end\n");
    }
    for entry in &entries {
        print(&shown(&past, entry))?;
    }
    if args.follow {
        return follow(past, settings, &mut bookmarks);
    }
    past.ended()
}

/// How far each history has been told.
struct Bookmarks(Vec<(String, ReadPosition)>);

impl Bookmarks {
    fn of(past: &RunQuery) -> Self {
        let shelves = past.shelves().iter();
        Bookmarks(
            shelves
                .map(|(chain, shelf)| (chain.clone(), shelf.end()))
                .collect(),
        )
    }

    /// Returns that of a chain; of one that is new, its beginning.
    fn of_chain(&mut self, chain: &str) -> &mut ReadPosition {
        let known = self.0.iter().position(|(known, _)| known == chain);
        let at = known.unwrap_or_else(|| {
            self.0.push((chain.to_owned(), ReadPosition::default()));
            self.0.len() - 1
        });
        &mut self.0[at].1
    }
}

/// Prints what comes, until it is interrupted or its reader stops.
fn follow(mut past: RunQuery, settings: &Settings, bookmarks: &mut Bookmarks) -> CommandResult {
    let no_descriptor = |error| CommandError::of(exit::FAILED, &error);
    let mut alarm = Waiter::new().map_err(no_descriptor)?;
    // Without it we look from time to time.
    let changes = DirWatch::new().ok();
    let reader = pipe_reader();
    loop {
        past.look_for_shelves()?;
        if let Some(changes) = &changes {
            let _ = changes.watch(&settings.state_dir);
            for (_, shelf) in past.shelves() {
                let _ = changes.watch(shelf.path());
            }
            changes.clear();
        }
        for (chain, shelf) in past.shelves() {
            for entry in past.news(chain, shelf, bookmarks.of_chain(chain)) {
                print(&shown_on(shelf, &entry))?;
            }
        }
        let sources = [
            changes.as_ref().map(AsFd::as_fd),
            reader.as_ref().map(AsFd::as_fd),
        ];
        let [_, is_gone] = alarm
            .wait(sources, clock::mono() + LOOK_AGAIN)
            .map_err(no_descriptor)?;
        if is_gone {
            return Ok(());
        }
    }
}

fn shown(past: &RunQuery, entry: &RunEntry) -> String {
    let shelf = past
        .shelves()
        .iter()
        .find(|(chain, _)| *chain == entry.chain);
    shelf.map_or_else(String::new, |(_, shelf)| shown_on(shelf, entry))
}

fn shown_on(shelf: &HistoryReader, entry: &RunEntry) -> String {
    let headline = format!("── {}", headline(entry).trim_start());
    let mut text = format!("{}\n", fitting(&headline, width()));
    let QueryLine::One(run) = &entry.line else {
        return text;
    };
    match run.output {
        Some(place) => match shelf.output(entry.part, &place) {
            Some(output) => add_output(&mut text, &output),
            None => text.push_str("(what it printed is no longer there)\n"),
        },
        None => add_words(&mut text, run),
    }
    text
}

fn add_output(text: &mut String, output: &Output) {
    text.push_str(&plain(&output.head));
    if output.cut > 0 {
        let cut = grouped(output.cut);
        let _ = write!(text, "\n… {cut} bytes left out …\n{}", plain(&output.tail));
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
}

/// A function prints nothing that could be kept: its error must do.
fn add_words(text: &mut String, run: &RecordedRun) {
    for line in run.text.iter().chain(&run.details) {
        let _ = writeln!(text, "{}", plain(line));
    }
}
