//! The metrics of the server and its board.

use std::collections::BTreeMap;

use super::server_shared::ServerShared;
use crate::board::{Board, JobFilter, JobState, SessionRecord};
use crate::core::time::unix_millis;
use crate::metrics::server_metrics::{ServerMetrics, server_page};
use crate::status::board_status::BoardStatus;
use crate::unix::clock;
use crate::worker::board_place::BoardPlace;

/// So many waiting jobs of a definition are looked at for the oldest one.
const MOST_WAITING: u32 = 1000;

/// Returns the metrics. A board that does not answer is left out.
pub(crate) fn page(state: &ServerShared) -> String {
    let status = BoardStatus::of(&*state.board, BoardPlace::of(&state.settings).to_string());
    let now = unix_millis(clock::wall());
    let workers = status.workers.as_deref().unwrap_or_default();
    let waiting = status.definitions.iter();
    let waiting = waiting.filter(|(_, status)| status.count(JobState::Waiting) > 0);
    let names: Vec<&str> = waiting.map(|(name, _)| name.as_str()).collect();
    let oldest = oldest_waiting(&*state.board, &names, now);
    let (refused, evicted) = state.table.turned_away();
    let metrics = ServerMetrics {
        requests: state.counters.requests(),
        connections: state.table.count() as u64,
        refused_connections: refused,
        evicted_connections: evicted,
        refused_logins: state.counters.refused_logins(),
        board_answers: state.watch.away_for().is_none(),
        board_outages: state.watch.outages(),
        oldest_waiting: oldest.iter().map(|(name, age)| (*name, *age)).collect(),
        lease_margin: workers
            .iter()
            .filter_map(|worker| Some((worker.request.name.as_str(), margin(worker, now)?)))
            .collect(),
        stale: status
            .workers
            .is_ok()
            .then(|| workers.iter().map(|worker| worker.stale).sum()),
    };
    let mut text = status.metrics_page().unwrap_or_default();
    text.push_str(&server_page(&metrics));
    text
}

/// Returns how long the oldest job of each definition waits, in seconds; of those that wait for
/// their time, none.
fn oldest_waiting<'n>(board: &dyn Board, names: &[&'n str], now: i64) -> BTreeMap<&'n str, f64> {
    let oldest = names.iter().filter_map(|name| {
        let filter = JobFilter {
            states: vec![JobState::Waiting],
            definition: Some((*name).to_owned()),
            limit: MOST_WAITING,
            ..JobFilter::default()
        };
        let page = board.jobs(&filter).ok()?;
        let due = page.jobs.iter().map(|job| job.run_at.max(job.posted));
        let due = due.filter(|due| *due <= now).min();
        due.filter(|_| page.next.is_none())
            .map(|due| (*name, seconds(now - due)))
    });
    oldest.collect()
}

/// Returns how long the shortest lease of a worker still holds, in seconds.
fn margin(worker: &SessionRecord, now: i64) -> Option<f64> {
    let (shortest, _) = worker.leases?;
    let shortest = i64::try_from(shortest).ok()?;
    Some(seconds(worker.last_heard + shortest - now))
}

#[expect(clippy::cast_precision_loss, reason = "no span is so long")]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}
