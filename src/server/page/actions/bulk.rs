//! What is asked of many jobs: of those that were ticked, or of all that match, bounded and named.

use maud::{Markup, html};

use super::confirmation::{ConfirmChoice, Confirmation};
use super::deed::Deed;
use super::job_deeds::JobDeed;
use crate::board::{BoardResult, BulkAnswer, JobId, JobRecord, JobState, RequestAnswer};
use crate::server::page::components::shell::NavPlace;
use crate::server::page::errors;
use crate::server::page::job_actions::classes;
use crate::server::page::jobs_filter::JobsFilter;
use crate::server::page::page_request::PageAnswer;
use crate::server::page::visit::Visit;
use crate::server::page::wording::{address, definition_link, plain_words};
use crate::server::viewer::Role;
use crate::text::counts::counted;

/// No more jobs are asked at once.
const MOST: u32 = 500;
/// How many jobs can be ticked: each is looked at.
const MOST_TICKED: usize = 100;
/// How many are listed beside the question.
const LISTED: usize = 10;

/// The jobs that are meant.
struct MeantJobs {
    jobs: Vec<JobRecord>,
    has_more: bool,
    filter: Option<JobsFilter>,
}

fn ids(pairs: &[(String, String)]) -> Vec<JobId> {
    let ids = pairs.iter().filter(|(name, _)| name == "job");
    ids.filter_map(|(_, id)| id.parse().ok())
        .take(MOST_TICKED)
        .collect()
}

fn ticked(visit: &Visit<'_>, ids: Vec<JobId>) -> BoardResult<Vec<JobRecord>> {
    let mut jobs = Vec::new();
    for id in ids {
        jobs.extend(visit.sight.job(id)?);
    }
    Ok(jobs)
}

/// Returns the filter of a form that means all jobs that match; `None`: that would be every job.
fn filter_of(get: impl Fn(&str) -> Option<String>, deed: JobDeed) -> Option<JobsFilter> {
    let filter = JobsFilter::of(get);
    let needs_state = deed == JobDeed::Retry && filter.state.is_none();
    let is_fit = filter.is_narrow() && filter.text.is_none() && !needs_state;
    is_fit.then_some(filter)
}

fn meant(visit: &Visit<'_>, deed: JobDeed) -> BoardResult<Option<MeantJobs>> {
    if visit.query("which") != Some("all") {
        let jobs = ticked(visit, ids(visit.request.query))?;
        return Ok(Some(MeantJobs {
            jobs,
            has_more: false,
            filter: None,
        }));
    }
    let Some(filter) = filter_of(|name| visit.query(name).map(str::to_owned), deed) else {
        return Ok(None);
    };
    let found = visit.sight.jobs(&filter.board(MOST))?;
    Ok(Some(MeantJobs {
        jobs: found.jobs,
        has_more: found.next.is_some(),
        filter: Some(filter),
    }))
}

/// Returns the question about many jobs.
///
/// # Errors
///
/// Those of the board.
pub(super) fn confirm(visit: &Visit<'_>, deed: JobDeed) -> BoardResult<PageAnswer> {
    let Some(meant) = meant(visit, deed)? else {
        return errors::unfit(
            visit,
            "This would be asked of every job on the board: choose a state, a definition or a kind first.",
        );
    };
    if meant.jobs.is_empty() {
        return errors::unfit(
            visit,
            "No job is meant: tick some, or nothing matches any more.",
        );
    }
    let count = counted(meant.jobs.len() as u64, "job", "jobs");
    let of = common_definition(&meant.jobs).map(|of| format!(" of {}", plain_words(of, 60)));
    let has_begun = meant.jobs.iter().any(|job| job.has_begun);
    let mut consequences: Vec<Markup> = deed
        .consequences(has_begun)
        .into_iter()
        .map(|text| html! { "Each: " (text) })
        .collect();
    consequences.push(html! { "A job that is no longer in its state when you press is left as it is, and counted." });
    if meant.has_more {
        consequences.push(html! { "More than " (MOST) " match: these are the newest, the others stay as they are." });
    }
    let inputs = match deed {
        JobDeed::Priority => {
            html! { div class="field" { label { "Class, from 2 (first) to -2 (last) " (classes(0)) } } }
        }
        _ => html! {},
    };
    let back = meant
        .filter
        .as_ref()
        .map_or_else(|| "/jobs".to_owned(), list_address);
    Confirmation {
        place: NavPlace::Jobs,
        kicker: html! { a href=(back) { "Jobs" } },
        question: format!("{} {count}{}?", deed.title(), of.unwrap_or_default()),
        warning: same_arguments(deed, &meant.jobs),
        consequences,
        undo: deed.undo().to_owned(),
        fields: fields(deed, &meant),
        inputs,
        choices: choices(deed, &meant, &count),
        aside: aside(visit, &meant),
        back,
    }
    .page(visit)
}

fn list_address(filter: &JobsFilter) -> String {
    let fields = filter.fields();
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    address("/jobs", &fields)
}

fn common_definition(jobs: &[JobRecord]) -> Option<&str> {
    let first = jobs.first()?.definition.as_str();
    jobs.iter()
        .all(|job| job.definition == first)
        .then_some(first)
}

/// Warns of a usual mistake: many jobs that would do the same.
fn same_arguments(deed: JobDeed, jobs: &[JobRecord]) -> Option<Markup> {
    let first = jobs
        .first()
        .filter(|_| deed == JobDeed::Retry && jobs.len() > 1)?;
    let alike = |job: &JobRecord| job.args == first.args && job.definition == first.definition;
    let count = jobs.len();
    jobs.iter().all(alike).then(|| html! {
        p {
            b { "All " (count) " have the same arguments" } ", so that " (count) " retries would do the same " (count) " times. The newest alone may be what you want: "
            a href={ "/confirm?do=retry&job=" (first.id) } { "retry job " (first.id) " only" } "."
        }
    })
}

