//! Drawings: the strip of days and the plot of durations. Both are as wide as the page lets them be, so what must keep its form is a
//! stroke: that is not stretched.

use std::fmt::Write;
use std::ops::Range;
use std::time::Duration;

use maud::{Markup, html};

use super::durations::{Column, Durations, Spread};
use super::model::{Day, Runs};
use super::period::{COLUMNS, Period};
use super::words::{counted, exact, grouped};

/// The units of a day and of a column, and the heights.
const DAY: usize = 10;
const COLUMN: usize = 3;
const STRIP: usize = 36;
const PLOT: usize = 400;
/// Days without a failure are lower than those with one, so that nobody needs to see colours.
const LOW: usize = 12;
const LANE: usize = 22;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 394.0;
/// How many columns without a run are bridged, at least.
const GAP: usize = 4;
/// From which ratio of the longest to the median on a linear scale would show nothing but the longest.
const STEEP: f64 = 25.0;

/// Draws a day after the other.
pub(super) fn strip(days: &[Day], period: &Period, id: &str, label: &str) -> Markup {
    let (title, desc) = (format!("{id}-t"), format!("{id}-d"));
    html! {
        svg class="strip" viewBox=(format!("0 0 {} {STRIP}", days.len() * DAY)) preserveAspectRatio="none" role="img"
            aria-labelledby=(format!("{title} {desc}")) {
            title id=(title) { "Day by day: " (label) }
            desc id=(desc) { (told(days)) }
            @for (at, day) in days.iter().enumerate() { (cell(at, day, &period.date(at, "%a %-d %b"))) }
        }
    }
}

/// Says what the strip shows.
fn told(days: &[Day]) -> String {
    let is_quiet = |day: &&Day| day.runs.all() == 0;
    let failed = days.iter().filter(|day| day.runs.failed > 0).count() as u64;
    let quiet = days.iter().filter(is_quiet).count() as u64;
    let well = days.len() as u64 - failed - quiet;
    format!(
        "{} without a failure, {} with failures, {} without a run",
        counted(well, "day", "days"),
        grouped(failed),
        grouped(quiet)
    )
}

fn cell(at: usize, day: &Day, date: &str) -> Markup {
    let Runs { ok, failed, other } = day.runs;
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
    let (x, low) = (at * DAY, STRIP - LOW);
    html! {
        g {
            title { (title) }
            @if day.runs.all() == 0 {
                path class=(if day.is_down { "f" } else { "n" }) d=(bar(x, STRIP - 3, 3)) {}
            } @else if failed == 0 {
                path class=(if ok > 0 { "o" } else { "n" }) d=(bar(x, LOW, low)) {}
            } @else {
                @let red = red(day.runs);
                path class="f" d=(bar(x, 0, red)) {}
                @if red < STRIP { path class="o" d=(bar(x, red, STRIP - red)) {} }
            }
        }
    }
}

/// Returns how much of a day with failures is red: enough to be seen, and all only when nothing succeeded.
fn red(runs: Runs) -> usize {
    if runs.ok == 0 {
        return STRIP;
    }
    let share = 1.0 - runs.share_ok().unwrap_or(1.0);
    LOW + whole(share * (STRIP - LOW - 4) as f64)
}

fn bar(x: usize, y: usize, height: usize) -> String {
    format!("M{x} {y}h8v{height}h-8z")
}

