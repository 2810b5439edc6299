//! Posting a job by a form that is made of the arguments of its definition, and again.

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde_json::{Map, Value};

use super::confirmation::Confirmation;
use super::deed::Deed;
use crate::board::{BatchPost, BoardError, BoardResult, JobId, JobRecord, KeyRule, Post};
use crate::job::{ArgumentKind, ArgumentSpec, JobSchema};
use crate::server::page::components::shell::{NavPlace, page_head};
use crate::server::page::errors;
use crate::server::page::page_content::{PageContent, answer};
use crate::server::page::page_request::PageAnswer;
use crate::server::page::visit::Visit;
use crate::server::page::wording::{
    definition_address, definition_link, name, plain_words, quoted,
};
use crate::server::viewer::Role;
use crate::text::counts::counted;
use crate::unix::random;
use crate::worker::job_post::{JobPosts, known_schemas};

/// What stands before the name of an argument in the form.
const PREFIX: &str = "arg.";

/// Returns the form for a job of a definition.
///
/// # Errors
///
/// Those of the board.
pub(in crate::server::page) fn form(visit: &Visit<'_>) -> BoardResult<PageAnswer> {
    let of = visit.query("definition").unwrap_or_default();
    let Some(schema) = visit.sight.schema(of)? else {
        return errors::missing(visit);
    };
    if !visit.may(Role::Post) {
        return errors::forbidden(visit, Role::Post, "post", of);
    }
    page(visit, of, &schema, &[], 200)
}

fn page(
    visit: &Visit<'_>,
    of: &str,
    schema: &JobSchema,
    wrong: &[String],
    status: u16,
) -> BoardResult<PageAnswer> {
    let given = |name: &str| visit.field(name).unwrap_or_default();
    let posting = match visit.field("posting") {
        Some(posting) => posting.to_owned(),
        None => posting_id(visit)?,
    };
    let title = format!("Post {}", plain_words(of, 60));
    let kicker = html! { a href="/definitions" { "Definitions" } " / " (definition_link(of)) };
    let markup = html! {
        (page_head(&kicker, &html! { (title) "?" }, &html! { (quoted(&schema.help)) }, &html! {}))
        form class="card pad stackv narrow" method="post" action="/act" {
            input type="hidden" name="csrf" value=(visit.request.viewer.csrf);
            input type="hidden" name="do" value="post";
            input type="hidden" name="definition" value=(of);
            input type="hidden" name="posting" value=(posting);
            @if !wrong.is_empty() {
                div class="notice s-bad" role="alert" { div { @for one in wrong { p { (quoted(one)) } } } }
            }
            @for spec in &schema.args.specs { (input(spec, given(&format!("{PREFIX}{}", spec.name)))) }
            @if schema.args.specs.is_empty() { p class="quiet" { "It takes no arguments." } }
            div class="field" {
                label for="key" { "Key " span class="quiet" { "(optional: only one unfinished job may have it)" } }
                input id="key" name="key" value=(given("key")) maxlength="200" autocomplete="off";
            }
            div class="field" {
                label for="class" { "Priority" }
                select id="class" name="class" { @for class in (-2_i8..=2).rev() { option value=(class) selected[class == schema.priority] { (class) } } }
            }
            div class="field" {
                label for="why" { "Reason " span class="quiet" { "(optional, kept in the audit)" } }
                input id="why" name="reason" maxlength="200" autocomplete="off";
            }
            p class="quiet small" {
                @if schema.every_worker { "A job is posted for each live worker that can do it. " }
                "Whichever worker is able begins it at once. To undo it: stop the job. Recorded as " (name(&visit.request.viewer.name)) "."
            }
            div class="row" {
                button class="primary" { "Post" }
                a class="button" href=(definition_address(of)) { "Back, change nothing" }
            }
        }
    };
    let mut content = PageContent::new(NavPlace::Definitions, title);
    content.status = status;
    answer(visit, &content.still(markup))
}

