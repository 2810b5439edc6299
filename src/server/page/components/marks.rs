//! Marks: a shape and a colour beside each word, so that no colour is alone.

use maud::{Markup, html};

use crate::board::JobState;

/// A shape with its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server::page) struct StateMark {
    icon: &'static str,
    class: &'static str,
}

impl StateMark {
    pub(in crate::server::page) const OK: StateMark = StateMark::new("i-ok", "s-ok");
    pub(in crate::server::page) const FAILED: StateMark = StateMark::new("i-failed", "s-bad");
    pub(in crate::server::page) const REVERTED: StateMark = StateMark::new("i-reverted", "s-warn");
    pub(in crate::server::page) const STUCK: StateMark = StateMark::new("i-stuck", "s-stuck");
    pub(in crate::server::page) const ALARM: StateMark = StateMark::new("i-warn", "s-bad");
    pub(in crate::server::page) const WARNING: StateMark = StateMark::new("i-warn", "s-warn");
    pub(in crate::server::page) const RUNNING: StateMark = StateMark::new("i-running", "s-run");
    pub(in crate::server::page) const WAITING: StateMark = StateMark::new("i-waiting", "s-none");
    pub(in crate::server::page) const SCHEDULED: StateMark =
        StateMark::new("i-scheduled", "s-none");
    pub(in crate::server::page) const CANCELLED: StateMark =
        StateMark::new("i-cancelled", "s-none");
    pub(in crate::server::page) const SKIPPED: StateMark = StateMark::new("i-skipped", "s-none");
    pub(in crate::server::page) const PAUSED: StateMark = StateMark::new("i-paused", "s-warn");
    pub(in crate::server::page) const ASLEEP: StateMark = StateMark::new("i-asleep", "s-none");
    pub(in crate::server::page) const SILENT: StateMark = StateMark::new("i-silent", "s-bad");
    pub(in crate::server::page) const LOOP: StateMark = StateMark::new("i-loop", "");

    const fn new(icon: &'static str, class: &'static str) -> Self {
        StateMark { icon, class }
    }

    /// Returns the mark of a state.
    pub(in crate::server::page) fn of(state: JobState) -> Self {
        match state {
            JobState::Waiting => StateMark::WAITING,
            JobState::Limited => StateMark::SCHEDULED,
            JobState::Running => StateMark::RUNNING,
            JobState::Paused => StateMark::PAUSED,
            JobState::Succeeded => StateMark::OK,
            JobState::Failed => StateMark::FAILED,
            JobState::Reverted => StateMark::REVERTED,
            JobState::Cancelled => StateMark::CANCELLED,
            JobState::Stuck => StateMark::STUCK,
        }
    }
}

/// Returns a mark.
pub(in crate::server::page) fn mark(mark: StateMark) -> Markup {
    html! {
        svg class={ "mark " (mark.class) } aria-hidden="true" {
            use href={ "#" (mark.icon) } {}
        }
    }
}

/// Returns a word that calls for a look: on a ground of its colour.
pub(in crate::server::page) fn state_pill(of: StateMark, word: &str) -> Markup {
    html! {
        span class={ "pill " (of.class) } {
            svg class="mark" aria-hidden="true" { use href={ "#" (of.icon) } {} }
            (word)
        }
    }
}

/// Returns the calm form of a word with its mark.
pub(in crate::server::page) fn state_word(of: StateMark, word: &str) -> Markup {
    html! { span class="word calm" { (mark(of)) (word) } }
}

/// Returns the word for the state of a job.
pub(in crate::server::page) fn job_state(state: JobState) -> Markup {
    let of = StateMark::of(state);
    match state {
        JobState::Failed | JobState::Reverted | JobState::Stuck => state_pill(of, state.word()),
        _ => state_word(of, state.word()),
    }
}
