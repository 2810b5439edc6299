//! The steps of a job as a picture: nested lists, which are their own text.

use maud::{Markup, html};

use super::marks::{StateMark, mark};
use crate::flow::journal::Phase;
use crate::server::page::page_clock::span;
use crate::server::page::step_track::{StepTrack, TrackState, sets};
use crate::server::page::wording::{address, name};

/// Returns the steps in their order; those that ran at the same time are in one group.
pub(in crate::server::page) fn flow_picture(tracks: &[StepTrack]) -> Markup {
    html! {
        div class="scroller" tabindex="0" role="group" aria-label="The flow, can be scrolled" {
            ol class="flow" aria-label="Steps in their order" {
                @for set in sets(tracks) {
                    li data-k=(set[0].name) {
                        @match set.as_slice() {
                            [one] => { (flow_node(one)) }
                            several => { (flow_group(several)) }
                        }
                    }
                }
            }
        }
    }
}

fn flow_group(set: &[&StepTrack]) -> Markup {
    html! {
        div class="group" {
            p { span class="quiet" { "at the same time" } }
            ol { @for track in set { li data-k=(track.name) { (flow_node(track)) } } }
        }
    }
}

fn flow_node(track: &StepTrack) -> Markup {
    let state = track.state();
    let class = match state {
        TrackState::Done => "node",
        TrackState::Running | TrackState::Reverting => "node is-run",
        TrackState::Failed | TrackState::NotUndone => "node is-bad",
        TrackState::Undone | TrackState::Interrupted => "node is-undone",
        TrackState::Skipped => "node is-skipped",
        TrackState::Coming => "node is-next",
    };
    let inner = html! {
        b { (mark(mark_of(state))) (name(&track.name)) span class="hidden" { ", " (word_of(state)) } }
        @for note in notes(track) { span { (note) } }
    };
    let last = track.executions().last().map(|it| it.attempt.to_string());
    html! {
        @match last {
            Some(attempt) => {
                a class=(class) href={ (address("", &[("step", &track.name), ("attempt", &attempt)])) "#output" } { (inner) }
            }
            None => { div class=(class) { (inner) } }
        }
    }
}

/// Returns the mark of where a step stands.
pub(in crate::server::page) fn mark_of(state: TrackState) -> StateMark {
    match state {
        TrackState::Coming => StateMark::WAITING,
        TrackState::Running | TrackState::Reverting => StateMark::RUNNING,
        TrackState::Done => StateMark::OK,
        TrackState::Failed => StateMark::FAILED,
        TrackState::Undone => StateMark::REVERTED,
        TrackState::NotUndone => StateMark::STUCK,
        TrackState::Skipped => StateMark::SKIPPED,
        TrackState::Interrupted => StateMark::WARNING,
    }
}

/// Returns the word for where a step stands.
pub(in crate::server::page) fn word_of(state: TrackState) -> &'static str {
    match state {
        TrackState::Coming => "not begun",
        TrackState::Running => "running",
        TrackState::Reverting => "being undone",
        TrackState::Done => "done",
        TrackState::Failed => "failed",
        TrackState::Undone => "undone",
        TrackState::NotUndone => "not undone",
        TrackState::Skipped => "skipped",
        TrackState::Interrupted => "cut off",
    }
}

/// Returns what stands below the name of a step.
fn notes(track: &StepTrack) -> Vec<String> {
    let state = track.state();
    let last = track.executions().last();
    let Some(last) = last else {
        return vec![word_of(state).to_owned()];
    };
    let took = span(last.ended - last.started);
    let attempt = match last.attempt {
        0 | 1 => String::new(),
        number => format!(", attempt {number}"),
    };
    let mut notes = vec![match (last.outcome, state) {
        (None, _) => format!("{took} so far{attempt}"),
        (_, TrackState::Skipped) => "skipped".to_owned(),
        _ => format!("{took}{attempt}"),
    }];
    let reverts = track.attempts.iter().filter(|it| it.phase == Phase::Revert);
    let reverts: Vec<_> = reverts.collect();
    if let Some(last) = reverts.last() {
        let took = span(last.ended - last.started);
        notes.push(match state {
            TrackState::Undone => format!("undone in {took}"),
            TrackState::Reverting => format!("being undone for {took}"),
            TrackState::NotUndone => format!("its revert failed, attempt {}", last.attempt),
            _ => return notes,
        });
    }
    notes
}