/// Draws how long runs took, which failed, and when the task was down.
pub(super) fn plot(durations: &Durations, period: &Period, id: &str, label: &str) -> Markup {
    let (title, desc) = (format!("{id}-t"), format!("{id}-d"));
    let columns = &durations.columns;
    let scale = durations.whole.as_ref().map(|_| Scale::of(durations));
    html! {
        div class="canvas" {
            svg viewBox=(format!("0 0 {} {PLOT}", COLUMNS * COLUMN)) preserveAspectRatio="none" role="img"
                aria-labelledby=(format!("{title} {desc}")) {
                title id=(title) { "How long runs took: " (label) }
                desc id=(desc) { (spread(durations)) }
                @for down in stretches(columns, |column| column.is_down, 1) {
                    path class="d" d=(format!("M{} 0h{}v{PLOT}h-{}z", down.start * COLUMN, down.len() * COLUMN, down.len() * COLUMN)) {}
                }
                @if let Some(scale) = &scale {
                    @for (y, _) in scale.ticks() { path class="t" d=(format!("M0 {}h{}", whole(y), COLUMNS * COLUMN)) {} }
                    @let (band, line) = curves(columns, scale);
                    path class="b" d=(band) {}
                    path class="m" d=(line) {}
                }
                @for (at, column) in columns.iter().enumerate().filter(|(_, column)| column.failed > 0) {
                    path class="x" d=(format!("M{} {LANE}h0", middle(at))) { title { (failures(column, at, period)) } }
                }
            }
            @for (y, name) in scale.iter().flat_map(Scale::ticks) {
                span class="tick" style=(format!("top:{:.1}%", y / PLOT as f64 * 100.0)) aria-hidden="true" { (name) }
            }
        }
    }
}

/// Says what the plot shows.
pub(super) fn spread(durations: &Durations) -> String {
    let failed: u64 = durations.columns.iter().map(|column| column.failed).sum();
    let took = match &durations.whole {
        None => "no run succeeded".to_owned(),
        Some(spread) => format!(
            "half of the runs that succeeded took at most {}, 95 of 100 at most {}, the longest {}",
            exact(spread.median),
            exact(spread.p95),
            exact(spread.longest)
        ),
    };
    format!("{took}; {}", counted(failed, "run failed", "runs failed"))
}

fn failures(column: &Column, at: usize, period: &Period) -> String {
    let since = period.short(period.begin_of(at));
    format!("from {since}: {} failed", grouped(column.failed))
}

fn middle(column: usize) -> String {
    // Half of three units.
    format!("{}.5", column * COLUMN + 1)
}

/// Returns where columns are of which this holds, as long as no more than `gap` others are between two of them.
fn stretches(columns: &[Column], holds: impl Fn(&Column) -> bool, gap: usize) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, _) in columns
        .iter()
        .enumerate()
        .filter(|(_, column)| holds(column))
    {
        match found.last_mut().filter(|last| at < last.end + gap) {
            Some(last) => last.end = at + 1,
            None => found.push(at..at + 1),
        }
    }
    found
}

/// Returns the band from the shortest to the longest, and the line of the medians. What nobody ran leaves a gap, unless that is how often
/// the task runs.
fn curves(columns: &[Column], scale: &Scale) -> (String, String) {
    let (mut band, mut line) = (String::new(), String::new());
    for stretch in stretches(columns, |column| column.took.is_some(), usual_gap(columns)) {
        let start = stretch.start;
        let taken = |at: usize| Some((at, columns[at].took?));
        let mut spreads: Vec<(usize, Spread)> = stretch.filter_map(taken).collect();
        if let [(_, only)] = spreads[..] {
            // A point has no length: it gets that of its column.
            spreads.push((start + 1, only));
        }
        let x = |at: usize| at * COLUMN + 1;
        let upper = spreads
            .iter()
            .map(|(at, spread)| (x(*at), scale.y(spread.longest)));
        let lower = spreads.iter().rev();
        let lower = lower.map(|(at, spread)| (x(*at), scale.y(spread.shortest)));
        add_path(&mut band, upper.chain(lower));
        band.push('z');
        add_path(
            &mut line,
            spreads
                .iter()
                .map(|(at, spread)| (x(*at), scale.y(spread.median))),
        );
    }
    (band, line)
}

fn usual_gap(columns: &[Column]) -> usize {
    let taken = columns
        .iter()
        .enumerate()
        .filter(|(_, column)| column.took.is_some());
    let places: Vec<usize> = taken.map(|(at, _)| at).collect();
    let mut gaps: Vec<usize> = places.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_unstable();
    let median = gaps.get(gaps.len() / 2).copied().unwrap_or(0);
    (2 * median).max(GAP)
}

