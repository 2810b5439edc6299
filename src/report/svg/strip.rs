//! The strip: a bar for each day.

use maud::{Markup, html};

use super::rounding::whole;
use crate::report::model::{DayReport, RunCounts};
use crate::report::period::Period;
use crate::report::words::{counted, grouped};

/// The units of a day, and the height of one with failures.
const DAY: usize = 10;
const HEIGHT: usize = 36;
/// Days without a failure are so much lower than those with one, so that a reader need not see
/// colours.
const LOW: usize = 12;

/// Draws a day after the other.
pub(crate) fn strip(days: &[DayReport], period: &Period, id: &str, label: &str) -> Markup {
    let (title, desc) = (format!("{id}-t"), format!("{id}-d"));
    html! {
        svg class="strip" viewBox=(format!("0 0 {} {HEIGHT}", days.len() * DAY)) preserveAspectRatio="none" role="img"
            aria-labelledby=(format!("{title} {desc}")) {
            title id=(title) { "Day by day: " (label) }
            desc id=(desc) { (told(days, period)) }
            @for (at, day) in days.iter().enumerate() { (cell(at, day, &period.date(at, "%a %-d %b"))) }
        }
    }
}

/// Returns what the strip shows, for readers that cannot see it or point at it.
fn told(days: &[DayReport], period: &Period) -> String {
    let is_quiet = |day: &&DayReport| day.runs.all() == 0;
    let quiet = days.iter().filter(is_quiet).count();
    let has_failures = |(_, day): &(usize, &DayReport)| day.runs.failed > 0;
    let failed = days.iter().enumerate().filter(has_failures);
    let dates: Vec<String> = failed.map(|(at, _)| period.date(at, "%-d %b")).collect();
    let well = days.len() - dates.len() - quiet;
    let which = match dates.len() {
        0 => String::new(),
        _ => format!(" ({})", dates.join(", ")),
    };
    format!(
        "{} without a failure, {} with failures{which}, {quiet} without a run",
        counted(well as u64, "day", "days"),
        dates.len()
    )
}

fn cell(at: usize, day: &DayReport, date: &str) -> Markup {
    let RunCounts { ok, failed, other } = day.runs;
    let mut told: Vec<String> = Vec::new();
    for (count, word) in [(ok, "ok"), (failed, "failed"), (other, "neither")] {
        if count > 0 {
            told.push(format!("{} {word}", grouped(count)));
        }
    }
    if told.is_empty() {
        told.push("no run".to_owned());
    }
    if day.is_down {
        told.push("down".to_owned());
    }
    let title = format!("{date}: {}", told.join(", "));
    let (x, low) = (at * DAY, HEIGHT - LOW);
    html! {
        g {
            title { (title) }
            @if day.runs.all() == 0 {
                path class=(if day.is_down { "f" } else { "n" }) d=(bar(x, HEIGHT - 3, 3)) {}
            } @else if failed == 0 {
                path class=(if ok > 0 { "o" } else { "n" }) d=(bar(x, LOW, low)) {}
            } @else {
                @let red = red(day.runs);
                path class="f" d=(bar(x, 0, red)) {}
                @if red < HEIGHT { path class="o" d=(bar(x, red, HEIGHT - red)) {} }
            }
        }
    }
}

/// Returns how much of a day with failures is red: enough to be seen, and all only when nothing
/// succeeded.
fn red(runs: RunCounts) -> usize {
    if runs.ok == 0 {
        return HEIGHT;
    }
    let share = 1.0 - runs.share_ok().unwrap_or(1.0);
    LOW + whole(share * (HEIGHT - LOW - 4) as f64)
}

fn bar(x: usize, y: usize, height: usize) -> String {
    format!("M{x} {y}h8v{height}h-8z")
}
