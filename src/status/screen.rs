//! `status` for people: a paragraph for each chain, two lines or more for each task, no wider than
//! the terminal.

mod board_lines;
mod remedies;
mod status_page;

use crate::alert::fingerprint;
use crate::alert::outage::KindCount;
use crate::config::Loaded;
use crate::config::invocation::Call;
use crate::core::time::{Moment, exact};
use crate::history::{Stamp, Tick};
use crate::mail::outbox;
use crate::report::{BOLD, RED, ReportScreen, YELLOW};
use crate::status::board_status::BoardStatus;
use crate::status::ongoing_outage::OngoingOutage;
use crate::status::snapshot::{ChainStatus, Liveness, StatusSnapshot, TaskStatus};
use crate::status::trouble::unkept;
use crate::status::words::{ago, state};
use crate::status::{mail_way, neighbours};
use crate::text::counts::{counted_or_no, grouped};
use crate::unix::clock::short;

use board_lines::add_board;
use remedies::{tell_shared, tell_start};
use status_page::StatusPage;

/// How many kinds of an outage are named.
const MOST_KINDS: usize = 5;

/// Returns the whole.
pub(crate) fn of(
    view: &StatusSnapshot,
    board: Option<&BoardStatus>,
    loaded: &Loaded,
    call: &Call,
    screen: ReportScreen,
) -> String {
    let mut page = StatusPage {
        text: String::new(),
        screen,
    };
    let settings = &loaded.settings;
    if view.chains.is_empty() && board.is_none() {
        let root = settings.run_root.display();
        page.line(0, "", &format!("No chain was ever run in `{root}`."));
    }
    let living = neighbours::living(&loaded.settings.run_root);
    for chain in &view.chains {
        tell_chain(&mut page, chain, view.now);
        tell_shared(&mut page, chain, &living);
        let state_dir = view.is_apart.then_some(settings.state_dir.as_path());
        tell_start(&mut page, chain, &settings.run_root, state_dir, call);
    }
    if let Some(board) = board {
        add_board(&mut page, board, view.now, call);
    }
    if view.mail_is_hidden {
        page.line(
            0,
            RED,
            "Mail: what waits is another user's, and cannot be looked at",
        );
    } else {
        tell_mail(&mut page, &view.mail, loaded, view.now);
    }
    page.text
}

fn tell_chain(page: &mut StatusPage, chain: &ChainStatus, now: Moment) {
    let bad = matches!(chain.standing, Liveness::Stopped | Liveness::Hidden(_))
        || chain.hindrance.is_some();
    let colour = if bad { RED } else { BOLD };
    page.line(0, colour, &format!("{}: {}", chain.name, state(chain, now)));
    if let Some(lock) = &chain.lock {
        page.line(2, "", &lock.words());
        for task in &lock.elsewhere {
            let colour = if task.down.is_some() { RED } else { "" };
            page.line(2, colour, &task.words());
        }
    }
    let is_standby = chain
        .lock
        .as_ref()
        .is_some_and(|lock| lock.standby().is_some());
    let ran = |task: &&TaskStatus| !is_standby || task.past.last.is_some();
    for task in chain.tasks.iter().filter(ran) {
        tell_task(page, task, chain.unkept.history.is_none(), now);
        if let Some(late) = chain.too_long(task) {
            page.line(4, RED, &late);
        }
        if let Some(mute) = chain.mute(Some(&task.label)) {
            page.line(4, YELLOW, &mute.words());
        }
    }
    if let Some(mute) = chain.mute(None) {
        page.line(2, YELLOW, &mute.words());
    }
    for line in unkept(chain, now) {
        page.line(2, RED, &line);
    }
    let running = matches!(chain.standing, Liveness::Runs(_) | Liveness::Unseen);
    let summary = chain.mails.summary.as_ref().filter(|_| running);
    let summary = summary.map(|due| format!("the next summary comes {due}"));
    let last_hour = chain.mails.of_last_hour();
    let lines = last_hour.iter().chain(&chain.mails.held_back);
    for line in lines.chain(&summary) {
        page.line(2, "", line);
    }
}

/// `is_kept` is whether the history of runs can be written.
fn tell_task(page: &mut StatusPage, task: &TaskStatus, is_kept: bool, now: Moment) {
    let label = &task.label;
    let Some(last) = &task.past.last else {
        let line = match &task.down {
            Some(down) => format!("{label}  DOWN since {}", short(down.since)),
            None if is_kept => format!("{label}  not run yet"),
            None => format!("{label}  no run is recorded"),
        };
        return page.line(2, "", &line);
    };
    match &task.down {
        Some(down) => page.line(2, RED, &format!("{label}  {}", outage(down, now))),
        None if task.past.asks > 0 => page.line(2, "", &format!("{label}  {}", asking(task))),
        None => {
            let since = task.past.healthy_since.map(|since| short(since.time()));
            let since = since.map_or_else(
                || "not known to be healthy".to_owned(),
                |since| format!("healthy since {since}"),
            );
            page.line(2, "", &format!("{label}  {since}"));
        }
    }
    let (ok, failed) = task.past.last_day(Stamp::of(now.wall));
    let facts = format!(
        "{} {} ago, took {}; 24h: {} ok, {} failed",
        last.result.word(),
        ago(last.ended.time(), now),
        exact(last.took),
        grouped(ok),
        grouped(failed),
    );
    // What does not fit of the drawing is what is longest ago.
    let room = page.screen.width.map_or(usize::MAX, |width| {
        width.saturating_sub(facts.chars().count() + 6)
    });
    let recent = &task.past.recent;
    let drawn = sparkline(&recent[recent.len() - recent.len().min(room)..]);
    page.line(4, "", format!("{facts}  {drawn}").trim_end());
    if let Some(down) = &task.down {
        tell_outage(page, down);
    } else if let Some(reason) = last.text.as_ref().filter(|_| task.past.asks > 0) {
        page.line(4, "", reason);
    }
}

