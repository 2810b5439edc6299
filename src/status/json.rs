//! `status` as data.

use std::time::SystemTime;

use serde_json::{Map, Value, json};

use crate::board::SessionRecord;
use crate::core::exit;
use crate::core::time::{Moment, Mono, Precision, of_unix_millis, rfc3339};
use crate::history::Stamp;
use crate::mail::outbox::{self, NotSent};
use crate::mute::on_disk::active_mute::ActiveMute;
use crate::status::board_status::BoardStatus;
use crate::status::lock_status::LockStatus;
use crate::status::lock_view::LockRole;
use crate::status::ongoing_outage::OngoingOutage;
use crate::status::snapshot::{ChainStatus, Hindrance, Liveness, StatusSnapshot, TaskStatus};
use crate::status::trouble::unkept;
use crate::status::words::state;
use crate::unix::live::Activity;

/// Returns the whole.
pub(crate) fn of(view: &StatusSnapshot, board: Option<&BoardStatus>, verdict: Option<u8>) -> Value {
    let chains: Vec<Value> = view
        .chains
        .iter()
        .map(|chain| of_chain(chain, view.now))
        .collect();
    json!({
        "exit": verdict.unwrap_or(exit::OK),
        "chains": chains,
        "board": board.map(of_board),
        "mail": (!view.mail_is_hidden).then(|| of_mail(&view.mail)),
    })
}

fn of_board(board: &BoardStatus) -> Value {
    let workers = board.workers.as_ref();
    let workers = workers.map(|all| {
        let worker = |worker: &SessionRecord| {
            json!({
                "name": worker.request.name,
                "slots": worker.request.slots,
                "holds": worker.holds,
                "last_heard": time(of_unix_millis(worker.last_heard)),
            })
        };
        all.iter().map(worker).collect::<Vec<_>>()
    });
    let jobs = board.definitions.iter().map(|(name, status)| {
        let counts = status.counts.iter();
        let counts = counts.map(|(state, count)| (state.word().to_owned(), (*count).into()));
        json!({
            "job": name,
            "counts": counts.collect::<Map<String, Value>>(),
            "ok_in_24h": status.succeeded,
            "failed_in_24h": status.failed,
            "last_success": status.last_success.map(time),
            "last_failure": status.last_failure.as_ref().map(|failure| json!({
                "job": failure.job,
                "ended": time(failure.at),
                "reason": failure.reason,
            })),
            "fails": status.is_bad(),
        })
    });
    let schedules = board.schedules.iter().map(|schedule| {
        json!({
            "schedule": schedule.name,
            "next": schedule.next.map(|next| time(of_unix_millis(next))),
            "paused": schedule.pause.as_ref().map(|pause| json!({
                "since": time(of_unix_millis(pause.since)),
                "by": pause.by,
                "why": pause.why,
            })),
            "failures": schedule.failures,
            "missed": schedule.missed,
            "skipped": schedule.skipped,
        })
    });
    json!({
        "schedules": schedules.collect::<Vec<_>>(),
        "place": board.place,
        "dead_workers": board.dead,
        "hidden": board.workers.as_ref().err(),
        "workers": workers.ok(),
        "jobs": jobs.collect::<Vec<_>>(),
    })
}

fn time(time: SystemTime) -> String {
    rfc3339(time, Precision::Millis)
}

fn of_chain(chain: &ChainStatus, now: Moment) -> Value {
    let wall = |mono: Mono| time(now.at(mono).wall);
    let (running_since, until) = match chain.doing {
        Activity::Running { since, .. } => (Some(wall(since)), None),
        Activity::Sleeping { until, .. } => (None, Some(wall(until))),
        Activity::Nothing => (None, None),
    };
    let pid = match chain.standing {
        Liveness::Runs(pid) => Some(pid),
        _ => None,
    };
    json!({
        "chain": chain.name.as_str(),
        "running": matches!(chain.standing, Liveness::Runs(_) | Liveness::Unseen),
        "hidden": matches!(chain.standing, Liveness::Hidden(_)),
        "state": state(chain, now),
        "stopped": chain.hindrance == Some(Hindrance::Stopped),
        "overdue": matches!(chain.hindrance, Some(Hindrance::Overdue(_))),
        "not_written": unkept(chain, now),
        "mails_in_memory": chain.unkept.mails,
        "pid": pid,
        "started": chain.began.map(time),
        "task_running_since": running_since,
        "sleeping_until": until,
        "ended": chain.ended.as_ref().map(|(at, why)| json!({ "at": time(*at), "why": why })),
        "tasks": chain.tasks.iter().map(|task| of_task(task, chain, now)).collect::<Vec<_>>(),
        "lock": chain.lock.as_ref().map(of_lock),
        "muted": chain.mute(None).map(ActiveMute::json),
        "mails_in_last_hour": chain.mails.last_hour.map(|(count, _)| count),
        "max_per_hour": chain.mails.last_hour.map(|(_, most)| most),
        "mails_held_back": chain.mails.held_back,
        "next_summary": chain.mails.summary,
    })
}