fn fields(deed: JobDeed, meant: &MeantJobs) -> Vec<(&'static str, String)> {
    let mut fields = vec![("do", deed.word().to_owned())];
    match &meant.filter {
        Some(filter) => {
            fields.extend(filter.fields());
            let first = meant.jobs.first().map_or(0, |job| job.id.0 + 1);
            fields.push(("before", first.to_string()));
        }
        None => {
            fields.extend(meant.jobs.iter().map(|job| ("job", job.id.to_string())));
            // With one state alone it can be held against what the jobs are then.
            let first = meant.jobs.first().map(|job| job.state);
            let is_one = meant.jobs.iter().all(|job| Some(job.state) == first);
            fields.extend(
                first
                    .filter(|_| is_one)
                    .map(|state| ("seen", state.word().to_owned())),
            );
        }
    }
    fields
}

fn choices(deed: JobDeed, meant: &MeantJobs, count: &str) -> Vec<ConfirmChoice> {
    let class = if deed.is_dangerous() {
        "primary danger"
    } else {
        "primary"
    };
    let which = if meant.filter.is_some() {
        "all"
    } else {
        "ticked"
    };
    let all = ConfirmChoice {
        word: match deed {
            JobDeed::Priority => format!("Set the class of {count}"),
            _ => format!("{} {count}", deed.title()),
        },
        field: Some(("which", which.to_owned())),
        class,
    };
    vec![all]
}

fn aside(visit: &Visit<'_>, meant: &MeantJobs) -> Markup {
    let zone = visit.clock.zone_word();
    let (first, all) = (meant.jobs.len().min(LISTED), meant.jobs.len());
    html! {
        section class="card" {
            table class="stack" {
                caption { h2 { "The " (counted(all as u64, "job", "jobs")) } }
                thead { tr { th scope="col" { "job" } th scope="col" { "definition" } th scope="col" { "ended, else posted (" (zone) ")" } } }
                tbody {
                    @for job in meant.jobs.iter().take(LISTED) {
                        tr {
                            th scope="row" { a href={ "/jobs/" (job.id) } { (job.id) } }
                            td { (definition_link(&job.definition)) }
                            td class="t" { (visit.clock.exact(job.ended.unwrap_or(job.posted))) }
                        }
                    }
                }
            }
            @if all > first { div class="pager" { span class="quiet" { (first) " of " (all) ", the newest first" } } }
        }
    }
}

/// Asks it of the jobs.
///
/// # Errors
///
/// Those of the board.
pub(super) fn act(visit: &Visit<'_>, deed: JobDeed) -> BoardResult<PageAnswer> {
    let get = |name: &str| visit.field(name).map(str::to_owned);
    let Some(request) = deed.request(get) else {
        return errors::missing(visit);
    };
    let is_all = visit.field("which") == Some("all");
    let filter = if is_all { filter_of(get, deed) } else { None };
    if is_all && filter.is_none() {
        return errors::unfit(visit, "This would be asked of every job on the board.");
    }
    let jobs = if is_all {
        Vec::new()
    } else {
        ticked(visit, ids(visit.request.form))?
    };
    let object = match &filter {
        Some(filter) => format!("jobs: {}", words(filter)),
        None => format!(
            "jobs {}",
            jobs.iter()
                .map(|job| job.id.to_string())
                .collect::<Vec<_>>()
                .join(", ")
        ),
    };
    let back = filter
        .as_ref()
        .map_or_else(|| "/jobs?state=all".to_owned(), list_address);
    let recorded = Deed {
        action: deed.word(),
        object: plain_words(&object, 600),
        project: common_project(&jobs, filter.as_ref()),
        needed: Role::Operate,
        back: format!("{back}&done=1"),
    };
    recorded.perform(visit, || {
        let mut all = BulkAnswer::default();
        match &filter {
            Some(filter) => {
                for bound in visit.sight.bound(&filter.board(MOST)) {
                    let answer = visit.request.board.request_all(&bound, &request)?;
                    all.done += answer.done;
                    all.asked += answer.asked;
                    all.passed += answer.passed;
                }
            }
            None => {
                let seen = visit.field("seen").and_then(JobState::of_word);
                for job in &jobs {
                    if seen.is_some_and(|seen| seen != job.state) {
                        all.passed += 1;
                        continue;
                    }
                    match visit.request.board.request(job.id, &request)? {
                        RequestAnswer::Done(_) => all.done += 1,
                        RequestAnswer::Asked => all.asked += 1,
                        _ => all.passed += 1,
                    }
                }
            }
        }
        Ok(outcome(&all))
    })
}

/// Returns the project of which all these jobs are.
fn common_project(jobs: &[JobRecord], filter: Option<&JobsFilter>) -> Option<String> {
    if let Some(filter) = filter {
        return filter.project.clone();
    }
    let first = jobs.first()?.project.clone();
    jobs.iter()
        .all(|job| job.project == first)
        .then_some(first)?
}

fn words(filter: &JobsFilter) -> String {
    let fields = filter.fields().into_iter();
    let words: Vec<String> = fields
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    words.join(", ")
}

fn outcome(all: &BulkAnswer) -> String {
    let mut words = format!("{} changed", counted(all.done, "job", "jobs"));
    if all.asked > 0 {
        words.push_str(&format!(
            ", {} asked",
            counted(all.asked, "worker", "workers")
        ));
    }
    if all.passed > 0 {
        words.push_str(&format!(", {} left as they were", all.passed));
    }
    words + "."
}
