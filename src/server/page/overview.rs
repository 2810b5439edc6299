//! The overview: is anything wrong, since when, why, and what to do.

use maud::{Markup, html};

use super::board_facts::{BoardFacts, SeenWorker};
use super::board_figures::DAY;
use super::components::figures::{FigureCell, figures, health};
use super::components::marks::{StateMark, mark};
use super::components::pictures::{FailureBars, gauge, throughput};
use super::components::problem::problem_list;
use super::components::shell::{NavPlace, page_head};
use super::page_content::PageContent;
use super::problems::{FoundProblems, find};
use super::visit::Visit;
use super::wording::{address, name, worker_link};
use super::{known_things, overview_empty};
use crate::board::{BoardResult, EndFilter, JobFilter, JobRecord, JobState, SessionWish};
use crate::core::time::whole_millis;
use crate::report::capitalised;
use crate::status::worker_presence::WorkerPresence;
use crate::text::counts::counted;
use crate::unix::clock;

/// How many jobs are looked at for those that run longest.
const LOOKED_AT: u32 = 200;
/// How many rows the lists have.
const ROWS: usize = 5;
/// How many failures the picture is made of.
const MOST_FAILURES: u32 = 300;
/// The parts of a day in the picture.
const BARS: i64 = 144;

/// Returns the overview.
///
/// # Errors
///
/// Those of the board.
pub(super) fn page(visit: &Visit<'_>) -> BoardResult<PageContent> {
    let began = clock::mono();
    let facts = BoardFacts::of(visit)?;
    let took = whole_millis(clock::mono().since(began));
    if facts.figures.is_empty() && facts.schedules.is_empty() {
        return overview_empty::page(visit, &facts);
    }
    let found = find(visit, &facts)?;
    let is_bad = found.count > 0;
    let verdict = match found.count {
        0 => "All is well".to_owned(),
        count => counted(count, "problem needs a person", "problems need a person"),
    };
    let markup = html! {
        (head(visit, &found, &verdict))
        (problem_list(&found.rows, "Problems"))
        @for more in &found.more { p class="quiet small" { (more) } }
        (counts(&facts))
        div class="section grid21 stretch" {
            (failures(visit, &facts)?)
            (parts(visit, &facts, took)?)
        }
        div class="section grid21" { (running_longest(visit)?) (next_schedules(visit, &facts)) }
        (known_things::list(visit, &facts))
    };
    let mut content = PageContent::new(NavPlace::Overview, verdict);
    content.is_bad = is_bad;
    Ok(content.live("overview", markup))
}

fn head(visit: &Visit<'_>, found: &FoundProblems, verdict: &str) -> Markup {
    let clock = &visit.clock;
    let kicker = html! { (clock.written(clock.now, "%A, %-d %B %Y")) ", " (clock.time(clock.now)) };
    let of = if found.count > 0 {
        StateMark::FAILED
    } else {
        StateMark::OK
    };
    page_head(
        &kicker,
        &html! { (mark(of)) (verdict) },
        &html! { (sentence(visit, found)) },
        &html! {},
    )
}

fn sentence(visit: &Visit<'_>, found: &FoundProblems) -> String {
    const MOST: usize = 3;
    let words: Vec<&str> = found.rows.iter().map(|row| row.words.as_str()).collect();
    // The name of a definition keeps its letters.
    let first_is_name = words
        .first()
        .is_some_and(|words| words.ends_with(" is down"));
    let capitalised = |text: &str| match first_is_name {
        true => text.to_owned(),
        false => capitalised(text),
    };
    match words.as_slice() {
        [] if visit.sees_all() => {
            "No job is stuck, no definition is down, no schedule is late, each worker is heard from."
                .to_owned()
        }
        [] => "In your projects no job is stuck, no definition is down, and no schedule is late."
            .to_owned(),
        [one] => format!("{}. Everything else is well.", capitalised(one)),
        some if some.len() <= MOST => {
            let (last, others) = (some[some.len() - 1], &some[..some.len() - 1]);
            let words = format!("{}, and {last}", others.join(", "));
            format!("{}. Everything else is well.", capitalised(&words))
        }
        many => format!("{}, and more.", capitalised(&many[..MOST].join(", "))),
    }
}

fn counts(facts: &BoardFacts) -> Markup {
    let all = &facts.figures;
    let cell = |count: u64, state: JobState, word: &'static str| FigureCell {
        href: address("/jobs", &[("state", state.word())]),
        number: all.words(count),
        word,
        of: StateMark::of(state),
    };
    let now = [
        cell(all.count(JobState::Waiting), JobState::Waiting, "waiting"),
        cell(
            all.count(JobState::Limited),
            JobState::Limited,
            "behind a limit",
        ),
        cell(all.count(JobState::Running), JobState::Running, "running"),
        cell(all.count(JobState::Stuck), JobState::Stuck, "stuck"),
    ];
    let ended = |state: JobState| cell(all.ended(state), state, state.word());
    let ended = [
        ended(JobState::Succeeded),
        ended(JobState::Failed),
        ended(JobState::Reverted),
        ended(JobState::Cancelled),
    ];
    html! {
        section class="section grid2" aria-label="Jobs by state" {
            div { p class="label" { "Jobs now" } (figures(&now)) }
            div { p class="label" { "Jobs ended in the last 24 h" } (figures(&ended)) }
        }
    }
}

