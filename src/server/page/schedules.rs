//! The schedules: what comes next, what is late.

use jiff::Timestamp;
use maud::{Markup, html};

use super::board_facts::BoardFacts;
use super::board_figures::DAY;
use super::components::action::{ActionButton, button};
use super::components::marks::{StateMark, state_pill, state_word};
use super::components::pictures::{day_ruler, result_strip};
use super::components::shell::{NavPlace, page_head};
use super::list_page::ListPage;
use super::notices;
use super::page_content::PageContent;
use super::visit::Visit;
use super::wording::{definition_link, name, quoted};
use crate::board::{BoardResult, JobState, ScheduleRecord};
use crate::server::viewer::Role;
use crate::text::counts::counted;
use crate::worker::applied_schedules::{rule_of, timestamp};

/// How many schedules a page has.
const PAGE: usize = 50;
/// How many slots of a day are drawn one by one.
const MOST_TICKS: usize = 100;

/// How a schedule stands, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ScheduleStanding {
    Late,
    Failing,
    GivenUp,
    Paused,
    OnTime,
}

/// Returns the list of schedules.
///
/// # Errors
///
/// Those of the board.
pub(super) fn page(visit: &Visit<'_>) -> BoardResult<PageContent> {
    let facts = BoardFacts::of(visit)?;
    let late = &visit.sight.conditions()?.late;
    let is_late = |one: &ScheduleRecord| late.iter().any(|late| late.schedule == one.name);
    let standing = |one: &ScheduleRecord| match &one.pause {
        Some(pause) if pause.by.is_none() => ScheduleStanding::GivenUp,
        Some(_) => ScheduleStanding::Paused,
        None if is_late(one) => ScheduleStanding::Late,
        None if facts.is_down(&one.spec.job) => ScheduleStanding::Failing,
        None => ScheduleStanding::OnTime,
    };
    let mut rows: Vec<(ScheduleStanding, &ScheduleRecord)> = facts
        .schedules
        .iter()
        .map(|one| (standing(one), one))
        .collect();
    rows.sort_by_key(|(standing, one)| (*standing, one.name.clone()));
    let title = counted(rows.len() as u64, "schedule", "schedules");
    let sentence = sentence(&rows, &visit.clock.zone_word());
    let is_bad = rows.iter().any(|(standing, _)| {
        matches!(standing, ScheduleStanding::Late | ScheduleStanding::Failing)
    });
    if let Some(text) = visit.query("q") {
        let wanted = text.to_lowercase();
        rows.retain(|(_, one)| {
            one.name.to_lowercase().contains(&wanted)
                || one.spec.job.to_lowercase().contains(&wanted)
        });
    }
    let page = ListPage::of(visit, rows.len(), PAGE);
    let shown = &rows[page.rows()];
    let search = html! {
        form class="row" role="search" aria-label="These schedules" action="/schedules" {
            input type="search" name="q" value=(visit.query("q").unwrap_or_default()) aria-label="Filter schedules" placeholder="Name or job";
            button { "Filter" }
        }
    };
    let markup = html! {
        (page_head(&html! { "Schedules" }, &html! { (title) }, &html! { (sentence) }, &search))
        (notices::last(visit, "")?)
        (table(visit, shown))
        (page.links(visit, "/schedules", &["q"]))
    };
    let mut content = PageContent::new(NavPlace::Schedules, title);
    content.is_bad = is_bad;
    Ok(content.live("schedules", markup))
}

fn sentence(rows: &[(ScheduleStanding, &ScheduleRecord)], zone: &str) -> String {
    let count = |of: ScheduleStanding| rows.iter().filter(|(standing, _)| *standing == of).count();
    let counts = [
        (count(ScheduleStanding::Late), "late"),
        (count(ScheduleStanding::Failing), "with jobs that fail"),
        (count(ScheduleStanding::GivenUp), "paused by failures"),
        (count(ScheduleStanding::Paused), "paused"),
    ];
    let counts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let counts = if counts.is_empty() {
        "All are on time".to_owned()
    } else {
        counts.join(", ")
    };
    format!("{counts}. Times in {zone}, where no other zone is named.")
}

fn table(visit: &Visit<'_>, rows: &[(ScheduleStanding, &ScheduleRecord)]) -> Markup {
    let zone = visit.clock.zone_word();
    html! {
        section class="card" {
            table class="stack first top" {
                caption class="hidden" { "Schedules, those with a problem first" }
                thead { tr { th scope="col" { "now" } th scope="col" { "schedule" } th scope="col" { "next (" (zone) "), and the next 24 h" } th scope="col" { "last jobs (" (zone) ")" } th scope="col" { span class="hidden" { "actions" } } } }
                tbody {
                    @for (standing, one) in rows { (row(visit, *standing, one)) }
                    @if rows.is_empty() { tr { td colspan="5" class="quiet full" { "No schedule is on the board. Write a " code { "[schedules.NAME]" } "; a worker brings it here." } } }
                }
            }
        }
    }
}

