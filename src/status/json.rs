//! `status` as data.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::look::{Chain, Standing, Task, View};
use super::outage::Down;
use super::text::state;
use crate::cli::holding::Holding;
use crate::exit;
use crate::mail::outbox;
use crate::process::live::Doing;
use crate::state::history::Stamp;
use crate::time::{Moment, Mono};

/// Returns the whole.
pub(super) fn of(view: &View, verdict: Option<u8>) -> Value {
    let chains: Vec<Value> = view
        .chains
        .iter()
        .map(|chain| of_chain(chain, view.now))
        .collect();
    json!({
        "exit": verdict.unwrap_or(exit::OK),
        "chains": chains,
        "mail": (!view.mail_is_hidden).then(|| of_mail(&view.mail)),
    })
}

fn time(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}

fn of_chain(chain: &Chain, now: Moment) -> Value {
    let wall = |mono: Mono| time(now.at(mono).wall);
    let (running_since, until) = match chain.doing {
        Doing::Running { since, .. } => (Some(wall(since)), None),
        Doing::Sleeping { until, .. } => (None, Some(wall(until))),
        Doing::Nothing => (None, None),
    };
    let pid = match chain.standing {
        Standing::Runs(pid) => Some(pid),
        _ => None,
    };
    json!({
        "chain": chain.name.as_str(),
        "running": matches!(chain.standing, Standing::Runs(_) | Standing::Unseen),
        "hidden": matches!(chain.standing, Standing::Hidden(_)),
        "state": state(chain, now),
        "pid": pid,
        "started": chain.began.map(time),
        "task_running_since": running_since,
        "sleeping_until": until,
        "ended": chain.ended.as_ref().map(|(at, why)| json!({ "at": time(*at), "why": why })),
        "tasks": chain.tasks.iter().map(|task| of_task(task, chain, now)).collect::<Vec<_>>(),
        "muted": chain.mute(None).map(Holding::json),
        "mails_in_last_hour": chain.mails.last_hour.map(|(count, _)| count),
        "max_per_hour": chain.mails.last_hour.map(|(_, most)| most),
        "mails_held_back": chain.mails.held_back,
        "next_summary": chain.mails.summary,
    })
}

fn of_task(task: &Task, chain: &Chain, now: Moment) -> Value {
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
        "muted": chain.mute(Some(&task.label)).map(Holding::json),
        "still_running": task.late.map(|late| json!({
            "since": time(late.since),
            "limit_seconds": late.limit.as_secs_f64(),
            "mailed": late.mailed.map(time),
            "text": chain.too_long(task),
        })),
        "down": task.down.as_ref().map(of_outage),
    })
}

fn of_outage(down: &Down) -> Value {
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
            "mailed": kind.mailed.map(time),
        })).collect::<Vec<_>>(),
        "next_reminder": down.reminder.map(time),
    })
}

fn of_mail(report: &outbox::Report) -> Value {
    json!({
        "ok": report.broken.is_none(),
        "waiting": report.waiting,
        "oldest": report.oldest.map(time),
        "dropped": report.dropped,
        "failed": report.failed,
        "broken_since": report.broken.as_ref().map(|broken| time(broken.since)),
        "trouble": report.broken.as_ref().map(|broken| broken.trouble.line()),
    })
}