fn failures(visit: &Visit<'_>, facts: &BoardFacts) -> BoardResult<Markup> {
    let clock = &visit.clock;
    let since = clock.now.saturating_sub(DAY);
    let mut failed = visit.sight.ended_jobs(&EndFilter {
        since,
        is_of_failures: true,
        limit: MOST_FAILURES,
        ..EndFilter::default()
    })?;
    let is_cut = failed.len() >= MOST_FAILURES as usize;
    failed.retain(|job| job.state != JobState::Cancelled);
    let mut counts = vec![0; usize::try_from(BARS).unwrap_or(0)];
    for job in &failed {
        let at = (job.ended - since) * BARS / DAY;
        let at = usize::try_from(at).unwrap_or(0).min(counts.len() - 1);
        counts[at] += 1;
    }
    let axis = (0..4).map(|part| {
        let form = if part == 0 { "%a %H:%M" } else { "%H:%M" };
        clock.written(since + part * DAY / 4, form)
    });
    let succeeded = facts
        .figures
        .words(facts.figures.ended(JobState::Succeeded));
    let bad: u64 = facts
        .figures
        .definitions
        .values()
        .map(super::board_figures::DefinitionFigures::failed)
        .sum();
    let bars = FailureBars {
        label: format!(
            "Jobs that failed in each 10 minutes of the last 24 hours: {} in all",
            failed.len()
        ),
        axis: axis
            .chain([format!("now, {}", clock.zone_word())])
            .collect(),
        counts,
    };
    Ok(html! {
        figure class="card pad fill" {
            div class="title" {
                h2 { "Failures of the last 24 h" }
                p class="quiet" { b class="good" { (succeeded) } " succeeded · " b class=[(bad > 0).then_some("bad")] { (facts.figures.words(bad)) } " failed, reverted or stuck" }
            }
            @if failed.is_empty() { p class="quiet" { "No job has failed in the last 24 hours." } } @else { (throughput(&bars)) }
            @if is_cut { p class="quiet small" { "The picture is made of the last " (MOST_FAILURES) " that did not succeed." } }
        }
    })
}

fn parts(visit: &Visit<'_>, facts: &BoardFacts, took: i64) -> BoardResult<Markup> {
    let mut rows = vec![workers(facts), slots(visit, facts)?];
    let is_paused = |it: &&crate::board::ScheduleRecord| it.pause.is_some();
    let paused = facts.schedules.iter().filter(is_paused).count();
    let late = visit.sight.conditions()?.late.iter();
    let late = late
        .filter(|late| facts.schedules.iter().any(|one| one.name == late.schedule))
        .count();
    let well = facts.schedules.len() - paused - late.min(facts.schedules.len() - paused);
    let schedules = html! {
        a href="/schedules" { @if late > 0 { (late) " late" } @else { (well) " on time" } }
        @if paused > 0 { ", " (paused) " paused" } @if late > 0 { ", " (well) " on time" }
    };
    let of = if late > 0 {
        StateMark::FAILED
    } else {
        StateMark::OK
    };
    rows.push((of, "Schedules", schedules));
    if visit.sees_all() {
        let mails = visit.sight.board().mails()?.len() as u64;
        let deliverers = visit.sight.board().deliverers()?;
        let of = if mails > 0 && deliverers == 0 {
            StateMark::FAILED
        } else if deliverers == 0 {
            StateMark::WARNING
        } else {
            StateMark::OK
        };
        let mail = html! {
            @if mails == 0 { "none waits" } @else { (counted(mails, "mail waits", "mails wait")) }
            "; " (counted(deliverers, "worker delivers", "workers deliver"))
        };
        rows.push((of, "Mail", mail));
        rows.push((
            StateMark::OK,
            "Chains",
            html! { a href="/chains" { "those of this host" } },
        ));
        rows.push((
            StateMark::OK,
            "Board",
            html! { "answered in " (took.max(1)) " ms" },
        ));
    }
    Ok(health(&rows))
}

