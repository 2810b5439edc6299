//! Pauses of definitions and projects, and mutes of definitions.

use std::time::Duration;

use maud::{Markup, html};

use super::confirmation::Confirmation;
use super::deed::Deed;
use crate::board::{BoardResult, PauseScope};
use crate::core::time::{in_words, unix_millis};
use crate::mute::wish::LONGEST;
use crate::server::page::components::shell::NavPlace;
use crate::server::page::errors;
use crate::server::page::mutes;
use crate::server::page::page_request::PageAnswer;
use crate::server::page::visit::Visit;
use crate::server::page::wording::{definition_address, definition_link, name, plain_words};
use crate::server::viewer::Role;

/// For how long mails may be held back, in hours.
const HOURS: [(u64, &str); 6] = [
    (1, "1 hour"),
    (4, "4 hours"),
    (12, "12 hours"),
    (24, "1 day"),
    (72, "3 days"),
    (168, "1 week"),
];

/// The definition or the project that is meant.
struct MeantScope {
    scope: PauseScope,
    project: Option<String>,
}

fn scope_of<'a>(
    visit: &Visit<'_>,
    verb: &str,
    get: impl Fn(&str) -> Option<&'a str>,
) -> BoardResult<Option<MeantScope>> {
    if verb.starts_with("project-") {
        let known = visit.sight.definitions()?;
        let Some(project) = get("project").filter(|it| visit.sight.allows(Some(it))) else {
            return Ok(None);
        };
        let is_known = known
            .values()
            .any(|one| one.entry.project.as_deref() == Some(project));
        return Ok(is_known.then(|| MeantScope {
            scope: PauseScope::Project(project.to_owned()),
            project: Some(project.to_owned()),
        }));
    }
    let of = get("definition").unwrap_or_default();
    let known = visit.sight.definition(of)?;
    // A definition that no worker knows any more may still be paused or muted.
    let project = known.and_then(|known| known.entry.project.clone());
    let is_seen = known.is_some() || (visit.sees_all() && !of.is_empty());
    Ok(is_seen.then(|| MeantScope {
        scope: PauseScope::Definition(of.to_owned()),
        project,
    }))
}

/// The question about a definition or a project: its words, its button, what will happen, and how
/// that can be undone.
type AskedWords = (String, &'static str, Vec<Markup>, &'static str);

fn words_of(verb: &str, sort: &str, shown: &str) -> AskedWords {
    let what = if sort == "project" { "project " } else { "" };
    match verb {
        "mute" => (
            format!("Mute {shown}?"),
            "Mute",
            vec![
                html! { "Mails about its failures are held back for as long as you choose." },
                html! { "What falls due meanwhile is mailed at the end. Nothing else changes: its jobs run as before." },
            ],
            "end the mute on its page.",
        ),
        "unmute" => (
            format!("End the mute of {shown}?"),
            "End the mute",
            vec![
                html! { "Mails about it are sent as usual again; what was held back is mailed now." },
            ],
            "mute it again.",
        ),
        "definition-pause" | "project-pause" => (
            format!("Pause {}{shown}?", what),
            "Pause",
            vec![
                html! { "What runs goes on; no waiting job of it is claimed until it is resumed." },
                html! { "Schedules still post, and what they post waits." },
            ],
            "resume it.",
        ),
        _ => (
            format!("Resume {}{shown}?", what),
            "Resume",
            vec![html! { "Waiting jobs of it are claimed again, at once." }],
            "pause it.",
        ),
    }
}

/// Returns the question about a definition or a project.
///
/// # Errors
///
/// Those of the board.
pub(super) fn confirm(visit: &Visit<'_>, verb: &str) -> BoardResult<PageAnswer> {
    let Some(meant) = scope_of(visit, verb, |name| visit.query(name))? else {
        return errors::missing(visit);
    };
    let (word, of) = meant.scope.parts();
    let shown = plain_words(of, 60);
    let (question, button, consequences, undo) = words_of(verb, word, &shown);
    let inputs = match verb {
        "mute" => html! {
            div class="field" {
                label for="hours" { "For" }
                select id="hours" name="hours" { @for (hours, word) in HOURS { option value=(hours) selected[hours == 4] { (word) } } }
            }
        },
        _ => html! {},
    };
    let back = back(&meant.scope);
    Confirmation {
        place: NavPlace::Definitions,
        kicker: html! { a href="/definitions" { "Definitions" } " / " @if word == "definition" { (definition_link(of)) } @else { (name(of)) } },
        question,
        warning: None,
        consequences,
        undo: undo.to_owned(),
        fields: vec![("do", verb.to_owned()), (word, of.to_owned())],
        inputs,
        choices: Confirmation::button(button, false),
        aside: html! {},
        back,
    }
    .page(visit)
}

fn back(scope: &PauseScope) -> String {
    match scope {
        PauseScope::Definition(of) => definition_address(of),
        _ => "/definitions".to_owned(),
    }
}

/// Does it.
///
/// # Errors
///
/// Those of the board.
pub(super) fn act(visit: &Visit<'_>, verb: &str) -> BoardResult<PageAnswer> {
    let Some(meant) = scope_of(visit, verb, |name| visit.field(name))? else {
        return errors::missing(visit);
    };
    let (word, of) = meant.scope.parts();
    let way_back = back(&meant.scope);
    let joint = if way_back.contains('?') { '&' } else { '?' };
    let action = verb.split_once('-').map_or(verb, |(_, action)| action);
    let recorded = Deed {
        action,
        object: format!("{word} {of}"),
        project: meant.project.clone(),
        needed: Role::Operate,
        back: format!("{way_back}{joint}done=1"),
    };
    let (board, viewer) = (visit.request.board, visit.request.viewer);
    recorded.perform(visit, || {
        Ok(match verb {
            "mute" => {
                let hours: u64 = visit
                    .field("hours")
                    .and_then(|it| it.parse().ok())
                    .unwrap_or(1);
                let span = Duration::from_secs(hours.clamp(1, 720) * 3600).min(LONGEST);
                let reason = plain_words(visit.field("reason").unwrap_or_default(), 200);
                let until = mutes::mute(board, of, span, &viewer.name, &reason)?;
                let at = visit
                    .clock
                    .written(unix_millis(until), "%a %-d %b, %H:%M %Z");
                format!(
                    "Mails about it are held back until {at} ({}).",
                    in_words(span)
                )
            }
            "unmute" => match mutes::unmute(board, of)? {
                true => "Mails about it are sent again.".to_owned(),
                false => "It was not muted.".to_owned(),
            },
            _ => {
                let is_pause = verb.ends_with("pause");
                let by = is_pause.then_some(viewer.name.as_str());
                match (board.set_pause(&meant.scope, by)?, is_pause) {
                    (true, true) => "Paused: what runs goes on, and no more is claimed.".to_owned(),
                    (true, false) => "Resumed.".to_owned(),
                    (false, true) => "It was paused already.".to_owned(),
                    (false, false) => "It was not paused.".to_owned(),
                }
            }
        })
    })
}