fn input(spec: &ArgumentSpec, given: &str) -> Markup {
    let id = format!("{PREFIX}{}", spec.name);
    let default = spec
        .default
        .as_ref()
        .filter(|it| !it.is_null() && !spec.secret)
        .map(shown);
    let value = if given.is_empty() {
        default.clone().unwrap_or_default()
    } else {
        given.to_owned()
    };
    let is_needed = spec.default.is_none();
    let choices: Vec<String> = match (spec.kind, spec.one_of.as_slice()) {
        (ArgumentKind::Boolean, []) => vec!["true".to_owned(), "false".to_owned()],
        (_, some) => some.iter().map(shown).collect(),
    };
    html! {
        div class="field" {
            label for=(id) {
                (name(&spec.name)) " "
                span class="quiet" { (spec.kind.word()) @if !spec.help.is_empty() { ": " (quoted(&spec.help)) } @if !is_needed { " (optional)" } }
            }
            @if !choices.is_empty() {
                select id=(id) name=(id) {
                    @if !is_needed || value.is_empty() { option value="" { "–" } }
                    @for one in &choices { option value=(one) selected[*one == value] { (plain_words(one, 80)) } }
                }
            } @else if spec.secret {
                input id=(id) name=(id) type="password" autocomplete="off" required[is_needed];
            } @else if spec.kind == ArgumentKind::Integer || spec.kind == ArgumentKind::Number {
                input id=(id) name=(id) inputmode="decimal" value=(value) required[is_needed] autocomplete="off";
            } @else {
                input id=(id) name=(id) value=(value) required[is_needed && spec.kind == ArgumentKind::Path] autocomplete="off";
            }
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn posting_id(visit: &Visit<'_>) -> BoardResult<String> {
    random::hex_id().map_err(|error| BoardError::Unavailable {
        place: visit.request.board.place(),
        why: error.to_string(),
    })
}

/// Reads the arguments of the form; what is left empty and has a default is not given.
fn arguments(visit: &Visit<'_>, schema: &JobSchema) -> Result<Map<String, Value>, Vec<String>> {
    let mut given = Map::new();
    let mut wrong = Vec::new();
    for spec in &schema.args.specs {
        let field = format!("{PREFIX}{}", spec.name);
        let sent = visit.request.form.iter().find(|(name, _)| *name == field);
        let text = sent.map(|(_, text)| text.as_str()).unwrap_or_default();
        let is_text = matches!(spec.kind, ArgumentKind::String | ArgumentKind::Option);
        if text.is_empty() && (spec.default.is_some() || !is_text) {
            continue;
        }
        match spec.parse(text) {
            Ok(value) => {
                given.insert(spec.name.clone(), value);
            }
            Err(why) => wrong.push(format!("{}: {why}", spec.name)),
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let checked = schema.args.check(&Value::Object(given));
    checked.map_err(|errors| errors.errors.iter().map(ToString::to_string).collect())
}

/// Posts the job of the form.
///
/// # Errors
///
/// Those of the board.
pub(super) fn act(visit: &Visit<'_>) -> BoardResult<PageAnswer> {
    let of = visit.field("definition").unwrap_or_default();
    let Some(schema) = visit.sight.schema(of)? else {
        return errors::missing(visit);
    };
    if !visit.may(Role::Post) {
        return deed(of, &schema, String::new()).perform(visit, || Ok(String::new()));
    }
    let args = match arguments(visit, &schema) {
        Ok(args) => args,
        Err(wrong) => return page(visit, of, &schema, &wrong, 422),
    };
    let posting = visit
        .field("posting")
        .filter(|it| it.len() == 32)
        .map(str::to_owned);
    let posting = posting.map_or_else(|| posting_id(visit), Ok)?;
    let class = visit.field("class").and_then(|class| class.parse().ok());
    let class = class.filter(|class: &i8| (-2..=2).contains(class));
    let key = visit.field("key").map(str::to_owned);
    let post = |base: Post| Post {
        posting: posting.clone(),
        key: key.clone(),
        priority: class.unwrap_or(base.priority),
        ..base
    };
    post_it(visit, of, &schema, args, &post)
}

fn deed<'a>(of: &str, schema: &JobSchema, back: String) -> Deed<'a> {
    Deed {
        action: "post",
        object: format!("definition {of}"),
        project: schema.project.clone(),
        needed: Role::Post,
        back,
    }
}

fn post_it(
    visit: &Visit<'_>,
    of: &str,
    schema: &JobSchema,
    args: Map<String, Value>,
    change: &dyn Fn(Post) -> Post,
) -> BoardResult<PageAnswer> {
    let board = visit.request.board;
    let schemas = known_schemas(BTreeMap::new().iter(), board)?;
    let schema_of = |name: &str| schemas.get(name);
    let posts = JobPosts {
        schema_of: &schema_of,
        posted_by: &visit.request.viewer.name,
    };
    let made = match posts.post(of, schema, args) {
        Ok(made) => made,
        Err(why) => return errors::unfit(visit, &why),
    };
    let expires = schema
        .expires
        .and_then(|span| i64::try_from(span.as_millis()).ok());
    let made = change(Post {
        expires: expires.map(|span| visit.clock.now.saturating_add(span)),
        if_there: KeyRule::Fail,
        ..made
    });
    let mut back = definition_address(of);
    let recorded = deed(of, schema, String::new());
    let answer = recorded.perform(visit, || {
        if schema.every_worker {
            let batch = BatchPost {
                posting: made.posting.clone(),
                name: of.to_owned(),
                then: made.then.clone(),
                posted_by: made.posted_by.clone(),
                every_worker: true,
                ..BatchPost::default()
            };
            let receipt = board.post_batch(&batch, std::slice::from_ref(&made), true)?;
            back = format!("/jobs?state=all&batch={}&done=1", receipt.id);
            return Ok(format!(
                "Posted batch {}: {}.",
                receipt.id,
                counted(receipt.jobs, "job", "jobs")
            ));
        }
        let receipt = board.post(&made)?;
        back = format!("/jobs/{}?done=1", receipt.id);
        Ok(match receipt.is_new {
            true => format!("Posted job {}.", receipt.id),
            false => format!("Job {} is there already.", receipt.id),
        })
    })?;
    Ok(match answer {
        PageAnswer::SeeOther(_) => PageAnswer::SeeOther(back),
        other => other,
    })
}

fn former(visit: &Visit<'_>, id: Option<&str>) -> BoardResult<Option<(JobRecord, JobSchema)>> {
    let Some(id) = id.and_then(|id| id.parse().ok()) else {
        return Ok(None);
    };
    let Some(job) = visit.sight.job(JobId(id))? else {
        return Ok(None);
    };
    let schema = visit.sight.schema(&job.definition)?;
    Ok(schema.map(|schema| (job, schema)))
}

/// Returns the question whether a job is posted again.
///
/// # Errors
///
/// Those of the board.
pub(super) fn confirm_again(visit: &Visit<'_>) -> BoardResult<PageAnswer> {
    let Some((job, _)) = former(visit, visit.query("job"))? else {
        return errors::unfit(
            visit,
            "No worker on the board knows its definition, so that it cannot be posted again.",
        );
    };
    let back = format!("/jobs/{}", job.id);
    Confirmation {
        place: NavPlace::Jobs,
        kicker: html! { a href="/jobs" { "Jobs" } " / " a href=(back) { (job.id) } },
        question: format!("Run {} {} again as a new job?", plain_words(&job.definition, 60), job.id),
        warning: None,
        consequences: vec![
            html! { "A new job is posted with the same arguments, secrets included; any able worker begins it at once." },
            html! { "Job " (job.id) " stays as it is." },
        ],
        undo: "stop the new job.".to_owned(),
        fields: vec![("do", "again".to_owned()), ("job", job.id.to_string()), ("posting", posting_id(visit)?)],
        inputs: html! {},
        choices: Confirmation::button("Run again", false),
        aside: html! {},
        back,
    }
    .page(visit)
}

/// Posts a job again.
///
/// # Errors
///
/// Those of the board.
pub(super) fn act_again(visit: &Visit<'_>) -> BoardResult<PageAnswer> {
    let Some((job, schema)) = former(visit, visit.field("job"))? else {
        return errors::missing(visit);
    };
    let args = match schema.args.check(&job.args) {
        Ok(args) => args,
        Err(errors) => {
            return errors::unfit(
                visit,
                &format!("Its arguments no longer fit its definition: {errors}"),
            );
        }
    };
    let posting = visit
        .field("posting")
        .filter(|it| it.len() == 32)
        .map(str::to_owned);
    let posting = posting.map_or_else(|| posting_id(visit), Ok)?;
    let key = job.key.clone().filter(|_| job.state.is_over());
    let post = |base: Post| Post {
        posting: posting.clone(),
        key: key.clone(),
        priority: job.priority,
        ..base
    };
    post_it(visit, &job.definition, &schema, args, &post)
}
