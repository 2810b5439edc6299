//! What a step printed, with its colours.

use maud::{Markup, html};

use super::flow::mark_of;
use super::marks::mark;
use crate::board::{JobId, OutputPart};
use crate::server::page::page_clock::PageClock;
use crate::server::page::step_track::{StepTrack, TrackState};
use crate::server::page::wording::{address, name};
use crate::text::terminal::{Piece, coloured, is_colour, pieces};

/// How many bytes of output are in a page: the last ones.
const MOST_BYTES: usize = 24_000;
/// How many attempts have a tab.
const MOST_TABS: usize = 8;

/// The output of an attempt.
pub(in crate::server::page) struct OutputPane<'a> {
    /// The job.
    pub(in crate::server::page) id: JobId,
    /// The step and the attempt whose output is shown.
    pub(in crate::server::page) chosen: Option<(String, u32)>,
    /// The parts of the job, the oldest first.
    pub(in crate::server::page) parts: &'a [OutputPart],
    /// Whether there is more than was read.
    pub(in crate::server::page) has_more: bool,
    /// Whether the attempt goes on.
    pub(in crate::server::page) is_live: bool,
}

/// Returns the attempts that have printed something, the newest first.
fn printed(parts: &[OutputPart]) -> Vec<(&str, u32)> {
    let mut all: Vec<(&str, u32)> = Vec::new();
    for part in parts.iter().rev() {
        let of = (part.step.as_str(), part.attempt);
        if !all.contains(&of) {
            all.push(of);
        }
    }
    all
}

impl OutputPane<'_> {
    /// Returns the attempt that is shown: the chosen one, else the last that has printed something.
    fn shown(&self) -> Option<(String, u32)> {
        let last = || {
            printed(self.parts)
                .first()
                .map(|(step, attempt)| ((*step).to_owned(), *attempt))
        };
        self.chosen.clone().or_else(last)
    }
}

/// Returns the output of an attempt.
pub(in crate::server::page) fn output_pane(
    pane: &OutputPane<'_>,
    tracks: &[StepTrack],
    clock: &PageClock,
) -> Markup {
    let shown = pane.shown();
    let (step, attempt) = shown.clone().unwrap_or_default();
    let parts: Vec<&OutputPart> = pane
        .parts
        .iter()
        .filter(|part| part.step == step && part.attempt == attempt)
        .collect();
    let tabs = printed(pane.parts);
    let number = attempt.to_string();
    let as_text = address(
        &format!("/jobs/{}/output", pane.id),
        &[("step", &step), ("attempt", &number)],
    );
    html! {
        section class="card output" id="output" aria-labelledby="outh" {
            header {
                h2 id="outh" {
                    "Output"
                    @if shown.is_some() { " of " (name(&step)) @if attempt > 1 { ", attempt " (attempt) } }
                }
                @if !parts.is_empty() {
                    div class="row small" {
                        label class="row" for="wrap" { input type="checkbox" id="wrap" checked; "wrap" }
                        label class="row times" for="times" { input type="checkbox" id="times" checked; "times" }
                        a href=(as_text) { "as text" }
                    }
                }
            }
            @if tabs.len() > 1 { (attempt_tabs(&tabs, (&step, attempt), tracks)) }
            @if parts.is_empty() {
                p class="pad quiet" { (nothing(pane, shown.is_some())) }
            } @else {
                pre id="log" tabindex="0" role="log" aria-live="off" aria-label={ "Output of " (step) ", " (clock.zone_word()) } {
                    @if pane.has_more { span class="cut" { "More was printed than is shown here: " a href=(as_text) { "as text" } } }
                    (lines(&parts, clock))
                    @if pane.is_live { span class="l" { span class="tail" {} } }
                }
            }
        }
    }
}

