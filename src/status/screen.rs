//! `status` for people: a paragraph for each chain, two lines or more for each task, no wider than the terminal.

use std::path::Path;
use std::time::SystemTime;

use super::look::{Chain, Standing, Task, View};
use super::outage::Down;
use crate::alert::fingerprint;
use crate::alert::notice::KindCount;
use crate::chain::ChainName;
use crate::cli::call::Call;
use crate::cli::check;
use crate::cli::lines::{exact, grouped, short};
use crate::cli::plan::quoted;
use crate::cli::screen::counted;
use crate::config::Loaded;
use crate::mail::outbox;
use crate::process::live::Doing;
use crate::report::{BOLD, RED, Screen, YELLOW};
use crate::state::history::{Stamp, Tick};
use crate::task::TaskName;
use crate::time::{Moment, in_words};

/// How many kinds of an outage are named.
const MOST_KINDS: usize = 5;

/// A text that grows line by line.
struct Page {
    text: String,
    screen: Screen,
}

impl Page {
    /// Adds a line, cut where the screen ends.
    fn line(&mut self, indent: usize, colour: &str, line: &str) {
        self.text.push_str(&self.screen.line(indent, colour, line));
    }
}

/// Returns the whole.
pub(super) fn of(view: &View, loaded: &Loaded, call: &Call, screen: Screen) -> String {
    let mut page = Page {
        text: String::new(),
        screen,
    };
    if view.chains.is_empty() {
        let root = loaded.settings.run_root.display();
        page.line(0, "", &format!("No chain was ever run in `{root}`."));
    }
    for chain in &view.chains {
        tell_chain(&mut page, chain, view.now);
        tell_start(&mut page, chain, &loaded.settings.run_root, call);
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

fn tell_chain(page: &mut Page, chain: &Chain, now: Moment) {
    let bad = matches!(chain.standing, Standing::Stopped | Standing::Hidden(_));
    let colour = if bad { RED } else { BOLD };
    page.line(0, colour, &format!("{}: {}", chain.name, state(chain, now)));
    for task in &chain.tasks {
        tell_task(page, task, now);
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
    let running = matches!(chain.standing, Standing::Runs(_) | Standing::Unseen);
    let summary = chain.mails.summary.as_ref().filter(|_| running);
    let summary = summary.map(|due| format!("the next summary comes {due}"));
    let last_hour = chain.mails.of_last_hour();
    let lines = last_hour.iter().chain(&chain.mails.held_back);
    for line in lines.chain(&summary) {
        page.line(2, "", line);
    }
}

/// Says how a chain that nobody runs is started again, or forgotten. Half a command helps nobody: these lines are never cut.
fn tell_start(page: &mut Page, chain: &Chain, run_root: &Path, call: &Call) {
    if matches!(chain.standing, Standing::Stopped) && !chain.tasks.is_empty() {
        let start = start(chain, call);
        let pidfile = run_root.join(format!("{}.pid", chain.name));
        let pidfile = quoted(&pidfile.to_string_lossy());
        let forget = format!("or have it forgotten: rm {pidfile}");
        page.text.push_str(&format!("  {start}\n  {forget}\n"));
    }
}

/// Returns how a chain is started again.
fn start(chain: &Chain, call: &Call) -> String {
    let labels = chain.tasks.iter();
    let names: Vec<&str> = labels
        .map(|task| task.label.split('#').next().unwrap_or(&task.label))
        .collect();
    let tasks: Result<Vec<TaskName>, _> = names.iter().map(|name| TaskName::parse(name)).collect();
    let is_usual = tasks.is_ok_and(|tasks| ChainName::of(&tasks) == chain.name);
    let name = match is_usual {
        true => String::new(),
        false => format!(" --name {}", chain.name),
    };
    let line = call.line(format_args!("{}{name}", names.join(" ")));
    format!("start it with `{line}`")
}

/// Returns whether it runs, and what it does.
pub(super) fn state(chain: &Chain, now: Moment) -> String {
    let doing = match chain.doing {
        Doing::Running { step, since, .. } => {
            let since = in_words(now.mono.since(since));
            format!("{} runs since {since}", chain.task(step))
        }
        Doing::Sleeping { step, until, .. } => {
            let left = in_words(until.since(now.mono));
            let at = short(now.at(until).wall);
            format!(
                "sleeping until {at} ({left}), the {}, then {}",
                cooldown(chain, step),
                chain.task_after(step)
            )
        }
        Doing::Nothing => "running".to_owned(),
    };
    match &chain.standing {
        Standing::Runs(pid) => {
            let up = chain.began.map(|began| format!(", up {}", ago(began, now)));
            format!("{doing} (pid {pid}{})", up.unwrap_or_default())
        }
        Standing::Unseen => "runs in a container that cannot be seen from here".to_owned(),
        Standing::Hidden(why) => format!("cannot be looked at: {why}"),
        Standing::Stopped => stopped(chain),
    }
}

fn stopped(chain: &Chain) -> String {
    match (&chain.ended, chain.last_sign()) {
        (Some((at, why)), _) => format!("not running since {}: {why}", short(*at)),
        (None, Some(last)) => format!(
            "not running: killed, or the power failed, after {}",
            short(last)
        ),
        (None, None) => "not running".to_owned(),
    }
}

fn cooldown(chain: &Chain, step: usize) -> String {
    let last = chain
        .tasks
        .get(step)
        .and_then(|task| task.past.last.as_ref());
    let failed = last.is_some_and(|last| last.result.is_failure());
    let name = if failed {
        "fail_cooldown"
    } else {
        "success_cooldown"
    };
    format!("{name} of {}", chain.task(step))
}

fn tell_task(page: &mut Page, task: &Task, now: Moment) {
    let label = &task.label;
    let Some(last) = &task.past.last else {
        let line = match &task.down {
            Some(down) => format!("{label}  DOWN since {}", short(down.since)),
            None => format!("{label}  not run yet"),
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

fn asking(task: &Task) -> String {
    let since = task.past.asking_since.map(|since| short(since.time()));
    let times = counted(task.past.asks, "time", "times");
    format!(
        "asks for later since {} ({times})",
        since.unwrap_or_default()
    )
}

fn outage(down: &Down, now: Moment) -> String {
    let failures = match down.failures {
        0 if down.asks > 0 => {
            let times = counted(down.asks, "time", "times");
            format!(", asked for later {times}, no run succeeded or failed")
        }
        0 => String::new(),
        count => format!(", {}", counted(count, "failure", "failures")),
    };
    format!(
        "DOWN since {} ({}){failures}",
        short(down.since),
        ago(down.since, now)
    )
}

fn tell_outage(page: &mut Page, down: &Down) {
    if !down.latest.is_empty() {
        page.line(4, "", &down.latest);
    }
    let kinds = &down.kinds;
    for kind in kinds.iter().take(MOST_KINDS) {
        page.line(4, "", &kind_line(kind, kinds.len()));
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
fn kind_line(kind: &KindCount, of: usize) -> String {
    let name = fingerprint::short(&kind.kind.0);
    let mailed = match kind.mailed {
        Some(at) => format!("mailed {}", short(at)),
        None => "not mailed".to_owned(),
    };
    if of == 1 {
        return format!("kind {name}, {mailed}");
    }
    let times = counted(kind.count, "time", "times");
    format!("kind {name}, {times}, {mailed}: {}", kind.text)
}

fn tell_mail(page: &mut Page, report: &outbox::Report, loaded: &Loaded, now: Moment) {
    let way = check::way_of_mail(&loaded.settings.mail);
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
            let attempts = counted(u64::from(broken.attempts), "attempt", "attempts");
            page.line(
                2,
                "",
                &format!("{attempts}, the next at {}", short(broken.next)),
            );
        }
        None => page.line(0, "", &format!("Mail: {way}")),
    }
    if report.waiting > 0 {
        let oldest = report.oldest.map_or_else(String::new, |oldest| {
            format!(", the oldest for {}", ago(oldest, now))
        });
        let mails = counted(report.waiting as u64, "mail waits", "mails wait");
        page.line(2, "", &format!("{mails} in the outbox{oldest}"));
    }
    if report.dropped > 0 {
        let mails = counted(report.dropped, "mail", "mails");
        page.line(2, RED, &format!("{mails} found no room in the outbox"));
    }
    if report.failed > 0 {
        let mails = counted(report.failed as u64, "mail was", "mails were");
        page.line(
            2,
            "",
            &format!("{mails} refused for good, see `outbox/failed`"),
        );
    }
}

fn ago(time: SystemTime, now: Moment) -> String {
    in_words(now.wall.duration_since(time).unwrap_or_default())
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
    use crate::state::history::Result as RunResult;

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
