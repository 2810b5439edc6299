//! The plot: how long runs took, which failed, and when the task was down.

use std::fmt::Write;
use std::ops::Range;

use maud::{Markup, html};

use super::rounding::whole;
use super::scale::{HEIGHT, Scale};
use crate::report::durations::{Column, DurationRange, Durations};
use crate::report::period::{COLUMNS, Period};
use crate::report::words::{counted, exact, grouped};

/// The units of a column.
const COLUMN: usize = 3;
/// Where the marks of failures are.
const LANE: usize = 22;
/// How many columns without a run are bridged, at least.
const GAP: usize = 4;

/// Draws how long runs took, which failed, and when the task was down.
pub(crate) fn plot(durations: &Durations, period: &Period, id: &str, label: &str) -> Markup {
    let (title, desc) = (format!("{id}-t"), format!("{id}-d"));
    let columns = &durations.columns;
    let scale = durations.whole.as_ref().map(|_| Scale::of(durations));
    html! {
        div class="canvas" {
            svg viewBox=(format!("0 0 {} {HEIGHT}", COLUMNS * COLUMN)) preserveAspectRatio="none" role="img"
                aria-labelledby=(format!("{title} {desc}")) {
                title id=(title) { "How long runs took: " (label) }
                desc id=(desc) { (spread(durations)) }
                @for down in stretches(columns, |column| column.is_down, 1) {
                    path class="d" d=(format!("M{} 0h{}v{HEIGHT}h-{}z", down.start * COLUMN, down.len() * COLUMN, down.len() * COLUMN)) {}
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
                span class="tick" style=(format!("top:{:.1}%", y / HEIGHT as f64 * 100.0)) aria-hidden="true" { (name) }
            }
        }
    }
}

/// Returns what the plot shows, in words.
fn spread(durations: &Durations) -> String {
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

/// Returns where columns are of which this holds, as long as no more than `gap` others are between
/// two of them.
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

/// Returns the band from the shortest to the longest, and the line of the medians. What was not run
/// leaves a gap, unless that is how often the task runs.
fn curves(columns: &[Column], scale: &Scale) -> (String, String) {
    let (mut band, mut line) = (String::new(), String::new());
    for stretch in stretches(columns, |column| column.took.is_some(), usual_gap(columns)) {
        let start = stretch.start;
        let taken = |at: usize| Some((at, columns[at].took?));
        let mut spreads: Vec<(usize, DurationRange)> = stretch.filter_map(taken).collect();
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

/// Returns whether the scale is one on which each step is ten times the one before: that must be
/// known.
pub(crate) fn is_logarithmic(durations: &Durations) -> bool {
    Scale::of(durations).is_logarithmic
}