fn workers(facts: &BoardFacts) -> (StateMark, &'static str, Markup) {
    let all = facts.workers.len();
    let serving = facts
        .workers
        .iter()
        .filter(|worker| worker.serves())
        .count();
    let count = |is: &dyn Fn(&SeenWorker) -> bool| facts.workers.iter().filter(|it| is(it)).count();
    let silent = count(&|worker| worker.presence != WorkerPresence::Alive);
    let asleep = count(&|worker| worker.record.wish == SessionWish::Sleep);
    let of = match (silent, serving) {
        (0, 1..) => StateMark::OK,
        (0, _) => StateMark::WARNING,
        _ => StateMark::FAILED,
    };
    let words = html! {
        a href="/workers" { (serving) " of " (all) " serve" }
        @if asleep > 0 { ", " (asleep) " asleep" }
        @if silent > 0 { ", " (silent) " not heard from" }
    };
    (of, "Workers", words)
}

fn slots(visit: &Visit<'_>, facts: &BoardFacts) -> BoardResult<(StateMark, &'static str, Markup)> {
    let all = facts.slots();
    let busy: u64 = match visit.sees_all() {
        true => facts
            .workers
            .iter()
            .filter(|it| it.serves())
            .map(|it| it.record.holds)
            .sum(),
        false => facts.figures.count(JobState::Running),
    };
    Ok((
        StateMark::OK,
        "Slots",
        html! { (busy) " of " (all) " busy" (gauge(busy, all)) },
    ))
}

fn running_longest(visit: &Visit<'_>) -> BoardResult<Markup> {
    let running = visit.sight.jobs(&JobFilter {
        states: vec![JobState::Running],
        limit: LOOKED_AT,
        ..JobFilter::default()
    })?;
    let mut jobs: Vec<&JobRecord> = running.jobs.iter().collect();
    let since = |job: &JobRecord| job.doing.iter().map(|doing| doing.since).min();
    jobs.sort_by_key(|job| (since(job).unwrap_or(i64::MAX), job.id));
    let more = if running.next.is_some() {
        "more than "
    } else {
        ""
    };
    Ok(html! {
        section class="card" {
            table class="stack" {
                caption { h2 { "Longest at a step" } " " (jobs.len().min(ROWS)) " of " (more) (jobs.len()) " · " a href="/jobs?state=running" { "all" } }
                thead { tr { th scope="col" { "job, step" } th scope="col" class="n" { "at it for" } th scope="col" class="n" { "posted (" (visit.clock.zone_word()) ")" } th scope="col" { "worker" } } }
                tbody {
                    @for job in jobs.iter().take(ROWS) {
                        tr data-k={ "j" (job.id) } {
                            th scope="row" class="full" {
                                a href={ "/jobs/" (job.id) } { (name(&job.definition)) " " (job.id) }
                                span class="under" { (steps(job)) }
                            }
                            td class="n" data-l="at it for" { @match since(job) { Some(at) => { (visit.clock.since(at)) } None => { "–" } } }
                            td class="n" data-l="posted" { (visit.clock.bare(job.posted)) }
                            td data-l="on" { @if let Some(worker) = &job.worker { (worker_link(worker)) } }
                        }
                    }
                    @if jobs.is_empty() { tr { td colspan="4" class="quiet full" { "Nothing runs now." } } }
                }
            }
        }
    })
}

/// Returns what a job does now: its first step, and how many more.
pub(super) fn steps(job: &JobRecord) -> Markup {
    html! {
        @match job.doing.as_slice() {
            [] => { "between two steps" }
            [one] => { (name(&one.step)) }
            [first, others @ ..] => { (name(&first.step)) " and " (others.len()) " more" }
        }
    }
}

fn next_schedules(visit: &Visit<'_>, facts: &BoardFacts) -> Markup {
    let planned = facts.schedules.iter().filter(|one| one.pause.is_none());
    let mut planned: Vec<_> = planned.filter_map(|one| Some((one.next?, one))).collect();
    planned.sort_by_key(|(at, one)| (*at, one.name.clone()));
    html! {
        section class="card" {
            table {
                caption { h2 { "Next" } " " (planned.len().min(ROWS)) " of " (counted(facts.schedules.len() as u64, "schedule", "schedules")) " · " a href="/schedules" { "all" } }
                thead { tr { th scope="col" { "at (" (visit.clock.zone_word()) ")" } th scope="col" { "schedule" } } }
                tbody {
                    @for (at, one) in planned.iter().take(ROWS) {
                        tr data-k=(one.name) {
                            td class="t" { (visit.clock.bare(*at)) span class="under" { (visit.clock.distance(*at)) } }
                            th scope="row" {
                                a href=(address("/schedules", &[("q", &one.name)])) { (name(&one.name)) }
                                @if facts.is_down(&one.spec.job) { span class="under bad" { (name(&one.spec.job)) " is down" } }
                                @else if one.spec.job != one.name { span class="under" { "posts " (name(&one.spec.job)) } }
                            }
                        }
                    }
                    @if planned.is_empty() { tr { td colspan="2" class="quiet" { "No schedule posts anything." } } }
                }
            }
        }
    }
}
