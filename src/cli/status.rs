//! `status`: what runs, what sleeps, and what fails. Liveness is the lock, never the number in a file. Writes nothing.

use std::fmt::Write;

use serde_json::{Value, json};

use super::control::chain_name;
use super::screen::{Ended, Refusal, counted, local_time, print as print_text, program};
use crate::alert::memory::Memory;
use crate::chain::ChainName;
use crate::exit;
use crate::mail::outbox;
use crate::process::incumbent::{self, Holder};
use crate::process::live::{self, Doing, Glimpse};
use crate::process::run_root::RunRoot;
use crate::process::{boot, clock};
use crate::settings::Settings;
use crate::state::{holder, kept};
use crate::time::{Moment, in_words};

const MOST_BYTES: u64 = 16 << 20;

/// How the answer is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people.
    Text,
    /// As data.
    Json,
}

/// What is known of a chain.
struct Known {
    chain: ChainName,
    pid: Option<i32>,
    unseen: bool,
    tasks: Vec<String>,
    glimpse: Option<Glimpse>,
    failing: Vec<Failing>,
    mails: Mails,
}

/// What is known of mails to come.
#[derive(Debug, Default)]
struct Mails {
    /// How many are held back, until when, and why.
    held_back: Option<String>,
    /// When the next summary comes.
    summary: Option<String>,
}

/// A task that is down.
struct Failing {
    task: String,
    since: String,
    failures: u64,
    latest: String,
}

/// Prints what is known of one chain, or of all of RUN_ROOT. Exit code 1 when something fails, else 3 when something does not run.
pub(crate) fn print(settings: &Settings, name: Option<&str>, form: Form) -> Ended {
    let unsafe_path = |error| Refusal::of(exit::UNSAFE_DIRECTORY, &error);
    let root = RunRoot::open_existing(&settings.run_root).map_err(unsafe_path)?;
    let chains = match (name, &root) {
        (Some(name), _) => vec![chain_name(name)?],
        (None, Some(root)) => {
            let stems = root.stems(".pid").map_err(unsafe_path)?;
            stems
                .iter()
                .filter_map(|stem| ChainName::parse(stem))
                .collect()
        }
        (None, None) => Vec::new(),
    };
    let now = clock::now();
    let mut known = Vec::new();
    for chain in chains {
        known.push(match &root {
            Some(root) => look(settings, root, chain, now)?,
            None => Known::nothing(chain),
        });
    }
    let report = outbox::report(&settings.state_dir);
    match form {
        Form::Json => print_text(&format!("{:#}\n", as_json(&known, &report, now)))?,
        Form::Text => print_text(&as_text(settings, &known, &report, now))?,
    }
    let failing = known.iter().any(|known| !known.failing.is_empty()) || report.broken.is_some();
    let missing = known.is_empty()
        || known
            .iter()
            .any(|known| known.pid.is_none() && !known.unseen);
    match (failing, missing) {
        (true, _) => Err(Refusal::said(exit::FAILED)),
        (false, true) => Err(Refusal::said(exit::NOT_RUNNING)),
        (false, false) => Ok(()),
    }
}

fn look(
    settings: &Settings,
    root: &RunRoot,
    chain: ChainName,
    now: Moment,
) -> Result<Known, Refusal> {
    let unsafe_path = |error| Refusal::of(exit::UNSAFE_DIRECTORY, &error);
    let holder = incumbent::find(root, &chain).map_err(unsafe_path)?;
    let said = root
        .read(&format!("{chain}.state"), MOST_BYTES)
        .ok()
        .flatten();
    let said = said.and_then(|bytes| holder::Holder::parse(&bytes));
    let page = root
        .open_existing_file(&format!("{chain}.live"))
        .ok()
        .flatten();
    let here = boot::short(&boot::id());
    let glimpse = page
        .and_then(|page| live::glimpse(&page))
        .filter(|glimpse| glimpse.boot == here);
    let memory = memory(settings, &chain);
    let failing = memory.as_ref().map(|memory| failing(memory, now));
    let mails = memory.as_ref().map(|memory| Mails::of(memory, now));
    let mut known = Known {
        tasks: said.map(|said| said.tasks).unwrap_or_default(),
        glimpse,
        failing: failing.unwrap_or_default(),
        mails: mails.unwrap_or_default(),
        ..Known::nothing(chain)
    };
    match holder {
        Holder::Runner(runner) => known.pid = Some(runner.pid()),
        Holder::Unseen => known.unseen = true,
        Holder::Nobody => {}
    }
    Ok(known)
}

/// What a runner has left, or leaves when it dies now.
fn memory(settings: &Settings, chain: &ChainName) -> Option<Memory> {
    let state_dir = RunRoot::open_existing(&settings.state_dir).ok().flatten()?;
    let bytes = state_dir.read(&format!("{chain}.memory"), MOST_BYTES);
    let kept = kept::decode::<Memory>(&bytes.ok().flatten()?).ok()?;
    Some(kept.alerts)
}

