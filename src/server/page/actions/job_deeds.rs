//! What is asked of one job.

use maud::{Markup, html};

use super::confirmation::Confirmation;
use super::deed::Deed;
use crate::board::{BoardResult, JobId, JobRecord, JobRequest, JobState, RequestAnswer};
use crate::server::page::components::marks::job_state;
use crate::server::page::components::shell::NavPlace;
use crate::server::page::errors;
use crate::server::page::job::is;
use crate::server::page::job_actions::classes;
use crate::server::page::page_request::PageAnswer;
use crate::server::page::visit::Visit;
use crate::server::page::wording::{definition_link, name, plain_words, said};
use crate::server::viewer::Role;

/// What is asked of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JobDeed {
    Stop,
    StopNoRevert,
    Kill,
    Pause,
    Resume,
    Retry,
    Skip,
    Revert,
    Cancel,
    Priority,
}

impl JobDeed {
    const ALL: [(JobDeed, &'static str, &'static str); 10] = [
        (JobDeed::Stop, "stop", "Stop"),
        (
            JobDeed::StopNoRevert,
            "stop-no-revert",
            "Stop without reverts",
        ),
        (JobDeed::Kill, "kill", "Kill"),
        (JobDeed::Pause, "pause", "Pause"),
        (JobDeed::Resume, "resume", "Resume"),
        (JobDeed::Retry, "retry", "Retry"),
        (JobDeed::Skip, "skip", "Done by hand"),
        (JobDeed::Revert, "revert", "Revert"),
        (JobDeed::Cancel, "cancel", "Cancel"),
        (JobDeed::Priority, "priority", "Set the priority of"),
    ];

    /// Returns the deed of a word.
    pub(super) fn of(word: &str) -> Option<Self> {
        let found = JobDeed::ALL.iter().find(|(_, known, _)| *known == word);
        found.map(|(deed, ..)| *deed)
    }

    /// Returns the word by which forms name the deed.
    pub(super) fn word(self) -> &'static str {
        self.row().1
    }

    /// Returns the word on the button.
    pub(super) fn title(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> (JobDeed, &'static str, &'static str) {
        let found = JobDeed::ALL.into_iter().find(|(deed, ..)| *deed == self);
        found.unwrap_or(JobDeed::ALL[0])
    }

    /// Returns whether the deed ends what runs, or cannot be taken back.
    pub(super) fn is_dangerous(self) -> bool {
        matches!(
            self,
            JobDeed::Kill | JobDeed::Cancel | JobDeed::StopNoRevert
        )
    }

    /// Returns what the board is asked for; `None`: something is missing in the form.
    pub(super) fn request(self, get: impl Fn(&str) -> Option<String>) -> Option<JobRequest> {
        Some(match self {
            JobDeed::Stop => JobRequest::Stop,
            JobDeed::StopNoRevert => JobRequest::StopNoRevert,
            JobDeed::Kill => JobRequest::Kill,
            JobDeed::Pause => JobRequest::Pause,
            JobDeed::Resume => JobRequest::Resume,
            JobDeed::Retry => JobRequest::Retry { from: get("from") },
            JobDeed::Skip => JobRequest::Skip { step: get("step")? },
            JobDeed::Revert => JobRequest::Revert,
            JobDeed::Cancel => JobRequest::Cancel,
            JobDeed::Priority => {
                let class: i8 = get("class")?.parse().ok()?;
                JobRequest::Priority((-2..=2).contains(&class).then_some(class)?)
            }
        })
    }

    /// Returns what will happen to a job.
    pub(super) fn consequences(self, has_begun: bool) -> Vec<&'static str> {
        let reverts = match has_begun {
            true => "What was done is undone, the newest first; then it ends as cancelled.",
            false => "No step has begun, so nothing is to be undone: it ends as cancelled.",
        };
        match self {
            JobDeed::Stop => vec![
                "Steps in progress may finish; no other step begins.",
                reverts,
            ],
            JobDeed::StopNoRevert => vec![
                "Steps in progress may finish; no other step begins.",
                "Nothing is undone: what was done stays, and it ends as cancelled.",
            ],
            JobDeed::Kill => vec![
                "The processes of its steps get TERM at once, and KILL after their grace.",
                reverts,
                "Killed during a revert it becomes stuck: a person has to look then.",
            ],
            JobDeed::Pause => vec!["Steps in progress finish; nothing begins until it is resumed."],
            JobDeed::Resume => vec!["It may be claimed again, and goes on where it was."],
            JobDeed::Retry => vec![
                "It goes on with new attempts; results of the steps before are kept.",
                "Effects of a step that was cut off may happen again.",
            ],
            JobDeed::Skip => vec![
                "The step counts as seen to by a person: it is neither executed nor reverted.",
                "The job goes on behind it.",
            ],
            JobDeed::Revert => vec![
                "What was done is undone, the newest first, as the definition says.",
                "On success it ends as reverted, and nothing is left to go on from.",
            ],
            JobDeed::Cancel => {
                vec!["It ends as cancelled, as it is: nothing more is done or undone."]
            }
            JobDeed::Priority => {
                vec!["Jobs of a higher class are claimed first; a job that runs goes on."]
            }
        }
    }

    /// Returns how the deed can be undone.
    pub(super) fn undo(self) -> &'static str {
        match self {
            JobDeed::Stop | JobDeed::StopNoRevert | JobDeed::Kill | JobDeed::Cancel => {
                "run it again as a new job; what ended stays ended."
            }
            JobDeed::Pause => "resume it.",
            JobDeed::Resume => "pause it.",
            JobDeed::Retry => "stop it.",
            JobDeed::Skip => "not at all: the journal has it.",
            JobDeed::Revert => "run it again as a new job.",
            JobDeed::Priority => "set another class.",
        }
    }
}

