//! Marks: a shape and a colour beside each word, so that no colour is alone.

use maud::{Markup, html};

use crate::board::JobState;

/// A shape with its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server::page) struct Mark {
    icon: &'static str,
    class: &'static str,
}

impl Mark {
    pub(in crate::server::page) const OK: Mark = Mark::new("i-ok", "s-ok");
    pub(in crate::server::page) const FAILED: Mark = Mark::new("i-failed", "s-bad");
    pub(in crate::server::page) const REVERTED: Mark = Mark::new("i-reverted", "s-warn");
    pub(in crate::server::page) const STUCK: Mark = Mark::new("i-stuck", "s-stuck");
    pub(in crate::server::page) const ALARM: Mark = Mark::new("i-warn", "s-bad");
    pub(in crate::server::page) const WARNING: Mark = Mark::new("i-warn", "s-warn");
    pub(in crate::server::page) const RUNNING: Mark = Mark::new("i-running", "s-run");
    pub(in crate::server::page) const WAITING: Mark = Mark::new("i-waiting", "s-none");
    pub(in crate::server::page) const SCHEDULED: Mark = Mark::new("i-scheduled", "s-none");
    pub(in crate::server::page) const CANCELLED: Mark = Mark::new("i-cancelled", "s-none");
    pub(in crate::server::page) const SKIPPED: Mark = Mark::new("i-skipped", "s-none");
    pub(in crate::server::page) const PAUSED: Mark = Mark::new("i-paused", "s-warn");
    pub(in crate::server::page) const ASLEEP: Mark = Mark::new("i-asleep", "s-none");
    pub(in crate::server::page) const SILENT: Mark = Mark::new("i-silent", "s-bad");
    pub(in crate::server::page) const LOOP: Mark = Mark::new("i-loop", "");

    const fn new(icon: &'static str, class: &'static str) -> Self {
        Mark { icon, class }
    }

    /// Returns the mark of a state.
    pub(in crate::server::page) fn of(state: JobState) -> Self {
        match state {
            JobState::Waiting => Mark::WAITING,
            JobState::Limited => Mark::SCHEDULED,
            JobState::Running => Mark::RUNNING,
            JobState::Paused => Mark::PAUSED,
            JobState::Succeeded => Mark::OK,
            JobState::Failed => Mark::FAILED,
            JobState::Reverted => Mark::REVERTED,
            JobState::Cancelled => Mark::CANCELLED,
            JobState::Stuck => Mark::STUCK,
        }
    }
}

/// Returns a mark.
pub(in crate::server::page) fn mark(mark: Mark) -> Markup {
    html! {
        svg class={ "mark " (mark.class) } aria-hidden="true" {
            use href={ "#" (mark.icon) } {}
        }
    }
}

/// Returns a word that calls for a look: on a ground of its colour.
pub(in crate::server::page) fn state_pill(of: Mark, word: &str) -> Markup {
    html! {
        span class={ "pill " (of.class) } {
            svg class="mark" aria-hidden="true" { use href={ "#" (of.icon) } {} }
            (word)
        }
    }
}

/// Returns the calm form of a word with its mark.
pub(in crate::server::page) fn state_word(of: Mark, word: &str) -> Markup {
    html! { span class="word calm" { (mark(of)) (word) } }
}

/// Returns the word for the state of a job.
pub(in crate::server::page) fn job_state(state: JobState) -> Markup {
    let of = Mark::of(state);
    match state {
        JobState::Failed | JobState::Reverted | JobState::Stuck => state_pill(of, state.word()),
        _ => state_word(of, state.word()),
    }
}
