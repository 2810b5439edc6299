//! The metrics of a chain as a whole: its runner, its page and its mails.

use std::collections::BTreeMap;
use std::time::SystemTime;

use MetricType::{Counter, Gauge};

use super::chain_metrics::ChainMetrics;
use super::text::{Family, MetricType, seconds, timestamp};

/// The sorts of mail.
pub(crate) const SORTS: [&str; 8] = [
    "first", "new", "downtime", "again", "running", "healed", "digest", "summary",
];
/// What a sort is called that is not one of them.
const OTHER: &str = "other";

/// Adds the families of these chains.
pub(super) fn tell(text: &mut String, chains: &[ChainMetrics<'_>], now: SystemTime) {
    runners(text, chains);
    pages(text, chains, now);
    let counters: [(&str, &str, SortCounts); 3] = [
        (
            "mails_queued_total",
            "Mails to the admin that were put into the outbox, by sort.",
            |chain| chain.mail.written.by_sort(),
        ),
        (
            "mails_sent_total",
            "Mails to the admin that a server or program has accepted, one for each recipient, by sort.",
            |chain| &chain.mail.sent,
        ),
        (
            "mails_failed_total",
            "Mails to the admin that were refused for good or given up, one for each recipient, by sort.",
            |chain| &chain.mail.failed,
        ),
    ];
    for (name, help, of) in counters {
        by_sort(&mut Family::new(text, name, Counter, help), chains, of);
    }
    outboxes(text, chains, now);
}

type SortCounts = for<'a> fn(&'a ChainMetrics<'_>) -> &'a BTreeMap<String, u64>;

fn runners(text: &mut String, chains: &[ChainMetrics<'_>]) {
    let help = "Whether a runner of the chain runs.";
    let mut family = Family::new(text, "up", Gauge, help);
    for chain in chains {
        let up = u8::from(chain.runner.is_some());
        family.add(&[("chain", chain.name)], up);
    }
    let running = |chain: &ChainMetrics<'_>| Some((chain.name.to_owned(), chain.runner.clone()?));
    let running: Vec<_> = chains.iter().filter_map(running).collect();
    let help = "Which version of the program runs the chain; the value is always 1.";
    let mut family = Family::new(text, "build_info", Gauge, help);
    for (name, runner) in &running {
        let version = runner.version.as_deref().unwrap_or("");
        family.add(&[("chain", name), ("version", version)], 1);
    }
    let help = "When the runner began, in seconds since 1970.";
    let mut family = Family::new(text, "start_timestamp_seconds", Gauge, help);
    for (name, runner) in &running {
        family.add_some(&[("chain", name)], runner.began.map(timestamp));
    }
    let help =
        "When the cooldown ends that passes, in seconds since 1970; absent while a task runs.";
    let mut family = Family::new(text, "next_run_timestamp_seconds", Gauge, help);
    for (name, runner) in &running {
        family.add_some(&[("chain", name)], runner.next_run.map(timestamp));
    }
}

fn pages(text: &mut String, chains: &[ChainMetrics<'_>], now: SystemTime) {
    let help = "When this was written, in seconds since 1970.";
    let mut family = Family::new(text, "textfile_written_timestamp_seconds", Gauge, help);
    for chain in chains {
        family.add(&[("chain", chain.name)], timestamp(now));
    }
    let help = "When the runner will have written this anew at the latest, in seconds since 1970; absent when that cannot be said.";
    let mut family = Family::new(text, "textfile_due_timestamp_seconds", Gauge, help);
    for chain in chains {
        family.add_some(&[("chain", chain.name)], chain.page_due.map(timestamp));
    }
    let help = "When the state of alerts was last written, in seconds since 1970.";
    let mut family = Family::new(text, "state_written_timestamp_seconds", Gauge, help);
    for chain in chains {
        let written = chain.mail.memory_written.map(timestamp);
        family.add_some(&[("chain", chain.name)], written);
    }
}

/// Every sort is there from the start: the step from nothing to one is no step to programs that
/// draw it.
fn by_sort(family: &mut Family<'_>, chains: &[ChainMetrics<'_>], of: SortCounts) {
    for chain in chains {
        let counts = of(chain);
        for sort in SORTS {
            let count = counts.get(sort).copied().unwrap_or(0);
            family.add(&[("chain", chain.name), ("sort", sort)], count);
        }
        let others = counts
            .iter()
            .filter(|(sort, _)| !SORTS.contains(&sort.as_str()));
        let others = others.fold(0, |sum: u64, (_, count)| sum.saturating_add(*count));
        if others > 0 {
            family.add(&[("chain", chain.name), ("sort", OTHER)], others);
        }
    }
}

fn outboxes(text: &mut String, chains: &[ChainMetrics<'_>], now: SystemTime) {
    let help =
        "Failures whose mail is held back by a limit on their number, by the sort of that mail.";
    let mut family = Family::new(text, "mails_held_back", Gauge, help);
    for chain in chains {
        for (sort, count) in &chain.mail.held_back {
            family.add(&[("chain", chain.name), ("sort", sort)], count);
        }
    }
    let help = "Mails to the admin that wait in the outbox.";
    let mut family = Family::new(text, "outbox_mails", Gauge, help);
    for chain in chains {
        family.add(&[("chain", chain.name)], chain.mail.waiting);
    }
    let help = "For how long the oldest mail of the outbox had waited when this was written; 0 when none waits.";
    let mut family = Family::new(text, "outbox_oldest_age_seconds", Gauge, help);
    for chain in chains {
        let age = chain
            .mail
            .oldest
            .map(|oldest| now.duration_since(oldest).unwrap_or_default());
        family.add(&[("chain", chain.name)], seconds(age.unwrap_or_default()));
    }
    let help = "When the oldest mail of the outbox was put there, in seconds since 1970; absent when none waits.";
    let mut family = Family::new(text, "outbox_oldest_timestamp_seconds", Gauge, help);
    for chain in chains {
        family.add_some(&[("chain", chain.name)], chain.mail.oldest.map(timestamp));
    }
    let help = "Whether the last attempt to deliver mail found its way to the server.";
    let mut family = Family::new(text, "mail_path_up", Gauge, help);
    for chain in chains {
        family.add(&[("chain", chain.name)], u8::from(chain.mail.leaves));
    }
}