fn of_lock(lock: &LockStatus) -> Value {
    let tasks = lock.elsewhere.iter().map(|task| {
        let down = task.down.as_ref();
        json!({
            "task": task.label,
            "down_since": down.map(|(since, _, _)| time(*since)),
            "failures": down.map(|(_, failures, _)| failures),
            "latest": down.map(|(_, _, text)| text),
            "last_success": task.last_success.map(time),
        })
    });
    json!({
        "place": lock.view.place,
        "role": match lock.view.role {
            LockRole::Holder { .. } => "holder",
            LockRole::Standby { .. } => "standby",
        },
        "fence": match &lock.view.role {
            LockRole::Holder { fence } => Some(*fence),
            LockRole::Standby { holder } => holder.as_ref().map(|holder| holder.fence),
        },
        "holder": lock.standby().flatten().map(|holder| json!({
            "host": holder.owner.host,
            "pid": holder.owner.pid,
            "since": time(holder.since),
        })),
        "tasks_there": tasks.collect::<Vec<_>>(),
    })
}

fn of_task(task: &TaskStatus, chain: &ChainStatus, now: Moment) -> Value {
    let past = &task.past;
    let (ok, failed) = past.last_day(Stamp::of(now.wall));
    let stamp = |stamp: Option<Stamp>| stamp.map(|stamp| time(stamp.time()));
    json!({
        "task": task.label,
        "last": past.last.as_ref().map(|last| json!({
            "ended": time(last.ended.time()),
            "seconds": last.took.as_secs_f64(),
            "result": last.result,
            "text": last.text,
        })),
        "ok_in_24h": ok,
        "failed_in_24h": failed,
        "recent": past.recent.iter().map(|tick| json!({
            "seconds": tick.0.as_secs_f64(),
            "result": tick.1,
        })).collect::<Vec<_>>(),
        "last_success": stamp(past.last_success),
        "healthy_since": stamp(past.healthy_since),
        "asks_for_later": past.asking_since.map(|since| json!({
            "since": time(since.time()),
            "count": past.asks,
        })),
        "muted": chain.mute(Some(&task.label)).map(ActiveMute::json),
        "still_running": task.late.map(|late| json!({
            "since": time(late.since),
            "limit_seconds": late.limit.as_secs_f64(),
            "mailed": late.mailed.map(time),
            "text": chain.too_long(task),
        })),
        "down": task.down.as_ref().map(of_outage),
    })
}

fn of_outage(down: &OngoingOutage) -> Value {
    json!({
        "since": time(down.since),
        "failures": down.failures,
        "asks": down.asks,
        "latest": down.latest,
        "kinds": down.kinds.iter().map(|kind| json!({
            "kind": kind.kind,
            "text": kind.text,
            "count": kind.count,
            "first": time(kind.first),
            "last": time(kind.last),
            "mailed": kind.mailed.filter(|at| down.why_not_sent(*at).is_none()).map(time),
            "not_mailed": kind.mailed.and_then(|at| down.why_not_sent(at)).map(NotSent::words),
        })).collect::<Vec<_>>(),
        "next_reminder": down.reminder.map(time),
    })
}

fn of_mail(report: &outbox::OutboxReport) -> Value {
    json!({
        "ok": report.is_well(),
        "waiting": report.waiting,
        "oldest": report.oldest.map(time),
        "dropped": report.dropped,
        "failed": report.failed,
        "broken_since": report.broken.as_ref().map(|broken| time(broken.since)),
        "trouble": report
            .broken
            .as_ref()
            .map(|broken| broken.trouble.line())
            .or_else(|| report.needs_change.clone()),
    })
}