fn nothing(pane: &OutputPane<'_>, is_chosen: bool) -> &'static str {
    match (is_chosen, pane.is_live) {
        (true, true) => "It has printed nothing yet.",
        (true, false) => "It printed nothing, or what it printed is kept no longer.",
        (false, _) => "Nothing was printed, or it is kept no longer.",
    }
}

fn attempt_tabs(tabs: &[(&str, u32)], current: (&str, u32), tracks: &[StepTrack]) -> Markup {
    let state = |step: &str| {
        let track = tracks.iter().find(|track| track.name == step);
        track.map_or(TrackState::Done, StepTrack::state)
    };
    html! {
        nav class="tabs" aria-label="Attempts with output" {
            @for (step, attempt) in tabs.iter().take(MOST_TABS) {
                @let number = attempt.to_string();
                a href={ (address("", &[("step", step), ("attempt", &number)])) "#output" }
                    aria-current=[((*step, *attempt) == current).then_some("page")] {
                    (mark(mark_of(state(step)))) (name(step)) @if *attempt > 1 { ", attempt " (attempt) }
                }
            }
            @if tabs.len() > MOST_TABS { a href="#journal" { "all " (tabs.len()) "…" } }
        }
    }
}

/// Returns the last lines of the parts, each part with its time at its first line.
fn lines(parts: &[&OutputPart], clock: &PageClock) -> Markup {
    let mut first = parts.len();
    let mut bytes = 0;
    while first > 0 && bytes < MOST_BYTES {
        first -= 1;
        bytes += parts[first].text.len();
    }
    let left_out: usize = parts[..first].iter().map(|part| part.text.len()).sum();
    html! {
        @if left_out > 0 { span class="cut" { (left_out / 1000 + 1) " kB before this are not shown here" } }
        @for part in &parts[first..] {
            @if part.omitted > 0 { span class="cut" { (part.omitted) " bytes between these two were not kept" } }
            @for (at, line) in cut_front(&part.text).lines().enumerate() {
                span class="l" {
                    time { @if at == 0 { (clock.written(part.at, "%H:%M:%S%.3f")) } @else { "            " } }
                    (coloured_line(line)) "\n"
                }
            }
        }
    }
}

/// Returns the end of a text that is too long for a page.
fn cut_front(text: &str) -> String {
    let shown = coloured(text);
    let from = shown.len().saturating_sub(MOST_BYTES);
    let from = (from..shown.len())
        .find(|at| shown.is_char_boundary(*at))
        .unwrap_or(0);
    shown[from..].to_owned()
}

/// Returns a line with its colours as classes.
fn coloured_line(line: &str) -> Markup {
    let mut runs: Vec<(Option<&'static str>, String)> = vec![(None, String::new())];
    for piece in pieces(line) {
        match piece {
            Piece::Sequence(sequence) if is_colour(sequence) => {
                runs.push((class_of(sequence), String::new()));
            }
            Piece::Sequence(_) => {}
            Piece::Char(c) => {
                if let Some((_, text)) = runs.last_mut() {
                    text.push(c);
                }
            }
        }
    }
    html! {
        @for (class, text) in runs.iter().filter(|(_, text)| !text.is_empty()) {
            @match class { Some(class) => { span class=(class) { (text) } } None => { (text) } }
        }
    }
}

/// Returns the class of the last colour that a sequence sets; `None`: it ends all.
fn class_of(sequence: &str) -> Option<&'static str> {
    let digits = sequence.trim_start_matches(|c: char| !c.is_ascii_digit());
    let parameters = digits.trim_end_matches('m').split([';', ':']);
    let mut classes = parameters.filter_map(|parameter| match parameter {
        "1" => Some("ab"),
        "2" | "90" => Some("a8"),
        "31" | "91" => Some("a1"),
        "32" | "92" => Some("a2"),
        "33" | "93" => Some("a3"),
        "34" | "94" => Some("a4"),
        "35" | "95" => Some("a5"),
        "36" | "96" => Some("a6"),
        _ => None,
    });
    classes.next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_classes_and_texts_are_no_markup() {
        let line = coloured_line("\u{1b}[1;31m<b>\u{1b}[0m & more").into_string();
        assert_eq!(line, "<span class=\"a1\">&lt;b&gt;</span> &amp; more");
    }
}
