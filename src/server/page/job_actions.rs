//! What can be asked of a job, now or later.

use maud::{Markup, html};

use super::components::action::{ActionButton, StripAction, action_strip};
use super::job_view::JobView;
use super::step_track::TrackState;
use super::visit::Visit;
use super::wording::plain_words;
use crate::board::JobState;
use crate::server::viewer::Role;

/// Returns what can be asked of a job, each with what it does or when it will be possible.
pub(super) fn strip(visit: &Visit<'_>, view: &JobView) -> Markup {
    let id = view.job.id.to_string();
    let object = ("job", id.as_str());
    let state = view.job.state;
    let mut actions = match state {
        JobState::Running => running(object),
        JobState::Waiting | JobState::Limited => waiting(object, view.job.has_begun),
        JobState::Paused => paused(object),
        JobState::Stuck => stuck(object, view),
        JobState::Failed => failed(object, view),
        _ => over(state),
    };
    if !state.is_over() {
        actions.push(possible(
            ActionButton {
                choice: Some(classes(view.job.priority)),
                ..ActionButton::new("priority", "Priority…", object)
            },
            "A higher class is claimed first.",
        ));
    }
    actions.push(possible(
        ActionButton::new("again", "Run again…", object),
        match state.is_over() {
            true => "Posts a new job with the same arguments.",
            false => "Posts a new job with the same arguments. This one stays as it is.",
        },
    ));
    action_strip(visit, Role::Operate, &actions)
}

fn possible<'a>(button: ActionButton<'a>, text: &str) -> StripAction<'a> {
    StripAction {
        word: button.word.trim_end_matches('…'),
        button: Some(button),
        text: html! { (text) },
    }
}

fn later(word: &'static str, text: &str) -> StripAction<'static> {
    StripAction {
        word,
        button: None,
        text: html! { (text) },
    }
}

fn running<'a>(object: (&'a str, &'a str)) -> Vec<StripAction<'a>> {
    vec![
        possible(
            ActionButton::new("stop", "Stop…", object),
            "The steps in progress may finish; then what was done is undone, the newest first, and the job ends as cancelled.",
        ),
        possible(
            ActionButton::new("kill", "Kill…", object).looking("danger"),
            "Ends the processes of its steps now, then undoes as above. For a step that hangs.",
        ),
        possible(
            ActionButton::new("pause", "Pause…", object),
            "The steps in progress finish; nothing begins until it is resumed.",
        ),
        later("Retry", "Possible when the job has failed or is stuck."),
    ]
}

fn waiting<'a>(object: (&'a str, &'a str), has_begun: bool) -> Vec<StripAction<'a>> {
    let stop = match has_begun {
        true => "What was done is undone; then the job ends as cancelled.",
        false => "No step has begun: it is cancelled at once, and nothing is to be undone.",
    };
    vec![
        possible(ActionButton::new("stop", "Stop…", object), stop),
        possible(
            ActionButton::new("pause", "Pause…", object),
            "Nothing claims it until it is resumed.",
        ),
        later("Kill", "Possible while a step runs."),
    ]
}

fn paused<'a>(object: (&'a str, &'a str)) -> Vec<StripAction<'a>> {
    vec![
        possible(
            ActionButton::new("resume", "Resume…", object).looking("primary"),
            "It may be claimed again, and goes on where it was.",
        ),
        possible(
            ActionButton::new("stop", "Stop…", object),
            "What was done is undone; then the job ends as cancelled.",
        ),
    ]
}

fn stuck<'a>(object: (&'a str, &'a str), view: &JobView) -> Vec<StripAction<'a>> {
    let mut actions = vec![possible(
        ActionButton::new("retry", "Go on…", object).looking("primary"),
        "Tries anew where it is stuck; what was done before stays done.",
    )];
    if let Some(select) = steps(view, &[TrackState::Coming]) {
        actions.push(possible(
            ActionButton {
                choice: Some(select),
                ..ActionButton::new("skip", "Done by hand…", object)
            },
            "A person has done, or undone, this step by hand: the job goes on behind it.",
        ));
    }
    actions.push(possible(
        ActionButton::new("revert", "Revert…", object),
        "Undoes what was done, the newest first; on success the job ends as reverted.",
    ));
    actions.push(possible(
        ActionButton::new("cancel", "Cancel…", object).looking("danger"),
        "Ends it as it is: nothing more is done or undone.",
    ));
    actions
}

fn failed<'a>(object: (&'a str, &'a str), view: &JobView) -> Vec<StripAction<'a>> {
    vec![
        possible(
            ActionButton {
                choice: from(view),
                ..ActionButton::new("retry", "Retry…", object).looking("primary")
            },
            "Goes on at the step that failed, or from the step you choose, with the results before it.",
        ),
        possible(
            ActionButton::new("revert", "Revert…", object),
            "Undoes what was done, the newest first; on success the job ends as reverted.",
        ),
        later("Stop", "Possible while it is not over."),
    ]
}

fn over(state: JobState) -> Vec<StripAction<'static>> {
    let why = match state {
        JobState::Reverted => "It was reverted: nothing is left to go on from.",
        JobState::Cancelled => "It was cancelled, and stays so.",
        _ => "It has succeeded.",
    };
    vec![later("Retry", why)]
}

/// Returns the choice of a step to begin at again.
fn from(view: &JobView) -> Option<Markup> {
    let begun = view.tracks.iter().filter(|track| track.began().is_some());
    let names: Vec<&str> = begun.map(|track| track.name.as_str()).collect();
    (!names.is_empty()).then(|| {
        html! {
            select name="from" aria-label="The step to begin at" {
                option value="" { "where it was" }
                @for of in &names { option value=(of) { "from " (plain_words(of, 40)) } }
            }
        }
    })
}

/// Returns the choice of a step but those that stand so.
fn steps(view: &JobView, except: &[TrackState]) -> Option<Markup> {
    let wanted = view
        .tracks
        .iter()
        .filter(|track| !except.contains(&track.state()));
    // What is stuck is most likely meant.
    let mut names: Vec<(bool, &str)> = wanted
        .map(|track| {
            let is_stuck = matches!(
                track.state(),
                TrackState::NotUndone | TrackState::Failed | TrackState::Interrupted
            );
            (!is_stuck, track.name.as_str())
        })
        .collect();
    names.sort_by_key(|(rank, _)| *rank);
    (!names.is_empty()).then(|| {
        html! {
            select name="step" aria-label="The step that was seen to" {
                @for (_, of) in &names { option value=(of) { (plain_words(of, 40)) } }
            }
        }
    })
}

/// Returns the choice of a class of priority.
pub(super) fn classes(current: i8) -> Markup {
    html! {
        select name="class" aria-label="The class of priority" {
            @for class in (-2_i8..=2).rev() { option value=(class) selected[class == current] { (class) } }
        }
    }
}
