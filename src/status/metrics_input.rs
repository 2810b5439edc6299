//! What is known of chains, as the numbers of a metrics page.

use super::view::{ChainStatus, Liveness, StatusSnapshot, TaskStatus as TaskNow};
use crate::core::time::Moment;
use crate::mail::outbox;
use crate::metrics;
use crate::metrics::{AlertMetrics, MailMetrics, RunnerMetrics, TaskMetrics};
use crate::unix::live::Activity;

/// Returns the page of all chains that can be looked at.
pub(crate) fn page(view: &StatusSnapshot) -> String {
    let seen = view.chains.iter();
    let seen = seen.filter(|chain| !matches!(chain.standing, Liveness::Hidden(_)));
    let chains: Vec<metrics::ChainMetrics<'_>> =
        seen.map(|chain| of(chain, &view.mail, view.now)).collect();
    metrics::page(&chains, view.now.wall)
}

fn of<'a>(
    chain: &'a ChainStatus,
    report: &outbox::OutboxReport,
    now: Moment,
) -> metrics::ChainMetrics<'a> {
    let name = chain.name.as_str();
    let is_up = matches!(chain.standing, Liveness::Runs(_) | Liveness::Unseen);
    let runner = is_up.then(|| RunnerMetrics {
        version: chain.counts.version.clone(),
        began: chain.began,
        next_run: match chain.doing {
            Activity::Sleeping { until, .. } => Some(now.at(until).wall),
            _ => None,
        },
    });
    let task = |task: &'a TaskNow| TaskMetrics {
        label: &task.label,
        past: &task.past,
        alerts: AlertMetrics {
            down_since: task.down.as_ref().map(|down| down.since),
            muted_until: chain.muted_until(&task.label),
            muted_mails: task.muted_mails,
        },
    };
    let held_back = chain.counts.held_back.iter();
    let held_back = held_back.map(|(sort, count)| (sort.word(), *count));
    metrics::ChainMetrics {
        name,
        runner,
        page_due: None,
        tasks: chain.tasks.iter().map(task).collect(),
        mail: MailMetrics {
            memory_written: chain.counts.memory_written,
            ..mail(&chain.counts.mailed, held_back.collect(), report, name)
        },
    }
}

/// Puts together what is known of the mails of a chain from its history, its memory and the outbox.
pub(crate) fn mail<'a>(
    written: &'a crate::history::MailTotals,
    held_back: Vec<(&'static str, u64)>,
    report: &outbox::OutboxReport,
    chain: &str,
) -> MailMetrics<'a> {
    let left = report.left.of(chain);
    let waiting = report.chains.get(chain);
    MailMetrics {
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
    use crate::alert::alert_kind::AlertKind;

    #[test]
    fn the_page_knows_the_sorts_of_mail() {
        let sorts = [
            AlertKind::First,
            AlertKind::New,
            AlertKind::Downtime { count: 1 },
            AlertKind::Downtime { count: 2 },
            AlertKind::StillRunning,
            AlertKind::Healed,
            AlertKind::HeldBack,
            AlertKind::Summary,
        ];
        assert_eq!(sorts.map(AlertKind::word), metrics::SORTS);
    }
}