fn row(visit: &Visit<'_>, standing: ScheduleStanding, one: &ScheduleRecord) -> Markup {
    let class = match standing {
        ScheduleStanding::Late | ScheduleStanding::Failing => Some("alarm"),
        ScheduleStanding::GivenUp | ScheduleStanding::Paused => Some("alert"),
        ScheduleStanding::OnTime => None,
    };
    html! {
        tr class=[class] data-k={ "s" (one.name) } {
            td { (standing_word(standing)) }
            th scope="row" class="full" { (what(visit, standing, one)) }
            td class="nextcell full" { (next(visit, one)) }
            td class="lastcell full" { (last(visit, one)) }
            td class="full" { (actions(visit, one)) }
        }
    }
}

fn standing_word(standing: ScheduleStanding) -> Markup {
    match standing {
        ScheduleStanding::Late => state_pill(StateMark::ALARM, "late"),
        ScheduleStanding::Failing => state_pill(StateMark::FAILED, "failing"),
        ScheduleStanding::GivenUp | ScheduleStanding::Paused => {
            state_pill(StateMark::PAUSED, "paused")
        }
        ScheduleStanding::OnTime => state_word(StateMark::OK, "on time"),
    }
}

fn what(visit: &Visit<'_>, standing: ScheduleStanding, one: &ScheduleRecord) -> Markup {
    let spec = &one.spec;
    let sentence =
        rule_of(spec).map_or_else(|why| format!("never here: {why}"), |rule| rule.sentence());
    let has_args = spec.args.as_object().is_some_and(|args| !args.is_empty());
    html! {
        b { (name(&one.name)) } " "
        span class="quiet small" { "posts " (definition_link(&spec.job)) @if has_args { " with arguments of its own" } ", of " (name(&one.project)) }
        span class="block" { (quoted(&crate::report::capitalised(&sentence))) @if let Some(cron) = &spec.times.cron { " " code class="quiet nowrap" { (super::wording::plain_words(cron, 60)) } } }
        @match standing {
            ScheduleStanding::Late => { span class="small bad" { "the job of its last slot has not begun" } }
            ScheduleStanding::Failing => { span class="small bad" { (definition_link(&spec.job)) " is down" } }
            _ => {}
        }
        @if let Some(pause) = &one.pause {
            span class="small warn" {
                @match &pause.by {
                    Some(by) => { "by " (name(by)) " on " (visit.clock.time(pause.since)) @if !pause.why.is_empty() { ": “" (quoted(&pause.why)) "”" } }
                    None => { "by itself on " (visit.clock.time(pause.since)) ", after " (one.failures) " failures in a row" }
                }
            }
        }
    }
}

fn next(visit: &Visit<'_>, one: &ScheduleRecord) -> Markup {
    let (clock, now) = (&visit.clock, visit.clock.now);
    if one.pause.is_some() {
        return html! { span class="quiet" { "none while it is paused" } };
    }
    let Some(first) = one.next else {
        return html! { span class="quiet" { "never again" } };
    };
    let after = timestamp(first.max(now));
    let further = rule_of(&one.spec)
        .map(|rule| rule.next_slots(after, MOST_TICKS))
        .unwrap_or_default();
    let mut slots = vec![first];
    slots.extend(further.iter().map(|slot: &Timestamp| slot.as_millisecond()));
    let in_day: Vec<i64> = slots
        .iter()
        .map(|slot| slot - now)
        .filter(|ahead| *ahead < DAY)
        .collect();
    let has_more = in_day.len() > MOST_TICKS;
    html! {
        b { (clock.bare(first)) }
        span class="under" { (clock.distance(first)) @for (at, slot) in slots[1..].iter().take(2).enumerate() { @if at == 0 { ", then " } @else { ", " } (clock.bare(*slot)) } }
        (day_ruler(&in_day, has_more))
    }
}

fn last(visit: &Visit<'_>, one: &ScheduleRecord) -> Markup {
    const PLACES: usize = 30;
    let states: Vec<JobState> = one.jobs.iter().rev().map(|job| job.state).collect();
    let failed = states
        .iter()
        .filter(|state| {
            matches!(
                state,
                JobState::Failed | JobState::Reverted | JobState::Stuck
            )
        })
        .count();
    let label = format!(
        "The last {} of {}, the newest at the right: {failed} failed",
        counted(states.len() as u64, "job", "jobs"),
        one.name
    );
    html! {
        @match one.jobs.first() {
            None => { span class="quiet" { "none yet" } }
            Some(newest) => {
                (result_strip(&states, PLACES.max(states.len()), &label))
                span class="under nowrap" {
                    a href={ "/jobs/" (newest.id) } { @match newest.slot.or(newest.ended) { Some(at) => { (visit.clock.bare(at)) } None => { "job " (newest.id) } } }
                    ": " @if newest.state == JobState::Succeeded { "ok" } @else { (newest.state.word()) }
                    @if newest.slot.is_none() { ", by hand" }
                }
            }
        }
        @if one.missed + one.skipped > 0 { span class="under" { (one.missed) " missed, " (one.skipped) " skipped" } }
    }
}

fn actions(visit: &Visit<'_>, one: &ScheduleRecord) -> Markup {
    let object = ("schedule", one.name.as_str());
    html! {
        div class="acts" {
            (button(visit, Role::Operate, &ActionButton::new("schedule-run", "Run now…", object)))
            @if one.pause.is_some() { (button(visit, Role::Operate, &ActionButton::new("schedule-resume", "Resume…", object))) }
            @else { (button(visit, Role::Operate, &ActionButton::new("schedule-pause", "Pause…", object))) }
        }
    }
}
