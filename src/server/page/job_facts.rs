//! What else is known of a job: its posting, its holder, what it follows, what its steps gave.

use maud::{Markup, html};

use super::components::figures::facts;
use super::job_view::JobView;
use super::page_clock::span;
use super::visit::Visit;
use super::wording::{address, definition_link, name, plain_words, worker_link};
use crate::board::{BoardResult, FollowedPost, JobRecord, NextRecord, ThenRule};
use crate::flow::journal::{EntryOutcome, Phase};

/// Returns what is known of a job.
///
/// # Errors
///
/// Those of the board.
pub(super) fn about(visit: &Visit<'_>, view: &JobView) -> BoardResult<Markup> {
    let (job, clock) = (&view.job, &visit.clock);
    let mut rows: Vec<(&str, Markup)> = Vec::new();
    let posted = html! { (clock.exact_in_zone(job.posted)) " by " b { (name(&job.posted_by)) } };
    rows.push(("posted", posted));
    if let Some(first) = view.journal.first() {
        let late = span(first.started.saturating_sub(job.posted.max(job.run_at)));
        rows.push((
            "began",
            html! { (clock.exact_in_zone(first.started)) ", after " (late) },
        ));
    }
    if let Some(worker) = &job.worker {
        let lease = job
            .lease
            .and_then(|lease| i64::try_from(lease).ok())
            .map(span);
        let held = html! { (worker_link(worker)) @if let Some(lease) = lease { ", under a lease of " (lease) } };
        rows.push(("worker", held));
    }
    rows.extend(plain_facts(visit, job));
    rows.push(("definition", definition_link(&job.definition)));
    if let Some(before) = visit
        .sight
        .board()
        .followed_by(job.id)?
        .filter(|it| is_seen(visit, *it))
    {
        rows.push(("after", followed(before)));
    }
    let mut next = visit
        .sight
        .board()
        .what_follows(FollowedPost::Job(job.id))?;
    if let Some(batch) = job.batch {
        next.extend(
            visit
                .sight
                .board()
                .what_follows(FollowedPost::Batch(batch))?,
        );
        if let Some(record) = visit.sight.board().batch(batch)? {
            let batch_id = batch.to_string();
            let href = address("/jobs", &[("state", "all"), ("batch", &batch_id)]);
            let counts = html! { @if visit.sees_all() { ", " (record.left) " of " (record.jobs) " are not over" } };
            rows.push((
                "batch",
                html! { a href=(href) { (batch) } " (" (name(&record.name)) ")" (counts) },
            ));
        }
    }
    if !next.is_empty() {
        rows.push(("then", html! { @for (at, one) in next.iter().enumerate() { @if at > 0 { ", " } (then(visit, one)) } }));
    }
    Ok(html! { section class="card pad" { h2 { "About this job" } (facts(&rows)) } })
}

/// Returns the facts that stand in the job itself.
fn plain_facts(visit: &Visit<'_>, job: &JobRecord) -> Vec<(&'static str, Markup)> {
    let clock = &visit.clock;
    let mut rows = Vec::new();
    let mut text = |word: &'static str, value: Option<&String>| {
        let value =
            value.map(|value| html! { span class="json" { bdi { (plain_words(value, 200)) } } });
        rows.extend(value.map(|value| (word, value)));
    };
    text("key", job.key.as_ref());
    text("project", job.project.as_ref());
    text("limit", job.limit_key.as_ref());
    text("only for", job.for_worker.as_ref());
    rows.push(("priority", html! { (job.priority) }));
    if !job.avoid.is_empty() {
        rows.push((
            "not on",
            html! { (plain_words(&job.avoid.join(", "), 200)) },
        ));
    }
    if job.crashes > 0 {
        rows.push(("crashes", html! { (job.crashes) " in a row" }));
    }
    if let Some(expires) = job.expires.filter(|_| !job.has_begun) {
        rows.push((
            "expires",
            html! { (clock.time(expires)) ", unless it has begun" },
        ));
    }
    if let Some(ends_by) = job.ends_by {
        rows.push(("time limit", html! { "ends by " (clock.time(ends_by)) }));
    }
    if job.ignores_pauses {
        rows.push(("pauses", html! { "do not hold it: a person wants it now" }));
    }
    rows
}

fn is_seen(visit: &Visit<'_>, of: FollowedPost) -> bool {
    match of {
        FollowedPost::Job(id) => visit.sight.job(id).is_ok_and(|job| job.is_some()),
        FollowedPost::Batch(_) => true,
    }
}

fn followed(of: FollowedPost) -> Markup {
    html! {
        @match of {
            FollowedPost::Job(id) => { a href={ "/jobs/" (id) } { "job " (id) } }
            FollowedPost::Batch(id) => { a href={ "/jobs?state=all&batch=" (id) } { "batch " (id) } }
        }
    }
}

fn then(visit: &Visit<'_>, next: &NextRecord) -> Markup {
    let rule = match next.next.rule {
        ThenRule::Succeeded => "",
        ThenRule::Ended => ", whatever the end is",
    };
    html! {
        (name(&next.next.post.definition)) (rule)
        @if let Some(became) = next.became.filter(|it| is_seen(visit, *it)) { " (" (followed(became)) ")" }
    }
}

/// Returns what steps gave, the last result of each.
pub(super) fn results(view: &JobView) -> Markup {
    const MOST: usize = 12;
    let given = view
        .journal
        .iter()
        .filter(|entry| entry.phase == Phase::Execute && entry.outcome == EntryOutcome::Succeeded);
    let mut last: Vec<(&str, String)> = Vec::new();
    for entry in given {
        let Some(result) = entry.result.as_ref().filter(|result| !result.is_null()) else {
            continue;
        };
        last.retain(|(step, _)| *step != entry.step);
        last.push((&entry.step, plain_words(&result.to_string(), 300)));
    }
    html! {
        @if !last.is_empty() {
            section class="card" {
                table {
                    caption { h2 { "Results" } " what later steps read" }
                    tbody {
                        @for (step, result) in last.iter().rev().take(MOST) {
                            tr { th scope="row" { (name(step)) } td class="json" { bdi { (result) } } }
                        }
                    }
                }
            }
        }
    }
}
