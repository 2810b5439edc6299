//! A job: where it is, what was tried, what was undone, what it prints.

use std::time::Duration;

use maud::{Markup, html};

use super::arguments;
use super::components::attempts::attempt_axis;
use super::components::flow::flow_picture;
use super::components::journal::journal_table;
use super::components::marks::{StateMark, mark};
use super::components::output::{OutputPane, output_pane};
use super::components::problem::{Problem, problem_list};
use super::components::shell::{NavPlace, page_head};
use super::job_actions;
use super::job_facts;
use super::job_view::JobView;
use super::page_content::PageContent;
use super::step_track::{StepTrack, add_coming, tracks};
use super::visit::Visit;
use super::waiting::reasons;
use super::wording::{definition_link, name, quoted, said};
use crate::board::{
    BoardResult, JobFilter, JobId, JobRecord, JobState, OutputPart, PendingRequest,
};
use crate::flow::journal::{EntryOutcome, JournalEntry, Phase};
use crate::server::page::notices;
use crate::text::counts::counted;

/// How many times output is read, 256 parts each.
const MOST_READS: usize = 8;
/// For how long the holder of a job is asked to send its output as it comes.
const WATCHED_FOR: Duration = Duration::from_secs(10);

/// Returns the page of a job; `None` where the user may see no such job.
///
/// # Errors
///
/// Those of the board.
pub(super) fn page(visit: &Visit<'_>, id: JobId) -> BoardResult<Option<PageContent>> {
    let Some(job) = visit.sight.job(id)? else {
        return Ok(None);
    };
    let board = visit.sight.board();
    if job.state == JobState::Running {
        board.watch_output(id, WATCHED_FOR)?;
    }
    let journal = board.journal(id)?;
    let mut steps = tracks(&journal, Some(&job), visit.clock.now);
    if !job.state.is_over() {
        add_coming(&mut steps, &earlier(visit, &job)?);
    }
    let view = JobView {
        reasons: reasons(visit, id)?,
        tracks: steps,
        journal,
        job,
    };
    let job = &view.job;
    let title = format!(
        "{} {} {}",
        super::wording::plain_words(&job.definition, 60),
        id,
        is(job.state)
    );
    let mut content = PageContent::new(NavPlace::Jobs, title);
    content.is_bad = matches!(job.state, JobState::Failed | JobState::Stuck);
    let content = content
        .live("job-head", head(visit, &view)?)
        .live("job-flow", flow(&view, visit));
    Ok(Some(content.live("job-rest", rest(visit, &view)?)))
}

/// Returns the steps of the last job of the definition that succeeded: what may still come.
fn earlier(visit: &Visit<'_>, job: &JobRecord) -> BoardResult<Vec<StepTrack>> {
    let last = visit.sight.jobs(&JobFilter {
        states: vec![JobState::Succeeded],
        definition: Some(job.definition.clone()),
        limit: 1,
        ..JobFilter::default()
    })?;
    let Some(last) = last.jobs.first() else {
        return Ok(Vec::new());
    };
    let journal = visit.sight.board().journal(last.id)?;
    Ok(tracks(&journal, None, visit.clock.now))
}

/// Returns what a job is: `is running`, `failed`.
pub(super) fn is(state: JobState) -> String {
    match state {
        JobState::Succeeded | JobState::Failed => state.word().to_owned(),
        JobState::Reverted | JobState::Cancelled => format!("was {state}"),
        JobState::Limited => "waits behind a limit".to_owned(),
        JobState::Waiting => "waits".to_owned(),
        _ => format!("is {state}"),
    }
}

/// Returns the word for what the holder of a job is asked for.
pub(super) fn request_word(request: PendingRequest) -> &'static str {
    match request {
        PendingRequest::Pause => "pause",
        PendingRequest::Stop => "stop",
        PendingRequest::StopNoRevert => "stop without reverts",
        PendingRequest::Kill => "end at once",
    }
}

fn head(visit: &Visit<'_>, view: &JobView) -> BoardResult<Markup> {
    let job = &view.job;
    let of = name(&job.definition);
    let is_later = job.state == JobState::Waiting && job.run_at > visit.clock.now;
    let shown = if is_later {
        StateMark::SCHEDULED
    } else {
        StateMark::of(job.state)
    };
    let verdict = html! { (mark(shown)) (of) " " (job.id) " " (if is_later { "is scheduled".to_owned() } else { is(job.state) }) };
    let kicker =
        html! { a href="/jobs" { "Jobs" } " / " (definition_link(&job.definition)) " / " (job.id) };
    Ok(html! {
        (page_head(&kicker, &verdict, &sentence(visit, view), &html! {}))
        (notices::last(visit, &format!("job {}", job.id))?)
        (stuck(visit, view))
        div class="section" { (job_actions::strip(visit, view)) }
    })
}

fn sentence(visit: &Visit<'_>, view: &JobView) -> Markup {
    let (job, clock) = (&view.job, &visit.clock);
    let done = view
        .tracks
        .iter()
        .filter(|it| it.state() == super::step_track::TrackState::Done);
    let done = done.count() as u64;
    html! {
        @match job.state {
            JobState::Running => {
                @match job.doing.as_slice() {
                    [] => { "Between two steps" }
                    [one] => { "Step " b { (name(&one.step)) } " for " (clock.since(one.since)) }
                    several => { (several.len()) " steps at the same time" }
                }
                ", " (counted(done, "step", "steps")) " done"
                @if let Some(first) = view.journal.first() { ", " (clock.since(first.started)) " so far" }
                "."
                @if let Some(request) = job.request { " It is asked to " (request_word(request)) "." }
            }
            JobState::Waiting | JobState::Limited | JobState::Paused => {
                @for why in &view.reasons { (quoted(&crate::report::capitalised(why))) ". " }
                @if view.reasons.is_empty() { "Nothing holds it up: it is about to be claimed." }
            }
            _ => {
                @match job.ended { Some(at) => { "Since " (clock.time(at)) ", " (clock.distance(at)) ". " } None => {} }
                @if job.state != JobState::Stuck { @if let Some(reason) = &job.reason { (quoted(reason)) } }
            }
        }
    }
}