/// Returns the question about one job.
///
/// # Errors
///
/// Those of the board.
pub(super) fn confirm(visit: &Visit<'_>, deed: JobDeed) -> BoardResult<PageAnswer> {
    let Some(job) = job_of(visit, visit.query("job"))? else {
        return errors::missing(visit);
    };
    let of = plain_words(&job.definition, 60);
    let step = visit.query("step").or_else(|| visit.query("from"));
    let question = match (deed, step) {
        (JobDeed::Skip, Some(step)) => format!(
            "Was {} of {of} {} seen to by hand?",
            plain_words(step, 60),
            job.id
        ),
        (JobDeed::Retry, Some(step)) => {
            format!("Retry {of} {} from {}?", job.id, plain_words(step, 60))
        }
        _ => format!("{} {of} {}?", deed.title(), job.id),
    };
    let mut fields = vec![
        ("do", deed.word().to_owned()),
        ("job", job.id.to_string()),
        ("seen", job.state.word().to_owned()),
    ];
    let kept = ["step", "from"].into_iter();
    fields.extend(kept.filter_map(|name| Some((name, visit.query(name)?.to_owned()))));
    let class = visit
        .query("class")
        .and_then(|class| class.parse().ok())
        .unwrap_or(job.priority);
    let inputs = match deed {
        JobDeed::Priority => {
            html! { div class="field" { label { "Class, from 2 (first) to -2 (last) " (classes(class)) } } }
        }
        _ => html! {},
    };
    let word = if deed == JobDeed::Priority {
        "Set the class"
    } else {
        deed.title()
    };
    Confirmation {
        place: NavPlace::Jobs,
        kicker: html! { a href="/jobs" { "Jobs" } " / " (definition_link(&job.definition)) " / " a href={ "/jobs/" (job.id) } { (job.id) } },
        question,
        warning: None,
        consequences: deed.consequences(job.has_begun).into_iter().map(|text| html! { (text) }).collect(),
        undo: deed.undo().to_owned(),
        fields,
        inputs,
        choices: Confirmation::button(word, deed.is_dangerous()),
        aside: aside(visit, &job),
        back: format!("/jobs/{}", job.id),
    }
    .page(visit)
}

/// Returns what a job is now, beside the question.
fn aside(visit: &Visit<'_>, job: &JobRecord) -> Markup {
    html! {
        section class="card pad" {
            h2 { (name(&job.definition)) " " (job.id) }
            p { (job_state(job.state)) }
            @for doing in &job.doing { p { "step " b { (name(&doing.step)) } ", for " (visit.clock.since(doing.since)) } }
            @if let Some(reason) = &job.reason { p { (said(reason)) } }
            p class="quiet small" { "Posted " (visit.clock.time(job.posted)) " by " (name(&job.posted_by)) }
        }
    }
}

fn job_of(visit: &Visit<'_>, id: Option<&str>) -> BoardResult<Option<JobRecord>> {
    match id.and_then(|id| id.parse().ok()) {
        Some(id) => visit.sight.job(JobId(id)),
        None => Ok(None),
    }
}

/// Asks it of the job.
///
/// # Errors
///
/// Those of the board.
pub(super) fn act(visit: &Visit<'_>, deed: JobDeed) -> BoardResult<PageAnswer> {
    let Some(job) = job_of(visit, visit.field("job"))? else {
        return errors::missing(visit);
    };
    let Some(request) = deed.request(|name| visit.field(name).map(str::to_owned)) else {
        return errors::missing(visit);
    };
    let recorded = Deed {
        action: deed.word(),
        object: format!("job {}", job.id),
        project: job.project.clone(),
        needed: Role::Operate,
        back: format!("/jobs/{}?done=1", job.id),
    };
    recorded.perform(visit, || {
        let seen = visit.field("seen").and_then(JobState::of_word);
        if seen.is_some_and(|seen| seen != job.state) {
            return Ok(format!("Left alone: meanwhile the job {}.", is(job.state)));
        }
        Ok(outcome(
            &job,
            visit.request.board.request(job.id, &request)?,
        ))
    })
}

/// Returns what a request came to, as a sentence.
pub(super) fn outcome(job: &JobRecord, answer: RequestAnswer) -> String {
    match answer {
        RequestAnswer::Done(state) => format!("Done: the job {} now.", is(state)),
        RequestAnswer::Asked => {
            let worker = plain_words(job.worker.as_deref().unwrap_or("its worker"), 60);
            format!("Asked: {worker} carries it out within a second.")
        }
        RequestAnswer::AsBefore(state) => {
            format!("Nothing to do: the job {} as before.", is(state))
        }
        RequestAnswer::Over(state) => format!("Left alone: the job is over, it {}.", is(state)),
        RequestAnswer::Impossible(state) => format!("Not possible while the job {}.", is(state)),
        RequestAnswer::KeyTaken(other) => {
            format!("Not possible: job {other}, which is not over, has its key.")
        }
        RequestAnswer::Missing => "The job is gone.".to_owned(),
    }
}
