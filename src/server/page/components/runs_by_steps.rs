//! The last jobs of a definition, step by step: a column a job, a row a step.

use maud::{Markup, html};

use crate::board::{EndedJob, JobState};
use crate::server::page::page_clock::{PageClock, span};
use crate::server::page::step_track::{StepTrack, TrackState};
use crate::server::page::wording::name;

/// How many jobs have a column.
pub(in crate::server::page) const COLUMNS: usize = 100;
/// How high the bars are.
const HEIGHT: i64 = 88;

/// A job with what its journal has of each step; without a journal: none.
pub(in crate::server::page) struct ColumnJob {
    /// The job.
    pub(in crate::server::page) job: EndedJob,
    /// Its steps.
    pub(in crate::server::page) tracks: Vec<StepTrack>,
}

impl ColumnJob {
    fn took(&self) -> i64 {
        self.job.ended - self.job.began.unwrap_or(self.job.ended)
    }
}

/// Returns the picture; `columns` from the oldest on.
pub(in crate::server::page) fn runs_by_steps(columns: &[ColumnJob], clock: &PageClock) -> Markup {
    let steps = steps(columns);
    let first = COLUMNS.saturating_sub(columns.len());
    html! {
        div class="scroller flip" tabindex="0" role="group" aria-label="The last jobs, can be scrolled" {
            div class="gridpic" {
                div class="lab" { b { "took" } }
                div class="over" { (bars(columns, first)) (hits(columns, first, clock)) }
                @for step in &steps { (step_row(step, columns, first)) }
            }
        }
    }
}

/// Returns the names of the steps in the order of their beginning.
fn steps(columns: &[ColumnJob]) -> Vec<String> {
    const MOST: usize = 24;
    let mut all: Vec<String> = Vec::new();
    for track in columns.iter().rev().flat_map(|column| &column.tracks) {
        if !all.contains(&track.name) && all.len() < MOST {
            all.push(track.name.clone());
        }
    }
    all
}

fn bars(columns: &[ColumnJob], first: usize) -> Markup {
    let most = columns
        .iter()
        .map(ColumnJob::took)
        .max()
        .unwrap_or(0)
        .max(1);
    let (mut ok, mut failed, mut others) = (String::new(), String::new(), String::new());
    for (at, column) in columns.iter().enumerate() {
        let height = (column.took() * (HEIGHT - 4) / most).max(2);
        let bar = format!(
            "M{} {}h8v{height}h-8z",
            (first + at) * 10 + 1,
            HEIGHT - height
        );
        match column.job.state {
            JobState::Succeeded => ok.push_str(&bar),
            JobState::Failed | JobState::Stuck => failed.push_str(&bar),
            _ => others.push_str(&bar),
        }
    }
    let bad = columns
        .iter()
        .filter(|column| column.job.state != JobState::Succeeded)
        .count();
    let label = format!(
        "How long each of the last {} jobs took, up to {}; {bad} did not succeed",
        columns.len(),
        span(most)
    );
    html! {
        svg class="bars" viewBox={ "0 0 1000 " (HEIGHT) } preserveAspectRatio="none" role="img" aria-label=(label) {
            path class="o" d=(ok) {}
            path class="f" d=(failed) {}
            path class="w" d=(others) {}
            path class="q zero" d={ "M0 " (HEIGHT) "h1000" } {}
        }
    }
}

fn hits(columns: &[ColumnJob], first: usize, clock: &PageClock) -> Markup {
    html! {
        svg class="hits" viewBox={ "0 0 1000 " (HEIGHT) } preserveAspectRatio="none" aria-hidden="true" {
            @for (at, column) in columns.iter().enumerate() {
                a href={ "/jobs/" (column.job.id) } tabindex="-1" {
                    rect class="hit" x=((first + at) * 10) y="0" width="10" height=(HEIGHT) {
                        title { (column.job.state.word()) ", " (span(column.took())) ", " (clock.written(column.job.ended, "%a %H:%M %Z")) }
                    }
                }
            }
        }
    }
}

fn step_row(step: &str, columns: &[ColumnJob], first: usize) -> Markup {
    let (mut ok, mut again, mut failed, mut skipped) =
        (String::new(), String::new(), String::new(), String::new());
    let (mut failures, mut retries) = (0, 0);
    for (at, column) in columns.iter().enumerate() {
        let Some(track) = column.tracks.iter().find(|track| track.name == step) else {
            continue;
        };
        let x = (first + at) * 10 + 1;
        let has_failed = track.executions().any(|it| it.error.is_some());
        match track.state() {
            TrackState::Skipped | TrackState::Coming => {
                skipped.push_str(&format!("M{x} 9h8v2h-8z"))
            }
            TrackState::Done if track.executions().count() > 1 => {
                retries += 1;
                ok.push_str(&format!("M{x} 8h8v9h-8z"));
                again.push_str(&format!("M{x} 4h8v4h-8z"));
            }
            TrackState::Undone if !has_failed => ok.push_str(&format!("M{x} 8h8v9h-8z")),
            TrackState::Done | TrackState::Running => ok.push_str(&format!("M{x} 8h8v9h-8z")),
            _ => {
                failures += 1;
                failed.push_str(&format!("M{x} 1h8v16h-8z"));
            }
        }
    }
    let label = format!("failed {failures} times, needed another attempt {retries} times");
    html! {
        div class="lab" { b { (name(step)) } }
        svg class="cells" viewBox="0 0 1000 18" preserveAspectRatio="none" role="img" aria-label={ (step) ": " (label) } {
            path class="o" d=(ok) {}
            path class="w" d=(again) {}
            path class="f" d=(failed) {}
            path class="x" d=(skipped) {}
        }
    }
}