/// What the memory of alerts says of tasks that are down.
fn failing(memory: &Memory, now: Moment) -> Vec<Failing> {
    let down = memory.tasks().iter().filter_map(|task| {
        let ongoing = task.outage.as_ref()?;
        let since = now
            .wall
            .duration_since(ongoing.outage.started.wall)
            .unwrap_or_default();
        Some(Failing {
            task: task.name.clone(),
            since: in_words(since),
            failures: ongoing.outage.failures,
            latest: ongoing.latest.text.clone(),
        })
    });
    down.collect()
}

impl Mails {
    fn of(memory: &Memory, now: Moment) -> Self {
        let held_back = memory.waiting().map(|waiting| {
            let count = counted(waiting.kinds, "mail", "mails");
            let until = memory
                .is_of_boot(&boot::id())
                .then(|| now.at(waiting.until).wall)
                .filter(|until| *until > now.wall)
                .map(|until| format!(" until {}", local_time(until, "%H:%M")));
            let unnamed = match waiting.unnamed {
                0 => String::new(),
                more => format!(", and {} more", counted(more, "failure", "failures")),
            };
            format!(
                "{count} held back{}: {}{unnamed}",
                until.unwrap_or_default(),
                waiting.limit
            )
        });
        let summary = memory.next_summary();
        Mails {
            held_back,
            summary: summary.map(|due| local_time(due, "%a %d %b %H:%M")),
        }
    }
}

impl Known {
    fn nothing(chain: ChainName) -> Self {
        Known {
            chain,
            pid: None,
            unseen: false,
            tasks: Vec::new(),
            glimpse: None,
            failing: Vec::new(),
            mails: Mails::default(),
        }
    }

    fn task(&self, step: usize) -> &str {
        self.tasks.get(step).map_or("a task", String::as_str)
    }

    fn next(&self, step: usize) -> &str {
        self.task(if step + 1 < self.tasks.len() {
            step + 1
        } else {
            0
        })
    }

    fn doing(&self, now: Moment) -> String {
        if self.unseen {
            return "runs in a container that cannot be seen from here".to_owned();
        }
        let Some(pid) = self.pid else {
            return "not running".to_owned();
        };
        let ours = |glimpse: &&Glimpse| i64::from(glimpse.pid) == i64::from(pid);
        match self
            .glimpse
            .as_ref()
            .filter(ours)
            .map(|glimpse| glimpse.doing)
        {
            Some(Doing::Running { step, since }) => {
                format!(
                    "running {} for {}",
                    self.task(step),
                    in_words(now.mono.since(since))
                )
            }
            Some(Doing::Sleeping { step, until, .. }) => {
                format!(
                    "sleeping, {} is next in {}",
                    self.next(step),
                    in_words(until.since(now.mono))
                )
            }
            Some(Doing::Nothing) | None => "running".to_owned(),
        }
    }
}

fn as_text(settings: &Settings, known: &[Known], report: &outbox::Report, now: Moment) -> String {
    let mut text = String::new();
    if known.is_empty() {
        let _ = writeln!(
            text,
            "No chain was ever run in `{}`.",
            settings.run_root.display()
        );
    }
    for known in known {
        let pid = known
            .pid
            .map_or_else(String::new, |pid| format!(" (pid {pid})"));
        let _ = writeln!(text, "{}{pid}: {}", known.chain, known.doing(now));
        for Failing {
            task,
            since,
            failures,
            latest,
        } in &known.failing
        {
            let _ = writeln!(
                text,
                "  {task} has been down for {since}: {failures} failed {}, the latest: {latest}",
                if *failures == 1 { "run" } else { "runs" }
            );
        }
        if let Some(held_back) = &known.mails.held_back {
            let _ = writeln!(text, "  {held_back}");
        }
        if let Some(due) = known.mails.summary.as_ref().filter(|_| known.pid.is_some()) {
            let _ = writeln!(text, "  the next summary comes {due}");
        }
        if known.pid.is_none() && !known.unseen && !known.tasks.is_empty() {
            let _ = writeln!(
                text,
                "  start it with `{} {}`",
                program(),
                known.tasks.join(" ")
            );
        }
    }
    if let Some(broken) = &report.broken {
        let _ = writeln!(text, "mail does not leave: {}", broken.trouble.line());
    }
    if report.waiting > 0 {
        let _ = writeln!(text, "{} mails wait in the outbox", report.waiting);
    }
    if report.dropped > 0 {
        let _ = writeln!(text, "{} mails found no room in the outbox", report.dropped);
    }
    text
}

fn as_json(known: &[Known], report: &outbox::Report, now: Moment) -> Value {
    let chains: Vec<Value> = known
        .iter()
        .map(|known| {
            let failing: Vec<Value> = known
                .failing
                .iter()
                .map(|down| json!({ "task": down.task, "since": down.since, "failures": down.failures, "latest": down.latest }))
                .collect();
            json!({
                "chain": known.chain.as_str(),
                "running": known.pid.is_some() || known.unseen,
                "pid": known.pid,
                "tasks": known.tasks,
                "doing": known.doing(now),
                "failing": failing,
                "held_back": known.mails.held_back,
                "next_summary": known.mails.summary,
            })
        })
        .collect();
    json!({
        "chains": chains,
        "mail": {
            "waiting": report.waiting,
            "dropped": report.dropped,
            "trouble": report.broken.as_ref().map(|broken| broken.trouble.line()),
        },
    })
}