fn asking(task: &TaskStatus) -> String {
    let since = task.past.asking_since.map(|since| short(since.time()));
    let times = counted_or_no(task.past.asks, "time", "times");
    format!(
        "asks for later since {} ({times})",
        since.unwrap_or_default()
    )
}

fn outage(down: &OngoingOutage, now: Moment) -> String {
    let failures = match down.failures {
        0 if down.asks > 0 => {
            let times = counted_or_no(down.asks, "time", "times");
            format!(", asked for later {times}, no run succeeded or failed")
        }
        0 => String::new(),
        count => format!(", {}", counted_or_no(count, "failure", "failures")),
    };
    format!(
        "DOWN since {} ({}){failures}",
        short(down.since),
        ago(down.since, now)
    )
}

fn tell_outage(page: &mut StatusPage, down: &OngoingOutage) {
    if !down.latest.is_empty() {
        page.line(4, "", &down.latest);
    }
    let kinds = &down.kinds;
    for kind in kinds.iter().take(MOST_KINDS) {
        page.line(4, "", &kind_line(kind, down));
    }
    if let Some(more) = down
        .kinds
        .len()
        .checked_sub(MOST_KINDS)
        .filter(|more| *more > 0)
    {
        page.line(4, "", &format!("and {more} kinds more"));
    }
    if let Some(reminder) = down.reminder {
        page.line(4, "", &format!("next reminder: {}", short(reminder)));
    }
}

/// Of one kind alone all has been said but whether it was mailed.
fn kind_line(kind: &KindCount, down: &OngoingOutage) -> String {
    let name = fingerprint::short(&kind.kind.0);
    let mailed = match kind.mailed.map(|at| (at, down.why_not_sent(at))) {
        Some((at, None)) => format!("mailed {}", short(at)),
        Some((_, Some(why))) => format!("not mailed ({})", why.words()),
        None => "not mailed".to_owned(),
    };
    if down.kinds.len() == 1 {
        return format!("kind {name}, {mailed}");
    }
    let times = counted_or_no(kind.count, "time", "times");
    format!("kind {name}, {times}, {mailed}: {}", kind.text)
}

fn tell_mail(page: &mut StatusPage, report: &outbox::OutboxReport, loaded: &Loaded, now: Moment) {
    let way = mail_way::in_a_line(&loaded.settings.mail);
    match &report.broken {
        Some(broken) => {
            let since = short(broken.since);
            page.line(
                0,
                RED,
                &format!(
                    "Mail does not leave since {since}: {}",
                    broken.trouble.words
                ),
            );
            if let Some(remedy) = &broken.trouble.remedy {
                page.line(2, "", remedy);
            }
            let attempts = counted_or_no(u64::from(broken.attempts), "attempt", "attempts");
            page.line(
                2,
                "",
                &format!("{attempts}, the next at {}", short(broken.next)),
            );
        }
        None => page.line(0, "", &format!("Mail: {way}")),
    }
    if let Some(why) = &report.needs_change {
        page.line(2, RED, &format!("a mail waits: {why}"));
    }
    if report.waiting > 0 {
        let oldest = report.oldest.map_or_else(String::new, |oldest| {
            format!(", the oldest for {}", ago(oldest, now))
        });
        let mails = counted_or_no(report.waiting as u64, "mail waits", "mails wait");
        page.line(2, "", &format!("{mails} in the outbox{oldest}"));
    }
    if report.dropped > 0 {
        let mails = counted_or_no(report.dropped, "mail", "mails");
        page.line(2, RED, &format!("{mails} found no room in the outbox"));
    }
    if report.failed > 0 {
        let mails = counted_or_no(report.failed as u64, "mail was", "mails were");
        page.line(
            2,
            "",
            &format!("{mails} refused for good, see `outbox/failed`"),
        );
    }
}

/// Draws durations as columns, from the shortest to the longest; failures are crosses.
pub(super) fn sparkline(ticks: &[Tick]) -> String {
    const COLUMNS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let seconds = |tick: &Tick| tick.0.as_secs_f64();
    let longest = ticks.iter().map(seconds).fold(0.0, f64::max);
    let column = |tick: &Tick| {
        if tick.1.is_failure() {
            return '✗';
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of eight columns"
        )]
        let height = (seconds(tick) / longest.max(f64::MIN_POSITIVE) * 7.99) as usize;
        COLUMNS[height.min(COLUMNS.len() - 1)]
    };
    ticks.iter().map(column).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::history::RunResult;

    #[test]
    fn durations_are_columns_and_failures_crosses() {
        let tick = |millis, result| Tick(Duration::from_millis(millis), result);
        let ticks = [
            tick(0, RunResult::Ok),
            tick(50, RunResult::Ok),
            tick(1, RunResult::Failed),
            tick(100, RunResult::Later),
        ];
        assert_eq!(sparkline(&ticks), "▁▄✗█");
        assert_eq!(sparkline(&[]), "");
        assert_eq!(sparkline(&[tick(0, RunResult::Ok)]), "▁");
    }
}