/// Returns why a job is stuck, and what to do.
fn stuck(visit: &Visit<'_>, view: &JobView) -> Markup {
    let job = &view.job;
    if job.state != JobState::Stuck {
        return html! {};
    }
    let is_bad = |entry: &&JournalEntry| {
        matches!(
            entry.outcome,
            EntryOutcome::Failed | EntryOutcome::Interrupted | EntryOutcome::Killed
        ) && !entry.step.is_empty()
    };
    let last = view.journal.iter().rev().find(is_bad);
    let is_revert = last.is_some_and(|entry| entry.phase == Phase::Revert);
    let step = last.map(|entry| entry.step.as_str()).unwrap_or_default();
    let times = view.journal.iter().filter(|it| {
        it.step == step && is_bad(it) && it.phase == last.map_or(Phase::Execute, |last| last.phase)
    });
    let times = times.count() as u64;
    let problem = Problem {
        what: html! { @if step.is_empty() { "It needs a person" } @else if is_revert { "Not undone: " (name(step)) } @else { "Stuck at " (name(step)) } },
        since: html! { p class="quiet small" { @if let Some(last) = last { "last attempted " (visit.clock.exact_in_zone(last.ended)) ", " (counted(times, "time", "times")) } } },
        why: html! {
            (said(job.reason.as_deref().unwrap_or("it needs a person")))
            @if let Some(last) = last {
                @if let Some(error) = last.error.as_ref().filter(|error| Some(*error) != job.reason.as_ref()) { (said(error)) }
                p class="quiet small" { "On " (name(&last.worker)) "." }
            }
        },
        remedy: html! {
            p {
                @if is_revert { "Mend the cause, then press " b { "Go on" } ": the revert is tried anew. Or undo it by hand and press " b { "Done by hand" } "." }
                @else { "Look whether it was done, then go on, or have what was done reverted." }
            }
        },
        actions: html! {},
        words: String::new(),
    };
    problem_list(&[problem], "Why, and what to do")
}

fn flow(view: &JobView, visit: &Visit<'_>) -> Markup {
    let coming = view
        .tracks
        .iter()
        .any(|track| track.attempts.is_empty() && !track.is_skipped);
    html! {
        section class="card pad section" {
            div class="title" {
                h2 { "Flow" }
                p class="quiet" {
                    @if coming { "Steps that have not begun are those of the last job that succeeded. " }
                    "As text: " code { "run_functions job " (view.job.id) }
                }
            }
            @if view.tracks.is_empty() { p class="quiet" { "No step has begun. Which steps it has is known to its workers." } }
            @else { (flow_picture(&view.tracks)) }
        }
        @if view.tracks.iter().any(|track| !track.attempts.is_empty()) {
            section class="card pad section" { (attempt_axis(&view.tracks, &visit.clock)) }
        }
    }
}

fn rest(visit: &Visit<'_>, view: &JobView) -> BoardResult<Markup> {
    let job = &view.job;
    let (parts, has_more) = output(visit, job.id)?;
    let chosen = visit.query("step").map(|step| {
        let attempt = visit
            .query("attempt")
            .and_then(|number| number.parse().ok());
        (step.to_owned(), attempt.unwrap_or(1))
    });
    let doing = job
        .doing
        .first()
        .map(|doing| (doing.step.clone(), doing.attempt));
    let is_live = job.state == JobState::Running
        && (chosen.is_none()
            || job
                .doing
                .iter()
                .any(|it| Some(&it.step) == chosen.as_ref().map(|(step, _)| step)));
    let chosen = chosen.or(doing.filter(|(step, attempt)| {
        parts
            .iter()
            .any(|part| part.step == *step && part.attempt == *attempt)
    }));
    let pane = OutputPane {
        id: job.id,
        chosen,
        parts: &parts,
        has_more,
        is_live,
    };
    let schema = visit.sight.schema(&job.definition)?;
    let args = arguments::shown(schema.as_ref(), &job.args);
    Ok(html! {
        div class="section grid21" {
            div class="stackv" {
                (output_pane(&pane, &view.tracks, &visit.clock))
                (journal_table(&view.journal, visit.query("all").is_some(), &visit.clock))
            }
            div class="stackv" {
                (job_facts::about(visit, view)?)
                (arguments::table(&args))
                (job_facts::results(view))
            }
        }
    })
}

/// Reads the output of a job, as far as a page may cost that: its last parts are in the page.
pub(super) fn output(visit: &Visit<'_>, id: JobId) -> BoardResult<(Vec<OutputPart>, bool)> {
    let mut all: Vec<OutputPart> = Vec::new();
    for _ in 0..MOST_READS {
        let after = all.last().map(|part| part.part);
        let parts = visit.sight.board().output(id, after)?;
        let is_last = parts.len() < 256;
        all.extend(parts);
        if is_last {
            return Ok((all, false));
        }
    }
    Ok((all, true))
}
