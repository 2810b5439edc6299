//! The attempts of a job on one axis of time.

use maud::{Markup, html};

use super::flow::{mark_of, word_of};
use super::marks::mark;
use crate::flow::journal::{EntryOutcome, Phase};
use crate::server::page::page_clock::{PageClock, span};
use crate::server::page::step_track::{StepTrack, TrackedAttempt};
use crate::server::page::wording::{address, name};

/// How many lines the axis has at most.
const MOST_TICKS: i64 = 6;
/// The steps between two lines, in seconds.
const STEPS: [i64; 14] = [
    1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 10_800, 43_200, 86_400,
];
/// No row has more bars.
const MOST_BARS: usize = 60;

/// The span that the axis shows.
struct AxisSpan {
    from: i64,
    to: i64,
}

impl AxisSpan {
    fn of(tracks: &[StepTrack]) -> Option<Self> {
        let all = || tracks.iter().flat_map(|track| &track.attempts);
        let from = all().map(|it| it.started).min()?;
        let to = all().map(|it| it.ended).max()?;
        Some(AxisSpan {
            from,
            to: to.max(from + 1000),
        })
    }

    /// Returns a moment in hundredths of a percent of the axis.
    fn place(&self, at: i64) -> i64 {
        (at - self.from).clamp(0, self.to - self.from) * 10_000 / (self.to - self.from)
    }

    fn ticks(&self) -> Vec<i64> {
        let length = self.to - self.from;
        let step = STEPS.iter().map(|step| step * 1000);
        let days = (length / MOST_TICKS / 86_400_000 + 1) * 86_400_000;
        let step = step
            .into_iter()
            .find(|step| length / step <= MOST_TICKS)
            .unwrap_or(days);
        let first = (self.from / step + 1) * step;
        (0..=MOST_TICKS)
            .map(|at| first + at * step)
            .filter(|at| *at < self.to)
            .collect()
    }
}

/// Returns a number of hundredths of a percent as SVG reads it.
fn percent(hundredths: i64) -> String {
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

/// Returns the attempts of each step on one axis.
pub(in crate::server::page) fn attempt_axis(tracks: &[StepTrack], clock: &PageClock) -> Markup {
    let Some(axis) = AxisSpan::of(tracks) else {
        return html! {};
    };
    let form = if axis.to - axis.from < 300_000 {
        "%H:%M:%S"
    } else {
        "%H:%M"
    };
    let ticks = axis.ticks();
    html! {
        div class="title" { h2 { "Attempts" } (legend()) }
        ol class="axisrows" {
            li aria-hidden="true" {
                span {}
                svg class="scale" {
                    @for tick in &ticks {
                        @if axis.place(*tick) < 8_800 {
                            text x=(percent(axis.place(*tick))) y="12" text-anchor="middle" { (clock.written(*tick, form)) }
                        }
                    }
                    text x="100%" y="12" text-anchor="end" {
                        @if axis.to >= clock.now { "now" } @else { (clock.written(axis.to, form)) }
                    }
                }
                span {}
            }
            @for track in tracks { (row(track, &axis, &ticks)) }
        }
    }
}

fn legend() -> Markup {
    let entry = |class: &str, word: &str| {
        html! { li { svg viewBox="0 0 12 12" aria-hidden="true" { rect class=(class) width="12" height="12" rx="2.5" {} } (word) } }
    };
    html! {
        ul class="legend" {
            (entry("o", "succeeded")) (entry("f", "failed")) (entry("h", "reverted")) (entry("k", "revert failed")) (entry("u", "running"))
        }
    }
}

fn row(track: &StepTrack, axis: &AxisSpan, ticks: &[i64]) -> Markup {
    let state = track.state();
    let told: Vec<String> = track.attempts.iter().take(MOST_BARS).map(words).collect();
    html! {
        li data-k=(track.name) {
            span class="name" {
                (mark(mark_of(state))) (name(&track.name))
                span class="hidden" { ": " (word_of(state)) "; " (told.join("; ")) }
            }
            svg class="lane" aria-hidden="true" {
                @for tick in ticks {
                    @let x = percent(axis.place(*tick));
                    line class="grid" x1=(x) x2=(x) y1="0" y2="100%" {}
                }
                @for pair in track.attempts.windows(2).take(MOST_BARS) {
                    @if pair[1].started > pair[0].ended {
                        line class="pause" x1=(percent(axis.place(pair[0].ended))) x2=(percent(axis.place(pair[1].started))) y1="14" y2="14" {}
                    }
                }
                @for attempt in track.attempts.iter().take(MOST_BARS) { (bar(track, attempt, axis)) }
            }
            span class="n" { (summary(track)) }
        }
    }
}

fn bar(track: &StepTrack, attempt: &TrackedAttempt, axis: &AxisSpan) -> Markup {
    let from = axis.place(attempt.started);
    let width = (axis.place(attempt.ended) - from).max(25);
    let class = match (attempt.phase, attempt.outcome) {
        (_, None) => "u",
        (Phase::Revert, Some(EntryOutcome::Succeeded)) => "h",
        (Phase::Revert, Some(_)) => "k",
        (_, Some(EntryOutcome::Succeeded)) => "o",
        (_, Some(EntryOutcome::Skipped | EntryOutcome::RetryLater)) => "x",
        (_, Some(_)) => "f",
    };
    let number = attempt.attempt.to_string();
    let href = address("", &[("step", &track.name), ("attempt", &number)]);
    html! {
        a href={ (href) "#output" } tabindex="-1" {
            rect class=(class) x=(percent(from.min(9_975))) y="6" width=(percent(width)) height="16" rx="3" {
                title { (words(attempt)) }
            }
        }
    }
}

fn words(attempt: &TrackedAttempt) -> String {
    let took = span(attempt.ended - attempt.started);
    let what = match attempt.phase {
        Phase::Revert => "revert",
        Phase::Check => "check",
        _ => "attempt",
    };
    let number = attempt.attempt;
    match attempt.outcome {
        None => format!("{what} {number} runs for {took}"),
        Some(EntryOutcome::Succeeded) => format!("{what} {number} succeeded in {took}"),
        Some(EntryOutcome::Failed) => format!("{what} {number} failed after {took}"),
        Some(EntryOutcome::Interrupted) => format!("{what} {number} was cut off after {took}"),
        Some(EntryOutcome::Killed) => format!("{what} {number} was killed after {took}"),
        Some(EntryOutcome::RetryLater) => format!("{what} {number} asked for later"),
        Some(_) => format!("{what} {number} ended after {took}"),
    }
}

fn summary(track: &StepTrack) -> String {
    let state = track.state();
    let executions = track.executions().count();
    let Some(last) = track.executions().last() else {
        return word_of(state).to_owned();
    };
    let took = span(last.ended - last.started);
    let so_far = if last.outcome.is_none() {
        " so far"
    } else {
        ""
    };
    match executions {
        1 => format!("{took}{so_far}"),
        number => format!("{number} attempts, {took}{so_far}"),
    }
}