fn add_path(path: &mut String, points: impl Iterator<Item = (usize, f64)>) {
    let mut before: Option<(i64, i64)> = None;
    for (x, y) in points {
        let (x, y) = (x as i64, whole(y) as i64);
        let _ = match before {
            None => write!(path, "M{x} {y}"),
            Some((from_x, from_y)) => write!(path, "l{} {}", x - from_x, y - from_y),
        };
        before = Some((x, y));
    }
}

/// How durations become heights.
#[derive(Clone, Copy, Debug)]
struct Scale {
    low: f64,
    high: f64,
    is_logarithmic: bool,
}

impl Scale {
    fn of(durations: &Durations) -> Self {
        let spreads = durations.columns.iter().filter_map(|column| column.took);
        let shortest = spreads
            .clone()
            .map(|spread| spread.shortest)
            .min()
            .unwrap_or_default();
        let longest = spreads
            .map(|spread| spread.longest)
            .max()
            .unwrap_or_default();
        let median = durations.whole.map_or(longest, |spread| spread.median);
        let seconds = |span: Duration| span.as_secs_f64().max(1e-9);
        let high = seconds(longest);
        let is_logarithmic = high / seconds(median) > STEEP;
        let low = if is_logarithmic {
            seconds(shortest) * 0.8
        } else {
            0.0
        };
        Scale {
            low,
            high: high * 1.02,
            is_logarithmic,
        }
    }

    fn y(&self, span: Duration) -> f64 {
        self.height(span.as_secs_f64())
    }

    fn height(&self, seconds: f64) -> f64 {
        let share = if self.is_logarithmic {
            (seconds.max(self.low) / self.low).ln() / (self.high / self.low).ln()
        } else {
            seconds / self.high
        };
        BOTTOM - share.clamp(0.0, 1.0) * (BOTTOM - TOP)
    }

    /// Returns heights with their durations, such as people would choose.
    fn ticks(&self) -> Vec<(f64, String)> {
        let values = if self.is_logarithmic {
            self.decades()
        } else {
            self.steps()
        };
        let named = values.into_iter().map(|seconds| {
            let name = exact(Duration::from_secs_f64(seconds));
            (self.height(seconds), name)
        });
        named.collect()
    }

    fn steps(&self) -> Vec<f64> {
        const MOST: f64 = 4.0;
        let step = round_spans().find(|step| self.high / step < MOST);
        let step = step.unwrap_or(self.high);
        let times = (1..=3).map(|times| f64::from(times) * step);
        times.filter(|value| *value <= self.high).collect()
    }

    fn decades(&self) -> Vec<f64> {
        let within = |span: &f64| (self.low..=self.high).contains(span);
        let decades: Vec<f64> = tens().filter(within).collect();
        let every = decades.len().div_ceil(5).max(1);
        decades.into_iter().step_by(every).collect()
    }
}

/// Returns spans in seconds that people count in, from the shortest.
fn round_spans() -> impl Iterator<Item = f64> {
    let below = (-9..0).flat_map(|tens| [1.0, 2.0, 5.0].map(|times| times * 10f64.powi(tens)));
    let sixties = [1.0, 60.0].into_iter();
    let above =
        sixties.flat_map(|unit| [1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0].map(|times| times * unit));
    let hours = [1.0, 2.0, 4.0, 6.0, 12.0, 24.0, 48.0, 120.0, 240.0].map(|hours| hours * 3600.0);
    below.chain(above).chain(hours)
}

fn tens() -> impl Iterator<Item = f64> {
    let below = (-9..1).map(|tens| 10f64.powi(tens));
    below.chain([10.0, 60.0, 600.0, 3600.0, 36_000.0, 360_000.0])
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place in a drawing, which is small and positive"
)]
fn whole(number: f64) -> usize {
    number.round().max(0.0) as usize
}

/// Returns whether the scale is one on which each step is ten times the one before: that must be said.
pub(super) fn is_logarithmic(durations: &Durations) -> bool {
    Scale::of(durations).is_logarithmic
}
