//! `metrics`: what is known of chains as numbers, for whoever draws them and wakes people by them. Changes nothing but the file it is asked for.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::args::MetricsArgs;
use super::screen::{Ended, Refusal, print, tell};
use super::status::look::{self, Chain, Standing, View};
use crate::config::Loaded;
use crate::exit;
use crate::mail::outbox;
use crate::metrics::{self, Alerts, ENDING, Mail, Runner, Task};
use crate::process::files::{self, Readers};
use crate::process::live::Doing;
use crate::time::Moment;

/// Prints or writes the page of these chains, or of all of RUN_ROOT.
pub(crate) fn show(loaded: &Loaded, args: &MetricsArgs) -> Ended {
    let file = args.textfile.as_deref();
    let file = file.filter(|file| file.as_os_str() != OsStr::new("-"));
    file.map_or(Ok(()), judge)?;
    let view = look::at(loaded, &args.names)?;
    let text = page(&view);
    match file {
        Some(file) => write(file, &text)?,
        None => print(&text)?,
    }
    hidden(&view)
}

fn judge(file: &Path) -> Ended {
    if is_read(file) {
        return Ok(());
    }
    let message = format!(
        "the node exporter reads only files whose names end with `{ENDING}`, and `{}` does not",
        file.display()
    );
    let hint = format!("write `--textfile {}{ENDING}`", file.display());
    Err(Refusal::new(exit::USAGE, message).hint(hint))
}

/// Returns whether the node exporter reads a file of this name.
fn is_read(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default();
    name.len() > ENDING.len() && name.as_bytes().ends_with(ENDING.as_bytes())
}

fn write(file: &Path, text: &str) -> Ended {
    files::replace(file, text.as_bytes(), Readers::All).map_err(|error| {
        let message = format!("`{}` cannot be written: {error}", file.display());
        Refusal::new(exit::FAILED, message)
            .hint("it is replaced as a whole, so its directory must be there and ours to write")
    })
}

/// Tells of the chains that are not in the page.
fn hidden(view: &View) -> Ended {
    let mut ended = Ok(());
    for chain in &view.chains {
        if let Standing::Hidden(why) = &chain.standing {
            tell(&format!(
                "warning: `{}` is left out, it cannot be looked at: {why}\n",
                chain.name
            ));
            ended = Err(Refusal::said(exit::NO_PERMISSION));
        }
    }
    ended
}

fn page(view: &View) -> String {
    let seen = view.chains.iter();
    let seen = seen.filter(|chain| !matches!(chain.standing, Standing::Hidden(_)));
    let chains: Vec<metrics::Chain<'_>> =
        seen.map(|chain| of(chain, &view.mail, view.now)).collect();
    metrics::page(&chains, view.now.wall)
}

fn of<'a>(chain: &'a Chain, report: &outbox::Report, now: Moment) -> metrics::Chain<'a> {
    let name = chain.name.as_str();
    let is_up = matches!(chain.standing, Standing::Runs(_) | Standing::Unseen);
    let runner = is_up.then(|| Runner {
        version: chain.counts.version.clone(),
        began: chain.began,
        next_run: match chain.doing {
            Doing::Sleeping { until, .. } => Some(now.at(until).wall),
            _ => None,
        },
    });
    let task = |task: &'a look::Task| Task {
        label: &task.label,
        past: &task.past,
        alerts: Alerts {
            down_since: task.down.as_ref().map(|down| down.since),
            muted_until: chain.muted_until(&task.label),
            muted_mails: task.muted_mails,
        },
    };
    let held_back = chain.counts.held_back.iter();
    let held_back = held_back.map(|(sort, count)| (sort.word(), *count));
    metrics::Chain {
        name,
        runner,
        page_due: None,
        tasks: chain.tasks.iter().map(task).collect(),
        mail: Mail {
            memory_written: chain.counts.memory_written,
            ..mail(&chain.counts.mailed, held_back.collect(), report, name)
        },
    }
}

/// Puts together what is known of the mails of a chain from its history, its memory and the outbox.
pub(crate) fn mail<'a>(
    written: &'a crate::state::history::Mails,
    held_back: Vec<(&'static str, u64)>,
    report: &outbox::Report,
    chain: &str,
) -> Mail<'a> {
    let left = report.left.of(chain);
    let waiting = report.chains.get(chain);
    Mail {
        written,
        sent: left.sent,
        failed: left.failed,
        held_back,
        waiting: waiting.map_or(0, |(count, _)| *count),
        oldest: waiting.map(|(_, oldest)| *oldest),
        leaves: report.broken.is_none(),
        memory_written: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::notice::Sort;

    #[test]
    fn the_page_knows_the_sorts_of_mail() {
        let sorts = [
            Sort::First,
            Sort::New,
            Sort::Downtime { count: 1 },
            Sort::Downtime { count: 2 },
            Sort::StillRunning,
            Sort::Healed,
            Sort::HeldBack,
            Sort::Summary,
        ];
        assert_eq!(sorts.map(Sort::word), metrics::SORTS);
    }

    #[test]
    fn only_what_the_node_exporter_reads_is_written() {
        for right in ["a.prom", "/x/y.prom", "..prom"] {
            assert!(is_read(Path::new(right)), "{right}");
        }
        for wrong in ["a", ".prom", "a.prom.txt", "a.PROM", "/", "x.prom/..", ""] {
            assert!(!is_read(Path::new(wrong)), "{wrong}");
        }
    }
}
