//! Small pictures. All places are numbers in a drawing, so that no style stands in the page; each
//! has a sentence as its label.

use maud::{Markup, html};

use crate::board::{EndedJob, JobState};
use crate::text::counts::counted;

/// The failures of a span of time, from the oldest on.
pub(in crate::server::page) struct FailureBars {
    /// How many failed in each part of the span.
    pub(in crate::server::page) counts: Vec<u64>,
    /// What stands below, from left to right.
    pub(in crate::server::page) axis: Vec<String>,
    /// The sentence for readers that cannot see the picture.
    pub(in crate::server::page) label: String,
}

/// Returns how many jobs failed when.
pub(in crate::server::page) fn throughput(bars: &FailureBars) -> Markup {
    const HEIGHT: u64 = 40;
    let most = bars.counts.iter().copied().max().unwrap_or(0).max(1);
    let mut path = String::new();
    for (at, count) in bars
        .counts
        .iter()
        .enumerate()
        .filter(|(_, count)| **count > 0)
    {
        let height = (count * HEIGHT).div_ceil(most).max(2);
        path.push_str(&format!(
            "M{} {}h3.2v{height}h-3.2z",
            at * 4,
            HEIGHT - height
        ));
    }
    let width = bars.counts.len() * 4;
    html! {
        div class="canvas" {
            svg viewBox=(format!("0 0 {width} {HEIGHT}")) preserveAspectRatio="none" role="img" aria-label=(bars.label) {
                path class="q" d=(format!("M0 0h{width}")) {}
                path class="f" d=(path) {}
                path class="q zero" d=(format!("M0 {HEIGHT}h{width}")) {}
            }
            span class="tick a" { (most) " in 10 min" }
        }
        div class="axis" aria-hidden="true" { @for word in &bars.axis { span { (word) } } }
    }
}

/// Returns the ends of jobs, the newest at the right: a failure is higher, not only red.
pub(in crate::server::page) fn result_strip(
    states: &[JobState],
    places: usize,
    label: &str,
) -> Markup {
    let (mut ok, mut failed, mut reverted, mut others) =
        (String::new(), String::new(), String::new(), String::new());
    let first = places.saturating_sub(states.len());
    for (at, state) in states.iter().enumerate() {
        let x = (first + at) * 4;
        match state {
            JobState::Succeeded => ok.push_str(&format!("M{x} 9h3v11h-3z")),
            JobState::Failed | JobState::Stuck => failed.push_str(&format!("M{x} 0h3v20h-3z")),
            JobState::Reverted => reverted.push_str(&format!("M{x} 4h3v16h-3z")),
            JobState::Cancelled => others.push_str(&format!("M{x} 18h3v2h-3z")),
            _ => others.push_str(&format!("M{x} 13h3v7h-3z")),
        }
    }
    let width = places * 4 - 1;
    html! {
        svg class="strip" viewBox=(format!("0 0 {width} 20")) preserveAspectRatio="none" role="img" aria-label=(label) {
            @for (class, path) in [("o", ok), ("f", failed), ("w", reverted), ("x", others)] {
                @if !path.is_empty() { path class=(class) d=(path) {} }
            }
        }
    }
}

/// Returns the strip of the last jobs of a definition.
pub(in crate::server::page) fn strip_of(jobs: &[EndedJob], places: usize, name: &str) -> Markup {
    let states: Vec<JobState> = jobs.iter().rev().map(|job| job.state).collect();
    let failed = states.iter().filter(|state| is_failure(**state)).count() as u64;
    let label = format!(
        "The last {} of {name}, the newest at the right: {} failed or reverted",
        counted(states.len() as u64, "job", "jobs"),
        failed
    );
    result_strip(&states, places, &label)
}

fn is_failure(state: JobState) -> bool {
    matches!(
        state,
        JobState::Failed | JobState::Reverted | JobState::Stuck
    )
}

/// Returns how long the last runs took, as a line.
pub(in crate::server::page) fn spark(millis: &[u64], label: &str) -> Markup {
    let most = millis.iter().copied().max().unwrap_or(1).max(1);
    let last = millis.len().saturating_sub(1).max(1) as u64;
    let places = millis.iter().zip(0_u64..);
    let points: Vec<String> = places
        .map(|(value, at)| format!("{} {}", at * 100 / last, 22 - value * 20 / most))
        .collect();
    html! {
        @if millis.len() > 1 {
            svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" role="img" aria-label=(label) {
                path class="m" d={ "M" (points.join("L")) } {}
            }
        }
    }
}

/// Returns a bar that is full to a part.
pub(in crate::server::page) fn gauge(part: u64, whole: u64) -> Markup {
    let percent = (part * 100).checked_div(whole).unwrap_or(0).min(100);
    html! {
        svg class="gauge" aria-hidden="true" {
            rect class="g" width="100%" height="100%" {}
            rect class="u" rx="3" width={ (percent) "%" } height="100%" {}
        }
    }
}

/// Returns the slots of the next 24 hours; more than 100 are a band. Times are in milliseconds
/// from now on.
pub(in crate::server::page) fn day_ruler(slots: &[i64], has_more: bool) -> Markup {
    const MINUTE: i64 = 60_000;
    let count = slots.len() as u64;
    let label = match has_more {
        true => format!("more than {count} in the next 24 hours"),
        false => format!("{count} in the next 24 hours"),
    };
    let ticks: Vec<String> = slots
        .iter()
        .map(|slot| format!("M{} 0h7v10h-7z", (slot / MINUTE).clamp(0, 1433)))
        .collect();
    html! {
        svg class="ruler" viewBox="0 0 1440 10" preserveAspectRatio="none" role="img" aria-label=(label) {
            rect class="g" x="0" y="9" width="1440" height="1" {}
            @if has_more { rect class="u" x="2" y="2" width="1435" height="8" {} }
            @else { path class="u" d=(ticks.concat()) {} }
        }
    }
}
